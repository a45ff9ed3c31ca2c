"""Which keys come more than once, among more of them than should be held at a time: arrays in, arrays out.

Rows are numbered in their order: those of the index first, then those of this run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.text.tokens import I64, U8, U32, U64, fmix64, kernel

#: Keys are compared in parts of about so many: some 100 MB of memory.
KEYS_AT_ONCE: Final = 1 << 22


class Pairs(NamedTuple):
    """Pairs of a row, or a set, and a key that it has; the same one may come more than once."""

    rows: U32
    keys: U32  # numbered from 0


class KeyFilter:
    """Finds, among keys that come table by table, those that a second row may have too.

    A key of this run passes if it came twice, a key of the index if this run has it; now and then one passes that
    should not, because two keys fall into the same cell, and never the other way round. First `mark` this run's keys,
    then let the index's `pass_index`, then this run's `pass_new`. There are 8 to 16 times as many cells, of two bits,
    as keys.
    """

    def __init__(self, keys: int) -> None:
        """Room for so many keys of this run."""
        width = max(10, (8 * keys).bit_length())
        self._shift = 64 - width
        self._cells = np.zeros(1 << width - 2, np.uint8)  # a cell has both its bits in one byte, fetched once

    def mark(self, keys: U64) -> None:
        """Takes note of this run's keys."""
        _mark(keys, self._cells, self._shift)

    def pass_index(self, keys: U64) -> NDArray[np.bool_]:
        """Which of the index's keys this run may have; takes note of them."""
        passed: NDArray[np.bool_] = _pass(keys, self._cells, self._shift, 0)
        _mark(keys[passed], self._cells, self._shift)
        return passed

    def pass_new(self, keys: U64) -> NDArray[np.bool_]:
        """Which of this run's keys another row may have."""
        passed: NDArray[np.bool_] = _pass(keys, self._cells, self._shift, 1)
        return passed


@kernel
def _mark(keys: U64, cells: U8, shift: int) -> Any:
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        at, bit = np.int64(place >> np.uint64(2)), np.uint8(2 * (place & np.uint64(3)))
        once = cells[at] >> bit & np.uint8(1)
        cells[at] |= (np.uint8(1) | once << np.uint8(1)) << bit


@kernel
def _pass(keys: U64, cells: U8, shift: int, which: int) -> Any:
    passed = np.empty(len(keys), np.bool_)
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        bit = np.uint8(2 * (place & np.uint64(3)) + np.uint64(which))
        passed[i] = cells[np.int64(place >> np.uint64(2))] >> bit & np.uint8(1)
    return passed


def in_parts(keys: U64) -> Iterator[I64 | slice]:
    """Where the keys of each part are, of about KEYS_AT_ONCE; the same keys are in the same part."""
    parts = 1 + len(keys) // KEYS_AT_ONCE
    if parts == 1:
        yield slice(None)
        return
    for part in range(parts):
        # the upper half: the lower one of a band's key may be the same for all
        yield np.flatnonzero((keys >> np.uint64(32)) % np.uint64(parts) == part)


def number_pairs(a: U64, b: U64) -> U64:
    """A number for each pair of values, the same for the same pair and for no other."""
    first, _ = _number(a)
    second, _ = _number(b)
    numbers: U64 = first.astype(np.uint64) << np.uint64(32) | second
    return numbers


def shared_keys(rows: U32, keys: U64, first_new: int) -> tuple[Pairs, NDArray[np.bool_]]:
    """(pairs, which): the pairs whose key two rows have, one of them of this run, in the order in which they are given.

    `first_new` is the first row of this run; `which` tells for all pairs whether they are there.
    """
    which = np.zeros(len(keys), np.bool_)
    numbers = np.empty(len(keys), np.uint32)
    count = 0
    for part in in_parts(keys):
        found, counts = _number(keys[part])
        new = np.zeros(len(counts), np.bool_)
        new[found[rows[part] >= first_new]] = True
        wanted = (counts > 1) & new
        which[part] = wanted[found]
        numbers[part] = (np.cumsum(wanted, dtype=np.uint32) + np.uint32(count) - np.uint32(1))[found]
        count += int(wanted.sum())
    return Pairs(rows[which], numbers[which]), which


@kernel
def _number(keys: U64) -> Any:
    """Numbers (uint32) for the keys from 0 on, the same for the same key, and how often each number comes."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    # slots count from 1, so that a slot which nobody took is what new memory holds
    slots, known = np.zeros(size, np.uint32), np.empty(len(keys), np.uint64)
    numbers, counts = np.empty(len(keys), np.uint32), np.zeros(len(keys), np.uint32)
    count = 0
    for i in range(len(keys)):
        at = np.int64(fmix64(keys[i]) & np.uint64(size - 1))
        while slots[at] > 0 and known[slots[at] - 1] != keys[i]:
            at = (at + 1) & (size - 1)
        if slots[at] == 0:
            known[count] = keys[i]
            count += 1
            slots[at] = count
        numbers[i] = slots[at] - 1
        counts[numbers[i]] += 1
    return numbers, counts[:count].copy()
