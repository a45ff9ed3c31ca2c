"""Stray marks: bars, bullets and arrows that menus and tables leave on a line of their own."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import STRAY_MARK, may_be

RULE: Final = "mark without a word"

# not asterisks, dots, or three dashes: they separate sections; nor dashes between bars: they are a row of a table
_STRAY: Final = r"^(?:[|\s]*(?:[+−-][|\s]+)*[+−-]?[|\s]*|[|\s]*(?:[→←↑↓↗»«›‹•▪■►▶◄▼▲☰✕✖×]+[|\s]*)+|_{10,})$"


def stray_marks(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that hold only bars, bullets, arrows or a dash, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`.
    """
    text = pl.col("text")
    return (
        lines.filter(may_be(STRAY_MARK))
        .filter(text.str.contains(_STRAY))
        .select("row", pl.lit(RULE).alias("rule"))
    )
