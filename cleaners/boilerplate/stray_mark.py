"""Marks that menus and tables leave on a line of their own: bars, bullets, arrows."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import MARK, may_be

RULE: Final = "mark without a word"

# asterisks, dots and three dashes or more part the sections of an article; a row of a table has dashes between its bars
_STRAY: Final = r"^(?:[|\s]*(?:[+−-][|\s]+)*[+−-]?[|\s]*|[|\s]*(?:[→←↑↓↗»«›‹•▪■►▶◄▼▲☰✕✖×]+[|\s]*)+|_{10,})$"


def stray_marks(lines: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the lines that hold bars, bullets, arrows or a dash, and nothing else."""
    text = pl.col("text")
    return (
        lines.filter(may_be(MARK)).filter(text.str.contains(_STRAY)).select("row", pl.lit(RULE).alias("rule"))
    )
