"""The place of a document among the inputs of its run, and of a kept paragraph in its document."""

from __future__ import annotations

from typing import Final

import polars as pl

RECORDS: Final = 1 << 32  # more than any input has


def ranks(uris: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """`uris` with `rank`: the place among all records of the run's inputs, null for a uri of no input in the ledger.

    The uri of a record is the uri of its file, `#`, and the number of the record.
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


def in_order(rows: pl.DataFrame, ledger: pl.DataFrame, *within: str) -> pl.DataFrame:
    """The rows sorted by run, then by input of the run, then by the columns `within` a document.

    `rows` has `uri` and `run_id` and is not empty; `ledger` has the inputs of the runs in order (uri, run_id).
    """
    ordered = [
        ranks(own, ledger.filter(pl.col("run_id") == run_id)).sort("rank", *within, maintain_order=True)
        for (run_id,), own in sorted(rows.partition_by("run_id", as_dict=True).items())
    ]
    return pl.concat(ordered).drop("rank")


def taken(removed: pl.DataFrame, repaired: pl.DataFrame) -> pl.DataFrame:
    """document_id and position of the paragraphs that are not in `documents`: removed, or `emptied` by repair."""
    emptied = repaired.filter((pl.col("field") == "text") & (pl.col("after") == ""))
    return pl.concat(
        [
            removed.select("document_id", "position", pl.lit(False).alias("emptied")),
            emptied.select("document_id", "position", pl.lit(True).alias("emptied")),
        ]
    )


def kept(documents: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """document_id, position and text of the kept paragraphs: they fill the positions that are not in `gone`, in order.

    `gone` has document_id and position, as `taken` gives them.
    """
    texts = documents.select("document_id", pl.col("text").str.split("\n\n"))
    free = (
        texts.join(gone.group_by("document_id").len(), on="document_id", how="left", maintain_order="left")
        .select("document_id", (pl.col("text").list.len() + pl.col("len").fill_null(0)).alias("paragraphs"))
        .select("document_id", pl.int_ranges(0, "paragraphs", dtype=pl.UInt32).alias("position"))
        .explode("position", empty_as_null=True, keep_nulls=True)
        .join(gone, on=["document_id", "position"], how="anti", maintain_order="left")
        .with_columns(pl.int_range(pl.len()).over("document_id").alias("place"))
    )
    texts = texts.explode("text", empty_as_null=True, keep_nulls=True).with_columns(
        pl.int_range(pl.len()).over("document_id").alias("place")
    )
    return free.join(texts, on=["document_id", "place"], how="inner", maintain_order="left").drop("place")
