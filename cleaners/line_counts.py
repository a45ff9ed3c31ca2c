"""What a source prints again and again: the memory that grows with every run.

`count` tells of a frame how many documents of each source hold each short line; `count_tables.merge` adds such tables
up.

A line in many documents is not furniture for that alone: an article published nine times repeats each of its lines
nine times. Therefore a table also tells beside how many *different* bodies a line was seen, how often it stood in one
document, whether that was above or below the article or within it, and from when until when it was printed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.closing_sentences import closing_sentences, sentence_hashes
from cleaners.count_tables import UNDATED, added_up, bins, coded, differs, in_order
from cleaners.folding import line_hashes
from cleaners.line_templates import template_hashes
from cleaners.tokens import I64

#: Bytes of a paragraph that is the article's, so that what stands above all such is its head, and below its tail.
LONG: Final = 200
SENTENCE: Final = 16
#: Bytes of the longest line that has a template: furniture with a counter or a date in it is short.
TEMPLATE: Final = 120


def count(
    frame: pl.DataFrame, published: pl.DataFrame | None = None, *, max_characters: int = 400
) -> pl.DataFrame:
    """How many documents of each source hold each short line: a table of `COUNTS`, ordered by source and line.

    Lines of at most `max_characters` are compared folded: NFKC, case folded, white space squeezed. A line with figures
    or dates counts a second time by its template, and beside the lines count the last sentences of paragraphs that
    `closing_sentences` finds. All paragraphs are looked at, those too that a cleaner has removed: what a source prints
    does not depend on what is made of it. A document counts once for a line, however often it holds it; documents
    without a source count nowhere. `published` tells the dates of documents (document_id and published, a Datetime in
    UTC). No document may be split between two frames that are counted.
    """
    rows = frame.select("source", "text", pl.col("document_id").rle_id().alias("document")).filter(
        pl.col("source").is_not_null()
    )
    names, codes = coded(rows.get_column("source"))
    days = _days(frame, published).filter(frame.get_column("source").is_not_null())
    rows = rows.with_columns(codes, days.alias("day"))
    totals = rows.group_by("source").agg(
        pl.col("document").n_unique().alias("documents"),
        pl.col("day").min().fill_null(UNDATED).alias("first"),
        pl.col("day").max().fill_null(0).alias("last"),
    )
    filled = rows.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    lines, sentences = _lines(filled, max_characters), _sentences(filled)
    table = in_order(pl.concat([totals, lines, sentences], how="diagonal_relaxed"))
    documents = pl.coalesce("documents", _documents(table))
    return added_up(
        table.with_columns(
            documents.alias("documents"), pl.col("lines", "head", "tail", "bodies").fill_null(0)
        ),
        names,
    )


def short_lines(text: pl.Series, characters: int) -> pl.Series:
    """Whether the texts have at most so many characters; of few that must be counted, the bytes tell of the others."""
    size = text.str.len_bytes()
    rows = size.is_between(characters + 1, 4 * characters).arg_true()
    return (size <= characters).scatter(rows, text.gather(rows).str.len_chars() <= characters)


def _lines(rows: pl.DataFrame, max_characters: int) -> pl.DataFrame:
    """The short lines of documents, and the templates of those that have one, each a row of a table of counts."""
    text, document = rows.get_column("text"), rows.get_column("document").to_numpy()
    head, tail = _ends(document, text.str.len_bytes().to_numpy() >= LONG)
    lines = (
        rows.with_columns(pl.Series("head", head), pl.Series("tail", tail))
        .filter(short_lines(text, max_characters))
        .join(_bodies(text, document), on="document", how="left", maintain_order="left")
    )
    line = line_hashes(lines.get_column("text")).alias("line")
    brief = lines.filter(pl.col("text").str.len_bytes() <= TEMPLATE)
    template = template_hashes(brief.get_column("text")).alias("line")
    return (
        pl.concat([lines.with_columns(line), brief.with_columns(template).drop_nulls("line")])
        .drop("text")
        .with_columns(
            pl.lit(1, pl.UInt32).alias("lines"),
            pl.col("head", "tail").cast(pl.UInt32),
            pl.col("day").fill_null(UNDATED).alias("first"),
            pl.col("day").fill_null(0).alias("last"),
        )
        .drop("day")
    )


def _sentences(rows: pl.DataFrame) -> pl.DataFrame:
    """The last sentences that ask for something, each a row of a table of counts; its body is what stands before it."""
    found = closing_sentences(rows.get_column("text"))
    return (
        rows[found.get_column("row")]
        .select(
            "source",
            "document",
            pl.col("day").fill_null(UNDATED).alias("first"),
            pl.col("day").fill_null(0).alias("last"),
        )
        .with_columns(
            sentence_hashes(found.get_column("sentence")).alias("line"),
            bins(found.get_column("before")).alias("bodies"),
            pl.lit(1, pl.UInt32).alias("lines"),
        )
    )


def _ends(
    document: NDArray[np.uint32], long: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each row whether no long one is above it in its document, and whether one is above and none below."""
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    sizes = np.diff(starts, append=len(document))
    seen = np.cumsum(long)
    before = np.repeat(seen[starts] - long[starts], sizes) if len(starts) else seen
    all_of_it = np.repeat(np.add.reduceat(long, starts, dtype=np.int64), sizes) if len(starts) else seen
    above: NDArray[np.int64] = seen - long - before
    return above == 0, (above > 0) & (above + long == all_of_it)


def _days(frame: pl.DataFrame, published: pl.DataFrame | None) -> pl.Series:
    """The day (UInt16, from 1970 on) when the document of each row was published; null where that is unknown."""
    if published is None:
        return pl.repeat(None, len(frame), dtype=pl.UInt16, eager=True)
    dates = published.select("document_id", pl.col("published").dt.epoch("d").alias("day")).with_columns(
        pl.when(pl.col("day").is_between(1, UNDATED - 1)).then("day").cast(pl.UInt16)
    )
    runs = frame.get_column("document_id").rle()
    known = pl.DataFrame([runs.struct.field("value").alias("document_id")]).join(
        dates, on="document_id", how="left", maintain_order="left"
    )
    run = np.repeat(np.arange(len(runs), dtype=np.uint32), runs.struct.field("len").to_numpy())
    return known.get_column("day").gather(pl.Series(run))


def _documents(table: pl.DataFrame) -> pl.Series:
    """How many documents hold a line, at the first of the rows of each line and source, and 0 at the others."""
    first = table.select(differs("source", "line")).to_series()
    document = table.get_column("document").fill_null(0).to_numpy().astype(np.int64)
    several = document.max(initial=0) + 1
    pairs = np.sort((first.cum_sum().to_numpy() - 1) * several + document)
    different = pairs[np.diff(pairs, prepend=-1) > 0]
    counts = pl.Series(np.bincount(different // several), dtype=pl.UInt32)
    return pl.zeros(len(table), pl.UInt32, eager=True).scatter(first.arg_true(), counts)


def _bodies(text: pl.Series, document: NDArray[np.uint32]) -> pl.DataFrame:
    """(document, bodies): one bit of 64 for each document, chosen by the hash of the longest paragraph of its article.

    That is sought above the last quarter of the rows, where whole pages have their longest furniture. A paragraph that
    ends as a sentence does is taken for SENTENCE times as long as it is: long lists of links do not. One with an
    address in it is passed over: that of the page itself differs in every copy of an article.
    """
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    sizes = np.diff(starts, append=len(document))
    place = np.arange(len(document)) - np.repeat(starts, sizes)
    size = np.where(
        4 * place < 3 * np.repeat(sizes, sizes), text.str.len_bytes().to_numpy().astype(np.int64), 0
    )
    longest = _longest(document, size)
    # of most documents the longest paragraph will do, so that no other needs to be looked at
    doubtful = document[longest][(_rank(text.gather(longest)) < _SENTENCE).to_numpy()]
    rows = np.flatnonzero(np.isin(document, doubtful) & (size > 0))
    ranks = _rank(text.gather(rows)).to_numpy()
    size[rows] = np.where(ranks == _ADDRESS, 0, size[rows] * np.where(ranks == _SENTENCE, SENTENCE, 1))
    longest = _longest(document, size)
    longest = longest[size[longest] > 0]
    return pl.DataFrame({"document": document[longest], "bodies": bins(text.gather(longest))})


_ADDRESS, _OTHER, _SENTENCE = 0, 1, 2


def _rank(text: pl.Series) -> pl.Series:
    """_ADDRESS for a paragraph with an address in it, _SENTENCE for one that ends as a sentence does, else _OTHER."""
    end = text.str.tail(4).str.contains(r"[.!?…。！？।۔؟][\"'”’»«“」』)\]）]*$")
    return (
        pl.select(
            pl.when(text.str.contains("://", literal=True))
            .then(_ADDRESS)
            .when(end)
            .then(_SENTENCE)
            .otherwise(_OTHER)
        )
        .to_series()
        .cast(pl.Int8)
    )


def _longest(document: NDArray[np.uint32], size: I64) -> I64:
    """The row of each document, whose rows are together, that has the greatest size, the first of several."""
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    greatest = np.repeat(np.maximum.reduceat(size, starts), np.diff(starts, append=len(size)))
    rows = np.flatnonzero(size == greatest)
    return rows[np.flatnonzero(np.diff(document[rows], prepend=-1))]
