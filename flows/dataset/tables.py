"""The four published tables: their columns, and how a part of one is written.

The columns never change within a dataset; `FORMAT` counts the changes between them.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import polars as pl

FORMAT: Final = 1

SCHEMAS: Final[dict[str, dict[str, pl.DataType]]] = {
    "documents": {
        "document_id": pl.String(),
        "record_id": pl.String(),
        "uri": pl.String(),
        "source": pl.String(),
        "url": pl.String(),
        "title": pl.String(),
        "published": pl.Datetime("us", "UTC"),
        "language": pl.String(),
        "encoding": pl.String(),
        "text": pl.String(),
        "words": pl.UInt32(),
        "paragraphs": pl.UInt32(),
        "removed_paragraphs": pl.UInt32(),
        "metadata": pl.String(),
        "run_id": pl.String(),
    },
    "removed": {
        "document_id": pl.String(),
        "uri": pl.String(),
        "position": pl.UInt32(),
        "text": pl.String(),
        "reason": pl.String(),
        "rule": pl.String(),
        "duplicate_of_document_id": pl.String(),
        "duplicate_of_position": pl.UInt32(),
        "jaccard": pl.Float32(),
        "run_id": pl.String(),
    },
    "repaired": {
        "document_id": pl.String(),
        "uri": pl.String(),
        "field": pl.String(),
        "position": pl.UInt32(),
        "before": pl.String(),
        "after": pl.String(),
        "fixes": pl.List(pl.String()),
        "run_id": pl.String(),
    },
    "rejected": {"uri": pl.String(), "error": pl.String(), "run_id": pl.String()},
}
TABLES: Final = tuple(SCHEMAS)

#: Bytes that a disk has left when it is full.
LITTLE: Final = 65_536

#: Rows in a row group: some 30 MB of article text, or a few MB of any other table.
ROW_GROUP: Final = {"documents": 8_192, "removed": 65_536, "repaired": 65_536, "rejected": 65_536}


def conform(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with just the columns of `table`, in their order and of their types.

    Raises polars' ColumnNotFoundError or InvalidOperationError where it cannot be brought to that.
    """
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[table].items())


def write_part(
    frame: pl.DataFrame,
    path: Path,
    metadata: Mapping[str, str],
    row_group: int = 65_536,
    compression: Literal["zstd", "uncompressed"] = "zstd",
) -> None:
    """Write one Parquet file with statistics, durably: it is on the disk when this returns.

    It appears under its name only once it is whole, so that its existence marks the completion of the work. Raises
    OSError where it cannot be written, with the path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with file_errors(path):
        frame.write_parquet(
            partial,
            compression=compression,
            statistics=True,
            row_group_size=row_group,
            metadata=dict(metadata),
        )
        sync(partial)
    partial.replace(path)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Raise as OSError, with its number and the path, what polars or the system say of a file that is written."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        number = getattr(error, "errno", None) or _number(str(error), path)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _number(text: str, path: Path) -> int | None:
    """The number of the system's error that polars tells of as a text: "No space left on device (os error 28)".

    Where it has failed to write the end of a file it says no more than "transport error": the disk tells then.
    """
    if told := re.search(r"\(os error (\d+)\)", text):
        return int(told[1])
    disk = os.statvfs(path.parent)
    return errno.ENOSPC if disk.f_bavail * disk.f_frsize < LITTLE else None


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
