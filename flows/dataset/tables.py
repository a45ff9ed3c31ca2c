"""The five published tables: their columns, and how a part file is read and written.

The columns never change within a dataset. `FORMAT` is the number of the format, one more with every change.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, Literal

import polars as pl

FORMAT: Final = 5

_WITH_A_REASON: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "uri": pl.String(),
    "source": pl.String(),
    "url": pl.String(),
    "title": pl.String(),
    "position": pl.UInt32(),
    "text": pl.String(),
    "reason": pl.String(),
    "rule": pl.String(),
    "detail": pl.String(),
    "duplicate_of_document_id": pl.String(),
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
    "run_id": pl.String(),
}

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
    "removed": _WITH_A_REASON,
    "labelled": _WITH_A_REASON,
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

#: What a row of each table is.
ROWS: Final = {
    "documents": "an article with the text that was kept",
    "removed": "a paragraph that was removed, and why",
    "labelled": "a paragraph that a cleaner found but left in `documents`, and why",
    "repaired": "a paragraph or title that was rewritten",
    "rejected": "an input or record that could not be read",
}

_OF_DOCUMENT: Final = {
    "document_id": "A hash of `uri` and content, which is the same in all tables.",
    "uri": "The path or URL that the document was read from, with `#` and a number for a record in a file.",
    "source": "The outlet: a field of the record, or the name of the folder that a text file was in.",
    "url": "The address of the article, as its record gives it.",
    "title": "The title, as its record or the first line of its text gives it.",
    "run_id": "The run that published the row.",
}
_OF_REASON: Final = {
    **_OF_DOCUMENT,
    "position": "The place of the paragraph in its document, from 0, removed paragraphs included.",
    "text": "The paragraph, after repair.",
    "rule": "Which rule of the cleaner applied; it is made for `group_by`.",
    "detail": "What varies from row to row, such as a score.",
    "duplicate_of_document_id": "The document that has the paragraph which this one repeats.",
    "duplicate_of_position": "The place of that paragraph in its document.",
    "jaccard": "How similar the two paragraphs are: the Jaccard index of their shingles, 1 if they are equal.",
}

#: A sentence on each column of each table: the dataset card and flows/README.md have it from here.
MEANINGS: Final[dict[str, dict[str, str]]] = {
    "documents": {
        **_OF_DOCUMENT,
        "record_id": "The id that the record has in its source.",
        "published": "When the article was published; a date that is not clear is in `metadata` only.",
        "language": "The ISO 639 code of the language; null where it is not certain.",
        "encoding": "The charset of the bytes that the document was read from.",
        "text": "The paragraphs that were kept, joined by one blank line; those in `labelled` are among them.",
        "words": "How many words `text` has, labelled paragraphs included.",
        "paragraphs": "How many paragraphs `text` has, labelled ones included.",
        "removed_paragraphs": "How many paragraphs of the document are in `removed`.",
        "metadata": "All other fields of the record, as a JSON object.",
    },
    "removed": {**_OF_REASON, "reason": "Which cleaner removed it."},
    "labelled": {**_OF_REASON, "reason": "Which cleaner found it."},
    "repaired": {
        **_OF_DOCUMENT,
        "field": "What was rewritten: `text` or `title`.",
        "position": "The place of the paragraph in its document, from 0; null for a title.",
        "before": "The text as it was read.",
        "after": "The text as it is now; empty if nothing was left.",
        "fixes": "The names of the fixes, in the order in which they were applied.",
    },
    "rejected": {
        **_OF_DOCUMENT,
        "uri": "The path or URL of the input, with `#` and a number for a record in a file.",
        "error": "Why it could not be read.",
    },
}

_NULL_OF_REASON: Final = (
    *("source", "url", "title", "detail"),
    *("duplicate_of_document_id", "duplicate_of_position", "jaccard"),
)

#: The columns that may be null.
MAY_BE_NULL: Final[dict[str, tuple[str, ...]]] = {
    "documents": ("record_id", "source", "url", "title", "published", "language", "metadata"),
    "removed": _NULL_OF_REASON,
    "labelled": _NULL_OF_REASON,
    "repaired": ("position",),
    "rejected": (),
}

#: A disk with fewer free bytes than this counts as full.
FULL_BELOW: Final = 65_536

#: Rows in a row group: some 30 MB of article text, or a few MB of any other table.
ROW_GROUP: Final = {table: 8_192 if table == "documents" else 65_536 for table in SCHEMAS}


def conform(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with only the columns of `table`, in their order and with their types.

    Raises polars' ColumnNotFoundError or InvalidOperationError if a column is missing or cannot be cast.
    """
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[table].items())


def read_part(path: Path | list[Path], columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of one part file, or of several in their order; with `columns`, only these.

    The folders are named `run=<id>`, which polars would take for a hive partition. It is not one: a compacted folder
    holds several runs, and the column `run_id` says which run a row belongs to.
    """
    return pl.read_parquet(path, columns=columns, hive_partitioning=False, glob=False)


def scan_parts(
    path: Path | list[Path],
    *,
    include_file_paths: str | None = None,
    schema: Mapping[str, pl.DataType] | None = None,
) -> pl.LazyFrame:
    """`read_part`, lazily; `include_file_paths` names a column for the path of each row's file.

    Columns of `schema` that a part lacks are null.
    """
    return pl.scan_parquet(
        path,
        hive_partitioning=False,
        glob=False,
        include_file_paths=include_file_paths,
        schema=schema,
        missing_columns="insert" if schema else "raise",
    )


def count_rows(path: Path) -> int:
    """How many rows a part file has."""
    return int(scan_parts(path).select(pl.len()).collect().item())


def write_part(
    frame: pl.DataFrame,
    path: Path,
    metadata: Mapping[str, str],
    row_group: int = 65_536,
    compression: Literal["zstd", "uncompressed"] = "zstd",
) -> None:
    """Write one Parquet file with statistics, durably: it is on the disk when this returns.

    It appears under its name only when it is complete, so that its existence shows that the work is done. Raises
    OSError with the path if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        frame.write_parquet(
            partial,
            compression=compression,
            statistics=True,
            row_group_size=row_group,
            metadata=dict(metadata),
        )
        sync(partial)


#: The folder for files that are not complete; None: that of the file. Workers on several machines each have their own:
#: one that was given up for lost may still write the same file, or a file of a run that is being published.
PARTIALS: Final[ContextVar[Path | None]] = ContextVar("PARTIALS", default=None)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Another path to write to; the file appears under its own name when the block has ended well.

    Errors of polars or the system in the block become an OSError with the error number and the file's own name.
    """
    partial = (PARTIALS.get() or path.parent) / f".{path.name}.partial"
    try:
        yield partial
        partial.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        number = getattr(error, "errno", None) or _number(str(error), path)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _number(text: str, path: Path) -> int | None:
    """The number of a system error in a message of polars, such as "No space left on device (os error 28)".

    If polars fails to write the end of a file, its message is only "transport error". Then the disk is looked at.
    """
    if number := re.search(r"\(os error (\d+)\)", text):
        return int(number[1])
    disk = os.statvfs(path.parent)
    return errno.ENOSPC if disk.f_bavail * disk.f_frsize < FULL_BELOW else None


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
