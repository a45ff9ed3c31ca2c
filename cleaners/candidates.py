"""Which rows share a key with another one, and the buckets in which the keep rule looks for candidates.

Arrays in, arrays out. Rows, and sets, are numbered in their order: those of the index first, then those of this run.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.row_tables import starts_of
from cleaners.tokens import I64, MULTIPLIER, U64, fmix64, kernel

Bits = NDArray[np.uint8]

#: A bucket with more rows than this is crowded.
CROWDED: Final = 200


class Sets(NamedTuple):
    """The different sets of shingles of which any has a key, or all its tokens, in common with another; in order.

    The order is that of the first row of each; the index's come first.
    """

    first_new: int  # the number of the first set that is not the index's
    shingles: U64
    offsets: (
        I64  # (sets + 1): set s is `shingles[offsets[s]:offsets[s + 1]]`, sorted; empty where it has no key
    )
    numbers: U64  # sets with different ones are not compared


class Pairs(NamedTuple):
    """Pairs of a row, or a set, and a key that it has."""

    rows: I64
    keys: I64  # numbered from 0


class Buckets(NamedTuple):
    """Where each set stands once a row of it is kept, and where it looks for candidates: in its buckets' partners.

    Buckets from `first_prefix` on are those of the prefix filter, the others hold the sets of one key.
    """

    key_offsets: I64  # (sets + 1): set s has the keys `keys[key_offsets[s]:key_offsets[s + 1]]`
    keys: I64  # numbered from 0
    bucket_offsets: I64  # (sets + 1): set s is in `buckets[bucket_offsets[s]:bucket_offsets[s + 1]]`
    buckets: I64
    member_starts: I64  # (buckets + 1): where each bucket begins in an array of the sets of all buckets
    partners: I64  # for most buckets the bucket itself
    first_prefix: int


class KeyFilter:
    """Finds, among keys that come table by table, those that a second row may have too.

    A key of this run passes if it came twice, a key of the index if this run has it; now and then one passes that
    should not, because two keys fall on the same bit, and never the other way round. First `mark` this run's keys, then
    let the index's `pass_index`, then this run's `pass_new`. Two bits for each of 8 to 16 times the number of keys.
    """

    def __init__(self, keys: int) -> None:
        """Room for so many keys of this run."""
        self._width = max(10, (8 * keys).bit_length())
        self._once = np.zeros(1 << self._width - 3, np.uint8)
        self._twice = np.zeros(1 << self._width - 3, np.uint8)

    def mark(self, keys: U64) -> None:
        """Takes note of this run's keys."""
        _mark(keys, self._once, self._twice, 64 - self._width)

    def pass_index(self, keys: U64) -> NDArray[np.bool_]:
        """Which of the index's keys this run may have; takes note of them."""
        passed: NDArray[np.bool_] = _pass(keys, self._once, 64 - self._width)
        _mark(keys[passed], self._twice, self._twice, 64 - self._width)
        return passed

    def pass_new(self, keys: U64) -> NDArray[np.bool_]:
        """Which of this run's keys another row may have."""
        passed: NDArray[np.bool_] = _pass(keys, self._twice, 64 - self._width)
        return passed


@kernel
def _mark(keys: U64, once: Bits, twice: Bits, shift: int) -> Any:
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        at, bit = np.int64(place >> np.uint64(3)), np.uint8(1) << np.uint8(place & np.uint64(7))
        twice[at] |= once[at] & bit
        once[at] |= bit


@kernel
def _pass(keys: U64, bits: Bits, shift: int) -> Any:
    passed = np.zeros(len(keys), np.bool_)
    for i in range(len(keys)):
        place = keys[i] >> np.uint64(shift)
        passed[i] = bits[np.int64(place >> np.uint64(3))] >> np.uint8(place & np.uint64(7)) & np.uint8(1)
    return passed


@kernel
def _number(keys: U64) -> Any:
    """Numbers for the keys from 0 on, the same for the same key, and how often each number comes."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    slots, known = np.full(size, -1), np.empty(len(keys), np.uint64)
    numbers, counts = np.empty(len(keys), np.int64), np.zeros(len(keys), np.int64)
    count = 0
    for i in range(len(keys)):
        at = np.int64(fmix64(keys[i]) & np.uint64(size - 1))
        while slots[at] >= 0 and known[slots[at]] != keys[i]:
            at = (at + 1) & (size - 1)
        if slots[at] < 0:
            slots[at] = count
            known[count] = keys[i]
            count += 1
        numbers[i] = slots[at]
        counts[slots[at]] += 1
    return numbers, counts[:count].copy()


def number_pairs(a: U64, b: U64) -> U64:
    """A number for each pair of values, the same for the same pair and for no other."""
    first, _ = _number(a)
    second, _ = _number(b)
    numbers: U64 = first.astype(np.uint64) << np.uint64(32) | second.astype(np.uint64)
    return numbers


def shared_keys(rows: I64, keys: U64, first_new: int) -> tuple[Pairs, NDArray[np.bool_]]:
    """(pairs, which): the pairs whose key two rows have, one of them of this run, in the order in which they are given.

    `first_new` is the first row of this run; `which` tells for all pairs whether they are there.
    """
    numbers, counts = _number(keys)
    new = np.zeros(len(counts), np.bool_)
    new[numbers[rows >= first_new]] = True
    wanted = (counts > 1) & new
    pairs = wanted[numbers]
    return Pairs(rows[pairs], (np.cumsum(wanted) - 1)[numbers[pairs]]), pairs


def plain_buckets(pairs: Pairs, sets: int) -> Buckets:
    """A bucket for each key; the pairs are of sets, in their order, of which there are so many."""
    offsets = starts_of(np.bincount(pairs.rows, minlength=sets))
    counts = np.bincount(pairs.keys)
    return Buckets(
        offsets, pairs.keys, offsets, pairs.keys, starts_of(counts), np.arange(len(counts)), len(counts)
    )


def uncrowded_buckets(plain: Buckets, members: Sets, threshold: Fraction) -> Buckets:
    """The buckets with those of a prefix filter in place of the crowded ones, where there are any.

    Near-misses by the thousand, as stock reports from one template are, fill a bucket of which every member is then
    compared with every other. The prefix filter (Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity
    joins", 2006) misses nothing: put each set in one order, rarest shingle first; if two sets of a and b
    shingles have o in common, then one of these is among the first a - o + 1 of the one and the first b - o + 1 of the
    other. A Jaccard of t needs o >= t / (1 + t) * (a + b), so each set looks at partners of about one size at a time
    (`_size_classes`), for which few of its shingles do. Only sets with equal `numbers` meet.
    """
    crowded = np.bincount(plain.keys) > CROWDED
    if not crowded.any():
        return plain
    counts = np.diff(plain.key_offsets)
    pair_rows, in_crowd = np.repeat(np.arange(len(counts)), counts), crowded[plain.keys]
    rows = np.unique(pair_rows[in_crowd])
    sizes = members.offsets[rows + 1] - members.offsets[rows]
    ranked, first_shared = _ranked(rows, sizes, members)
    found, keys, sides = _prefixes(
        ranked,
        starts_of(sizes),
        first_shared,
        _size_classes(int(sizes.max())),
        threshold.numerator,
        threshold.denominator,
    )
    (found, keys), which = shared_keys(rows[found], keys, members.first_new)
    sides = sides[which]
    first_prefix = int((~crowded).sum())
    all_rows = np.concatenate((pair_rows[~in_crowd], found))
    # three buckets for each key of the filter: sets that look for their own size class, for a larger, for a smaller
    all_buckets = np.concatenate(
        ((np.cumsum(~crowded) - 1)[plain.keys[~in_crowd]], first_prefix + 3 * keys + sides)
    )
    triples = int(keys.max()) + 1 if len(keys) else 0
    order = np.argsort(all_rows, kind="stable")
    return plain._replace(
        bucket_offsets=starts_of(np.bincount(all_rows, minlength=len(counts))),
        buckets=all_buckets[order],
        member_starts=starts_of(np.bincount(all_buckets, minlength=first_prefix + 3 * triples)),
        partners=np.concatenate(
            (np.arange(first_prefix), first_prefix + (3 * np.arange(triples)[:, None] + [0, 2, 1]).ravel())
        ),
        first_prefix=first_prefix,
    )


def _ranked(rows: I64, sizes: I64, members: Sets) -> tuple[I64, int]:
    """The shingles of each row as ranks by frequency, rarest first, and the first rank that comes more than once."""
    local = np.repeat(np.arange(len(rows)), sizes)
    at = np.arange(len(local)) + np.repeat(members.offsets[rows] - starts_of(sizes)[:-1], sizes)
    names, counts = _number(members.shingles[at] ^ np.repeat(members.numbers[rows], sizes))
    order = np.argsort(counts, kind="stable")
    ranks = np.empty(len(counts), np.int64)
    ranks[order] = np.arange(len(counts))
    # row and rank in one number: half the memory, and a faster sort, than a sort by two columns
    ranked = np.sort(local << 32 | ranks[names]) & 0xFFFFFFFF
    return ranked, int(np.searchsorted(counts[order], 2))


def _size_classes(largest: int) -> I64:
    """Where each class of sizes begins: every size up to 25 by itself, from there on 4 % to a class."""
    starts = [0]
    while starts[-1] <= largest * 2:
        starts.append(max(starts[-1] + 1, starts[-1] * 26 // 25))
    return np.array(starts, np.int64)


@kernel
def _prefixes(ranked: I64, offsets: I64, first_shared: int, classes: I64, p: int, q: int) -> Any:
    """(rows, keys, sides): for each row and each class of sizes that it may match, keys of its first shingles.

    A key stands for the shingle and the two classes; the side is 0 if they are the same, 1 if the row's own is the
    smaller, 2 if it is the larger.
    """
    total = 0
    found, keys, sides = np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint8)
    for counting in (True, False):
        if not counting:
            found, keys, sides = (
                np.empty(total, np.int64),
                np.empty(total, np.uint64),
                np.empty(total, np.uint8),
            )
            total = 0
        for row in range(len(offsets) - 1):
            start, size = offsets[row], offsets[row + 1] - offsets[row]
            skipped = 0
            while skipped < size and ranked[start + skipped] < first_shared:
                skipped += 1
            own = np.searchsorted(classes, size, side="right") - 1
            smallest, largest = -(-p * size // q), min(size * q // p, classes[-1])
            first = np.searchsorted(classes, smallest, side="right") - 1
            last = np.searchsorted(classes, largest, side="right") - 1
            for other in range(first, last + 1):
                wanted = -(-p * (size + max(smallest, classes[other])) // (p + q))
                for i in range(start + skipped, start + size - wanted + 1):
                    if not counting:
                        low, high = np.uint64(min(own, other)), np.uint64(max(own, other))
                        h = (np.uint64(ranked[i]) * np.uint64(MULTIPLIER) + low) * np.uint64(
                            MULTIPLIER
                        ) + high
                        found[total], keys[total] = row, fmix64(h)
                        sides[total] = 0 if own == other else 1 if own < other else 2
                    total += 1
    return found, keys, sides
