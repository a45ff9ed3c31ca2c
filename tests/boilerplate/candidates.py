"""What is known of the candidates before they are scored: their n-grams, and what their scores may decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.classify import phrase_states, places_allow, texts_allow
from cleaners.boilerplate.line_classifier.lists import candidates, is_in_list
from cleaners.boilerplate.line_classifier.ngrams import MAX_NGRAMS, line_ngrams
from flows.settings import Settings, lexicon_of


def ngrams_of(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    rows: NDArray[np.int64],
    classes: NDArray[np.uint8],
    lower: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """(keys, ends): the n-grams of the lines `rows`, one line after the other, and where each line's end.

    Line i has keys[ends[i] : ends[i + 1]].
    """
    room = np.minimum(2 * (offsets[rows + 1] - offsets[rows]) + 1, MAX_NGRAMS).sum()
    keys, buffer = np.empty(room, np.uint32), np.empty(MAX_NGRAMS, np.uint32)
    ends = np.zeros(len(rows) + 1, np.int64)
    for n, row in enumerate(rows):
        found = line_ngrams(data, offsets[row], offsets[row + 1], classes, lower, buffer)
        keys[ends[n] : ends[n] + found] = buffer[:found]
        ends[n + 1] = ends[n] + found
    return keys[: ends[-1]], ends


def may_be_removed(
    frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: NDArray[Any]
) -> NDArray[np.bool_]:
    """Whether the exemptions let a score remove these lines of a frame, as `classify_lines` asks them."""
    may = places_allow(frame, found, phrase_states(frame, found), rows, features)
    may[may] = texts_allow(frame, rows[may], features[may], lexicon_of(Settings()))
    return may


def must_be_sure(frame: pl.DataFrame, rows: NDArray[np.int64], features: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the candidates only log-odds that are SURE beyond the threshold remove, whatever their neighbours do."""
    return is_in_list(
        frame, candidates(rows, features, np.zeros(len(rows), np.float32)), lexicon_of(Settings())
    )
