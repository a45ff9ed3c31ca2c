"""The wording of a line: its n-grams (words and pairs of words), and their weights in lines of boilerplate.

A word is a run of letters and digits, in lower case and with each digit as 0. Any other character except white space is
a word by itself, and so is each character of a script without spaces. The edges of a line form pairs with its first and
last words, so that "log in" alone on a line differs from "log in" within one.
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
    WHITE,
    class_of,
)
from cleaners.boilerplate.line_classifier.vocabulary import table_of
from cleaners.kernels import F32, U8, U32, Word, Written, helper, kernel
from cleaners.text.tokens import MULTIPLIER, code_point, fmix64

#: Words of a line that are read, at most. Each yields two n-grams, and the end of the line one more.
MAX_NGRAM_WORDS: Final = 128
MAX_NGRAMS: Final = 2 * MAX_NGRAM_WORDS + 1
_LINE_EDGE: Final = 1  # in place of a word before the first and after the last


class NgramWeights(NamedTuple):
    """A hash table of n-grams, as `table_of` makes it."""

    keys: U32  # as `line_ngrams` makes them, 0 for an empty slot
    weights: F32  # log-odds: above 0 in lines of boilerplate


def ngram_weights(weights: Mapping[int, float]) -> NgramWeights:
    """The hash table of n-grams, given the weight of each key (see `line_ngrams`)."""
    return NgramWeights(*table_of(weights, np.uint32))


@kernel
def line_ngrams(data: U8, start: int, stop: int, classes: U8, lower: U32, out: Written[U32]) -> int:
    """Writes the keys of the n-grams of the text data[start:stop] to `out`, and returns their number.

    `out` has room for MAX_NGRAMS keys. `classes` and `lower` are `Characters`. The hash h of a word begins as 0; each
    code point c changes it to h = (h ^ c) * M, then h ^= h >> 29, with M = MULTIPLIER. The key of a word is the lower
    half of fmix64(h), the key of a pair that of fmix64(first * M ^ second). A key of 0 is written as 1.
    """
    found, words = 0, 0
    before, word = np.uint64(_LINE_EDGE), np.uint64(0)
    within: Any = False
    at = start
    while at < stop and words < MAX_NGRAM_WORDS:
        code: Any = np.int64(data[at])
        width = 1
        if code >= 0x80:
            code, width = code_point(data, at)
        kind: Any = class_of(code, classes)
        code = np.int64(lower[code]) if code < 0x10000 else code
        alone = kind in (HAN, DENSE) or not FIRST_WORD <= kind <= LAST_WORD
        if within and alone:
            found, before, words = _add_pair(out, found, before, word), word, words + 1
            word, within = np.uint64(0), False
        if kind != WHITE:
            code = 0x30 if kind == DIGIT else code
            word = (word ^ np.uint64(code)) * np.uint64(MULTIPLIER)
            word ^= word >> np.uint64(29)
            within = True
            if alone:
                if words < MAX_NGRAM_WORDS:
                    found, before, words = _add_pair(out, found, before, word), word, words + 1
                word, within = np.uint64(0), False
        at += width
        while within and at < stop and 0x61 <= data[at] <= 0x7A:  # fast path for ASCII
            word = (word ^ np.uint64(data[at])) * np.uint64(MULTIPLIER)
            word ^= word >> np.uint64(29)
            at += 1
    if within and words < MAX_NGRAM_WORDS:
        found, before = _add_pair(out, found, before, word), word
    out[found] = _key(before * np.uint64(MULTIPLIER) ^ np.uint64(_LINE_EDGE))
    return found + 1


@helper
def _add_pair(out: Written[U32], found: int, before: Word, word: Word) -> int:
    """Writes the keys of a word and of its pair with the word before; returns the number of keys so far."""
    out[found] = _key(before * np.uint64(MULTIPLIER) ^ word)
    out[found + 1] = _key(word)
    return found + 2


@helper
def _key(h: Word) -> Any:
    """The key for a hash: the lower half of fmix64, never 0."""
    return max(np.uint32(fmix64(h) & np.uint64(0xFFFFFFFF)), np.uint32(1))


@kernel
def wording(ngrams: U32, keys: U32, weights: F32) -> Any:
    """The feature `wording`: the sum of the weights of the n-grams of a line, over the square root of their number."""
    total = np.float32(0)
    mask = len(keys) - 1
    for key in ngrams:
        at = np.int64(key) & mask
        while keys[at] != 0 and keys[at] != key:
            at = (at + 1) & mask
        total += weights[at] if keys[at] else np.float32(0)
    return total / np.sqrt(np.float32(max(len(ngrams), 1)))
