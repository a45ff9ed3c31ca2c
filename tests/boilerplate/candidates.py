"""What is known of the candidates before they are scored: their n-grams, and what their scores may decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.article_forms import HALF
from cleaners.boilerplate.line_classifier.classify import phrase_states, places_allow, texts_allow
from cleaners.boilerplate.line_classifier.feature_names import WORDING
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


#: A wording of each interval that the forms of an article's lines tell apart, and where the intervals meet.
WORDINGS: Final = (-1.0, HALF / 2, HALF)
BREAKS: Final = (0.0, HALF)


def interval_of(wording: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number in WORDINGS of the interval that each wording is in.

    >>> interval_of(np.array([-0.1, 0, 0.4, 2])).tolist()
    [0, 1, 1, 2]
    """
    return np.searchsorted(BREAKS, wording, side="right")


def may_be_removed(
    frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: NDArray[Any]
) -> NDArray[np.bool_]:
    """Whether the exemptions let a score remove these lines of a frame, as `classify_lines` asks them.

    The answer has a row for each of WORDINGS, because some forms stay or go by their wording, which is learned later.
    """
    placed = places_allow(frame, found, phrase_states(frame, found), rows, features)
    may = np.zeros((len(WORDINGS), len(rows)), np.bool_)
    lexicon = lexicon_of(Settings())
    for number, worded in enumerate(_with_wordings(features[placed])):
        may[number, placed] = texts_allow(frame, rows[placed], worded, lexicon)
    return may


def must_be_sure(frame: pl.DataFrame, rows: NDArray[np.int64], features: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the candidates only log-odds that are SURE beyond the threshold remove, whatever their neighbours do.

    The answer has a row for each of WORDINGS.
    """
    doubtful = np.zeros(len(rows), np.float32)
    lexicon = lexicon_of(Settings())
    return np.array(
        [
            is_in_list(frame, candidates(rows, worded, doubtful), lexicon)
            for worded in _with_wordings(features)
        ]
    )


def _with_wordings(features: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The features with each of WORDINGS, one after the other."""
    for wording in WORDINGS:
        worded = features.copy()
        worded[:, WORDING] = wording
        yield worded
