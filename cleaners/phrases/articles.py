"""Lines that belong to the article although a phrase matches them: parts of interviews, and the headline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cleaners.text.prose import is_prose

#: Questions and short answers in an interview have a paragraph at most this far above and below.
MAX_DISTANCE: Final = 3  # lines
#: The title and the headline may differ in the marks at their ends, by this many bytes.
MAX_MARK_BYTES: Final = 8
_QUESTION: Final = r"[?？؟]\P{Alphabetic}{0,3}$"
_SHORT_ANSWER: Final = r"^[\p{L}\p{M}'’]+(?: [\p{L}\p{M}'’]+)?[.।]\P{Alphabetic}{0,3}$"
_MARKS_AT_ENDS: Final = r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$"


def keep_article_lines(
    found: pl.DataFrame, frame: pl.DataFrame, lines: pl.DataFrame, also: Sequence[pl.Series]
) -> pl.DataFrame:
    """`found` (from `cleaners.phrases.search.find`) plus a row with the action `keep` for each line that stays.

    `lines` are the lines of the frame that take part, the result of `lines_of`. `also` has row numbers (UInt32) of
    further lines that stay.
    """
    stays = pl.concat([_interview_lines(found, lines), _headlines(frame, lines), *also]).unique(
        maintain_order=True
    )
    if stays.is_empty():
        return found
    kept = pl.DataFrame([stays]).with_columns(
        pl.lit("keep").alias("action"), pl.lit(False).alias("bare"), pl.lit(False).alias("only_at_end")
    )
    return pl.concat([found, kept], how="diagonal")


def _interview_lines(found: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """The rows of questions and of one- or two-word answers that stand between paragraphs, although a phrase matches.

    The phrase is the whole line, and no other phrase is found between the paragraph above and the one below. The latter
    matters because "What do you think?" is asked in interviews, but also below articles.
    """
    text = pl.col("text")
    phrases = found.get_column("row").unique()
    matched = (
        found.filter(pl.col("action").is_in(["line", "menu"]) & pl.col("bare"))
        .select(pl.col("row").unique())
        .join(lines.select("row", "document", "text"), on="row")
        .filter(text.str.contains(_QUESTION) | text.str.contains(_SHORT_ANSWER))
        .sort("row")
    )
    if matched.is_empty():
        return matched.get_column("row")
    near = lines.filter(pl.col("document").is_in(matched.get_column("document").unique().implode()))
    prose = near.filter(is_prose(text) & ~pl.col("row").is_in(phrases.implode()))
    rows, documents = prose.get_column("row").to_numpy(), prose.get_column("document").to_numpy()
    if not len(rows):
        return matched.get_column("row").clear()
    mine, of_mine = matched.get_column("row").to_numpy(), matched.get_column("document").to_numpy()
    others = np.setdiff1d(phrases.to_numpy(), mine)
    below = np.searchsorted(rows, mine)
    first, last = np.maximum(below - 1, 0), np.minimum(below, len(rows) - 1)
    amid = (below > 0) & (below < len(rows)) & (documents[first] == of_mine) & (documents[last] == of_mine)
    amid &= (mine - rows[first] <= MAX_DISTANCE) & (rows[last] - mine <= MAX_DISTANCE)
    amid &= np.searchsorted(others, rows[first]) == np.searchsorted(others, rows[last])
    return matched.get_column("row").filter(pl.Series(amid))


def _headlines(frame: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """The rows where a document's title is first printed; `repeated_headline` deals with later ones."""
    text, title = pl.col("text"), pl.col("title")
    size = text.str.len_bytes().cast(pl.Int64) - title.str.len_bytes().cast(pl.Int64)
    alike = (
        frame.lazy()
        .with_row_index("row")
        .select("row", "document", "text", "title")
        .filter(size.abs() <= MAX_MARK_BYTES)
        .collect()
        .filter(_bare(text) == _bare(title))
        .unique("document", keep="first", maintain_order=True)
    )
    return alike.join(lines.select("row"), on="row", how="semi", maintain_order="left").get_column("row")


def _bare(text: pl.Expr) -> pl.Expr:
    """The text in lower case, without the marks at its ends."""
    return text.str.replace_all(_MARKS_AT_ENDS, "").str.to_lowercase()
