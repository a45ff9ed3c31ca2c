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


def protect(
    frame: pl.DataFrame,
    documents: pl.DataFrame,
    exceptions: pl.DataFrame,
    since: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """A frame of paragraphs that says in `protected` where an exception holds; `documents` has the uris.

    With `since`, a frame of the same rows that says so already, only paragraphs with another text are looked at.
    """
    if exceptions.is_empty():
        return frame
    rows = pl.arange(0, len(frame), dtype=pl.UInt32, eager=True)
    if since is not None:
        rows = frame.get_column("text").ne_missing(since.get_column("text")).arg_true()
    some = frame.select("document", "source", pl.col("text").fill_null(""))[rows]
    some = some.with_columns(documents.get_column("uri").gather(some.get_column("document")).alias("uri"))
    known = frame.get_column("protected").clone()
    return frame.with_columns(known.scatter(rows, is_protected(some, exceptions)))
