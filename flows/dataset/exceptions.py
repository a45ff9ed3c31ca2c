"""Text that was restored and that no later run removes again (`Layout.exceptions_file`).

An exception is a folded text (`folding.line_hashes`) and the place where it holds: all documents of a source, or one
document, by its uri. It is one document if that document was restored, or if its source is unknown. No cleaner may
remove protected text, for any reason; the rest of its document is cleaned as usual.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.text.folding import line_hashes
from flows.dataset import Layout
from flows.dataset.tables import read_part

EXCEPTIONS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),  # the exception holds in this source
    "uri": pl.String(),  # or in this document only; one of the two is null
    "line": pl.UInt64(),
    "document_id": pl.String(),  # from here on: what was restored, and why it had been removed
    "position": pl.UInt32(),
    "reason": pl.String(),
    "rule": pl.String(),
    "run_id": pl.String(),
}


def read_exceptions(layout: Layout) -> pl.DataFrame:
    """All exceptions of a dataset."""
    path = layout.exceptions_file
    return read_part(path) if path.exists() else pl.DataFrame(schema=EXCEPTIONS)


def is_protected(paragraphs: pl.DataFrame, exceptions: pl.DataFrame) -> pl.Series:
    """Whether an exception holds for each of these paragraphs (columns source, uri, text; no text is null)."""
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
    """A frame of paragraphs in which no protected text is removed; `documents` has the uris."""
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
        for name in (
            "reason",
            "rule",
            "detail",
            "duplicate_of_document_id",
            "duplicate_of_position",
            "jaccard",
        )
    )
