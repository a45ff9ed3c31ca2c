"""Word counts, and whether a line reads like prose rather than like a headline, a label or a by-line."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.derived import of_characters
from cleaners.kernels import I64, U8, Word, helper, kernel
from cleaners.text import scripts
from cleaners.text.scripts import HAN_PER_WORD, SOUTH_EAST_ASIAN_PER_WORD
from cleaners.text.tokens import (
    ONES,
    SEPARATOR,
    SMALL,
    SPACE,
    character_classes,
    code_point,
    eight_bytes,
    no_letters,
)
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE

#: Fewest words for a line to be prose: where it ends with a full stop, where it ends with a question or exclamation
#: mark (which headlines have, too), and whatever it ends with.
SENTENCE_WORDS: Final = 4
QUESTION_WORDS: Final = 13
PROSE_WORDS: Final = 20

_FULL_STOP: Final = ord(".")
_CLOSING: Final = WHITE_SPACE + "\"'”’»“)]」』）】*_"
_FULL_STOPS: Final = ".。．｡۔։।"
_QUESTIONS: Final = "?!？！؟"
_NEITHER, _CLOSES, _STOP, _QUESTION = range(4)
# classes of characters: white space, part of a word, of Han or kana, of another script without spaces, or none of these
_NO_WORD, _WHITE, _WORD, _HAN, _SOUTH_EAST_ASIAN = range(5)


def is_quoted(text: pl.Expr) -> pl.Expr:
    """Whether a line is quoted mail or a table row (Boolean), which no cleaner takes for boilerplate."""
    return text.str.starts_with(">") | text.str.starts_with("|")


def words(text: pl.Expr) -> pl.Expr:
    """Number of words in a text (UInt32).

    A word is a run without white space that has a letter, a mark or a number; a dash or a bar by itself is none. In
    scripts without spaces, two characters of Han or kana are a word, and four of Thai, Lao, Khmer or Myanmar.
    """
    return words_and_prose(text).struct.field("words")


def is_prose(text: pl.Expr) -> pl.Expr:
    """Whether a line reads like prose of the article (Boolean), not like a headline, a label or a by-line.

    A line is prose if it has 20 words or more, or 4 or more and ends with a full stop, or 13 or more and ends with a
    question or exclamation mark. Closing quotes and brackets may follow the mark. An ellipsis does not end a sentence,
    because teasers that were cut off end with one.
    """
    return words_and_prose(text).struct.field("prose")


def words_and_prose(text: pl.Expr) -> pl.Expr:
    """A struct of `words` (UInt32) and `prose` (Boolean), as `words` and `is_prose` compute them; null for null."""
    dtype = pl.Struct({"words": pl.UInt32, "prose": pl.Boolean})
    return text.map_batches(_words_and_prose, return_dtype=dtype, is_elementwise=True)


def _words_and_prose(text: pl.Series) -> pl.Series:
    found = _measure(*utf8(text.fill_null("")), _classes(), _marks())
    count, ending = (pl.Series(name, s) for name, s in zip(("words", "ending"), found, strict=True))
    prose = (
        (count >= PROSE_WORDS)
        | ((ending == _STOP) & (count >= SENTENCE_WORDS))
        | ((ending == _QUESTION) & (count >= QUESTION_WORDS))
    )
    both = pl.DataFrame([count, prose.alias("prose")])
    nulls = text.is_null()
    if nulls.any():
        both = both.select(pl.when(~nulls).then(pl.all()))
    return both.to_struct(text.name)


@of_characters
def _classes() -> U8:
    """A table over all code points: _NO_WORD, _WHITE, _WORD, _HAN or _SOUTH_EAST_ASIAN."""
    kinds = character_classes()
    classes = np.where(kinds == SPACE, _WHITE, np.where(kinds == SEPARATOR, _NO_WORD, _WORD)).astype(np.uint8)
    ranges = (
        (_HAN, scripts.HAN + scripts.KANA + scripts.OTHER_KANA),
        (_SOUTH_EAST_ASIAN, scripts.SOUTH_EAST_ASIAN),
    )
    for kind, of_kind in ranges:
        for first, last in of_kind:
            block = classes[first : last + 1]
            block[block == _WORD] = kind
    return classes


@functools.cache
def _marks() -> U8:
    """A table over the 16-bit code points: _CLOSES, _STOP, _QUESTION or _NEITHER."""
    marks = np.full(0x10000, _NEITHER, np.uint8)
    for kind, characters in ((_CLOSES, _CLOSING), (_STOP, _FULL_STOPS), (_QUESTION, _QUESTIONS)):
        marks[[ord(c) for c in characters]] = kind
    return marks


@helper
def _count_words(data: U8, start: int, stop: int, classes: U8) -> Any:
    """The number of words in a text, see `words`."""
    runs, han, others = 0, 0, 0
    white, counted = True, False  # whether white space precedes, and whether the current run is counted
    at = start
    while at < stop:
        if at + 8 <= stop and (white or counted):  # nearly all text takes this path
            eight: Any = eight_bytes(data, at)
            if _is_plain(eight):
                spaces = _spaces(eight)
                # the highest bit of each byte that is no space and follows one
                begins = ~spaces & (spaces << np.uint64(8) | np.uint64(0x80 if white else 0))
                if begins & ~_letters_and_digits(eight) & np.uint64(0x80 * ONES) == 0:
                    runs += np.int64((begins >> np.uint64(7)) * np.uint64(ONES) >> np.uint64(56))  # type: ignore[assignment]
                    white = spaces >> np.uint64(63) != 0
                    counted = not white
                    at += 8
                    continue
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
        kind = classes[code]
        white = kind == _WHITE
        if white:
            counted = False
        elif kind == _WORD and not counted:
            runs += 1
            counted = True
        han += kind == _HAN
        others += kind == _SOUTH_EAST_ASIAN
        at += width
    return runs + unspaced_words(han, others)


@helper
def unspaced_words(han: int, others: int) -> Any:
    """The number of words that characters of Han or kana, and of other scripts without spaces, make; rounded up."""
    return -(-han // HAN_PER_WORD) - (-others // SOUTH_EAST_ASIAN_PER_WORD)


@helper
def _is_plain(eight: Word) -> Any:
    """Whether all of eight bytes are ASCII and none is a control character."""
    high = np.uint64(0x80 * ONES)
    return (eight | (eight & ~high) + np.uint64(0x60 * ONES) ^ high) & high == 0


@helper
def _spaces(eight: Word) -> Any:
    """The highest bit of each of eight ASCII bytes that is a space."""
    return ~((eight ^ np.uint64(SMALL)) + np.uint64(0x7F * ONES)) & np.uint64(0x80 * ONES)


@helper
def _letters_and_digits(eight: Word) -> Any:
    """The highest bit of each of eight ASCII bytes that is a letter or a digit; the other bits mean nothing."""
    from_0, beyond_9 = eight + np.uint64(0x50 * ONES), eight + np.uint64(0x46 * ONES)
    return ~no_letters(eight) | from_0 & ~beyond_9


@helper
def _ending(data: U8, start: int, stop: int, marks: U8) -> Any:
    """The kind of the last character before any closing quotes and brackets; _NEITHER for two or more dots."""
    at = stop
    while at > start:
        at -= 1
        if data[at] & 0xC0 == 0x80:
            continue
        code, _ = code_point(data, at)
        kind = np.int64(marks[code]) if code < len(marks) else _NEITHER
        if kind != _CLOSES:
            dots = code == _FULL_STOP and at > start and data[at - 1] == _FULL_STOP
            return _NEITHER if dots else kind
    return _NEITHER


@kernel
def _measure(data: U8, offsets: I64, classes: U8, marks: U8) -> Any:
    """(words, endings) by text, as `_count_words` and `_ending` find them."""
    texts = len(offsets) - 1
    counts, endings = np.zeros(texts, np.uint32), np.zeros(texts, np.uint8)
    for n in range(texts):
        counts[n] = _count_words(data, offsets[n], offsets[n + 1], classes)
        endings[n] = _ending(data, offsets[n], offsets[n + 1], marks)
    return counts, endings
