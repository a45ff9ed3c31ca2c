"""The contract that every cleaner keeps, whatever it cleans."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import cleaners
from cleaners.boilerplate.cleaner import boilerplate
from cleaners.duplicate.cleaner import duplicate, find, table_of
from cleaners.encoding.cleaner import encoding
from cleaners.paragraphs import REASONS, SCHEMA
from cleaners.related_articles import related_articles
from cleaners.repeated_headline import repeated_headline
from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.count_tables import merge
from cleaners.repeated_line.inline_boilerplate import inline_boilerplate
from cleaners.repeated_line.line_counts import count
from cleaners.repeated_line.line_keys import line_keys
from flows.settings.line_scores import line_scores
from flows.settings.model import Settings, phrases_of

Cleaner = Callable[[pl.DataFrame], pl.DataFrame]
PHRASES = phrases_of(Settings())
NEWS = {name: value for name, value in Settings().encoding if name not in ("enabled", "source_history")}


def remove_duplicates(frame: pl.DataFrame) -> pl.DataFrame:
    """The duplicate cleaner, on what it finds in the frame itself."""
    table = table_of(frame, n=3, threshold=0.8, min_tokens=3, short="exact")
    (decisions,) = find([table], n=3, threshold=0.8, same_numbers=True, document_share=0.8, min_words=1)
    return duplicate(frame, decisions)


def remove_repeated_lines(frame: pl.DataFrame) -> pl.DataFrame:
    """The lines cleaner, on what it counts in the frame itself."""
    keys = line_keys(frame)
    return repeated_line(frame, merge([count(frame, keys=keys)]), keys=keys, min_documents=2)


CLEANERS: dict[str, Cleaner] = {
    "encoding": lambda frame: encoding(frame, **NEWS),
    "repeated_headline": repeated_headline,
    "related_articles": lambda frame: related_articles(frame, phrases=PHRASES),
    "boilerplate": lambda frame: boilerplate(frame, phrases=PHRASES, model=line_scores(), strictness=1),
    "inline_boilerplate": inline_boilerplate,
    "repeated_line": remove_repeated_lines,
    "duplicate": remove_duplicates,
}

REWRITES = {"encoding", "inline_boilerplate"}  # these have no reason of their own

LINES = st.sampled_from(
    [
        None,
        "Crews went back to work. [Related: Ferries stay in port] They had won.",
        "[pullquote]",
        "",
        "***",
        "Ferry strike ends after nine days",
        "FERRY STRIKE ENDS AFTER NINE DAYS",
        "Ferry strike ends after nine days - Harbour Gazette",
        "Crews went back to work on Friday morning, after a vote that nobody had thought they would win.",
        "Crews went back to work on Friday morning, after a vote that nobody had thought they could win.",
        "Related Articles",
        "Mayor opens bridge",
        "Read more: Council puts off vote",
        "Share on Facebook",
        "Sign up for our newsletter",
        "The caf\u00c3\u00a9 stays open &amp; the \ufb01sh is fresh.\u0000",
        "\u0000",
        "Nur Wasser, sagt der Wirt.",
        "渡輪罷工九天後結束",
        "相關文章",
        "Переговоры завершились поздно вечером, сообщил капитан порта.",
    ]
)
ANY = st.one_of(LINES, st.text(max_size=40).map(lambda t: " ".join(t.split())))


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Frames of a few documents, some rows of which an earlier cleaner has removed."""
    rows = []
    for n, lines in enumerate(draw(st.lists(st.lists(ANY, min_size=1, max_size=8), max_size=6))):
        source = draw(st.sampled_from(["gazette", "post", None]))
        title = draw(st.sampled_from(["Ferry strike ends after nine days", "", None]))
        for position, text in enumerate(lines):
            reason = draw(st.sampled_from([None, None, None, "boilerplate"]))
            rows.append(
                {
                    "document_id": f"d{n}",
                    "position": position,
                    "text": text,
                    "reason": reason,
                    "rule": "before" if reason else None,
                    "source": source,
                    "title": title,
                }
            )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


@pytest.mark.parametrize("name", CLEANERS)
@given(frame=frames())
def test_contract(name: str, frame: pl.DataFrame) -> None:
    """Same rows in the same order; a filled reason and a removed text stay; doing it again changes nothing."""
    cleaned = CLEANERS[name](frame)
    assert cleaned.schema == frame.schema
    assert_frame_equal(cleaned.select("document_id", "position"), frame.select("document_id", "position"))
    gone = frame["reason"].is_not_null()
    assert_frame_equal(cleaned.filter(gone), frame.filter(gone))
    assert_frame_equal(CLEANERS[name](cleaned), cleaned)
    removed = cleaned.filter(cleaned["reason"].is_not_null() & ~gone)
    assert set(removed["reason"]) <= (
        {"duplicate", "duplicate_document", "too_short"}
        if name == "duplicate"
        else {"boilerplate"}
        if name == "inline_boilerplate"
        else {name}
    )
    assert removed["rule"].is_not_null().all()
    assert removed["text"].is_not_null().all()
    if name not in REWRITES:
        assert cleaned["text"].equals(frame["text"], null_equal=True)


@pytest.mark.parametrize("name", CLEANERS)
@given(frame=frames())
def test_documents_do_not_touch_each_other(name: str, frame: pl.DataFrame) -> None:
    """What needs no other document decides the same about a document alone as among others."""
    if name in ("repeated_line", "duplicate"):
        return
    together = CLEANERS[name](frame)
    for document in frame["document_id"].unique(maintain_order=True):
        mine = pl.col("document_id") == document
        assert_frame_equal(together.filter(mine), CLEANERS[name](frame.filter(mine)))


def test_every_reason_has_its_cleaner() -> None:
    """A reason is the name of a cleaner, which the table of contents lists in the same order."""
    assert cleaners.__doc__ is not None
    listed = [line.split()[0] for line in cleaners.__doc__.splitlines() if line.startswith("    ")]
    assert [name for name in listed if name in REASONS] == list(REASONS[:5])
    assert set(CLEANERS) - REWRITES == set(REASONS[:5])
