"""The words that the phrases of boilerplate are made of, as a table for kernels."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.lines.characters import characters
from cleaners.lines.shape import COUNTS, count_line
from cleaners.lines.words import F32, table_of
from cleaners.phrases.phrase import Phrase
from cleaners.texts.tokens import U64
from cleaners.texts.utf8 import utf8

#: Of more wordings than that a word weighs by the share of them that have it.
WORDINGS: Final = 15_000


class FurnitureWords(NamedTuple):
    """A table of hashes, as `table_of` makes it."""

    keys: U64
    weights: F32  # the more phrases have the word, the nearer to 1


@functools.lru_cache(maxsize=8)
def furniture_words(phrases: tuple[Phrase, ...]) -> FurnitureWords:
    """The words of the wordings of all phrases that strike, each with its weight.

    A word that n of all N wordings have weighs n / (n + 1), and where N is above `WORDINGS` n / (n + N / `WORDINGS`):
    else the commonest words would weigh the more the more phrases there are.
    """
    texts = [
        text
        for phrase in phrases
        if phrase.action != "keep" and phrase.match != "regex"
        for text in phrase.texts
    ]
    data, offsets = utf8(pl.Series(texts, dtype=pl.String))
    classes, lower = characters()
    hashes, counts = np.empty(1 << 10, np.uint64), np.zeros(len(COUNTS), np.int32)
    times: dict[int, int] = {}
    for start, stop in pairwise(offsets):
        found, _ = count_line(data, start, stop, classes, lower, counts, hashes)
        for key in {int(h) | 1 for h in hashes[:found]}:
            times[key] = times.get(key, 0) + 1
    least = max(1.0, len(texts) / WORDINGS)
    return FurnitureWords(*table_of({key: n / (n + least) for key, n in times.items()}, np.uint64))
