"""The documents of sampled removals and of their witnesses, with all of their paragraphs, kept and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from flows.dataset.positions import kept, taken
from flows.dataset.tables import scan_parts
from flows.report.page.reading import RunTables

#: Documents of earlier runs among which witnesses are looked for, the newest first.
MOST_LOOKED_AT: Final = 1_000_000
#: Part files of earlier runs that are read for witnesses.
MOST_FILES: Final = 24

ABOUT: Final = ("uri", "url", "source", "title", "language", "encoding", "published")
WHY: Final = ("reason", "rule", "detail", "jaccard", "duplicate_of_document_id", "duplicate_of_position")
_KEY: Final = ["document_id", "position"]


class Documents(NamedTuple):
    """What is known of some documents."""

    about: pl.DataFrame  # document_id and `ABOUT`
    paragraphs: (
        pl.DataFrame
    )  # document_id, position, text, `WHY`, before, fixes, label: in order, document by document
    titles: pl.DataFrame  # document_id and before: the titles that were repaired


def witnesses_of(run: RunTables, ids: pl.Series) -> pl.Series:
    """The ids of the documents with the witnesses of these documents' duplicates."""
    rows = run.scan("removed").filter(pl.col("document_id").is_in(ids.implode()))
    return rows.select("duplicate_of_document_id").drop_nulls().unique().collect().to_series()


def read_documents(run: RunTables, ids: pl.Series) -> Documents:
    """The documents of the run with these ids, those that were removed whole included."""
    wanted = pl.col("document_id").is_in(ids.implode())
    documents, unpublished, removed, repaired, labels = pl.collect_all(
        [
            run.scan("documents").filter(wanted).select("document_id", *ABOUT, "text"),
            run.scan("unpublished").filter(wanted).select("document_id", *ABOUT, "text"),
            run.scan("removed").filter(wanted).select(*_KEY, "text", *WHY),
            run.scan("repaired").filter(wanted).select(*_KEY, "field", "before", "after", "fixes"),
            run.scan("labels").filter(wanted).select(*_KEY, "label"),
        ]
    )
    gone = taken(removed, repaired)
    left = kept(documents, gone).select(*_KEY, "text")
    emptied = gone.filter("emptied").select(*_KEY, pl.lit("").alias("text"))
    fixed = repaired.filter(pl.col("field") == "text").select(*_KEY, "before", "fixes")
    paragraphs = (
        pl.concat([left, emptied, removed], how="diagonal")
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

    Only the newest runs are looked at, up to `MOST_LOOKED_AT` documents, so some may not be found.
    """
    found = []
    for parts, files in _files(run, places["document_id"].unique()):
        wanted = pl.col("document_id").is_in(places["document_id"].unique().implode())
        documents, removed, repaired = pl.collect_all(
            [
                scan_parts(files).filter(wanted).select("document_id", *ABOUT, "text"),
                scan_parts(parts["removed"]).filter(wanted).select(_KEY),
                scan_parts(parts["repaired"]).filter(wanted).select(*_KEY, "field", "after"),
            ]
        )
        texts = kept(documents, taken(removed, repaired)).join(places, on=_KEY, how="semi")
        found.append(texts.join(documents.drop("text"), on="document_id", how="left"))
    nothing = pl.DataFrame(
        schema={**dict.fromkeys(("document_id", *ABOUT, "text"), pl.String), "position": pl.UInt32}
    )
    return pl.concat([nothing.cast({"published": pl.Datetime("us", "UTC")}), *found], how="diagonal")


def _files(run: RunTables, ids: pl.Series) -> Iterator[tuple[dict[str, list[Path]], list[Path]]]:
    """For each earlier span of runs with some of these documents: the parts of its tables, and those of `documents`."""
    wanted = pl.col("document_id").is_in(ids.implode())
    left, files, looked_at = len(ids), 0, 0
    for span in reversed(run.dataset.spans()):
        if f"{span}" >= run.run_id or run.run_id in span:
            continue
        if left <= 0 or files >= MOST_FILES or looked_at >= MOST_LOOKED_AT:
            return
        parts = {kind: run.dataset.parts(kind, span) for kind in ("documents", "removed", "repaired")}
        rows = scan_parts(parts["documents"], include_file_paths="file").select("document_id", "file")
        there = (
            rows.filter(wanted).group_by("file").len().collect().sort("len", "file", descending=[True, False])
        )
        looked_at += int(rows.select(pl.len()).collect().item())
        if len(there):
            paths = [Path(name) for name in there["file"].head(MOST_FILES - files)]
            left -= int(there["len"].sum())
            files += len(paths)
            yield parts, paths
