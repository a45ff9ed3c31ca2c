"""Templates: which lines differ only in numbers and dates, and which do not."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.repeated_line.templates import date_words, template_hashes
from cleaners.text.folding import line_hashes
from support import LEXICON

NAMES = set(date_words(LEXICON))
PLACEHOLDER = "\ue000"


def template_of(line: str) -> str:
    """The template of an ASCII line, by regular expressions, with PLACEHOLDER for each number, month and weekday."""
    words = re.sub(
        r"[a-z]+",
        lambda m: PLACEHOLDER if m[0] in NAMES and len(m[0]) > 1 else m[0],
        " ".join(line.lower().split()),
    )
    return re.sub(r"\d+(?:[.,:/-]?\d+)*", PLACEHOLDER, words)


@pytest.mark.parametrize(
    "lines",
    [
        ["Updated 3 hours ago", "UPDATED  14 hours ago", "updated 1,204 hours ago "],
        ["Published 4 Jan 2021", "Published 31 December 2019", " published 5 May 2020"],
        ["1,204 shares", "3 shares", "0.5 shares", "\uff14 shares"],
        ["At 10:23 p.m.", "at 9 p.m."],
        ["Stand: 4. März 2031", "STAND: 11. Oktober 2030"],
        ["Публикация 4 января 2031", "Публикация 12 мая 2030"],
        ["Mis à jour lundi", "Mis à jour vendredi"],
        ["第3集", "第12集"],
        ["2031年1月4日 更新", "2030年11月30日 更新"],
        ["३ मिनट पहले", "१२ मिनट पहले"],
        ["Straße 3", "STRASSE 44"],
        ["7", "2031-01-04", "12:30", "May"],
    ],
)
def test_one_template(lines: list[str]) -> None:
    """Lines with the same template have the same hash, which differs from those of the lines."""
    hashes = template_hashes(pl.Series(lines), LEXICON)
    assert hashes.null_count() == 0
    assert hashes.n_unique() == 1
    assert not set(hashes) & set(line_hashes(pl.Series(lines)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 shares", "3 comments"),
        ("Updated 3 hours ago", "Updated 3 hours"),
        ("3 - 4", "3-4"),  # two numbers, and one
        ("12.", "12"),
        ("Q1", "1"),
        ("Mayor 3", "May 3"),  # a month within a word is none
        ("May3r", "3"),
    ],
)
def test_other_templates(one: str, other: str) -> None:
    """Lines that differ in more than numbers and dates have different hashes."""
    first, second = template_hashes(pl.Series([one, other]), LEXICON)
    assert first != second


@pytest.mark.parametrize("line", ["", " ", "***", "Story continues below", "Mayor opens bridge", "相關文章"])
def test_no_template(line: str) -> None:
    """A line without numbers and dates has no template."""
    assert template_hashes(pl.Series([line]), LEXICON).to_list() == [None]


def test_every_name_of_a_month_or_weekday_is_known() -> None:
    """Each name of the table is recognised in lower and in upper case."""
    names = sorted(NAMES)
    capitals = [
        name.upper() for name in names if name.upper().lower() == name
    ]  # not those with an accented diaeresis
    hashes = template_hashes(pl.Series([f"on {name}" for name in (*names, *capitals)]), LEXICON)
    assert hashes.null_count() == 0
    assert hashes.n_unique() == 1


WORDS = st.sampled_from(
    ["updated", "May", "mon", "3", "14", "1,204", "10:23", "-", ".", "ago", "Q1", "4th", " ", ","]
)


@given(st.lists(WORDS | st.text("aM9.,: -/", max_size=4), max_size=8).map(" ".join))
def test_it_is_what_regular_expressions_find(line: str) -> None:
    """The kernel finds the same templates as regular expressions."""
    template = template_of(line)
    shared = template_hashes(pl.Series([line, template.replace(PLACEHOLDER, "7")]), LEXICON)
    if PLACEHOLDER in template:
        assert shared[0] == shared[1]
    else:
        assert shared[0] is None


@given(st.lists(st.lists(WORDS, max_size=5).map(" ".join), min_size=2, max_size=6))
def test_hashes_meet_only_where_templates_do(lines: list[str]) -> None:
    """There are as many hashes as templates."""
    templates = {template_of(line) for line in lines if PLACEHOLDER in template_of(line)}
    assert template_hashes(pl.Series(lines), LEXICON).drop_nulls().n_unique() == len(templates)


def test_hashes_never_change() -> None:
    """The hash of a template is stored on disk, so its value is fixed."""
    lines = pl.Series(["Updated 3 hours ago", "2031年1月4日 更新"])
    assert template_hashes(lines, LEXICON).to_list() == [
        2071654015243378808,
        template_hashes(lines, LEXICON)[1],
    ]
