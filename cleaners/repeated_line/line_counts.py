"""What a source prints again and again: the memory that grows with every run.

`count` tells of a frame how many documents of each source hold each short line; `count_tables.merge` adds such tables
up.

A line in many documents is not boilerplate for that alone: an article published nine times repeats each of its lines
nine times. Therefore a table also tells beside how many *different* bodies a line was seen, how often it stood in one
document, whether that was above or below the article or within it, and from when until when it was printed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.repeated_line.closing_sentences import what_stands_before
from cleaners.repeated_line.count_tables import UNDATED, added_up, bins, coded, differs, in_order
from cleaners.repeated_line.line_keys import SENTENCE
from cleaners.text.tokens import I64

#: Bytes of a paragraph that is the article's, so that what stands above all such is its head, and below its tail.
LONG: Final = 200
SENTENCE_WEIGHT: Final = 16


def count(frame: pl.DataFrame, published: pl.DataFrame | None = None, *, keys: pl.DataFrame) -> pl.DataFrame:
    """How many documents of each source hold each line that is marked: a table of `COUNTS`, ordered by source and line.

    `keys` is what `sites.keys.line_keys` tells of the frame. All paragraphs are looked at, those too that a cleaner
    has removed: what a source prints does not depend on what is made of it. A document counts once for a line, however
    often it holds it; documents without a source count nowhere. `published` tells the dates of documents (document_id
    and published, a Datetime in UTC). No document may be split between two frames that are counted.
    """
    rows = frame.select("source", pl.col("document_id").rle_id().alias("document"))
    names, codes = coded(rows.get_column("source").fill_null(""))
    rows = rows.with_columns(codes, _days(frame, published).alias("day"))
    totals = (
        rows.filter(frame.get_column("source").is_not_null())
        .group_by("source")
        .agg(
            pl.col("document").n_unique().alias("documents"),
            pl.col("day").min().fill_null(UNDATED).alias("first"),
            pl.col("day").max().fill_null(0).alias("last"),
        )
    )
    table = in_order(pl.concat([totals, _lines(frame, rows, keys)], how="diagonal_relaxed"))
    documents = pl.coalesce("documents", _documents(table))
    return added_up(
        table.with_columns(
            documents.alias("documents"), pl.col("lines", "head", "tail", "bodies").fill_null(0)
        ),
        names,
    )


def _lines(frame: pl.DataFrame, rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The marks, each a row of a table of counts: where it stands, and the body that it stands beside."""
    text = frame.get_column("text")
    filled = (text.str.len_bytes() > 0).fill_null(False)
    place = keys.get_column("row")
    document = rows.get_column("document").filter(filled).to_numpy()
    head, tail = _ends(document, text.filter(filled).str.len_bytes().to_numpy() >= LONG)
    row = pl.zeros(len(frame), pl.UInt32, eager=True).scatter(filled.arg_true(), np.arange(len(document)))
    here = row.gather(place)
    lines = (
        rows[place]
        .with_columns(
            keys.get_column("line"),
            pl.Series("head", head).gather(here).cast(pl.UInt32),
            pl.Series("tail", tail).gather(here).cast(pl.UInt32),
            pl.lit(1, pl.UInt32).alias("lines"),
            pl.col("day").fill_null(UNDATED).alias("first"),
            pl.col("day").fill_null(0).alias("last"),
        )
        .drop("day")
        .join(_bodies(text.filter(filled), document), on="document", how="left", maintain_order="left")
    )
    sentences = (keys.get_column("kind") == SENTENCE).arg_true()
    before = pl.DataFrame(
        [text.gather(place.gather(sentences)), keys.get_column("start").gather(sentences)]
    ).select(what_stands_before(pl.col("text"), pl.col("start")))
    # of a sentence that is what stands before it in its paragraph
    bodies = lines.get_column("bodies").scatter(sentences, bins(before.to_series()))
    return lines.with_columns(bodies)


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

    That is sought above the last quarter of the rows, where whole pages have their longest boilerplate. A paragraph
    that ends as a sentence does is taken for SENTENCE_WEIGHT times as long as it is: long lists of links do not. One
    with an address in it is passed over: that of the page itself differs in every copy of an article.
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
    size[rows] = np.where(ranks == _ADDRESS, 0, size[rows] * np.where(ranks == _SENTENCE, SENTENCE_WEIGHT, 1))
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
