"""The wording of a line: its words and pairs of words, and what each weighs in lines of boilerplate.

Words are letters and digits that stand together, in lower case and each digit as 0; any other character but white
space is a word by itself, and so is every character of a script without spaces. The beginning and the end of a line
stand in pairs, too: "log in" alone on its line is another thing than a line in which it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from cleaners.boilerplate.line_classifier.characters import (
    DENSE,
    DIGIT,
    FIRST_WORD,
    HAN,
    LAST_WORD,
    OTHER,
    WHITE,
)
from cleaners.boilerplate.line_classifier.vocabulary import F32, slot, table_of
from cleaners.text.tokens import I64, MULTIPLIER, U8, U32, code_point, fmix64, kernel

#: No more words of a line are looked at: two n-grams come of each, and one more.
MOST_WORDS: Final = 128
ROOM: Final = 2 * MOST_WORDS + 1
_EDGE: Final = 1  # stands for what is before the first word and after the last


class NgramWeights(NamedTuple):
    """A table of n-grams, as `table_of` makes it."""

    keys: U32
    weights: F32  # log-odds: above 0 in lines of boilerplate


def ngram_weights(weights: Mapping[int, float]) -> NgramWeights:
    """The table of the weight of each n-gram (its key, as `line_ngrams` has it)."""
    return NgramWeights(*table_of(weights, np.uint32))


@kernel
def line_ngrams(data: U8, start: int, stop: int, classes: U8, lower: U32, out: U32) -> int:
    """Writes the keys of the n-grams of a text, of which there is ROOM in `out`; how many there are.

    A word's hash begins as 0, and each code point c makes it h = (h ^ c) * M, then h ^ h >> 29. Its key is the lower
    half of fmix64 of that, the key of a pair that of fmix64(first * M ^ second); 0 is written as 1.
    """
    found, words = 0, 0
    before, word = np.uint64(_EDGE), np.uint64(0)
    within: Any = False
    at = start
    while at < stop and words < MOST_WORDS:
        code: Any = np.int64(data[at])
        width = 1
        if code >= 0x80:
            code, width = code_point(data, at)
        kind: Any = (
            np.int64(classes[code]) if code < 0x10000 else (HAN if 0x20000 <= code < 0x40000 else OTHER)
        )
        code = np.int64(lower[code]) if code < 0x10000 else code
        alone = kind in (HAN, DENSE) or not FIRST_WORD <= kind <= LAST_WORD
        if within and alone:
            found, before, words = _add(out, found, before, word), word, words + 1
            word, within = np.uint64(0), False
        if kind != WHITE:
            code = 0x30 if kind == DIGIT else code
            word = (word ^ np.uint64(code)) * np.uint64(MULTIPLIER)
            word ^= word >> np.uint64(29)
            within = True
            if alone:
                if words < MOST_WORDS:
                    found, before, words = _add(out, found, before, word), word, words + 1
                word, within = np.uint64(0), False
        at += width
        while within and at < stop and 0x61 <= data[at] <= 0x7A:  # most characters are small letters of ASCII
            word = (word ^ np.uint64(data[at])) * np.uint64(MULTIPLIER)
            word ^= word >> np.uint64(29)
            at += 1
    if within and words < MOST_WORDS:
        found, before = _add(out, found, before, word), word
    out[found] = _key(before * np.uint64(MULTIPLIER) ^ np.uint64(_EDGE))
    return found + 1


@kernel
def _add(out: U32, found: int, before: Any, word: Any) -> int:
    """Writes the pair that a word ends, and the word; how many keys there are now."""
    out[found] = _key(before * np.uint64(MULTIPLIER) ^ word)
    out[found + 1] = _key(word)
    return found + 2


@kernel
def _key(h: Any) -> Any:
    return max(np.uint32(fmix64(h) & np.uint64(0xFFFFFFFF)), np.uint32(1))


@kernel
def wording(ngrams: U32, keys: U32, weights: F32) -> Any:
    """The weights of a line's n-grams, added up and divided by the square root of how many there are."""
    total = np.float32(0)
    mask = len(keys) - 1
    for key in ngrams:
        at = slot(keys, mask, key)
        total += weights[at] if keys[at] else np.float32(0)
    return total / np.sqrt(np.float32(max(len(ngrams), 1)))


@kernel
def ngrams_of(data: U8, offsets: I64, rows: I64, classes: U8, lower: U32) -> Any:
    """(keys, ends): the n-grams of some lines of many texts, one line after the other, and where each line's end."""
    ends = np.zeros(len(rows) + 1, np.int64)
    room = np.int64(0)
    for row in rows:
        room += min(2 * (offsets[row + 1] - offsets[row]) + 1, ROOM)
    keys, buffer = np.empty(room, np.uint32), np.empty(ROOM, np.uint32)
    for n in range(len(rows)):
        found = line_ngrams(data, offsets[rows[n]], offsets[rows[n] + 1], classes, lower, buffer)
        keys[ends[n] : ends[n] + found] = buffer[:found]
        ends[n + 1] = ends[n] + found
    return keys[: ends[-1]], ends
