"""Templates of lines that differ only in numbers and dates: "Updated 3 hours ago", "1,204 shares", "Published 4 Jan".

A template is the line, folded as in `folding.line_hashes`, with one placeholder for each number (including thousands,
decimals, hours and minutes) and for each name of a month or a weekday.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U32, U64, Word, helper, kernel
from cleaners.lexicon import Lexicon
from cleaners.text.folding import NOT_PLAIN, folded_characters, plain_characters
from cleaners.text.scripts import is_unspaced
from cleaners.text.tokens import DIGIT, LETTER, character_classes, code_point, fmix64
from cleaners.text.utf8 import utf8

#: Characters that may stand between the digits of one number, time or date.
_INNER_MARKS: Final = ".,:/-\u2013"
_DATE_SLOTS: Final = 4096  # in the hash table of dates: about eight for each name
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def template_hashes(text: pl.Series, lexicon: Lexicon) -> pl.Series:
    """The hash (UInt64) of the template of each line; null for a line without digits and dates.

    The hash is `fmix64` of FNV-1a (64 bits) over the code points of the template, with U+0000 as the placeholder. It is
    the same on every machine and in every run.

    >>> one, other = template_hashes(pl.Series(["Updated 3 hours ago", "UPDATED  14 hours ago"]), Lexicon())
    >>> one == other
    True
    """
    return templates_of_rows(text, utf8(text), np.arange(len(text)), lexicon)


def templates_of_rows(text: pl.Series, texts: tuple[U8, I64], rows: I64, lexicon: Lexicon) -> pl.Series:
    """The `template_hashes` of these rows of a series, whose bytes and offsets are given: `texts` is `utf8(text)`."""
    classes, dates, inner_marks = character_classes(), _date_table(lexicon), _inner_marks()
    hashes, kinds = _hash_templates(*texts, rows, plain_characters(), classes, dates, inner_marks)
    places = np.flatnonzero(kinds == _NOT_FOLDED)
    if len(places):
        folded = text.gather(rows[places]).str.normalize("NFKC").str.to_uppercase().str.to_lowercase()
        hashes[places], kinds[places] = _hash_templates(
            *utf8(folded), np.arange(len(folded)), folded_characters(), classes, dates, inner_marks
        )
    masked = pl.Series(kinds == _MASKED)
    return pl.select(pl.when(masked).then(pl.Series(hashes))).to_series().alias(text.name)


_NO_FIGURES, _MASKED, _NOT_FOLDED = 0, 1, 2


@functools.cache
def _inner_marks() -> U8:
    """For every code point, whether it may stand within a number."""
    inner_marks = np.zeros(0x110000, np.uint8)
    inner_marks[[ord(character) for character in _INNER_MARKS]] = 1
    return inner_marks


def date_words(lexicon: Lexicon) -> list[str]:
    """The words, in lower case, that a placeholder replaces: those of the names of months and weekdays, sorted.

    Scripts without spaces have no words that could be replaced.
    """
    names = " ".join((*lexicon.months, *lexicon.days)).lower()
    return sorted(
        {word for word in re.split(r"[ .'’-]", names) if len(word) > 1 and not is_unspaced(word[0])}
    )


@functools.cache
def _date_table(lexicon: Lexicon) -> U64:
    """A hash table of the FNV-1a hashes of the names of months and weekdays, with linear probing."""
    slots = np.zeros(_DATE_SLOTS, np.uint64)
    for name in date_words(lexicon):
        h = _FNV_BASIS
        for character in name.upper().lower():
            h = (h ^ ord(character)) * _FNV_PRIME % 2**64
        slot = h % _DATE_SLOTS
        while slots[slot] and slots[slot] != h:
            slot = (slot + 1) % _DATE_SLOTS
        slots[slot] = h
    return slots


@helper
def _is_date(h: Word, dates: U64) -> Any:
    slot = np.int64(h & np.uint64(len(dates) - 1))
    while dates[slot] != 0:
        if dates[slot] == h:
            return True
        slot = (slot + 1) & (len(dates) - 1)
    return False


@kernel
def _hash_templates(
    data: U8, offsets: I64, rows: I64, folds: U32, classes: U8, dates: U64, inner_marks: U8
) -> Any:
    """(hashes, kinds): the hash of the template of each of the rows, and what became of its line.

    The kind is _MASKED if a number or a date was replaced, _NOT_FOLDED if a character is not plain (the hash is then
    meaningless), and _NO_FIGURES otherwise.
    """
    lines = len(rows)
    hashes, kinds = np.empty(lines, np.uint64), np.zeros(lines, np.uint8)
    basis, prime = np.uint64(_FNV_BASIS), np.uint64(_FNV_PRIME)
    for line in range(lines):
        at, stop = offsets[rows[line]], offsets[rows[line] + 1]
        h = solid = basis  # `solid` is the hash up to the last character that is not white space
        start = word = basis  # for the word being read: the hash before it, and its own hash
        length = 0  # of that word
        number = False  # whether the last placeholder is for a number that may go on
        pending = np.uint32(0)  # a character that may prove to stand within the number
        kind = _NO_FIGURES
        while at <= stop:
            folded, width = np.uint32(32), 1
            if at < stop:
                code = np.int64(data[at])
                if code >= 0x80:
                    code, width = code_point(data, at)
                folded = folds[code]
                if folded == NOT_PLAIN:
                    kind = _NOT_FOLDED
                    break
            at += width
            what = classes[folded]
            if length > 0 and what != LETTER:
                if length >= 2 and _is_date(word, dates):
                    h = solid = start * prime
                    kind = _MASKED
                length, word = 0, basis
            if what == DIGIT:
                if not number:
                    h = solid = h * prime
                    number, kind = True, _MASKED
                pending = np.uint32(0)
                continue
            if number:
                if pending == 0 and inner_marks[folded]:
                    pending = folded
                    continue
                if pending != 0:
                    h = solid = (h ^ np.uint64(pending)) * prime
                    pending = np.uint32(0)
                number = False
            if folded == 32:
                if h == solid and h != basis:
                    h = (h ^ np.uint64(32)) * prime
                continue
            if what == LETTER:
                if length == 0:
                    start = h
                length += 1
                word = (word ^ np.uint64(folded)) * prime
            h = solid = (h ^ np.uint64(folded)) * prime
        hashes[line], kinds[line] = fmix64(solid), kind
    return hashes, kinds
