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
from cleaners.text.shingles import BITMAP_WORDS, different_bits, set_bits


class Compared(NamedTuple):
    """What the rule knows of the sets, and the least Jaccard `p / q` of a near-duplicate."""

    shingles: U64  # of set s: the sorted `shingles[offsets[s]:offsets[s + 1]]`
    offsets: I64  # (sets + 1)
    sizes: I64  # (sets)
    numbers: U64  # the hash of the numbers of each set; sets with different ones are no near-duplicates
    bitmaps: Rows[U64]  # (sets, BITMAP_WORDS), see `shingles.set_bits`
    facts: Facts
    same_facts: bool  # whether a near-duplicate may state nothing new
    p: int
    q: int


def compared(shingles: U64, offsets: I64, numbers: U64, facts: Facts | None, threshold: Fraction) -> Compared:
    """What the rule needs to know, with the bitmaps of the sets; without `facts`, the Jaccard and numbers decide."""
    p, q = threshold.as_integer_ratio()
    some = no_facts() if facts is None else facts
    return Compared(
        shingles,
        offsets,
        np.diff(offsets),
        numbers,
        _bitmaps(shingles, offsets),
        some,
        facts is not None,
        p,
        q,
    )


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
    shingles, offsets, sizes, numbers, bitmaps, facts, same_facts, p, q = compared
    if not may_be_near(sizes, bitmaps, numbers, own, other, p, q):
        return -1
    if same_facts and not may_state_all(facts, variant, other):
        return -1
    common = _overlap(
        *(shingles, offsets[own], offsets[own + 1]),
        *(shingles, offsets[other], offsets[other + 1]),
        required_overlap(sizes[own], sizes[other], p, q),
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
