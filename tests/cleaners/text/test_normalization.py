"""Normalisation in linear time, compared with Python's."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text.normalization import EXPANDING, LONG_RUN, fold, normalize, sort_marks

MARKS = "\u0301\u0323\u0308\u0344\u0f73\u0f75\u0315\u0327\u3099\u093c\u05bc\u1d165\u0345"
RUNS = st.text(MARKS, min_size=LONG_RUN - 2, max_size=LONG_RUN + 40)
TEXTS = st.lists(st.text("aÅe\u0f71가か\u212b。 ", max_size=3) | RUNS, max_size=5).map("".join)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@given(TEXTS)
def test_as_python_normalises(form: Any, text: str) -> None:
    """Every form of every text is what `unicodedata` makes of it."""
    assert normalize(form, text) == unicodedata.normalize(form, text)


@given(st.text(max_size=80))
def test_ordinary_texts_are_left_alone(text: str) -> None:
    """Only long runs of marks are sorted."""
    assert sort_marks(text) == text


def test_every_mark_may_be_in_a_run() -> None:
    """All characters with a combining class are found, and those that decompose into them alone."""
    for code in range(0x110000):
        character = chr(code)
        if 0xD800 <= code < 0xE000 or not all(
            map(unicodedata.combining, unicodedata.normalize("NFD", character))
        ):
            continue
        text = "a" + (character + "\u0323\u0301") * LONG_RUN
        assert unicodedata.is_normalized("NFD", sort_marks(text)), hex(code)


@given(
    st.text("\ufdfa\ufdfb㌀㌖㈝⑽ⅷ\u2057" + MARKS + "aÅſßΣ\u212bᄀ\u1161\u11a8が \ue000\ue001", max_size=40)
)
def test_folding_is_normalising_and_casefolding(text: str) -> None:
    """Characters that stand for many are folded as Python does it, whatever stands beside them."""
    assert fold(text) == unicodedata.normalize("NFKC", text).casefold()


def test_folding_without_an_unused_character() -> None:
    """A text that has every character for private use is folded, too."""
    text = "\ufdfa\u0301" + "".join(map(chr, [*range(0xE000, 0xF900), *range(0xF0000, 0xFFFFE)]))
    assert fold(text) == unicodedata.normalize("NFKC", text).casefold()


def test_every_character_that_stands_for_many_is_known() -> None:
    """Those that are four or more in NFKC; what begins or ends each of them joins no character before it."""
    for code in range(0x110000):
        normal = unicodedata.normalize("NFKC", chr(code))
        if len(normal) > 3:
            assert EXPANDING.match(chr(code)), hex(code)
        if EXPANDING.match(chr(code)):
            assert not any(map(unicodedata.combining, normal))
            assert all(unicodedata.is_normalized("NFKC", before + normal) for before in "aがᄀ가\u0627")
