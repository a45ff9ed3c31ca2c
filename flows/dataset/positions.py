"""The place of a document among the inputs of its run, and of a kept paragraph in its document."""

from __future__ import annotations

import polars as pl


def file_of(uri: pl.Expr) -> pl.Expr:
    """The uri of the input that a document or a rejected row comes from: `#` stands only after it."""
    return uri.str.replace(r"(?s)#.*$", "")


def ranks(records: pl.DataFrame) -> pl.DataFrame:
    """document_id and rank: the place of each document, first in each run, among those that the runs read.

    `records` has them in the order of reading, and may have other columns.
    """
    return (
        records.select("document_id")
        .with_row_index("rank")
        .with_columns(pl.col("rank").cast(pl.Int64))
        .unique("document_id", keep="first", maintain_order=True)
    )


def in_order(rows: pl.DataFrame, records: pl.DataFrame, *within: str) -> pl.DataFrame:
    """The rows sorted by the place of their document in `records`, then by the columns `within` a document."""
    return (
        rows.join(ranks(records), on="document_id", how="left", maintain_order="left")
        .sort("rank", *within, maintain_order=True)
        .drop("rank")
    )


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
