"""The scan finds every text that repair could change."""

from __future__ import annotations

import itertools
import re
import unicodedata

import ftfy
import numpy as np
import polars as pl
import pytest
from ftfy.badness import BADNESS_RE
from hypothesis import given
from hypothesis import strategies as st

from cleaners.encoding.badness import badness
from cleaners.encoding.cleaner import NEWS_CONFIG, SEPARATORS
from cleaners.encoding.gate import (
    CHARACTER_FIXES,
    COMPOSING,
    NEEDS_FTFY,
    OTHER_SPACE,
    QUOTE,
    REPLACED,
    SPACE,
    STRAY,
    Form,
    character_table,
    composing,
    gate,
)
from cleaners.encoding.scan import scan

from .damaged_texts import (
    CHARACTERS,
    CONFIGS,
    DEFAULT,
    FORMS,
    SUSPICIOUS,
    TEXTS,
    columnar,
    ftfy_row_by_row,
)


@given(st.lists(TEXTS, max_size=30), CONFIGS)
def test_a_look_finds_what_is_there(texts: list[str], config: ftfy.TextFixerConfig) -> None:
    """Each kind of character, stray white space, and all that only ftfy can judge."""
    ask = gate(config)
    for text, found in zip(texts, scan(pl.Series(texts, dtype=pl.String), ask).tolist(), strict=True):
        assert bool(found & QUOTE) == any(c in ask.quotes for c in text)
        assert bool(found & REPLACED) == any(c in ask.table and c not in ask.quotes for c in text)
        assert bool(found & COMPOSING) == any(ask.form is not None and c in composing(ask.form) for c in text)
        assert bool(found & OTHER_SPACE) == bool(re.search(r"[^\S ]", text))
        assert bool(found & STRAY) == (squeezed(text) != text)
        judged = (
            (config.fix_encoding and any(map(BADNESS_RE.search, text.split("\n"))))
            or (config.unescape_html and re.search(r"&#?[0-9A-Za-z]{1,24};", text))
            or ((config.fix_encoding or config.fix_c1_controls) and re.search(r"[\x80-\x9f]", text))
            or (config.remove_terminal_escapes and "\x1b" in text)
            or (len(text) > config.max_decode_length and found & (QUOTE | REPLACED | COMPOSING))
        )
        assert found & NEEDS_FTFY or not judged


def squeezed(text: str) -> str:
    """A text without stray white space."""
    text = re.sub(SEPARATORS, " ", text)
    return re.sub(r"\s{2,}|[\t\f\n\r\x85\u2028\u2029]", " ", text).strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sound", 0),
        ("so und", 0),
        (" sound", STRAY),
        ("sound ", STRAY),
        ("so  und", STRAY),
        ("\tsound", STRAY | OTHER_SPACE),
        ("sound\n", STRAY | OTHER_SPACE),
        ("so\nund", STRAY | OTHER_SPACE),
        ("so\fund", SPACE | STRAY | OTHER_SPACE),
        ("so\xa0und", SPACE | OTHER_SPACE),
        ("so\xa0 und", SPACE | STRAY | OTHER_SPACE),
        ("so \u3000und", SPACE | STRAY | OTHER_SPACE),
        ("\xa0sound", SPACE | STRAY | OTHER_SPACE),
        ("sound\xa0", SPACE | STRAY | OTHER_SPACE),
        ("é\u2028é", SPACE | STRAY | OTHER_SPACE),
    ],
)
def test_stray_white_space_is_found(text: str, found: int) -> None:
    """Where it is, and where white space is not stray."""
    assert scan(pl.Series([text]), gate(NEWS_CONFIG._replace(fix_line_breaks=False))).tolist() == [found]


@pytest.mark.parametrize(
    "entity", ["&a;", "&#" + 21 * "0" + "233;", "&" + 24 * "Z" + ";", "&#x2019;", "&;&09;"]
)
@pytest.mark.parametrize("context", ["{}", "a{}b", "é {}", "& {} ;"])
def test_what_may_be_an_entity_goes_to_ftfy(entity: str, context: str) -> None:
    """Up to the longest that ftfy looks for."""
    text = context.format(entity)
    assert scan(pl.Series([text]), gate(DEFAULT))[0] & NEEDS_FTFY
    assert columnar([text], DEFAULT) == ftfy_row_by_row([text], DEFAULT)


@pytest.mark.parametrize(
    "text", ["Fish & chips; salt", "&amp", "&a b;", "&" + 26 * "a" + ";", "&é;", "AT&T", ";"]
)
def test_an_ampersand_is_no_entity(text: str) -> None:
    """Only what may be an entity goes to ftfy."""
    assert not scan(pl.Series([text]), gate(DEFAULT))[0] & NEEDS_FTFY


@pytest.mark.parametrize(
    ("text", "cut"),
    [("“bc", False), ("“bcd", True), ("“é", False), ("“ééé", True), ("abcd", False), ("éééé", False)],
)
def test_what_ftfy_would_cut_goes_to_ftfy(text: str, cut: bool) -> None:
    """A text of more characters than ftfy takes at once, not of more bytes, in which there is something to fix."""
    found = scan(pl.Series([text]), gate(DEFAULT._replace(max_decode_length=3)))
    assert bool(found[0] & NEEDS_FTFY) == cut


def test_usual_characters_are_of_no_kind() -> None:
    """What the quick half of a scan takes for usual needs no other: but for white space, it is of no kind."""
    for fixes in itertools.product([False, True], repeat=len(CHARACTER_FIXES)):
        for form in (*FORMS, None):
            overrides = dict(zip(CHARACTER_FIXES, fixes, strict=True))
            kinds = gate(DEFAULT._replace(normalization=form, **overrides)).kinds
            assert not kinds[0x21:0x7F].any()
            assert kinds[[ord(" "), ord("\t"), ord("\n")]].tolist() == [
                SPACE,
                SPACE | STRAY | OTHER_SPACE,
                SPACE | STRAY | OTHER_SPACE,
            ]


def test_a_straight_quote_makes_nothing_bad() -> None:
    """In any context of two characters, a curly quote is at least as bad as the straight one that it becomes."""
    bits = badness()
    _, firsts = np.unique(bits.classes, return_index=True)
    context = [chr(code) for code in firsts] + ["a", " ", "&", ";"]
    quotes = gate(DEFAULT).quotes
    assert set("‘’“”") < set(quotes)
    for before, (curly, straight), after in itertools.product(context, quotes.items(), context):
        if BADNESS_RE.search(f"{before}{straight}{after}"):
            assert BADNESS_RE.search(f"{before}{curly}{after}")


def test_the_character_table_is_whole() -> None:
    """It is what the fixes make of each character, and they touch nothing outside the part that is asked."""

    def fixed(text: str) -> str:
        for name in CHARACTER_FIXES:
            text = ftfy.FIXERS[name](text)
        return text

    table, changed = character_table(CHARACTER_FIXES)
    assert all(fixed(old) == new for old, new in table.items())
    assert {c for characters in changed.values() for c in characters} == set(table)
    others = "".join(c for c in CHARACTERS if c not in table)
    assert fixed(others) == others
    assert table["\r\n"] == "\n"


@pytest.mark.parametrize("form", FORMS)
def test_composing_characters_are_all_found(form: Form) -> None:
    """Every character of Unicode that fails the quick check, or has a combining class, is among them."""
    assert all(
        unicodedata.is_normalized(form, c) and not unicodedata.combining(c)
        for c in set(CHARACTERS) - composing(form)
    )


@given(
    st.text(st.sampled_from(SUSPICIOUS) | st.characters(exclude_categories=["Cs"])), st.sampled_from(FORMS)
)
def test_text_without_composing_characters_is_normal(text: str, form: Form) -> None:
    """Normalisation leaves a text alone that holds none of them."""
    text = "".join(c for c in text if c not in composing(form))
    assert unicodedata.normalize(form, text) == text
