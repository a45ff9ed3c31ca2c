"""Page ends: what stands below the article to the end of the page, such as comments, teasers and footers."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.page_lines import unmentioned

RULE: Final = "page end"

#: Prose before the opening of a page end, as a multiple of the prose after it, at least,
MIN_PROSE_RATIO: Final = 5
#: and in words, at least.
MIN_PROSE_WORDS_BEFORE: Final = 50
#: Words of the longest paragraph after it, at most: with a longer one the article goes on.
MAX_PARAGRAPH_AFTER: Final = 60


def page_ends(page: pl.DataFrame, openings: pl.DataFrame) -> pl.DataFrame:
    """The lines from the opening of a page end on, as a table (row, rule, detail).

    `page` is the table that `page_lines` returns. `openings` are the lines with which a page end may begin: `row`, the
    `rule` of their phrase, `block` (Boolean), true for the heading of a block, and `longest_after`, the maximum number
    of words in a paragraph after it. An opening counts only if the article has ended there:

    - before it stand at least 50 words of prose, and at least five times as many as after it;
    - after it no two paragraphs of prose are adjacent, as those of an article are and the summaries of teasers are not;
      none is longer than `longest_after`, and none is the last line;
    - after the heading of a block there is not exactly one paragraph of prose, which could be the last of the article.

    The page end begins at the first such opening of a document. An opening that counts has the rule of its phrase; any
    other line has `RULE`, and the first opening as its detail ("after phrase en:comments"). Lines that are not prose
    stay if the prose of the document mentions them: they may be lists or subheads of the article.
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
                & (pl.col("before") >= MIN_PROSE_WORDS_BEFORE)
                & (pl.col("before") >= MIN_PROSE_RATIO * pl.col("after"))
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
    rule = pl.when("opens").then("rule").otherwise(pl.lit(RULE))
    detail = pl.when(~pl.col("opens")).then(pl.concat_str(pl.lit("after "), pl.col("opened_first")))
    others = after.filter(~pl.col("prose") & ~pl.col("opens"))
    stays = others.join(unmentioned(others, page), on="row", how="anti").select("row")
    return (
        after.join(stays, on="row", how="anti", maintain_order="left")
        .filter("kept")
        .select("row", rule.alias("rule"), detail.alias("detail"))
    )
