"""Joins lines that were wrapped to a fixed width, as in mail and in the books of Project Gutenberg."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.kernels import I64, U8, U32, Flags, helper, kernel
from cleaners.text.tokens import code_point
from cleaners.text.utf8 import utf8

MIN_LINES: Final = 3  # in a wrapped block
MIN_WIDTH: Final = 40  # characters in its longest line
MAX_WIDTH: Final = 100
#: A full line has at least MIN_PERCENT of the width, and the next line's first word would take it beyond FULL_PERCENT.
FULL_PERCENT: Final = 85
MIN_PERCENT: Final = 60

_QUOTED: Final = ord(">")
_ROW: Final = ord("|")  # of a table
Mask = NDArray[np.bool_]


def unwrap(lines: pl.Series, starts: I64) -> tuple[pl.Series, Mask]:
    """(joined, kept): the lines after each wrapped run is joined into one; the mask of `lines` that remain.

    Of a joined run, its first line remains. `lines` are stripped, and none is empty or null. A run begins at each of
    `starts`, the first of which is 0. `cleaners.paragraphs.to_paragraphs` documents when a run counts as wrapped.
    """
    whole = np.ones(len(lines), np.bool_)
    sizes = np.diff(starts, append=len(lines))
    many = sizes >= MIN_LINES
    rows = np.flatnonzero(np.repeat(many, sizes))
    full = _full_runs(lines.gather(rows), sizes[many])
    rows, sizes = rows[np.repeat(full, sizes[many])], sizes[many][full]
    if not len(rows):
        return lines, whole
    wrapped = lines.gather(rows)
    starts = np.cumsum(sizes) - sizes
    goes_on = wrapped.str.contains(r"^[\p{Ll}\p{Lo}]").to_numpy().copy()
    goes_on[starts] = False
    joined = np.repeat(np.add.reduceat(goes_on, starts, dtype=np.int64) * 3 >= sizes - 1, sizes)
    first = np.zeros(len(rows), np.bool_)
    first[starts] = True
    whole[rows[joined & ~first]] = False
    text = _join(wrapped.filter(pl.Series(joined)), first[joined])
    return lines.scatter(rows[joined & first], text).filter(pl.Series(whole)), whole


def _join(lines: pl.Series, first: Mask) -> pl.Series:
    """Joins each line by a space to the line before it, unless it is the first of a run."""
    before = pl.select(pl.when(pl.Series(first)).then(pl.lit("\n")).otherwise(pl.lit(" "))).to_series()
    # joining and splitting one text is faster than a group for each run
    return (before + lines).str.join("").str.split("\n").explode().slice(1)


def _full_runs(lines: pl.Series, sizes: I64) -> Mask:
    """Whether each run (`sizes`: lines) has a width in range, no quoted line, and only full lines before its last."""
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    full: Mask = _full(*utf8(lines), lines.str.len_chars().to_numpy(), starts, _spaces())
    return full


@functools.cache
def _spaces() -> Mask:
    r"""A table over all code points: whether Unicode's `\s` matches, as Python's white space less U+001C to U+001F."""
    spaces = np.zeros(0x110000, np.bool_)
    spaces[[*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]] = True
    spaces[[0x2028, 0x2029, 0x202F, 0x205F, 0x3000]] = True
    return spaces


@kernel
def _full(data: U8, offsets: I64, lengths: U32, starts: I64, spaces: Flags) -> Any:
    full = np.zeros(len(starts) - 1, np.bool_)
    for run in range(len(full)):
        first, last = starts[run], starts[run + 1] - 1
        width = 0
        for line in range(first, last + 1):
            width = max(width, int(lengths[line]))
        full[run] = MIN_WIDTH <= width <= MAX_WIDTH
        line = last
        next_word = 0
        while full[run] and line >= first:
            gaps, word = _words(data, offsets[line], offsets[line + 1], spaces)
            full[run] = data[offsets[line]] not in (_QUOTED, _ROW)
            if line < last:
                length = np.int64(lengths[line])
                # no first word: the next line begins with a space, so there is nothing to measure
                reach = (length + 1 + next_word) * 100 > width * FULL_PERCENT or next_word == 0
                full[run] &= gaps == 2 and reach and length * 100 >= width * MIN_PERCENT
            next_word = word
            line -= 1
    return full


@helper
def _words(data: U8, start: int, stop: int, spaces: Flags) -> Any:
    """(number of gaps between words, at most 2; number of characters before the first gap)."""
    gaps = word = 0
    spaced = False
    at = start
    while at < stop and gaps < 2:
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
        if spaces[code] and not spaced:
            gaps += 1
        spaced = spaces[code]
        word += int(gaps == 0)
        at += width
    return gaps, word
