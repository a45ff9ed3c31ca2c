"""Furniture lines: share bars, newsletter pleas, cookie and copyright lines, advertisement labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.paragraphs import remove
from cleaners.phrase_search import lines_of, search
from cleaners.phrases import Phrase
from cleaners.prose import is_prose

_SERVICES: Final = (
    r"facebook|twitter|x\.com|linked ?in|whats ?app|pinterest|reddit|tumblr|telegram|google ?\+|google plus|flipboard"
    r"|stumbleupon|instapaper|pocket|evernote|viber|skype|xing|instagram|youtube|tiktok|snapchat|threads|bluesky"
    r"|mastodon|facebook messenger|messenger|fb messenger|vkontakte|vk|odnoklassniki|livejournal|weibo|wechat|digg"
    r"|delicious|myspace|buffer|hacker news|rss"
)
#: What else share bars print beside the services; a bar has at least one service.
_BUTTONS: Final = (
    r"share|shares|tweet|pin|pin it|like|post|email|e-mail|mail|print|copy link|link|sms|text|save|comments?|more"
    r"|submit|drucken|teilen|mailen|imprimer|partager|courriel|imprimir|compartir|enviar|correo|compartilhar|stampa"
    r"|condividi|delen|поделиться|печать|分享|列印|打印|微信|微博|シェア|ツイート|مشاركة|طباعة|فيسبوك|تويتر|واتساب"
)
# without comma and semicolon: those part the items of an article's list
_BETWEEN: Final = r"[\s|·•/&+:…\-–—()\d]"
SHARE_BAR: Final = (
    rf"(?i)^{_BETWEEN}*(?:(?:{_SERVICES}|{_BUTTONS})(?:{_BETWEEN}+|$))*"
    rf"(?:{_SERVICES})(?:{_BETWEEN}+(?:{_SERVICES}|{_BUTTONS}))*{_BETWEEN}*$"
)
_BUTTON_LINE: Final = rf"(?i)^{_BETWEEN}*(?:{_SERVICES}|{_BUTTONS}){_BETWEEN}*$"
_SERVICE_LINE: Final = rf"(?i)^{_BETWEEN}*(?:{_SERVICES}){_BETWEEN}*$"
_MAX_BAR: Final = 160  # bytes


def boilerplate(
    frame: pl.DataFrame, *, phrases: Sequence[Phrase], found: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The frame with the reason `boilerplate` on the lines that belong to the page and not to the article.

    Rules, in this order:

    - "phrase en:newsletter" and the like: a phrase of the action `line` matches the line, and none of the action
      `keep` does; a phrase of `where = "end"` counts only where no prose follows in the document and some came before;
    - "share bar": the line holds only names of share services and what is printed beside them ("Share", "Print"),
      two or more, or it holds one and stands in a run of two or more such lines.

    `found` is what `cleaners.phrase_search.search` answers for the frame and the phrases, where that is known already;
    lines may have been removed since.
    """
    lines = lines_of(frame)
    found = search(frame, phrases) if found is None else found
    kept = found.filter(action="keep")
    by_phrase = _not_in_mid_article(found.filter(action="line"), lines).select("row", "rule")
    struck = (
        pl.concat([by_phrase, _share_bars(lines)])
        .join(kept, on="row", how="anti", maintain_order="left")
        .unique("row", keep="first", maintain_order=True)
    )
    if struck.is_empty():
        return frame
    rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
        struck.get_column("row"), struck.get_column("rule")
    )
    return remove(frame, rule.is_not_null(), "boilerplate", rule)


def _not_in_mid_article(found: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What was found, less the phrases that count only at the end of the article where prose follows."""
    careful = found.filter("only_at_end")
    if careful.is_empty():
        return found
    documents = lines.join(careful, on="row", how="semi").get_column("document").unique()
    at_end = (
        lines.filter(pl.col("document").is_in(documents.implode()))
        .with_columns(
            (is_prose(pl.col("text")) & ~pl.col("row").is_in(found.get_column("row").implode())).alias(
                "prose"
            )
        )
        .filter(
            ~pl.col("prose").cum_max(reverse=True).over("document")
            & pl.col("prose").cum_max().over("document")
        )
    )
    return found.filter(~pl.col("only_at_end") | pl.col("row").is_in(at_end.get_column("row").implode()))


def _share_bars(lines: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the lines of share bars."""
    text = pl.col("text")
    short = lines.filter(text.str.len_bytes() <= _MAX_BAR).filter(
        text.str.contains(f"{SHARE_BAR}|{_BUTTON_LINE}")
    )
    if short.is_empty():
        return short.select("row", pl.lit("share bar").alias("rule"))
    is_single = short.get_column("text").str.contains(_BUTTON_LINE)
    single = (
        short.filter(is_single)
        .with_columns(
            text.str.contains(_SERVICE_LINE).alias("service"),
            # lines next to each other in a document have the same difference
            (pl.col("row").cast(pl.Int64) - pl.int_range(pl.len())).alias("run"),
        )
        .filter((pl.len().over("document", "run") >= 2) & pl.col("service").any().over("document", "run"))
    )
    return pl.concat([short.filter(~is_single).select("row"), single.select("row")]).select(
        "row", pl.lit("share bar").alias("rule")
    )
