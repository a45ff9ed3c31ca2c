"""Market and story codes in brackets, such as "(7203.T)" or "[ID:nL4N0]": their digits are no figures of the text."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl

from cleaners.kernels import I64

_CODE: Final = re.compile(r"[(\[<]\s*(?:[A-Za-z0-9_^=]{1,12}\.[A-Z]{1,3}|ID:\s*\w+|\.[A-Z]{2,6})\s*[)\]>]")
#: What every code has, for polars: most texts are ruled out by their brackets.
_MAY_BE_CODE: Final = r"[(\[<][\s\x1c-\x1f]*(?:[A-Za-z0-9_^=]{0,12}\.[A-Z]|ID:)"


def without_codes(text: pl.Series) -> tuple[I64, pl.Series]:
    """(rows, texts): the rows whose text, none of them null, has a code in brackets, and their texts without it.

    >>> without_codes(pl.Series(["Shares of Ketter (7203.T) fell 3%.", "It fell (by 3.)"]))[1].to_list()
    ['Shares of Ketter   fell 3%.']
    """
    some = text.str.contains(_MAY_BE_CODE).arg_true()
    found = [(row, plain) for row, one in zip(some, text.gather(some), strict=True) if (plain := _plain(one))]
    rows = np.array([row for row, _ in found], np.int64)
    return rows, pl.Series([plain for _, plain in found], dtype=pl.String)


def _plain(text: str) -> str | None:
    plain, codes = _CODE.subn(" ", text)
    return plain if codes else None
