"""Staged files that many tasks ask for their piece."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.run.staged_files import read, read_piece, write_pieces


@given(st.lists(st.integers(0, 9), max_size=20), st.lists(st.integers(0, 10), min_size=1, max_size=5))
def test_a_piece_has_the_rows_between_two_edges(values: list[int], edges: list[int]) -> None:
    """Whether it is empty or not; and what comes after the last piece is empty."""
    frame = pl.DataFrame(
        {"row": sorted(values), "text": [f"text {n}" for n in range(len(values))]},
        schema={"row": pl.UInt32, "text": pl.String},
    )
    edges.sort()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some" / "00000.arrow"
        write_pieces(frame, path, "row", edges)
        assert_frame_equal(read(path), frame)
        for number, (first, end) in enumerate(pairwise(edges)):
            rows = frame.filter(pl.col("row").is_between(first, end, closed="left"))
            assert_frame_equal(read_piece(path, number), rows)
            assert read_piece(path, number, "text").to_series().to_list() == rows["text"].to_list()
        assert read_piece(path, len(edges) + 1).is_empty()
