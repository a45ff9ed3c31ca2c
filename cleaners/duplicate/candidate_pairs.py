"""Candidate pairs: rows that have all their tokens in common, or a key of the near-duplicate search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import tee
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import (
    NO_HIGH,
    KeyFilter,
    Keys,
    Pairs,
    hash_partitions,
    number_pairs,
    shared_keys,
)
from cleaners.kernels import U32, U64
from cleaners.text.tokens import MULTIPLIER


class _Entries(NamedTuple):
    """Rows, their keys, and what else belongs to them."""

    rows: U32
    keys: Keys
    others: tuple[NDArray[Any], ...] = ()


#: Keys of this run that go through the filters of one group, which then take up to 128 MB.
KEYS_IN_FILTER: Final = 1 << 25
#: Up to this many keys of this run, over all columns of a group, are held in memory rather than read twice.
KEYS_HELD: Final = 1 << 23


class KeyPartition(NamedTuple):
    """One partition of the keys of some columns; several columns have only one. They are null in the same rows."""

    columns: tuple[str, ...]
    partition: int
    partitions: int
    expected_keys: int  # the approximate number of keys of this run in the partition, for each column

    def contains(self, keys: U64) -> NDArray[np.bool_]:
        """Which keys belong to this partition.

        The keys are multiplied first, so that this is independent of `hash_partitions`, which uses their upper half.
        """
        hashes = keys * np.uint64(MULTIPLIER) >> np.uint64(33)
        inside: NDArray[np.bool_] = hashes % np.uint64(self.partitions) == self.partition
        return inside


def _partitions(columns: tuple[str, ...], count: int, most: int | None) -> list[KeyPartition]:
    """The partitions, of about `most` keys, of columns that have `count` keys of this run each."""
    partitions = 1 + count // (most or KEYS_IN_FILTER)
    return [KeyPartition(columns, number, partitions, count // partitions) for number in range(partitions)]


def exact_duplicates(row_tables: RowTables, same_numbers: bool) -> tuple[U32, U32]:
    """(rows, firsts): the rows whose tokens equal those of another row, and for each the first row of this run of them.

    With `same_numbers`, their numbers are equal, too: of equal tokens, some may be in a code. At least one row of each
    such group is of this run. `rows` is sorted.
    """
    parts = [rows_with_same_tokens(row_tables, which, same_numbers) for which in exact_partitions(row_tables)]
    return in_order(parts)


def exact_partitions(row_tables: RowTables, most: int | None = None) -> list[KeyPartition]:
    """The partitions of the hashes of token sequences, of `most` hashes each, by default KEYS_IN_FILTER."""
    return _partitions(("exact_a",), row_tables.new_rows, most)


def in_order(parts: Sequence[tuple[U32, U32]]) -> tuple[U32, U32]:
    """Pairs of rows, sorted by the first of each."""
    rows, others = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    order = np.argsort(rows)
    return rows[order], others[order]


def rows_with_same_tokens(row_tables: RowTables, which: KeyPartition, same_numbers: bool) -> tuple[U32, U32]:
    """What `exact_duplicates` returns of one partition, in any order."""
    found, firsts = [], []

    def entries_of(rows: U32, columns: pl.DataFrame) -> Iterator[_Entries]:
        a, b, numbers = (columns.get_column(name).to_numpy() for name in ("exact_a", "exact_b", "numbers"))
        if same_numbers:
            b = b ^ numbers
        if which.partitions > 1:
            inside = which.contains(a)
            rows, a, b = rows[inside], a[inside], b[inside]
        yield _Entries(rows, Keys(a, NO_HIGH), (b,))

    ((rows, a, b),) = _filter_keys(row_tables, which, ("exact_b", "numbers"), entries_of)
    for few in hash_partitions(a):
        (here, numbers), _ = shared_keys(rows[few], number_pairs(a[few], b[few]), row_tables.first_new)
        new = here >= row_tables.first_new
        _, at = np.unique(numbers[new], return_index=True)
        found.append(here)
        firsts.append(here[new][at][np.unique(numbers, return_inverse=True)[1]])
    return np.concatenate(found), np.concatenate(firsts)


def key_partitions(
    row_tables: RowTables, *columns: str, workers: int, most: int | None = None
) -> list[KeyPartition]:
    """The partitions of the given key columns, bands or `rarest`, of `most` keys each, by default KEYS_IN_FILTER.

    Columns are read together, as many as fit into memory, but in a group for each worker at least.
    """
    if columns == ("rarest",):
        lengths = pl.col("rarest").list.len().sum()
        new = row_tables.tables[row_tables.indexed :]
        return _partitions(columns, sum(table.select(lengths).collect().item() or 0 for table in new), most)
    size = min(max(1, KEYS_IN_FILTER // max(1, row_tables.new_rows)), -(-len(columns) // workers))
    groups = (columns[first : first + size] for first in range(0, len(columns), size))
    return [one for group in groups for one in _partitions(group, row_tables.new_rows, most)]


def rows_with_common_key(row_tables: RowTables, which: KeyPartition, same_numbers: bool) -> list[Pairs]:
    """For each column, the pairs of row and key, for keys of the partition that two rows have, one of them of this run.

    With `same_numbers`, the hash of the numbers is part of the key, so that rows with different numbers never match.
    """

    def entries_of(rows: U32, columns: pl.DataFrame) -> Iterator[_Entries]:
        numbers = columns.get_column("numbers").to_numpy()
        if not same_numbers:
            numbers = np.zeros_like(numbers)
        for name in which.columns:
            column, owners = columns.get_column(name), rows
            if column.dtype == pl.List:
                counts = column.list.len().to_numpy()
                owners = np.repeat(rows, counts)
                values = column.explode(empty_as_null=False, keep_nulls=False).to_numpy()
                keys = Keys(values ^ np.repeat(numbers, counts), NO_HIGH)
            else:
                keys = Keys(numbers, column.to_numpy())  # the filter uses the upper bits
            if which.partitions > 1:
                inside = np.flatnonzero(which.contains(whole := keys.at(np.arange(len(owners)))))
                owners, keys = owners[inside], Keys(whole[inside], NO_HIGH)
            yield _Entries(owners, keys)

    found = _filter_keys(row_tables, which, ("numbers",), entries_of)
    return [shared_keys(rows, keys, row_tables.first_new)[0] for rows, keys in found]


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
    which: KeyPartition,
    others: tuple[str, ...],
    entries_of: Callable[[U32, pl.DataFrame], Iterator[_Entries]],
) -> list[tuple[NDArray[Any], ...]]:
    """For each column of the partition, (rows, keys, *others): the entries whose key a second row may have.

    `entries_of` makes them of the rows of a table, and of the columns of the partition and the `others`. The result has
    those of the index first, then those of this run.
    """

    def read(new: bool) -> Iterator[list[_Entries]]:
        for rows, found in row_tables.keys(*which.columns, *others, new=new):
            yield [*entries_of(rows, found)]

    filters = [KeyFilter(which.expected_keys) for _ in which.columns]
    few = len(filters) * which.expected_keys <= KEYS_HELD
    new, again = tee(read(new=True)) if few else (read(new=True), read(new=True))
    for table in new:
        for seen, entries in zip(filters, table, strict=True):
            seen.mark(entries.keys)
    passed: list[list[tuple[NDArray[Any], ...]]] = [[] for _ in filters]
    for tables, passing in ((read(new=False), KeyFilter.pass_index), (again, KeyFilter.pass_new)):
        for table in tables:
            for seen, (rows, keys, more), found in zip(filters, table, passed, strict=True):
                some = passing(seen, keys)
                found.append((rows[some], keys.at(some), *(each[some] for each in more)))
    return [tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) for found in passed]
