"""Lines that one source repeats across its documents: "Sign up for our newsletter", the site's own motto.

`line_counts` counts what a source repeats, over all runs of a dataset. This module classifies the lines by their counts
and shape, then revises by context. It removes three kinds of lines:

- a line that many documents with different bodies print, about once each;
- a line above or below the article of which only the template repeats ("Updated 3 hours ago");
- a line that most documents print and that is too weak a case by itself (a word of a menu), if it stands next to other
  lines that are removed.

What a source may repeat for good reasons stays: quotations, questions, short sentences within its articles, labels,
by-lines, names, figures, the headline.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import begins_like_by_line, label_lines
from cleaners.lexicon import Lexicon, any_of
from cleaners.paragraphs import remove_rows
from cleaners.repeated_line.article_lines import (
    HEADING,
    LABEL_AND_FIGURES,
    NAMES,
    PLACE,
    QUESTION_OR_LABEL,
    QUOTED,
    SHORT_LINE,
    belongs_to_the_article,
)
from cleaners.repeated_line.count_tables import enough_bodies
from cleaners.repeated_line.line_counts import LONG_PARAGRAPH
from cleaners.repeated_line.line_keys import SENTENCE_KEY, TEMPLATE_KEY
from cleaners.text.folding import line_hashes
from cleaners.text.prose import words_and_prose

REASON: Final = "repeated_line"
RULE: Final = "repeated in its source"

#: Boilerplate stands about once in a document. A line that is more frequent is a speaker's name or a divider.
MAX_LINES_PER_DOCUMENT: Final = 1.5
#: Lines of more words must be in twice as many documents: later versions of an article repeat its sentences.
LONG_LINE: Final = 20
#: Lines of more words than this must be in a large share of the documents: papers repeat background paragraphs.
PARAGRAPH: Final = 60
#: In a source of few documents, this many are enough if they are at least this share of all.
FEW_DOCUMENTS: Final = 3
MOST_DOCUMENTS: Final = 0.5
#: From this share of documents on, a line may be removed because of its context alone.
LARGE_SHARE: Final = 0.3
#: A sentence of up to this many words within the article may be the article's own: "The company declined to comment."
SHORT_SENTENCE: Final = 12
#: Above and below the article, `min_share` is divided by this, but at least EDGE_DOCUMENTS documents are needed.
EDGE_SHARE_DIVISOR: Final = 5
EDGE_DOCUMENTS: Final = 8
#: A line stands at the edge if at least this share of its occurrences is above or below the article.
AT_EDGE: Final = 0.9
#: A template needs this many documents and this share of its source, or LARGE_SHARE; and at most TEMPLATE_WORDS words.
TEMPLATE_DOCUMENTS: Final = 10
TEMPLATE_SHARE: Final = 0.03
TEMPLATE_WORDS: Final = 12
#: A line of up to this many words may be a heading, and is no boilerplate by itself within an article.
FEW_WORDS: Final = 4
#: Lines that were removed for these reasons count as context: their neighbours may be boilerplate, too.
BOILERPLATE_REASONS: Final = ("related_articles", "boilerplate")
#: Consecutive lines that confirm one another by context.
MIN_RUN: Final = 3
#: What a line is judged by, beside its counts.
_JUDGED: Final = ("text", "source", "line", "template")
#: A line belongs to one story if its dates span less than STORY_DAYS while those of its source span SOURCE_DAYS.
STORY_DAYS, SOURCE_DAYS = 7, 60


def least_documents(min_documents: int) -> int:
    """The least number of documents of a line that is ever removed; a table may omit rarer lines."""
    return min(min_documents, FEW_DOCUMENTS)


def frequent_lines(table: pl.DataFrame, *, min_documents: int = 5, min_share: float = 0.01) -> pl.DataFrame:
    """The rows of a merged table whose lines their source repeats, with evidence for and against boilerplate.

    They have these columns beside those of `count_tables.COUNTS`:

    - of: the number of documents of the source;
    - share: the share of those that hold the line;
    - edge: the share of its occurrences above or below the article;
    - once: whether it occurs about once in each document that holds it.

    Each line is in at least `min_documents` documents and a share of `min_share` of its source; or in FEW_DOCUMENTS and
    a share of MOST_DOCUMENTS; or, at the edge, in EDGE_DOCUMENTS and a smaller share. It has about as many distinct
    bodies as documents, at least one for every MAX_DOCUMENTS_PER_BODY. Lines of one story (STORY_DAYS) are left out.
    """
    totals = table.filter(pl.col("line").is_null()).select(
        "source", pl.col("documents").alias("of"), (pl.col("last") - pl.col("first")).alias("_days")
    )
    documents, share = pl.col("documents"), pl.col("documents") / pl.col("of")
    dated = pl.col("last") >= pl.col("first")
    story = dated & (pl.col("last") - pl.col("first") < STORY_DAYS) & (pl.col("_days") >= SOURCE_DAYS)
    return (
        table.filter(pl.col("line").is_not_null() & (documents >= least_documents(min_documents)))
        .join(totals, on="source", how="inner")
        .with_columns(
            share.alias("share"),
            ((pl.col("head") + pl.col("tail")) / pl.col("lines")).alias("edge"),
            (pl.col("lines") <= MAX_LINES_PER_DOCUMENT * documents).alias("once"),
        )
        .filter(enough_bodies(min_documents) & ~story)
        .with_columns(
            (
                ((documents >= min_documents) & (pl.col("share") >= min_share))
                | (pl.col("share") >= MOST_DOCUMENTS)
                | (
                    (documents >= EDGE_DOCUMENTS)
                    & (pl.col("share") >= min_share / EDGE_SHARE_DIVISOR)
                    & (pl.col("edge") >= AT_EDGE)
                )
            ).alias("often")
        )
        .filter(pl.col("often"))
        .drop("_days", "often")
        .sort("source", "line")
    )


def repeated_line(
    frame: pl.DataFrame,
    table: pl.DataFrame,
    *,
    keys: pl.DataFrame,
    lexicon: Lexicon,
    min_documents: int = 5,
    min_share: float = 0.01,
    min_words: int = 3,
) -> pl.DataFrame:
    """The frame with the lines removed that the merged `table` shows their source to repeat (see `frequent_lines`).

    `keys` are the `line_keys.line_keys` of the frame. `table` may omit lines in fewer than `least_documents` documents,
    but not the rows with a null `line`.

    Lines of fewer than `min_words` words stay (in a script without spaces, two characters count as a word). So do
    headings within the article and lines that `belongs_to_the_article`. The exception is a line that is in a share of
    LARGE_SHARE and has the right context: a run of MIN_RUN such lines, or a neighbour that is removed.

    The detail has the count and the share, as in "in 37 of 412 documents (9 %) of evening-post.example".

    >>> from cleaners.paragraphs import to_paragraphs
    >>> from cleaners.repeated_line.count_tables import merge_counts
    >>> from cleaners.repeated_line.line_counts import count_source_lines
    >>> from cleaners.repeated_line.line_keys import line_keys
    >>> texts = [f"Report {n} of the harbour office.\\nThe paper that the harbour reads" for n in range(5)]
    >>> documents = pl.DataFrame({"text": texts, "title": [None] * 5,
    ...                           "source": ["gazette"] * 5, "language": [None] * 5})
    >>> frame, lexicon = to_paragraphs(documents), Lexicon()
    >>> keys = line_keys(frame, lexicon=lexicon)
    >>> counts = merge_counts([count_source_lines(frame, keys=keys)])
    >>> repeated_line(frame, counts, keys=keys, lexicon=lexicon)["detail"].to_list()[:2]
    [None, 'in 5 of 5 documents (100 %) of gazette']
    """
    lines = frequent_lines(table, min_documents=min_documents, min_share=min_share)
    if lines.is_empty():
        return frame
    candidates = _candidates(frame, lines, keys)
    if candidates.is_empty():
        return frame
    # a repeated line is judged once, wherever it stands
    lines_judged = candidates.drop("row", "title", "position").unique([*_JUDGED], maintain_order=True)
    judged = _classify(
        _described(lines_judged, lexicon),
        min_documents=min_documents,
        min_share=min_share,
        min_words=min_words,
    )
    classified = _without_headlines(
        candidates.select("row", "title", *_JUDGED)
        .join(judged, on=_JUDGED, how="inner", maintain_order="left")
        # if both the line and the template of a row qualify, it has the stronger of them
        .sort("row", "alone", "documents", descending=[False, True, True], maintain_order=True)
        .unique("row", keep="first", maintain_order=True)
    )
    removed = _revise_by_context(frame, classified)
    return remove_rows(frame, removed.select("row", *_rule_and_detail()), REASON)


def _rule_and_detail() -> tuple[pl.Expr, pl.Expr]:
    percent = (100 * pl.col("share")).round(mode="half_away_from_zero").cast(pl.Int64)
    share = pl.when(percent == 0).then(pl.lit("under 1")).otherwise(percent.cast(pl.String))
    figures = pl.when("template").then(pl.lit(", its figures aside")).otherwise(pl.lit(""))
    return (
        pl.lit(RULE).alias("rule"),
        pl.format("in {} of {} documents ({} %) of {}{}", "documents", "of", share, "source", figures).alias(
            "detail"
        ),
    )


def _candidates(frame: pl.DataFrame, lines: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows of the frame whose line or template is in `lines`, joined with the counts there; one row for each."""
    repeated = keys.filter(
        (pl.col("kind") != SENTENCE_KEY) & pl.col("line").is_in(lines.get_column("line").unique().implode())
    ).sort("row", "kind")
    return (
        frame.select("source", "text", "title", "position")[repeated.get_column("row")]
        .with_columns(
            repeated.get_column("row"),
            repeated.get_column("line"),
            (repeated.get_column("kind") == TEMPLATE_KEY).alias("template"),
        )
        # a template in the first row may be a headline, "The morning of 4 March"
        .filter(~pl.col("template") | (pl.col("position") > 0))
        .join(lines, on=["source", "line"], how="inner", maintain_order="left")
    )


def _without_headlines(classified: pl.DataFrame) -> pl.DataFrame:
    """The rows whose text is not the title of their document."""
    text, title = classified.get_column("text"), classified.get_column("title").fill_null("")
    return classified.filter(line_hashes(text) != line_hashes(title))


def _described(lines: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The lines with what `_classify` asks for: their label, their words, what they look like."""
    text = lines.get_column("text")
    return (
        lines.with_columns(
            label_lines(text, lexicon),
            begins_like_by_line(text, lexicon).alias("by_line"),
            text.str.contains(rf"(?i)^{any_of(lexicon.subject_labels)}\s*:").alias("subject"),
            text.str.contains(HEADING).alias("heading"),
        )
        .with_columns(words_and_prose(pl.col("text")).struct.unnest())
        .with_columns(belongs_to_the_article().alias("belongs"))
    )


def _classify(
    described: pl.DataFrame, *, min_documents: int, min_share: float, min_words: int
) -> pl.DataFrame:
    """The lines that are removed on their own evidence (`alone`) or if the context agrees (`with_context`)."""
    text = pl.col("text")
    by_line, dateline = pl.col("by_line"), pl.col("label").eq_missing("dateline")
    share, words, at_edge = pl.col("share"), pl.col("words"), pl.col("edge") >= AT_EDGE
    long_enough = (
        (words <= LONG_LINE)
        | ((words <= PARAGRAPH) & (pl.col("documents") >= 2 * min_documents))
        | (share >= LARGE_SHARE)
    )
    in_few = pl.col("documents") < min_documents
    exact = (
        pl.col("once")
        & (words >= min_words)
        & text.str.contains(r"\p{L}")
        & long_enough
        & ~pl.col("belongs")
        & ((at_edge & (share >= min_share) & (words > FEW_WORDS)) | ~pl.col("heading"))
        & (at_edge | (words > FEW_WORDS))
        & ~(in_few & (pl.col("prose") | ~at_edge))
        & ~(pl.col("prose") & ~at_edge & (words <= SHORT_SENTENCE) & (share < LARGE_SHARE))
    )
    template = (
        at_edge
        & (
            (share >= LARGE_SHARE)
            | (
                (pl.col("documents") >= TEMPLATE_DOCUMENTS)
                & (share >= TEMPLATE_SHARE)
                & (words >= min_words - 1)
            )
        )
        & ~in_few
        & (words <= TEMPLATE_WORDS)
        & (~pl.col("prose") | (share >= MOST_DOCUMENTS))
        & ~text.str.contains(f"{LABEL_AND_FIGURES}|{QUESTION_OR_LABEL}|{QUOTED}")
        & ~(by_line | (dateline & text.str.contains(PLACE)))
    )
    with_context = (
        (share >= LARGE_SHARE)
        & ((at_edge & ~pl.col("template")) | ((words <= SHORT_LINE) & ~pl.col("prose")))
        & (words <= LONG_LINE)
        & ~(text.str.contains(f"{QUOTED}|{NAMES}") | pl.col("subject"))
        & ~by_line
    )
    return described.with_columns(
        pl.when("template").then(template).otherwise(exact).alias("alone"),
        with_context.alias("with_context"),
    ).filter(pl.col("alone") | pl.col("with_context"))


def _revise_by_context(frame: pl.DataFrame, classified: pl.DataFrame) -> pl.DataFrame:
    """The rows that are removed: those on their own evidence, and those whose context agrees.

    A context agrees if the row is in a run of at least MIN_RUN classified lines, or in a run with a removed line.
    """
    document = frame.get_column("document").to_numpy()
    # lines that other cleaners removed as boilerplate count as context, too
    alone = frame.get_column("reason").is_in(BOILERPLATE_REASONS).fill_null(False).to_numpy().copy()
    alone[classified.filter("alone").get_column("row").to_numpy()] = True
    marked = alone.copy()
    marked[classified.get_column("row").to_numpy()] = True
    runs = _run_numbers(document, marked)
    long = np.bincount(runs[marked], minlength=len(frame) + 1) >= MIN_RUN
    strong = np.zeros(len(frame) + 1, np.bool_)
    strong[runs[alone]] = True
    text = frame.get_column("text").str.len_bytes().fill_null(0).to_numpy()
    # a line right above a long paragraph, outside a menu, is the heading of that paragraph
    heading = np.append((text[1:] >= LONG_PARAGRAPH) & ~marked[1:] & (document[1:] == document[:-1]), False)
    removed = (alone | long[runs] | (strong[runs] & ~heading)) & marked
    return classified.filter(pl.lit(pl.Series(removed)).gather(classified.get_column("row")))


def _run_numbers(document: NDArray[np.uint32], marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The run number of each row. A run is consecutive rows of one document that are all marked, or all unmarked."""
    changes = np.diff(document, prepend=-1).astype(np.bool_) | np.diff(marked, prepend=False)
    return np.cumsum(changes)
