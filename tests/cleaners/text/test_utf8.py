"""Texts as bytes and offsets."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text.utf8 import utf8


@given(st.lists(st.lists(st.text(max_size=20), max_size=4), max_size=4), st.integers(0, 3), st.integers(0, 9))
def test_bytes_and_offsets(chunks: list[list[str]], start: int, length: int) -> None:
    """Each text lies between its offsets, in a series of several chunks too, and in a slice of one."""
    series = pl.concat([pl.Series("", [], pl.String), *(pl.Series("", chunk, pl.String) for chunk in chunks)])
    for text in (series, series.slice(start, length), series.rechunk().slice(start, length)):
        data, offsets = utf8(text)
        assert data.dtype == np.uint8
        assert not data.flags.writeable
        assert len(data) == offsets[-1]
        parts = [data[begin:end].tobytes().decode() for begin, end in pairwise(offsets)]
        assert parts == text.to_list()
