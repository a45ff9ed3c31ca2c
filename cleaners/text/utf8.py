"""Texts as kernels take them, and where each part of an array begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.text.tokens import I64, U8


def utf8(text: pl.Series) -> tuple[U8, I64]:
    """The texts (none of them null) as one array of bytes, which is read-only, and the offsets between them."""
    offsets = np.zeros(len(text) + 1, np.int64)
    np.cumsum(text.str.len_bytes().to_numpy(), out=offsets[1:])
    data = text.cast(pl.Binary).cast(pl.List(pl.UInt8)).explode(empty_as_null=False).to_numpy()
    data.flags.writeable = False  # as most are anyway: kernels are compiled for one kind
    return data, offsets


def starts_of(counts: Sequence[int] | NDArray[np.integer]) -> I64:
    """Where each of some parts begins in the whole, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
