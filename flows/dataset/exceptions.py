"""Text that was restored, and that no later run removes again.

    _copydesk/exceptions/part-00000.parquet

An exception is known by its folded text (`folding.line_hashes`) and by where it holds: in all documents of a source, or
in one document, by its uri. The latter where one document was restored, or where the source is not known. What is
excepted may be removed by no cleaner, whatever the reason; all else in its document is judged as ever.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from cleaners.text.folding import line_hashes
from flows.dataset import Layout

EXCEPTIONS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),  # where the exception holds: in this source,
    "uri": pl.String(),  # or in this document alone; one of the two is null
    "line": pl.UInt64(),
    "document_id": pl.String(),  # what was restored, and why it had been removed
    "position": pl.UInt32(),
    "reason": pl.String(),
    "rule": pl.String(),
    "run_id": pl.String(),
}
#: The table of a dataset, as a kind of state of its own.
KIND: Final = "exceptions"


def exceptions_path(layout: Layout) -> Path:
    """Where they lie."""
    return layout.base(KIND) / "part-00000.parquet"


def read_exceptions(layout: Layout) -> pl.DataFrame:
    """All exceptions of a dataset."""
    path = exceptions_path(layout)
    return (
        pl.read_parquet(path, hive_partitioning=False) if path.exists() else pl.DataFrame(schema=EXCEPTIONS)
    )


def is_protected(paragraphs: pl.DataFrame, exceptions: pl.DataFrame) -> pl.Series:
    """Whether an exception holds for these paragraphs (columns source, uri, text; no text is null), row by row."""
    if exceptions.is_empty() or paragraphs.is_empty():
        return pl.repeat(False, len(paragraphs), dtype=pl.Boolean, eager=True)
    rows = paragraphs.select("source", "uri", line_hashes(paragraphs["text"]).alias("line")).with_row_index(
        "row"
    )
    here = pl.concat(
        [
            rows.join(exceptions.drop_nulls(where), on=[where, "line"], how="semi").select("row")
            for where in ("source", "uri")
        ]
    )
    return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True).scatter(here["row"].unique(), True)


def protect(frame: pl.DataFrame, documents: pl.DataFrame, exceptions: pl.DataFrame) -> pl.DataFrame:
    """A frame of paragraphs in which nothing is removed that is excepted; `documents` has their uris."""
    if exceptions.is_empty():
        return frame
    rows = frame["reason"].is_not_null().arg_true()
    removed = frame[rows].select("document_id", "source", "text")
    uris = documents.select("document_id", "uri")
    removed = removed.join(uris, on="document_id", how="left", maintain_order="left")
    protected = pl.repeat(False, len(frame), dtype=pl.Boolean, eager=True).scatter(
        rows.filter(is_protected(removed, exceptions)), True
    )
    return frame.with_columns(
        pl.when(~protected).then(pl.col(name)).alias(name)
        for name in ("reason", "rule", "duplicate_of_document_id", "duplicate_of_position", "jaccard")
    )
