"""The documents of sampled removals and of their witnesses, with all of their paragraphs, kept and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from flows.dataset.layout import Span
from flows.dataset.positions import kept, taken
from flows.dataset.remote import without_fetching
from flows.dataset.tables import scan_parts
from flows.report.page.reading import RunTables

#: Earlier runs, or folders of compacted ones, in which witnesses are looked for, the newest first.
MOST_RUNS: Final = 50
#: And part files of theirs.
MOST_FILES: Final = 100
#: Part files from which the texts of witnesses are read.
MOST_FILES_READ: Final = 24

ABOUT: Final = ("uri", "url", "source", "title", "language", "encoding", "published")
WHY: Final = ("reason", "rule", "detail", "jaccard", "duplicate_of_document_id", "duplicate_of_position")
_KEY: Final = ["document_id", "position"]


class Documents(NamedTuple):
    """What is known of some documents."""

    about: pl.DataFrame  # document_id and `ABOUT`
    paragraphs: (
        pl.DataFrame
    )  # document_id, position, text, `WHY`, labelled, before, fixes, label: in order, document by document
    titles: pl.DataFrame  # document_id and before: the titles that were repaired


def witnesses_of(run: RunTables, ids: pl.Series) -> pl.Series:
    """The ids of the documents with the witnesses of these documents' duplicates."""
    rows = run.found().filter(pl.col("document_id").is_in(ids.implode()))
    return rows.select("duplicate_of_document_id").drop_nulls().unique().collect().to_series()


def read_documents(run: RunTables, ids: pl.Series) -> Documents:
    """The documents of the run with these ids, those that were removed whole included."""
    wanted = pl.col("document_id").is_in(ids.implode())
    documents, unpublished, found, repaired, labels = pl.collect_all(
        [
            run.scan("documents").filter(wanted).select("document_id", *ABOUT, "text"),
            run.scan("unpublished").filter(wanted).select("document_id", *ABOUT, "text"),
            run.found().filter(wanted).select(*_KEY, "text", *WHY, "labelled"),
            run.scan("repaired").filter(wanted).select(*_KEY, "field", "before", "after", "fixes"),
            run.scan("labels").filter(wanted).select(*_KEY, "label"),
        ]
    )
    gone = taken(found.filter(~pl.col("labelled")), repaired)
    left = kept(documents, gone).select(*_KEY, "text")
    emptied = gone.filter("emptied").select(*_KEY, pl.lit("").alias("text"))
    fixed = repaired.filter(pl.col("field") == "text").select(*_KEY, "before", "fixes")
    paragraphs = (
        pl.concat([left, emptied, found], how="diagonal")
        .unique(_KEY, keep="last", maintain_order=True)
        .join(fixed, on=_KEY, how="left", maintain_order="left")
        .join(labels, on=_KEY, how="left", maintain_order="left")
        .sort(_KEY)
    )
    about = (
        pl.concat([documents, unpublished])
        .drop("text")
        .unique("document_id", keep="first", maintain_order=True)
    )
    titles = repaired.filter(pl.col("field") == "title").select("document_id", "before")
    return Documents(about, paragraphs, titles)


def read_witnesses(run: RunTables, places: pl.DataFrame) -> pl.DataFrame:
    """Kept paragraphs of earlier runs at these places (document_id, position): with their text and `ABOUT`.

    Only the newest runs are looked at, so some may not be found.
    """
    nothing = pl.DataFrame(
        schema={
            **dict.fromkeys(("document_id", *ABOUT, "text"), pl.String()),
            "position": pl.UInt32(),
            "published": pl.Datetime("us", "UTC"),
        }
    )
    ids = places["document_id"].unique()
    there = find_earlier(run, ids, [])
    files = [Path(name) for name in there["file"].unique(maintain_order=True)][:MOST_FILES_READ]
    if not files:
        return nothing
    wanted = pl.col("document_id").is_in(ids.implode())
    spans = [span for name in dict.fromkeys(path.parent.name for path in files) if (span := Span.of(name))]
    gone = {
        kind: [part for span in spans for part in run.dataset.parts(kind, span)]
        for kind in ("removed", "repaired")
    }
    documents, removed, repaired = pl.collect_all(
        [
            scan_parts(files).filter(wanted).select("document_id", *ABOUT, "text"),
            scan_parts(gone["removed"]).filter(wanted).select(_KEY),
            scan_parts(gone["repaired"]).filter(wanted).select(*_KEY, "field", "after"),
        ]
    )
    texts = kept(documents, taken(removed, repaired)).join(places, on=_KEY, how="semi")
    return pl.concat(
        [nothing, texts.join(documents.drop("text"), on="document_id", how="left")], how="diagonal"
    )


def find_earlier(run: RunTables, ids: pl.Series, columns: list[str]) -> pl.DataFrame:
    """document_id, these columns and file of the documents with these ids that the newest earlier runs published."""
    spans = [span for span in run.dataset.spans() if f"{span}" < run.run_id][-MOST_RUNS:]
    with without_fetching(run.dataset.root):  # behind a URL, what the run has not compared is not looked at
        parts = [part for span in reversed(spans) for part in run.dataset.parts("documents", span)]
    parts = parts[:MOST_FILES]
    if not parts or ids.is_empty():
        return (
            run.scan("documents").select("document_id", *columns, pl.lit("").alias("file")).head(0).collect()
        )
    rows = scan_parts(parts, include_file_paths="file")
    wanted = pl.col("document_id").is_in(ids.implode()) & (pl.col("run_id") != run.run_id)
    return rows.filter(wanted).select("document_id", *columns, "file").collect()
