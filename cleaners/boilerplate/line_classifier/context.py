"""Features of context: where a line stands in its document, and what stands around it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.boilerplate.line_classifier import shape as c
from cleaners.boilerplate.line_classifier.shape import is_prose
from cleaners.kernels import F32, I8, I32, I64, Rows, Written, helper

#: Phrase states: what phrases and rules say about a line before it is scored. A phrase of menus is weak evidence:
#: articles contain its words about as often.
KEPT, NO_PHRASE, MENU_PHRASE, BOILERPLATE_PHRASE, REMOVED = -1, 0, 1, 2, 3

#: Distances in lines: FAR is the largest that is distinguished.
FAR: Final = 30
NEAR: Final = 4
AROUND: Final = 12


@helper
def set_phrase_features(phrase_states: I8, lines: I64, out: Written[Rows[F32]]) -> None:
    """Writes the features of phrase states: of a line itself, and of the marked lines around it.

    `phrase_states` (int8) has those of all lines of a document, `lines` the numbers of the candidates among them, and
    `out` a row of features for each candidate.
    """
    count = len(phrase_states)
    marked = np.zeros(count + 1, np.int32)
    above, below = np.full(count, FAR, np.int32), np.full(count, FAR, np.int32)
    last = -FAR
    for i in range(count):
        marked[i + 1] = marked[i] + (phrase_states[i] > 0)
        above[i] = min(i - last, FAR)
        last = i if phrase_states[i] > 0 else last
    last = count + FAR
    for i in range(count - 1, -1, -1):
        below[i] = min(last - i, FAR)
        last = i if phrase_states[i] > 0 else last
    for n in range(len(lines)):
        i = lines[n]
        out[n, f.PHRASE_STATE] = phrase_states[i]
        out[n, f.MARK_ABOVE] = above[i]
        out[n, f.MARK_BELOW] = below[i]
        out[n, f.MARKS_NEAR] = (
            marked[min(i + NEAR + 1, count)] - marked[max(i - NEAR, 0)] - (phrase_states[i] > 0)
        )
        out[n, f.MARKS_AROUND] = (
            marked[min(i + AROUND + 1, count)] - marked[max(i - AROUND, 0)] - (phrase_states[i] > 0)
        )
        out[n, f.REMOVED_ABOVE] = i > 0 and phrase_states[i - 1] == REMOVED
        out[n, f.REMOVED_BELOW] = i + 1 < count and phrase_states[i + 1] == REMOVED
        out[n, f.MARK_DENSITY] = marked[count] / count


@helper
def set_place_features(counts: Rows[I32], own: Rows[F32], lines: I64, out: Written[Rows[F32]]) -> None:
    """Writes the features of the place of a line, of the lines around it, and of its document.

    `counts` and `own` have a row for each line of a document (`COUNTS`, and OWN_SHARED to OWN_ADDRESS), `lines` the
    numbers of the candidates among them, and `out` a row of features for each candidate.
    """
    count = len(counts)
    prose, words = np.zeros(count + 1, np.int32), np.zeros(count + 1, np.int64)
    prose_words = np.int64(0)
    run, run_above = np.zeros(count, np.int32), np.zeros(count, np.int32)
    to_prose_below = np.full(count, FAR, np.int32)
    for i in range(count):
        body = is_prose(counts[i])
        prose[i + 1] = prose[i] + body
        words[i + 1] = words[i] + counts[i, c.WORDS]
        prose_words += counts[i, c.WORDS] if body else 0
        run_above[i] = run_above[i - 1] + 1 if i and prose[i] == prose[i - 1] else 0
    next_prose, length = count + FAR, 0
    for i in range(count - 1, -1, -1):
        body = prose[i + 1] > prose[i]
        to_prose_below[i] = min(next_prose - i, FAR)
        next_prose = i if body else next_prose
        length = 0 if body else max(length, run_above[i] + 1)
        run[i] = length
    near = np.zeros(f.OWN, np.float32)
    for n in range(len(lines)):
        i = lines[n]
        low, high = max(i - NEAR, 0), min(i + NEAR + 1, count)
        out[n, f.WORDS_ABOVE] = counts[i - 1, c.WORDS] if i else f.NO_VALUE
        out[n, f.WORDS_BELOW] = counts[i + 1, c.WORDS] if i + 1 < count else f.NO_VALUE
        out[n, f.ENDING_ABOVE] = counts[i - 1, c.ENDING] if i else f.NO_VALUE
        out[n, f.ENDING_BELOW] = counts[i + 1, c.ENDING] if i + 1 < count else f.NO_VALUE
        others = high - low - 1
        out[n, f.WORDS_NEAR] = (words[high] - words[low] - counts[i, c.WORDS]) / max(others, 1)
        body = prose[i + 1] - prose[i]
        out[n, f.PROSE_NEAR] = (prose[high] - prose[low] - body) / max(others, 1)
        out[n, f.RUN] = min(run[i], FAR)
        out[n, f.RUN_ABOVE] = min(run_above[i], FAR)
        out[n, f.TO_PROSE_ABOVE] = min(run_above[i] + 1, FAR) if prose[i] else FAR
        out[n, f.TO_PROSE_BELOW] = to_prose_below[i]
        out[n, f.PROSE_BEFORE] = min(prose[i], FAR)
        out[n, f.PROSE_AFTER] = min(prose[count] - prose[i + 1], FAR)
        out[n, f.PLACE] = words[i] / max(words[count], 1)
        out[n, f.FROM_TOP] = min(i, FAR)
        out[n, f.FROM_BOTTOM] = min(count - 1 - i, FAR)
        alike = 0
        for feature in range(f.OWN):
            near[feature] = 0
        for j in range(low, high):
            if j != i:
                for feature in range(f.OWN):
                    near[feature] += own[j, feature]
                alike += _likeness(counts[i], counts[j])
        for feature in range(f.OWN):
            near[feature] /= np.float32(max(others, 1))
        out[n, f.LIKE_NEAR] = alike / max(others, 1)
        out[n, f.SHARED_NEAR] = near[f.OWN_SHARED]
        out[n, f.BOILERPLATE_WORDS_NEAR] = near[f.OWN_BOILERPLATE_WORDS]
        out[n, f.CAPITALISED_NEAR] = near[f.OWN_CAPITALISED]
        out[n, f.REPEATS_NEAR] = near[f.OWN_REPEATS]
        out[n, f.ADDRESSES_NEAR] = near[f.OWN_ADDRESS]
        run_start = i - run_above[i]
        out[n, f.RUN_OPENING] = counts[run_start - 1, c.ENDING] if run_start else f.NO_VALUE
        out[n, f.RUN_WORDS] = (
            (words[run_start + run[i]] - words[run_start]) / run[i]
            if run[i]
            else np.float64(counts[i, c.WORDS])
        )
        out[n, f.LIKE_ABOVE] = _likeness(counts[i], counts[i - 1]) if i else f.NO_VALUE
        out[n, f.LIKE_BELOW] = _likeness(counts[i], counts[i + 1]) if i + 1 < count else f.NO_VALUE
        out[n, f.LINES] = count
        out[n, f.PROSE_LINES] = prose[count] / count
        out[n, f.PROSE_WORDS] = prose_words / max(words[count], 1)
        out[n, f.MEAN_WORDS] = words[count] / count


@helper
def _likeness(one: I32, other: I32) -> Any:
    """In how many of four ways two lines look alike: ending, beginning, length, separators."""
    few, many = min(one[c.WORDS], other[c.WORDS]), max(one[c.WORDS], other[c.WORDS])
    return (
        np.int64(one[c.ENDING] == other[c.ENDING])
        + np.int64(one[c.BEGINNING] == other[c.BEGINNING])
        + np.int64(2 * few >= many)
        + np.int64(one[c.SEPARATORS] == other[c.SEPARATORS])
    )
