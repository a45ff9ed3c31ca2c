"""The rarest shingles of each paragraph: keys that every two near-duplicates have in common, without any signatures.

Put the shingles of all sets in one order, whatever it is. If two sets have a Jaccard of t or more, then one shingle
that they have in common is among the first `n - ceil(t * n) + 1` of the n of each (the prefix filter of Chaudhuri,
Ganti and Kaushik, "A primitive operator for similarity joins", 2006). The rarer the first ones are, the fewer other
sets have them; so the order goes by how often a shingle was seen when the dataset began. Counts are kept in `CELLS`
cells, which shingles share, as in the count-min sketch of Cormode and Muthukrishnan (2005) with one row: a shared
cell makes the order a little worse, and not wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.text.shingles import shingle_sets
from cleaners.text.tokens import I64, U8, U64, fmix64, kernel

CELLS: Final = 1 << 24

#: A table of the counts: one column, a row a cell.
FREQUENCIES: Final[dict[str, pl.DataType]] = {"seen": pl.UInt8()}


def count_shingles(text: pl.Series, n: int) -> pl.DataFrame:
    """How often shingles of each cell were seen in the texts, once a text; 255 stands for that and more."""
    values, _ = shingle_sets(text, n)
    return pl.DataFrame({"seen": _counted(values)})


def merge_frequencies(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tables, of which there may be none; a count stays at 255."""
    total = np.zeros(CELLS, np.uint8)
    for table in tables:
        seen = table.get_column("seen").to_numpy()
        # where the sum would pass 255, what is added is what is left to it
        total += np.minimum(seen, np.uint8(255) - total)
    return pl.DataFrame({"seen": total})


def rarest_shingles(text: pl.Series, n: int, share: tuple[int, int], frequencies: pl.DataFrame) -> pl.Series:
    """The keys (List(UInt64)) of the first shingles of each text at a threshold of `share`, a fraction.

    `frequencies` is a table of `count_shingles`. A text without a token has none.
    """
    values, offsets = shingle_sets(text, n)
    keys, counts = _rarest(values, offsets, frequencies.get_column("seen").to_numpy(), *share)
    rows = pl.Series("row", np.repeat(np.arange(len(text), dtype=np.uint32), counts)).set_sorted()
    lists = pl.DataFrame([rows, pl.Series("rarest", keys)]).group_by("row", maintain_order=True).agg("rarest")
    found = pl.DataFrame({"row": np.arange(len(text), dtype=np.uint32)}).join(
        lists, on="row", how="left", maintain_order="left"
    )
    return found.get_column("rarest").fill_null(pl.Series([[]], dtype=pl.List(pl.UInt64)))


@kernel
def _counted(values: U64) -> Any:
    seen = np.zeros(CELLS, np.uint8)
    for value in values:
        cell = value & np.uint64(CELLS - 1)
        if seen[cell] < 255:
            seen[cell] += np.uint8(1)
    return seen


@kernel
def _rarest(values: U64, offsets: I64, seen: U8, p: int, q: int) -> Any:
    """(keys, how many of each set): the keys of set r after those of set r - 1."""
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
        ranked.sort()
        first = size - -(-p * size // q) + 1
        counts[row] = first
        for i in range(first):
            keys[end] = fmix64(ranked[i])
            end += 1
    return keys[:end].copy(), counts
