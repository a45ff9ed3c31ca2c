"""Lines that one source repeats across its documents: "Sign up for our newsletter", the site's own motto.

Three pure functions make the step: `count` tells of a frame how many documents of each source hold each short line,
`merge` adds such tables up, `repeated_line` strikes what the sum shows to be furniture. A table holds some twenty bytes
a line and nothing of its text, so tables may be kept, split by the first bits of `line`, and added to later.

A line in many documents is not furniture for that alone. An article published nine times repeats each of its lines nine
times, and a quotation, a by-line or a speaker's name comes back as well. Therefore a table also tells how many
*different* bodies a line was seen beside, and how often it stood in one document; and names, quotations, questions and
datelines stay whatever the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from cleaners.folding import line_hashes
from cleaners.paragraphs import remove
from cleaners.tokens import I64
from cleaners.utf8 import utf8

REASON: Final = "repeated_line"

#: A table of counts. The row whose `line` is null counts the documents of its source, whatever stands in them.
COUNTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "line": pl.UInt64(),  # hash of the folded line, see `folding.line_hashes`
    "documents": pl.UInt32(),  # documents that hold it
    "lines": pl.UInt32(),  # how often it stands in them
    "bodies": pl.UInt64(),  # a set of 64 bins, one bit each, for the longest paragraphs of those documents
}

BINS: Final = 64

#: A line stands about once in a document of furniture; more often it is a speaker's name or a divider.
MAX_LINES_PER_DOCUMENT: Final = 1.5
#: Where more documents than this share a body, bodies are counted and not documents.
MAX_DOCUMENTS_PER_BODY: Final = 4
#: Longer lines must be in twice as many documents: a sentence comes back in the later versions of its article.
LONG_LINE: Final = 20
#: Lines up to this length may be a name, a by-line, a question over a section, a dateline.
SHORT_LINE: Final = 8

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
#: Characters of a script without spaces that are counted as one word.
CHARACTERS_PER_WORD: Final = 2

_QUOTED: Final = r"""^>|^[-–—•*\s]*["“„«»‘‚「『].*["”“»«’'」』][,.、。]?$"""
_QUESTION_OR_LABEL: Final = r"[?？؟:：]$"
_BY_LINE: Final = r"(?i)^[-–—•*\s]*(by|von|par|por|di|door|av|af|автор|記者|记者|文)(\s|:|：)"
_SUBJECT: Final = r"(?i)^(subject|title|re)\s*:"
#: "Jane Doe, Evening Post": each word with a capital, small words aside, and a comma between two parts
_NAMES: Final = (
    r"^\p{Lu}[\p{L}\p{M}.'’-]*(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))*"
    r",(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))+$"
)


def count(frame: pl.DataFrame, *, max_characters: int = 400) -> pl.DataFrame:
    """How many documents of each source hold each short line: a table of `COUNTS`, ordered by source and line.

    Lines of at most `max_characters` are compared folded: NFKC, case folded, white space squeezed; figures count. Only
    paragraphs that no other cleaner has removed are looked at, and a document counts once for a line, however often it
    holds it. Documents without a source count nowhere. No document may be split between two frames that are counted.
    """
    rows = frame.select("source", "text", "reason", pl.col("document_id").rle_id().alias("document")).filter(
        pl.col("source").is_not_null()
    )
    names, codes = _coded(rows.get_column("source"))
    rows = rows.with_columns(codes)
    totals = rows.group_by("source").agg(pl.col("document").n_unique().alias("documents"))
    # what this cleaner struck counts, so that a second counting comes to the same
    kept = rows.filter(
        (pl.col("reason").is_null() | (pl.col("reason") == REASON)) & pl.col("text").is_not_null()
    )
    short = kept.filter(_at_most(kept.get_column("text"), max_characters))
    lines = short.select(
        "source", "document", line_hashes(short.get_column("text")).alias("line"), pl.lit(1).alias("lines")
    ).join(_bodies(kept), on="document", how="left")
    table = _in_order(pl.concat([totals, lines], how="diagonal_relaxed"))
    documents = pl.coalesce("documents", _documents(table))
    return _added_up(
        table.with_columns(documents.alias("documents"), pl.col("lines", "bodies").fill_null(0)), names
    )


def merge(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tables from `count` or `merge`, in whatever order they are given; ordered by source and line.

    No document may have been counted in two of them. Tables that were split by `line` are merged part by part; the
    rows with a null `line` belong into one part only.
    """
    if not tables:
        return pl.DataFrame(schema=COUNTS)
    if len(tables) == 1:
        return tables[0].select(*COUNTS)
    table = pl.concat([table.select(*COUNTS) for table in tables])
    names, codes = _coded(table.get_column("source"))
    return _added_up(_in_order(table.with_columns(codes)), names)


def _coded(sources: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(the different sources in order, the place of each source among them): quicker to sort and to compare."""
    runs = sources.rle()  # of a document, or a table in order, they are the same for long
    values = runs.struct.field("value")
    names = values.unique().sort()
    places = values.cast(pl.Enum(names)).to_physical().cast(pl.UInt32)
    return names, pl.Series(sources.name, np.repeat(places.to_numpy(), runs.struct.field("len").to_numpy()))


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    """The rows ordered by source and line, a null first, the sources given as small numbers.

    Rows that are equal in both come in any order. Two sorts by numbers are quicker than one by two columns.
    """
    line = table.get_column("line")
    order = line.fill_null(0).to_numpy().argsort()
    place = (table.get_column("source") * 2 + line.is_not_null()).to_numpy()
    smallest = np.min_scalar_type(place.max(initial=0))
    return table[order[place[order].astype(smallest).argsort(kind="stable")]]


def _documents(table: pl.DataFrame) -> pl.Series:
    """How many documents hold a line, at the first of the rows of each line and source, and 0 at the others."""
    first = table.select(_differs("source", "line")).to_series()
    document = table.get_column("document").fill_null(0).to_numpy().astype(np.int64)
    several = document.max(initial=0) + 1
    pairs = np.sort((first.cum_sum().to_numpy() - 1) * several + document)
    different = pairs[np.diff(pairs, prepend=-1) > 0]
    counts = pl.Series(np.bincount(different // several), dtype=pl.UInt32)
    return pl.zeros(len(table), pl.UInt32, eager=True).scatter(first.arg_true(), counts)


def _at_most(text: pl.Series, characters: int) -> pl.Series:
    """Whether the texts have at most so many characters; of few that must be counted, the bytes tell of the others."""
    size = text.str.len_bytes()
    rows = size.is_between(characters + 1, 4 * characters).arg_true()
    return (size <= characters).scatter(rows, text.gather(rows).str.len_chars() <= characters)


def _added_up(table: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """One row for each source and line of a table that is in order, its sources given as places in `names`."""
    first = table.select(_differs("source", "line")).to_series()
    starts = first.arg_true().to_numpy()
    kinds = (
        ("documents", np.add, np.uint32),
        ("lines", np.add, np.uint32),
        ("bodies", np.bitwise_or, np.uint64),
    )
    return table.filter(first).select(
        names.gather(table.get_column("source").filter(first)).alias("source"),
        "line",
        *(
            pl.Series(name, operation.reduceat(table.get_column(name).to_numpy(), starts, dtype=dtype))
            for name, operation, dtype in kinds
        ),
    )


def _differs(*names: str) -> pl.Expr:
    """Whether a row differs in one of these columns from the row before it."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)


def repeated(table: pl.DataFrame, *, min_documents: int = 5, min_share: float = 0.01) -> pl.DataFrame:
    """The rows of a merged table whose lines a source repeats, and `of`, the number of documents of that source.

    At least `min_documents` documents and the share `min_share` of its source's documents hold the line; these have
    about as many different bodies, at the least one for every MAX_DOCUMENTS_PER_BODY of them; and the line stands in
    them about once each.
    """
    totals = table.filter(pl.col("line").is_null()).select("source", pl.col("documents").alias("of"))
    empty = (BINS - pl.col("bodies").bitwise_count_ones().cast(pl.Float64)).clip(1)
    # linear counting (Whang, Vander-Zanden and Taylor 1990): so many things leave so many bins empty
    bodies = -BINS * (empty / BINS).log()
    wanted = pl.max_horizontal(min_documents, pl.col("documents") // MAX_DOCUMENTS_PER_BODY).clip(
        upper_bound=BINS
    )
    return (
        table.filter(pl.col("line").is_not_null() & (pl.col("documents") >= min_documents))
        .join(totals, on="source", how="inner")
        .filter(
            (pl.col("documents") >= min_share * pl.col("of"))
            & (bodies >= 0.8 * wanted)
            & (pl.col("lines") <= MAX_LINES_PER_DOCUMENT * pl.col("documents"))
        )
        .sort("source", "line")
    )


def repeated_line(
    frame: pl.DataFrame,
    table: pl.DataFrame,
    *,
    min_documents: int = 5,
    min_share: float = 0.01,
    min_words: int = 3,
    max_characters: int = 400,
) -> pl.DataFrame:
    """The frame with the lines struck that the merged `table` shows their source to repeat (see `repeated`).

    Lines under `min_words` stay (in a script without spaces two characters are a word), and so do quotations,
    questions, labels, names and datelines; lines of more than LONG_LINE words need twice `min_documents`. `table` may
    leave out lines in fewer than `min_documents` documents, but not the rows with a null `line`. The rule tells the
    count, as in "in 37 of 412 documents of evening-post.example".
    """
    lines = repeated(table, min_documents=min_documents, min_share=min_share)
    if lines.is_empty():
        return frame
    rows = (
        frame.select("source", "text", "reason")
        .with_row_index("row")
        .filter(
            pl.col("reason").is_null()
            & pl.col("source").is_in(lines.get_column("source").unique().implode())
            & pl.lit(_at_most(frame.get_column("text"), max_characters))
        )
    )
    struck = (
        rows.with_columns(line_hashes(rows.get_column("text")).alias("line"))
        .filter(pl.col("line").is_in(lines.get_column("line").unique().implode()))
        .join(lines, on=["source", "line"], how="inner")
        .with_columns(_words(pl.col("text")).alias("words"))
        .filter(
            (pl.col("words") >= min_words)
            & ((pl.col("words") <= LONG_LINE) | (pl.col("documents") >= 2 * min_documents))
            & ~_belongs_to_the_article(pl.col("text"))
        )
        .select("row", pl.format("in {} of {} documents of {}", "documents", "of", "source").alias("rule"))
    )
    where = pl.repeat(False, len(frame), eager=True).scatter(struck.get_column("row"), True)
    rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
        struck.get_column("row"), struck.get_column("rule")
    )
    return remove(frame, where, REASON, rule)


def _belongs_to_the_article(text: pl.Expr) -> pl.Expr:
    """Quotations and subjects; of short lines questions, labels, by-lines, names, those with two numbers or more."""
    return (
        text.str.contains(_QUOTED)
        | (
            (_words(text) <= SHORT_LINE)
            & (
                text.str.contains(_QUESTION_OR_LABEL)
                | text.str.contains(_BY_LINE)
                | text.str.contains(_NAMES)
                | (text.str.count_matches(r"\p{Nd}+") >= 2)
            )
        )
        | text.str.contains(_SUBJECT)
    )


def _words(text: pl.Expr) -> pl.Expr:
    unspaced = text.str.count_matches(f"[{_UNSPACED}]") / CHARACTERS_PER_WORD
    return text.str.count_matches(rf"[\p{{L}}\p{{M}}--[{_UNSPACED}]][\p{{L}}\p{{M}}\p{{N}}'’-]*") + unspaced


def _bodies(kept: pl.DataFrame) -> pl.DataFrame:
    """(document, bodies): one bit of 64 for each document, chosen by the hash of its longest paragraph.

    A paragraph with an address in it is passed over: that of the page itself differs in every copy of an article.
    """
    text, document = kept.get_column("text"), kept.get_column("document").to_numpy()
    size = text.str.len_bytes().to_numpy().astype(np.int64)
    longest = _longest(document, size)
    # most documents have no address in their longest paragraph, so that no other needs to be looked at
    doubtful = document[longest][text.gather(longest).str.contains("://", literal=True).to_numpy()]
    rows = np.flatnonzero(np.isin(document, doubtful))
    size[rows[text.gather(rows).str.contains("://", literal=True).to_numpy()]] = -1
    longest = _longest(document, size)
    longest = longest[size[longest] >= 0]
    data, offsets = utf8(text.gather(longest))
    digests = b"".join(
        [blake2b(data.data[start:stop], digest_size=8).digest() for start, stop in pairwise(offsets.tolist())]
    )
    bins = np.frombuffer(digests, "<u8").astype(np.uint64) % np.uint64(BINS)
    bodies = np.left_shift(np.uint64(1), bins)
    return pl.DataFrame({"document": document[longest], "bodies": bodies})


def _longest(document: I64, size: I64) -> I64:
    """The row of each document, whose rows are together, that has the greatest size, the first of several."""
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    greatest = np.repeat(np.maximum.reduceat(size, starts), np.diff(starts, append=len(size)))
    rows = np.flatnonzero(size == greatest)
    return rows[np.flatnonzero(np.diff(document[rows], prepend=-1))]
