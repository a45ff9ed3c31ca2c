"""Share bars: names of share services and the buttons beside them, such as "Facebook Twitter Print"."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import polars as pl

from cleaners.boilerplate.prefilter import BUTTONS, may_be
from cleaners.lexicon import Lexicon, any_of
from cleaners.text.matching import matches

RULE: Final = "share bar"

# no comma or semicolon: these separate the items of a list in an article
_BETWEEN: Final = r"[\s|·•*/&+:…\-–—()\d]"


class Patterns(NamedTuple):
    """The regular expressions of lines with services and buttons. A bar has at least one service."""

    bar: str
    button: str
    service: str


@functools.cache
def patterns(lexicon: Lexicon) -> Patterns:
    """The patterns for the words of a lexicon."""
    service, button = any_of(lexicon.share_services), any_of(lexicon.share_services + lexicon.share_buttons)
    between = _BETWEEN
    return Patterns(
        bar=rf"(?i)^{between}*(?:{button}(?:{between}+|$))*{service}(?:{between}+{button})*{between}*$",
        button=rf"(?i)^{between}*{button}{between}*$",
        service=rf"(?i)^{between}*{service}{between}*$",
    )


def button_lines(lines: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The lines that hold only services and buttons: row, document, single, service.

    `lines` are `lines_of` the frame with their `possible_kinds`. `single` is true for a line with one service or
    button, `service` for a line with one service.
    """
    bar, button, service = patterns(lexicon)
    short = lines.filter(may_be(BUTTONS))
    found = short.filter(matches(short.get_column("text"), f"{bar}|{button}"))
    return found.select(
        "row",
        "document",
        matches(found.get_column("text"), button).alias("single"),
        matches(found.get_column("text"), service).alias("service"),
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
