"""Page heads: what stands on a page above the headline of its article, such as menus, forms and banners."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.page_lines import unmentioned
from cleaners.lexicon import Lexicon

RULE: Final = "page head"

#: Lines of menus above the headline, at least,
MIN_MENU_LINES: Final = 3
#: and the share of the document's prose above it, at most.
MAX_PROSE_SHARE: Final = 0.1
#: Longer lines are not entries, forms or banners.
MAX_LINE_WORDS: Final = 25
#: Shorter titles, counted in letters and digits, do not identify a headline.
MIN_TITLE_CHARACTERS: Final = 12

_SITE_NAME: Final = r"\s+[|–—·-]\s+[^|–—·-]{2,40}$"


def page_heads(
    page: pl.DataFrame, titles: pl.DataFrame, menus: pl.DataFrame, lexicon: Lexicon
) -> pl.DataFrame:
    """The lines above the headline of a page, as a table (row, rule).

    `page` is the table that `page_lines` returns, `titles` (document, title) has the title of each document, and
    `menus` (row) has the lines of menus. The headline is the first line that equals the title, with or without the name
    of the site. If three lines of menus or more stand above it, and next to no prose, the lines above it of at most 25
    words are removed. Labelled lines (by-lines, datelines, time stamps), quoted mail, and lines that the prose of the
    article mentions stay.
    """
    with_menus = (
        page.join(menus, on="row", how="semi")
        .group_by("document")
        .len()
        .filter(pl.col("len") >= MIN_MENU_LINES)
    )
    page = page.join(with_menus, on="document", how="semi", maintain_order="left")
    if page.is_empty():
        return page.select("row", pl.lit(RULE).alias("rule"))
    title, key = pl.col("title"), pl.col("key")
    keys = titles.drop_nulls("title").select(
        "document", _key(title).alias("title"), _key(title.str.replace(_SITE_NAME, "")).alias("without_site")
    )
    headlines = (
        page.filter(pl.col("text").str.len_bytes() >= MIN_TITLE_CHARACTERS)
        .join(keys, on="document", maintain_order="left")
        .with_columns(_key(pl.col("text")).alias("key"))
        .filter((key == title) | (key == pl.col("without_site")))
        .filter(key.str.len_chars() >= MIN_TITLE_CHARACTERS)
        .group_by("document")
        .agg(pl.col("row").min().alias("headline"))
    )
    above = page.join(headlines, on="document", maintain_order="left").filter(
        pl.col("row") < pl.col("headline")
    )
    all_prose = page.filter("prose").group_by("document").agg(pl.col("words").sum().alias("all_prose"))
    few = (
        above.join(
            menus.select("row", pl.lit(True).alias("menu")), on="row", how="left", maintain_order="left"
        )
        .join(all_prose, on="document")
        .group_by("document")
        .agg(
            pl.col("menu").fill_null(False).sum() >= MIN_MENU_LINES,
            pl.col("words").filter("prose").sum() <= MAX_PROSE_SHARE * pl.col("all_prose").first(),
        )
        .filter("menu", "words")
    )
    may_go = above.join(few, on="document", how="semi", maintain_order="left").filter(
        "kept", ~pl.col("quoted"), pl.col("words") <= MAX_LINE_WORDS
    )
    may_go = may_go.filter(label_lines(may_go.get_column("text"), lexicon).is_null())
    return unmentioned(may_go, page).select("row", pl.lit(RULE).alias("rule"))


def _key(text: pl.Expr) -> pl.Expr:
    """The letters and digits of a text, in lower case."""
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
