"""Lines that one source repeats across its documents: "Sign up for our newsletter", the site's own motto.

Three pure functions make the step: `count` tells of a frame how many documents of each source hold each short line,
`merge` adds such tables up, `repeated_line` strikes what the sum shows to be furniture. A table holds some ten bytes a
line beside a sample of it, so tables may be kept, split by the first bits of `line`, and added to later.

A line in many documents is not furniture for that alone. An article published nine times repeats each of its lines nine
times, and a quotation, a by-line or a speaker's name comes back as well. Therefore a table also tells how many
*different* bodies a line was seen beside, and how often it stood in one document; and names, quotations, questions and
datelines stay whatever the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
import polars as pl

from cleaners.paragraphs import WHITE_SPACE, remove

REASON: Final = "repeated_line"

#: A table of counts. The row whose `line` is null counts the documents of its source, whatever stands in them.
COUNTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "line": pl.UInt64(),  # hash of the folded line
    "documents": pl.UInt32(),  # documents that hold it
    "lines": pl.UInt32(),  # how often it stands in them
    "bodies": pl.UInt64(),  # a set of 64 bins, one bit each, for the longest paragraphs of those documents
    "sample": pl.String(),  # the first SAMPLE characters of the folded line; may be null
}

SAMPLE: Final = 60
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

#: Of all other characters lower case is all the folding there is, and they do not combine with one another.
_NOT_PLAIN: Final = (
    r"[^ -~À-ÖØ-Þà-öø-ÿА-яЁё\x{621}-\x{63a}\x{641}-\x{64a}‘’“”–—•ぁ-ゖァ-ヺー、。「」『』"
    r"\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{ac00}-\x{d7a3}]"
)

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
    rows = frame.filter(pl.col("source").is_not_null()).select("document_id", "source", "text", "reason")
    totals = rows.group_by("source").agg(pl.col("document_id").n_unique().alias("documents"))
    # what this cleaner struck counts, so that a second counting comes to the same
    kept = rows.filter(
        (pl.col("reason").is_null() | (pl.col("reason") == REASON)) & pl.col("text").is_not_null()
    )
    short = kept.filter(pl.col("text").str.len_chars() <= max_characters)
    folded = _folded(short.get_column("text"))
    lines = folded.with_columns(_hashes(folded.get_column("folded")).alias("line"))
    counted = (
        short.lazy()
        .join(lines.lazy(), on="text", how="inner")
        .join(_bodies(kept).lazy(), on="document_id", how="left")
        .group_by("source", "line")
        .agg(
            pl.col("document_id").n_unique().alias("documents"),
            pl.len().alias("lines"),
            pl.col("body").bitwise_or().alias("bodies"),
            pl.col("folded").first().str.slice(0, SAMPLE).alias("sample"),
        )
        .collect()
    )
    return (
        pl.concat([totals, counted], how="diagonal_relaxed")
        .with_columns(pl.col("lines", "bodies").fill_null(0))
        .select(pl.col(name).cast(dtype) for name, dtype in COUNTS.items())
        .sort("source", "line", nulls_last=False)
    )


def merge(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of tables from `count` or `merge`, in whatever order they are given; ordered by source and line.

    No document may have been counted in two of them. Tables that were split by `line` are merged part by part; the
    rows with a null `line` belong into one part only.
    """
    if not tables:
        return pl.DataFrame(schema=COUNTS)
    return (
        pl.concat([table.select(*COUNTS) for table in tables])
        .group_by("source", "line")
        .agg(
            pl.col("documents").sum(),
            pl.col("lines").sum(),
            pl.col("bodies").bitwise_or(),
            pl.col("sample").min(),
        )
        .sort("source", "line", nulls_last=False)
    )


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
            & (pl.col("text").str.len_chars() <= max_characters)
        )
    )
    folded = _folded(rows.get_column("text"))
    samples = lines.get_column("sample")
    if samples.null_count() == 0:  # spares the hashing of nearly all lines
        folded = folded.filter(pl.col("folded").str.slice(0, SAMPLE).is_in(samples.unique().implode()))
    words = _words(pl.col("text"))
    struck = (
        rows.join(
            folded.with_columns(_hashes(folded.get_column("folded")).alias("line")), on="text", how="inner"
        )
        .join(lines, on=["source", "line"], how="inner")
        .filter(
            (words >= min_words)
            & ((words <= LONG_LINE) | (pl.col("documents") >= 2 * min_documents))
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


def _folded(text: pl.Series) -> pl.DataFrame:
    """(text, folded) for each different text: NFKC, case folded, each run of white space one space."""
    texts = text.alias("text").unique().to_frame()
    plain = ~pl.col("text").str.contains(_NOT_PLAIN) & ~pl.col("text").str.contains("  ", literal=True)
    # the way by upper case folds what has two lower-case forms: a sharp s, a final sigma
    folded = pl.col("text").str.normalize("NFKC").str.to_uppercase().str.to_lowercase()
    squeezed = folded.str.replace_all(f"[{WHITE_SPACE}]+", " ").str.strip_chars(" ")
    return pl.concat(
        [
            texts.filter(plain).with_columns(pl.col("text").str.to_lowercase().alias("folded")),
            texts.filter(~plain).with_columns(squeezed.alias("folded")),
        ]
    )


def _bodies(kept: pl.DataFrame) -> pl.DataFrame:
    """(document_id, body): one bit of 64 for each document, chosen by the hash of its longest paragraph.

    A paragraph with an address in it is passed over: that of the page itself differs in every copy of an article.
    """
    longest = (
        kept.filter(~pl.col("text").str.contains("://", literal=True))
        .group_by("document_id")
        .agg(pl.col("text").get(pl.col("text").str.len_bytes().arg_max()))
    )
    bins = _hashes(longest.get_column("text")).to_numpy() % np.uint64(BINS)
    return longest.select("document_id", pl.Series("body", np.left_shift(np.uint64(1), bins), pl.UInt64))


def _hashes(text: pl.Series) -> pl.Series:
    """BLAKE2b of 64 bits over the UTF-8 bytes: the same everywhere, which polars' own hash does not promise."""
    digests = b"".join([blake2b(value.encode(), digest_size=8).digest() for value in text.to_list()])
    return pl.Series(text.name, np.frombuffer(digests, "<u8").astype(np.uint64), pl.UInt64)
