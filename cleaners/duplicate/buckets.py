"""The buckets in which the keep rule looks for candidates, and a check which sets can have a near-duplicate at all.

Arrays in, arrays out. Sets are numbered in order: first those of the index, then those of this run.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.pair_rule import may_be_near, may_contain, required_overlap
from cleaners.duplicate.shared_keys import Pairs, SidedPairs, shared_keys
from cleaners.kernels import I64, U32, U64, Integer, Rows, helper, kernel
from cleaners.text.shingles import sort
from cleaners.text.tokens import MULTIPLIER, fmix64
from cleaners.text.utf8 import starts_of

#: A bucket with more sets than this is crowded; see `uncrowded_buckets`.
CROWDED: Final = 200
#: Pairs of shingles are the keys of the prefix filter if there are at most this many for each single one.
PAIRS_WORTH: Final = 4


class Sets(NamedTuple):
    """The distinct shingle sets of rows that have a key, or all their tokens, in common with another row.

    They are in the order of the first row of each set, so those of the index come first.
    """

    shingles: U64
    #: (sets + 1): set s is `shingles[offsets[s]:offsets[s + 1]]`, sorted; empty where the set has no key
    offsets: I64
    numbers: U64  # the hash of the numbers of each set; sets with different ones are not compared


class Buckets(NamedTuple):
    """The buckets of each set: it is added to them once a row of it is kept, and finds candidates in their partners.

    A bucket below `first_prefix` holds the sets of one key. The others belong to the prefix filter.
    """

    key_offsets: I64  # (sets + 1): set s has the keys `keys[key_offsets[s]:key_offsets[s + 1]]`
    keys: U32  # numbered from 0
    bucket_offsets: I64  # (sets + 1): set s is in `buckets[bucket_offsets[s]:bucket_offsets[s + 1]]`
    buckets: U32
    member_starts: I64  # (buckets + 1): where each bucket starts in an array of the sets of all buckets
    partners: U32  # for each bucket the one to search; mostly the bucket itself
    first_prefix: int


def plain_buckets(pairs: Pairs, set_count: int) -> Buckets:
    """One bucket for each key. `pairs` are pairs of set and key."""
    offsets, keys = _group_by_row(pairs.rows, pairs.keys, set_count)
    counts = np.bincount(pairs.keys)
    everyone = np.arange(len(counts), dtype=np.uint32)
    return Buckets(offsets, keys, offsets, keys, starts_of(counts), everyone, len(counts))


@kernel
def _group_by_row(rows: U32, values: U32, count: int) -> Any:
    """(offsets, values): the values of row r are `values[offsets[r]:offsets[r + 1]]`, in the given order."""
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
    pairs: Pairs | SidedPairs, sizes: I64, bitmaps: U64, numbers: U64, threshold: Fraction, *, contains: bool
) -> NDArray[np.bool_]:
    """Which sets may have a near-duplicate, or be the witness of one, among the sets that share a key with them.

    `sizes` and `bitmaps` are those of `shingles.sketches`, `numbers` as in `Sets`, `contains` as in `Compared`. The
    answer for a set in a crowded bucket is always true, since comparing all pairs there would take too long.
    """
    keys = int(pairs.keys.max(initial=0)) + 1
    starts, members = _group_by_row(pairs.keys, pairs.rows, keys)
    p, q = threshold.as_integer_ratio()
    found: NDArray[np.bool_] = _may_have_match(
        starts, members, sizes, bitmaps, numbers, contains, p, q, CROWDED
    )
    return found


@kernel
def _may_have_match(
    starts: I64,
    members: U32,
    sizes: I64,
    bitmaps: Rows[U64],
    numbers: U64,
    contains: bool,
    p: int,
    q: int,
    crowded: int,
) -> Any:
    found = np.zeros(len(sizes), np.bool_)
    for bucket in range(len(starts) - 1):
        if starts[bucket + 1] - starts[bucket] > crowded:
            found[members[starts[bucket] : starts[bucket + 1]]] = True
    for bucket in range(len(starts) - 1):
        start, stop = starts[bucket], starts[bucket + 1]
        for i in range(start, stop):
            one = members[i]
            for j in range(start, stop):
                if found[one]:
                    break
                other = members[j]
                if other == one:
                    continue
                if contains:  # either of the two may be the later one
                    is_near = may_contain(sizes, bitmaps, one, other, p, q)
                    is_near |= may_contain(sizes, bitmaps, other, one, p, q)
                else:
                    is_near = may_be_near(sizes, bitmaps, numbers, one, other, p, q)
                if is_near:
                    found[one] = found[other] = True
    return found


def uncrowded_buckets(plain: Buckets, members: Sets, first_new: int, threshold: Fraction) -> Buckets:
    """The buckets, with those of a prefix filter in place of the crowded ones. `first_new` is this run's first set.

    Thousands of near-misses, such as stock reports from one template, fill a bucket, and every member would then be
    compared with every other. The prefix filter (Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity
    joins", 2006) avoids that and misses nothing. Sort the shingles of each set in one global order, rarest first. If
    two sets of a and b shingles have o in common, then one of these is among the first a - o + 1 of the one set and
    among the first b - o + 1 of the other.

    Where a template has few fields, many sets have a shingle in common, and still only near-misses. Then two common
    shingles are asked for at once (the l-prefix of Wang, Li and Feng, "Can we beat the prefix filtering?", 2012). For
    this, all shingles that the same sets have, such as those around a field, count as one value with their number as
    its weight: see `_prefixes`.

    A Jaccard of t needs o >= t / (1 + t) * (a + b). Each set therefore searches partners of about one size at a time
    (`_size_classes`), so that a short prefix is enough. Only sets with equal `numbers` can match.
    """
    crowded = np.diff(plain.member_starts) > CROWDED
    if not crowded.any():
        return plain
    counts = np.diff(plain.key_offsets)
    pair_rows = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
    rows = np.unique(pair_rows[crowded[plain.keys]])
    # the filter finds all pairs of these sets, so it replaces the other buckets that hold none but them, too
    outside = np.ones(len(counts), np.bool_)
    outside[rows] = False
    crowded = np.ones(len(crowded), np.bool_)
    crowded[plain.keys[outside[pair_rows]]] = False
    in_crowd = crowded[plain.keys]
    classes = _size_classes(int((members.offsets[rows + 1] - members.offsets[rows]).max()))
    seen, owners = _cells(rows, members)
    p, q = threshold.as_integer_ratio()
    placed, keys, fits = _prefixes(rows, members, seen, owners, classes, p, q, PAIRS_WORTH)
    if not fits:
        placed, keys, _ = _prefixes(rows, members, seen, owners, classes, p, q, 0)
    (found, keys), which = shared_keys((placed >> np.uint64(2)).astype(np.uint32), keys, first_new)
    sides = (placed[which] & np.uint64(3)).astype(np.uint8)
    first_prefix = int((~crowded).sum())
    all_rows = np.concatenate((pair_rows[~in_crowd], found))
    # three buckets for each key of the filter: for sets that search their own size class, a larger, or a smaller one
    others = (np.cumsum(~crowded, dtype=np.uint32) - np.uint32(1))[plain.keys[~in_crowd]]
    all_buckets = np.concatenate((others, np.uint32(first_prefix) + np.uint32(3) * keys + sides))
    triples = int(keys.max()) + 1 if len(keys) else 0
    offsets, buckets = _group_by_row(all_rows, all_buckets, len(counts))
    of_triples = first_prefix + (3 * np.arange(triples)[:, None] + [0, 2, 1]).ravel()
    return plain._replace(
        bucket_offsets=offsets,
        buckets=buckets,
        member_starts=starts_of(np.bincount(all_buckets, minlength=first_prefix + 3 * triples)),
        partners=np.concatenate((np.arange(first_prefix), of_triples)).astype(np.uint32),
        first_prefix=first_prefix,
    )


def _size_classes(largest: int) -> I64:
    """The least size of each size class: one class for each size up to 25, then classes that span 4 % each."""
    starts = [0]
    while starts[-1] <= largest * 2:
        starts.append(max(starts[-1] + 1, starts[-1] * 26 // 25))
    return np.array(starts, np.int64)


@kernel
def _cells(rows: U32, members: Sets) -> Any:
    """(seen, owners): how often the shingles of each cell occur in these sets, and the sum of the hashes of their sets.

    Some shingles share a cell, which does no harm.
    """
    total = np.int64(0)
    for row in rows:
        total += members.offsets[row + 1] - members.offsets[row]
    cells = 1 << 10
    while cells < 2 * total and cells < 1 << 25:
        cells *= 2
    seen, owners = np.zeros(cells, np.uint32), np.zeros(cells, np.uint32)
    for row in rows:
        owner = np.uint32(fmix64(np.uint64(row) + np.uint64(1)))
        for i in range(members.offsets[row], members.offsets[row + 1]):
            cell = np.int64(_with_numbers(members, row, i) & np.uint64(cells - 1))
            seen[cell] += np.uint32(1)
            owners[cell] += owner
    return seen, owners


@helper
def _with_numbers(members: Sets, row: int, i: int) -> Any:
    """Shingle `i` mixed with the numbers of its set, so that sets with different numbers have no shingle in common."""
    return members.shingles[i] ^ members.numbers[row]


@kernel
def _prefixes(
    rows: U32, members: Sets, seen: U32, owners: U32, classes: I64, p: int, q: int, worth: int
) -> Any:
    """(4 * rows + sides, keys, fits): for each set and each size class that it may match, the keys of its prefix.

    A key stands for one value, or for two of them, and the two size classes. The side is 0 if the classes are equal, 1
    if the set's own is the smaller, 2 if it is the larger.

    The value of a shingle is how often it occurs, capped at a million, and the hash of the sets that have it. So it has
    a place in one global order, and two sets have at most as many shingles in common as they have values in common,
    each counted as often as it occurs.

    With `worth = 0`, a key is a value. The prefix of a set ends where more shingles precede than may be missing in its
    match, so that one of its values is common. Otherwise a key is a pair of values, and the prefix ends where that
    holds without its most frequent value, so that two of its values are common, among them the first two of all. Only
    where all values precede may there be a single one, which then has enough shingles by itself: it makes a pair with
    itself. `fits` is false, and the result incomplete, if there are more than `worth` pairs for each value.
    """
    last_cell, most = np.uint64(len(seen) - 1), np.uint32((1 << 20) - 1)
    room, anyone = 0, np.zeros(len(classes), np.bool_)
    for row in rows:
        size = members.offsets[row + 1] - members.offsets[row]
        room = max(room, size)
        anyone[_class_of(classes, size)] = True
    values, weights = np.empty(room, np.uint64), np.empty(room, np.int64)
    placed, keys = np.empty(1024, np.uint64), np.empty(1024, np.uint64)
    total, singles = 0, 0
    for row in rows:
        start = members.offsets[row]
        size = members.offsets[row + 1] - start
        # a shingle that no other set has comes first in any order and needs no key
        alone = 0
        for i in range(size):
            cell = np.int64(_with_numbers(members, row, start + i) & last_cell)
            if seen[cell] > 1:
                values[i - alone] = np.uint64(min(seen[cell], most)) << np.uint64(32) | np.uint64(
                    owners[cell]
                )
            else:
                alone += 1
        sort(values, size - alone)
        count = 0
        for i in range(size - alone):
            if count and values[i] == values[count - 1]:
                weights[count - 1] += 1
            else:
                values[count], weights[count] = values[i], 1
                count += 1
        own = _class_of(classes, size)
        smallest, largest = -(-p * size // q), min(size * q // p, classes[-1])
        first = _class_of(classes, smallest)
        last = _class_of(classes, largest)
        for other in range(first, last + 1):
            if not anyone[other]:
                continue
            wanted = required_overlap(size, max(smallest, classes[other]), p, q)
            missing = size - wanted - alone
            prefix, weight, heaviest = 0, np.int64(0), np.int64(0)
            while prefix < count and weight - (heaviest if worth else 0) <= missing:
                singles += weight <= missing
                weight += weights[prefix]
                heaviest = max(heaviest, weights[prefix])
                prefix += 1
            needed = total + (prefix * (prefix + 1) // 2 if worth else prefix)
            if worth and needed > worth * (singles + 1024):
                return placed[:0], keys[:0], False
            if needed > len(keys):
                placed, keys = _grown(placed, 2 * needed), _grown(keys, 2 * needed)
            side = 0 if own == other else 1 if own < other else 2
            place = np.uint64(row) << np.uint64(2) | np.uint64(side)
            between = np.uint64(min(own, other)) * np.uint64(MULTIPLIER) + np.uint64(max(own, other))
            for i in range(prefix):
                h = (values[i] * np.uint64(MULTIPLIER) + between) * np.uint64(MULTIPLIER)
                for j in range(i + 1 if worth else 1):
                    if worth and j == i and weights[i] < wanted:
                        continue
                    placed[total] = place
                    keys[total] = fmix64(h + values[j] if worth else h)
                    total += 1
    return placed[:total], keys[:total], True


@helper
def _class_of(classes: I64, size: Integer) -> int:
    """The number of the size class of a set: the last one that begins at `size` or below."""
    low, high = 0, len(classes)
    while low < high:
        middle = (low + high) // 2
        if classes[middle] <= size:
            low = middle + 1
        else:
            high = middle
    return low - 1


@helper
def _grown(values: U64, length: int) -> Any:
    """A copy of the values with room for `length`."""
    longer = np.empty(length, np.uint64)
    for i in range(len(values)):  # a slice would bring in numba's texts, for the error of a wrong length
        longer[i] = values[i]
    return longer
