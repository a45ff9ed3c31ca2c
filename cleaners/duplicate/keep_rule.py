"""The keep rule over rows that have a key in common, together with the document rules: arrays in, arrays out.

Rows are numbered in order: first those of the index, all of which are kept, then those of this run. Rows with the same
tokens have the same shingle set; at most one row of a set is kept at a time, except for older versions (see `decide`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.buckets import Buckets, Sets, may_be_near, required_overlap
from cleaners.kernels import I64, U32, U64, Integer, helper, kernel
from cleaners.text.shingles import BITMAP_WORDS, set_bits
from cleaners.text.utf8 import starts_of

# The decisions on a row.
KEPT: Final = 0
DUPLICATE: Final = 1
DUPLICATE_DOCUMENT: Final = 2
TOO_SHORT: Final = 3
#: What `Documents.fates` has for documents whose rules are to be decided.
UNDECIDED: Final = 255


class Documents(NamedTuple):
    """The documents of this run, including rows that share no key with another."""

    starts: I64  # (documents + 1): document d has the rows in [starts[d], starts[d + 1])
    tokens: U32  # the token count of every row of this run
    totals: I64  # the token count of each document
    #: what the document rules say: UNDECIDED, or KEPT, DUPLICATE_DOCUMENT, TOO_SHORT if that was decided elsewhere
    fates: NDArray[np.uint8]


def undecided(starts: I64, tokens: U32) -> Documents:
    """Documents whose rows are all there, and whose rules are to be decided."""
    totals = np.diff(starts_of(tokens)[starts])
    return Documents(starts, tokens, totals, np.full(len(totals), UNDECIDED, np.uint8))


class Walk(NamedTuple):
    """The rows that may be duplicates or witnesses, in order; those of the index come first."""

    first_new: int  # the number of the first row of this run
    sets: U32  # the set of each row
    places: I64  # for each row of this run, its number among all rows of this run


class Versions(NamedTuple):
    """The rows of the index that are no witnesses for a document: those of its older versions, as ranges of rows."""

    starts: I64  # (documents + 1): document d has the ranges in [starts[d], starts[d + 1])
    firsts: I64  # the first row of each range, in the `Walk`
    stops: I64  # the row after the last one of each range

    @classmethod
    def none(cls, documents: int) -> Versions:
        """The value for runs in which no document has an older version."""
        return cls(np.zeros(documents + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


class Decisions(NamedTuple):
    """The result of `decide`."""

    kinds: NDArray[np.uint8]  # for every row of this run: KEPT, DUPLICATE, DUPLICATE_DOCUMENT or TOO_SHORT
    witnesses: I64  # for each row of the `Walk`: its witness, or -1
    common: I64  # for each row of the `Walk`: the shingles in common with the witness; 0 for equal sets
    before: I64  # for each document: the tokens of paragraphs with a witness in an earlier document
    left: I64  # for each document: the tokens of paragraphs without a witness


def as_fraction(share: float) -> Fraction:
    """The fraction that a decimal number stands for, to nine decimals and always above 0.

    >>> as_fraction(0.8)
    Fraction(4, 5)
    """
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
    """Which rows to remove, walking the documents in order. None switches a document rule off.

    A row is removed if a kept row before it has the same set, or has the same numbers, a bucket in common and a Jaccard
    of at least `threshold`. The earliest such row is its witness.

    At its end a document is removed whole if the tokens with a witness in earlier documents are at least
    `document_share` of all its tokens, or if fewer than `min_words` tokens are left. Its rows are then no witnesses.

    Rows of an older version are no witnesses for the new version, but they are for all other documents. Several rows
    with one set may therefore be kept. All comparisons use integers, so they are exact.
    """
    jaccard, share = as_fraction(threshold), as_fraction(document_share or 1)
    return Decisions(
        *_decide(
            walk,
            sets,
            buckets,
            documents,
            versions,
            jaccard.numerator,
            jaccard.denominator,
            share.numerator if document_share is not None else 0,
            share.denominator,
            min_words or 0,
        )
    )


@helper
def _bitmaps(shingles: U64, offsets: I64) -> Any:
    """The bitmaps of the sets, (sets, BITMAP_WORDS)."""
    maps = np.zeros((len(offsets) - 1, BITMAP_WORDS), np.uint64)
    for row in range(len(maps)):
        set_bits(shingles, offsets[row], offsets[row + 1], maps, row)
    return maps


@helper
def _overlap(a: U64, a_at: int, a_end: int, b: U64, b_at: int, b_end: int, wanted: int) -> Any:
    """The number of values that two sorted ranges have in common, or -1 if that is less than `wanted`."""
    common = 0
    # the number of values of each range that may still be missing in the other
    a_slack, b_slack = a_end - a_at - wanted, b_end - b_at - wanted
    while a_at < a_end and b_at < b_end and a_slack >= 0 and b_slack >= 0:
        x, y = a[a_at], b[b_at]
        if x == y:
            common += 1
            a_at += 1
            b_at += 1
        elif x < y:
            a_at += 1
            a_slack -= 1
        else:
            b_at += 1
            b_slack -= 1
    return common if common >= wanted else -1


@helper
def _have_common_key(keys: U32, a: int, a_end: int, b: int, b_end: int) -> Any:
    for i in range(a, a_end):
        for j in range(b, b_end):
            if keys[i] == keys[j]:
                return True
    return False


@helper
def _first_current(row: Integer, following: I64, versions: Versions, document: int) -> Any:
    """The first row of a chain of kept rows with one set that is not of an older version of the document; else -1."""
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
    starts, tokens, totals, fates = documents
    rows = len(sets)
    kinds = np.zeros(len(tokens), np.uint8)
    witnesses, shared = np.full(rows, -1), np.zeros(rows, np.int64)
    before, left = np.zeros(len(starts) - 1, np.int64), np.zeros(len(starts) - 1, np.int64)
    maps, sizes = _bitmaps(shingles, offsets), np.empty(len(offsets) - 1, np.int64)
    for number in range(len(sizes)):
        sizes[number] = offsets[number + 1] - offsets[number]
    # for each set: its first and its last kept row; for each kept row: the next one with the same set
    holders, last_holders = np.full(len(offsets) - 1, -1), np.full(len(offsets) - 1, -1)
    following = np.full(rows, -1)
    # sets of rows that may be kept although an older version is a near-duplicate
    near_older = np.zeros(len(offsets) - 1, np.bool_)
    last_seen = np.full(len(offsets) - 1, -1)
    members = np.empty(len(buckets), np.uint32)  # for each bucket: its kept rows, in order
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
        first, stop, total = row, starts[document + 1], totals[document]
        left[document] = total
        new_version = versions.starts[document] < versions.starts[document + 1]
        while row < rows and places[row - first_new] < stop:
            own = sets[row]
            best = row
            holder = holders[own]
            if new_version:
                holder = _first_current(holder, following, versions, document)
            if holder >= 0:
                best = holder
            # a kept row near this one is near its holder, too, so it is not earlier; older versions are the exception
            search = best == row or new_version or near_older[own]
            for i in range(bucket_offsets[own], bucket_offsets[own + 1] if search else bucket_offsets[own]):
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
                        candidate = _first_current(candidate, following, versions, document)
                        if candidate < 0 or candidate >= best:
                            continue
                    if not may_be_near(sizes, maps, numbers, own, other, p, q):
                        continue
                    common = _overlap(
                        *(shingles, offsets[own], offsets[own + 1]),
                        *(shingles, offsets[other], offsets[other + 1]),
                        required_overlap(sizes[own], sizes[other], p, q),
                    )
                    if common < 0:
                        continue
                    # the prefix filter finds more pairs than the bands that it replaces; keep only theirs
                    if bucket >= first_prefix and not _have_common_key(
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
            near_older[own] |= new_version
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
        if fates[document] != UNDECIDED:
            whole = fates[document]
        elif share_p > 0 and before[document] > 0 and before[document] * share_q >= share_p * total:
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
