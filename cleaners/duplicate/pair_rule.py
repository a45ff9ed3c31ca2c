"""The rule by which a paragraph is a near-duplicate of an earlier one: kernels that compare two sets.

    common = common_shingles(compared, own, variant, other, known)

Nothing else decides whether two paragraphs with other tokens are near-duplicates. (With the same tokens and numbers
they always are: such rows have one set.) The rule is not symmetric: `own` is the later one, which may state
nothing new.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from cleaners.duplicate.facts import Facts, has_new_clause, has_required, may_state_all
from cleaners.kernels import I64, U64, Flags, Integer, Rows, Written, helper, kernel
from cleaners.text.shingles import BITMAP_WORDS, different_bits, missing_bits, set_bits


class Figures(NamedTuple):
    """The distinct numbers of each set, which count one by one where a set is contained in another."""

    values: U64  # of set s: the sorted hashes `values[starts[s]:starts[s + 1]]`
    starts: I64  # (sets + 1)


class Compared(NamedTuple):
    """What the rule knows of the sets, and the least measure `p / q` of a near-duplicate."""

    shingles: U64  # of set s: the sorted `shingles[offsets[s]:offsets[s + 1]]`
    offsets: I64  # (sets + 1)
    sizes: I64  # (sets)
    numbers: U64  # the hash of the numbers of each set; sets with different ones are no near-duplicates
    bitmaps: Rows[U64]  # (sets, BITMAP_WORDS), see `shingles.set_bits`
    figures: Figures
    facts: Facts
    contains: bool  # whether it is enough that the other set contains most of the own one
    same_facts: bool  # whether a near-duplicate may state nothing new
    p: int
    q: int


def compared(
    shingles: U64, offsets: I64, numbers: U64, threshold: Fraction, figures: Figures | None = None
) -> Compared:
    """What the rule needs to know, with the bitmaps of the sets; facts do not count yet.

    With `figures`, it is containment that decides, and otherwise the Jaccard and `numbers`.
    """
    p, q = threshold.as_integer_ratio()
    return Compared(
        shingles,
        offsets,
        np.diff(offsets),
        numbers,
        _bitmaps(shingles, offsets),
        no_figures(0) if figures is None else figures,
        no_facts(),
        figures is not None,
        False,
        p,
        q,
    )


def no_figures(sets: int) -> Figures:
    """The figures of sets in which they do not count."""
    return Figures(np.zeros(0, np.uint64), np.zeros(sets + 1, np.int64))


def no_facts() -> Facts:
    """The facts of no sets."""
    hashes, starts = np.zeros(0, np.uint64), np.zeros(1, np.int64)
    maps = np.zeros((0, BITMAP_WORDS), np.uint64)
    return Facts(hashes, starts, maps, np.zeros(0, np.uint32), starts, hashes, starts, maps)


@kernel
def _bitmaps(shingles: U64, offsets: I64) -> Any:
    """The bitmaps of the sets, (sets, BITMAP_WORDS)."""
    maps = np.zeros((len(offsets) - 1, BITMAP_WORDS), np.uint64)
    for row in range(len(maps)):
        set_bits(shingles, offsets[row], offsets[row + 1], maps, row)
    return maps


@helper
def common_shingles(compared: Compared, own: int, variant: int, other: int, known: Written[Flags]) -> Any:
    """The number of shingles in common if the own set is a near-duplicate of the other one, else -1.

    `variant` is that of the own row in `Facts`; without `same_facts` it does not matter. `known` is for the kernel to
    write to: it has room for the shingles of the own set. The cheap questions come first.
    """
    shingles, offsets, sizes, numbers, bitmaps, figures, facts, contains, same_facts, p, q = compared
    if contains:
        if not may_contain(sizes, bitmaps, own, other, p, q) or not _has_figures(figures, own, other):
            return -1
        wanted = -(-p * sizes[own] // q)
    else:
        if not may_be_near(sizes, bitmaps, numbers, own, other, p, q):
            return -1
        wanted = required_overlap(sizes[own], sizes[other], p, q)
    if same_facts and not may_state_all(facts, variant, other):
        return -1
    common = _overlap(
        *(shingles, offsets[own], offsets[own + 1]),
        *(shingles, offsets[other], offsets[other + 1]),
        wanted,
    )
    if common < 0 or not same_facts:
        return common
    if not has_required(facts, variant, other):
        return -1
    return -1 if has_new_clause(facts, shingles, offsets, own, other, known) else common


@helper
def may_be_near(sizes: I64, bitmaps: Rows[U64], numbers: U64, one: int, other: int, p: int, q: int) -> Any:
    """Whether the sizes, numbers and bitmaps of two sets allow for a Jaccard of at least `p / q`."""
    size, other_size = np.int64(sizes[one]), np.int64(sizes[other])
    if min(size, other_size) * q < p * max(size, other_size) or numbers[one] != numbers[other]:
        return False
    wanted = required_overlap(size, other_size, p, q)
    return different_bits(bitmaps, one, other) <= size + other_size - 2 * wanted


@helper
def may_contain(sizes: I64, bitmaps: Rows[U64], one: int, other: int, p: int, q: int) -> Any:
    """Whether the sizes and bitmaps of two sets allow the other one to have at least `p / q` of the one."""
    wanted = -(-p * sizes[one] // q)
    return sizes[other] >= wanted and missing_bits(bitmaps, one, other) <= sizes[one] - wanted


@helper
def _has_figures(figures: Figures, own: int, other: int) -> Any:
    """Whether the other set has each figure of the own one."""
    values, starts = figures
    at, end, theirs, their_end = starts[own], starts[own + 1], starts[other], starts[other + 1]
    while at < end and theirs < their_end:
        if values[theirs] > values[at]:
            return False
        if values[theirs] == values[at]:
            at += 1
        theirs += 1
    return at == end


@helper
def required_overlap(size: Integer, other_size: Integer, p: int, q: int) -> Any:
    """The least number of common shingles at which two sets of these sizes have a Jaccard of at least `p / q`.

    A Jaccard of t means o / (a + b - o) >= t for an overlap o, so o >= t / (1 + t) * (a + b); here rounded up.
    """
    return -(-p * (size + other_size) // (p + q))


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
