"""Makes the texts of documents anew, after paragraphs were taken into them or out of them, and counts what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from cleaners.text.shingles import count_tokens
from flows.dataset.positions import in_order, kept, taken
from flows.dataset.summary import Counts, by_reason
from flows.dataset.tables import conform
from flows.errors import CopydeskError
from flows.maintenance.rewrite_folders import Read

PLACE: Final = ("document_id", "position")


def of_documents(rows: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """The rows of these documents (`documents` has document_id), in their order."""
    return rows.join(documents, on="document_id", how="semi", maintain_order="left")


def without_places(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not at these places (document_id, position), in their order."""
    return rows.join(places, on=PLACE, how="anti", maintain_order="left")


def rebuilt(read: Read, touched: pl.DataFrame, removed: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`documents` and `unpublished` of a part, after the rows of some documents in `removed` have changed.

    `touched` has the document_id of these documents, `removed` is the new table. Raises CopydeskError if a document is
    in no table.
    """
    documents, unpublished, before = read("documents"), read("unpublished"), read("removed")
    own = of_documents(documents, touched)
    every = pl.concat(
        [
            kept(own, taken(before, read("repaired"))),
            of_documents(before, touched).select(*PLACE, "text"),
        ]
    ).sort(PLACE)
    left = without_places(every, removed)
    texts = (
        left.with_columns(count_tokens(left["text"]).cast(pl.UInt32).alias("words"))
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("text").str.join("\n\n"),
            pl.col("words").sum(),
            pl.len().cast(pl.UInt32).alias("paragraphs"),
        )
    )
    gone = of_documents(removed, touched).group_by("document_id").len("removed_paragraphs")
    known = pl.concat([own, of_documents(unpublished, touched)])
    if lost := set(touched["document_id"]) - set(known["document_id"]):
        raise CopydeskError(f"document {min(lost)} is in no table: the dataset is damaged")
    new = (
        known.drop("text", "words", "paragraphs", "removed_paragraphs")
        .join(texts, on="document_id", how="left", maintain_order="left")
        .join(gone, on="document_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("text").fill_null(""),
            pl.col("words", "paragraphs", "removed_paragraphs").fill_null(0),
        )
        .pipe(lambda rows: conform("documents", rows))
    )
    has_text, records = pl.col("paragraphs") > 0, read("records")
    return {
        name: in_order(
            pl.concat([rows.join(touched, on="document_id", how="anti", maintain_order="left"), of_them]),
            records,
        )
        for name, rows, of_them in (
            ("documents", documents, new.filter(has_text)),
            ("unpublished", unpublished, new.filter(~has_text)),
        )
    }


def counts_by_run(tables: Mapping[str, pl.DataFrame], read: Read, touched: pl.DataFrame) -> dict[str, Counts]:
    """Run id -> what `tables`, or where they lack one `read`, count of these documents."""
    rows = {
        name: of_documents(tables[name] if name in tables else read(name), touched)
        for name in ("documents", "removed", "labelled")
    }
    found = {}
    for run_id in sorted({run_id for one in rows.values() for run_id in one["run_id"]}):
        documents, removed, labelled = (one.filter(pl.col("run_id") == run_id) for one in rows.values())
        found[run_id] = Counts(
            documents_kept=len(documents),
            paragraphs_kept=int(documents["paragraphs"].sum()),
            words_kept=int(documents["words"].sum()),
            removed=by_reason(removed.with_columns(count_tokens(removed["text"]).alias("words"))),
            labelled=by_reason(labelled.with_columns(count_tokens(labelled["text"]).alias("words"))),
        )
    return found


def changed_counts(read: Read, new: Mapping[str, pl.DataFrame], touched: pl.DataFrame) -> dict[str, Counts]:
    """Run id -> what these new tables of a part add to its counts; only `touched` documents differ in them."""
    before, after = counts_by_run({}, read, touched), counts_by_run(new, read, touched)
    return {
        run_id: after.get(run_id, Counts()) + -before.get(run_id, Counts())
        for run_id in sorted(before.keys() | after.keys())
    }


def with_counts(manifest: Mapping[str, Any], added: Counts) -> dict[str, Any]:
    """The manifest of a run with these counts added to its own."""
    return {**manifest, "counts": (Counts.from_json(manifest["counts"]) + added).to_json()}
