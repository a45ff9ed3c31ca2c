"""Pull quotes: a sentence of the article that the page prints once more, large and in quotation marks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.furniture.first_look import QUOTATION, may_be
from cleaners.texts.prose import words_and_prose
from cleaners.texts.tokens import I64, U8, U32, kernel
from cleaners.texts.utf8 import utf8

RULE: Final = "pull quote: repeats a sentence of the article"

#: Words of a pull quote,
MIN_WORDS: Final = 6
MAX_WORDS: Final = 60
#: and how many more the paragraph has from which it is taken.
MORE_WORDS: Final = 4

# single quotation marks stand around subheads, too
_QUOTED: Final = r"""^[“"„«「『].*[”"“»」』][.,。，]?$"""
_MARKS: Final = '"“”„«»「」『』…., 。，\u00a0'
#: So many bytes are compared at once.
_BLOCK: Final = 64


def pull_quotes(lines: pl.DataFrame, texts: tuple[U8, I64]) -> pl.DataFrame:
    """(row, rule) of the quotations whose words stand in another, longer paragraph of their document.

    `lines` are lines with their `first_look`, `texts` their `utf8`. A pull quote is a line in double quotation marks
    below the first paragraph of prose, of 6 to 60 words that stand in the same order, spelled alike, in a paragraph
    that has four words more. What is quoted several times over is a refrain, and stays.
    """
    text, quote = pl.col("text"), pl.col("quote")
    quoted = (
        lines.with_row_index("line")
        .filter(may_be(QUOTATION))
        .filter(text.str.contains(_QUOTED))
        .with_columns(text.str.strip_chars(_MARKS).alias("quote"))
    )
    documents = quoted.filter(_stands_elsewhere(quoted, lines, texts)).get_column("document").unique()
    quoted = (
        quoted.filter(pl.col("document").is_in(documents.implode()))
        .with_columns(words_and_prose(text).struct.field("words"))
        .filter(pl.col("words").is_between(MIN_WORDS, MAX_WORDS))
        .filter(pl.len().over("document", "quote") == 1)
    )
    paragraphs = lines.filter(pl.col("document").is_in(documents.implode())).with_columns(
        words_and_prose(text).struct.unnest()
    )
    first = paragraphs.filter("prose").group_by("document").agg(pl.col("row").min().alias("first"))
    return (
        quoted.join(first, on="document")
        .filter(pl.col("row") > pl.col("first"))
        .select("row", "document", "quote", "words")
        .join(paragraphs.select("document", "text", pl.col("words").alias("more")), on="document")
        .filter(pl.col("more") >= pl.col("words") + MORE_WORDS)
        .filter(text.str.contains(quote, literal=True))
        .select(pl.col("row").unique(maintain_order=True), pl.lit(RULE).alias("rule"))
        .sort("row")
    )


def _stands_elsewhere(quoted: pl.DataFrame, lines: pl.DataFrame, texts: tuple[U8, I64]) -> pl.Series:
    """Whether each `quote` stands in another, longer line of its document."""
    document = lines.get_column("document").to_numpy()
    begins = np.flatnonzero(np.diff(document, prepend=-1))
    line = quoted.get_column("line").to_numpy()
    place = np.searchsorted(begins, line, "right")
    ends = np.append(begins[1:], len(lines))
    found = _look_elsewhere(
        *texts, *utf8(quoted.get_column("quote")), line, begins[place - 1], ends[place - 1]
    )
    return pl.Series(found)


@kernel
def _look_elsewhere(
    data: U8, offsets: I64, quotes: U8, quote_offsets: I64, lines: U32, begins: I64, ends: I64
) -> Any:
    found = np.zeros(len(lines), np.bool_)
    for n in range(len(lines)):
        first, size = quote_offsets[n], quote_offsets[n + 1] - quote_offsets[n]
        for line in range(begins[n], ends[n]):
            longer = offsets[line + 1] - offsets[line] > size
            if (
                longer
                and line != lines[n]
                and _holds(data, offsets[line], offsets[line + 1], quotes, first, size)
            ):
                found[n] = True
                break
    return found


@kernel
def _holds(data: U8, start: int, stop: int, quotes: U8, first: int, size: int) -> bool:
    """Whether a text holds another."""
    if size == 0:
        return True
    begins, ends = quotes[first], quotes[first + size - 1]
    for block in range(start, stop - size + 1, _BLOCK):
        after = min(block + _BLOCK, stop - size + 1)
        may = False
        for at in range(block, after):  # without a branch, many bytes are compared at once
            may |= (data[np.uint64(at)] == begins) & (data[np.uint64(at + size - 1)] == ends)
        if may:
            for at in range(block, after):
                same = 0
                while same < size and data[at + same] == quotes[first + same]:
                    same += 1
                if same == size:
                    return True
    return False
