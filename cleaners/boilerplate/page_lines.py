"""Lines of whole pages, with what tells the page's boilerplate from the article that stands among it.

Extractors hand over more than the article now and then, up to the whole page: menus above it, forms and lists of links
below. A line of such boilerplate is short, as subheads and lists of the article are; what the article itself speaks of
is taken for the article's.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.text.prose import is_quoted, words_and_prose

_NOT_WORD: Final = r"[^\p{L}\p{M}\p{N}]+"
#: Rules of the phrases, whose lines count as no prose once they are removed.
_PHRASE: Final = "phrase "


def page_lines(frame: pl.DataFrame, found: pl.DataFrame, documents: pl.Series) -> pl.DataFrame:
    """The lines of these documents, removed ones included: row, document, text, kept, words, prose, quoted.

    `documents` are numbers of documents in the frame's order. `kept` tells the lines without a reason, `prose` those
    that read like the article's: no phrase is found in them, and no phrase has removed them. What other rules have
    removed counts as it did before, so that removing once more removes the same.
    """
    text = pl.col("text")
    return (
        frame.lazy()
        .with_row_index("row")
        .select("row", pl.col("document_id").rle_id().alias("document"), "text", "reason", "rule")
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
    """Those of the lines (with document and text) whose words the prose of their document does not hold in a row."""
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
