"""How regular expressions begin: what `beginnings` finds holds for every match."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.phrases.candidates import candidates, make_prefilter
from cleaners.phrases.regexes import beginnings

ATOMS = st.sampled_from(
    [
        *("a", "b", " ", "é", "Щ", "σ", "Σ", "ſ", "ı", "K", "©", "“", "7", "ß", "-", "#"),
        *(r"\W", r"\w", r"\s", r"\S", r"\d", r"\D", ".", r"\.", r"\(", r"\b", "^", "$", r"\B"),
        *(
            r"[ab]",
            r"[^a]",
            r"[\s(\[*•-]",
            r"[\p{L}.\-’]",
            r"\p{L}",
            r"\pL",
            r"[\Wé]",
            "[a-c]",
            "[[:alpha:]]",
        ),
        *("[a&&b]", "[b--b]", r"\x61", r"\u0062", "(?i)", "(?-i)", "[\u0345]"),
    ]
)
REPEATS = st.sampled_from(["", "", "", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "??", "*?", "{0}", "{2}?"])
REGEXES = st.recursive(
    st.builds("{}{}".format, ATOMS, REPEATS),
    lambda parts: st.one_of(
        st.builds("{}{}".format, parts, parts),
        st.builds("{}|{}".format, parts, parts),
        st.builds("{}{}){}".format, st.sampled_from(["(", "(?:", "(?-i:", "(?i:", "(?s:"]), parts, REPEATS),
    ),
    max_leaves=8,
)
LINES = st.lists(st.text(st.sampled_from("aAbB éÉщЩσςſsıiKk©“”7ßẞ-#.(\u0345ι渡c")), min_size=1, max_size=20)


@given(st.sampled_from(["", "^", r"^\W*"]), REGEXES, LINES)
def test_no_match_begins_otherwise(anchor: str, regex: str, lines: list[str]) -> None:
    """A line that matches is a candidate by the beginnings of the regular expression."""
    text = pl.Series(lines)
    try:
        matched = text.str.contains(f"(?i){anchor}{regex}")
    except pl.exceptions.ComputeError:
        return  # it is none
    by_letters = beginnings(anchor + regex, letters=True)
    by_bytes = beginnings(anchor + regex, letters=False)
    may = candidates(text, make_prefilter([], [], sorted(by_letters), sorted(by_bytes)))
    assert text.filter(matched & ~may["starts_regex"]).to_list() == []
    assert text.filter(matched & ~may["holds"]).to_list() == []


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"^read more", {"read more"}),
        (r"^\W*(?:read|see) more:?$", {"read more", "read more:", "see more", "see more:"}),
        (r"^[\s(*-]*(?-i:READ|Watch)s?\b", {"READ", "READs", "Watch", "Watchs"}),
        (r"^re?ad", {"rad", "read"}),
        (r"^re*ad", {"rad", "re"}),
        (r"^re+ad", {"re"}),
        (r"^re{2}ad", {"re"}),
        (r"^re{0,2}ad", {"rad", "re"}),
        (r"^read .{1,9} more", {"read "}),
        (r"^read [^.] more", {"read "}),
        (r"^read \p{L}", {"read "}),
        (r"^(?:©|\(c\)) all", {"(c) all"}),
        (r"^subscribe to our newsletter", {"subscribe to"}),
        (r"^(?:a|b(?:c|d))", {"a", "bc", "bd"}),
        (r"^\d+ more", {" more"}),
        (r"^abcdefghijklmno©", {"abcdefghijkl"}),
        (r"^Σas", {""}),
        ("^[\u0345]as", {""}),
        (r"^a|b", {""}),
        (r"read", {""}),
        (r"^*read", {""}),
        (r"^(?i)read", {""}),
        (r"^read(?x) #", {""}),
        (r"^a**", {""}),
        (r"^\<read", {""}),
        (r"^[a[b]]", {""}),
        (r"^[b--c]", {""}),
    ],
)
def test_first_letters(regex: str, expected: set[str]) -> None:
    """The letters that matches at the start of a line begin with, as far as they can be told."""
    assert beginnings(regex, letters=True) == expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (
            r"\b(?:sign up|Register) (?:here )?for",
            {"sign up here", "sign up for", "register her", "register for"},
        ),
        (r"read|see", {"read", "see"}),
        (r"\W+read", {""}),
        (r"[-*] read", {""}),
        (r"9 more", {"9 more"}),
        (r"ſee", {""}),
        (r"Щит", {"щит"}),
    ],
)
def test_first_characters(regex: str, expected: set[str]) -> None:
    """The characters that matches anywhere begin with, in lower case."""
    assert beginnings(regex, letters=False) == expected


def test_too_many_beginnings() -> None:
    """Of a regular expression that may begin in very many ways nothing is told."""
    assert beginnings("^" + "(?:a|b|c|d)" * 4, letters=True) != {""}
    assert beginnings("^" + "(?:a|b|c|d)" * 5, letters=True) == {""}
