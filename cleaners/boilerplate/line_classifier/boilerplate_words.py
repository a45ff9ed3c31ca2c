"""The words that occur in phrases of boilerplate, each with its weight, as a hash table for kernels."""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.shape import COUNTS, count_line
from cleaners.boilerplate.line_classifier.vocabulary import table_of
from cleaners.derived import derived
from cleaners.kernels import F32, I64, U8, U32, U64, kernel
from cleaners.phrases.phrase import Phrase
from cleaners.text.utf8 import utf8

#: Number of wordings above which a word is weighted by the share of them that contain it.
SATURATION: Final = 15_000
#: The words of fewer wordings are sooner weighed than read from where they are kept.
MANY_TEXTS: Final = 1_000


class BoilerplateWords(NamedTuple):
    """A hash table of words, as `table_of` makes it."""

    keys: U64  # hashes of words, 0 for an empty slot
    weights: F32  # from 0 to 1; higher for words of many phrases


@functools.lru_cache(maxsize=8)
def boilerplate_words(phrases: tuple[Phrase, ...]) -> BoilerplateWords:
    """The words in the wordings of all phrases that remove, each with its weight; regular expressions are left out.

    A word that is in n of all N wordings weighs n / (n + 1). If N is above `SATURATION`, it weighs
    n / (n + N / SATURATION); otherwise common words would gain weight with every phrase that is added.
    """
    texts = [
        text
        for phrase in phrases
        if phrase.action != "keep" and phrase.match != "regex"
        for text in phrase.texts
    ]
    if len(texts) < MANY_TEXTS:
        return _weighed(texts)
    return derived("boilerplate-words", "\0".join(texts), lambda: _weighed(texts))


def _weighed(texts: list[str]) -> BoilerplateWords:
    hashes, wordings = _words(*utf8(pl.Series(texts, dtype=pl.String)), *characters())
    once = pl.DataFrame({"key": hashes | np.uint64(1), "wording": wordings}).unique()
    keys, times = once.group_by("key").len().sort("key").to_numpy().T.astype(np.uint64)
    weights = times / (times + max(1.0, len(texts) / SATURATION))
    return BoilerplateWords(*table_of(dict(zip(keys.tolist(), weights.tolist(), strict=True)), np.uint64))


@kernel
def _words(data: U8, offsets: I64, classes: U8, lower: U32) -> Any:
    """(hashes, lines): the hashes of the words of all lines, from `count_line`, and the number of each word's line."""
    # a word and the gap after it take at least two bytes
    hashes = np.empty(len(data) // 2 + len(offsets), np.uint64)
    lines = np.empty(len(hashes), np.int64)
    counts = np.zeros(len(COUNTS), np.int32)
    words = 0
    for line in range(len(offsets) - 1):
        found = count_line(data, offsets[line], offsets[line + 1], classes, lower, counts, hashes[words:])
        for word in range(words, words + found):
            lines[word] = line
        words += found
    return hashes[:words], lines[:words]
