"""Lines of whole pages, with the attributes that separate the boilerplate of a page from its article.

Extractors sometimes return more than the article, up to the whole page: menus above it, forms and lists of links below
it. Lines of such boilerplate are short, but so are the subheads and lists of an article. A line that the prose of the
article mentions is therefore taken to be part of the article.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.text.prose import is_quoted, words_and_prose

_NOT_WORD: Final = r"[^\p{L}\p{M}\p{N}]+"
#: What the rules of phrases begin with: the lines that they removed do not count as prose.
_PHRASE: Final = "phrase "


def page_lines(frame: pl.DataFrame, found: pl.DataFrame, documents: pl.Series) -> pl.DataFrame:
    """The lines of some documents, removed ones included: row, document, text, kept, words, prose, quoted.

    `documents` are the numbers of the documents, in the order of the frame. `kept` is true for lines without a reason.
    `prose` is true for lines that read like prose, match no phrase, and were not removed by a phrase. Lines that other
    rules removed keep their value, so that a second pass removes the same lines.
    """
    text = pl.col("text")
    return (
        frame.lazy()
        .with_row_index("row")
        .select("row", "document", "text", "reason", "rule")
        .filter(pl.col("document").is_in(documents.implode()) & (text != ""))
        .with_columns(words_and_prose(text).struct.unnest(), is_quoted(text).alias("quoted"))
        .with_columns(
            pl.col("reason").is_null().alias("kept"),
            pl.col("prose")
            & ~pl.col("row").is_in(found.get_column("row").implode())
            & (pl.col("reason").is_null() | ~pl.col("rule").str.starts_with(_PHRASE)),
        )
        .drop("reason", "rule")
        .collect()
    )


def unmentioned(lines: pl.DataFrame, page: pl.DataFrame) -> pl.DataFrame:
    """The `lines` (document, text, ...) whose words do not occur, in this order, in the prose of their document."""
    spelled = pl.concat_str(
        pl.lit(" "),
        pl.col("text").str.to_lowercase().str.replace_all(_NOT_WORD, " ").str.strip_chars(" "),
        pl.lit(" "),
    )
    documents = lines.get_column("document").unique()
    prose = (
        page.filter(pl.col("prose") & pl.col("document").is_in(documents.implode()))
        .group_by("document")
        .agg(spelled.str.join("").alias("said"))
    )
    return (
        lines.join(prose, on="document", how="left", maintain_order="left")
        .filter(~pl.col("said").str.contains(spelled, literal=True).fill_null(False))
        .drop("said")
    )
