"""A prefilter for the index: only paragraphs that have a key in common with one of this run are loaded.

A run compares a few paragraphs with the many that earlier runs kept. Nearly all of these have no key in common with
them. One pass over the index, part by part, finds those that have. The decisions are the same as with the whole index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.kernels import U8, U32, U64, Written, kernel
from cleaners.text.tokens import fmix64

_CELLS_PER_KEY: Final = 8


class RunKeys:
    """The keys of the paragraphs of a run, column by column."""

    def __init__(self, tables: Sequence[pl.LazyFrame], columns: Sequence[str], *, same_numbers: bool) -> None:
        """The keys of `tables`, which hold fingerprints. `columns` are `exact_a` and the bands, or `rarest`.

        With `same_numbers`, the keys of all columns but `exact_a` match only between rows with equal numbers.
        """
        self._same_numbers = same_numbers
        self._sets = {}
        for column in columns:
            parts = [
                self._rows_and_keys(table.select(column, "numbers").collect(), column)[1] for table in tables
            ]
            self._sets[column] = _key_set(np.unique(np.concatenate(parts)))

    def matching_rows(self, index: pl.DataFrame) -> NDArray[np.bool_]:
        """Which rows of an index have one of the keys. The index has the same columns."""
        met = np.zeros(len(index), np.bool_)
        for column, (cells, shift, slots) in self._sets.items():
            rows, keys = self._rows_and_keys(index, column)
            found = _contains(keys, cells, shift, slots)
            if rows is None:
                met |= found
            else:
                met[rows[found]] = True
        return met

    def hashes(self) -> U64:
        """A hash of each key, in which its column has a part; 0 is none."""
        return np.concatenate(
            [_hashes(slots[slots != 0], number) for number, (_, _, slots) in enumerate(self._sets.values())]
        )

    def hashes_of(self, index: pl.DataFrame) -> tuple[U32, U64]:
        """(rows, hashes): the number of a row, and the hash of a key of it, for each key of an index."""
        rows, hashes = [], []
        for number, column in enumerate(self._sets):
            own, keys = self._rows_and_keys(index, column)
            rows.append((np.arange(len(index)) if own is None else own).astype(np.uint32))
            hashes.append(_hashes(keys, number))
        return np.concatenate(rows), np.concatenate(hashes)

    def _rows_and_keys(self, frame: pl.DataFrame, column: str) -> tuple[NDArray[np.integer[Any]] | None, U64]:
        """(rows, keys) of a column; `rows` is None if every row has exactly one key."""
        values, numbers = frame.get_column(column), frame.get_column("numbers").to_numpy()
        rows = None
        if values.null_count():
            rows = values.is_not_null().arg_true().to_numpy()
            values, numbers = values.drop_nulls(), numbers[rows]
        if values.dtype == pl.List:
            counts = values.list.len().to_numpy()
            rows = np.repeat(np.arange(len(frame)) if rows is None else rows, counts)
            numbers = np.repeat(numbers, counts)
            values = values.explode(empty_as_null=False, keep_nulls=False)
        keys = values.to_numpy()
        if keys.dtype != np.uint64:
            keys = keys.astype(np.uint64) << np.uint64(32)  # the cell of a key depends on its upper bits
        if self._same_numbers and column != "exact_a":
            keys = keys ^ numbers
        return rows, keys


def _key_set(keys: U64) -> tuple[U8, int, U64]:
    """(cells, shift, slots): a hash set of distinct keys, with a bitmap of cells that rules out most other keys."""
    width = max(10, (_CELLS_PER_KEY * len(keys)).bit_length())
    cells = np.zeros(1 << width - 3, np.uint8)
    slots = np.zeros(1 << max(4, (2 * len(keys)).bit_length()), np.uint64)
    _insert_keys(keys, cells, 64 - width, slots)
    return cells, 64 - width, slots


@kernel
def _insert_keys(keys: U64, cells: Written[U8], shift: int, slots: Written[U64]) -> Any:
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        cells[np.int64(place >> np.uint64(3))] |= np.uint8(1) << np.uint8(place & np.uint64(7))
        # 0 means an empty slot; treating the keys 0 and 1 as equal does no harm
        key = max(keys[i], np.uint64(1))
        at = np.int64(fmix64(key) & np.uint64(len(slots) - 1))
        while slots[at] != 0 and slots[at] != key:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = key


@kernel
def _contains(keys: U64, cells: U8, shift: int, slots: U64) -> Any:
    found = np.zeros(len(keys), np.bool_)
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        if cells[np.int64(place >> np.uint64(3))] >> np.uint8(place & np.uint64(7)) & np.uint8(1):
            key = max(keys[i], np.uint64(1))
            at = np.int64(fmix64(key) & np.uint64(len(slots) - 1))
            while slots[at] != 0 and slots[at] != key:
                at = (at + 1) & (len(slots) - 1)
            found[i] = slots[at] == key
    return found


def _hashes(keys: U64, column: int) -> U64:
    # 0 and 1 are equal here as they are in a set of keys
    hashes: U64 = hash_keys(np.maximum(keys, np.uint64(1)), column)
    return hashes


@kernel
def hash_keys(keys: U64, column: int) -> Any:
    """A hash of each key of a column."""
    hashes = np.empty_like(keys)
    salt = fmix64(np.uint64(column + 1))
    for i in range(len(keys)):
        hashes[i] = fmix64(keys[i] ^ salt)
    return hashes
