"""The words in which two texts differ: both texts are in the answer, whole, and only what differs is marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.report import differences as module
from flows.report.differences import abridged, differences, shown

WORDS = st.lists(
    st.sampled_from(["the", "ferry", "café", "cafÃ©", "sails", "渡", "船", ".", ","]), max_size=12
)


def text_of(words: list[str]) -> str:
    """The words with single spaces between them."""
    return " ".join(words)


@given(WORDS.map(text_of), WORDS.map(text_of))
def test_both_texts_are_there(old: str, new: str) -> None:
    """Without what is only in the one text, the stretches are the other one."""
    stretches = list(differences(old, new))
    assert "".join(one.text for one in stretches if one.kind != "new").split() == old.split()
    assert "".join(one.text for one in stretches if one.kind != "old") == new
    assert all(one.text for one in stretches)


@given(WORDS.map(text_of))
def test_equal_texts_have_no_difference(text: str) -> None:
    """Nothing is marked, also where only white space is another."""
    assert {one.kind for one in differences(text, text)} <= {"same"}
    assert {one.kind for one in differences(text.replace(" ", "\n\t"), text)} <= {"same"}


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("It sails at noon.", "It sails at dusk.", "It sails at [-noon.-]{+dusk.+}"),
        ("渡船今天出发", "渡船明天出发", "渡船[-今-]{+明+}天出发"),
        ("itâ€™s the cafÃ© here", "it’s the café here", "[-itâ€™s-]{+it’s+} the [-cafÃ©-]{+café+} here"),
        ("one two three", "eins zwei three", "[-one two-]{+eins zwei+} three"),
        ("", "new", "{+new+}"),
        ("gone", "", "[-gone-]"),
        ("", "", ""),
    ],
)
def test_what_is_marked(old: str, new: str, marked: str) -> None:
    """Whole words, neighbouring ones together; characters in scripts without spaces."""
    assert shown(differences(old, new)) == marked


def test_texts_of_any_length_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound, what lies between equal ends differs as a whole, instead of taking the square of its length."""
    monkeypatch.setattr(module, "MOST", 10)
    old, new = "a b c d e f g z", "a x c y e w g z"
    assert shown(differences(old, new)) == "a [-b c d e f-]{+x c y e w+} g z"


def test_an_abridged_difference_keeps_some_words_around() -> None:
    """Of what is the same, words beside each difference are left; a short stretch stays whole."""
    old = "a1 a2 a3 a4 a5 a6 one b1 b2 b3 b4 b5 b6 b7 b8 b9 two c1 c2 c3 c4"
    new = old.replace("one", "eins").replace("two", "zwei")
    assert shown(abridged(differences(old, new), 2)) == (
        "... a5 a6 [-one-]{+eins+} b1 b2... b8 b9 [-two-]{+zwei+} c1 c2..."
    )
    assert shown(abridged(differences("a b", "a c"), 2)) == "a [-b-]{+c+}"
