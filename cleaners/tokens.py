"""Hashes of the tokens, shingles and digit runs of many texts at once: arrays in, arrays out.

Texts come as one array of UTF-8 bytes and the offsets between them, as Arrow lays them out, already in NFKC and
casefolded. Every hash is an unsigned 64-bit number, and none depends on the machine or on Python's hash seed:

- `fmix64` is the finaliser of MurmurHash3 (x64), a bijection that spreads every bit over all others.
- A token's hash is `fmix64` of FNV-1a (64 bits) over its UTF-8 bytes.
- The hash of a sequence of k hashes is `fmix64(h * M + k)`, where h begins as 0 and each t makes it `h * M + t`,
  modulo 2**64; M is `MULTIPLIER`. The empty sequence has the hash 0.
- A shingle's hash is that of the sequence of its tokens.

Shingles are Broder's, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

MULTIPLIER: Final = 0x9E3779B97F4A7C15
SECOND_MULTIPLIER: Final = 0xD1342543DE82EF95

# What a code point is to the tokeniser.
SEPARATOR: Final = 0
LETTER: Final = 1  # or mark, or number: part of a run
DIGIT: Final = 2  # of category Nd, part of a run
SINGLE: Final = 3  # a token by itself
SINGLE_DIGIT: Final = 4
SPACE: Final = 5  # a separator that is white space

#: First and last code point of what is a token by itself, where it is a letter, mark or number at all.
SINGLE_TOKENS: Final = (
    *((0x3005, 0x3007), (0x3021, 0x302D), (0x3038, 0x303B)),  # Han: iteration mark, zero, Hangzhou numerals
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),  # Han
    *((0x3041, 0x3096), (0x309D, 0x309F)),  # Hiragana
    *((0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0x1B000, 0x1B16F)),  # Katakana, and old kana
    *((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),  # Hangul
    *((0x0E00, 0x0E7F), (0x0E80, 0x0EFF), (0x1780, 0x17FF)),  # Thai, Lao, Khmer
    *((0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),  # Myanmar
)

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code: compiled when first called, kept on disk, run without the interpreter's lock."""
    compiled: Callable[P, R]
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # there is no folder that numba may write to
        compiled = numba.njit(nogil=True)(function)
    return compiled


class Hashes(NamedTuple):
    """What `hash_texts` finds in each text; row r's shingles are `shingles[offsets[r]:offsets[r + 1]]`."""

    tokens: U32  # how many tokens
    numbers: U64  # of the sequence of digit runs; 0 without any
    exact: U64  # (rows, 2): two independent hashes of the sequence of tokens
    offsets: I64  # (rows + 1)
    shingles: U64  # of each text sorted, none twice; none at all in a text without a token


def hash_texts(data: U8, offsets: I64, n: int) -> Hashes:
    """The hashes of each text, over shingles of `n` tokens (1 to 16).

    `data` is UTF-8, normalised (NFKC, then casefolded); text r lies at `data[offsets[r]:offsets[r + 1]]`. A text of
    fewer than `n` tokens is one shingle. The sequence hashed in `exact` is, in a text without a token, that of the
    runs of characters between white space, so that "***" and "* * *" differ.
    """
    return Hashes(*_hash_texts(data, offsets, character_classes(), _printable(), n))


@functools.cache
def character_classes() -> U8:
    """For every code point what it is to the tokeniser: SEPARATOR, LETTER, DIGIT, SINGLE, SINGLE_DIGIT or SPACE."""
    classes = np.zeros(0x110000, np.uint8)
    # planes 4 to 13 and 15 on hold no letters, marks or numbers
    for first, last in ((0, 0x3FFFF), (0xE0000, 0xEFFFF)):
        names = map(unicodedata.category, map(chr, range(first, last + 1)))
        codes = {"L": LETTER, "M": LETTER, "N": LETTER}
        classes[first : last + 1] = [
            DIGIT if name == "Nd" else codes.get(name[0], SEPARATOR) for name in names
        ]
    for first, last in SINGLE_TOKENS:
        block = classes[first : last + 1]
        block[block == DIGIT] = SINGLE_DIGIT
        block[block == LETTER] = SINGLE
    classes[[code for code in range(0x3001) if chr(code).isspace()]] = SPACE
    return classes


@functools.cache
def _printable() -> U8:
    """The same table for texts without a token: all but white space is part of a run."""
    return np.where(character_classes() == SPACE, SEPARATOR, LETTER).astype(np.uint8)


@kernel
def fmix64(h: Any) -> Any:
    """The finaliser of MurmurHash3 for 64 bits."""
    h = np.uint64(h)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@kernel
def code_point(data: U8, at: int) -> Any:
    """The code point that begins at `at`, and how many bytes it takes."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int64(data[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | np.int64(data[at + 3]) & 0x3F, 4


@kernel
def _tokenise(data: U8, start: int, stop: int, classes: U8, hashes: U64) -> Any:
    """Writes the hash of each token to `hashes`; returns how many there are, and the hash of the digit runs."""
    basis, prime = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
    count, runs, numbers = 0, np.uint64(0), np.uint64(0)
    at = start
    while at < stop:  # every round takes one token, and what ends it
        token, digits, begin, in_digits = basis, basis, at, False
        kind, width = np.uint8(SEPARATOR), 0
        while at < stop:
            byte = data[at]
            if byte < 0x80 and not in_digits and classes[byte] == LETTER:  # nearly all text comes this way
                token = (token ^ np.uint64(byte)) * prime
                at += 1
                continue
            code, width = code_point(data, at)
            kind = classes[code]
            if kind not in (LETTER, DIGIT):
                break
            if kind == DIGIT:
                in_digits = True
                for i in range(at, at + width):
                    digits = (digits ^ np.uint64(data[i])) * prime
            elif in_digits:
                runs += np.uint64(1)
                numbers = numbers * np.uint64(MULTIPLIER) + fmix64(digits)
                digits, in_digits = basis, False
            for i in range(at, at + width):
                token = (token ^ np.uint64(data[i])) * prime
            at += width
        if at > begin:
            hashes[count] = fmix64(token)
            count += 1
        if in_digits:
            runs += np.uint64(1)
            numbers = numbers * np.uint64(MULTIPLIER) + fmix64(digits)
        if at < stop:
            if kind in (SINGLE, SINGLE_DIGIT):
                token = basis
                for i in range(at, at + width):
                    token = (token ^ np.uint64(data[i])) * prime
                hashes[count] = fmix64(token)
                count += 1
                if kind == SINGLE_DIGIT:
                    runs += np.uint64(1)
                    numbers = numbers * np.uint64(MULTIPLIER) + fmix64(token)
            at += width
    return count, fmix64(numbers * np.uint64(MULTIPLIER) + runs)


@kernel
def _sequence(hashes: U64, start: int, length: int) -> Any:
    """The hash of `length` hashes in their order."""
    h = np.uint64(0)
    for i in range(start, start + length):
        h = h * np.uint64(MULTIPLIER) + hashes[i]
    return fmix64(h * np.uint64(MULTIPLIER) + np.uint64(length))


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


@kernel
def _hash_texts(data: U8, offsets: I64, classes: U8, printable: U8, n: int) -> Any:
    rows = len(offsets) - 1
    longest = 0
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    # a token has a byte at the least, so bytes bound tokens; memory that is not touched costs nothing
    hashes, spare = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    counts = np.empty(longest + 2, np.int64)
    shingles = np.empty(offsets[rows] - offsets[0] + 1, np.uint64)
    tokens, numbers = np.zeros(rows, np.uint32), np.zeros(rows, np.uint64)
    exact, bounds = np.zeros((rows, 2), np.uint64), np.zeros(rows + 1, np.int64)
    for row in range(rows):
        start, stop, first = offsets[row], offsets[row + 1], bounds[row]
        count, numbers[row] = _tokenise(data, start, stop, classes, hashes)
        tokens[row] = count
        length = min(n, count)
        for i in range(count - length + 1 if count else 0):
            shingles[first + i] = _sequence(hashes, i, length)
        shingle_count = count - length + 1 if count else 0
        bounds[row + 1] = first + _sort_unique(shingles, first, shingle_count, spare, counts)
        if count == 0:
            count, _ = _tokenise(data, start, stop, printable, hashes)
        one, two = np.uint64(0), np.uint64(0)  # two chains of products at once take no longer than one
        for i in range(count):
            one = one * np.uint64(MULTIPLIER) + hashes[i]
            two = two * np.uint64(SECOND_MULTIPLIER) + hashes[i]
        exact[row, 0] = fmix64(one * np.uint64(MULTIPLIER) + np.uint64(count))
        exact[row, 1] = fmix64(two * np.uint64(SECOND_MULTIPLIER) + np.uint64(count))
    return tokens, numbers, exact, bounds, shingles[: bounds[rows]].copy()
