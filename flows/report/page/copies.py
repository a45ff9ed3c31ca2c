"""Who copies whom, and how much later: paragraphs of a run that another document printed first."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from flows.report.copies.delays import histogram
from flows.report.copies.links import ABOUT, WITH_WITNESSES, is_in_reference, link
from flows.report.copies.tables import in_common
from flows.report.page.counting import MOST_ROWS
from flows.report.page.documents import find_earlier
from flows.report.page.reading import RunTables

_WITNESS: Final = "duplicate_of_document_id"


class Copier(NamedTuple):
    """What one source printed after another."""

    source: str | None
    first: str | None  # the source that printed it before
    documents: int
    paragraphs: int
    hours: float | None  # the median delay; None if no date is known


class Copies(NamedTuple):
    """All copies of a run."""

    rows: tuple[Copier, ...]  # most paragraphs first
    others: int  # paragraphs of pairs of sources that are not shown
    paragraphs: int
    unknown: int  # paragraphs whose witness was not looked up, because it is too long ago
    turned: int  # paragraphs of which the kept print has a later date than a copy
    delays: tuple[tuple[str, int], ...]  # (delay in words, pairs of documents)


def copies(run: RunTables) -> Copies:
    """Who copies whom in a run. No text is read for it."""
    scans = [
        run.scan(table).with_columns(pl.lit(table).alias("in"))
        for table in WITH_WITNESSES
        if run.parts(table)
    ]
    elsewhere = pl.col(_WITNESS).is_not_null() & (pl.col(_WITNESS) != pl.col("document_id"))
    elsewhere &= ~is_in_reference()
    texts = pl.concat(scans).filter(elsewhere)
    links = link(texts, lambda ids: find_documents(run, ids["document_id"]), count=False)
    about = links.documents.select("doc", "source", "known")
    found = (
        in_common(links)
        .join(about, on="doc")
        .join(about.select(pl.all().name.prefix("first_")).rename({"first_doc": "first"}), on="first")
    )
    known = found.filter(pl.col("known") & pl.col("first_known"))
    by_sources = (
        known.group_by("source", "first_source")
        .agg(pl.len().alias("documents"), pl.col("paragraphs").sum(), pl.col("hours").median())
        .sort("paragraphs", "source", "first_source", descending=[True, False, False])
    )
    rows = tuple(Copier(*row) for row in by_sources.head(MOST_ROWS).iter_rows())
    total, shown = int(found["paragraphs"].sum()), int(known["paragraphs"].sum())
    others = shown - sum(row.paragraphs for row in rows)
    later = pl.col("is_kept") & (pl.col("place") != pl.col("place").min().over("paragraph"))
    turned = int(links.rows.select(later.sum()).item())
    return Copies(rows, others, total, total - shown, turned, histogram(known["hours"].drop_nulls()))


def find_documents(run: RunTables, ids: pl.Series) -> pl.DataFrame:
    """What is known of the documents with these ids, in this run and in the newest runs before it."""
    columns = [*ABOUT, "words", "run_id"]
    wanted = pl.col("document_id").is_in(ids.implode())
    found = [
        run.scan(kind).filter(wanted).select("document_id", *columns).collect()
        for kind in ("documents", "unpublished")
    ]
    left = ids.filter(~ids.is_in(pl.concat(found)["document_id"].implode()))
    return pl.concat([*found, find_earlier(run, left, columns).drop("file")])
