"""Near-duplicate paragraphs, and documents that are removed whole because of them.

The corpus need not fit in memory. There are three steps:

- `fingerprint_table` makes a table of the fingerprints of each frame;
- `near_duplicates.find_duplicates` decides over all tables together, and over an index of what earlier runs kept;
- `duplicate` writes the decisions into each frame.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.fingerprints import Measure, Method, fingerprint


def eligible() -> pl.Expr:
    """Whether a paragraph may be a duplicate or a witness: no earlier cleaner removed it, and its text is not empty."""
    return pl.col("reason").is_null() & (pl.col("text") != "").fill_null(False)


def fingerprint_table(
    frame: pl.DataFrame,
    document_ids: pl.Series,
    *,
    n: int,
    threshold: float,
    min_tokens: int,
    short: Literal["keep", "exact"],
    method: Method = "minhash",
    measure: Measure = "jaccard",
    frequencies: pl.DataFrame | None = None,
) -> FingerprintTable:
    """The fingerprints and texts of a frame's `eligible` paragraphs; `document_ids` has the id of each document.

    A frame without the column `language` is of unknown languages.

    The parameters, and the ValueError for missing `frequencies`, are those of `fingerprints.fingerprint`.
    """
    columns = [
        name for name in ("document", "position", "text", "reason", "language") if name in frame.columns
    ]
    paragraphs = frame.select(columns).filter(eligible())
    paragraphs = paragraphs.with_columns(
        document_ids.gather(paragraphs.get_column("document")).alias("document_id")
    )
    prints = fingerprint(
        paragraphs,
        n=n,
        threshold=threshold,
        min_tokens=min_tokens,
        short=short,
        method=method,
        measure=measure,
        frequencies=frequencies,
    )
    table = FingerprintTable(prints.lazy(), paragraphs.get_column("text").gather)
    if "language" not in columns:
        return table
    return table._replace(languages=paragraphs.get_column("language").gather)


def kept_fingerprints(fingerprints: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that go into the index: those that can be compared and were not removed."""
    removed = decisions.filter(pl.col("reason").is_not_null()).get_column("row")
    stays = pl.repeat(True, len(fingerprints), eager=True).scatter(removed, False)
    return fingerprints.filter(pl.col("exact_a").is_not_null() & stays)


def duplicate(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The frame with reason, rule, detail, witness and Jaccard filled from `decisions`; protected rows stay.

    The decisions must be those on the frame's own `fingerprint_table`.

    >>> from cleaners.duplicate.near_duplicates import find_duplicates
    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "The swing bridge over the Wend will close on Monday for eleven weeks."
    >>> documents = pl.DataFrame({"text": [text, text.upper()], "title": [None] * 2, "source": [None] * 2,
    ...                           "language": [None] * 2})
    >>> frame = to_paragraphs(documents)
    >>> table = fingerprint_table(frame, pl.Series(["a", "b"]), n=3, threshold=0.8, min_tokens=10, short="keep")
    >>> rules = {"n": 3, "threshold": 0.8, "same_numbers": True, "document_share": None, "min_words": None}
    >>> (decisions,) = find_duplicates([table], **rules)
    >>> duplicate(frame, decisions).select("rule", "duplicate_of_document_id").rows()
    [(None, None), ('same tokens', 'a')]
    """
    decisions = without_protected(frame, decisions)
    rows = _rows_of(frame, decisions)
    return frame.with_columns(
        frame.get_column(name).scatter(rows, decisions.get_column(name))
        for name in (
            "reason",
            "rule",
            "detail",
            "duplicate_of_document_id",
            "duplicate_of_position",
            "jaccard",
        )
    )


def without_protected(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The decisions on rows of the frame that are not protected."""
    return decisions.filter(~frame.get_column("protected").gather(_rows_of(frame, decisions)))


def _rows_of(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.Series:
    """The rows of the frame that the decisions are about."""
    return frame.select(eligible()).to_series().arg_true().gather(decisions.get_column("row"))
