"""Headings and teasers: which lines a heading removes, and where the article continues."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.paragraphs import remove
from cleaners.phrases.phrase import Phrase
from cleaners.related_articles import related_articles
from cleaners.text.prose import is_prose
from flows.settings.bundled import built_in_phrase_files
from flows.settings.phrase_files import read_phrases
from support import WHY, frame_of, load_cases, why

CASES = load_cases("related_articles")
PHRASES = read_phrases(built_in_phrase_files())
FEW_PHRASES = read_phrases(built_in_phrase_files(["en", "zh"]))
PROSE = "The harbour office said on Tuesday that the first boats would sail again at noon."
TEASER = "Mayor opens the second bridge"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Each line is removed by the rule that stands beside it, or stays."""
    frame = related_articles(
        frame_of([text for text, _ in case["lines"]], language=case["name"][:2]), phrases=PHRASES
    )
    assert frame.select("text", WHY).rows() == [tuple(line) for line in case["lines"]]


def test_all_cases_in_one_frame() -> None:
    """A document has the same decisions in a frame of many as alone: no block runs into the next document."""
    frame = related_articles(
        frame_of(
            *([text for text, _ in case["lines"]] for case in CASES),
            language=[case["name"][:2] for case in CASES],
        ),
        phrases=PHRASES,
    )
    assert why(frame) == [rule for case in CASES for _, rule in case["lines"]]
    assert set(frame["reason"]) == {None, "related_articles"}


def test_keep_ends_the_teasers() -> None:
    """A line that a phrase with the action `keep` matches stays, and so do the lines after it."""
    keep = Phrase(
        "xx", "our-column", ("Night train",), action="keep", match="start", source="gazette.example"
    )
    lines: list[str | None] = [PROSE, "Related Articles", TEASER, "Night train notes", "Quay notes"]
    kept = related_articles(frame_of(lines, source="gazette.example"), phrases=[*PHRASES, keep])
    assert kept["reason"].is_null().to_list() == [True, False, False, True, True]
    others = related_articles(frame_of(lines, source="post.example"), phrases=[*PHRASES, keep])
    assert others["reason"].is_null().to_list() == [True, False, False, False, False]


def test_keep_silences_a_heading() -> None:
    """A line that a phrase with the action `keep` matches is no heading."""
    keep = Phrase("xx", "our-heading", ("Related Articles",), action="keep")
    frame = frame_of([PROSE, "Related Articles", TEASER])
    assert related_articles(frame, phrases=[*PHRASES, keep])["reason"].null_count() == 3


def test_removed_paragraphs_take_no_part() -> None:
    """A heading that an earlier cleaner removed has no teasers after it."""
    frame = frame_of([PROSE, "Related Articles", TEASER])
    frame = remove(frame, pl.Series([False, True, False]), "repeated_headline", "headline again")
    assert related_articles(frame, phrases=PHRASES)["reason"].to_list() == [None, "repeated_headline", None]


def test_nothing_to_do() -> None:
    """Without phrases, rows or text, nothing is removed."""
    frame = frame_of([PROSE, "Related Articles", TEASER], [None], [""])
    assert_frame_equal(related_articles(frame, phrases=[]), frame)
    assert_frame_equal(related_articles(frame_of(), phrases=PHRASES), frame_of())


LINES = st.sampled_from(
    [
        None,
        "",
        "Related Articles",
        "Read more: Five things we learned",
        "READ MORE:",
        "More",
        "See also",
        TEASER,
        "Night trains",
        "Is it over?",
        "Advertisement",
        "2. Salt",
        "He left.",
        PROSE,
        "相關新聞",
    ]
)


@given(st.lists(st.lists(st.tuples(LINES, st.booleans()), min_size=1, max_size=10), max_size=4))
def test_properties(documents: list[list[tuple[str | None, bool]]]) -> None:
    """No prose is removed, no filled reason is overwritten, rows keep their order; a second pass changes nothing."""
    frame = frame_of(*([text for text, _ in lines] for lines in documents))
    before = pl.Series([gone for lines in documents for _, gone in lines], dtype=pl.Boolean)
    frame = remove(frame, before, "repeated_headline", "headline again")
    once = related_articles(frame, phrases=FEW_PHRASES)
    assert_frame_equal(once.drop("reason", "rule", "detail"), frame.drop("reason", "rule", "detail"))
    assert once.filter(before)["reason"].to_list() == ["repeated_headline"] * before.sum()
    assert once["reason"].is_null().equals(once["rule"].is_null())
    assert once.filter((pl.col("reason") == "related_articles") & is_prose(pl.col("text"))).is_empty()
    assert_frame_equal(related_articles(once, phrases=FEW_PHRASES), once)
