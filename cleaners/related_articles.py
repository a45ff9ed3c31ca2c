"""Headings such as "Related Articles", and the block of teasers after them.

A phrase with the action `teaser` removes its line, a label and a teaser ("Read more: Five things we learned"). One with
the action `block` is a heading: it removes its line and the teasers that follow, for as long as the lines are headlines
and not the article going on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.paragraphs import remove
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import lines_of, search
from cleaners.text.prose import is_quoted, words_and_prose

#: Where the article goes on after the teasers, a shorter line is not taken for one of them.
TEASER_WORDS: Final = 4
#: The last of several lines before the article goes on is taken for its subhead, unless it has this many words.
SUBHEAD_WORDS: Final = 6

_ENUMERATED: Final = r"^[0-9]{1,3}[.)]\s|[:：]$"
_POST: Final = r"\(@\w+\)|pic\.twitter\.com/|\bt\.co/"
_SENTENCE_END: Final = r"[.?!。？！؟۔।][\"'”’»)\]」』]*$|[”\"」』]$"


def related_articles(
    frame: pl.DataFrame, *, phrases: Sequence[Phrase], found: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The frame with the reason `related_articles` on headings, on the teasers after them, and on labelled teasers.

    The rule of a heading, or of a label with its teaser on the same line, is its phrase, as "phrase en:read-more"; the
    rule of a teaser is "headline after phrase en:read-more". A label that begins a sentence of prose ("Read more: it
    will do you good.") is none, nor is a phrase of `where = "end"` if prose follows it or none comes before it.

    Teasers are the lines after a heading up to, and without, the first line that

    - reads like prose (`cleaners.phrases.is_prose`), is kept by a phrase, or is quoted mail;
    - is numbered as an item ("2. Salt"), or introduces something by a colon at its end;
    - is a post of a social network (a handle in brackets, a short link);
    - where prose of the article follows later: has under 4 words, ends as a sentence, question or quotation does, or
      has under 6 words and comes, as the last of several lines, right before prose, as a subhead does.

    The lines after headings stay if they hold more words than the prose of the document: then it is a list. Lines that
    a phrase of the action `line` matches neither end the teasers nor count among them.

    `found` is what `cleaners.phrases.search.search` answers for the frame and the phrases, where that is known already;
    lines may have been removed since.
    """
    found = search(frame, phrases) if found is None else found
    headings = _headings(found)
    if headings.is_empty():
        return frame
    lines = lines_of(frame)
    documents = lines.join(headings, on="row", how="semi").get_column("document").unique()
    lines = lines.filter(pl.col("document").is_in(documents.implode())).join(
        headings, on="row", how="left", maintain_order="left"
    )
    removed = _removed(
        lines.with_columns(
            *(
                pl.col("row").is_in(found.filter(action=action).get_column("row").implode()).alias(action)
                for action in ("keep", "line")
            )
        )
    )
    rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
        removed.get_column("row"), removed.get_column("removed_by")
    )
    return remove(frame, rule.is_not_null(), "related_articles", rule)


def _headings(found: pl.DataFrame) -> pl.DataFrame:
    """The lines that a phrase holds to be a heading or a label: row, heading (its rule), bare, opens, only_at_end.

    `opens` is true of the heading of a block: teasers follow it.
    """
    kept = found.filter(action="keep")
    return (
        found.filter(pl.col("action").is_in(["block", "teaser"]))
        .join(kept, on="row", how="anti")
        # of several phrases a heading says more than a label, and one that holds everywhere more than a careful one
        .sort("row", pl.col("action") == "teaser", "only_at_end", ~pl.col("bare"), maintain_order=True)
        .unique("row", keep="first", maintain_order=True)
        .select(
            "row",
            pl.col("rule").alias("heading"),
            "bare",
            (pl.col("action") == "block").alias("opens"),
            "only_at_end",
        )
    )


def _removed(lines: pl.DataFrame) -> pl.DataFrame:
    """(row, removed_by) of the lines that go; `lines` are whole documents with what the phrases say of each line."""

    def of_document(expression: pl.Expr) -> pl.Expr:
        return expression.over("document")

    marked = (
        lines.with_columns(words_and_prose(pl.col("text")).struct.unnest())
        .with_columns(
            (pl.col("heading").is_not_null() & (pl.col("bare") | ~pl.col("prose"))).alias("candidate")
        )
        .with_columns((pl.col("prose") & ~pl.col("candidate") & ~pl.col("line")).alias("prose"))
        .with_columns(
            of_document(pl.col("prose").cum_max(reverse=True)).alias("prose_after"),
            of_document(pl.col("prose").cum_max()).alias("prose_before"),
        )
        .with_columns(
            (
                pl.col("candidate")
                & (~pl.col("only_at_end") | (pl.col("prose_before") & ~pl.col("prose_after")))
            ).alias("heads")
        )
        .with_columns(
            (
                pl.col("prose")
                | pl.col("keep")
                | is_quoted(pl.col("text"))
                | pl.col("text").str.contains(_ENUMERATED)
                | pl.col("text").str.contains(_POST)
                | (
                    pl.col("prose_after")
                    & ((pl.col("words") < TEASER_WORDS) | pl.col("text").str.contains(_SENTENCE_END))
                    & ~pl.col("line")
                )
            ).alias("ends")
        )
        .with_columns(
            of_document(pl.when(pl.col("heads") & pl.col("opens")).then("row").forward_fill()).alias(
                "opened_by"
            ),
            of_document(pl.when(pl.col("ends") & ~pl.col("heads")).then("row").forward_fill()).alias("end"),
        )
        .with_columns(
            (
                pl.col("opened_by").is_not_null()
                & (pl.col("end").is_null() | (pl.col("opened_by") > pl.col("end")))
                & ~pl.col("heads")
                & ~pl.col("line")
            ).alias("follows")
        )
        .with_columns(
            (
                pl.col("follows")
                & of_document(pl.col("follows").shift(1)).fill_null(False)
                & of_document(pl.col("prose").shift(-1)).fill_null(False)
                & (pl.col("words") < SUBHEAD_WORDS)
            ).alias("subhead")
        )
        .with_columns(
            (
                pl.col("follows")
                & ~pl.col("subhead")
                & (
                    of_document(pl.when("follows").then("words").sum())
                    <= of_document(pl.when("prose").then("words").sum())
                )
            ).alias("follows")
        )
    )
    heading_of_block = marked.select(pl.col("row").alias("opened_by"), pl.col("heading").alias("after"))
    return (
        marked.filter(pl.col("heads") | pl.col("follows"))
        .join(heading_of_block, on="opened_by", how="left", maintain_order="left")
        .select(
            "row",
            pl.when("heads")
            .then("heading")
            .otherwise(pl.concat_str(pl.lit("headline after "), pl.col("after")))
            .alias("removed_by"),
        )
    )
