"""Features of lines: numbers that separate boilerplate from articles, in any language.

They describe the line itself, what it shares with the prose of its document, what phrases say about it, and the lines
around it. Only `wording` depends on particular words. Lengths are counted in words that are comparable across scripts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.boilerplate.line_classifier import shape as c
from cleaners.boilerplate.line_classifier.context import NEAR, set_phrase_features, set_place_features
from cleaners.boilerplate.line_classifier.fast_accept import is_accepted
from cleaners.boilerplate.line_classifier.ngrams import MAX_NGRAMS, line_ngrams, wording
from cleaners.boilerplate.line_classifier.repeats import set_repeat_features
from cleaners.boilerplate.line_classifier.shape import count_line, is_prose, is_short
from cleaners.boilerplate.line_classifier.unmarked import may_hold_removable
from cleaners.boilerplate.line_classifier.vocabulary import (
    MAX_LINE_WORDS,
    TABLE_SIZE,
    remember,
    reset_table,
    set_word_features,
    title_overlap,
)
from cleaners.kernels import F32, I8, I32, I64, U8, U32, U64, Flags, Rows, Written, helper, kernel


@kernel
def line_features(
    data: U8, offsets: I64, firsts: I64, titles: U8, title_offsets: I64, phrase_states: I8,
    classes: U8, lower: U32, boilerplate_words: U64, weights: F32, accepted: bool, only_removable: bool,
) -> Any:  # fmt: skip
    """(rows, features, short): the numbers of the candidates, their features, and whether each line is short.

    Candidates are the short lines, see `is_short`. Those that `is_accepted` accepts, which are most, are among them
    only if `accepted` is true. With `only_removable`, the documents in which no line is `removable` may lack them all.
    The features, float32 of shape (candidates, FEATURES), lack the wording, see `set_wording`.

    `data` and `offsets` are the texts of all lines; `firsts` has the first line of each document, and then the number
    of lines. `titles` and `title_offsets` are the title of each document, empty where there is none. `phrase_states`
    (int8) has a state for each line, KEPT to REMOVED. `classes` and `lower` are `Characters`, `boilerplate_words` and
    `weights` are `BoilerplateWords`.
    """
    lines = len(offsets) - 1
    counts = np.zeros((lines, len(c.COUNTS)), np.int32)
    short = np.zeros(lines, np.bool_)
    rows = np.empty(lines, np.int64)
    features = np.empty((lines, len(f.FEATURES)), np.float32)
    keys, seen = np.zeros(TABLE_SIZE, np.uint64), np.zeros(TABLE_SIZE, np.uint32)
    title_hashes = np.empty(MAX_LINE_WORDS, np.uint64)
    taken, longest = 0, 0
    for document in range(len(firsts) - 1):
        longest = max(longest, offsets[firsts[document + 1]] - offsets[firsts[document]])
    # a word and the gap after it take at least two bytes
    hashes, ends = np.empty(longest // 2 + MAX_LINE_WORDS, np.uint64), np.empty(lines + 1, np.int64)
    for document in range(len(firsts) - 1):
        first, stop = firsts[document], firsts[document + 1]
        if (
            only_removable
            and not (phrase_states[first:stop] > 0).any()
            and not may_hold_removable(
                data, offsets[first : stop + 1], classes, lower, counts[first:stop], title_hashes
            )
        ):
            continue
        mask = reset_table(keys, offsets[stop] - offsets[first])
        room = (mask + 1) // 2
        ends[first] = 0
        for line in range(first, stop):
            words = hashes[ends[line] : ends[line] + MAX_LINE_WORDS]
            found = count_line(data, offsets[line], offsets[line + 1], classes, lower, counts[line], words)
            ends[line + 1] = ends[line] + found
            if is_prose(counts[line]):
                room -= remember(words[:found], line - first + 1, keys, seen, mask, room)
            short[line] = is_short(counts[line])
        if not short[first:stop].any():
            continue
        in_title = count_line(
            titles, title_offsets[document], title_offsets[document + 1], classes, lower,
            np.zeros(len(c.COUNTS), np.int32), title_hashes,
        )  # fmt: skip
        own = np.zeros((stop - first, f.OWN), np.float32)
        for i in range(stop - first):
            own[i, f.OWN_SHARED] = 1
        first_taken = taken
        for line in range(first, stop):
            if not short[line]:
                continue
            out = features[taken]
            words = hashes[ends[line] : ends[line + 1]]
            _set_line_features(counts[line], out)
            set_word_features(words, line - first + 1, keys, seen, mask, boilerplate_words, weights, out)
            own[line - first, f.OWN_SHARED] = max(out[f.SHARED], 0)
            own[line - first, f.OWN_BOILERPLATE_WORDS] = max(out[f.BOILERPLATE_WORDS], 0)
            own[line - first, f.OWN_CAPITALISED] = max(out[f.CAPITALISED], 0)
            own[line - first, f.OWN_ADDRESS] = out[f.ADDRESS] > 0
            if accepted or not is_accepted(counts[line], phrase_states[line], out[f.BOILERPLATE_WORDS]):
                out[f.TITLE] = title_overlap(words, title_hashes[:in_title])
                out[f.TABLE] = data[offsets[line]] == 0x7C and data[offsets[line + 1] - 1] == 0x7C
                rows[taken] = line
                taken += 1
        if taken == first_taken:
            continue
        mine, out_of_mine = rows[first_taken:taken], features[first_taken:taken]
        of_document = np.empty(len(mine), np.int64)
        for i in range(len(mine)):
            of_document[i] = mine[i] - first
        set_repeat_features(
            data, offsets[first : stop + 1], counts[first:stop], of_document, classes, lower, own, out_of_mine
        )
        set_phrase_features(phrase_states[first:stop], of_document, out_of_mine)
        set_place_features(counts[first:stop], own, of_document, out_of_mine)
    return rows[:taken], features[:taken], short


@kernel
def set_wording(
    data: U8, offsets: I64, firsts: I64, short: Flags, asked: I64, rows: I64, features: Written[Rows[F32]],
    classes: U8, lower: U32, ngrams: U32, ngram_weights: F32,
) -> None:  # fmt: skip
    """Writes the features `wording` and `wording_near` of some candidates: `asked` has their places in `rows`.

    The other arguments are those of `line_features` and its result; `ngrams` and `ngram_weights` are `NgramWeights`.
    """
    of_line = np.empty(MAX_NGRAMS, np.uint32)
    own = np.zeros(len(short), np.float32)
    known, document = (
        np.int64(0),
        0,
    )  # the wording of all lines before `known` has been computed, where it is asked for
    for n in asked:
        row = rows[n]
        while firsts[document + 1] <= row:
            document += 1
        low, high = max(row - NEAR, firsts[document]), min(row + NEAR + 1, firsts[document + 1])
        for line in range(max(known, low), high):
            if short[line]:
                found = line_ngrams(data, offsets[line], offsets[line + 1], classes, lower, of_line)
                own[line] = wording(of_line[:found], ngrams, ngram_weights)
        known = high
        near = np.float32(0)
        for line in range(low, high):
            near += own[line] if line != row else np.float32(0)
        features[n, f.WORDING] = own[row]
        features[n, f.WORDING_NEAR] = near / np.float32(max(high - low - 1, 1))


@helper
def _set_line_features(counts: I32, out: Written[F32]) -> None:
    """Writes the features of the line itself, from its `COUNTS`."""
    characters, letters = max(counts[c.CHARACTERS], 1), counts[c.LETTERS]
    cased_words = counts[c.CAPITALISED] + counts[c.SMALL]
    cased_letters = letters - counts[c.CASELESS]
    words = max(counts[c.WORDS], 1)
    out[f.WORDS] = counts[c.WORDS]
    out[f.CHARACTERS] = characters
    out[f.ENDING] = counts[c.ENDING]
    out[f.BEGINNING] = counts[c.BEGINNING]
    out[f.CAPITALISED] = counts[c.CAPITALISED] / cased_words if cased_words else f.NO_VALUE
    out[f.UPPER] = counts[c.UPPERS] / cased_letters if cased_letters > 0 else f.NO_VALUE
    out[f.DIGITS] = counts[c.DIGITS] / characters
    out[f.FIGURES] = counts[c.FIGURES] / words
    out[f.SYMBOLS] = counts[c.SYMBOLS] / words
    out[f.SEPARATORS] = counts[c.SEPARATORS]
    out[f.COMMAS] = counts[c.COMMAS] / words
    out[f.QUOTES] = counts[c.QUOTES]
    out[f.SENTENCES] = counts[c.SENTENCES]
    out[f.ADDRESS] = counts[c.ADDRESSES]
    out[f.SHORT_WORDS] = counts[c.SHORT_WORDS] / words
    out[f.WORD_LENGTH] = letters / words
    out[f.CASELESS] = counts[c.CASELESS] / letters if letters else f.NO_VALUE
