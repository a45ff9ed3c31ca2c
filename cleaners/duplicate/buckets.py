"""The buckets in which the keep rule looks for candidates, and which sets can have any near-duplicate there.

Arrays in, arrays out. Sets are numbered in their order: those of the index first, then those of this run.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.shared_keys import Pairs, shared_keys
from cleaners.text.shingles import different_bits
from cleaners.text.tokens import I64, MULTIPLIER, U32, U64, fmix64, kernel
from cleaners.text.utf8 import starts_of

#: A bucket with more sets than this is crowded.
CROWDED: Final = 200


class Sets(NamedTuple):
    """The different sets of shingles of which any has a key, or all its tokens, in common with another; in order.

    The order is that of the first row of each; the index's come first.
    """

    first_new: int  # the number of the first set that is not the index's
    shingles: U64
    offsets: (
        I64  # (sets + 1): set s is `shingles[offsets[s]:offsets[s + 1]]`, sorted; empty where no key matters
    )
    numbers: U64  # sets with different ones are not compared


class Buckets(NamedTuple):
    """Where each set stands once a row of it is kept, and where it looks for candidates: in its buckets' partners.

    Buckets from `first_prefix` on are those of the prefix filter, the others hold the sets of one key.
    """

    key_offsets: I64  # (sets + 1): set s has the keys `keys[key_offsets[s]:key_offsets[s + 1]]`
    keys: U32  # numbered from 0
    bucket_offsets: I64  # (sets + 1): set s is in `buckets[bucket_offsets[s]:bucket_offsets[s + 1]]`
    buckets: U32
    member_starts: I64  # (buckets + 1): where each bucket begins in an array of the sets of all buckets
    partners: U32  # for most buckets the bucket itself
    first_prefix: int


def plain_buckets(pairs: Pairs, sets: int) -> Buckets:
    """A bucket for each key; the pairs are of sets, of which there are so many."""
    offsets, keys = _grouped(pairs.rows, pairs.keys, sets)
    counts = np.bincount(pairs.keys)
    everyone = np.arange(len(counts), dtype=np.uint32)
    return Buckets(offsets, keys, offsets, keys, starts_of(counts), everyone, len(counts))


@kernel
def _grouped(rows: U32, values: U32, count: int) -> Any:
    """(offsets, values): the values of row r are those from `offsets[r]` to before `offsets[r + 1]`."""
    offsets = np.zeros(count + 2, np.int64)
    for row in rows:
        offsets[row + 2] += 1
    for row in range(count):
        offsets[row + 2] += offsets[row + 1]
    grouped = np.empty(len(values), values.dtype)
    for i in range(len(values)):
        grouped[offsets[rows[i] + 1]] = values[i]
        offsets[rows[i] + 1] += 1
    return offsets[: count + 1].copy(), grouped


def may_have_match(
    pairs: Pairs, sizes: I64, bitmaps: U64, numbers: U64, threshold: Fraction
) -> NDArray[np.bool_]:
    """Which sets may have a near-duplicate among those with which they share a key.

    `sizes` and `bitmaps` are those of `shingles.sketches`, `numbers` as in `Sets`. A set in a crowded bucket always
    may: nobody looks at so many.
    """
    keys = int(pairs.keys.max(initial=0)) + 1
    starts, members = _grouped(pairs.keys, pairs.rows, keys)
    p, q = threshold.as_integer_ratio()
    found: NDArray[np.bool_] = _may_have_match(starts, members, sizes, bitmaps, numbers, p, q, CROWDED)
    return found


@kernel
def _may_have_match(
    starts: I64, members: U32, sizes: I64, bitmaps: U64, numbers: U64, p: int, q: int, crowded: int
) -> Any:
    may_have_match = np.zeros(len(sizes), np.bool_)
    for bucket in range(len(starts) - 1):
        start, stop = starts[bucket], starts[bucket + 1]
        if stop - start > crowded:
            may_have_match[members[start:stop]] = True
            continue
        for i in range(start, stop):
            one = members[i]
            for j in range(start, stop):
                if may_have_match[one]:
                    break
                other = members[j]
                if other != one and may_be_near(sizes, bitmaps, numbers, one, other, p, q):
                    may_have_match[one] = may_have_match[other] = True
    return may_have_match


@kernel
def may_be_near(sizes: Any, bitmaps: U64, numbers: U64, one: int, other: int, p: int, q: int) -> Any:
    """Whether sizes, numbers and bitmaps of two sets allow for a Jaccard of `p / q`."""
    size, other_size = np.int64(sizes[one]), np.int64(sizes[other])
    if min(size, other_size) * q < p * max(size, other_size) or numbers[one] != numbers[other]:
        return False
    wanted = least_in_common(size, other_size, p, q)
    return different_bits(bitmaps, one, other) <= size + other_size - 2 * wanted


@kernel
def least_in_common(size: Any, other_size: Any, p: int, q: int) -> Any:
    """How many shingles two sets of these sizes have in common if their Jaccard is `p / q` or more."""
    return -(-p * (size + other_size) // (p + q))


def uncrowded_buckets(plain: Buckets, members: Sets, threshold: Fraction) -> Buckets:
    """The buckets with those of a prefix filter in place of the crowded ones, where there are any.

    Near-misses by the thousand, as stock reports from one template are, fill a bucket of which every member is then
    compared with every other. The prefix filter (Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity
    joins", 2006) misses nothing: put each set in one order, rarest shingle first; if two sets of a and b
    shingles have o in common, then one of these is among the first a - o + 1 of the one and the first b - o + 1 of the
    other. A Jaccard of t needs o >= t / (1 + t) * (a + b), so each set looks at partners of about one size at a time
    (`_size_classes`), for which few of its shingles do. Only sets with equal `numbers` meet.
    """
    crowded = np.diff(plain.member_starts) > CROWDED
    if not crowded.any():
        return plain
    counts = np.diff(plain.key_offsets)
    pair_rows, in_crowd = np.repeat(np.arange(len(counts), dtype=np.uint32), counts), crowded[plain.keys]
    rows = np.unique(pair_rows[in_crowd])
    found, keys, sides = _prefixes(
        rows,
        members,
        _size_classes(int((members.offsets[rows + 1] - members.offsets[rows]).max())),
        threshold.numerator,
        threshold.denominator,
    )
    (found, keys), which = shared_keys(found, keys, members.first_new)
    sides = sides[which]
    first_prefix = int((~crowded).sum())
    all_rows = np.concatenate((pair_rows[~in_crowd], found))
    # three buckets for each key of the filter: sets that look for their own size class, for a larger, for a smaller
    others = (np.cumsum(~crowded, dtype=np.uint32) - np.uint32(1))[plain.keys[~in_crowd]]
    all_buckets = np.concatenate((others, np.uint32(first_prefix) + np.uint32(3) * keys + sides))
    triples = int(keys.max()) + 1 if len(keys) else 0
    offsets, buckets = _grouped(all_rows, all_buckets, len(counts))
    of_triples = first_prefix + (3 * np.arange(triples)[:, None] + [0, 2, 1]).ravel()
    return plain._replace(
        bucket_offsets=offsets,
        buckets=buckets,
        member_starts=starts_of(np.bincount(all_buckets, minlength=first_prefix + 3 * triples)),
        partners=np.concatenate((np.arange(first_prefix), of_triples)).astype(np.uint32),
        first_prefix=first_prefix,
    )


def _size_classes(largest: int) -> I64:
    """Where each class of sizes begins: every size up to 25 by itself, from there on 4 % to a class."""
    starts = [0]
    while starts[-1] <= largest * 2:
        starts.append(max(starts[-1] + 1, starts[-1] * 26 // 25))
    return np.array(starts, np.int64)


@kernel
def _seen(rows: U32, members: Sets) -> Any:
    """How often the shingles of each cell come in these sets; few shingles share a cell, which is no harm."""
    total = np.int64(0)
    for row in rows:
        total += members.offsets[row + 1] - members.offsets[row]
    cells = 1 << 10
    while cells < 2 * total and cells < 1 << 25:
        cells *= 2
    seen = np.zeros(cells, np.uint32)
    for row in rows:
        for i in range(members.offsets[row], members.offsets[row + 1]):
            seen[np.int64(_of_numbers(members, row, i) & np.uint64(cells - 1))] += np.uint32(1)
    return seen


@kernel
def _of_numbers(members: Sets, row: int, i: int) -> Any:
    """A shingle of a set, as another one with other numbers would not have it."""
    return members.shingles[i] ^ members.numbers[row]


@kernel
def _prefixes(rows: U32, members: Sets, classes: I64, p: int, q: int) -> Any:
    """(rows, keys, sides): for each set and each class of sizes that it may match, keys of its first shingles.

    A key stands for the shingle and the two classes; the side is 0 if they are the same, 1 if the set's own is the
    smaller, 2 if it is the larger. Shingles are in the order of how often they were seen, up to a million times; the
    order may hold two for the same, which makes them the same to the filter.
    """
    seen = _seen(rows, members)
    last_cell, most = np.uint64(len(seen) - 1), np.uint32((1 << 20) - 1)
    room, anyone = 0, np.zeros(len(classes), np.bool_)
    for row in rows:
        size = members.offsets[row + 1] - members.offsets[row]
        room = max(room, size)
        anyone[np.searchsorted(classes, size, side="right") - 1] = True
    ranked = np.empty(room, np.uint64)
    found, keys, sides = np.empty(1024, np.uint32), np.empty(1024, np.uint64), np.empty(1024, np.uint8)
    total = 0
    for row in rows:
        start = members.offsets[row]
        size = members.offsets[row + 1] - start
        # what only one set has is no key, and stands first in any order
        alone = 0
        for i in range(size):
            shingle = _of_numbers(members, row, start + i)
            often = seen[np.int64(shingle & last_cell)]
            if often > 1:
                ranked[i - alone] = np.uint64(min(often, most)) << np.uint64(44) | shingle >> np.uint64(20)
            else:
                alone += 1
        ranked[: size - alone].sort()
        own = np.searchsorted(classes, size, side="right") - 1
        smallest, largest = -(-p * size // q), min(size * q // p, classes[-1])
        first = np.searchsorted(classes, smallest, side="right") - 1
        last = np.searchsorted(classes, largest, side="right") - 1
        for other in range(first, last + 1):
            if not anyone[other]:
                continue
            wanted = least_in_common(size, max(smallest, classes[other]), p, q)
            prefix = size - wanted + 1 - alone
            if prefix <= 0:
                continue
            if total + prefix > len(found):
                length = 2 * (total + prefix)
                found, keys, sides = _longer(found, length), _longer(keys, length), _longer(sides, length)
            low, high = np.uint64(min(own, other)), np.uint64(max(own, other))
            for i in range(prefix):
                h = (ranked[i] * np.uint64(MULTIPLIER) + low) * np.uint64(MULTIPLIER) + high
                found[total], keys[total] = row, fmix64(h)
                sides[total] = 0 if own == other else 1 if own < other else 2
                total += 1
    return found[:total].copy(), keys[:total].copy(), sides[:total].copy()


@kernel
def _longer(values: Any, length: int) -> Any:
    """The values with room for so many."""
    longer = np.empty(length, values.dtype)
    longer[: len(values)] = values
    return longer
