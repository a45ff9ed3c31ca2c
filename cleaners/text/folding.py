"""Lines as they are compared when case, the form of a character and the width of white space do not matter.

Nearly all lines consist of plain characters, which fold one by one; a table lookup in machine code folds these. The few
others go the long way, by NFKC.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.text.tokens import I64, U8, U32, code_point, fmix64, kernel
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE

#: First and last of characters that fold to one character each, whatever stands beside them, if that is plain too.
PLAIN: Final = (
    *((" ", "~"), ("\xa0", "\xa0"), ("À", "Ö"), ("Ø", "Þ"), ("à", "ö"), ("ø", "ÿ")),
    *(("Ā", "į"), ("Ĵ", "ķ"), ("Ĺ", "ľ"), ("Ł", "ň"), ("Ŋ", "ž")),  # of Latin Extended-A
    *((sign, sign) for sign in "£§©«®°·»€"),
    *(("А", "я"), ("Ё", "Ё"), ("ё", "ё")),
    *(("\u0621", "\u063a"), ("\u0641", "\u064a")),  # Arabic letters
    *(("‘", "’"), ("“", "”"), ("–", "—"), ("•", "•")),
    *(("\u3000", "】"), ("ぁ", "ゖ"), ("ァ", "ヺ"), ("ー", "ー")),
    *(("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uac00", "\ud7a3")),  # Han, Hangul
    ("\uff01", "\uff5e"),  # ASCII's characters as wide as Han
)
NOT_PLAIN: Final = 0xFFFFFFFF


@functools.cache
def plain_characters() -> U32:
    """For every code point what it folds to, or NOT_PLAIN."""
    folds = np.full(0x110000, NOT_PLAIN, np.uint32)
    for first, last in PLAIN:
        for code in range(ord(first), ord(last) + 1):
            folds[code] = ord(unicodedata.normalize("NFKC", chr(code)).lower())
    folds[[ord(character) for character in WHITE_SPACE if character.isascii()]] = ord(" ")
    return folds


@functools.cache
def folded_characters() -> U32:
    """For every code point of a folded text itself, but a space for what is white space."""
    folds = np.arange(0x110000, dtype=np.uint32)
    folds[[ord(character) for character in WHITE_SPACE]] = ord(" ")
    return folds


def line_hashes(text: pl.Series) -> pl.Series:
    """The hash (UInt64) of each line, folded: `fmix64` of FNV-1a (64 bits) over its code points.

    Folded is a line in NFKC, case folded, each run of white space one space, and none at the ends. The hash is the same
    on every machine and in every run; FNV-1a takes a whole code point where it usually takes a byte.
    """
    hashes, plain = _hash_lines(*utf8(text), plain_characters())
    rows = (~pl.Series(plain, dtype=pl.Boolean)).arg_true()
    others = text.gather(rows)
    texts = others.unique()
    # the way by upper case folds what has two lower-case forms: a sharp s, a final sigma
    folded = texts.str.normalize("NFKC").str.to_uppercase().str.to_lowercase()
    folded_hashes = pl.Series(_hash_lines(*utf8(folded), folded_characters())[0], dtype=pl.UInt64)
    hashes[rows.to_numpy()] = others.replace_strict(texts, folded_hashes, return_dtype=pl.UInt64).to_numpy()
    return pl.Series(text.name, hashes, dtype=pl.UInt64)


@kernel
def _hash_lines(data: U8, offsets: I64, folds: U32) -> Any:
    """(the hash of each line, its characters folded by `folds`; whether all could be)."""
    lines = len(offsets) - 1
    hashes, plain = np.empty(lines, np.uint64), np.ones(lines, np.bool_)
    basis, prime = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
    for line in range(lines):
        h = before = basis  # `before` the last space
        last = np.uint32(32)
        at, stop = offsets[line], offsets[line + 1]
        while at < stop:
            code, width = np.int64(data[at]), 1
            if code >= 0x80:
                code, width = code_point(data, at)
            folded = folds[code]
            at += width
            if folded == NOT_PLAIN:
                plain[line] = False
                break
            if (folded ^ 32) | (last ^ 32) == 0:  # one seldom taken branch is quicker than one at every space
                continue
            before = h if folded == 32 else before
            h = (h ^ np.uint64(folded)) * prime
            last = folded
        hashes[line] = fmix64(before if last == 32 else h)
    return hashes, plain
