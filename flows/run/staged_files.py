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
    """Write a file that is sorted by a column of integers, in pieces for `read_pieces`.

    Piece i has the rows whose value is in [edges[i], edges[i + 1]), the first one also all that precede, nulls among
    them, and the last one all that follow. Where each begins is in a file beside it: who asks for one does not
    search, and reads no other.
    """
    column = frame.get_column(name)
    nulls = column.null_count()
    values = column.slice(nulls).to_numpy()
    starts = nulls + np.searchsorted(values, np.array(edges, values.dtype))
    starts[0] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(_starts(path)) as partial, partial.open("wb") as file:
        np.save(file, np.append(starts, len(frame)))
    # one chunk, or each of the many that a concatenation has would be read alone
    write(frame.rechunk(), path)


def read_piece(path: Path, number: int, *columns: str) -> pl.DataFrame:
    """A piece of a file, or these columns of it. What comes after the last piece is empty."""
    return read_pieces(path, number, number + 1, *columns)


def read_pieces(path: Path, first: int, end: int, *columns: str) -> pl.DataFrame:
    """The pieces of a file from `first` on, up to `end`."""
    starts = np.load(_starts(path))
    start, stop = (int(starts[min(edge, len(starts) - 1)]) for edge in (first, end))
    return (
        pl.scan_ipc(path, glob=False)
        .select(columns or pl.all())
        .slice(start, stop - start)
        .collect(engine="in-memory")
    )


def remove_pieces(path: Path) -> None:
    """Remove a file in pieces, if it is there."""
    for one in (path, _starts(path)):
        one.unlink(missing_ok=True)


def _starts(path: Path) -> Path:
    return path.with_suffix(".npy")
