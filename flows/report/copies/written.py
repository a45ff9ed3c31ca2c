"""The tables of copies as Parquet files in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from flows.dataset import Dataset
from flows.dataset.tables import sync, whole_file
from flows.errors import UsageError
from flows.report.copies.names import By
from flows.report.copies.query import Copies

#: In the metadata of each file: it may be written anew.
_MARK: Final = "copydesk.copies"


def write_tables(copies: Copies, folder: Path) -> list[Path]:
    """Write all tables into a folder outside the dataset, and return their paths, in the order of `By`.

    Each file appears under its name only when it is complete; one of an earlier call is replaced. Raises UsageError if
    the folder is in the dataset, or has a file of that name which this did not write, and OSError if the disk is full.
    """
    paths = {by: folder / f"{by}.parquet" for by in By}
    _refuse(copies.dataset, folder, list(paths.values()))
    folder.mkdir(parents=True, exist_ok=True)
    for by, path in paths.items():
        with whole_file(path) as partial:
            copies.table(by).sink_parquet(
                partial,
                row_group_size=65_536,
                metadata={_MARK: by},
                engine="streaming",
            )
            sync(partial)
    return list(paths.values())


def _refuse(dataset: Dataset, folder: Path, paths: list[Path]) -> None:
    if folder.absolute().resolve().is_relative_to(dataset.root.resolve()):
        raise UsageError(f"{folder} is in the dataset: choose another folder")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder")
    for path in paths:
        if path.exists() and not _is_ours(path):
            raise UsageError(f"{path} exists, and is not a table of copies: choose another folder")


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError):
        return False
