"""Checks of origin and order: the rows of a run come from the inputs of its ledger, in their order."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from flows.dataset.positions import file_of
from flows.verify.table_checks import Finding, Part


def ledger_agrees(ledger: pl.DataFrame, inputs: int) -> Iterator[Finding]:
    """Whether the ledger has as many inputs as the manifest counts, each once."""
    yield "ledger: an input is listed twice", ledger.filter(pl.col("uri").is_duplicated())["uri"]
    if len(ledger) != inputs:
        counts = f"{len(ledger):,} inputs where the manifest has {inputs:,}"
        yield f"ledger: {counts}", ledger["uri"] if len(ledger) else pl.Series(["none"])


def inputs_agree(part: Part, ledger: pl.DataFrame) -> Iterator[Finding]:
    """Whether documents and rejected records come from inputs that the run read."""
    uris = pl.concat([part.identities().select("uri"), part.rejected.select("uri")]).unique(
        maintain_order=True
    )
    unknown = uris.filter(
        ~pl.col("uri").is_in(ledger["uri"].implode()) & ~file_of(pl.col("uri")).is_in(ledger["uri"].implode())
    )
    yield "ledger: the input of a document, or of a rejected record, is missing", unknown["uri"]


def records_agree(part: Part, records: pl.DataFrame, ledger: pl.DataFrame) -> Iterator[Finding]:
    """Whether the records of a part are its documents, each from an input of the ledger."""
    documents = part.identities()
    lost = documents.join(records, on=["document_id", "uri"], how="anti", maintain_order="left")
    yield "records: a document is missing", lost["document_id"]
    unknown = records.join(documents, on=["document_id", "uri"], how="anti", maintain_order="left")
    # a document that repair left empty may be in `rejected` only
    unknown = unknown.join(part.rejected, on="uri", how="anti", maintain_order="left")
    yield "records: a document that is in no table", unknown["document_id"]
    unread = records.join(ledger, left_on="file", right_on="uri", how="anti", maintain_order="left")
    yield "records, ledger: the input of a document is missing", unread["document_id"]
    inputs = ledger.select(pl.col("uri").alias("file"), pl.int_range(pl.len()).alias("input")).unique(
        "file", keep="first"
    )
    places = records.join(inputs, on="file", how="inner", maintain_order="left")
    unordered = places.filter(pl.col("input") < pl.col("input").shift(1))
    yield "records: rows are not in the order of the inputs", unordered["document_id"]


def order_agrees(part: Part, places: pl.DataFrame) -> Iterator[Finding]:
    """Whether rows are in the order of `places` (document_id, rank), and of the positions within a document."""
    for name in ("documents", "removed", "labelled", "repaired"):
        table = getattr(part, name)
        position = pl.lit(0) if name == "documents" else pl.col("position").cast(pl.Int64).fill_null(-1)
        rows = (
            table.select("document_id", position.alias("position"))
            .join(places, on="document_id", how="left", maintain_order="left")
            .drop_nulls("rank")
        )
        before, here = pl.col("rank").shift(1), pl.col("rank")
        wrong = (here < before) | ((here == before) & (pl.col("position") <= pl.col("position").shift(1)))
        yield f"{name}: rows are not in the order of the inputs", rows.filter(wrong)["document_id"]
