"""The shape of a line: counts of its words, characters and marks, in one pass over its bytes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cleaners.boilerplate.line_classifier.characters import (
    AT,
    CLOSES,
    COLON,
    COMBINING_MARK,
    COMMA,
    DENSE,
    DIGIT,
    ELLIPSIS,
    FIRST_WORD,
    GUILLEMET,
    HAN,
    HANGUL,
    LAST_WORD,
    LETTER,
    LOWER,
    OTHER,
    QUESTION,
    SEPARATOR,
    STOP,
    UPPER,
    WHITE,
    class_of,
)
from cleaners.kernels import I32, U8, U32, U64, Written, helper, kernel
from cleaners.text.prose import PROSE_WORDS, QUESTION_WORDS, SENTENCE_WORDS, unspaced_words
from cleaners.text.tokens import (
    ONES,
    code_point,
    eight_bytes,
    finish,
    no_letters,
    push_code,
    push_small,
    trailing_zeros,
)
from cleaners.text.tokens import SMALL as CASES

#: The counts of a line, in the order of their columns. "ending" and "beginning" are codes, see below.
COUNTS: Final = (
    "words", "characters", "letters", "upper", "capitalised", "small", "figures", "digits", "symbols",
    "separators", "commas", "quotes", "sentences", "ending", "beginning", "addresses", "short_words", "caseless",
)  # fmt: skip
(
    WORDS, CHARACTERS, LETTERS, UPPERS, CAPITALISED, SMALL, FIGURES, DIGITS, SYMBOLS,
    SEPARATORS, COMMAS, QUOTES, SENTENCES, ENDING, BEGINNING, ADDRESSES, SHORT_WORDS, CASELESS,
) = range(len(COUNTS))  # fmt: skip

# how a line ends and begins
END_NOTHING, END_ELLIPSIS, END_COLON, END_COMMA, END_QUESTION, END_STOP = range(6)
BEGIN_SMALL, BEGIN_CAPITAL, BEGIN_DIGIT, BEGIN_QUOTE, BEGIN_BULLET, BEGIN_SYMBOL = range(6)

MAX_CANDIDATE_WORDS: Final = 40  # longer lines belong to the article
MIN_WORD_LETTERS: Final = 4  # shorter words say little about the topic of a text


@kernel
def count_line(
    data: U8, start: int, stop: int, classes: U8, lower: U32, counts: Written[I32], hashes: Written[U64]
) -> Any:
    """Writes the `COUNTS` of the text data[start:stop] to `counts`, and the hashes of its long words to `hashes`.

    Returns the number of hashes. Long words have at least MIN_WORD_LETTERS letters; in scripts without spaces, each
    pair of adjacent characters is one. If `hashes` is full, the rest is not written. Words are hashed in lower case, as
    `tokens` hashes a token.
    """
    nothing = np.uint64(0)
    pieces, words, beyond, letters, uppers, capitalised, uncased, figures, digits = 0, 0, 0, 0, 0, 0, 0, 0, 0
    symbols, separators, commas, quotes, sentences, addresses, short_words, caseless = 0, 0, 0, 0, 0, 0, 0, 0
    found, room = 0, len(hashes)
    kind: Any
    kind, before, last, last_but_one = WHITE, WHITE, WHITE, WHITE
    word_h, word_left, word_bits = nothing, nothing, nothing
    letters_in_word = 0
    han, hangul, dense = 0, 0, 0
    in_piece, spaced, after_stop = False, False, False  # a piece is a run of characters without white space
    dots, opened, closed = 0, 0, 0  # consecutive full stops, guillemets
    code: Any
    previous_single: Any = 0
    gap: Any = False
    plain = start  # end of the words that the fast path has taken
    at = start
    plain_stop = min(stop, len(data) - 7)
    while at < stop:
        while at < plain_stop:  # fast path for nearly all text: ASCII letters and a space
            eight: Any = eight_bytes(data, at)
            taken = min(trailing_zeros(no_letters(eight)) >> 3, stop - at)
            if taken == 0:
                break
            capital = eight & np.uint64(0x20) == 0
            if not in_piece:
                pieces += 1
                capitalised += capital
                words += 1
                in_piece, spaced = True, True
            elif not spaced:  # the piece began in a script without spaces
                words += 1
                spaced = True
            if after_stop:
                sentences += gap and capital
                after_stop = False
            lowest = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * taken)
            lowered = (eight | np.uint64(CASES)) & lowest
            # one bit for each capital, summed in the highest byte
            uppers += np.int64(  # type: ignore[assignment]
                ((lowered ^ eight & lowest) >> np.uint64(5)) * np.uint64(ONES) >> np.uint64(56)
            )
            word_h, word_left, word_bits = push_small(word_h, word_left, word_bits, lowered, taken)
            letters += taken
            letters_in_word += taken
            last, dots = LOWER, 0
            at += taken
            plain = at
            if taken == 8:
                continue
            if at == stop or data[at] != 32:
                break
            if found == room:
                break
            # a short word is overwritten by the next
            hashes[found] = finish(word_h, word_left, word_bits)
            found += np.int64(letters_in_word >= MIN_WORD_LETTERS or hangul > 0)  # type: ignore[assignment]
            short_words += letters_in_word < MIN_WORD_LETTERS
            word_h, word_left, word_bits, letters_in_word = nothing, nothing, nothing, 0
            in_piece, spaced, gap = False, False, True
            at += 1
            plain = at
        if at == stop:
            break
        if plain == at and at > start:
            previous_single = 0
            before, last_but_one = LOWER, LOWER
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
            beyond += width - 1
        kind = class_of(code, classes)
        code = np.int64(lower[code]) if code < 0x10000 else code
        at += width
        if FIRST_WORD <= kind <= LAST_WORD:
            if not in_piece and kind != COMBINING_MARK:
                in_piece = True
                pieces += 1
                capitalised += kind == UPPER
                uncased += kind not in (UPPER, LOWER)
                figures += kind == DIGIT
            if after_stop:
                sentences += gap and kind != LOWER
                after_stop = False
            if kind not in (HAN, DENSE, COMBINING_MARK) and not spaced:
                words += 1
                spaced = True
            if kind in (HAN, DENSE):
                han += kind == HAN
                dense += kind == DENSE
                if previous_single and found < room:
                    pair = push_code(nothing, nothing, nothing, previous_single)
                    pair = push_code(pair[0], pair[1], pair[2], code)
                    hashes[found] = finish(pair[0], pair[1], pair[2])
                    found += 1
                previous_single = code
            else:
                uppers += kind == UPPER
                digits += kind == DIGIT
                caseless += kind == LETTER
                hangul += kind == HANGUL
                previous_single = 0
                word_h, word_left, word_bits = push_code(word_h, word_left, word_bits, code)
                letters_in_word += kind != COMBINING_MARK
            letters += kind != DIGIT and kind != COMBINING_MARK
        else:
            if letters_in_word:
                short_words += letters_in_word < MIN_WORD_LETTERS
                if (letters_in_word >= MIN_WORD_LETTERS or hangul > 0) and found < room:
                    hashes[found] = finish(word_h, word_left, word_bits)
                    found += 1
                word_h, word_left, word_bits, letters_in_word = nothing, nothing, nothing, 0
            previous_single = 0
            if kind == WHITE:
                in_piece, spaced = False, False
                gap = True
            elif kind == STOP:
                # a dot before a letter ("example.org", "p.m.") ends no sentence; a CJK full stop needs no gap
                after_stop, gap = True, code > 0x2E7F
            elif kind == QUESTION:
                after_stop, gap = True, code > 0x2E7F
            elif kind not in (CLOSES, GUILLEMET):
                after_stop = False
            if kind == SEPARATOR:
                separators += 1
                # the second slash of "://" in an address
                addresses += code == 0x2F and before == SEPARATOR and last_but_one == COLON
            elif kind == COMMA:
                commas += 1
            elif kind == CLOSES:
                quotes += 1
            elif kind == GUILLEMET:
                opened += code == 0xAB
                closed += code == 0xBB
            elif kind == AT:
                addresses += 1
            elif kind == OTHER:
                symbols += 1
        if kind not in (WHITE, CLOSES, GUILLEMET):
            dots = dots + 1 if kind == STOP else 0
            last = kind
        last_but_one = before
        before = kind
    if letters_in_word:
        short_words += letters_in_word < MIN_WORD_LETTERS
        if (letters_in_word >= MIN_WORD_LETTERS or hangul > 0) and found < room:
            hashes[found] = finish(word_h, word_left, word_bits)
            found += 1
    if opened == closed:
        quotes += opened + closed
    else:
        separators += opened + closed
    small = pieces - capitalised - uncased
    words += unspaced_words(han, dense)
    caseless += han + dense + hangul
    counts[WORDS], counts[CHARACTERS], counts[LETTERS], counts[UPPERS] = (
        words,
        stop - start - beyond,
        letters,
        uppers,
    )
    counts[CAPITALISED], counts[SMALL], counts[FIGURES], counts[DIGITS] = capitalised, small, figures, digits
    counts[SYMBOLS], counts[SEPARATORS], counts[COMMAS], counts[QUOTES] = symbols, separators, commas, quotes
    counts[SENTENCES], counts[ADDRESSES], counts[SHORT_WORDS], counts[CASELESS] = (
        sentences, addresses, short_words, caseless,
    )  # fmt: skip
    counts[ENDING] = END_ELLIPSIS if dots > 1 else _ending(last)
    counts[BEGINNING] = _beginning(data, start, stop, classes, opened == closed) if start < stop else 0
    return found


@helper
def _kind(data: U8, at: int, classes: U8) -> Any:
    """(class, number of bytes) of the character that begins at `at`."""
    code, width = np.int64(data[at]), 1
    if code >= 0x80:
        code, width = code_point(data, at)
    return class_of(code, classes), width


@helper
def _beginning(data: U8, start: int, stop: int, classes: U8, quoted: bool) -> int:
    """The BEGIN_ code of a line; `quoted` if its guillemets are in pairs."""
    kind, width = _kind(data, start, classes)
    if kind == LOWER:
        return BEGIN_SMALL
    if kind == DIGIT:
        return BEGIN_DIGIT
    if FIRST_WORD <= kind <= LAST_WORD:
        return BEGIN_CAPITAL
    if kind == CLOSES or (kind == GUILLEMET and quoted):
        return BEGIN_QUOTE
    if kind in (SEPARATOR, GUILLEMET):
        return BEGIN_BULLET
    spaced = start + width < stop and _kind(data, start + width, classes)[0] == WHITE
    return BEGIN_BULLET if spaced else BEGIN_SYMBOL


@helper
def _ending(kind: int) -> int:
    """The END_ code of a line whose last character, closing marks aside, has this class."""
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
def is_prose(counts: I32) -> bool:
    """Whether a line with these `COUNTS` is prose, as `cleaners.text.prose.is_prose` defines it.

    The two count rare characters differently, such as fractions and marks of their own.
    """
    words, ending = counts[WORDS], counts[ENDING]
    sentence = ending == END_STOP and words >= SENTENCE_WORDS
    question = ending == END_QUESTION and words >= QUESTION_WORDS
    return bool(words >= PROSE_WORDS or sentence or question)


@kernel
def is_short(counts: I32) -> bool:
    """Whether a line with these `COUNTS` is not empty and short enough to be boilerplate."""
    short: bool = counts[CHARACTERS] > 0 and counts[WORDS] <= MAX_CANDIDATE_WORDS
    return short
