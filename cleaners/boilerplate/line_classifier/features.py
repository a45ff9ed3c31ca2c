"""Features of lines: what tells boilerplate from an article without reading it.

A line is described by itself, by what it shares with the prose of its document, by what the phrases say of it, and by
the lines around it. Only `wording` knows words: length is counted in words of about the same weight in every script.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.boilerplate.line_classifier import shape as c
from cleaners.boilerplate.line_classifier.context import NEAR, of_phrase_states, of_places
from cleaners.boilerplate.line_classifier.fast_accept import is_accepted
from cleaners.boilerplate.line_classifier.ngrams import ROOM, line_ngrams, wording
from cleaners.boilerplate.line_classifier.shape import I32, count_line, is_body
from cleaners.boilerplate.line_classifier.vocabulary import (
    F32,
    LINE_WORDS,
    TABLE,
    clear,
    of_repeats,
    of_title,
    of_words,
    remember,
)
from cleaners.text.tokens import I64, U8, U32, U64, kernel

MAX_WORDS: Final = 40  # a longer line is the article's


@kernel
def line_features(
    data: U8, offsets: I64, firsts: I64, titles: U8, title_offsets: I64, marks: Any,
    classes: U8, lower: U32, boilerplate_words: U64, weights: F32, ngrams: U32, ngram_weights: F32, accepted: bool,
) -> Any:  # fmt: skip
    """(rows, features): the lines that may be boilerplate, and their features (float32, a row each, in that order).

    `offsets` are those of all lines; `firsts` the first line of each document, and the number of lines; `marks` (int8)
    what is known of each line (KEPT to STRUCK). Of each document there is a title, empty where there is
    none. `boilerplate_words` and `weights` are a table of words that `boilerplate_words` gives, `ngrams` and
    `ngram_weights` one of n-grams (`NgramWeights`). Lines that are short enough, and that `is_accepted` clears
    nevertheless, are among them only if `accepted`: most lines are such.
    """
    lines = len(offsets) - 1
    counts = np.zeros((lines, len(c.COUNTS)), np.int32)
    line_hashes = np.zeros(lines, np.uint64)
    rows = np.empty(lines, np.int64)
    features = np.empty((lines, len(f.FEATURES)), np.float32)
    keys, seen = np.zeros(TABLE, np.uint64), np.zeros(TABLE, np.uint32)
    title_hashes = np.empty(LINE_WORDS, np.uint64)
    of_line = np.empty(ROOM, np.uint32)
    taken, longest = 0, 0
    for document in range(len(firsts) - 1):
        longest = max(longest, offsets[firsts[document + 1]] - offsets[firsts[document]])
    # a word and what parts it from the next take two bytes or more
    hashes, ends = np.empty(longest // 2 + LINE_WORDS, np.uint64), np.empty(lines + 1, np.int64)
    for document in range(len(firsts) - 1):
        first, stop = firsts[document], firsts[document + 1]
        mask = clear(keys, offsets[stop] - offsets[first])
        room = (mask + 1) // 2
        ends[first] = 0
        short = 0
        for line in range(first, stop):
            words = hashes[ends[line] : ends[line] + LINE_WORDS]
            found, line_hashes[line] = count_line(
                data, offsets[line], offsets[line + 1], classes, lower, counts[line], words
            )
            ends[line + 1] = ends[line] + found
            if is_body(counts[line]):
                room -= remember(words[:found], line - first + 1, keys, seen, mask, room)
            short += _is_short(counts[line])
        if short == 0:
            continue
        in_title, _ = count_line(
            titles, title_offsets[document], title_offsets[document + 1], classes, lower,
            np.zeros(len(c.COUNTS), np.int32), title_hashes,
        )  # fmt: skip
        own = np.zeros((stop - first, f.OWN), np.float32)
        own[:, f.OWN_SHARED] = 1
        prefix_hash = taken
        for line in range(first, stop):
            if not _is_short(counts[line]):
                continue
            out = features[taken]
            words = hashes[ends[line] : ends[line + 1]]
            _of_line(counts[line], out)
            of_words(words, line - first + 1, keys, seen, mask, boilerplate_words, weights, out)
            own[line - first, f.OWN_SHARED] = max(out[f.SHARED], 0)
            own[line - first, f.OWN_FURNITURE] = max(out[f.BOILERPLATE], 0)
            own[line - first, f.OWN_CAPITALISED] = max(out[f.CAPITALISED], 0)
            own[line - first, f.OWN_ADDRESS] = out[f.ADDRESS] > 0
            if accepted or not is_accepted(counts[line], marks[line], out[f.BOILERPLATE]):
                out[f.TITLE] = of_title(words, title_hashes[:in_title])
                out[f.TABLE] = data[offsets[line]] == 0x7C and data[offsets[line + 1] - 1] == 0x7C
                rows[taken] = line
                taken += 1
        if taken == prefix_hash:
            continue
        mine, out_of_mine = rows[prefix_hash:taken], features[prefix_hash:taken]
        known = first  # the wording of no line before this one is still to be found
        for i in range(len(mine)):
            for line in range(max(known, mine[i] - NEAR), min(mine[i] + NEAR + 1, stop)):
                if _is_short(counts[line]):
                    found = line_ngrams(data, offsets[line], offsets[line + 1], classes, lower, of_line)
                    own[line - first, f.OWN_WORDING] = wording(of_line[:found], ngrams, ngram_weights)
            known = min(mine[i] + NEAR + 1, stop)
            out_of_mine[i, f.WORDING] = own[mine[i] - first, f.OWN_WORDING]
        of_repeats(line_hashes[first:stop], mine - first, own, out_of_mine)
        of_phrase_states(marks[first:stop], mine - first, out_of_mine)
        of_places(counts[first:stop], own, mine - first, out_of_mine)
    return rows[:taken], features[:taken]


@kernel
def _is_short(counts: I32) -> bool:
    """Whether a line may be boilerplate as far as its length goes."""
    short: bool = counts[c.CHARACTERS] > 0 and counts[c.WORDS] <= MAX_WORDS
    return short


@kernel
def _of_line(counts: I32, out: F32) -> None:
    """The features of the line itself."""
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
