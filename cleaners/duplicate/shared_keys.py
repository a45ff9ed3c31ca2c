"""Finds keys that occur more than once, among more keys than fit in memory: arrays in, arrays out.

Rows are numbered in order: first those of the index, then those of this run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.kernels import I64, U8, U32, U64, Written, kernel
from cleaners.text.tokens import fmix64

#: Approximate size of the partitions in which keys are compared: some 100 MB of memory.
KEYS_AT_ONCE: Final = 1 << 22


class Pairs(NamedTuple):
    """Pairs of a row (or a set) and a key that it has. A pair may occur more than once."""

    rows: U32
    keys: U32  # numbered from 0


class SidedPairs(NamedTuple):
    """Pairs of a row (or a set) and a key that it has; `looks` is true where it looks for others with that key."""

    rows: U32
    keys: U32  # numbered from 0
    looks: NDArray[np.bool_]


class Keys(NamedTuple):
    """64-bit keys: `low ^ high << 32`. Most are looked at only once, so they are never all put together in memory."""

    low: U64
    high: U32  # empty if it is 0 everywhere

    def at(self, places: I64) -> U64:
        """The keys at these places."""
        low: U64 = self.low[places]
        return low ^ (self.high[places].astype(np.uint64) << np.uint64(32)) if len(self.high) else low


#: What `Keys` of one part have for `high`.
NO_HIGH: Final = np.zeros(0, np.uint32)


class KeyFilter:
    """Filters keys that arrive table by table, and passes those that a second row may have.

    A key of this run passes if it was seen twice, a key of the index if this run has it. There are false positives,
    where two keys fall into the same cell, but no false negatives. Call `mark` with all keys of this run first, then
    `pass_index` with those of the index, then `pass_new` with those of this run again. There are 8 to 16 times as many
    cells as keys, each of two bits.
    """

    def __init__(self, keys: int) -> None:
        """An empty filter for about `keys` keys of this run."""
        width = max(10, (8 * keys).bit_length())
        self._shift = 64 - width
        # both bits of a cell are in one byte: one memory access
        self._cells = np.zeros(1 << width - 2, np.uint8)

    def mark(self, keys: Keys) -> None:
        """Records keys of this run."""
        _record(keys, self._cells, self._shift)

    def pass_index(self, keys: Keys) -> I64:
        """The places of those of these keys of the index that this run may have; they are recorded, too."""
        passed: I64 = _may_be_shared(keys, self._cells, self._shift, 0)
        _record(Keys(keys.at(passed), NO_HIGH), self._cells, self._shift)
        return passed

    def pass_new(self, keys: Keys) -> I64:
        """The places of those of these keys of this run that another row may have."""
        passed: I64 = _may_be_shared(keys, self._cells, self._shift, 1)
        return passed


@kernel
def _key(keys: Keys, i: int) -> Any:
    return keys.low[i] ^ np.uint64(keys.high[i]) << np.uint64(32) if len(keys.high) else keys.low[i]


@kernel
def _record(keys: Keys, cells: Written[U8], shift: int) -> Any:
    for i in range(len(keys.low)):
        place = _key(keys, i) >> np.uint64(shift)
        at, bit = np.int64(place >> np.uint64(2)), np.uint8(2 * (place & np.uint64(3)))
        once = cells[at] >> bit & np.uint8(1)
        cells[at] |= (np.uint8(1) | once << np.uint8(1)) << bit


@kernel
def _may_be_shared(keys: Keys, cells: U8, shift: int, which: int) -> Any:
    passed = np.empty(len(keys.low), np.int64)
    count: Any = 0
    for i in range(len(keys.low)):
        place = _key(keys, i) >> np.uint64(shift)
        bit = np.uint8(2 * (place & np.uint64(3)) + np.uint64(which))
        passed[count] = i
        count += np.int64(cells[np.int64(place >> np.uint64(2))] >> bit & np.uint8(1))
    return passed[:count].copy()


def hash_partitions(keys: U64) -> Iterator[I64 | slice]:
    """The positions of the keys of each partition, about KEYS_AT_ONCE each; equal keys are in the same partition."""
    partitions = 1 + len(keys) // KEYS_AT_ONCE
    if partitions == 1:
        yield slice(None)
        return
    for partition in range(partitions):
        # by the upper half: the lower half of a band key may be the same for all
        yield np.flatnonzero((keys >> np.uint64(32)) % np.uint64(partitions) == partition)


def number_pairs(a: U64, b: U64) -> U64:
    """A number for each pair of values, the same if and only if the pairs are equal."""
    first, _ = _number_distinct(a)
    second, _ = _number_distinct(b)
    numbers: U64 = first.astype(np.uint64) << np.uint64(32) | second
    return numbers


def shared_keys(rows: U32, keys: U64, first_new: int) -> tuple[Pairs, NDArray[np.bool_]]:
    """(pairs, which): the pairs whose key two or more entries have, at least one of this run, in the given order.

    `first_new` is the first row of this run. `which` is the Boolean mask of those pairs.
    """
    which = np.zeros(len(keys), np.bool_)
    numbers = np.empty(len(keys), np.uint32)
    count = 0
    for part in hash_partitions(keys):
        found, counts = _number_distinct(keys[part])
        new = np.zeros(len(counts), np.bool_)
        new[found[rows[part] >= first_new]] = True
        wanted = (counts > 1) & new
        which[part] = wanted[found]
        numbers[part] = (np.cumsum(wanted, dtype=np.uint32) + np.uint32(count) - np.uint32(1))[found]
        count += int(wanted.sum())
    return Pairs(rows[which], numbers[which]), which


@kernel
def _number_distinct(keys: U64) -> Any:
    """(numbers, counts): a number (uint32, from 0 on) for each distinct key, and how often each number occurs."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    # slots hold numbers from 1 on, so that zeroed memory means free
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
