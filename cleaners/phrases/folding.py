"""Folding: lines and phrases brought to one spelling, so that plain comparison works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from cleaners.text.white_space import WHITE_SPACE

# lines and phrases may use either spelling; Turkish i loses or gains its dot between the cases
_SPELLINGS: Final = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "–": "-",
    "—": "-",
    "i\u0307": "i",
    "ı": "i",
    "\u200b": "",
    "\u200e": "",
    "\u200f": "",
    "\ufeff": "",
}
_ODD_SPACES: Final = ("  ", *WHITE_SPACE.replace(" ", ""))
_SPACED_PUNCTUATION: Final = {" :": ":", " !": "!", " ?": "?"}


def fold(text: pl.Series) -> pl.Series:
    """The lines in one spelling: lower case, single spaces, no punctuation at the start, `#` for numbers.

    >>> fold(pl.Series(["  “Read  MORE” – 12,500 stories !"])).to_list()
    ['read more" - # stories!']
    """
    return fold_lower(lower(text))


def fold_lower(lowered: pl.Series) -> pl.Series:
    """The same as `fold`, for lines that went through `lower` already."""
    folded = _where(
        lowered,
        _not_ascii(lowered),
        lambda few: few.str.normalize("NFKC").str.to_lowercase().str.replace_many(_SPELLINGS),
    )
    odd_space = folded.str.contains_any(pl.Series(_ODD_SPACES).implode())
    folded = _where(folded, odd_space, lambda few: few.str.replace_all(f"[{WHITE_SPACE}]+", " "))
    return (
        folded.str.replace(r"^[^\p{L}\p{M}\p{N}#]+", "")
        .str.replace_many(_SPACED_PUNCTUATION)
        .str.replace_all(r"[0-9]+(?:[.,][0-9]+)*", "#")
    )


def lower(text: pl.Series) -> pl.Series:
    """The lines in lower case, with one spelling of quotes, dashes and dotted letters."""
    lowered = text.str.to_lowercase()
    return _where(lowered, _not_ascii(lowered), lambda few: few.str.replace_many(_SPELLINGS))


def _not_ascii(text: pl.Series) -> pl.Series:
    return text.str.len_bytes() != text.str.len_chars()


def _where(text: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, with `change` applied on the rows of `where` only: it is slow, and most texts are plain."""
    rows = where.fill_null(False).arg_true()
    return text.clone().scatter(rows, change(text.gather(rows))) if len(rows) else text


def strip_end(text: pl.Expr) -> pl.Expr:
    """The folded lines without the punctuation at their end."""
    return text.str.replace(r"[^\p{L}\p{M}\p{N}#]+$", "")
