"""Which sets have a token or a shingle: so that of many near-misses only those are compared that may state all facts.

Thousands of near-duplicates may each state something of its own, such as reports of one template with other names. All
of them are kept, and each would be compared with all before it. But a witness has every required token, so it is among
the sets with the two rarest of them; and of any NEW_SHINGLES consecutive shingles it has at least one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.buckets import Buckets
from cleaners.duplicate.facts import NEW_SHINGLES, Facts, first_at
from cleaners.duplicate.pair_rule import Compared
from cleaners.kernels import I64, U32, U64, Integer, Word, helper
from cleaners.text.utf8 import starts_of

#: No list of sets is shorter than all of them: there is nothing to choose from.
ENDLESS: Final = 1 << 62


class Postings(NamedTuple):
    """The sets that have each hash: those of `hashes[i]` are `sets[starts[i]:starts[i + 1]]`."""

    hashes: U64  # sorted
    starts: I64  # (hashes + 1)
    sets: U32


class FactPostings(NamedTuple):
    """The postings of the sets in large buckets."""

    tokens: Postings  # of required tokens only
    shingles: Postings


class Choice(NamedTuple):
    """The shortest list of sets among which the witness must be: the sets that have one of some consecutive hashes."""

    is_token: bool  # a required token, or else NEW_SHINGLES shingles
    place: Integer  # its place in `required`, or in `order`
    length: Integer
    second: Integer  # the posting of the next rarest required token, which the witness has, too; -1 if there is none


def fact_postings(compared: Compared, where: Buckets, large: int) -> FactPostings:
    """The postings of the sets in buckets of more than `large` sets; empty if there are none, or facts do not count."""
    crowd = np.zeros(len(compared.sizes), np.bool_)
    if compared.same_facts:
        is_large = np.diff(where.member_starts) > large
        owners = np.repeat(np.arange(len(crowd)), np.diff(where.bucket_offsets))
        crowd[owners[is_large[where.buckets]]] = True
    facts = compared.facts
    return FactPostings(
        _postings(facts.tokens, facts.token_starts, crowd, np.unique(facts.required)),
        _postings(compared.shingles, compared.offsets, crowd),
    )


def _postings(values: U64, starts: I64, which: NDArray[np.bool_], wanted: U64 | None = None) -> Postings:
    """The postings of the lists `values[starts[i]:starts[i + 1]]` of those i that are asked for."""
    chosen = np.flatnonzero(which) if len(starts) > 1 else np.zeros(0, np.int64)
    sizes = (starts[1:] - starts[:-1])[chosen] if len(chosen) else np.zeros(0, np.int64)
    at = np.repeat(starts[chosen] - starts_of(sizes)[:-1], sizes) + np.arange(int(sizes.sum()))
    hashes, sets = values[at], np.repeat(chosen.astype(np.uint32), sizes)
    if wanted is not None:
        known = np.isin(hashes, wanted)
        hashes, sets = hashes[known], sets[known]
    order = np.argsort(hashes, kind="stable")
    hashes, sets = hashes[order], sets[order]
    firsts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))) if len(hashes) else order
    return Postings(hashes[firsts], np.append(firsts, len(hashes)).astype(np.int64), sets)


@helper
def shortest_list(postings: FactPostings, compared: Compared, own: int, variant: int) -> Any:
    """The `Choice` for a row with this set and variant; its length is ENDLESS if nothing restricts its witness."""
    facts: Facts = compared.facts
    is_token, place, length = True, np.int64(0), np.int64(ENDLESS)
    rarest, second, second_length = np.int64(-1), np.int64(-1), np.int64(ENDLESS)
    start = facts.required_starts[variant]
    for i in range(start, facts.required_starts[variant + 1]):
        if i > start and facts.required[i] == facts.required[i - 1]:
            continue
        at = posting_of(postings.tokens, facts.required[i])
        found = posting_length(postings.tokens, at)
        if found < length:
            second, second_length = rarest, length
            rarest, place, length = at, np.int64(i), found
        elif found < second_length:
            second, second_length = at, found
    first, end = facts.order_starts[own], facts.order_starts[own + 1]
    total = np.int64(0)
    for i in range(first, end):
        total += _length_at(postings, compared, own, i)
        if i - first >= NEW_SHINGLES:
            total -= _length_at(postings, compared, own, i - NEW_SHINGLES)
        if i - first >= NEW_SHINGLES - 1 and total < length:
            is_token, place, length = False, np.int64(i - NEW_SHINGLES + 1), total
    return Choice(is_token, place, length, second if is_token else np.int64(-1))


@helper
def _length_at(postings: FactPostings, compared: Compared, own: int, i: int) -> Any:
    return posting_length(postings.shingles, posting_of(postings.shingles, shingle_at(compared, own, i)))


@helper
def shingle_at(compared: Compared, own: int, i: int) -> Any:
    """The shingle at place `i` of `order`, which is one of the own set."""
    return compared.shingles[compared.offsets[own] + np.int64(compared.facts.order[i])]


@helper
def posting_length(postings: Postings, at: Integer) -> Any:
    """How many sets are in a posting; 0 for -1."""
    return np.int64(0) if at < 0 else postings.starts[at + 1] - postings.starts[at]


@helper
def posting_of(postings: Postings, value: Word) -> Any:
    """The number of the hash in the postings, -1 if it is not there."""
    at: Integer = first_at(postings.hashes, 0, len(postings.hashes), value)
    if at < len(postings.hashes) and postings.hashes[at] == value:
        return np.int64(at)
    return np.int64(-1)


@helper
def place_from(sets: U32, at: Integer, end: Integer, wanted: Integer) -> Any:
    """The first place in the sorted `sets[at:end]` with the set `wanted` or a later one; quick if it is near `at`."""
    step = np.int64(1)
    while at + step <= end and sets[at + step - 1] < wanted:
        at += step
        step *= 2
    end = min(end, at + step - 1)
    while at < end:
        middle = (at + end) // 2
        if sets[middle] < wanted:
            at = middle + 1
        else:
            end = middle
    return at
