"""Files of the staging folder of a run: uncompressed Arrow, so that they can be memory-mapped."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.dataset.tables import whole_file


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a file; it gets its name once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        frame.write_ipc(partial, compression="uncompressed")


def read(path: Path, *columns: str) -> pl.DataFrame:
    """A file, or these columns of it, memory-mapped (`read_ipc` would copy it)."""
    return pl.scan_ipc(path, glob=False).select(columns or pl.all()).collect(engine="in-memory")
