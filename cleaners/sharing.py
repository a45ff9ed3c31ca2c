"""Which rows have something in common: all their tokens, or a key by which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.candidates import KeyFilter, Pairs, number_pairs, shared_keys
from cleaners.row_tables import RowTables
from cleaners.tokens import I64, U64

#: A column is gone through in parts of about so many keys of this run: some 500 MB of memory.
KEYS_AT_ONCE: Final = 1 << 24


class Keys(NamedTuple):
    """A part of the keys of a table: those of a column, or every so manieth of them."""

    column: str
    part: int = 0
    parts: int = 1


def twins(everything: RowTables) -> tuple[I64, I64]:
    """(rows, firsts): rows that have the same tokens as another, one of them of this run; and the first of those."""
    parts = 1 + everything.new // KEYS_AT_ONCE
    found, firsts = [], []
    for part in range(parts):

        def pairs_of(rows: I64, columns: pl.DataFrame, part: int = part) -> tuple[I64, U64, U64]:
            a, b = (columns.get_column(name).to_numpy() for name in ("exact_a", "exact_b"))
            chosen = (a >> np.uint64(32)) % np.uint64(parts) == part
            return rows[chosen], a[chosen], b[chosen]

        rows, a, b = _passed(everything, ("exact_a", "exact_b"), pairs_of, everything.new // parts)
        (here, numbers), _ = shared_keys(rows, number_pairs(a, b), everything.first_new)
        _, at, place = np.unique(numbers, return_index=True, return_inverse=True)
        found.append(here)
        firsts.append(here[at][place])
    rows = np.concatenate(found)
    order = np.argsort(rows)
    return rows[order], np.concatenate(firsts)[order]


def in_parts(everything: RowTables, *columns: str) -> list[Keys]:
    """The parts in which these columns are gone through, bands or the rarest shingles."""
    new = everything.tables[everything.indexed :]
    keys = []
    for column in columns:
        count = everything.new
        if column == "rarest":
            lengths = pl.col(column).list.len().sum()
            count = sum(table.select(lengths).collect().item() or 0 for table in new)
        parts = 1 + count // KEYS_AT_ONCE
        keys += [Keys(column, part, parts) for part in range(parts)]
    return keys


def sharing(everything: RowTables, which: Keys, same_numbers: bool) -> Pairs:
    """The rows that have one of these keys in common with another, one of them of this run, and the keys.

    With `same_numbers`, a key stands for the numbers too, so that rows with different ones never meet.
    """

    def pairs_of(rows: I64, columns: pl.DataFrame) -> tuple[I64, U64]:
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
        # the upper half: the lower one of a band's key may be the same for all
        chosen = (keys >> np.uint64(32)) % np.uint64(which.parts) == which.part
        return rows[chosen], keys[chosen]

    rows, keys = _passed(
        everything, (which.column, "numbers"), pairs_of, KEYS_AT_ONCE if which.parts > 1 else everything.new
    )
    pairs, _ = shared_keys(rows, keys, everything.first_new)
    return pairs


def joined(parts: Iterable[Pairs]) -> Pairs:
    """The pairs of several kinds of keys, the keys of each numbered after those of the one before; by row."""
    rows, keys, count = [], [], 0
    for part in parts:
        rows.append(part.rows)
        keys.append(part.keys + count)
        count += int(part.keys.max(initial=-1)) + 1
    row, key = np.concatenate(rows), np.concatenate(keys)
    order = np.argsort(row, kind="stable")
    return Pairs(row[order], key[order])


def _passed(
    everything: RowTables,
    columns: tuple[str, ...],
    pairs_of: Callable[[I64, pl.DataFrame], tuple[NDArray[Any], ...]],
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
