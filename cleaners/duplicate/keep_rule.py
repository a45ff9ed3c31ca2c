"""The keep rule over rows that have a key in common, together with the document rules: arrays in, arrays out.

Rows are numbered in order: first those of the index, all of which are kept, then those of this run. Rows with the same
tokens have the same shingle set; at most one row of a set is kept at a time, except for older versions (see `decide`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.duplicate.buckets import Buckets
from cleaners.duplicate.fact_postings import (
    ENDLESS,
    FactPostings,
    fact_postings,
    place_from,
    posting_of,
    shingle_at,
    shortest_list,
)
from cleaners.duplicate.facts import NEW_SHINGLES
from cleaners.duplicate.pair_rule import Compared, common_shingles
from cleaners.kernels import I64, U32, Flags, Integer, Written, helper, kernel
from cleaners.text.utf8 import starts_of

#: Rows of a bucket that are compared before facts decide which of the others are.
MANY: Final = 100
ALL: Final = 1 << 62

# The decisions on a row.
KEPT: Final = 0
DUPLICATE: Final = 1
DUPLICATE_DOCUMENT: Final = 2
TOO_SHORT: Final = 3
#: What `Documents.fates` has for documents whose rules are not decided yet.
UNDECIDED: Final = 255


class Documents(NamedTuple):
    """The documents of this run, including rows that share no key with another."""

    starts: I64  # (documents + 1): document d has the rows in [starts[d], starts[d + 1])
    tokens: U32  # the token count of every row of this run
    totals: I64  # the token count of each document
    #: what the document rules say: UNDECIDED, or KEPT, DUPLICATE_DOCUMENT, TOO_SHORT if that was decided elsewhere
    fates: NDArray[np.uint8]
    leads: I64  # for each document: its first row that is compared at all; -1 if it has none, or it does not count


def undecided(starts: I64, tokens: U32, compared: I64) -> Documents:
    """Documents whose rows are all there, and whose rules are not decided yet; `compared` are the rows that are."""
    totals = np.diff(starts_of(tokens)[starts])
    fates = np.full(len(totals), UNDECIDED, np.uint8)
    ends = np.append(compared, len(tokens))
    leads = ends[np.searchsorted(ends, starts[:-1])]
    return Documents(starts, tokens, totals, fates, np.where(leads < starts[1:], leads, -1))


class Walk(NamedTuple):
    """The rows that may be duplicates or witnesses, in order; those of the index come first."""

    first_new: int  # the number of the first row of this run
    sets: U32  # the set of each row
    #: for each row of this run: what it requires of a witness, as a variant of its set in `Facts`, or any other number
    #: that only rows of the same set have; -1 if its set has no key
    variants: I64
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
    left: I64  # for each document: the tokens of paragraphs that stay, unless it is removed whole
    leads: I64  # the rows of the `Walk` that stay although they have a witness


def as_fraction(share: float) -> Fraction:
    """The fraction that a decimal number stands for, to nine decimals and always above 0.

    >>> as_fraction(0.8)
    Fraction(4, 5)
    """
    return max(Fraction(str(share)).limit_denominator(10**9), Fraction(1, 10**9))


def decide(
    walk: Walk,
    compared: Compared,
    buckets: Buckets,
    documents: Documents,
    versions: Versions,
    *,
    document_share: float | None,
    min_words: int | None,
    keep_leads: bool = False,
) -> Decisions:
    """Which rows to remove, walking the documents in order. None switches a document rule off.

    A row is removed if a kept row before it has the same set, or has a bucket in common and is one that it is a
    near-duplicate of, by the pair rule. The earliest such row is its witness.

    At its end a document is removed whole if the tokens with a witness in earlier documents are at least
    `document_share` of all its tokens, or if fewer than `min_words` tokens are left. Its rows are then no witnesses.

    With `keep_leads`, a document's first row that is compared stays although it has a witness, if at least half of the
    document's tokens stay with it, and the document is not removed whole. It is kept for all later rows, those of its
    document among them; so a document of which less than half would stay is decided once more, without its lead.

    Rows of an older version are no witnesses for the new version, but they are for all other documents. Several rows
    with one set may therefore be kept. All comparisons use integers, so they are exact.
    """
    share = as_fraction(document_share or 1)
    return Decisions(
        *_decide(
            walk,
            compared,
            buckets,
            fact_postings(compared, buckets, MANY),
            MANY,
            documents,
            versions,
            share.numerator if document_share is not None else 0,
            share.denominator,
            min_words or 0,
            keep_leads,
        )
    )


class _Kept(NamedTuple):
    """The rows that are kept so far; the kernels write to it."""

    are: Written[Flags]  # whether each row is
    holders: Written[I64]  # for each set: its first kept row, or -1
    last_holders: Written[I64]
    following: Written[I64]  # for each kept row: the next one with the same set, or -1
    preceding: Written[I64]
    members: Written[U32]  # for each bucket: its kept rows in order, of each set the first
    ends: Written[I64]  # for each bucket: where its members end


class _Question(NamedTuple):
    """Which row is asked for its witness."""

    own: Integer  # its set
    variant: Integer
    asked: Integer  # a number that no question before it had
    document: Integer
    is_new_version: bool  # whether the document has older versions


@kernel
def _decide(
    walk: Walk,
    compared: Compared,
    where: Buckets,
    postings: FactPostings,
    many: int,
    documents: Documents,
    versions: Versions,
    share_p: int,
    share_q: int,
    min_words: int,
    keep_leads: bool,
) -> Any:
    first_new, sets, variants, places = walk
    starts, tokens, totals, fates, leads = documents
    rows, count = len(sets), len(compared.sizes)
    kinds = np.zeros(len(tokens), np.uint8)
    witnesses, shared = np.full(rows, -1), np.zeros(rows, np.int64)
    before, left = np.zeros(len(starts) - 1, np.int64), np.zeros(len(starts) - 1, np.int64)
    stay, stays = np.empty(len(starts) - 1 if keep_leads else 0, np.int64), 0
    kept = _Kept(
        np.zeros(rows, np.bool_),
        np.full(count, -1),
        np.full(count, -1),
        np.full(rows, -1),
        np.full(rows, -1),
        np.empty(len(where.buckets), np.uint32),
        where.member_starts[:-1].copy(),
    )
    # for each variant: the witness that a search found, or its own row. It stays the earliest one while it is kept:
    # rows are kept in order, so none comes before it later
    most = np.int64(-1)
    for variant in variants:
        most = max(most, variant)
    answers, answers_shared = np.full(most + 1, -1), np.zeros(most + 1, np.int64)
    largest = np.int64(0)
    for size in compared.sizes:
        largest = max(largest, size)
    known, last_asked, asked = np.zeros(largest, np.bool_), np.full(count, -1), 0
    for row in range(first_new):
        _keep(kept, where, row, sets[row])
    row = first_new
    for document in range(len(starts) - 1):
        first, stop, total = row, starts[document + 1], totals[document]
        is_new_version = versions.starts[document] < versions.starts[document + 1]
        whole, lead_stays = KEPT, keep_leads
        while True:
            lead: Any = np.int64(-1)
            row, left[document], before[document] = first, total, 0
            while row < rows and places[row - first_new] < stop:
                own, variant = np.int64(sets[row]), variants[row - first_new]
                place = places[row - first_new]
                best, common = np.int64(row), np.int64(0)
                holder = kept.holders[own]
                if is_new_version:
                    holder = _first_current(holder, kept.following, versions, document)
                if holder >= 0:
                    best = holder
                # what an older version is no witness for is another question
                if (
                    variant >= 0
                    and not is_new_version
                    and answers[variant] >= 0
                    and kept.are[answers[variant]]
                ):
                    best, common = answers[variant], answers_shared[variant]
                elif variant >= 0:
                    asked += 1
                    question = _Question(own, variant, asked, document, is_new_version)
                    best, common = _earliest_witness(
                        *(
                            question,
                            best,
                            sets,
                            kept,
                            compared,
                            where,
                            postings,
                            many,
                            versions,
                            last_asked,
                            known,
                        )
                    )
                    if not is_new_version:
                        answers[variant], answers_shared[variant] = best, common
                shared[row] = common
                if best < row:
                    witnesses[row] = best
                    if best < first:
                        before[document] += np.int64(tokens[place])
                    if lead_stays and place == leads[document]:
                        lead = row
                    else:
                        left[document] -= np.int64(tokens[place])
                        row += 1
                        continue
                _keep(kept, where, row, own)
                row += 1
            if fates[document] != UNDECIDED:
                whole = int(fates[document])
            elif share_p > 0 and before[document] > 0 and before[document] * share_q >= share_p * total:
                whole = DUPLICATE_DOCUMENT
            elif left[document] < min_words:
                whole = TOO_SHORT
            # decided once more, without the lead
            again = lead >= 0 and whole == KEPT and 2 * left[document] < total
            if whole == KEPT and not again:
                break
            for back in range(row - first):  # the last row first, as each is the last one of its chain
                undone = row - 1 - back
                if kept.are[undone]:
                    _undo(kept, where, undone, sets[undone])
                if again or witnesses[undone] >= first:
                    witnesses[undone] = -1
                if again and variants[undone - first_new] >= 0:
                    answers[variants[undone - first_new]] = -1
            if not again:
                break
            lead_stays = False
        if whole != KEPT:
            for place in range(starts[document], stop):
                kinds[place] = whole
        elif lead >= 0:
            witnesses[lead], stay[stays] = -1, lead
            stays += 1
        for done in range(first, row):
            if witnesses[done] >= 0:
                kinds[places[done - first_new]] = DUPLICATE
    return kinds, witnesses, shared, before, left, stay[:stays].copy()


@helper
def _keep(kept: _Kept, where: Buckets, row: int, own: Integer) -> None:
    """Keep a row of the set `own`, the last one of those that are kept."""
    kept.are[row] = True
    if kept.holders[own] < 0:
        kept.holders[own] = row
        for i in range(where.bucket_offsets[own], where.bucket_offsets[own + 1]):
            bucket = where.buckets[i]
            kept.members[kept.ends[bucket]] = row
            kept.ends[bucket] += 1
    else:
        last = kept.last_holders[own]
        kept.following[last], kept.preceding[row] = row, last
    kept.last_holders[own] = row


@helper
def _undo(kept: _Kept, where: Buckets, row: int, own: Integer) -> None:
    """Keep a row no longer, the last one of those that are kept."""
    kept.are[row] = False
    if kept.holders[own] == row:
        kept.holders[own] = kept.last_holders[own] = -1
        for i in range(where.bucket_offsets[own], where.bucket_offsets[own + 1]):
            kept.ends[where.buckets[i]] -= 1
    else:
        last = kept.preceding[row]
        kept.following[last], kept.last_holders[own] = -1, last


@helper
def _earliest_witness(
    question: _Question,
    best: Integer,
    sets: U32,
    kept: _Kept,
    compared: Compared,
    where: Buckets,
    postings: FactPostings,
    many: int,
    versions: Versions,
    last_asked: Written[I64],
    known: Written[Flags],
) -> Any:
    """(the first kept row before `best` that the row is a near-duplicate of, the shingles in common), or (best, 0)."""
    own, variant, asked, document, is_new_version = question
    holders, following, members, ends = kept.holders, kept.following, kept.members, kept.ends
    key_offsets, keys, bucket_offsets, buckets, member_starts, partners, first_prefix = where
    shared = np.int64(0)
    # at most `many` rows of a bucket are compared before facts are looked up, and all if that is no help
    limit = many if compared.same_facts else ALL
    while True:
        is_cut = False
        for i in range(bucket_offsets[own], bucket_offsets[own + 1]):
            bucket, looked = partners[buckets[i]], 0
            for j in range(member_starts[bucket], ends[bucket]):
                candidate: Any = np.int64(members[j])
                if candidate >= best:  # members are in order
                    break
                other = sets[candidate]
                if last_asked[other] == asked:
                    continue
                if looked == limit:
                    is_cut = True
                    break
                looked += 1
                last_asked[other] = asked
                if is_new_version:
                    candidate = _first_current(candidate, following, versions, document)
                    if candidate < 0 or candidate >= best:
                        continue
                common = common_shingles(compared, own, variant, other, known)
                # the prefix filter finds more pairs than the bands that it replaces; keep only theirs
                if common >= 0 and (bucket < first_prefix or _have_common_key(keys, key_offsets, own, other)):
                    best, shared = candidate, common
        if not is_cut:
            return best, shared
        choice = shortest_list(postings, compared, own, variant)
        if choice.length == ENDLESS:
            limit = ALL
            continue
        lists = postings.tokens if choice.is_token else postings.shingles
        next_at = next_end = np.int64(0)
        if choice.second >= 0:
            next_at, next_end = lists.starts[choice.second], lists.starts[choice.second + 1]
        for step in range(1 if choice.is_token else NEW_SHINGLES):
            at = posting_of(
                lists,
                compared.facts.required[choice.place]
                if choice.is_token
                else shingle_at(compared, own, choice.place + step),
            )
            for j in range(lists.starts[at] if at >= 0 else 0, lists.starts[at + 1] if at >= 0 else 0):
                other = lists.sets[j]
                if choice.second >= 0:
                    next_at = place_from(lists.sets, next_at, next_end, other)
                    if next_at == next_end:
                        break
                    if lists.sets[next_at] != other:
                        continue
                candidate = holders[other]
                if last_asked[other] == asked or candidate < 0 or candidate >= best:
                    continue
                last_asked[other] = asked
                if is_new_version:
                    candidate = _first_current(candidate, following, versions, document)
                    if candidate < 0 or candidate >= best:
                        continue
                common = common_shingles(compared, own, variant, other, known)
                if common >= 0 and _have_common_key(keys, key_offsets, own, other):
                    best, shared = candidate, common
        return best, shared


@helper
def _have_common_key(keys: U32, offsets: I64, own: int, other: int) -> Any:
    """Whether two sets have a key in common."""
    for i in range(offsets[own], offsets[own + 1]):
        for j in range(offsets[other], offsets[other + 1]):
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
