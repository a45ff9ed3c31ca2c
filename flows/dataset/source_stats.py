"""Statistics of what a run did to each source: the history that the anomaly guards compare a run with.

The stats of a run have a row for each source and one for the whole run. They are part of the run: they are rolled back
or expire with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from cleaners import REASONS

KEY: Final = ("whole", "source")

#: `words_squared` is the sum of the squares of the documents' words; a column for each reason has the words removed.
SCHEMA: Final[dict[str, pl.DataType]] = {
    "run_id": pl.String(),
    "whole": pl.Boolean(),  # the row of the whole run, whose source is null
    "source": pl.String(),
    "documents": pl.UInt32(),
    "paragraphs": pl.UInt32(),
    "words": pl.UInt64(),
    "words_squared": pl.Float64(),
    "repaired": pl.UInt32(),
    "rejected": pl.UInt32(),
    "cluster": pl.UInt32(),
    **{reason: pl.UInt64() for reason in REASONS},
    "lossy_quotes": pl.UInt32(),  # paragraphs kept in which question marks may stand for quotes
}
#: Columns that the first datasets have not.
LATER: Final = ("lossy_quotes",)
MEASURES: Final = ("removed", *REASONS, "rejected", "mojibake", "cluster")

#: In how many documents of a source a paragraph was removed as a duplicate of the same witness.
CLUSTERS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "witness": pl.String(),
    "position": pl.UInt32(),
    "documents": pl.UInt32(),
}
_COUNTS: Final = (
    *("documents", "paragraphs", "words", "words_squared", "repaired", "rejected", *REASONS),
    "lossy_quotes",
)


def stats_of_shard(frame: pl.DataFrame, rejected: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(stats, clusters) of one shard: `SCHEMA` without run_id, whole and cluster, a row a source; and `CLUSTERS`.

    `frame` has the paragraphs with document, document_id, source, text, words, reason, before and the witness;
    `rejected` has the uris of rejected inputs. The source of a rejected input is the name of its folder, as for text
    files; that of a rejected record in a file is unknown, and the folder of the file stands in for it.
    """
    # it brings ftfy, which a run without new inputs does not need
    from cleaners.encoding import may_have_lost_quotes

    kept = frame.select("document", "text").filter(frame.get_column("reason").is_null())
    lossy = kept.filter(may_have_lost_quotes(kept.get_column("text"))).get_column("document")
    documents = frame.group_by("document").agg(
        pl.col("source").first(),
        pl.len().alias("paragraphs"),
        pl.col("words").sum().cast(pl.UInt64),
        pl.col("before").is_not_null().sum().alias("repaired"),
    )
    removed = frame.select("source", "reason", "words").filter(pl.col("reason").is_not_null())
    folder = pl.col("uri").str.extract(r"([^/]+)/[^/#]*$", 1)
    counted = pl.concat(
        [
            documents.join(
                lossy.to_frame().group_by("document").len("lossy_quotes"), on="document", how="left"
            )
            .group_by("source")
            .agg(
                pl.len().alias("documents"),
                pl.col("words").cast(pl.Float64).pow(2).sum().alias("words_squared"),
                pl.col("paragraphs", "words", "repaired", "lossy_quotes").sum(),
            ),
            removed.group_by("source").agg(
                pl.col("words").filter(pl.col("reason") == reason).sum().alias(reason) for reason in REASONS
            ),
            rejected.group_by(folder.alias("source")).agg(pl.len().alias("rejected")),
        ],
        how="diagonal_relaxed",
    )
    clusters = (
        frame.filter(
            pl.col("duplicate_of_document_id").is_not_null()
            & (pl.col("duplicate_of_document_id") != pl.col("document_id"))
        )
        .group_by("source", "duplicate_of_document_id", "duplicate_of_position")
        .agg(pl.col("document_id").n_unique())
    )
    clusters.columns = list(CLUSTERS)
    return _summed(counted), clusters.select(pl.col(name).cast(dtype) for name, dtype in CLUSTERS.items())


def merge_source_stats(
    run_id: str, source_stats: Iterable[pl.DataFrame], clusters: Iterable[pl.DataFrame]
) -> pl.DataFrame:
    """The stats of a run (`SCHEMA`) from those of its shards: the whole run first, then its sources by name."""
    counted = _summed(pl.concat(source_stats))
    size = pl.col("documents")
    witnesses = pl.concat(clusters)
    by_source = (
        witnesses.group_by("source", "witness", "position").agg(size.sum()).group_by("source").agg(size.max())
    )
    largest = witnesses.group_by("witness", "position").agg(size.sum()).get_column("documents").max()
    sources = counted.join(
        by_source.rename({"documents": "cluster"}), on="source", how="left", nulls_equal=True
    ).with_columns(pl.lit(False).alias("whole"))
    whole = counted.select(
        pl.lit(True).alias("whole"), pl.lit(None, pl.String).alias("source"), pl.col(*_COUNTS).sum()
    ).with_columns(pl.lit(largest).alias("cluster"))
    both = pl.concat([whole, sources.sort("source")], how="diagonal_relaxed")
    return both.with_columns(pl.lit(run_id).alias("run_id"), pl.col("cluster").fill_null(0)).select(
        pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()
    )


def shares(counts: pl.DataFrame) -> pl.DataFrame:
    """All measures of each row of stats, as shares: the columns of `KEY`, documents, measure, share, size.

    `size` is the number of documents or inputs that the share is taken of, for shares of words Kish's effective number
    of documents. A row without any has no share.
    """
    removed = pl.sum_horizontal(*REASONS)
    by_words = pl.col("words").cast(pl.Float64).pow(2) / pl.col("words_squared")
    of: dict[str, tuple[pl.Expr, pl.Expr, pl.Expr]] = {
        "removed": (removed, pl.col("words"), by_words),
        **{reason: (pl.col(reason), pl.col("words"), by_words) for reason in REASONS},
        "rejected": (pl.col("rejected"), (inputs := pl.col("rejected") + pl.col("documents")), inputs),
        "mojibake": (pl.col("repaired"), pl.col("paragraphs"), pl.col("documents")),
        "cluster": (pl.col("cluster"), pl.col("documents"), pl.col("documents")),
    }
    return pl.concat(
        counts.filter(whole > 0).select(
            *KEY,
            "documents",
            pl.lit(measure).alias("measure"),
            (part / whole).cast(pl.Float64).alias("share"),
            size.cast(pl.Float64).alias("size"),
        )
        for measure, (part, whole, size) in of.items()
    )


def lossy_quotes(stats: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """(source, paragraphs in which question marks may stand for quotes) for each source of a run that has any.

    The source with most comes first; "" are documents without a source.
    """
    found = stats.filter(~pl.col("whole") & (pl.col("lossy_quotes") > 0))
    found = found.sort("lossy_quotes", descending=True, maintain_order=True)
    return tuple(found.select(pl.col("source").fill_null(""), "lossy_quotes").iter_rows())


def last_of_each(source_stats: pl.DataFrame, window: int) -> pl.DataFrame:
    """The last `window` rows of each source, and of whole runs, in the order of the runs."""
    return (
        source_stats.unique(["run_id", *KEY], keep="last")
        .sort("run_id", *KEY)
        .filter(pl.int_range(pl.len(), 0, -1).over(KEY) <= window)
    )


def _summed(counted: pl.DataFrame) -> pl.DataFrame:
    """One row for each source, with all counts."""
    missing = [pl.lit(0).alias(name) for name in _COUNTS if name not in counted.columns]
    return (
        counted.with_columns(missing)
        .group_by("source")
        .agg(pl.col(*_COUNTS).fill_null(0).sum())
        .select("source", *(pl.col(name).cast(SCHEMA[name]) for name in _COUNTS))
    )
