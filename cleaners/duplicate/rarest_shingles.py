"""The rarest shingles of each paragraph: exact candidate keys, without signatures.

Any two near-duplicates have one of these keys in common. Sort the shingles of all sets in one global order, whatever it
is. If two sets have a Jaccard of at least t, then a common shingle is among the first `n - ceil(t * n) + 1` of the n
shingles of each (the prefix filter of Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity joins", 2006).

The rarer the first shingles are, the fewer other sets have them. The order is therefore by how often a shingle was seen
when the dataset began. The counts are a count-min sketch with one row (Cormode and Muthukrishnan, 2005) of `CELLS`
cells. Shingles that share a cell make the order a little less effective, never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U64, kernel
from cleaners.text.shingles import shingle_sets, sort
from cleaners.text.tokens import fmix64

CELLS: Final = 1 << 24

#: The schema of a table of shingle frequencies: one column, one row for each cell.
FREQUENCIES: Final[dict[str, pl.DataType]] = {"seen": pl.UInt8()}


def count_shingles(text: pl.Series, n: int) -> pl.DataFrame:
    """The shingle frequencies of the texts: how often the shingles of each cell occur, capped at 255.

    A shingle counts once for each text.
    """
    values, _ = shingle_sets(text, n)
    return pl.DataFrame({"seen": _count_per_cell(values)})


def merge_frequencies(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The sum of the tables, of which there may be none. Counts are capped at 255."""
    total = np.zeros(CELLS, np.uint8)
    for table in tables:
        seen = table.get_column("seen").to_numpy()
        # add at most what is left up to 255, so that nothing overflows
        total += np.minimum(seen, np.uint8(255) - total)
    return pl.DataFrame({"seen": total})


def rarest_shingles(
    text: pl.Series, n: int, threshold: Fraction | None, frequencies: pl.DataFrame
) -> pl.Series:
    """The keys of the rarest shingles of each text, as List(UInt64).

    There are as many as the prefix filter needs at the `threshold`, or all of them if it is None, the rarest first.
    `frequencies` is a table of `count_shingles`. A text without a token has an empty list.
    """
    values, offsets = shingle_sets(text, n)
    share = (0, 1) if threshold is None else threshold.as_integer_ratio()
    keys, counts = _rarest_keys(values, offsets, frequencies.get_column("seen").to_numpy(), *share)
    rows = pl.Series("row", np.repeat(np.arange(len(text), dtype=np.uint32), counts)).set_sorted()
    lists = pl.DataFrame([rows, pl.Series("rarest", keys)]).group_by("row", maintain_order=True).agg("rarest")
    found = pl.DataFrame({"row": np.arange(len(text), dtype=np.uint32)}).join(
        lists, on="row", how="left", maintain_order="left"
    )
    return found.get_column("rarest").fill_null(pl.Series([[]], dtype=pl.List(pl.UInt64)))


@kernel
def _count_per_cell(values: U64) -> Any:
    seen = np.zeros(CELLS, np.uint8)
    for value in values:
        cell = value & np.uint64(CELLS - 1)
        if seen[cell] < 255:
            seen[cell] += np.uint8(1)
    return seen


@kernel
def _rarest_keys(values: U64, offsets: I64, seen: U8, p: int, q: int) -> Any:
    """(keys, counts): the keys of all sets one after the other, and how many each set has."""
    keys = np.empty(len(values), np.uint64)
    counts = np.zeros(len(offsets) - 1, np.int64)
    end = 0
    for row in range(len(counts)):
        start, size = offsets[row], offsets[row + 1] - offsets[row]
        if size == 0:
            continue
        ranked = np.empty(size, np.uint64)
        for i in range(size):
            value = values[start + i]
            ranked[i] = np.uint64(seen[value & np.uint64(CELLS - 1)]) << np.uint64(56) | value >> np.uint64(8)
        sort(ranked, size)
        first = min(size, size - -(-p * size // q) + 1)
        counts[row] = first
        for i in range(first):
            keys[end] = fmix64(ranked[i])
            end += 1
    return keys[:end].copy(), counts
