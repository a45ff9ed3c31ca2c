"""Repair as the cleaner does it: ftfy and white space, each fix recorded."""

from __future__ import annotations

import re
from typing import Any

import ftfy
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.encoding.beyond_ftfy import STEPS
from cleaners.encoding.cleaner import NEWS_CONFIG, Options, encoding, repair
from cleaners.paragraphs import to_paragraphs
from flows.settings.model import Encoding
from support import load_cases

from .damaged_texts import FORMS, TEXTS, repaired

CASES = load_cases("encoding")
#: The steps beyond ftfy, switched off.
ONLY_FTFY: Options = {
    "fix_charset_mixups": False,
    "decode_utf8_words": False,
    "unescape_json": False,
    "restore_lossy_quotes": False,
}
# a repair's options: everything but what ftfy's cutting and explaining is told
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "unescape_html": st.sampled_from(["auto", True, False]),
        **{name: st.booleans() for name in ftfy.TextFixerConfig._fields[1:13]},
        "normalization": st.sampled_from([*FORMS, "none"]),
    },
)


@pytest.mark.parametrize("case", CASES, ids=[case["shows"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Before and after, with the names of the fixes, under the settings for news."""
    text, fixes = repair(pl.Series([case["before"]]), **case.get("options", {}))
    assert text.to_list() == [case["after"]]
    assert fixes.to_list() == [case["fixes"]]


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_names_what_it_did(texts: list[str | None], options: Options) -> None:
    """A text has fixes if, and only if, it changed; each is named once."""
    text, fixes = repair(pl.Series(texts, dtype=pl.String), **options)
    for old, new, names in zip(texts, text.to_list(), fixes.to_list(), strict=True):
        assert (names is None) == (old == new)
        assert names is None or (names and len(set(names)) == len(names))
        assert all(re.fullmatch("[a-z0-9_]+", name) for name in names or ())


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
@example(["Â\xa0\x81"], {})  # a step of ftfy's that comes to nothing is named all the same
@example(["\r\nﬁ"], {})  # one line after the other
@example(["so \xed\xa0\xbd\xed\xb8\x8d"], {})  # a variant of UTF-8
@example([" Ã la"], {})  # bad only when the space before it is gone
def test_repair_equals_ftfy_and_white_space_by_turns(texts: list[str | None], options: Options) -> None:
    """Without the steps beyond ftfy, the texts and the names of the fixes are those of ftfy row by row."""
    config = NEWS_CONFIG._replace(
        **{name: None if value == "none" else value for name, value in options.items()}
    )
    text, fixes = repair(pl.Series(texts, dtype=pl.String), **options, **ONLY_FTFY)
    expected = [(None, None) if text is None else repaired(text, config) for text in texts]
    assert [*zip(text.to_list(), fixes.to_list(), strict=True)] == expected


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_leaves_no_stray_white_space(texts: list[str | None], options: Options) -> None:
    """No white space around a text, no two in a row, no tab and no line break within; null stays null."""
    text, _ = repair(pl.Series(texts, dtype=pl.String), **options)
    for old, new in zip(texts, text.to_list(), strict=True):
        assert (old is None) == (new is None)
        assert new is None or not re.search(r"^\s|\s$|\s\s|[\t\v\f\n\r\x85\u2028\u2029]", new)


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_twice_is_repair_once(texts: list[str | None], options: Options) -> None:
    """What repair leaves, it would leave again."""
    once, _ = repair(pl.Series(texts, dtype=pl.String), **options)
    twice, fixes = repair(once, **options)
    assert twice.to_list() == once.to_list()
    assert fixes.null_count() == len(texts)


def paragraphs(*texts: str) -> pl.DataFrame:
    """A frame of one document."""
    frame = to_paragraphs(
        pl.DataFrame(
            {"document_id": ["a"], "text": ["x"], "source": [None], "title": [None], "language": [None]}
        )
    )
    return pl.concat([frame.with_columns(pl.lit(text).alias("text")) for text in texts])


def test_encoding_fills_before_and_fixes() -> None:
    """A repaired row says what it was and what was done; white space alone is no repair; an empty row stays."""
    frame = encoding(paragraphs("The cafÃ© is open", "two  spaces", "\ufeff", "sound"))
    assert frame.select("text", "before", "fixes").rows() == [
        ("The café is open", "The cafÃ© is open", ["redecode_latin_1_as_utf_8"]),
        ("two spaces", None, None),
        ("", "\ufeff", ["remove_control_chars"]),
        ("sound", None, None),
    ]


def test_encoding_leaves_removed_rows() -> None:
    """A row that an earlier cleaner removed is not repaired."""
    frame = paragraphs("cafÃ©", "cafÃ©").with_columns(reason=pl.Series(["boilerplate", None]))
    assert encoding(frame).get_column("text").to_list() == ["cafÃ©", "café"]


def test_options_are_the_settings() -> None:
    """The options are the keys of the table in the settings, and so are their defaults."""
    table = Encoding().model_dump(exclude={"enabled", "source_history"})
    assert set(table) == set(Options.__annotations__)
    assert {name: getattr(NEWS_CONFIG, name) for name in set(table) - set(STEPS)} == {
        name: value for name, value in table.items() if name not in STEPS
    }
    assert set(ONLY_FTFY) == set(STEPS)
    assert all(table[name] for name in STEPS)


def test_an_unknown_option_is_refused() -> None:
    """A misspelt option is an error, not a default."""
    with pytest.raises(ValueError, match="uncurl"):
        repair(pl.Series(["sound"]), uncurl=True)  # type: ignore[call-arg]
