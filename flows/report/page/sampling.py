"""Which removals are shown: of each reason the borderline ones, and some of each rule.

How far a removal was from being none is its margin: the Jaccard similarity above the threshold, the score of a line
above that of the strictness, documents with a repeated line above their minimum. Removals by a rule that has no number
have no margin; among them long paragraphs come first, because a long paragraph is seldom boilerplate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from flows.report.page.reading import RunTables

#: Rows of `removed` that are looked at; of more, those of whole parts, spread evenly over the run.
MOST_ROWS_LOOKED_AT: Final = 500_000
#: Parts (shards) that are looked at, because the documents of each of them are read.
MOST_PARTS: Final = 8
#: A margin below this is called borderline.
BORDERLINE: Final = 0.1

COLUMNS: Final = (
    *("document_id", "position", "source", "reason", "rule", "detail", "jaccard"),
    *("duplicate_of_document_id", "duplicate_of_position"),
)


def sample(run: RunTables, settings: Mapping[str, Any], most: int) -> pl.DataFrame:
    """At most `most` removals of the run, with `COLUMNS`, margin (null without one) and part: the path of their file.

    Each reason has the same share of them, as far as it has that many. They come in the order in which they are worth
    looking at: those of all reasons by turns, for each reason the borderline ones and a mixture of its rules by turns.
    The same text comes again only where there are no others.
    """
    rows = (
        run.scan("removed", parts_to_look_at(run))
        .select(
            *COLUMNS,
            pl.col("text").str.len_chars().alias("length"),
            pl.col("text").hash().alias("same"),
            margin(settings).alias("margin"),
        )
        .collect()
    )
    if rows.is_empty():
        return rows.with_columns(pl.lit(0).alias("turn"))
    # a document's id is a hash, so this order is random, and the same for the same documents
    rows = rows.sort("document_id", "position").with_columns(
        pl.int_range(pl.len()).over("reason", "same").alias("copy")
    )
    doubt = rows.sort(
        *("reason", "copy", pl.col("margin").fill_null(math.inf), "length", "document_id", "position"),
        descending=[False, False, False, True, False, False],
    ).with_columns(pl.int_range(pl.len()).over("reason").alias("doubtful"))
    mixed = (
        doubt.sort("copy", "document_id", "position")
        .with_columns(pl.int_range(pl.len()).over("reason", "rule").alias("of_rule"))
        .sort("of_rule", "rule", maintain_order=True)
        .with_columns(pl.int_range(pl.len()).over("reason").alias("mixed"))
    )
    turn = pl.min_horizontal(pl.col("doubtful") * 2, pl.col("mixed") * 2 + 1)
    return (
        mixed.with_columns(turn.alias("turn"))
        .sort("turn", "reason")
        .head(most)
        .drop("of_rule", "mixed", "doubtful", "same", "copy")
    )


def parts_to_look_at(run: RunTables) -> Sequence[Any]:
    """Parts of `removed`, spread evenly over the run, with no more rows than `MOST_ROWS_LOOKED_AT`."""
    parts = run.parts("removed")
    sizes = [int(pl.scan_parquet(part, glob=False).select(pl.len()).collect().item()) for part in parts]
    step = max(1, -(-len(parts) // MOST_PARTS), -(-sum(sizes) // MOST_ROWS_LOOKED_AT))
    return parts[::step]


def margin(settings: Mapping[str, Any]) -> pl.Expr:
    """How far a removal was from being none, from 0 on; null where its rule has no number."""
    duplicate, repeated = settings["duplicate"], settings["repeated_line"]
    detail, reason, rule = pl.col("detail"), pl.col("reason"), pl.col("rule")
    number = detail.str.extract(r"^(\d+(?:\.\d+)?)", 1).cast(pl.Float64, strict=False)
    documents = (
        detail.str.extract(r"^in ([\d,]+) of", 1).str.replace_all(",", "").cast(pl.Float64, strict=False)
    )
    share = detail.str.extract(r"\((\d+(?:\.\d+)?) ?%\)", 1).cast(pl.Float64, strict=False) / 100
    # a line whose score is too low for an article is one of a whole page
    article, page = (
        round(least_score(settings["boilerplate"]["strictness"], kind), 2) for kind in ("article", "page")
    )
    # twice the documents that are needed is a margin of 1
    repeats = pl.min_horizontal(
        documents / max(repeated["min_documents"], 1) - 1, share / max(repeated["min_share"], 1e-9) - 1
    )
    return (
        pl.when(rule == "near-duplicate")
        .then(pl.col("jaccard").cast(pl.Float64) - duplicate["threshold"])
        .when(rule == "line score")
        .then(number - pl.when(number >= article).then(article).otherwise(page))
        .when(reason == "repeated_line")
        .then(repeats)
        .when(reason == "duplicate_document")
        .then(number / 100 - settings["duplicate_document"]["document_share"])
        .otherwise(None)
        .clip(lower_bound=0)
    )


def least_score(strictness: float, kind: str) -> float:
    """The lowest score for which the line classifier removes a line, in an "article" or in a dump of a whole "page".

    It asks for more amid the prose of an article, and in languages that it has not learnt from. At strictness 0 the
    score is 1, which no line has.
    """
    from flows.settings.bundled import line_classifier_model

    return 1 / (1 + math.exp(-line_classifier_model().threshold_at(strictness, kind)))
