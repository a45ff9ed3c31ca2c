"""Hashes of folded lines: equal for lines that differ only in case, character form or the amount of white space.

A plain character folds to one character, whatever its neighbours. Nearly all lines consist of plain characters only and
are folded by a table lookup in machine code. The few others are normalised to NFKC first, which is slower.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.derived import of_characters
from cleaners.kernels import I64, U8, U32, kernel
from cleaners.text.tokens import code_point, fmix64
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE

#: Ranges (first, last) of plain characters: each folds to one character as long as its neighbours are plain, too.
PLAIN_RANGES: Final = (
    *((" ", "~"), ("\xa0", "\xa0"), ("À", "Ö"), ("Ø", "Þ"), ("à", "ö"), ("ø", "ÿ")),
    *(("Ā", "į"), ("Ĵ", "ķ"), ("Ĺ", "ľ"), ("Ł", "ň"), ("Ŋ", "ž")),  # Latin Extended-A
    *((sign, sign) for sign in "£§©«®°·»€"),
    *(("А", "я"), ("Ё", "Ё"), ("ё", "ё")),
    *(("\u0621", "\u063a"), ("\u0641", "\u064a")),  # Arabic letters
    *(("‘", "’"), ("“", "”"), ("–", "—"), ("•", "•")),
    *(("\u3000", "】"), ("ぁ", "ゖ"), ("ァ", "ヺ"), ("ー", "ー")),
    *(("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uac00", "\ud7a3")),  # Han, Hangul
    ("\uff01", "\uff5e"),  # fullwidth forms of ASCII
)
NOT_PLAIN: Final = 0xFFFFFFFF


@of_characters
def plain_characters() -> U32:
    """A table over all code points: the character that each folds to, or NOT_PLAIN."""
    folds = np.full(0x110000, NOT_PLAIN, np.uint32)
    for first, last in PLAIN_RANGES:
        for code in range(ord(first), ord(last) + 1):
            folds[code] = ord(unicodedata.normalize("NFKC", chr(code)).lower())
    folds[[ord(character) for character in WHITE_SPACE if character.isascii()]] = ord(" ")
    return folds


@functools.cache
def folded_characters() -> U32:
    """A table over all code points for text that is folded already: white space maps to a space, the rest to itself."""
    folds = np.arange(0x110000, dtype=np.uint32)
    folds[[ord(character) for character in WHITE_SPACE]] = ord(" ")
    return folds


def line_hashes(text: pl.Series) -> pl.Series:
    """The hash (UInt64) of each folded line. `text` is String without nulls.

    Folding normalises a line to NFKC, folds its case, turns each run of white space into one space and strips the ends.
    The hash is `fmix64` of 64-bit FNV-1a, which takes in whole code points here instead of bytes. It is the same on
    every machine and in every run.

    >>> one, other = line_hashes(pl.Series(["Read  More ", "read more"]))
    >>> one == other
    True
    """
    return hashes_of_rows(text, utf8(text), np.arange(len(text)))


def hashes_of_rows(text: pl.Series, texts: tuple[U8, I64], rows: I64) -> pl.Series:
    """The `line_hashes` of these rows of a series, whose bytes and offsets are given: `texts` is `utf8(text)`."""
    hashes, plain = _hash_lines(*texts, rows, plain_characters())
    places = np.flatnonzero(~plain)
    others = text.gather(rows[places])
    distinct = others.unique()
    # going through upper case unites letters with two lower-case forms, such as sharp s and final sigma
    folded = distinct.str.normalize("NFKC").str.to_uppercase().str.to_lowercase()
    folded_hashes, _ = _hash_lines(*utf8(folded), np.arange(len(folded)), folded_characters())
    hashes[places] = others.replace_strict(
        distinct, pl.Series(folded_hashes, dtype=pl.UInt64), return_dtype=pl.UInt64
    ).to_numpy()
    return pl.Series(text.name, hashes, dtype=pl.UInt64)


@kernel
def _hash_lines(data: U8, offsets: I64, rows: I64, folds: U32) -> Any:
    """(hashes, plain) by row: its hash with characters folded by `folds`; False where it has one that is not plain."""
    lines = len(rows)
    hashes, plain = np.empty(lines, np.uint64), np.ones(lines, np.bool_)
    basis, prime = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
    for line in range(lines):
        h = before = basis  # `before`: the hash up to the last space
        last = np.uint32(32)
        at, stop = offsets[rows[line]], offsets[rows[line] + 1]
        while at < stop:
            code, width = np.int64(data[at]), 1
            if code >= 0x80:
                code, width = code_point(data, at)
            folded = folds[code]
            at += width
            if folded == NOT_PLAIN:
                plain[line] = False
                break
            # a second space in a row: this rare branch is cheaper than one at every space
            if (folded ^ 32) | (last ^ 32) == 0:
                continue
            before = h if folded == 32 else before
            h = (h ^ np.uint64(folded)) * prime
            last = folded
        hashes[line] = fmix64(before if last == 32 else h)
    return hashes, plain
