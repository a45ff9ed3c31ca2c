"""Candidate pairs: rows that have all their tokens in common, or a key of the near-duplicate search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import KeyFilter, Pairs, hash_partitions, number_pairs, shared_keys
from cleaners.kernels import U32, U64
from cleaners.text.tokens import MULTIPLIER

#: Keys of this run that go through one filter, which then takes up to 128 MB.
KEYS_IN_FILTER: Final = 1 << 25


class KeyPartition(NamedTuple):
    """One partition of the keys of a column."""

    column: str
    partition: int
    partitions: int
    expected_keys: int  # the approximate number of keys of this run in the partition

    def contains(self, keys: U64) -> NDArray[np.bool_]:
        """Which keys belong to this partition.

        The keys are multiplied first, so that this is independent of `hash_partitions`, which uses their upper half.
        """
        hashes = keys * np.uint64(MULTIPLIER) >> np.uint64(33)
        inside: NDArray[np.bool_] = hashes % np.uint64(self.partitions) == self.partition
        return inside


def _partitions(column: str, count: int) -> list[KeyPartition]:
    """The partitions of a column that has `count` keys of this run."""
    partitions = 1 + count // KEYS_IN_FILTER
    return [KeyPartition(column, number, partitions, count // partitions) for number in range(partitions)]


def exact_duplicates(row_tables: RowTables) -> tuple[U32, U32]:
    """(rows, firsts): the rows whose tokens equal those of another row, and for each the first row with those tokens.

    At least one row of each such group is of this run. `rows` is sorted.
    """
    found, firsts = [], []
    for which in _partitions("exact_a", row_tables.new_rows):

        def pairs_of(rows: U32, columns: pl.DataFrame, which: KeyPartition = which) -> tuple[U32, U64, U64]:
            a, b = (columns.get_column(name).to_numpy() for name in ("exact_a", "exact_b"))
            if which.partitions == 1:
                return rows, a, b
            inside = which.contains(a)
            return rows[inside], a[inside], b[inside]

        rows, a, b = _filter_keys(row_tables, ("exact_a", "exact_b"), pairs_of, which.expected_keys)
        for few in hash_partitions(a):
            (here, numbers), _ = shared_keys(rows[few], number_pairs(a[few], b[few]), row_tables.first_new)
            _, at, place = np.unique(numbers, return_index=True, return_inverse=True)
            found.append(here)
            firsts.append(here[at][place])
    rows = np.concatenate(found)
    order = np.argsort(rows)
    return rows[order], np.concatenate(firsts)[order]


def key_partitions(row_tables: RowTables, *columns: str) -> list[KeyPartition]:
    """The partitions of the given key columns: bands, or `rarest`."""
    new = row_tables.tables[row_tables.indexed :]
    keys = []
    for column in columns:
        count = row_tables.new_rows
        if column == "rarest":
            lengths = pl.col(column).list.len().sum()
            count = sum(table.select(lengths).collect().item() or 0 for table in new)
        keys += _partitions(column, count)
    return keys


def rows_with_common_key(row_tables: RowTables, which: KeyPartition, same_numbers: bool) -> Pairs:
    """The pairs of row and key, for keys of the partition that two or more rows have, at least one of this run.

    With `same_numbers`, the hash of the numbers is part of the key, so that rows with different numbers never match.
    """

    def pairs_of(rows: U32, columns: pl.DataFrame) -> tuple[U32, U64]:
        column, numbers = columns.get_column(which.column), columns.get_column("numbers").to_numpy()
        if column.dtype == pl.List:
            counts = column.list.len().to_numpy()
            rows, numbers = np.repeat(rows, counts), np.repeat(numbers, counts)
            keys = column.explode(empty_as_null=False, keep_nulls=False).to_numpy()
        else:
            # the filter uses the upper bits
            keys = column.to_numpy().astype(np.uint64) << np.uint64(32)
        if same_numbers:
            keys = keys ^ numbers
        if which.partitions == 1:
            return rows, keys
        inside = which.contains(keys)
        return rows[inside], keys[inside]

    rows, keys = _filter_keys(row_tables, (which.column, "numbers"), pairs_of, which.expected_keys)
    pairs, _ = shared_keys(rows, keys, row_tables.first_new)
    return pairs


def concatenate_pairs(parts: Iterable[Pairs]) -> Pairs:
    """The pairs of all parts; the keys of each part are numbered after those of the part before."""
    rows, keys, count = [], [], 0
    for part in parts:
        rows.append(part.rows)
        keys.append(part.keys + np.uint32(count))
        count += int(part.keys.max(initial=0)) + 1
    return Pairs(np.concatenate(rows), np.concatenate(keys))


def _filter_keys(
    row_tables: RowTables,
    columns: tuple[str, ...],
    pairs_of: Callable[[U32, pl.DataFrame], tuple[NDArray[Any], ...]],
    keys: int,
) -> tuple[NDArray[Any], ...]:
    """The entries whose key a second row may have, of the arrays that `pairs_of` makes of each table.

    `pairs_of` returns the rows first and their keys second. The result has the index first, then this run.
    """

    def arrays(new: bool) -> Iterator[tuple[NDArray[Any], ...]]:
        for rows, found in row_tables.keys(*columns, new=new):
            yield pairs_of(rows, found)

    seen = KeyFilter(keys)
    for _, new_keys, *_ in arrays(new=True):
        seen.mark(new_keys)
    passed = []
    for new, passing in ((False, seen.pass_index), (True, seen.pass_new)):
        for found in arrays(new=new):
            which = passing(found[1])
            passed.append(tuple(array[which] for array in found))
    return tuple(np.concatenate(parts) for parts in zip(*passed, strict=True))
