"""What is counted in a line, in one pass over its bytes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaners.lines.characters import (
    AT,
    CLOSES,
    COLON,
    COMMA,
    DENSE,
    DIGIT,
    ELLIPSIS,
    FIRST_WORD,
    HAN,
    HANGUL,
    LAST_WORD,
    LETTER,
    LOWER,
    MARK,
    OTHER,
    QUESTION,
    SEPARATOR,
    STOP,
    UPPER,
    WHITE,
)
from cleaners.texts.tokens import MULTIPLIER, U8, U32, U64, code_point, kernel

I32 = NDArray[np.int32]

#: What is counted in a line, each a column of the counts.
COUNTS: Final = (
    "words",
    "characters",
    "letters",
    "upper",
    "capitalised",
    "small",
    "figures",
    "digits",
    "symbols",
    "separators",
    "commas",
    "quotes",
    "sentences",
    "ending",
    "beginning",
    "addresses",
    "short_words",
    "caseless",
)
(
    WORDS,
    CHARACTERS,
    LETTERS,
    UPPERS,
    CAPITALISED,
    SMALL,
    FIGURES,
    DIGITS,
    SYMBOLS,
    SEPARATORS,
    COMMAS,
    QUOTES,
    SENTENCES,
    ENDING,
    BEGINNING,
    ADDRESSES,
    SHORT_WORDS,
    CASELESS,
) = range(len(COUNTS))

# how a line ends and begins
END_NOTHING, END_ELLIPSIS, END_COLON, END_COMMA, END_QUESTION, END_STOP = range(6)
BEGIN_SMALL, BEGIN_CAPITAL, BEGIN_DIGIT, BEGIN_QUOTE, BEGIN_BULLET, BEGIN_SYMBOL = range(6)

WORD: Final = 4  # letters of a word that says what a text is about
LONG: Final = 20  # words of a line that is prose in any case
SENTENCE: Final = 8  # words of a line that is prose if it ends as a sentence


@kernel
def next_word_hash(h: Any, code: Any) -> Any:
    """The hash of a word with one character more."""
    h = (np.uint64(h) ^ np.uint64(code)) * np.uint64(MULTIPLIER)
    return h ^ (h >> np.uint64(29))


@kernel
def count_line(data: U8, start: int, stop: int, classes: U8, lower: U32, counts: I32, hashes: U64) -> Any:
    """Writes the `COUNTS` of a text, and the hashes of its words of WORD letters or more; (how many, hash of all).

    Of a script without spaces every pair of neighbouring characters is such a word. No more hashes are written than
    there is room for.
    """
    counts[:] = 0
    found, line_hash = 0, np.uint64(0)
    kind: Any
    kind, before, last, last_but_one = WHITE, WHITE, WHITE, WHITE
    word_hash, letters_in_word = np.uint64(0), 0
    han, hangul, dense = 0, 0, 0
    in_piece, after_stop = False, False  # a piece is what stands between white space
    dots = 0
    code: Any
    previous_single: Any = 0
    gap: Any = False
    at = start
    while at < stop:
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
        if code < 0x10000:
            kind = np.int64(classes[code])
            code = np.int64(lower[code])
        else:
            kind = HAN if 0x20000 <= code < 0x40000 else OTHER
        at += width
        counts[CHARACTERS] += 1
        if FIRST_WORD <= kind <= LAST_WORD:
            if not in_piece and kind != MARK:
                in_piece = True
                counts[WORDS] += 1
                counts[CAPITALISED] += kind == UPPER
                counts[SMALL] += kind == LOWER
                counts[FIGURES] += kind == DIGIT
            if after_stop:
                counts[SENTENCES] += gap and kind != LOWER
                after_stop = False
            line_hash = next_word_hash(line_hash, code)
            if kind in (HAN, DENSE):
                han += kind == HAN
                dense += kind == DENSE
                if previous_single and found < len(hashes):
                    hashes[found] = next_word_hash(np.uint64(previous_single), code)
                    found += 1
                previous_single = code
            else:
                counts[UPPERS] += kind == UPPER
                counts[DIGITS] += kind == DIGIT
                counts[CASELESS] += kind == LETTER
                hangul += kind == HANGUL
                previous_single = 0
                word_hash = next_word_hash(word_hash, code)
                letters_in_word += kind != MARK
            counts[LETTERS] += kind != DIGIT and kind != MARK
        else:
            if letters_in_word:
                counts[SHORT_WORDS] += letters_in_word < WORD
                if (letters_in_word >= WORD or hangul > 0) and found < len(hashes):
                    hashes[found] = word_hash
                    found += 1
                word_hash, letters_in_word = np.uint64(0), 0
            previous_single = 0
            if kind == WHITE:
                in_piece = False
                gap = True
            elif kind == STOP:
                # a dot before a letter ("example.org", "p.m.") ends no sentence, one of Han needs no gap
                after_stop, gap = True, code > 0x2E7F
            elif kind == QUESTION:
                after_stop, gap = True, code > 0x2E7F
            elif kind != CLOSES:
                after_stop = False
            if kind == SEPARATOR:
                counts[SEPARATORS] += 1
                # "://" of an address
                counts[ADDRESSES] += code == 0x2F and before == SEPARATOR and last_but_one == COLON
            elif kind == COMMA:
                counts[COMMAS] += 1
            elif kind == CLOSES:
                counts[QUOTES] += 1
            elif kind == AT:
                counts[ADDRESSES] += 1
            elif kind == OTHER:
                counts[SYMBOLS] += 1
        if counts[CHARACTERS] == 1:
            counts[BEGINNING] = _beginning(kind)
        elif counts[CHARACTERS] == 2 and kind == WHITE and counts[BEGINNING] == BEGIN_SYMBOL:
            counts[BEGINNING] = BEGIN_BULLET
        if kind != WHITE and kind != CLOSES:
            dots = dots + 1 if kind == STOP else 0
            last = kind
        last_but_one = before
        before = kind
        if kind in (UPPER, LOWER):  # most characters are small letters of ASCII, within a word
            run = at
            while at < stop and 0x61 <= data[at] <= 0x7A:
                word_hash = next_word_hash(word_hash, data[at])
                line_hash = next_word_hash(line_hash, data[at])
                at += 1
            counts[CHARACTERS] += at - run
            counts[LETTERS] += at - run
            letters_in_word += at - run
    if letters_in_word:
        counts[SHORT_WORDS] += letters_in_word < WORD
        if (letters_in_word >= WORD or hangul > 0) and found < len(hashes):
            hashes[found] = word_hash
            found += 1
    counts[ENDING] = END_ELLIPSIS if dots > 1 else _ending(last)
    if han or dense or hangul:
        counts[CASELESS] += han + dense + hangul
        counts[WORDS] = max(counts[WORDS], han // 2 + dense // 4 + hangul // 2)
    return found, line_hash


@kernel
def _beginning(kind: int) -> int:
    if kind == LOWER:
        return BEGIN_SMALL
    if kind == DIGIT:
        return BEGIN_DIGIT
    if FIRST_WORD <= kind <= LAST_WORD:
        return BEGIN_CAPITAL
    if kind == CLOSES:
        return BEGIN_QUOTE
    return BEGIN_BULLET if kind == SEPARATOR else BEGIN_SYMBOL


@kernel
def _ending(kind: int) -> int:
    if kind == STOP:
        return END_STOP
    if kind == QUESTION:
        return END_QUESTION
    if kind == COMMA:
        return END_COMMA
    if kind == COLON:
        return END_COLON
    return END_ELLIPSIS if kind == ELLIPSIS else END_NOTHING


@kernel
def is_body(counts: I32) -> bool:
    """Whether a line is prose: long, or a sentence."""
    words, ending = counts[WORDS], counts[ENDING]
    return words >= LONG or (words >= SENTENCE and (ending in (END_STOP, END_QUESTION)))
