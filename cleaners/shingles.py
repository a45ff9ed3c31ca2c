"""The texts of a column as the tokeniser wants them, their tokens counted, and their sets of shingles."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.folding import utf8
from cleaners.tokens import (
    I64,
    U8,
    U32,
    U64,
    Alphabet,
    alphabet,
    code_point,
    kernel,
    longest,
    sequence_hash,
    special_characters,
    tokenise,
)


def normalised_texts(text: pl.Series) -> tuple[U8, I64]:
    """The texts (none of them null) as one array of UTF-8 bytes and the offsets between them, ready for `tokenise`.

    Those with a character for which lower case, which `tokenise` sees to, is not enough are in NFKC and casefolded;
    these are few.
    """
    data, offsets = utf8(text)
    special = np.flatnonzero(_hold_any(data, offsets, special_characters()))
    if not len(special):
        return data, offsets
    folded = [unicodedata.normalize("NFKC", t).casefold() for t in text.gather(special)]
    return utf8(text.scatter(special, pl.Series(folded, dtype=pl.String)))


def count_tokens(text: pl.Series) -> pl.Series:
    """How many tokens each text has (UInt32), 0 where it is null.

    >>> count_tokens(pl.Series(["It rained, twice.", "雨だ", "***", None])).to_list()
    [3, 2, 0, 0]
    """
    counts: U32 = _count(*normalised_texts(text.fill_null("")), alphabet())
    return pl.Series("tokens", counts)


def shingle_sets(text: pl.Series, n: int) -> tuple[U64, I64]:
    """(shingles, offsets): the set of text r is `shingles[offsets[r]:offsets[r + 1]]`, sorted and none twice.

    A shingle is the hash of `n` tokens (1 to 16) that follow one another; a text of fewer is one shingle, one without a
    token has none. No text is null.
    """
    shingles: U64
    offsets: I64
    shingles, offsets = _shingle_sets(*normalised_texts(text), alphabet(), n)
    return shingles, offsets


@kernel
def _hold_any(data: U8, offsets: I64, characters: NDArray[np.bool_]) -> Any:
    """Which texts hold one of the characters, none of which is of ASCII."""
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
    # a token has a byte at the least, so bytes bound tokens; memory that is not touched costs nothing
    hashes, spare = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    counts = np.empty(most + 2, np.int64)
    shingles = np.empty(offsets[rows] - offsets[0] + 1, np.uint64)
    bounds = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        first = bounds[row]
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        length = min(n, count)
        found = count - length + 1 if count else 0
        for i in range(found):
            shingles[first + i] = sequence_hash(hashes, i, length)
        bounds[row + 1] = first + _sort_unique(shingles, first, found, spare, counts)
    return shingles[: bounds[rows]].copy(), bounds


@kernel
def _sort_unique(values: U64, start: int, length: int, spare: U64, counts: I64) -> Any:
    """Sorts `length` values from `start` on in place and drops repeats; returns how many are left.

    The values are hashes, spread evenly over 64 bits: each is put near its place by its upper bits, in as many bins as
    there are values, and an insertion sort does the rest.
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
            spare[counts[place]] = values[i]
            counts[place] += 1
        for i in range(length):
            values[start + i] = spare[i]
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
