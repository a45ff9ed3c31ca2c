"""Who copies whom, and how much later: paragraphs that were removed because another document printed them before."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from cleaners.duplicate.cleaner import IN_REFERENCE
from flows.report.page.counting import MOST_ROWS
from flows.report.page.documents import find_earlier
from flows.report.page.reading import RunTables

#: Upper bounds of the delays in hours, and what they are called.
DELAYS: Final = (
    (0, "earlier"),
    (1, "within an hour"),
    (6, "1 to 6 hours"),
    (24, "6 to 24 hours"),
    (7 * 24, "1 to 7 days"),
    (30 * 24, "7 to 30 days"),
    (float("inf"), "later"),
)


class Copier(NamedTuple):
    """What one source printed after another."""

    source: str | None
    witness: str | None  # the source that printed it before
    documents: int
    paragraphs: int
    hours: float | None  # the median delay; None if no date is known


class Copies(NamedTuple):
    """All copies of a run."""

    rows: tuple[Copier, ...]  # most paragraphs first
    others: int  # paragraphs of pairs of sources that are not shown
    paragraphs: int
    unknown: int  # paragraphs whose witness was not looked up, because it is too long ago
    delays: tuple[tuple[str, int], ...]  # (delay in words, pairs of documents)


def copies(run: RunTables) -> Copies:
    """Who copies whom in a run."""
    pairs = (
        run.scan("removed")
        .filter(
            pl.col("duplicate_of_document_id").is_not_null()
            & (pl.col("duplicate_of_document_id") != pl.col("document_id"))
            & ~pl.col("rule").str.ends_with(IN_REFERENCE)
        )
        .group_by("document_id", pl.col("duplicate_of_document_id").alias("witness_id"))
        .len("paragraphs")
        .collect()
    )
    total = int(pairs["paragraphs"].sum())
    if not total:
        return Copies((), 0, 0, 0, ())
    ids = pl.concat([pairs["document_id"], pairs["witness_id"]]).unique()
    about = find_documents(run, ids, ["source", "published"])
    known = pairs.join(about, on="document_id", how="left").join(
        about.rename({"document_id": "witness_id"}), on="witness_id", how="inner", suffix="_before"
    )
    hours = (pl.col("published") - pl.col("published_before")).dt.total_seconds() / 3600
    known = known.with_columns(hours.alias("hours"))
    by_sources = (
        known.group_by("source", "source_before")
        .agg(pl.len().alias("documents"), pl.col("paragraphs").sum(), pl.col("hours").median())
        .sort("paragraphs", "source", "source_before", descending=[True, False, False])
    )
    rows = tuple(Copier(a, b, d, p, h) for a, b, d, p, h in by_sources.head(MOST_ROWS).iter_rows())
    others = int(by_sources.slice(MOST_ROWS)["paragraphs"].sum())
    return Copies(
        rows, others, total, total - int(known["paragraphs"].sum()), _delays(known["hours"].drop_nulls())
    )


def _delays(hours: pl.Series) -> tuple[tuple[str, int], ...]:
    """How many pairs of documents have each delay."""
    if hours.is_empty():
        return ()
    counts, before = [], float("-inf")
    for bound, name in DELAYS:
        within = (hours >= before) & (hours < bound)
        counts.append((name, int(within.sum())))
        before = bound
    return tuple(counts)


def find_documents(run: RunTables, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
    """document_id and these columns of the documents with these ids, in this run and in the newest runs before it."""
    wanted = pl.col("document_id").is_in(ids.implode())
    found = [
        run.scan(kind).filter(wanted).select("document_id", *columns).collect()
        for kind in ("documents", "unpublished")
    ]
    left = ids.filter(~ids.is_in(pl.concat(found)["document_id"].implode()))
    found.append(find_earlier(run, left, columns).drop("file"))
    return pl.concat(found).unique("document_id", keep="first", maintain_order=True)
