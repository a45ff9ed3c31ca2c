"""Phrase files: their contents, and the errors that mistakes in them raise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cleaners.phrases.phrase import MAX_WORDING_CHARACTERS, Phrase
from cleaners.phrases.search import find
from flows.errors import ConfigurationError
from flows.settings.bundled import built_in_phrase_files
from flows.settings.phrase_files import read_phrases

Write = Callable[[str], Path]
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pt", "ru", "zh")
EVERY_KEY = """\
language = "xx"

[[phrase]]
name = "newsletter"
texts = ["Get the Gazette"]

[[phrase]]
name = "our-column"
texts = "Night train"
match = "start"
max_words = 7
action = "keep"
where = "end"
source = "gazette.example"
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a phrase file: its content in, its path out."""

    def write(content: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def error_of(path: Path) -> str:
    """The error message for a wrong file, without the folder."""
    with pytest.raises(ConfigurationError) as caught:
        read_phrases([path])
    return str(caught.value).replace(f"{path.parent}/", "")


def test_every_key(write: Write) -> None:
    """Every key of an entry reaches its phrase; omitted keys have their defaults."""
    assert read_phrases([write(EVERY_KEY)]) == (
        Phrase("xx", "newsletter", ("Get the Gazette",)),
        Phrase("xx", "our-column", ("Night train",), "keep", "start", 7, "end", "gazette.example"),
    )


def test_files_in_the_order_given(write: Write, tmp_path: Path) -> None:
    """The phrases of several files come in the order of the files."""
    first = write(EVERY_KEY)
    second = tmp_path / "second.toml"
    second.write_text('[[phrase]]\nname = "b"\ntexts = ["c"]\n', encoding="utf-8")
    assert [p.rule for p in read_phrases([second, first])] == [
        "phrase second:b",
        "phrase xx:newsletter",
        "phrase xx:our-column",
    ]


def test_no_phrases(write: Write) -> None:
    """An empty file has no phrases, nor has an empty list of files."""
    assert read_phrases([]) == ()
    assert read_phrases([write("")]) == ()


def entry(more: str) -> str:
    """A file with one entry, on line 1, that has these keys besides its name and texts."""
    return f'[[phrase]]\nname = "a"\ntexts = ["b"]\n{more}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a = [", "mine.toml: "),
        ('langage = "xx"', 'mine.toml: unknown key "langage"; did you mean "language"?'),
        ("language = 7", 'mine.toml: language must be a string such as "en"'),
        ('phrase = "a"', "mine.toml: phrase must be a list of tables, each headed [[phrase]]"),
        ('[[phrase]]\ntexts = ["b"]', 'mine.toml, line 1, [[phrase]]: key "name" is missing'),
        ('\n\n[[phrase]]\nname = "a"', 'mine.toml, line 3, [[phrase]]: key "texts" is missing'),
        (
            entry("max_word = 3"),
            'mine.toml, line 1, [[phrase]]: unknown key "max_word"; did you mean "max_words"?',
        ),
        (entry("qqq = 3"), 'mine.toml, line 1, [[phrase]]: unknown key "qqq"'),
        (
            entry('action = "blok"'),
            (
                'mine.toml, line 1, [[phrase]] "a": action must be one of line, teaser, block, tail, menu, keep, '
                "not 'blok'; did you mean \"block\"?"
            ),
        ),
        (
            entry('match = "begin"'),
            'mine.toml, line 1, [[phrase]] "a": match must be one of line, start, anywhere, before_names, ',
        ),
        (entry("where = []"), 'mine.toml, line 1, [[phrase]] "a": where must be one of any, end, not []'),
        (
            entry('match = "start"\nmax_words = 0'),
            'mine.toml, line 1, [[phrase]] "a": max_words must be a whole number of at least 1, not 0',
        ),
        (
            entry("max_words = 9"),
            'mine.toml, line 1, [[phrase]] "a": max_words has no effect if match is "line"',
        ),
        (
            entry('action = "tail"\nwhere = "end"'),
            'mine.toml, line 1, [[phrase]] "a": where has no effect if action is "tail"',
        ),
        (
            entry("source = 1"),
            'mine.toml, line 1, [[phrase]] "a": source must be a string such as "example.org"',
        ),
        (
            '[[phrase]]\nname = "A b"\ntexts = ["b"]',
            "mine.toml, line 1, [[phrase]]: name must consist of lower-case letters, digits and hyphens",
        ),
        (
            '[[phrase]]\nname = "a"\ntexts = []',
            'mine.toml, line 1, [[phrase]] "a": texts must be one or more strings',
        ),
        (
            '[[phrase]]\nname = "a"\ntexts = ["!"]',
            'mine.toml, line 1, [[phrase]] "a": texts: "!" has no letters or digits',
        ),
        (
            f'[[phrase]]\nname = "a"\ntexts = ["{"b" * (MAX_WORDING_CHARACTERS + 1)}"]',
            f'mine.toml, line 1, [[phrase]] "a": texts: "{"b" * 30}..." is longer than {MAX_WORDING_CHARACTERS}',
        ),
        (
            '[[phrase]]\nname = "a"\nmatch = "regex"\ntexts = ["(b"]',
            'mine.toml, line 1, [[phrase]] "a": texts: "(b" is not a regular expression: unclosed group',
        ),
        (
            '[[phrase]]\nname = "a"\nmatch = "regex"\ntexts = ["(?=b)"]',
            'mine.toml, line 1, [[phrase]] "a": texts: "(?=b)" is not a regular expression: look-around',
        ),
        (
            '[[phrase]]\nname = "a"\nmatch = "regex"\ntexts = ["b*"]',
            'mine.toml, line 1, [[phrase]] "a": texts: "b*" matches every line, because it matches the empty string',
        ),
        (
            '[[phrase]]\nname = "a"\nmatch = "regex"\ntexts = [""]',
            'mine.toml, line 1, [[phrase]] "a": texts: an empty regular expression matches every line',
        ),
    ],
)
def test_errors_name_file_line_and_key(write: Write, content: str, message: str) -> None:
    """An error names the file, the line of the entry and the key, and suggests what was probably meant."""
    assert error_of(write(content)).startswith(message)


def test_wrong_toml_names_the_line(write: Write) -> None:
    """A TOML syntax error gives line and column."""
    assert "line 2" in error_of(write('language = "xx"\nphrase = = 1\n'))


def test_a_heading_within_a_text_does_not_shift_lines(write: Write) -> None:
    """If headings look like text inside a string, errors give the number of the entry."""
    content = '[[phrase]]\nname = "a"\ntexts = ["""b\n[[phrase]]\n"""]\n[[phrase]]\nname = "c"\n'
    assert error_of(write(content)) == 'mine.toml, [[phrase]] number 2: key "texts" is missing'


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing or is not UTF-8 is named."""
    assert error_of(tmp_path / "none.toml") == "none.toml: cannot be read: No such file or directory"
    (tmp_path / "latin.toml").write_bytes(b'language = "\xe9"')
    assert error_of(tmp_path / "latin.toml") == "latin.toml: is not UTF-8 (byte 12)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_built_in_phrases_are_rich(language: str) -> None:
    """Each promised language has many texts, covering teasers as well as boilerplate."""
    phrases = read_phrases(built_in_phrase_files([language]))
    assert sum(len(phrase.texts) for phrase in phrases) >= (150 if language == "en" else 100)
    assert {phrase.action for phrase in phrases} >= {"line", "block", "teaser"}
    assert {phrase.language for phrase in phrases} == {language}


@pytest.mark.parametrize("path", built_in_phrase_files(), ids=lambda path: path.stem)
def test_built_in_phrases_find_themselves(path: Path) -> None:
    """Every text of a built-in phrase is found if it is alone on a line, or beside the names that it wants."""
    beside = {"before_names": "{} Nora Quill", "after_names": "Nora Quill {}"}
    phrases = [phrase for phrase in read_phrases([path]) if phrase.match != "regex"]
    pairs = [
        (beside.get(phrase.match, "{}").format(text), number)
        for number, phrase in enumerate(phrases)
        for text in phrase.texts
    ]
    lines = pl.DataFrame(
        {"row": range(len(pairs)), "text": [text.replace("#", "7") for text, _ in pairs], "source": None},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    found = set(find(lines, phrases).select("row", "phrase").rows())
    assert [text for row, (text, number) in enumerate(pairs) if (row, number) not in found] == []
