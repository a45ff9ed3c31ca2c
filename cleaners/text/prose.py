"""Word counts, and whether a line reads like prose rather than like a headline, a label or a by-line."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.text.scripts import CHARACTERS_PER_WORD, UNSPACED
from cleaners.text.tokens import I64, ONES, SMALL, U8, code_point, eight_bytes, kernel
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE

#: Fewest words for a line to be prose: where it ends with a full stop, where it ends with a question or exclamation
#: mark (which headlines have, too), and whatever it ends with.
SENTENCE_WORDS: Final = 4
QUESTION_WORDS: Final = 13
PROSE_WORDS: Final = 20

#: A cheap test for these scripts: they lie from Thai on, outside a range of Latin and Greek extensions and punctuation.
_FIRST_UNSPACED, _FIRST_BETWEEN, _LAST_BETWEEN = 0x0E00, 0x1D00, 0x2E7F
_CLOSING: Final = WHITE_SPACE + "\"'”’»“)]」』）】*_"
_FULL_STOPS: Final = ".。．｡۔։।"
_QUESTIONS: Final = "?!？！؟"
_NEITHER, _CLOSES, _STOP, _QUESTION = 0, 1, 2, 3


def is_quoted(text: pl.Expr) -> pl.Expr:
    """Whether a line is quoted mail or a table row (Boolean), which no cleaner takes for boilerplate."""
    return text.str.starts_with(">") | text.str.starts_with("|")


def words(text: pl.Expr) -> pl.Expr:
    """Number of words in a text (UInt32): runs without white space; in scripts without spaces, two letters a word."""
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
    found = _measure(*utf8(text.fill_null("")), _white_space(), _marks())
    count, unspaced, ending = (
        pl.Series(name, s) for name, s in zip(("words", "unspaced", "ending"), found, strict=True)
    )
    rows = unspaced.arg_true()
    letters = text.gather(rows).str.count_matches(f"[{UNSPACED}]")
    count = count.scatter(rows, count.gather(rows) + letters // CHARACTERS_PER_WORD)
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


@functools.cache
def _white_space() -> NDArray[np.bool_]:
    """A table over the code points up to U+3000: whether a regular expression's `\\s` matches."""
    is_white = np.zeros(0x3001, np.bool_)
    is_white[[ord(c) for c in WHITE_SPACE if c not in "\x1c\x1d\x1e\x1f"]] = True
    return is_white


@functools.cache
def _marks() -> U8:
    """A table over the 16-bit code points: _CLOSES, _STOP, _QUESTION or _NEITHER."""
    marks = np.full(0x10000, _NEITHER, np.uint8)
    for kind, characters in ((_CLOSES, _CLOSING), (_STOP, _FULL_STOPS), (_QUESTION, _QUESTIONS)):
        marks[[ord(c) for c in characters]] = kind
    return marks


@kernel
def _runs(data: U8, start: int, stop: int, is_white: NDArray[np.bool_]) -> Any:
    """(number of runs without white space in a text, whether it may hold a letter of a script without spaces)."""
    runs, unspaced, white = 0, False, True
    at = start
    while at < stop:
        if at + 8 <= stop:  # nearly all text takes this path
            eight: Any = eight_bytes(data, at)  # type: ignore[call-arg]
            if _is_plain(eight):
                spaces = _spaces(eight)
                # the highest bit of each byte that is no space and follows one
                begins = ~spaces & (spaces << np.uint64(8) | np.uint64(0x80 if white else 0))
                runs += np.int64((begins >> np.uint64(7)) * np.uint64(ONES) >> np.uint64(56))
                white = spaces >> np.uint64(63) != 0
                at += 8
                continue
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
            unspaced |= code >= _FIRST_UNSPACED and not _FIRST_BETWEEN <= code <= _LAST_BETWEEN
        before, white = white, bool(code < len(is_white) and is_white[code])
        runs += before and not white
        at += width
    return runs, unspaced


@kernel
def _is_plain(eight: Any) -> Any:
    """Whether all of eight bytes are ASCII and none is a control character."""
    high = np.uint64(0x80 * ONES)
    return (eight | (eight & ~high) + np.uint64(0x60 * ONES) ^ high) & high == 0


@kernel
def _spaces(eight: Any) -> Any:
    """The highest bit of each of eight ASCII bytes that is a space."""
    return ~((eight ^ np.uint64(SMALL)) + np.uint64(0x7F * ONES)) & np.uint64(0x80 * ONES)


@kernel
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
            dots = code == ord(".") and at > start and data[at - 1] == ord(".")
            return _NEITHER if dots else kind
    return _NEITHER


@kernel
def _measure(data: U8, offsets: I64, is_white: NDArray[np.bool_], marks: U8) -> Any:
    """(runs, unspaced, endings) by text, as `_runs` and `_ending` find them."""
    texts = len(offsets) - 1
    counts, unspaced, endings = (
        np.zeros(texts, np.uint32),
        np.zeros(texts, np.bool_),
        np.zeros(texts, np.uint8),
    )
    for n in range(texts):
        counts[n], unspaced[n] = _runs(data, offsets[n], offsets[n + 1], is_white)
        endings[n] = _ending(data, offsets[n], offsets[n + 1], marks)
    return counts, unspaced, endings
