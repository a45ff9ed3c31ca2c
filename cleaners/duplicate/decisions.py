"""Decisions on near-duplicates as rows of a frame: the reason, the rule and the detail that a reader sees."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.duplicate import keep_rule
from cleaners.duplicate.fingerprints import Measure

#: How a rule ends whose witness is in a reference; `detail` then ends with its uri: see `uri_in_reference`.
IN_REFERENCE: Final = " in a reference"

#: The columns of a frame of decisions.
DECISIONS: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt32(),  # of the paragraph in its table of fingerprints
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "reason": pl.String(),  # duplicate, duplicate_document or too_short; null for a lead, which stays
    "rule": pl.String(),
    "detail": pl.String(),
    "duplicate_of_document_id": pl.String(),
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
}


def with_reasons(removed: pl.DataFrame, min_words: int, measure: Measure) -> pl.DataFrame:
    """The removed rows with reason, rule, detail and Jaccard."""
    kind = pl.col("kind")
    shingles = pl.format("{} of {} shingles", "common", "union")
    if measure == "containment":
        shingles = pl.format("{} of its {} shingles", "common", "size")
    return removed.with_columns(
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("duplicate_document"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too_short"))
        .when(kind == keep_rule.DUPLICATE)
        .then(pl.lit("duplicate"))
        .alias("reason"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("printed before"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too few words left"))
        .when(kind == keep_rule.DUPLICATE)
        .then(
            pl.concat_str(
                pl.when("same").then(pl.lit("same tokens")).otherwise(pl.lit("near-duplicate")),
                pl.when(pl.col("reference").is_not_null()).then(pl.lit(IN_REFERENCE)),
                ignore_nulls=True,
            )
        )
        .alias("rule"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.format("{} % of the document was printed before", "share"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.format("{} words left, {} wanted", "left", pl.lit(min_words)))
        .otherwise(
            pl.concat_str(
                pl.when(~pl.col("same")).then(pl.format("{}; {}", shingles, "differs")),
                pl.format("in {}", "reference"),
                separator="; ",
                ignore_nulls=True,
            )
        )
        .replace("", None)
        .alias("detail"),
        (pl.col("common") / pl.col("union")).alias("jaccard"),
    )


def of_whole_documents(rows: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The `DECISIONS` on rows that are removed with their documents.

    `rows` has columns row, document_id, position, kind (DUPLICATE_DOCUMENT or TOO_SHORT), share (percent of the
    document's tokens with a witness in an earlier one) and left (its tokens without a witness).
    """
    no_witness = {
        **{name: dtype for name, dtype in DECISIONS.items() if name.startswith("duplicate_of")},
        **dict.fromkeys(("common", "union", "size"), pl.Int64()),
        **dict.fromkeys(("differs", "reference"), pl.String()),
        "same": pl.Boolean(),
    }
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in no_witness.items()]
    with_all = with_reasons(rows.with_columns(nothing), min_words, "jaccard")
    return with_all.select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())


def uri_in_reference(rule: str | None, detail: str | None) -> str | None:
    """The uri of the document with the witness, if that is in a reference.

    >>> uri_in_reference("near-duplicate in a reference", "31 of 37 shingles; in /data/benchmark.jsonl#12")
    '/data/benchmark.jsonl#12'
    """
    if not (rule or "").endswith(IN_REFERENCE):
        return None
    return f"; {detail}".partition("; in ")[2]
