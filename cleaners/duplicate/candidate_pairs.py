"""Which rows have something in common: all their tokens, or a key by which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import KeyFilter, Pairs, in_parts, number_pairs, shared_keys
from cleaners.text.tokens import MULTIPLIER, U32, U64

#: Keys of this run that go through one filter: it takes up to 128 MB then.
KEYS_IN_FILTER: Final = 1 << 25


class Keys(NamedTuple):
    """The keys of a column, or a part of them."""

    column: str
    part: int
    parts: int
    room: int  # how many keys of this run there are in a part, about

    def mine(self, keys: U64) -> NDArray[np.bool_]:
        """Which keys are in this part; `in_parts` goes by the upper half, as it is."""
        mine: NDArray[np.bool_] = (keys * np.uint64(MULTIPLIER) >> np.uint64(33)) % np.uint64(
            self.parts
        ) == self.part
        return mine


def _parts(column: str, count: int) -> list[Keys]:
    """The parts in which a column with so many keys of this run is gone through."""
    parts = 1 + count // KEYS_IN_FILTER
    return [Keys(column, part, parts, count // parts) for part in range(parts)]


def exact_duplicates(everything: RowTables) -> tuple[U32, U32]:
    """(rows, firsts): rows that have the same tokens as another, one of them of this run; and the first of those."""
    found, firsts = [], []
    for which in _parts("exact_a", everything.new):

        def pairs_of(rows: U32, columns: pl.DataFrame, which: Keys = which) -> tuple[U32, U64, U64]:
            a, b = (columns.get_column(name).to_numpy() for name in ("exact_a", "exact_b"))
            if which.parts == 1:
                return rows, a, b
            mine = which.mine(a)
            return rows[mine], a[mine], b[mine]

        rows, a, b = _passed(everything, ("exact_a", "exact_b"), pairs_of, which.room)
        for few in in_parts(a):
            (here, numbers), _ = shared_keys(rows[few], number_pairs(a[few], b[few]), everything.first_new)
            _, at, place = np.unique(numbers, return_index=True, return_inverse=True)
            found.append(here)
            firsts.append(here[at][place])
    rows = np.concatenate(found)
    order = np.argsort(rows)
    return rows[order], np.concatenate(firsts)[order]


def all_keys(everything: RowTables, *columns: str) -> list[Keys]:
    """The parts in which these columns are gone through, bands or the rarest shingles."""
    new = everything.tables[everything.indexed :]
    keys = []
    for column in columns:
        count = everything.new
        if column == "rarest":
            lengths = pl.col(column).list.len().sum()
            count = sum(table.select(lengths).collect().item() or 0 for table in new)
        keys += _parts(column, count)
    return keys


def rows_with_common_key(everything: RowTables, which: Keys, same_numbers: bool) -> Pairs:
    """The rows that have one of these keys in common with another, one of them of this run, and the keys.

    With `same_numbers`, a key stands for the numbers too, so that rows with different ones never meet.
    """

    def pairs_of(rows: U32, columns: pl.DataFrame) -> tuple[U32, U64]:
        column, numbers = columns.get_column(which.column), columns.get_column("numbers").to_numpy()
        if column.dtype == pl.List:
            counts = column.list.len().to_numpy()
            rows, numbers = np.repeat(rows, counts), np.repeat(numbers, counts)
            keys = column.explode(empty_as_null=False, keep_nulls=False).to_numpy()
        else:
            # the filter goes by the upper bits
            keys = column.to_numpy().astype(np.uint64) << np.uint64(32)
        if same_numbers:
            keys = keys ^ numbers
        if which.parts == 1:
            return rows, keys
        mine = which.mine(keys)
        return rows[mine], keys[mine]

    rows, keys = _passed(everything, (which.column, "numbers"), pairs_of, which.room)
    pairs, _ = shared_keys(rows, keys, everything.first_new)
    return pairs


def joined(parts: Iterable[Pairs]) -> Pairs:
    """The pairs of several kinds of keys, the keys of each numbered after those of the one before."""
    rows, keys, count = [], [], 0
    for part in parts:
        rows.append(part.rows)
        keys.append(part.keys + np.uint32(count))
        count += int(part.keys.max(initial=0)) + 1
    return Pairs(np.concatenate(rows), np.concatenate(keys))


def _passed(
    everything: RowTables,
    columns: tuple[str, ...],
    pairs_of: Callable[[U32, pl.DataFrame], tuple[NDArray[Any], ...]],
    keys: int,
) -> tuple[NDArray[Any], ...]:
    """Of the arrays that `pairs_of` makes of each table, rows and keys first, those whose key a second row may have."""

    def arrays(new: bool) -> Iterator[tuple[NDArray[Any], ...]]:
        for rows, found in everything.keys(*columns, new=new):
            yield pairs_of(rows, found)

    seen = KeyFilter(keys)
    for _, marked, *_ in arrays(new=True):
        seen.mark(marked)
    passed = []
    for new, passing in ((False, seen.pass_index), (True, seen.pass_new)):
        for found in arrays(new=new):
            which = passing(found[1])
            passed.append(tuple(array[which] for array in found))
    return tuple(np.concatenate(parts) for parts in zip(*passed, strict=True))
