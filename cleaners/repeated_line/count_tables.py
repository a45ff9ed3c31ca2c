"""Tables of counts: what they hold, and how they add up.

A table holds some thirty bytes a line, fewer on the disk, and nothing of its text, so tables may be kept, split by the
first bits of `line`, and added to later; the sum does not depend on how the documents were split.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from cleaners.text.utf8 import utf8

#: A table of counts. The row whose `line` is null counts the documents of its source, whatever stands in them.
COUNTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "line": pl.UInt64(),  # hash of the folded line (`folding.line_hashes`), or of its template (`line_templates`)
    "documents": pl.UInt32(),  # documents that hold it
    "lines": pl.UInt32(),  # how often it stands in them,
    "head": pl.UInt32(),  # of these above the first long paragraph,
    "tail": pl.UInt32(),  # and of these below the last one, where there is one
    "bodies": pl.UInt64(),  # a set of 64 bins, one bit each, for the longest paragraphs of those documents
    "first": pl.UInt16(),  # the day when the first of them was published, counted from 1970; UNDATED if none is known
    "last": pl.UInt16(),  # and the last of them; 0 if none is known
}

BINS: Final = 64
#: Where more documents than this share a body, bodies are counted and not documents.
MAX_DOCUMENTS_PER_BODY: Final = 4
UNDATED: Final = 0xFFFF


def merge(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tables from `count` or `merge`, in whatever order they are given; ordered by source and line.

    No document may have been counted in two of them. Tables that were split by `line` are merged part by part; the
    rows with a null `line` belong into one part only.
    """
    if not tables:
        return pl.DataFrame(schema=COUNTS)
    if len(tables) == 1:
        return tables[0].select(*COUNTS)
    table = pl.concat([table.select(*COUNTS) for table in tables])
    names, codes = coded(table.get_column("source"))
    return added_up(in_order(table.with_columns(codes)), names)


def different_bodies(bodies: pl.Expr) -> pl.Expr:
    """How many different bodies a set of bins stands for (Float64); of more than some 250 it cannot tell the number."""
    empty = (BINS - bodies.bitwise_count_ones().cast(pl.Float64)).clip(1)
    # linear counting (Whang, Vander-Zanden and Taylor 1990): so many things leave so many bins empty
    return -BINS * (empty / BINS).log()


def bins(text: pl.Series) -> pl.Series:
    """The bin of each text, one bit of 64 (UInt64), chosen by its hash (BLAKE2b)."""
    data, offsets = utf8(text)
    digests = b"".join(
        [blake2b(data.data[start:stop], digest_size=8).digest() for start, stop in pairwise(offsets.tolist())]
    )
    numbers = np.frombuffer(digests, "<u8").astype(np.uint64) % np.uint64(BINS)
    return pl.Series(np.left_shift(np.uint64(1), numbers), dtype=pl.UInt64)


def enough_bodies(least: int) -> pl.Expr:
    """Whether lines have about as many different bodies as documents, one for MAX_DOCUMENTS_PER_BODY at the least.

    Of `least` documents and fewer each must have its own.
    """
    documents = pl.col("documents")
    wanted = pl.max_horizontal(
        pl.min_horizontal(pl.lit(least), documents), documents // MAX_DOCUMENTS_PER_BODY
    )
    return different_bodies(pl.col("bodies")) >= 0.8 * wanted.clip(upper_bound=BINS)


def coded(sources: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(the different sources in order, the place of each source among them): quicker to sort and to compare."""
    runs = sources.rle()  # of a document, or a table in order, they are the same for long
    values = runs.struct.field("value")
    names = values.unique().sort()
    places = values.cast(pl.Enum(names)).to_physical().cast(pl.UInt32)
    return names, pl.Series(sources.name, np.repeat(places.to_numpy(), runs.struct.field("len").to_numpy()))


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """The rows ordered by source and line, a null first, the sources given as small numbers.

    Rows that are equal in both come in any order. Two sorts by numbers are quicker than one by two columns.
    """
    line = table.get_column("line")
    order = line.fill_null(0).to_numpy().argsort()
    place = (table.get_column("source") * 2 + line.is_not_null()).to_numpy()
    smallest = np.min_scalar_type(place.max(initial=0))
    return table[order[place[order].astype(smallest).argsort(kind="stable")]]


def added_up(table: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """One row for each source and line of a table that is in order, its sources given as places in `names`."""
    first = table.select(differs("source", "line")).to_series()
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


def differs(*names: str) -> pl.Expr:
    """Whether a row differs in one of these columns from the row before it."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)
