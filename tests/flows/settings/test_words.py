"""The words of phrase files: how they are read, and the errors that mistakes in them raise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cleaners.attributes import label_lines
from cleaners.lexicon import Lexicon, Opening
from cleaners.phrases.phrase import Phrase
from flows.errors import ConfigurationError
from flows.settings import Settings, configuration_hash, lexicon_of, read_settings
from flows.settings.bundled import built_in_phrase_files
from flows.settings.phrase_files import read_lexicon, read_phrases

MINE = """\
language = "xx"

[words]
by = ["eftir"]
months = ["maí"]
inline_notices = [{ begins = ["Saga heldur"], continues = " áfram", after_sentence = true }]

[[phrase]]
name = "news"
texts = ["Fréttir"]
"""
NAMED = "groups must not have names"
UNCLOSED = "missing ), unterminated subpattern at position 0"


def test_words_reach_the_lexicon_by_role(tmp_path: Path) -> None:
    """Words come in the order of the files, once each; roles without words are empty; phrases stay phrases."""
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(MINE, encoding="utf-8")
    other.write_text('[words]\nby = ["af", "eftir"]\n', encoding="utf-8")
    opening = Opening(("Saga heldur",), " áfram", after_sentence=True)
    assert read_lexicon([one, other]) == Lexicon(
        by=("eftir", "af"), months=("maí",), inline_notices=(opening,)
    )
    assert read_phrases([one, other]) == (Phrase("xx", "news", ("Fréttir",)),)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("words = 3", "mine.toml, [words]: words must be a table, headed [words]"),
        ("[words]\nmonth = []", 'mine.toml, [words]: unknown key "month"; did you mean "months"?'),
        ('[words]\nby = "eftir"', "mine.toml, [words]: by must be a list"),
        (
            '[words]\nby = ["eftir", " "]',
            "mine.toml, [words]: by must be a list of strings that are not blank",
        ),
        ("[words]\nby = [1]", "mine.toml, [words]: by must be a list of strings that are not blank"),
        (
            "[words]\ntime_patterns = ['[']",
            'mine.toml, [words]: time_patterns: "[" is not a regular expression: unclosed character class',
        ),
        (
            "[words]\nplea_patterns = ['x*']",
            'mine.toml, [words]: plea_patterns: "x*" matches every line, because it matches the empty string',
        ),
        (
            "[words]\ndate_patterns = ['(?x) foo # comment']",
            'mine.toml, [words]: date_patterns: "(?x) foo # comment" is not a regular expression: unclosed group',
        ),
        (
            "[words]\ninline_pleas = [{ begins = ['Smelltu'], continues = '(?P<name>x)' }]",
            f'mine.toml, [words]: inline_pleas: continues: "(?P<name>x)" is not a regular expression: {NAMED}',
        ),
        (
            '[words]\ninline_pleas = ["Smelltu"]',
            'mine.toml, [words]: inline_pleas: each must be like { begins = ["Sign up"], continues = " for" }',
        ),
        (
            '[words]\ninline_pleas = [{ begins = [], continues = "" }]',
            "mine.toml, [words]: inline_pleas: begins must be one or more strings that are not blank",
        ),
        (
            '[words]\ninline_pleas = [{ begins = ["Smelltu"] }]',
            "mine.toml, [words]: inline_pleas: continues must be a regular expression",
        ),
        (
            '[words]\ninline_pleas = [{ begins = ["Smelltu"], continues = "(" }]',
            f'mine.toml, [words]: inline_pleas: continues: "(" is not a regular expression: {UNCLOSED}',
        ),
        (
            '[words]\ninline_notices = [{ begins = ["Saga"], continues = "", after_sentence = 2 }]',
            "mine.toml, [words]: inline_notices: after_sentence must be true or false, not 2",
        ),
        (
            '[words]\ninline_notices = [{ begin = ["Saga"], continues = "" }]',
            'mine.toml, [words]: inline_notices: unknown key "begin"; did you mean "begins"?',
        ),
    ],
)
def test_errors_name_file_and_role(tmp_path: Path, words: str, message: str) -> None:
    """A mistake in the words is refused with its file and role, whichever of the two readers meets it first."""
    path = tmp_path / "mine.toml"
    path.write_text(words, encoding="utf-8")
    for read in (read_lexicon, read_phrases):
        with pytest.raises(ConfigurationError) as caught:
            read([path])
        assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_settings_select_the_words(tmp_path: Path) -> None:
    """The languages of the configuration, the names of all languages and the user's own files make the lexicon."""
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    configuration = tmp_path / "news.toml"
    configuration.write_text('[phrases]\nlanguages = ["de"]\nfiles = ["mine.toml"]\n', encoding="utf-8")
    lexicon = lexicon_of(read_settings(configuration))
    assert {"Von", "eftir"} <= set(lexicon.by)
    assert "written by" not in lexicon.by
    assert "Reuters" in lexicon.agencies
    assert set(lexicon.by) < {*lexicon_of(Settings()).by, "eftir"}


def test_words_are_part_of_the_configuration(tmp_path: Path) -> None:
    """A run with other words has another configuration, because it decides otherwise."""
    plain = Settings()
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    assert configuration_hash(plain, (), Lexicon()) != configuration_hash(plain, (), read_lexicon([path]))


def test_a_language_is_its_file() -> None:
    """What a language has no words for does not happen: German by-lines and dates need the words of German."""
    lines = ["Von Nora Quill", "14. März 2031", "Foto: Nora Quill"]
    files = {path.stem: path for path in built_in_phrase_files()}
    german, french = read_lexicon([files["de"]]), read_lexicon([files["fr"]])
    texts = pl.Series(lines)
    assert label_lines(texts, german).to_list() == ["by-line", "dateline", None]
    assert label_lines(texts, french).to_list() == [None, None, None]
    assert label_lines(texts, Lexicon()).to_list() == [None, None, None]
