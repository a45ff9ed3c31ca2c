"""Menus of the page: runs of short lines with entries such as "Home", "About us", "Careers"."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.page_lines import unmentioned
from cleaners.lexicon import Lexicon

RULE: Final = "menu"

#: A menu has at least this many different entries that phrases know,
MIN_ENTRIES: Final = 3
#: and at least this many of them are of a kind that sites have and articles do not.
MIN_SITE_ENTRIES: Final = 2
#: Longer lines are not entries of a menu.
MAX_ENTRY_WORDS: Final = 8
#: The limit for lines above the end of the article that no phrase knows and that have no bullet: a longer one could be
#: the headline, between a menu and a share bar.
MAX_UNKNOWN_ENTRY_WORDS: Final = 3

_BULLET: Final = r"^[*+•·▪■◦›»-]\s"


def menus(page: pl.DataFrame, entries: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The lines of menus, as a table (row, rule).

    `page` is the table that `page_lines` returns. `entries` are the lines that a phrase knows to be entries: `row`, and
    `site` (Boolean), true for a kind that sites have and articles do not ("Contact us", not "Health").

    A run is a series of adjacent lines that are short, not prose and not quoted mail. A menu is the part of a run from
    its first entry to its last, if it has three different entries, two of them with `site`. Some lines within a menu
    stay: those that the prose of the article mentions and, above the end of the article, by-lines, datelines, and
    unknown lines of four words or more without a bullet.
    """
    text = pl.col("text")
    short = page.filter((pl.col("words") <= MAX_ENTRY_WORDS) & ~pl.col("prose") & ~pl.col("quoted"))
    end = page.filter("prose").group_by("document").agg(pl.col("row").max().alias("end"))
    entry, of_site = pl.col("site").is_not_null(), pl.col("key").filter("site")
    menu = (
        short.with_columns((pl.col("row").cast(pl.Int64) - pl.int_range(pl.len())).alias("run"))
        .join(entries, on="row", how="left", maintain_order="left")
        .join(end, on="document", how="left", maintain_order="left")
    )
    runs = (
        menu.filter(entry)
        .with_columns(text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "").alias("key"))
        .group_by("document", "run")
        .agg(
            (pl.col("key").n_unique() >= MIN_ENTRIES) & (of_site.n_unique() >= MIN_SITE_ENTRIES),
            pl.col("row").min().alias("first"),
            pl.col("row").max().alias("last"),
        )
        .filter("key")
    )
    menu = menu.join(runs, on=["document", "run"], maintain_order="left").filter(
        "kept", pl.col("row").is_between("first", "last")
    )
    below = (menu["row"] > menu["end"]).fill_null(False)
    menu = menu.filter(below | label_lines(menu["text"], lexicon).is_null()).filter(
        entry
        | (pl.col("words") <= MAX_UNKNOWN_ENTRY_WORDS)
        | text.str.contains(_BULLET)
        | (pl.col("row") > pl.col("end")).fill_null(False)
    )
    return unmentioned(menu, page).select("row", pl.lit(RULE).alias("rule"))
