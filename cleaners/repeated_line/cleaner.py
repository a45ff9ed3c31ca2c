"""Lines that one source repeats across its documents: "Sign up for our newsletter", the site's own motto.

What a source repeats is counted by `line_counts`, over all the runs of a dataset; here it is judged. Three
kinds of lines are removed:

- a line that many documents with different bodies print, about once each;
- a line of which only the template repeats ("Updated 3 hours ago"), where it stands above or below the article;
- a line that most documents print, and that would be too little by itself (a word of a menu), in the company of
  others that are removed.

What a source may repeat for good reasons stays: quotations, questions, short sentences amid its articles, labels,
by-lines, names, figures, the headline.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.paragraphs import remove
from cleaners.repeated_line.article_lines import (
    BY_LINE,
    DATE_AND_PLACE,
    HEADING,
    LABEL_AND_FIGURES,
    NAMES,
    QUESTION_OR_LABEL,
    QUOTED,
    SHORT_LINE,
    SUBJECT,
    belongs_to_the_article,
)
from cleaners.repeated_line.count_tables import enough_bodies
from cleaners.repeated_line.line_counts import LONG
from cleaners.repeated_line.line_keys import SENTENCE, TEMPLATE
from cleaners.text.folding import line_hashes
from cleaners.text.prose import words_and_prose

REASON: Final = "repeated_line"

#: A line stands about once in a document of boilerplate; more often it is a speaker's name or a divider.
MAX_LINES_PER_DOCUMENT: Final = 1.5
#: Longer lines must be in twice as many documents: a sentence comes back in the later versions of its article.
LONG_LINE: Final = 20
#: Even longer ones must be in a large share of them: background that a paper prints again and again.
PARAGRAPH: Final = 60
#: In a source of few documents three are enough, where they are so large a share of all.
FEW_DOCUMENTS: Final = 3
MOST_DOCUMENTS: Final = 0.5
#: A line in so large a share needs no more than company.
LARGE_SHARE: Final = 0.3
#: A short sentence amid articles may be what many of them have to say: "The company declined to comment."
SHORT_SENTENCE: Final = 12
#: Above and below the article a smaller share will do: one in so many of `min_share`, in more documents.
EDGE_SHARE: Final = 5
EDGE_DOCUMENTS: Final = 8
#: The share of its printings in which a line of the page stands above or below the article.
AT_EDGE: Final = 0.9
#: So many documents and so large a share of them must have a template, unless it is a large share.
TEMPLATE_DOCUMENTS: Final = 10
TEMPLATE_SHARE: Final = 0.03
TEMPLATE_WORDS: Final = 12
#: Fewer words are a heading wherever they stand, and no boilerplate by themselves within an article.
FEW_WORDS: Final = 4
#: For these reasons lines of the page are removed, whose neighbours may be lines of the page too.
FURNITURE: Final = ("related_articles", "boilerplate")
#: Lines next to each other that are company to one another.
COMPANY: Final = 3
#: A line that a source printed on so few days, while it was read for so many, belongs to a story.
STORY_DAYS, SOURCE_DAYS = 7, 60


def least_documents(min_documents: int) -> int:
    """In how many documents a line must be for anything to be made of it: a table may leave out what is rarer."""
    return min(min_documents, FEW_DOCUMENTS)


def repeated(table: pl.DataFrame, *, min_documents: int = 5, min_share: float = 0.01) -> pl.DataFrame:
    """The rows of a merged table whose lines a source repeats, with what speaks for and against them.

    Beside the columns of `sites.counts.COUNTS`:

    - of: the number of documents of the source; share: that of those which hold the line;
    - edge: the share of its printings that are above or below the article;
    - once: whether it stands in the documents about once each.

    Each of them is in at least `min_documents` documents and the share `min_share` of those of its source; or, where
    these are few, in FEW_DOCUMENTS that are MOST_DOCUMENTS of them; or, at the edge, in EDGE_DOCUMENTS and a smaller
    share. They have about as many different bodies as documents, at the least one for every MAX_DOCUMENTS_PER_BODY, and
    were not printed in the days of one story alone.
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
                    & (pl.col("share") >= min_share / EDGE_SHARE)
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
    min_documents: int = 5,
    min_share: float = 0.01,
    min_words: int = 3,
) -> pl.DataFrame:
    """The frame with the lines removed that the merged `table` shows their source to repeat (see `repeated`).

    `keys` is what `sites.keys.line_keys` tells of the frame.

    Lines under `min_words` stay (in a script without spaces two characters are a word), and so do headings within the
    article and what `belongs_to_the_article`, unless most documents have them and they stand in company: a run of
    COMPANY such lines, or next to a line that is removed. `table` may leave out lines in fewer than
    `least_documents`, but not the rows with a null `line`. The rule tells the count and the share, as in "in 37 of 412
    documents (9 %) of evening-post.example".
    """
    lines = repeated(table, min_documents=min_documents, min_share=min_share)
    if lines.is_empty():
        return frame
    known = _known(frame, lines, keys)
    if known.is_empty():
        return frame
    judged = _judged(known, min_documents=min_documents, min_share=min_share, min_words=min_words)
    removed = _in_company(frame, judged)
    rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
        removed.get_column("row"), removed.select(_rule()).to_series()
    )
    return remove(frame, rule.is_not_null(), REASON, rule)


def _rule() -> pl.Expr:
    percent = (100 * pl.col("share")).round(mode="half_away_from_zero").cast(pl.Int64)
    told = pl.when(percent == 0).then(pl.lit("under 1")).otherwise(percent.cast(pl.String))
    figures = pl.when("template").then(pl.lit(", its figures aside")).otherwise(pl.lit(""))
    return pl.format("in {} of {} documents ({} %) of {}{}", "documents", "of", told, "source", figures)


def _known(frame: pl.DataFrame, lines: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows of a frame whose line is among `lines`, with what these say of it; again for its template."""
    named = keys.filter(
        (pl.col("kind") != SENTENCE) & pl.col("line").is_in(lines.get_column("line").unique().implode())
    ).sort("row", "kind")
    found = (
        frame.select("source", "text", "title", "position")[named.get_column("row")]
        .with_columns(
            named.get_column("row"),
            named.get_column("line"),
            (named.get_column("kind") == TEMPLATE).alias("template"),
        )
        # where a headline stands, "The morning of 4 March"
        .filter(~pl.col("template") | (pl.col("position") > 0))
        .join(lines, on=["source", "line"], how="inner", maintain_order="left")
    )
    headline = line_hashes(found.get_column("text")) == line_hashes(found.get_column("title").fill_null(""))
    return found.filter(~headline)


def _judged(known: pl.DataFrame, *, min_documents: int, min_share: float, min_words: int) -> pl.DataFrame:
    """The rows that are removed for themselves (`alone`), or in company, and what they are judged by."""
    text = pl.col("text")
    about = words_and_prose(text)
    known = known.with_columns(
        about.struct.field("words").alias("words"),
        about.struct.field("prose").alias("prose"),
        belongs_to_the_article(text, about.struct.field("words")).alias("belongs"),
        text.str.contains(HEADING).alias("heading"),
    )
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
        & ~text.str.contains(f"{LABEL_AND_FIGURES}|{QUESTION_OR_LABEL}|{QUOTED}|{BY_LINE}|{DATE_AND_PLACE}")
    )
    company = (
        (share >= LARGE_SHARE)
        & ((at_edge & ~pl.col("template")) | ((words <= SHORT_LINE) & ~pl.col("prose")))
        & (words <= LONG_LINE)
        & ~text.str.contains(f"{QUOTED}|{BY_LINE}|{NAMES}|{SUBJECT}")
    )
    return (
        known.with_columns(
            pl.when("template").then(template).otherwise(exact).alias("alone"), company.alias("company")
        )
        .filter(pl.col("alone") | pl.col("company"))
        .sort("row", "alone", "documents", descending=[False, True, True])
        .unique("row", keep="first", maintain_order=True)
    )


def _in_company(frame: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The rows that are removed alone, and others in a run of COMPANY lines or more, or next to a removed one."""
    document = frame.get_column("document_id").rle_id().to_numpy()
    # what other cleaners found to be boilerplate is company too
    alone = frame.get_column("reason").is_in(FURNITURE).fill_null(False).to_numpy().copy()
    alone[judged.filter("alone").get_column("row").to_numpy()] = True
    company = alone.copy()
    company[judged.get_column("row").to_numpy()] = True
    runs = _runs(document, company)
    long = np.bincount(runs[company], minlength=len(frame) + 1) >= COMPANY
    strong = np.zeros(len(frame) + 1, np.bool_)
    strong[runs[alone]] = True
    text = frame.get_column("text").str.len_bytes().fill_null(0).to_numpy()
    # what stands right above a paragraph, in no menu, is the heading of that
    above = np.append((text[1:] >= LONG) & ~company[1:] & (document[1:] == document[:-1]), False)
    stands = (alone | long[runs] | (strong[runs] & ~above)) & company
    return judged.filter(pl.lit(pl.Series(stands)).gather(judged.get_column("row")))


def _runs(document: NDArray[np.uint32], marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of each row the number of its run: rows next to each other in a document that are marked, or that are not."""
    differs = np.diff(document, prepend=-1).astype(np.bool_) | np.diff(marked, prepend=False)
    return np.cumsum(differs)
