"""Headings and teasers: what goes with a heading, and where the article goes on."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.paragraphs import SCHEMA, remove
from cleaners.phrases.phrase import Phrase
from cleaners.related_articles import related_articles
from cleaners.text.prose import is_prose
from flows.settings.phrase_files import built_in_files, read_phrases
from support import ROOT

CASES: list[dict[str, Any]] = json.loads(
    (ROOT / "tests/cases/related_articles.json").read_text(encoding="utf-8")
)
PHRASES = read_phrases(built_in_files())
FEW_PHRASES = read_phrases(built_in_files(["en", "zh"]))
PROSE = "The harbour office said on Tuesday that the first boats would sail again at noon."
TEASER = "Mayor opens the second bridge"


def frame_of(
    *documents: list[str | None], source: str | None = None, languages: list[str] | None = None
) -> pl.DataFrame:
    """A frame of documents given as their lines."""
    known: list[str | None] = [*languages] if languages else [None] * len(documents)
    rows = [
        {
            "document_id": f"d{n}",
            "position": position,
            "text": text,
            "source": source,
            "language": known[n],
        }
        for n, lines in enumerate(documents)
        for position, text in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Each line is removed by the rule that stands beside it, or stays."""
    frame = related_articles(
        frame_of([text for text, _ in case["lines"]], languages=[case["name"][:2]]), phrases=PHRASES
    )
    assert frame.select("text", "rule").rows() == [tuple(line) for line in case["lines"]]


def test_all_cases_in_one_frame() -> None:
    """A document is judged in a frame of many as it is alone: no tail runs into the next document."""
    frame = related_articles(
        frame_of(
            *([text for text, _ in case["lines"]] for case in CASES),
            languages=[case["name"][:2] for case in CASES],
        ),
        phrases=PHRASES,
    )
    assert frame["rule"].to_list() == [rule for case in CASES for _, rule in case["lines"]]
    assert set(frame["reason"]) == {None, "related_articles"}


def test_keep_ends_the_teasers() -> None:
    """A line that a phrase of the action `keep` matches stays, and so does what comes after it."""
    keep = Phrase(
        "xx", "our-column", ("Night train",), action="keep", match="start", source="gazette.example"
    )
    lines: list[str | None] = [PROSE, "Related Articles", TEASER, "Night train notes", "Quay notes"]
    kept = related_articles(frame_of(lines, source="gazette.example"), phrases=[*PHRASES, keep])
    assert kept["reason"].is_null().to_list() == [True, False, False, True, True]
    others = related_articles(frame_of(lines, source="post.example"), phrases=[*PHRASES, keep])
    assert others["reason"].is_null().to_list() == [True, False, False, False, False]


def test_keep_silences_a_heading() -> None:
    """A heading that a phrase of the action `keep` matches is none."""
    keep = Phrase("xx", "our-heading", ("Related Articles",), action="keep")
    frame = frame_of([PROSE, "Related Articles", TEASER])
    assert related_articles(frame, phrases=[*PHRASES, keep])["reason"].null_count() == 3


def test_removed_paragraphs_take_no_part() -> None:
    """A heading that an earlier cleaner removed has no teasers after it."""
    frame = frame_of([PROSE, "Related Articles", TEASER])
    frame = remove(frame, pl.Series([False, True, False]), "repeated_headline", "headline again")
    assert related_articles(frame, phrases=PHRASES)["reason"].to_list() == [None, "repeated_headline", None]


def test_nothing_to_do() -> None:
    """Without phrases, without rows and without text nothing is removed."""
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
    """No prose goes, a filled reason is never overwritten, nothing moves, and a second pass adds nothing."""
    frame = frame_of(*([text for text, _ in lines] for lines in documents))
    before = pl.Series([gone for lines in documents for _, gone in lines], dtype=pl.Boolean)
    frame = remove(frame, before, "repeated_headline", "headline again")
    once = related_articles(frame, phrases=FEW_PHRASES)
    assert_frame_equal(once.drop("reason", "rule"), frame.drop("reason", "rule"))
    assert once.filter(before)["reason"].to_list() == ["repeated_headline"] * before.sum()
    assert once["reason"].is_null().equals(once["rule"].is_null())
    assert once.filter((pl.col("reason") == "related_articles") & is_prose(pl.col("text"))).is_empty()
    assert_frame_equal(related_articles(once, phrases=FEW_PHRASES), once)
