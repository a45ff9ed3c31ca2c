"""Postings as arrays: in which rows a key occurs.

A key is a hash of 64 bits. Its upper BUCKET_BITS are the number of a bucket, the 16 bits below are compared. So about
one row in some hundred thousand is found in vain: the caller looks at the keys of the rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from cleaners.kernels import I64, U16, U32, U64, Word, Written, helper, kernel
from cleaners.text.utf8 import starts_of

BUCKET_BITS: Final = 20
BUCKETS: Final = 1 << BUCKET_BITS
#: Numbers of 16 bits in an entry: the bits of the key that are compared, the lower half of the row, the upper half.
WIDTH: Final = 3
#: Buckets that are merged at once.
_AT_ONCE: Final = 1 << 14


class Buckets(NamedTuple):
    """The entries of all buckets, one bucket after the other."""

    starts: U32  # (BUCKETS + 1): bucket b has the entries in [starts[b], starts[b + 1])
    entries: U16  # (WIDTH x entries)


def enter(parts: Sequence[tuple[U32, U64]]) -> Buckets:
    """The buckets of some (rows, keys): the key of each row."""
    counts = np.zeros(BUCKETS, np.int64)
    for _, keys in parts:
        _count(keys, counts)
    starts = starts_of(counts)
    at, entries = starts[:-1].copy(), np.empty(WIDTH * int(starts[-1]), np.uint16)
    for rows, keys in parts:
        _enter(keys, rows, at, entries)
    return Buckets(starts.astype(np.uint32), entries)


def merged_starts(several: Sequence[U32]) -> U32:
    """The `starts` of several put together."""
    starts: I64 = np.stack(several).sum(axis=0, dtype=np.int64)
    return starts.astype(np.uint32)


#: (start, stop): the numbers from `WIDTH` x start to `WIDTH` x stop of the entries of some buckets.
EntriesOf = Callable[[int, int], U16]


def merged_entries(several: Sequence[tuple[U32, EntriesOf]], added: Sequence[int]) -> Iterator[U16]:
    """The entries of several (starts, entries) put together, in pieces; to the rows of each its number is `added`.

    Of each, only the entries of some buckets are in memory at a time.
    """
    starts = merged_starts([one for one, _ in several]).astype(np.int64)
    for first in range(0, BUCKETS, _AT_ONCE):
        at = starts[first : first + _AT_ONCE] - starts[first]
        merged = np.empty(WIDTH * int(starts[first + _AT_ONCE] - starts[first]), np.uint16)
        for (own, entries_of), rows in zip(several, added, strict=True):
            here = np.asarray(own[first : first + _AT_ONCE + 1])
            entries = np.asarray(entries_of(int(here[0]), int(here[-1])))
            _copy(here - here[0], entries, rows, at, merged)
        yield merged


def bucket_of(keys: U64) -> I64:
    """The number of each key's bucket."""
    return (keys >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)


def find(entries: U16, firsts: I64, stops: I64, keys: U64) -> U32:
    """The rows that have one of the keys, in order; each key may be in `entries` from its first place to its stop."""
    found: U32 = np.unique(_find(np.asarray(entries), firsts, stops, keys))
    return found


@kernel
def _count(keys: U64, counts: Written[I64]) -> Any:
    for key in keys:
        counts[np.int64(key >> np.uint64(64 - BUCKET_BITS))] += 1


@kernel
def _enter(keys: U64, rows: U32, at: Written[I64], entries: Written[U16]) -> Any:
    """Write each key into its bucket; `at` has the next place in each bucket."""
    for i in range(len(keys)):
        bucket = np.int64(keys[i] >> np.uint64(64 - BUCKET_BITS))
        place = WIDTH * at[bucket]
        at[bucket] += 1
        entries[place] = _compared(keys[i])
        _write_row(entries, place, rows[i])


@helper
def _compared(key: Word) -> Any:
    return np.uint16(key >> np.uint64(48 - BUCKET_BITS) & np.uint64(0xFFFF))


@helper
def _row(entries: U16, place: int) -> Any:
    return np.uint32(entries[place + 1]) | np.uint32(entries[place + 2]) << np.uint32(16)


@helper
def _write_row(entries: Written[U16], place: int, row: Word) -> Any:
    entries[place + 1] = np.uint16(row & np.uint64(0xFFFF))
    entries[place + 2] = np.uint16(row >> np.uint64(16))


@kernel
def _find(entries: U16, firsts: I64, stops: I64, keys: U64) -> Any:
    found = np.zeros(0, np.uint32)
    for store in range(2):  # they are counted first
        count = 0
        for i in range(len(keys)):
            wanted = _compared(keys[i])
            for place in range(firsts[i], stops[i], WIDTH):
                if entries[place] == wanted:
                    if store:
                        found[count] = _row(entries, place)
                    count += 1
        if not store:
            found = np.zeros(count, np.uint32)
    return found


@kernel
def _copy(starts: U32, entries: U16, added: int, at: Written[I64], merged: Written[U16]) -> Any:
    """Copy the entries of as many buckets as `at` has; `added` is added to each row."""
    for bucket in range(len(at)):
        for entry in range(np.int64(starts[bucket]), np.int64(starts[bucket + 1])):
            place = WIDTH * at[bucket]
            at[bucket] += 1
            merged[place] = entries[WIDTH * entry]
            _write_row(merged, place, np.uint64(_row(entries, WIDTH * entry)) + np.uint64(added))
