"""Comparison of texts regardless of white space."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.kernels import I64, U8, Flags, helper, kernel
from cleaners.text.tokens import code_point
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE


def differs_beyond_white_space(one: pl.Series, other: pl.Series) -> pl.Series:
    """Whether the texts of each row differ in more than white space (Boolean); a null equals only a null.

    >>> differs_beyond_white_space(pl.Series(["a b", "a b", None]), pl.Series(["ab ", "a c", "a"])).to_list()
    [False, True, True]
    """
    differs = one.ne_missing(other)
    rows = differs.arg_true()  # usually few
    if rows.is_empty():
        return differs
    one, other = one.gather(rows), other.gather(rows)
    found = pl.Series(_differ(*utf8(one.fill_null("")), *utf8(other.fill_null("")), _is_white()))
    return differs.scatter(rows, found | one.is_null() | other.is_null())


@functools.cache
def _is_white() -> NDArray[np.bool_]:
    """A table over the code points up to the last white-space character: whether each is white space."""
    is_white = np.zeros(max(map(ord, WHITE_SPACE)) + 1, np.bool_)
    is_white[list(map(ord, WHITE_SPACE))] = True
    return is_white


@kernel
def _differ(data: U8, offsets: I64, others: U8, other_offsets: I64, is_white: Flags) -> Any:
    differ = np.zeros(len(offsets) - 1, np.bool_)
    for n in range(len(differ)):
        at, there = offsets[n], other_offsets[n]
        while True:
            at = _skip_white_space(data, at, offsets[n + 1], is_white)
            there = _skip_white_space(others, there, other_offsets[n + 1], is_white)
            ended = at == offsets[n + 1] or there == other_offsets[n + 1]
            # comparing bytes is safe: no white space begins within a character
            if ended or data[at] != others[there]:
                differ[n] = at != offsets[n + 1] or there != other_offsets[n + 1]
                break
            at += 1
            there += 1
    return differ


@helper
def _skip_white_space(data: U8, at: int, stop: int, is_white: Flags) -> int:
    """The offset, from `at` on, of the first byte that does not belong to white space; `stop` if there is none."""
    while at < stop:
        code, width = np.int64(data[at]), 1
        if 0x80 <= code < 0xC0:  # within a character
            return at
        if code >= 0xC0:
            code, width = code_point(data, at)
        if code >= len(is_white) or not is_white[code]:
            return at
        at += width
    return at
