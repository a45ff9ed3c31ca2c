"""A column of texts in the form that kernels take: one array of UTF-8 bytes, and offsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.kernels import I64, U8


def utf8(text: pl.Series) -> tuple[U8, I64]:
    """(data, offsets): text r, never null, is `data[offsets[r]:offsets[r + 1]]`; `data` is read-only.

    >>> data, offsets = utf8(pl.Series(["né", "", "x"]))
    >>> bytes(data), offsets.tolist()
    (b'n\\xc3\\xa9x', [0, 3, 3, 4])
    """
    offsets = np.zeros(len(text) + 1, np.int64)
    np.cumsum(text.str.len_bytes().to_numpy(), out=offsets[1:])
    data = text.cast(pl.Binary).cast(pl.List(pl.UInt8)).explode(empty_as_null=False).to_numpy()
    data.flags.writeable = False  # as most are anyway; a kernel is compiled anew for each kind of array
    return data, offsets


def starts_of(counts: Sequence[int] | NDArray[np.integer]) -> I64:
    """The offset at which each of consecutive parts of these sizes begins, and where the last ends: (counts + 1,)."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
