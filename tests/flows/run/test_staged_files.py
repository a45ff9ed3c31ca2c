"""Staged files that many tasks ask for their piece."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.run.staged_files import read, read_piece, read_pieces, remove_pieces, write_pieces


@given(
    st.integers(0, 2),
    st.lists(st.integers(0, 9), max_size=20),
    st.lists(st.integers(0, 10), min_size=1, max_size=5),
)
def test_pieces_begin_at_edges(nulls: int, values: list[int], edges: list[int]) -> None:
    """Each row is in one; the first has what comes before its edge, too, and after the last there is nothing."""
    column = [*[None] * nulls, *sorted(values)]
    frame = pl.DataFrame(
        {"row": column, "text": [f"text {n}" for n in range(len(column))]},
        schema={"row": pl.UInt32, "text": pl.String},
    )
    edges.sort()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some" / "00000.arrow"
        write_pieces(frame, path, "row", edges)
        assert_frame_equal(read(path), frame)
        pieces = [read_piece(path, number) for number in range(len(edges))]
        assert_frame_equal(pl.concat(pieces), frame)
        for piece, (first, end) in zip(pieces[1:], pairwise([*edges[1:], 99]), strict=True):
            assert piece["row"].is_between(first, end, closed="left").all()
        assert_frame_equal(
            read_pieces(path, 1, 3, "text"), pl.concat([frame.head(0), *pieces[1:3]]).select("text")
        )
        assert read_piece(path, len(edges)).is_empty()
        remove_pieces(path)
        assert not list(path.parent.iterdir())
