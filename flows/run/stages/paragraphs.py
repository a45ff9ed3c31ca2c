"""The paragraphs of a shard between two stages: without what the staging folder has once for each document."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from cleaners.paragraphs import SCHEMA
from flows.run import staged_files
from flows.run.stages.run import Run

#: The columns of paragraphs that staged ones lack: their document has them, or only `split` fills them.
_OF_DOCUMENT: Final = ("source", "title", "language")
_OF_DUPLICATE: Final = ("duplicate_of_document_id", "duplicate_of_position", "jaccard")


def write_paragraphs(frame: pl.DataFrame, path: Path) -> None:
    """Write paragraphs for `_paragraphs` to read."""
    staged_files.write(frame.drop(*_OF_DOCUMENT, *_OF_DUPLICATE), path)


def read_paragraphs(run: Run, kind: str, shard: str, documents: pl.DataFrame) -> pl.DataFrame:
    """The paragraphs of a shard, with what the staging folder has once for each document, or not yet at all."""
    frame = staged_files.read(run.path(kind, shard))
    return frame.hstack(documents.select(_OF_DOCUMENT)[frame.get_column("document")]).with_columns(
        pl.lit(None, SCHEMA[name]).alias(name) for name in _OF_DUPLICATE
    )


def is_done(source: Path, last: Path) -> bool:
    """Whether a stage has ended that writes `last` at its end and then removes its source.

    So it is if the worker that has done it was lost before it could say so.
    """
    return not source.exists() and last.exists()
