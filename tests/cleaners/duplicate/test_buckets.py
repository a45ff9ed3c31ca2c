"""The filters before two shingle sets are compared: they may pass too much, never too little."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.duplicate import buckets, shared_keys
from cleaners.duplicate.buckets import may_have_match, plain_buckets
from cleaners.duplicate.shared_keys import NO_HIGH, KeyFilter, Keys, Pairs
from cleaners.kernels import U64
from cleaners.text import shingles
from cleaners.text.shingles import shingle_sets, sketches
from cleaners.text.utf8 import starts_of

WORDS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibex", "jay", "kite", "lark"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=12)
keys = st.lists(st.integers(0, 12).map(lambda k: k * 0x9E3779B97F4A7C15 % 2**64), max_size=30)


def jaccard(one: set[int], other: set[int]) -> Fraction:
    """The Jaccard of two sets; 0 if both are empty."""
    return Fraction(len(one & other), max(len(one | other), 1))


@given(texts, st.lists(st.tuples(st.integers(0, 11), st.integers(0, 4)), max_size=40), st.data())
def test_a_set_with_a_near_duplicate_always_passes(
    batch: list[str], links: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A set passes if it shares a key with one of the same numbers whose Jaccard reaches the threshold.

    Where containment is asked for, it passes if one of the two contains enough of the other, whatever the numbers.
    """
    contains = data.draw(st.booleans())
    threshold = data.draw(st.sampled_from([Fraction(1, 2), Fraction(3, 4), Fraction(4, 5), Fraction(1)]))
    crowded = data.draw(st.sampled_from([1, 3, 200]))
    numbers = np.array(data.draw(st.lists(st.integers(0, 1), min_size=12, max_size=12)), np.uint64)
    links = [(row, key) for row, key in links if row < len(batch)]
    pairs = Pairs(*(np.array([pair[i] for pair in links], np.uint32) for i in (0, 1)))
    sizes, bitmaps = sketches(pl.Series(batch, dtype=pl.String), 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "CROWDED", crowded)
        found = may_have_match(
            pairs, sizes.astype(np.int64), bitmaps, numbers[: len(batch)], threshold, contains=contains
        )
    values, offsets = shingle_sets(pl.Series(batch, dtype=pl.String), 3)
    sets = [set(values[offsets[i] : offsets[i + 1]].tolist()) for i in range(len(batch))]
    for one, key in links:
        for other, same in links:
            if one == other or key != same or not sets[one]:
                continue
            mine, theirs = sets[one], sets[other]
            if contains:
                assert (found[one] and found[other]) or Fraction(len(mine & theirs), len(mine)) < threshold
            elif numbers[one] == numbers[other]:
                assert found[one] or jaccard(mine, theirs) < threshold
    assert not found[[i for i in range(len(batch)) if i not in dict(links)]].any()


def test_what_differs_in_size_numbers_or_shingles_does_not_pass() -> None:
    """Near-misses, other numbers and other lengths do not pass; a near-duplicate does."""
    base = [f"{word}{i}" for i in range(9) for word in WORDS]
    others = [base[:50], [*base[:30], *(f"x{i}" for i in range(78))], base, [*base[:-1], "yak"]]
    sizes, bitmaps = sketches(pl.Series([" ".join(text) for text in (base, *others)]), 3)
    numbers = np.array([0, 0, 0, 1, 0], np.uint64)
    pairs = Pairs(np.arange(5, dtype=np.uint32), np.zeros(5, np.uint32))
    found = may_have_match(pairs, sizes.astype(np.int64), bitmaps, numbers, Fraction(4, 5), contains=False)
    assert found.tolist() == [True, False, False, False, True]


@given(texts)
def test_sketches_are_those_of_the_sets(batch: list[str]) -> None:
    """The sizes are those of the sets, and a bitmap has one bit for each shingle and no other."""
    text = pl.Series(batch, dtype=pl.String)
    sizes, bitmaps = sketches(text, 3)
    values, offsets = shingle_sets(text, 3)
    assert sizes.tolist() == np.diff(offsets).tolist()
    for row, words in enumerate(bitmaps.tolist()):
        bits = {64 * word + bit for word, value in enumerate(words) for bit in range(64) if value >> bit & 1}
        assert bits == {
            int(v) % (64 * shingles.BITMAP_WORDS) for v in values[offsets[row] : offsets[row + 1]]
        }


def in_two_parts(keys: U64) -> Keys:
    """The same keys, with another part of their upper halves in each array."""
    high = np.arange(len(keys), dtype=np.uint32)
    parts = Keys(keys ^ high.astype(np.uint64) << np.uint64(32), high)
    assert parts.at(np.arange(len(keys))).tolist() == keys.tolist()
    return parts


@given(keys, keys, st.sampled_from([1, 4, 1 << 20]))
def test_shared_keys_by_counting(index: list[int], new: list[int], at_once: int) -> None:
    """A key is shared if two rows have it, one of this run, in any partitioning; the filter misses none of them."""
    every = np.array([*index, *new], np.uint64)
    rows = np.arange(len(every), dtype=np.uint32)
    counts = Counter(every.tolist())
    expected = [counts[k] > 1 and k in new for k in every.tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_keys, "KEYS_AT_ONCE", at_once)
        pairs, which = shared_keys.shared_keys(rows, every, len(index))
    assert which.tolist() == expected
    assert pairs.rows.tolist() == rows[which].tolist()
    assert len(set(zip(pairs.keys.tolist(), every[which].tolist(), strict=True))) == len(
        set(every[which].tolist())
    )
    assert sorted(set(pairs.keys.tolist())) == list(range(len(set(every[which].tolist()))))
    seen = KeyFilter(len(new))
    old, now = every[: len(index)], every[len(index) :]
    for half in (now[: len(now) // 2], now[len(now) // 2 :]):
        seen.mark(Keys(half, NO_HIGH))
    passed = {*seen.pass_index(in_two_parts(old)), *(seen.pass_new(in_two_parts(now)) + len(old))}
    assert passed.issuperset(np.flatnonzero(expected))


def test_the_filter_lets_little_pass() -> None:
    """Fewer than one in eight of 100,000 distinct keys pass."""
    some = np.random.default_rng(2).integers(0, 1 << 64, 100_000, np.uint64)
    seen = KeyFilter(len(some))
    seen.mark(Keys(some, NO_HIGH))
    assert 0 < len(seen.pass_new(Keys(some, NO_HIGH))) < len(some) / 8


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=30))
def test_plain_buckets_hold_what_has_the_key(links: list[tuple[int, int]]) -> None:
    """Each set has its keys, in the given order, and each bucket has room for all sets with its key."""
    pairs = Pairs(*(np.array([pair[i] for pair in links], np.uint32) for i in (0, 1)))
    buckets = plain_buckets(pairs, 6)
    for one in range(6):
        found = buckets.keys[buckets.key_offsets[one] : buckets.key_offsets[one + 1]]
        assert found.tolist() == [key for row, key in links if row == one]
    room = np.diff(buckets.member_starts).tolist()
    assert all(room[key] == count for key, count in Counter(key for _, key in links).items())
    assert sum(room) == len(links)


def test_huge_sets_in_a_crowd_take_room_for_their_keys_only() -> None:
    """The pairs of their values would not fit into memory; they are not made, and no room is asked for them."""
    chance = np.random.default_rng(1)
    whole = np.unique(chance.integers(0, 2**63, 400_000, dtype=np.uint64))
    members = [whole, *(np.sort(whole[chance.random(len(whole)) < 0.6]) for _ in range(20))]
    numbers = np.zeros(len(members), np.uint64)
    sets = buckets.Sets(np.concatenate(members), starts_of(np.array([*map(len, members)])), numbers)
    one_key = Pairs(np.arange(len(members), dtype=np.uint32), np.zeros(len(members), np.uint32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "CROWDED", 2)
        found = buckets.uncrowded_buckets(plain_buckets(one_key, len(members)), sets, 0, Fraction(1, 2))
    of_whole = found.buckets[: found.bucket_offsets[1]]
    assert np.isin(found.partners[of_whole], found.buckets[found.bucket_offsets[1] :]).any()
