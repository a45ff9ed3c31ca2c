"""Token counts, shingle sets and their bitmaps, for whole columns of text."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U32, U64, Flags, Integer, Rows, Word, Written, helper, kernel
from cleaners.text.normalization import fold
from cleaners.text.tokens import (
    Alphabet,
    alphabet,
    code_point,
    longest,
    shingle_hashes,
    special_characters,
    tokenise,
)
from cleaners.text.utf8 import utf8

BITMAP_WORDS: Final = 8  # of 64 bits each


def normalised_texts(text: pl.Series) -> tuple[U8, I64]:
    """The texts (none of them null) as one array of UTF-8 bytes and the offsets between them, ready for `tokenise`.

    `tokenise` lower-cases characters itself. The few texts with a character for which that is not enough are normalised
    to NFKC and casefolded here.
    """
    data, offsets = utf8(text)
    special = special_rows(data, offsets)
    if not len(special):
        return data, offsets
    return utf8(text.clone().scatter(special, folded(text.gather(special))))


def special_rows(data: U8, offsets: I64) -> I64:
    """The rows of those texts that must be normalised and casefolded before they are tokenised."""
    return np.flatnonzero(_hold_any(data, offsets, special_characters()))


def folded(text: pl.Series) -> pl.Series:
    """The texts normalised to NFKC and casefolded. Slow, because Python folds them one by one: meant for few texts."""
    return pl.Series([fold(t) for t in text], dtype=pl.String)


def count_tokens(text: pl.Series) -> pl.Series:
    """The number of tokens in each text (UInt32), 0 for a null.

    >>> count_tokens(pl.Series(["It rained, twice.", "雨だ", "***", None])).to_list()
    [3, 2, 0, 0]
    """
    counts: U32 = _count(*normalised_texts(text.fill_null("")), alphabet())
    return pl.Series("tokens", counts)


def shingle_sets(text: pl.Series, n: int) -> tuple[U64, I64]:
    """(shingles, offsets): the set of text r is `shingles[offsets[r]:offsets[r + 1]]`, sorted and without repeats.

    A shingle is the hash of `n` consecutive tokens (1 to 16). A text of fewer tokens has one shingle, a text without
    tokens has none. No text may be null.
    """
    shingles: U64
    offsets: I64
    shingles, offsets = _shingle_sets(*normalised_texts(text), alphabet(), n)
    return shingles, offsets


def sketches(text: pl.Series, n: int) -> tuple[U32, U64]:
    """(sizes, bitmaps) of the sets that `shingle_sets` returns; bitmaps is (rows, BITMAP_WORDS), see `set_bits`."""
    sizes: U32
    bitmaps: U64
    sizes, bitmaps = _sketches(*normalised_texts(text), alphabet(), n)
    return sizes, bitmaps


@kernel
def _hold_any(data: U8, offsets: I64, characters: Flags) -> Any:
    """Which texts contain one of the characters, none of which is ASCII."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for row in range(len(found)):
        every = np.uint8(0)
        for i in range(offsets[row], offsets[row + 1]):
            every |= data[i]
        if every < 0x80:
            continue
        at = offsets[row]
        while at < offsets[row + 1]:
            if data[at] < 0x80:
                at += 1
                continue
            code, width = code_point(data, at)
            if characters[code]:
                found[row] = True
                break
            at += width
    return found


@kernel
def _count(data: U8, offsets: I64, letters: Alphabet) -> Any:
    counts = np.empty(len(offsets) - 1, np.uint32)
    hashes = np.empty(longest(offsets) + 1, np.uint64)
    for row in range(len(counts)):
        counts[row], _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
    return counts


@kernel
def _shingle_sets(data: U8, offsets: I64, letters: Alphabet, n: int) -> Any:
    rows, most = len(offsets) - 1, longest(offsets)
    # a token has at least one byte, so the byte length bounds the tokens; memory that is never touched costs nothing
    hashes, scratch = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    counts = np.empty(most + 2, np.int64)
    shingles = np.empty(offsets[rows] - offsets[0] + 1, np.uint64)
    bounds = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        first = bounds[row]
        found = _shingles(data, offsets[row], offsets[row + 1], letters, n, hashes, shingles[first:])
        bounds[row + 1] = first + _sort_unique(shingles, first, found, scratch, counts)
    return shingles[: bounds[rows]].copy(), bounds


@helper
def _shingles(
    data: U8, start: int, stop: int, letters: Alphabet, n: int, hashes: Written[U64], shingles: Written[U64]
) -> Any:
    """Writes the shingles of a text, with repeats, to `shingles`; returns how many."""
    count, _ = tokenise(data, start, stop, letters, hashes)
    return shingle_hashes(hashes, count, n, shingles)


@kernel
def _sketches(data: U8, offsets: I64, letters: Alphabet, n: int) -> Any:
    rows, most = len(offsets) - 1, longest(offsets)
    hashes, scratch = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    counts, shingles = np.empty(most + 2, np.int64), np.empty(most + 1, np.uint64)
    sizes, bitmaps = np.empty(rows, np.uint32), np.zeros((rows, BITMAP_WORDS), np.uint64)
    for row in range(rows):
        found = _shingles(data, offsets[row], offsets[row + 1], letters, n, hashes, shingles)
        sizes[row] = _sort_unique(shingles, 0, found, scratch, counts)
        set_bits(shingles, 0, np.int64(sizes[row]), bitmaps, row)
    return sizes, bitmaps


@helper
def set_bits(shingles: U64, start: Integer, stop: Integer, bitmaps: Written[Rows[U64]], row: int) -> Any:
    """Sets one bit in a row of `bitmaps` for each shingle of `shingles[start:stop]`.

    Two sets differ in at least as many shingles as their bitmaps differ in bits. This rules out most near-misses
    without reading their shingles (Sandes, Teodoro and Melo, "Bitmap filter: speeding up exact set similarity joins",
    2018).
    """
    for i in range(start, stop):
        word = np.int64(shingles[i] >> np.uint64(6) & np.uint64(BITMAP_WORDS - 1))
        bitmaps[row, word] |= np.uint64(1) << (shingles[i] & np.uint64(63))


@helper
def different_bits(bitmaps: Rows[U64], one: int, other: int) -> Any:
    """The number of bits in which two rows of bitmaps differ."""
    different = 0
    for word in range(BITMAP_WORDS):
        different += _ones(bitmaps[one, word] ^ bitmaps[other, word])
    return different


@helper
def missing_bits(bitmaps: Rows[U64], one: int, other: int) -> Any:
    """The number of bits that one row of bitmaps has, and another one lacks."""
    missing = 0
    for word in range(BITMAP_WORDS):
        missing += _ones(bitmaps[one, word] & ~bitmaps[other, word])
    return missing


@helper
def _ones(x: Word) -> Any:
    """The number of bits set in a 64-bit number."""
    x -= x >> np.uint64(1) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + (x >> np.uint64(2) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def sort(values: Written[U64], count: int) -> None:
    """Sorts the first `count` values in place: Shell's sort, which compiles sooner than numpy's, for a few hundred."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap:
        for i in range(gap, count):
            value = values[i]
            j = i - gap
            while j >= 0 and values[j] > value:
                values[j + gap] = values[j]
                j -= gap
            values[j + gap] = value
        gap //= 3


@helper
def _sort_unique(
    values: Written[U64], start: int, length: int, scratch: Written[U64], counts: Written[I64]
) -> Any:
    """Sorts `length` values from `start` on in place and drops repeats; returns how many are left.

    The values are hashes, spread evenly over 64 bits. So their upper bits sort them into as many bins as there are
    values, and an insertion sort finishes the job. `scratch` holds `length` values, `counts` one more.
    """
    if length > 16:
        bins = np.uint64(min(length, 1 << 30))
        for i in range(length + 1):
            counts[i] = 0
        for i in range(start, start + length):
            counts[np.int64(((values[i] >> np.uint64(32)) * bins) >> np.uint64(32)) + 1] += 1
        for i in range(length):
            counts[i + 1] += counts[i]
        for i in range(start, start + length):
            place = np.int64(((values[i] >> np.uint64(32)) * bins) >> np.uint64(32))
            scratch[counts[place]] = values[i]
            counts[place] += 1
        for i in range(length):
            values[start + i] = scratch[i]
    for i in range(start + 1, start + length):
        value = values[i]
        j = i - 1
        while j >= start and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value
    end = start
    for i in range(start, start + length):
        if i == start or values[i] != values[end - 1]:
            values[end] = values[i]
            end += 1
    return end - start
