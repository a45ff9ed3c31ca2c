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
from numpy.typing import NDArray

from cleaners.kernels import Flags
from cleaners.text.utf8 import starts_of, utf8

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
    table = sort_counts(table.with_columns(codes))
    return sum_counts(table, names, begins_group(table))


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


def sum_counts(table: pl.DataFrame, names: pl.Series, first: Flags) -> pl.DataFrame:
    """One row for each source and line of a sorted table, whose sources are given as codes into `names`.

    `first` is what `begins_group` returns for the table.
    """
    starts = np.flatnonzero(first)
    sizes = np.diff(starts, append=len(table))
    # most lines have one row and need no sum
    several = sizes > 1
    rows, of_these = np.flatnonzero(np.repeat(several, sizes)), starts_of(sizes[several])[:-1]
    sums = {"bodies": np.bitwise_or, "first": np.minimum, "last": np.maximum}

    def total(name: str) -> NDArray[np.generic]:
        column = table.get_column(name).to_numpy()
        summed = sums.get(name, np.add).reduceat(column[rows], of_these)
        found = column[starts].astype(summed.dtype)
        found[several] = summed
        return found

    return table.select("source", "line")[starts].select(
        names.gather(table.get_column("source").gather(starts)).alias("source"),
        "line",
        *(pl.Series(name, total(name)).cast(dtype) for name, dtype in list(COUNTS.items())[2:]),
    )


def begins_group(table: pl.DataFrame) -> Flags:
    """Whether a row of a sorted table differs in source or line from the row before it."""
    first = np.ones(len(table), np.bool_)
    columns = (pl.col("source"), pl.col("line").fill_null(0), pl.col("line").is_null())
    values = [column.to_numpy() for column in table.select(c.alias(f"{n}") for n, c in enumerate(columns))]
    first[1:] = np.any([value[1:] != value[:-1] for value in values], axis=0)
    return first
