"""The copies that a dataset or a run knows of, as numbers: which paragraph repeats which, and who printed it first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import polars as pl

from cleaners.duplicate.decisions import IN_REFERENCE
from cleaners.text.shingles import count_tokens
from flows.dataset import Dataset
from flows.dataset.tables import scan_parts
from flows.report.copies.names import Order

#: Where paragraphs with a witness are.
WITH_WITNESSES: Final = ("removed", "labelled")
#: What is known of a document.
ABOUT: Final = ("uri", "source", "url", "title", "published")
#: Reasons of paragraphs that were compared: with them, a document is as long as the article that was printed.
COMPARED: Final = ("duplicate", "duplicate_document", "too_short", "replaced")


class Links(NamedTuple):
    """Copies, and the documents that they are in.

    `documents` has a row for each document that is copied or has copies, the earliest first: `doc` (its row number),
    `document_id`, `ABOUT`, `words`, how many it had before copies were removed, and how many of them are `gone`.
    Documents without a date come last; of several without one, the one that was read first comes first. `known` is
    false where no table has the document any more; then it comes before all others.

    `rows` has a row for each copy, also for the print that it repeats: `paragraph` (a number), `place` (of the print,
    `doc` * 2**32 + position), `doc`, `words`, and `is_kept`, true for the paragraph that the others have as witness.
    """

    documents: pl.DataFrame
    rows: pl.DataFrame


def links_of(dataset: Dataset, order: Order = Order.PUBLISHED) -> Links:
    """The copies in all runs of a dataset."""
    unpublished = dataset.parts("unpublished")
    abouts = [dataset.scan("documents")]
    if unpublished:
        abouts.append(scan_parts(unpublished))
    return link(texts_of(dataset), lambda ids: _about(abouts, ids), order)


def texts_of(dataset: Dataset) -> pl.LazyFrame:
    """The rows of `removed` and `labelled` together, with the name of their table as `in`.

    Those of which a copy is in a reference are left out: its document is not of this dataset.
    """
    return _with_witnesses(dataset).filter(~is_in_reference())


def count_in_references(dataset: Dataset) -> int:
    """How many rows `texts_of` leaves out."""
    return int(_with_witnesses(dataset).select(is_in_reference().sum()).collect(engine="streaming").item())


def _with_witnesses(dataset: Dataset) -> pl.LazyFrame:
    scans = [dataset.scan(table).with_columns(pl.lit(table).alias("in")) for table in WITH_WITNESSES]
    return pl.concat(scans)


def is_in_reference() -> pl.Expr:
    """Whether the witness of a row is in a reference."""
    return pl.col("rule").str.ends_with(IN_REFERENCE).fill_null(False)


def link(
    rows: pl.LazyFrame,
    about: Callable[[pl.DataFrame], pl.DataFrame],
    order: Order = Order.PUBLISHED,
    *,
    count: bool = True,
) -> Links:
    """The copies among rows of `removed`, which have a column `in`.

    `about` gives what is known of documents: from a frame with `document_id`, a frame with that, `ABOUT`, `words` and
    `run_id`, in the order in which they were read. Without `count`, words are not counted, and no text is read.
    """
    witness = "duplicate_of_document_id"
    copies = rows.filter(pl.col(witness).is_not_null())
    ids = pl.concat([copies.select("document_id"), copies.select(document_id=witness)])
    wanted = ids.unique().collect(engine="streaming")
    documents = _in_order(wanted, about(wanted), order)
    keys = documents.lazy().select("document_id", "doc")
    words = pl.col("text").map_batches(count_tokens, return_dtype=pl.UInt32, is_elementwise=True)
    found = (
        rows.filter(pl.col(witness).is_not_null() | pl.col("reason").is_in(COMPARED))
        .join(keys, on="document_id")
        .join(
            keys.select(pl.col("document_id").alias(witness), pl.col("doc").alias("kept")),
            on=witness,
            how="left",
        )
        .select(
            "doc",
            _place("doc", "position"),
            _place("kept", "duplicate_of_position").alias("of"),
            (words if count else pl.lit(0, pl.UInt32)).alias("words"),
            (pl.col("in") == "removed").alias("is_removed"),
        )
        .collect(engine="streaming")
    )
    gone = found.filter("is_removed").group_by("doc").agg(pl.col("words").cast(pl.UInt64).sum().alias("gone"))
    documents = documents.join(gone, on="doc", how="left", maintain_order="left").with_columns(
        pl.col("gone").fill_null(0)
    )
    return Links(
        documents.with_columns(pl.col("words") + pl.col("gone")),
        _with_kept(found.filter(pl.col("of").is_not_null())),
    )


def _about(scans: list[pl.LazyFrame], ids: pl.DataFrame) -> pl.DataFrame:
    columns = ("document_id", *ABOUT, "words", "run_id")
    return pl.concat(
        [
            scan.select(columns)
            .join(ids.lazy(), on="document_id", how="semi", maintain_order="left")
            .collect(engine="streaming")
            for scan in scans
        ]
    )


def _in_order(wanted: pl.DataFrame, known: pl.DataFrame, order: Order) -> pl.DataFrame:
    """`Links.documents`, with the words that were kept.

    Documents that no table has any more come first, because their runs are older than all others.
    """
    run = pl.col("run_id").str.slice(1).cast(pl.UInt64)
    known = known.with_row_index("row").with_columns(run.alias("run")).unique("document_id", keep="first")
    by = ["known", *(["published"] if order is Order.PUBLISHED else []), "run", "row", "document_id"]
    return (
        wanted.join(known, on="document_id", how="left")
        .with_columns(pl.col("run").is_not_null().alias("known"))
        .sort(by, nulls_last=True)
        .select(
            pl.int_range(pl.len(), dtype=pl.UInt64).alias("doc"),
            "document_id",
            *ABOUT,
            pl.col("words").fill_null(0).cast(pl.UInt64),
            "known",
        )
    )


def _place(doc: str, position: str) -> pl.Expr:
    return (pl.col(doc) * (1 << 32) + pl.col(position)).alias("place")


def _with_kept(copies: pl.DataFrame) -> pl.DataFrame:
    """`Links.rows`; the kept paragraph counts as long as the longest of its copies."""
    numbered = copies.with_columns(pl.col("of").rank("dense").cast(pl.UInt32).alias("paragraph"))
    kept = numbered.group_by("paragraph").agg(pl.col("of").first().alias("place"), pl.col("words").max())
    columns = ("paragraph", "place", "words")
    rows = [
        numbered.select(*columns, pl.lit(False).alias("is_kept")),
        kept.select(*columns, pl.lit(True).alias("is_kept")),
    ]
    return pl.concat(rows).with_columns((pl.col("place") // (1 << 32)).alias("doc"))
