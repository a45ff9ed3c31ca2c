"""Files of the staging folder of a run: uncompressed Arrow, of which columns and ranges of rows are read alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from flows.dataset.tables import whole_file


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a file; it gets its name once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        frame.write_ipc(partial, compression="uncompressed")


def read(path: Path, *columns: str) -> pl.DataFrame:
    """A file, or these columns of it."""
    return pl.scan_ipc(path, glob=False).select(columns or pl.all()).collect(engine="in-memory")


def write_pieces(frame: pl.DataFrame, path: Path, name: str, edges: Sequence[int]) -> None:
    """Write a file that is sorted by a column of integers, in pieces for `read_piece`.

    Piece i has the rows whose value is in [edges[i], edges[i + 1]). Where each begins is in a file beside it: whoever
    asks for one does not search, and reads no other.
    """
    values = frame.get_column(name).to_numpy()
    starts = np.searchsorted(values, np.array(edges, values.dtype))
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(_starts(path)) as partial, partial.open("wb") as file:
        np.save(file, starts)
    # one chunk, or each of the many that a concatenation has would be read alone
    write(frame.rechunk(), path)


def read_piece(path: Path, number: int, *columns: str) -> pl.DataFrame:
    """A piece of a file, or these columns of it. What comes after the last piece is empty."""
    starts = np.load(_starts(path))
    start, stop = (int(starts[min(edge, len(starts) - 1)]) for edge in (number, number + 1))
    return (
        pl.scan_ipc(path, glob=False)
        .select(columns or pl.all())
        .slice(start, stop - start)
        .collect(engine="in-memory")
    )


def _starts(path: Path) -> Path:
    return path.with_suffix(".npy")
