"""Counts of what a source prints again and again; they grow with every run.

`count_source_lines` counts how many documents of each source hold each short line. `count_tables.merge_counts` adds
such tables up.

A line in many documents need not be boilerplate: an article published nine times repeats each of its lines nine times.
A table therefore has more than the number of documents: how many *different* bodies the line was seen with, how often
it occurs, how often above and below the article, and the dates of its first and last appearance.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.kernels import I64, U64, Flags
from cleaners.repeated_line.closing_sentences import text_before
from cleaners.repeated_line.count_tables import (
    UNDATED,
    begins_group,
    body_bins,
    encode_sources,
    sort_counts,
    sum_counts,
)
from cleaners.repeated_line.line_keys import SENTENCE_KEY

#: Bytes of a paragraph that certainly belongs to the article. The head is above the first one, the tail below the last.
LONG_PARAGRAPH: Final = 200
#: A paragraph that ends as a sentence counts as this many times longer; see `_bodies`.
SENTENCE_WEIGHT: Final = 16


def count_source_lines(
    frame: pl.DataFrame, published: pl.Series | None = None, *, keys: pl.DataFrame
) -> pl.DataFrame:
    """How many documents of each source hold each line: a table of `count_tables.COUNTS`, sorted by source and line.

    `keys` are the `line_keys.line_keys` of the frame. Removed paragraphs count, too: what a source prints does not
    depend on what the cleaners do with it. A document counts once for a line, however often it holds it. Documents
    without a source are not counted. `published` has the date of each document, a Datetime in UTC. No document may be
    split between two frames.
    """
    rows = frame.select("source", "document")
    names, codes = encode_sources(rows.get_column("source").fill_null(""))
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
    table = sort_counts(pl.concat([totals, _line_rows(frame, rows, keys)], how="diagonal_relaxed"))
    first = begins_group(table)
    documents = pl.coalesce("documents", _distinct_documents(table, first))
    return sum_counts(
        table.with_columns(
            documents.alias("documents"), pl.col("lines", "head", "tail", "bodies").fill_null(0)
        ),
        names,
        first,
    )


def _line_rows(frame: pl.DataFrame, rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """One row of a table of counts for each of `keys`: its place in the document, and the bin of its body."""
    text = frame.get_column("text")
    filled = (text.str.len_bytes() > 0).fill_null(False)
    place = keys.get_column("row")
    document = rows.get_column("document").filter(filled).to_numpy()
    head, tail = _head_and_tail(document, text.filter(filled).str.len_bytes().to_numpy() >= LONG_PARAGRAPH)
    row = pl.zeros(len(frame), pl.UInt32, eager=True).scatter(filled.arg_true(), np.arange(len(document)))
    here = row.gather(place)
    bodies = pl.Series("bodies", _bodies(text.filter(filled), document)[document]).gather(here)
    sentences = (keys.get_column("kind") == SENTENCE_KEY).arg_true()
    before = pl.DataFrame(
        [text.gather(place.gather(sentences)), keys.get_column("start").gather(sentences)]
    ).select(text_before(pl.col("text"), pl.col("start")))
    return (
        rows[place]
        .with_columns(
            keys.get_column("line"),
            pl.Series("head", head).gather(here).cast(pl.UInt32),
            pl.Series("tail", tail).gather(here).cast(pl.UInt32),
            pl.lit(1, pl.UInt32).alias("lines"),
            pl.col("day").fill_null(UNDATED).alias("first"),
            pl.col("day").fill_null(0).alias("last"),
            # the body of a closing sentence is the text before it in its paragraph
            bodies.scatter(sentences, body_bins(before.to_series())),
        )
        .drop("day")
    )


def _head_and_tail(
    document: NDArray[np.uint32], long: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(head, tail) for each row: whether no long row is above it in its document; whether one is, but none below."""
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    sizes = np.diff(starts, append=len(document))
    seen = np.cumsum(long)
    before = np.repeat(seen[starts] - long[starts], sizes) if len(starts) else seen
    all_of_it = np.repeat(np.add.reduceat(long, starts, dtype=np.int64), sizes) if len(starts) else seen
    above: NDArray[np.int64] = seen - long - before
    return above == 0, (above > 0) & (above + long == all_of_it)


def _days(frame: pl.DataFrame, published: pl.Series | None) -> pl.Series:
    """The day of publication of the document of each row, in days from 1970 on (UInt16); null where it is unknown."""
    if published is None:
        return pl.repeat(None, len(frame), dtype=pl.UInt16, eager=True)
    day = published.dt.epoch("d")
    known = day.is_between(1, UNDATED - 1)
    return day.set(~known, None).cast(pl.UInt16).gather(frame.get_column("document"))


def _distinct_documents(table: pl.DataFrame, first: Flags) -> pl.Series:
    """The number of documents that hold a line, at the first row of each source and line, and 0 at its other rows."""
    starts = np.flatnonzero(first)
    sizes = np.diff(starts, append=len(table))
    several = sizes > 1  # most lines have one row, and so one document
    rows = np.flatnonzero(np.repeat(several, sizes))
    document = table.get_column("document").fill_null(0).to_numpy()[rows].astype(np.int64)
    size = document.max(initial=0) + 1
    pairs = np.sort(np.repeat(starts[several], sizes[several]) * size + document)
    different = pairs[np.diff(pairs, prepend=-1) > 0]
    counts = first.astype(np.uint32)
    counts[starts[several]] = 0
    np.add.at(counts, different // size, 1)
    return pl.Series(counts)


def _bodies(text: pl.Series, document: NDArray[np.uint32]) -> U64:
    """By document: one bit of 64, chosen by the hash of the longest paragraph of its article; 0 if there is none.

    The last quarter of the rows is left out, since whole pages have their longest boilerplate there. A paragraph that
    ends as a sentence counts as SENTENCE_WEIGHT times longer, which long lists of links do not. A paragraph with a web
    address is left out: the address of the page differs in every copy of an article.
    """
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    sizes = np.diff(starts, append=len(document))
    place = np.arange(len(document)) - np.repeat(starts, sizes)
    size = np.where(
        4 * place < 3 * np.repeat(sizes, sizes), text.str.len_bytes().to_numpy().astype(np.int64), 0
    )
    longest = _largest_row(document, size)
    # in most documents the longest paragraph ends as a sentence, so no other needs to be read
    doubtful = document[longest][(_body_rank(text.gather(longest)) < _ENDS_SENTENCE).to_numpy()]
    rows = np.flatnonzero(np.isin(document, doubtful) & (size > 0))
    ranks = _body_rank(text.gather(rows)).to_numpy()
    size[rows] = np.where(
        ranks == _HAS_ADDRESS, 0, size[rows] * np.where(ranks == _ENDS_SENTENCE, SENTENCE_WEIGHT, 1)
    )
    longest = _largest_row(document, size)
    longest = longest[size[longest] > 0]
    bodies = np.zeros(int(document.max(initial=0)) + 1, np.uint64)
    bodies[document[longest]] = body_bins(text.gather(longest)).to_numpy()
    return bodies


_HAS_ADDRESS, _OTHER, _ENDS_SENTENCE = 0, 1, 2


def _body_rank(text: pl.Series) -> pl.Series:
    """_HAS_ADDRESS for a paragraph with a web address, _ENDS_SENTENCE for one that ends as a sentence, else _OTHER."""
    end = text.str.tail(4).str.contains(r"[.!?…。！？।۔؟][\"'”’»«“」』)\]）]*$")
    return (
        pl.select(
            pl.when(text.str.contains("://", literal=True))
            .then(_HAS_ADDRESS)
            .when(end)
            .then(_ENDS_SENTENCE)
            .otherwise(_OTHER)
        )
        .to_series()
        .cast(pl.Int8)
    )


def _largest_row(document: NDArray[np.uint32], size: I64) -> I64:
    """The row with the greatest size in each document, the first of several. Rows of a document are consecutive."""
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    greatest = np.repeat(np.maximum.reduceat(size, starts), np.diff(starts, append=len(size)))
    rows = np.flatnonzero(size == greatest)
    return rows[np.flatnonzero(np.diff(document[rows], prepend=-1))]
