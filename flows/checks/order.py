"""Whether a run's tables come of the inputs of its ledger, and in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from flows.checks.agreement import Finding, Part

LEDGER: Final[dict[str, pl.DataType]] = {"uri": pl.String(), "size": pl.Int64(), "modified_ns": pl.Int64()}

#: How the error of an input begins that the next run tries again, and that is not in the ledger.
UNOPENED: Final = "cannot be read"

RECORDS: Final = 1 << 32  # an input has fewer


def unopened(rejected: pl.LazyFrame) -> pl.Series:
    """The uris of the inputs of a run that are not in its ledger, because they could not be read."""
    found = (
        rejected.filter(pl.col("error").str.starts_with(UNOPENED)).select("uri").unique(maintain_order=True)
    )
    return found.collect()["uri"]


def ledger_agrees(ledger: pl.DataFrame, inputs: int) -> Iterator[Finding]:
    """Whether the ledger has as many inputs as the manifest counts, each once."""
    yield "ledger: an input is there twice", ledger.filter(pl.col("uri").is_duplicated())["uri"]
    if len(ledger) != inputs:
        counts = f"{len(ledger):,} inputs where the manifest has {inputs:,}"
        yield f"ledger: {counts}", ledger["uri"] if len(ledger) else pl.Series(["none"])


def ranks(uris: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """`uris` with `rank`, their place among all records of the run's inputs; null where no input of the ledger has it.

    A record's uri is that of its file, and its number after a `#`.
    """
    inputs = ledger.select(pl.col("uri").alias("file"), pl.int_range(pl.len()).alias("input")).unique(
        "file", keep="first", maintain_order=True
    )
    record = pl.col("uri").str.extract(r"#(\d+)$").cast(pl.Int64, strict=False)
    return (
        uris.join(inputs, left_on="uri", right_on="file", how="left", maintain_order="left")
        .with_columns(pl.col("uri").str.replace(r"#\d+$", "").alias("file"))
        .join(inputs, on="file", how="left", maintain_order="left", suffix="_of_file")
        .with_columns(
            pl.coalesce(
                pl.col("input") * RECORDS, pl.col("input_of_file") * RECORDS + record.fill_null(0)
            ).alias("rank")
        )
        .drop("file", "input", "input_of_file")
    )


def inputs_agree(part: Part, ledger: pl.DataFrame, unread: pl.Series) -> Iterator[Finding]:
    """Whether documents and rejected records come of inputs that the run has read."""
    uris = pl.concat([part.identities().select("uri"), part.rejected.select("uri")]).unique(
        maintain_order=True
    )
    file = pl.col("uri").str.replace(r"#\d+$", "")
    again = pl.col("uri").is_in(unread.implode()) | file.is_in(unread.implode())
    unknown = ranks(uris, ledger).filter(pl.col("rank").is_null() & ~again)
    yield "ledger: the input of a document, or of a rejected record, is missing", unknown["uri"]


def order_agrees(part: Part, places: pl.DataFrame) -> Iterator[Finding]:
    """Whether rows are in the order of `places` (document_id, rank), and of the positions in a document."""
    for name in ("documents", "removed", "repaired"):
        table = getattr(part, name)
        position = pl.lit(0) if name == "documents" else pl.col("position").cast(pl.Int64).fill_null(-1)
        rows = (
            table.select("document_id", position.alias("position"))
            .join(places, on="document_id", how="left", maintain_order="left")
            .drop_nulls("rank")
        )
        before, here = pl.col("rank").shift(1), pl.col("rank")
        wrong = (here < before) | ((here == before) & (pl.col("position") <= pl.col("position").shift(1)))
        yield f"{name}: rows are in another order than the inputs", rows.filter(wrong)["document_id"]
