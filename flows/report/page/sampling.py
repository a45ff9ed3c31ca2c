"""Which removals are shown: of each reason the borderline ones, and some of each rule.

How far a removal was from being none is its margin: the Jaccard similarity above the threshold, the score of a line
above that of the strictness, documents with a repeated line above their minimum. Removals by a rule that has no number
have no margin; among them long paragraphs come first, because a long paragraph is seldom boilerplate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from flows.dataset.tables import count_rows
from flows.report.page.reading import RunTables

#: Rows of `removed` and `labelled` that are looked at; of more, those of whole parts, spread evenly over the run.
MOST_ROWS_LOOKED_AT: Final = 200_000
#: Parts (shards) that are looked at, because the documents of each of them are read.
MOST_PARTS: Final = 8
#: As often the same text is shown for the same reason.
MOST_COPIES: Final = 3
#: A margin below this is called borderline.
BORDERLINE: Final = 0.1

COLUMNS: Final = (
    *("document_id", "position", "source", "reason", "rule", "detail", "jaccard"),
    *("duplicate_of_document_id", "duplicate_of_position"),
)


def sample(run: RunTables, settings: Mapping[str, Any], most: int) -> pl.DataFrame:
    """At most `most` removals of the run: `COLUMNS`, margin (null without one), and turn, by which they are in order.

    Labelled paragraphs are among them. Each reason has the same share of them, as far as it has that many. They come in
    the order in which they are worth looking at: those of all reasons by turns, for each reason the borderline ones and
    a mixture of its rules by turns. The same text comes again only after all others.
    """
    rows = (
        run.found(parts_to_look_at(run))
        .select(
            *COLUMNS,
            pl.col("text").str.len_chars().alias("length"),
            (pl.col("text").hash() ^ pl.col("reason").hash()).alias("same"),
        )
        .collect()
    )
    if rows.is_empty():
        nothing = {"margin": pl.Float64(), "turn": pl.Int64()}
        return rows.select(COLUMNS).with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in nothing.items()
        )
    # a document's id is a hash, so this order is random, and the same for the same documents
    rows = rows.sort("document_id", "position").with_columns(
        pl.int_range(pl.len()).over("same").alias("copy")
    )
    rows = with_margins(rows.filter(pl.col("copy") < MOST_COPIES), settings).with_row_index("row")
    # hashes are compared faster than texts
    reason = pl.col("reason").hash()
    turns = (
        rows.select(
            "row", "margin", "length", "copy", reason, reason.xor(pl.col("rule").hash()).alias("rule")
        )
        .sort(
            "copy",
            pl.col("margin").fill_null(math.inf),
            "length",
            "row",
            descending=[False, False, True, False],
        )
        .with_columns(pl.int_range(pl.len()).over("reason").alias("doubtful"))
        .sort("copy", "row")
        .with_columns(pl.int_range(pl.len()).over("rule").alias("of_rule"))
        .sort("of_rule", "row")
        .with_columns(pl.int_range(pl.len()).over("reason").alias("mixed"))
        .select("row", pl.min_horizontal(2 * pl.col("doubtful"), 2 * pl.col("mixed") + 1).alias("turn"))
        .sort("turn", "row")
        .head(most)
    )
    return rows.join(turns, on="row", maintain_order="right").select(*COLUMNS, "margin", "turn")


def parts_to_look_at(run: RunTables) -> Sequence[str]:
    """Names of parts, spread evenly over the run, with no more rows than `MOST_ROWS_LOOKED_AT` in both tables."""
    parts = [part.name for part in run.parts("removed")]
    sizes = [count_rows(part) for table in ("removed", "labelled") for part in run.parts(table)]
    step = max(1, -(-len(parts) // MOST_PARTS), -(-sum(sizes) // MOST_ROWS_LOOKED_AT))
    return parts[::step]


def with_margins(rows: pl.DataFrame, settings: Mapping[str, Any]) -> pl.DataFrame:
    """The rows, in order, with how far each was from being none, `margin`: from 0 on, null where no number says it."""
    margins = pl.repeat(None, len(rows), dtype=pl.Float64, eager=True)
    for condition, margin in _margins(settings):
        those = rows.select(condition).to_series().arg_true()
        if len(those):
            found = rows[those].select(margin.clip(lower_bound=0).cast(pl.Float64)).to_series()
            margins = margins.scatter(those, found)
    return rows.with_columns(margins.alias("margin"))


def _margins(settings: Mapping[str, Any]) -> Iterator[tuple[pl.Expr, pl.Expr]]:
    """(which rows, their margin) for each rule that has a number in its detail."""
    detail = pl.col("detail")
    number = detail.str.extract(r"^(\d+(?:\.\d+)?)", 1).cast(pl.Float64, strict=False)
    yield (
        pl.col("rule").str.starts_with("near-duplicate"),
        pl.col("jaccard").cast(pl.Float64) - settings["duplicate"]["threshold"],
    )
    # a line whose score is too low for the one is of the other
    strictness = settings["boilerplate"]["strictness"]
    low, high = sorted(round(least_score(strictness, kind), 2) for kind in ("article", "page"))
    yield pl.col("rule") == "line score", number - pl.when(number >= high).then(high).otherwise(low)
    # twice the documents that are needed is a margin of 1
    repeated = settings["repeated_line"]
    documents = (
        detail.str.extract(r"^in ([\d,]+) of", 1).str.replace_all(",", "").cast(pl.Float64, strict=False)
    )
    share = detail.str.extract(r"\((\d+(?:\.\d+)?) ?%\)", 1).cast(pl.Float64, strict=False) / 100
    times = pl.min_horizontal(documents / repeated["min_documents"], share / max(repeated["min_share"], 1e-9))
    yield pl.col("reason") == "repeated_line", times - 1
    yield (
        pl.col("reason") == "duplicate_document",
        number / 100 - settings["duplicate_document"]["document_share"],
    )


def least_score(strictness: float, kind: str) -> float:
    """The lowest score for which the line classifier removes a line, in an "article" or in a dump of a whole "page".

    It asks for more amid the prose of an article, and in languages that it has not learnt from. At strictness 0 the
    score is 1, which no line has.
    """
    from flows.settings.bundled import line_classifier_model

    return 1 / (1 + math.exp(-line_classifier_model().threshold_at(strictness, kind)))
