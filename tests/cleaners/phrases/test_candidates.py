"""The prefilter: it lets every line through that may match a phrase, and hardly any other."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.phrases.candidates import MAX_WINDOW, PREFIX_LETTERS, candidates, make_prefilter

TEXTS = st.text(st.sampled_from("abAB é—щЩ渡\u0301"), max_size=30)
HELD = st.lists(st.text(st.sampled_from("ab éщ渡"), min_size=2, max_size=12), max_size=4)


def look(texts: list[str], name: str, **given: list[str]) -> list[bool]:
    """What one column of `candidates` says of texts, where it looks only for these."""
    names = ("lines", "starts", "starts_regex", "held")
    prefilter = make_prefilter(**{other: given.get(other, []) for other in names})
    return candidates(pl.Series(texts, dtype=pl.String), prefilter)[name].to_list()


@given(st.lists(TEXTS, max_size=5), HELD)
def test_what_a_line_holds(texts: list[str], held: list[str]) -> None:
    """A line that holds a text, in any case, is a candidate."""
    for text, may in zip(texts, look(texts, "holds", held=held), strict=True):
        assert may or not any(one in text.lower() for one in held)


@pytest.mark.parametrize("length", range(4, MAX_WINDOW + 1))
@given(data=st.data())
def test_texts_of_one_length(length: int, data: st.DataObject) -> None:
    """Lines in ASCII are candidates only if they hold one of several texts of up to eight letters."""
    one = st.text(st.sampled_from("ab"), min_size=length, max_size=length)
    held = data.draw(st.lists(one, min_size=1, max_size=3))
    texts = data.draw(st.lists(st.text(st.sampled_from("abAB "), max_size=30)))
    may = look([*texts, "12345678"], "holds", held=held)
    assert may == [*(any(one in text.lower() for one in held) for text in texts), False]


def test_texts_of_several_lengths() -> None:
    """A longer text is compared by eight of its bytes, even next to a shorter one."""
    texts = ["unpublished", "reestablished, polished", "Reserved", "deserved", "ad blocks", "He was polished"]
    assert look([*texts, "-------"], "holds", held=["published", "reserved", "block"]) == [
        *(True, False, True, False, True, False, False)
    ]


def test_texts_that_are_not_plain() -> None:
    """Lines of plain characters are not searched for a text that they cannot contain."""
    assert look(["reserve", "cafe\u0301"], "holds", held=["e\u0301", "reserved"]) == [False, True]


def test_end_of_all_lines() -> None:
    """A text is found at the very end of the last line."""
    assert look(["All rights reserved", "rights"], "holds", held=["rights"]) == [True, True]
    assert look(["rights"], "holds", held=["rights"]) == [True]


@pytest.mark.parametrize("held", [["a"], ["abc", "reserved"], [""], ["é"]])
def test_texts_that_are_too_short(held: list[str]) -> None:
    """Where a text is too short to be looked for, every line is a candidate."""
    assert look(["xyz", ""], "holds", held=held) == [True, True]


def test_nothing_to_look_for() -> None:
    """With nothing to look for no line is a candidate, except that a line that is not plain may hold anything."""
    prefilter = make_prefilter([], [], [], [])
    may = candidates(pl.Series(["abc", "", "cafe\u0301"]), prefilter)
    assert may.rows() == [(False,) * 4, (False,) * 4, (False, False, False, True)]
    assert candidates(pl.Series([], dtype=pl.String), prefilter).rows() == []


@pytest.mark.parametrize(
    ("text", "is_line", "starts"),
    [
        ("Read more", True, True),
        ("- “Read, MORE!” 7", True, True),
        ("readmore", True, True),
        ("Read more of it", False, True),
        ("Read", False, False),
        ("Ready more", False, False),
        ("Read mor\u0301e", True, True),
        ("Read more\u0301", True, True),
        ("Rea\u0301", True, True),
        ("Reb\u0301", True, True),
        ("Rebe\u0301", False, False),
        ("Ｒｅａｄ ｍｏｒｅ", True, True),
        ("> Read more", False, False),
        ("| Read more", False, False),
        ("", False, False),
    ],
)
def test_first_letters(text: str, is_line: bool, starts: bool) -> None:
    """Lines are compared by their letters alone; where a mark may change a letter, it is left open."""
    assert look([text], "is_line", lines=["read more"]) == [is_line]
    assert look([text], "starts", starts=["read more"]) == [starts]
    assert look([text], "starts_regex", starts_regex=["read more"]) == [starts]
    assert look([text], "starts", lines=["read more"]) == [
        text.startswith("Re") and "\u0301" in text and is_line
    ]


def test_no_more_letters_are_compared() -> None:
    """What comes after the letters that are compared is not looked at."""
    long = "abcdefghijklmnop"
    same, other = long[:PREFIX_LETTERS] + "xyz", long[: PREFIX_LETTERS - 1] + "xyz"
    lines = [long, same, other, long[:PREFIX_LETTERS]]
    assert look(lines, "is_line", lines=[long]) == [True, True, False, True]
    assert look([long, same + "\u0301", other], "starts", starts=[long]) == [True, True, False]


@given(st.lists(TEXTS, max_size=5), st.lists(st.text(st.sampled_from("ab éщ渡9"), max_size=14), max_size=4))
def test_beginnings(texts: list[str], starts: list[str]) -> None:
    """A line that begins with a wording, in any case, is a candidate; and if it is the wording, for that too."""
    starting, being = look(texts, "starts", starts=starts), look(texts, "is_line", lines=starts)
    for text, may_start, may_be in zip(texts, starting, being, strict=True):
        assert may_start or not text.lower().startswith(tuple(starts))
        assert may_be or text.lower() not in starts


def test_many_wordings() -> None:
    """Each of many wordings is found, and nothing between them."""
    wordings = sorted({f"{a}{b}{c}" for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"})
    others = [wording + "z" for wording in wordings]
    assert look(wordings + others, "is_line", lines=wordings) == [True] * 512 + [False] * 512
    assert all(one < other for one, other in pairwise(wordings))
