"""What stands on a page above the headline of its article: menus, forms, banners."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.page_lines import unmentioned

RULE: Final = "page head: above the headline"

#: So many lines of menus stand above the headline,
MENU_LINES: Final = 3
#: and prose of at most this share of the document's.
PROSE_SHARE: Final = 0.1
#: A longer line is no entry, form or banner; a shorter title is no headline, by its letters and figures.
WORDS: Final = 25
TITLE_CHARACTERS: Final = 12

_SITE_NAME: Final = r"\s+[|–—·-]\s+[^|–—·-]{2,40}$"


def page_heads(page: pl.DataFrame, titles: pl.DataFrame, menus: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the lines above the headline of a page.

    `page` is what `page_lines` answers, `titles` has the documents' title (document, title), `menus` what `page_menu`
    found. The headline is the first line that is the title, with the site's name or without. Where three lines of menus
    or more stand above it and next to no prose, all goes that is not longer than 25 words, but for by-lines and
    datelines, and lines that the article's prose mentions.
    """
    with_menus = (
        page.join(menus, on="row", how="semi").group_by("document").len().filter(pl.col("len") >= MENU_LINES)
    )
    page = page.join(with_menus, on="document", how="semi", maintain_order="left")
    if page.is_empty():
        return page.select("row", pl.lit(RULE).alias("rule"))
    key, title = _key(pl.col("text")), pl.col("title")
    headlines = (
        page.join(titles.drop_nulls("title"), on="document", maintain_order="left")
        .filter((key == _key(title)) | (key == _key(title.str.replace(_SITE_NAME, ""))))
        .filter(key.str.len_chars() >= TITLE_CHARACTERS)
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
            pl.col("menu").fill_null(False).sum() >= MENU_LINES,
            pl.col("words").filter("prose").sum() <= PROSE_SHARE * pl.col("all_prose").first(),
        )
        .filter("menu", "words")
    )
    may_go = above.join(few, on="document", how="semi", maintain_order="left").filter(
        "kept", ~pl.col("quoted"), pl.col("words") <= WORDS
    )
    may_go = may_go.filter(label_lines(may_go.get_column("text")).is_null())
    return unmentioned(may_go, page).select("row", pl.lit(RULE).alias("rule"))


def _key(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
