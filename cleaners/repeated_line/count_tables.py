"""Tables of line counts: their schema, and how to add them up.

A table takes some thirty bytes a line, fewer on disk, and holds no text. Tables may therefore be kept, partitioned by
the first bits of `line`, and added up later. The sum does not depend on how the documents were split.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from cleaners.text.utf8 import utf8

#: The schema of a table of counts. A row whose `line` is null counts all documents of its source.
COUNTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "line": pl.UInt64(),  # the hash of the folded line, of its template, or of a closing sentence; see `line_keys`
    "documents": pl.UInt32(),  # the number of documents that hold it
    "lines": pl.UInt32(),  # the number of its occurrences,
    "head": pl.UInt32(),  # of those above the first long paragraph,
    "tail": pl.UInt32(),  # and of those below the last one, where there is one
    "bodies": pl.UInt64(),  # a set of 64 bins, one bit each, for the longest paragraphs of those documents
    "first": pl.UInt16(),  # the earliest day of publication, in days from 1970 on; UNDATED if none is known
    "last": pl.UInt16(),  # the latest day of publication; 0 if none is known
}

BINS: Final = 64
#: A line needs at least one distinct body for this many documents.
MAX_DOCUMENTS_PER_BODY: Final = 4
UNDATED: Final = 0xFFFF


def merge_counts(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tables of counts, in any order; the result is sorted by source and line.

    The tables come from `line_counts.count_source_lines` or from this function.

    No document may be counted in two of them. Tables partitioned by `line` are merged partition by partition; the rows
    with a null `line` must be in one partition only.
    """
    if not tables:
        return pl.DataFrame(schema=COUNTS)
    if len(tables) == 1:
        return tables[0].select(*COUNTS)
    table = pl.concat([table.select(*COUNTS) for table in tables])
    names, codes = encode_sources(table.get_column("source"))
    return sum_counts(sort_counts(table.with_columns(codes)), names)


def different_bodies(bodies: pl.Expr) -> pl.Expr:
    """The estimated number of distinct bodies in a set of bins (Float64), reliable up to about 250."""
    empty = (BINS - bodies.bitwise_count_ones().cast(pl.Float64)).clip(1)
    # linear counting: Whang, Vander-Zanden and Taylor (1990)
    return -BINS * (empty / BINS).log()


def body_bins(text: pl.Series) -> pl.Series:
    """The bin of each text: one bit of 64 (UInt64), chosen by the BLAKE2b hash of the text."""
    data, offsets = utf8(text)
    digests = b"".join(
        [blake2b(data.data[start:stop], digest_size=8).digest() for start, stop in pairwise(offsets.tolist())]
    )
    numbers = np.frombuffer(digests, "<u8").astype(np.uint64) % np.uint64(BINS)
    return pl.Series(np.left_shift(np.uint64(1), numbers), dtype=pl.UInt64)


def enough_bodies(least: int) -> pl.Expr:
    """Whether a line has about as many distinct bodies as documents: at least one for MAX_DOCUMENTS_PER_BODY.

    In up to `least` documents, each must have a body of its own.
    """
    documents = pl.col("documents")
    wanted = pl.max_horizontal(
        pl.min_horizontal(pl.lit(least), documents), documents // MAX_DOCUMENTS_PER_BODY
    )
    return different_bodies(pl.col("bodies")) >= 0.8 * wanted.clip(upper_bound=BINS)


def encode_sources(sources: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(names, codes): the distinct sources in order, and for each row its index there; codes sort faster than text."""
    runs = sources.rle()  # a document, or a sorted table, has long runs of one source
    values = runs.struct.field("value")
    names = values.unique().sort()
    places = values.cast(pl.Enum(names)).to_physical().cast(pl.UInt32)
    return names, pl.Series(sources.name, np.repeat(places.to_numpy(), runs.struct.field("len").to_numpy()))


def sort_counts(table: pl.DataFrame) -> pl.DataFrame:
    """The rows sorted by source code and line, null lines first.

    The order of rows that are equal in both is undefined. Two sorts by numbers are faster than one by two columns.
    """
    line = table.get_column("line")
    order = line.fill_null(0).to_numpy().argsort()
    place = (table.get_column("source") * 2 + line.is_not_null()).to_numpy()
    smallest = np.min_scalar_type(place.max(initial=0))
    return table[order[place[order].astype(smallest).argsort(kind="stable")]]


def sum_counts(table: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """One row for each source and line of a sorted table, whose sources are given as codes into `names`."""
    first = table.select(differs_from_previous("source", "line")).to_series()
    starts = first.arg_true().to_numpy()
    sums = {"bodies": np.bitwise_or, "first": np.minimum, "last": np.maximum}
    return table.filter(first).select(
        names.gather(table.get_column("source").filter(first)).alias("source"),
        "line",
        *(
            pl.Series(name, sums.get(name, np.add).reduceat(table.get_column(name).to_numpy(), starts)).cast(
                dtype
            )
            for name, dtype in list(COUNTS.items())[2:]
        ),
    )


def differs_from_previous(*names: str) -> pl.Expr:
    """Whether a row differs from the row before it in any of these columns."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)
