"""What stands below the article to the end of the page: comments, teasers with their summaries, footers."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.page_lines import unmentioned

#: So many times as much prose stands before the line with which the end of the page begins as after it,
PROSE_BEFORE: Final = 5
#: and so many words at the least.
WORDS_BEFORE: Final = 50
#: A longer paragraph after it is the article's, which goes on.
WORDS_AFTER: Final = 60


def page_ends(page: pl.DataFrame, openings: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the lines from that on with which the end of the page begins; "page end after phrase en:comments".

    `page` is what `page_lines` answers; `openings` are the lines with which the end of a page may begin: row, the rule
    of their phrase, `block` (Boolean), whether it is the heading of a block, and `longest_after`, the words of the
    longest paragraph that may stand after it. The first of a document counts with which the article has ended:

    - before it stand 50 words of prose at the least, and five times as many as after it;
    - after it no two paragraphs of prose stand together, as an article's do and the summaries of teasers do not, none
      is longer than `longest_after`, and none is the last line;
    - after the heading of a block stands not a single one, which could be the last of the article.

    A line stays that is no prose and that the prose of the document mentions: lists of an article, its subheads.
    """

    def of_document(expression: pl.Expr) -> pl.Expr:
        return expression.over("document")

    prose = pl.col("prose")
    prose_words = pl.when(prose).then("words").otherwise(0)
    after = (
        page.with_columns(
            of_document(prose_words.cum_sum()).alias("before"),
            of_document(prose_words.cum_sum(reverse=True)).alias("after"),
            of_document(prose_words.cum_max(reverse=True)).alias("longest"),
            of_document(prose.cum_sum(reverse=True)).alias("paragraphs"),
            of_document(prose.last()).alias("ends_in_prose"),
            (prose & of_document(prose.shift(-1)).fill_null(False)).alias("together"),
        )
        .with_columns(of_document(pl.col("together").cum_max(reverse=True)))
        .join(openings, on="row", how="left", maintain_order="left")
        .with_columns(
            (
                pl.col("rule").is_not_null()
                & (pl.col("before") >= WORDS_BEFORE)
                & (pl.col("before") >= PROSE_BEFORE * pl.col("after"))
                & (pl.col("longest") <= pl.col("longest_after"))
                & ~pl.col("together")
                & ~pl.col("ends_in_prose")
                & ((pl.col("paragraphs") != 1) | ~pl.col("block"))
            ).alias("opens")
        )
        .with_columns(of_document(pl.when("opens").then("rule").forward_fill()).alias("opened_by"))
        .with_columns(of_document(pl.col("opened_by").drop_nulls().first()).alias("opened_first"))
        .filter(pl.col("opened_by").is_not_null() & ~pl.col("quoted"))
    )
    rule = (
        pl.when("opens")
        .then("rule")
        .otherwise(pl.concat_str(pl.lit("page end after "), pl.col("opened_first")))
    )
    others = after.filter(~pl.col("prose") & ~pl.col("opens"))
    stays = others.join(unmentioned(others, page), on="row", how="anti").select("row")
    return (
        after.join(stays, on="row", how="anti", maintain_order="left")
        .filter("kept")
        .select("row", rule.alias("rule"))
    )
