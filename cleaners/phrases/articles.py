"""What a phrase matches, or the page looks like, and what is the article's all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cleaners.text.prose import is_prose

#: So far from a paragraph above and below stand the questions and short answers of an interview.
NEAR: Final = 3  # lines
#: A headline may be printed with other marks at its ends, of so many bytes.
SLACK: Final = 8
_QUESTION: Final = r"[?？؟]\P{Alphabetic}{0,3}$"
_SHORT_ANSWER: Final = r"^[\p{L}\p{M}'’]+(?: [\p{L}\p{M}'’]+)?[.।]\P{Alphabetic}{0,3}$"
_MARKS_AT_ENDS: Final = r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$"


def with_articles_own(
    found: pl.DataFrame, frame: pl.DataFrame, lines: pl.DataFrame, also: Sequence[pl.Series]
) -> pl.DataFrame:
    """`found`, as `cleaners.phrases.search.find` answers, and a row of the action `keep` for each line that stays.

    `lines` are those of the frame that take part, as `lines_of` has them, `also` the rows of more that stay.
    """
    stays = pl.concat([_said(found, lines), _headlines(frame, lines), *also]).unique(maintain_order=True)
    if stays.is_empty():
        return found
    kept = pl.DataFrame([stays]).with_columns(
        pl.lit("keep").alias("action"), pl.lit(False).alias("bare"), pl.lit(False).alias("only_at_end")
    )
    return pl.concat([found, kept], how="diagonal")


def _said(found: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """The rows of questions, and of answers of a word or two, that phrases match whole amid paragraphs.

    No other phrase is found between the paragraph above and the one below: "What do you think?" is asked in
    interviews, and below articles.
    """
    text = pl.col("text")
    phrases = found.get_column("row").unique()
    said = (
        found.filter(pl.col("action").is_in(["line", "menu"]) & pl.col("bare"))
        .select(pl.col("row").unique())
        .join(lines.select("row", "document", "text"), on="row")
        .filter(text.str.contains(_QUESTION) | text.str.contains(_SHORT_ANSWER))
        .sort("row")
    )
    if said.is_empty():
        return said.get_column("row")
    near = lines.filter(pl.col("document").is_in(said.get_column("document").unique().implode()))
    prose = near.filter(is_prose(text) & ~pl.col("row").is_in(phrases.implode()))
    rows, documents = prose.get_column("row").to_numpy(), prose.get_column("document").to_numpy()
    if not len(rows):
        return said.get_column("row").clear()
    mine, of_mine = said.get_column("row").to_numpy(), said.get_column("document").to_numpy()
    others = np.setdiff1d(phrases.to_numpy(), mine)
    below = np.searchsorted(rows, mine)
    first, last = np.maximum(below - 1, 0), np.minimum(below, len(rows) - 1)
    amid = (below > 0) & (below < len(rows)) & (documents[first] == of_mine) & (documents[last] == of_mine)
    amid &= (mine - rows[first] <= NEAR) & (rows[last] - mine <= NEAR)
    amid &= np.searchsorted(others, rows[first]) == np.searchsorted(others, rows[last])
    return said.get_column("row").filter(pl.Series(amid))


def _headlines(frame: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """The rows of the first printing of a document's title; where it is printed again is another cleaner's matter."""
    text, title = pl.col("text"), pl.col("title")
    size = text.str.len_bytes().cast(pl.Int64) - title.str.len_bytes().cast(pl.Int64)
    alike = (
        frame.lazy()
        .with_row_index("row")
        .select("row", pl.col("document_id").rle_id().alias("document"), "text", "title")
        .filter(size.abs() <= SLACK)
        .collect()
        .filter(_bare(text) == _bare(title))
        .unique("document", keep="first", maintain_order=True)
    )
    return alike.join(lines.select("row"), on="row", how="semi", maintain_order="left").get_column("row")


def _bare(text: pl.Expr) -> pl.Expr:
    """A text without the marks at its ends, in lower case."""
    return text.str.replace_all(_MARKS_AT_ENDS, "").str.to_lowercase()
