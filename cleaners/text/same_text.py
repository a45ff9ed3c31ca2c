"""Which texts are the same but for their white space."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.text.tokens import I64, U8, code_point, kernel
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE


def differs_beyond_white_space(one: pl.Series, other: pl.Series) -> pl.Series:
    """Whether each text differs from the other's in more than white space (Boolean); a null equals only a null.

    >>> differs_beyond_white_space(pl.Series(["a b", "a b", None]), pl.Series(["ab ", "a c", "a"])).to_list()
    [False, True, True]
    """
    differs = one.ne_missing(other)
    rows = differs.arg_true()  # mostly few
    if rows.is_empty():
        return differs
    one, other = one.gather(rows), other.gather(rows)
    found = pl.Series(_differ(*utf8(one.fill_null("")), *utf8(other.fill_null("")), _is_white()))
    return differs.scatter(rows, found | one.is_null() | other.is_null())


@functools.cache
def _is_white() -> NDArray[np.bool_]:
    """For every code point up to the last white space whether it is such."""
    is_white = np.zeros(max(map(ord, WHITE_SPACE)) + 1, np.bool_)
    is_white[list(map(ord, WHITE_SPACE))] = True
    return is_white


@kernel
def _differ(data: U8, offsets: I64, others: U8, other_offsets: I64, is_white: NDArray[np.bool_]) -> Any:
    differ = np.zeros(len(offsets) - 1, np.bool_)
    for n in range(len(differ)):
        at, there = offsets[n], other_offsets[n]
        while True:
            at = _next_mark(data, at, offsets[n + 1], is_white)
            there = _next_mark(others, there, other_offsets[n + 1], is_white)
            ended = at == offsets[n + 1] or there == other_offsets[n + 1]
            # byte by byte: no white space begins within a character
            if ended or data[at] != others[there]:
                differ[n] = at != offsets[n + 1] or there != other_offsets[n + 1]
                break
            at += 1
            there += 1
    return differ


@kernel
def _next_mark(data: U8, at: int, stop: int, is_white: NDArray[np.bool_]) -> int:
    """Where the next byte is from there on that is of no white space, or the end."""
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
