"""Share bars: names of share services and the buttons beside them, such as "Facebook Twitter Print"."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import BUTTONS, may_be
from cleaners.text.matching import matches

RULE: Final = "share bar"

_SERVICES: Final = (
    r"facebook|twitter|x\.com|linked ?in|whats ?app|pinterest|reddit|tumblr|telegram|google ?\+|google plus|flipboard"
    r"|stumbleupon|instapaper|pocket|evernote|viber|skype|xing|instagram|youtube|tiktok|snapchat|threads|bluesky"
    r"|mastodon|facebook messenger|messenger|fb messenger|vkontakte|vk|odnoklassniki|livejournal|weibo|wechat|digg"
    r"|delicious|myspace|buffer|hacker news|rss"
)
#: Buttons that share bars have beside the services. A bar has at least one service.
_BUTTONS: Final = (
    r"share|shares|tweet|pin|pin it|like|post|email|e-mail|mail|print|copy link|link|sms|text|save|comments?|more"
    r"|submit|drucken|teilen|mailen|imprimer|partager|courriel|imprimir|compartir|enviar|correo|compartilhar|stampa"
    r"|condividi|delen|поделиться|печать|分享|列印|打印|微信|微博|シェア|ツイート|مشاركة|طباعة|فيسبوك|تويتر|واتساب"
)
# no comma or semicolon: these separate the items of a list in an article
_BETWEEN: Final = r"[\s|·•*/&+:…\-–—()\d]"
SHARE_BAR: Final = (
    rf"(?i)^{_BETWEEN}*(?:(?:{_SERVICES}|{_BUTTONS})(?:{_BETWEEN}+|$))*"
    rf"(?:{_SERVICES})(?:{_BETWEEN}+(?:{_SERVICES}|{_BUTTONS}))*{_BETWEEN}*$"
)
_BUTTON_LINE: Final = rf"(?i)^{_BETWEEN}*(?:{_SERVICES}|{_BUTTONS}){_BETWEEN}*$"
_SERVICE_LINE: Final = rf"(?i)^{_BETWEEN}*(?:{_SERVICES}){_BETWEEN}*$"


def button_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that hold only services and buttons: row, document, single, service.

    `lines` are `lines_of` the frame with their `possible_kinds`. `single` is true for a line with one service or
    button, `service` for a line with one service.
    """
    short = lines.filter(may_be(BUTTONS))
    found = short.filter(matches(short.get_column("text"), f"{SHARE_BAR}|{_BUTTON_LINE}"))
    return found.select(
        "row",
        "document",
        matches(found.get_column("text"), _BUTTON_LINE).alias("single"),
        matches(found.get_column("text"), _SERVICE_LINE).alias("service"),
    )


def share_bars(buttons: pl.DataFrame) -> pl.DataFrame:
    """The `button_lines` that are a share bar or part of one, as a table (row, rule).

    Part of a share bar is a single service or button in a run of at least two, one of which is a service.
    """
    single = (
        buttons.filter("single")
        # lines next to each other in a document have the same difference
        .with_columns((pl.col("row").cast(pl.Int64) - pl.int_range(pl.len())).alias("run"))
        .filter((pl.len().over("document", "run") >= 2) & pl.col("service").any().over("document", "run"))
    )
    return pl.concat([buttons.filter(~pl.col("single")).select("row"), single.select("row")]).select(
        "row", pl.lit(RULE).alias("rule")
    )
