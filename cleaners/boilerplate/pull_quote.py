"""Pull quotes: a sentence of the article that the page prints once more, large and in quotation marks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.boilerplate.prefilter import QUOTATION, may_be
from cleaners.kernels import I64, U8, U32, helper, kernel
from cleaners.text.prose import words_and_prose
from cleaners.text.utf8 import utf8

RULE: Final = "pull quote"

#: Lines that are quotations, in a document that may have pull quotes; each is compared with all lines.
MAX_QUOTATIONS: Final = 200
#: Words of a pull quote, at least and at most.
MIN_WORDS: Final = 6
MAX_WORDS: Final = 60
#: How many more words the paragraph has that it is taken from, at least.
MIN_EXTRA_WORDS: Final = 4

_QUOTE_EDGES: Final = '"“”„«»「」『』…., 。，\u00a0'
#: Bytes that are compared in one vectorised step.
_BLOCK: Final = 64


def pull_quotes(lines: pl.DataFrame, texts: tuple[U8, I64]) -> pl.DataFrame:
    """The quotations that repeat part of a longer paragraph of their document, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`, `texts` the `utf8` of all rows. A pull quote is a line
    in double quotation marks, below the first paragraph of prose. Its 6 to 60 words occur literally in a paragraph that
    has at least four words more. A quotation that occurs several times in its document is a refrain, and stays. So do
    the quotations of a document that has more than MAX_QUOTATIONS of them: it is a dialogue.
    """
    text, quote = pl.col("text"), pl.col("quote")
    quoted = (
        lines.filter(may_be(QUOTATION))
        .filter(pl.len().over("document") <= MAX_QUOTATIONS)
        .with_columns(text.str.strip_chars(_QUOTE_EDGES).alias("quote"))
    )
    documents = quoted.filter(_is_elsewhere(quoted, lines, texts)).get_column("document").unique()
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
        .join(paragraphs.select("document", "text", pl.col("words").alias("paragraph_words")), on="document")
        .filter(pl.col("paragraph_words") >= pl.col("words") + MIN_EXTRA_WORDS)
        .filter(text.str.contains(quote, literal=True))
        .select(pl.col("row").unique(maintain_order=True), pl.lit(RULE).alias("rule"))
        .sort("row")
    )


def _is_elsewhere(quoted: pl.DataFrame, lines: pl.DataFrame, texts: tuple[U8, I64]) -> pl.Series:
    """Whether each `quote` occurs in another, longer line of its document (Boolean)."""
    row, document = lines.get_column("row").to_numpy(), lines.get_column("document").to_numpy()
    first = np.flatnonzero(np.diff(document, prepend=-1))
    place = np.searchsorted(row[first], quoted.get_column("row").to_numpy(), "right") - 1
    last = np.append(first[1:], len(lines))[place] - 1
    quotes = utf8(quoted.get_column("quote"))
    found = _find_elsewhere(*texts, *quotes, quoted["row"].to_numpy(), row[first[place]], row[last])
    return pl.Series(found)


@kernel
def _find_elsewhere(
    data: U8, offsets: I64, quotes: U8, quote_offsets: I64, rows: U32, first_rows: U32, last_rows: U32
) -> Any:
    found = np.zeros(len(rows), np.bool_)
    for n in range(len(rows)):
        first, size = quote_offsets[n], quote_offsets[n + 1] - quote_offsets[n]
        for row in range(np.int64(first_rows[n]), np.int64(last_rows[n]) + 1):
            start, stop = offsets[row], offsets[row + 1]
            if row != rows[n] and stop - start > size and _contains(data, start, stop, quotes, first, size):
                found[n] = True
                break
    return found


@helper
def _contains(data: U8, start: int, stop: int, quotes: U8, first: int, size: int) -> bool:
    """Whether the text data[start:stop] contains the `size` bytes of `quotes` from `first` on."""
    if size == 0:
        return True
    begins, ends = quotes[first], quotes[first + size - 1]
    for block in range(start, stop - size + 1, _BLOCK):
        after = min(block + _BLOCK, stop - size + 1)
        may = False
        for at in range(block, after):  # no branch, so that the loop is vectorised
            may |= (data[np.uint64(at)] == begins) & (data[np.uint64(at + size - 1)] == ends)
        if may:
            for at in range(block, after):
                same = 0
                while same < size and data[at + same] == quotes[first + same]:
                    same += 1
                if same == size:
                    return True
    return False
