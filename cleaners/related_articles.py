"""Removal of headings such as "Related Articles" and the block of teasers after them.

A phrase with the action `teaser` removes its line, which is a label and a teaser ("Read more: Five things we learned").
A phrase with the action `block` is a heading. It removes its line and the teasers that follow, up to the line where the
article continues.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.paragraphs import remove_rows
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import lines_of, search
from cleaners.text.prose import is_quoted, words_and_prose

#: Where the article continues after the teasers, a line of fewer words is no teaser.
TEASER_WORDS: Final = 4
#: The last of several lines before the article continues is its subhead if it has fewer words than this.
SUBHEAD_WORDS: Final = 6

_ENUMERATED: Final = r"^[0-9]{1,3}[.)]\s|[:：]$"
_POST: Final = r"\(@\w+\)|pic\.twitter\.com/|\bt\.co/"
_SENTENCE_END: Final = r"[.?!。？！؟۔।][\"'”’»)\]」』]*$|[”\"」』]$"


def related_articles(
    frame: pl.DataFrame, *, phrases: Sequence[Phrase], found: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The frame with related-article headings, the teasers after them, and labelled teasers removed.

    The rule of a heading, or of a label with its teaser on the same line, is its phrase, as in "phrase en:read-more".
    The rule of a teaser is "teaser", and its detail is "after phrase en:read-more". A label that begins a sentence of
    prose ("Read more: it will do you good.") does not count. Nor does a phrase of `where = "end"` if prose follows it
    or no prose precedes it.

    Teasers are the lines after a heading, up to but not including the first line that

    - is prose (`cleaners.text.prose.is_prose`), is kept by a phrase, or is quoted mail or a table row;
    - is numbered as an item ("2. Salt"), or ends in a colon;
    - is a post of a social network (a handle in brackets, a short link);
    - has fewer than 4 words, or ends as a sentence, question or quotation does. This applies only where prose of the
      article follows later.

    A line of fewer than 6 words is a subhead and stays if it is the last of several and prose follows it directly.

    The lines after headings and the labels with a teaser stay if together they have more words than the prose of the
    document: without them, more would be gone than is left. The document is then a list of headlines.
    Lines that a phrase of the action `line` matches neither end the teasers nor count as teasers.

    `found` is the result of `cleaners.phrases.search.search` for the frame and the phrases, if it is known already.
    Lines may have been removed since.

    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "The ferry sails again on Monday.\\nRelated Articles\\nFive ferries to see this year"
    >>> documents = pl.DataFrame({"text": [text], "title": ["Ferry sails"],
    ...                           "source": ["gazette"], "language": ["en"]})
    >>> phrase = Phrase("en", "related-articles", ("Related Articles",), action="block")
    >>> related_articles(to_paragraphs(documents), phrases=[phrase])["rule"].to_list()
    [None, 'phrase en:related-articles', 'teaser']
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
    return remove_rows(frame, removed, "related_articles")


def _headings(found: pl.DataFrame) -> pl.DataFrame:
    """The lines that a phrase marks as a heading or a label: row, heading (its rule), bare, opens, only_at_end.

    `opens` is true for the heading of a block, which teasers follow.
    """
    kept = found.filter(action="keep")
    return (
        found.filter(pl.col("action").is_in(["block", "teaser"]))
        .join(kept, on="row", how="anti")
        # where several phrases match, a heading takes precedence over a label, and an unrestricted phrase over others
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
    """(row, rule, detail) of the lines to remove; `lines` are whole documents, joined with their phrase matches."""

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
            (pl.col("follows") & ~pl.col("subhead")).alias("follows"),
            # a label, and the heading of a block, have a headline only if there is more on the line
            (pl.col("heads") & ~pl.col("bare")).alias("labels"),
        )
        .with_columns(
            (
                of_document(pl.when(pl.col("follows") | pl.col("labels")).then("words").sum())
                > of_document(pl.when("prose").then("words").sum())
            ).alias("is_list")
        )
        .with_columns(
            (pl.col("heads") & ~(pl.col("is_list") & pl.col("labels"))).alias("heads"),
            (pl.col("follows") & ~pl.col("is_list")).alias("follows"),
        )
    )
    heading_of_block = marked.select(pl.col("row").alias("opened_by"), pl.col("heading").alias("after"))
    return (
        marked.filter(pl.col("heads") | pl.col("follows"))
        .join(heading_of_block, on="opened_by", how="left", maintain_order="left")
        .select(
            "row",
            pl.when("heads").then("heading").otherwise(pl.lit("teaser")).alias("rule"),
            pl.when(~pl.col("heads")).then(pl.concat_str(pl.lit("after "), pl.col("after"))).alias("detail"),
        )
    )
