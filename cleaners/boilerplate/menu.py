"""Menus of the page: runs of short lines with entries such as "Home", "About us", "Careers"."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.page_lines import unmentioned

RULE: Final = "menu of the page"

#: A menu has so many different entries that phrases know.
ENTRIES: Final = 3
#: so many of them of a kind that sites have and articles do not,
OF_SITE: Final = 2
#: A longer line is no entry.
WORDS: Final = 8
#: Above the end of the article an entry that no phrase knows is not longer, unless a bullet stands before it: it could
#: be the headline, between a menu and a share bar.
WORDS_OF_UNKNOWN: Final = 3

_BULLET: Final = r"^[*+•·▪■◦›»-]\s"


def menus(page: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the lines of menus.

    `page` is what `page_lines` answers, `entries` are the lines that a phrase knows to be entries: row, and `site`
    (Boolean), whether it is of a kind that sites have and articles do not ("Contact us", not "Health").

    A menu is the part between the first and the last entry in a run of lines next to each other that are short, no
    prose and no quoted mail, if it has three different entries, two of them of the site's. A line in it stays that the
    article's prose mentions; and before the end of the article a by-line, a dateline, and one of four words or more
    without a bullet.
    """
    text = pl.col("text")
    short = page.filter((pl.col("words") <= WORDS) & ~pl.col("prose") & ~pl.col("quoted"))
    end = page.filter("prose").group_by("document").agg(pl.col("row").max().alias("end"))
    menu = (
        short.with_columns((pl.col("row").cast(pl.Int64) - pl.int_range(pl.len())).alias("run"))
        .join(entries, on="row", how="left", maintain_order="left")
        .join(end, on="document", how="left", maintain_order="left")
        .with_columns(
            pl.col("site").is_not_null().alias("entry"),
            text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "").alias("key"),
        )
    )
    entry = pl.col("entry")

    def of_run(expression: pl.Expr) -> pl.Expr:
        return expression.over("document", "run")

    menu = menu.filter(
        (of_run(pl.when(entry).then("key").drop_nulls().n_unique()) >= ENTRIES)
        & (of_run(pl.when(entry & pl.col("site")).then("key").drop_nulls().n_unique()) >= OF_SITE)
        & pl.col("row").is_between(
            of_run(pl.when(entry).then("row").min()), of_run(pl.when(entry).then("row").max())
        )
    ).filter("kept")
    below = (menu["row"] > menu["end"]).fill_null(False)
    menu = menu.filter(below | label_lines(menu["text"]).is_null()).filter(
        entry
        | (pl.col("words") <= WORDS_OF_UNKNOWN)
        | text.str.contains(_BULLET)
        | (pl.col("row") > pl.col("end")).fill_null(False)
    )
    return unmentioned(menu, page).select("row", pl.lit(RULE).alias("rule"))
