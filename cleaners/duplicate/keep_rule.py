"""The keep rule over rows that have a key in common, and the document rules with it: arrays in, arrays out.

Rows are numbered in their order: those of the index first, all of them kept, then those of this run. Rows that have the
same tokens have the same set of shingles; of these at most one is kept at a time.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.buckets import Buckets, Sets, least_in_common, may_be_near
from cleaners.text.shingles import WORDS, set_bits
from cleaners.text.tokens import I64, U32, U64, kernel

# What becomes of a row.
KEPT: Final = 0
DUPLICATE: Final = 1
DUPLICATE_DOCUMENT: Final = 2
TOO_SHORT: Final = 3


class Documents(NamedTuple):
    """The documents of this run; rows that share no key count too."""

    starts: I64  # (documents + 1): document d has the rows from `starts[d]` to before `starts[d + 1]`
    tokens: U32  # of every row of this run


class Walk(NamedTuple):
    """The rows that may be duplicates or witnesses, in order; the index's first."""

    first_new: int  # the number of the first row that is not the index's
    sets: U32  # of each row the set that it has
    places: I64  # of this run's rows: which of all rows of this run they are


class Versions(NamedTuple):
    """Which rows of the index are no witnesses for which documents: those of their older versions."""

    starts: I64  # (documents + 1): document d has the ranges from `starts[d]` to before `starts[d + 1]`
    firsts: I64  # of each range its first row of the `Walk`
    stops: I64  # and the row after its last

    @classmethod
    def none(cls, documents: int) -> Versions:
        """No document is a new version of another one."""
        return cls(np.zeros(documents + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


class Decisions(NamedTuple):
    """What `decide` finds."""

    kinds: NDArray[np.uint8]  # of every row of this run: KEPT, DUPLICATE, DUPLICATE_DOCUMENT or TOO_SHORT
    witnesses: I64  # of each row of the `Walk`: the row that it repeats, or -1
    common: I64  # how many shingles it has in common with that one
    before: I64  # of each document: tokens of paragraphs with a witness in an earlier document
    left: I64  # of each document: tokens that no witness takes away


def as_fraction(share: float) -> Fraction:
    """The number that was meant, to nine decimals and more than 0: 4/5 for 0.8."""
    return max(Fraction(str(share)).limit_denominator(10**9), Fraction(1, 10**9))


def decide(
    walk: Walk,
    sets: Sets,
    buckets: Buckets,
    documents: Documents,
    versions: Versions,
    *,
    threshold: float,
    document_share: float | None,
    min_words: int | None,
) -> Decisions:
    """Which rows go, walking the documents in order; None switches a document rule off.

    A row goes if a kept row before it has the same set, or has the same numbers, a bucket in common and a Jaccard of
    `threshold` or more; the earliest such row is its witness. At its end a document goes whole if the tokens with a
    witness in earlier documents are `document_share` of all its tokens, or the tokens left are under `min_words`; then
    its rows are nobody's witness. Rows of an older version are no witnesses for a document, so that several rows with
    one set may be kept; for other documents all of them are. All comparisons are of whole numbers.
    """
    least, share = as_fraction(threshold), as_fraction(document_share or 1)
    return Decisions(
        *_decide(
            walk,
            sets,
            buckets,
            documents,
            versions,
            least.numerator,
            least.denominator,
            share.numerator if document_share is not None else 0,
            share.denominator,
            min_words or 0,
        )
    )


@kernel
def _bitmaps(shingles: U64, offsets: I64) -> Any:
    """The bitmaps of the sets, a row each."""
    maps = np.zeros((len(offsets) - 1, WORDS), np.uint64)
    for row in range(len(maps)):
        set_bits(shingles, offsets[row], offsets[row + 1], maps, row)
    return maps


@kernel
def _common(a: U64, a_at: int, a_end: int, b: U64, b_at: int, b_end: int, wanted: int) -> Any:
    """How many values two sorted ranges have in common; -1 as soon as they are sure to be fewer than `wanted`."""
    common = 0
    # so many values of each range may be missing in the other
    a_spare, b_spare = a_end - a_at - wanted, b_end - b_at - wanted
    while a_at < a_end and b_at < b_end and a_spare >= 0 and b_spare >= 0:
        x, y = a[a_at], b[b_at]
        if x == y:
            common += 1
            a_at += 1
            b_at += 1
        elif x < y:
            a_at += 1
            a_spare -= 1
        else:
            b_at += 1
            b_spare -= 1
    return common if common >= wanted else -1


@kernel
def _share_a_key(keys: U32, a: int, a_end: int, b: int, b_end: int) -> Any:
    for i in range(a, a_end):
        for j in range(b, b_end):
            if keys[i] == keys[j]:
                return True
    return False


@kernel
def _first_of(row: Any, following: I64, versions: Versions, document: int) -> Any:
    """The first, of a kept row and those kept after it that have its set, that is of no older version; -1 for none."""
    starts, firsts, stops = versions
    while row >= 0:
        older = False
        for i in range(starts[document], starts[document + 1]):
            older |= firsts[i] <= row < stops[i]
        if not older:
            return row
        row = following[row]
    return -1


@kernel
def _decide(
    walk: Walk,
    known: Sets,
    where: Buckets,
    documents: Documents,
    versions: Versions,
    p: int,
    q: int,
    share_p: int,
    share_q: int,
    min_words: int,
) -> Any:
    first_new, sets, places = walk
    _, shingles, offsets, numbers = known
    key_offsets, keys, bucket_offsets, buckets, member_starts, partners, first_prefix = where
    starts, tokens = documents
    rows = len(sets)
    kinds = np.zeros(len(tokens), np.uint8)
    witnesses, shared = np.full(rows, -1), np.zeros(rows, np.int64)
    before, left = np.zeros(len(starts) - 1, np.int64), np.zeros(len(starts) - 1, np.int64)
    maps, sizes = _bitmaps(shingles, offsets), offsets[1:] - offsets[:-1]
    # of each set: the first kept row that has it, and the last; of each kept row: the next one with the same set
    holders, last_holders = np.full(len(offsets) - 1, -1), np.full(len(offsets) - 1, -1)
    following = np.full(rows, -1)
    protected = np.zeros(
        len(offsets) - 1, np.bool_
    )  # sets of rows that may be kept though an older version is near
    last_seen = np.full(len(offsets) - 1, -1)
    members = np.empty(len(buckets), np.uint32)  # of each bucket: the kept rows that are in it, in order
    ends = member_starts[:-1].copy()
    for row in range(first_new):
        if holders[sets[row]] < 0:
            holders[sets[row]] = row
            for i in range(bucket_offsets[sets[row]], bucket_offsets[sets[row] + 1]):
                members[ends[buckets[i]]] = row
                ends[buckets[i]] += 1
        else:
            following[last_holders[sets[row]]] = row
        last_holders[sets[row]] = row
    row = first_new
    for document in range(len(starts) - 1):
        first, stop, total = row, starts[document + 1], np.int64(0)
        for place in range(starts[document], stop):
            total += np.int64(tokens[place])
        left[document] = total
        new_version = versions.starts[document] < versions.starts[document + 1]
        while row < rows and places[row - first_new] < stop:
            own = sets[row]
            best = row
            holder = holders[own]
            if new_version:
                holder = _first_of(holder, following, versions, document)
            if holder >= 0:
                best = holder
            # a kept row that is near to this one is near to its holder too: it cannot be earlier, but for new versions
            looks = best == row or new_version or protected[own]
            for i in range(bucket_offsets[own], bucket_offsets[own + 1] if looks else bucket_offsets[own]):
                bucket = partners[buckets[i]]
                for j in range(member_starts[bucket], ends[bucket]):
                    candidate: Any = np.int64(members[j])
                    if candidate >= best:  # members are in order
                        break
                    other = sets[candidate]
                    if last_seen[other] == row:
                        continue
                    last_seen[other] = row
                    if new_version:
                        candidate = _first_of(candidate, following, versions, document)
                        if candidate < 0 or candidate >= best:
                            continue
                    if not may_be_near(sizes, maps, numbers, own, other, p, q):
                        continue
                    common = _common(
                        *(shingles, offsets[own], offsets[own + 1]),
                        *(shingles, offsets[other], offsets[other + 1]),
                        least_in_common(sizes[own], sizes[other], p, q),
                    )
                    if common < 0:
                        continue
                    # the prefix filter finds more than the bands it stands in for; its finds must be theirs too
                    if bucket >= first_prefix and not _share_a_key(
                        keys,
                        key_offsets[own],
                        key_offsets[own + 1],
                        key_offsets[other],
                        key_offsets[other + 1],
                    ):
                        continue
                    best, shared[row] = candidate, common
            if best < row:
                witnesses[row] = best
                words = np.int64(tokens[places[row - first_new]])
                left[document] -= words
                if best < first:
                    before[document] += words
                row += 1
                continue
            protected[own] |= new_version
            if holders[own] < 0:
                holders[own] = last_holders[own] = row
                for i in range(bucket_offsets[own], bucket_offsets[own + 1]):
                    members[ends[buckets[i]]] = row
                    ends[buckets[i]] += 1
            else:
                following[last_holders[own]] = row
                last_holders[own] = row
            row += 1
        whole = KEPT
        if share_p > 0 and before[document] > 0 and before[document] * share_q >= share_p * total:
            whole = DUPLICATE_DOCUMENT
        elif left[document] < min_words:
            whole = TOO_SHORT
        if whole != KEPT:
            for place in range(starts[document], stop):
                kinds[place] = whole
            for undone in range(first, row):
                if witnesses[undone] < 0:
                    own = sets[undone]
                    if holders[own] == undone:
                        holders[own] = last_holders[own] = -1
                        for i in range(bucket_offsets[own], bucket_offsets[own + 1]):
                            ends[buckets[i]] -= 1
                    else:
                        before_it = holders[own]
                        while following[before_it] != undone:
                            before_it = following[before_it]
                        following[before_it], last_holders[own] = -1, before_it
                elif witnesses[undone] >= first:
                    witnesses[undone] = -1
        for done in range(first, row):
            if witnesses[done] >= 0:
                kinds[places[done - first_new]] = DUPLICATE
    return kinds, witnesses, shared, before, left
