"""Pull quotes: a sentence of the article that the page prints once more, large and set apart."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl

from cleaners.boilerplate.repeated_text import longer_lines
from cleaners.kernels import I64, U8
from cleaners.text.prose import words_and_prose

RULE: Final = "pull quote"

#: Words of a pull quote, at least. A sentence in quotation marks may be short. Without a stop, a quotation of fewer
#: than MIN_SENTENCE_WORDS may be a subhead, and so may be a line of fewer than MIN_WORDS without both.
MIN_QUOTED_SENTENCE_WORDS, MIN_SENTENCE_WORDS, MIN_WORDS = 5, 8, 12
MAX_WORDS: Final = 60
#: A longer paragraph, in words or bytes, is no running text but a gallery or a summary.
MAX_PARAGRAPH_WORDS, MAX_PARAGRAPH_BYTES = 300, 6000
#: Letters and digits of each part of a pull quote, and how many more the paragraph has, at least.
MIN_PART, MIN_EXTRA, MIN_EXTRA_OF_QUOTATION = 8, 20, 5
#: In the first lines of a document stand its decks and its summary; only quotations are pulled there.
HEAD_LINES: Final = 5
#: A pull quote stands at most this many lines above the paragraph, or below it. Further below, somebody answers it.
MAX_ABOVE, MAX_BELOW = 40, 6
#: A document with more lines that may be pull quotes is a discussion, in which people quote each other.
MAX_IN_DOCUMENT: Final = 8
#: A paragraph that holds more lines of its document is a summary, or the article once more.
MAX_PULLED: Final = 2

_QUOTES: Final = '"“”„«»「『'
_OPENS: Final = r"^[\"“”„«»「『]"
_CLOSES: Final = r"[\"”“»«’」』][.,。，]?$"
_EDGES: Final = '"“”„«»「『」』…., 。，\u00a0'
_ITEM: Final = r"^(?:[•·∙●○▪■◦*]\s|\d{1,3}[.)]\s|[–—-])"
_STOPS: Final = r"[.!…。！؟।][\s\"'”’»)\]」』]*$|[\"”»」』][.。]$"
_CAPITALISED: Final = r"(?:^|[\s\"“‘„«])\p{Lu}\p{Ll}"
_ASKS: Final = r"[?？][\"'”’»)\]」』]*$"
#: Who said it, behind the quotation or the sentence: "“We had no boats.” — Nora Quill". A handle is that of a post,
#: which stays.
_END, _WHO = r"[\"”“»«」』.!?…]", r"\s*[—–-]{1,2}\s*[^.!?\"”“»«@]{2,60}$"
_ATTRIBUTED: Final = _END + _WHO
_ATTRIBUTION: Final = re.compile(rf"(?<={_END}){_WHO}")
_GAP: Final = re.compile(r"…|\.\.\.|\. \. \.|\[[^\[\]]{2,40}\]")
_MARKS: Final = re.compile(r"[\"“”„«»「『」』]")


def pull_quotes(lines: pl.DataFrame, texts: tuple[U8, I64], boilerplate: pl.Series) -> pl.DataFrame:
    """The lines that repeat part of a longer paragraph of their document, as a table (row, rule).

    `lines` are `lines_of` the frame, `texts` the `utf8` of all rows, `boilerplate` the rows in which a phrase of
    boilerplate was found: a copy there does not count. The copy in the longer paragraph stays, before or
    after the line. The line goes if all its words are there, in order: in any case, with other quotation marks, with
    gaps at an ellipsis or at words in brackets, and without what the paragraph has between quotations ("he said"). It
    is a quotation in double quotation marks, or a sentence, or has at least MIN_WORDS words; who said it may follow
    after a dash.

    These lines stay: what stands above the first paragraph that is not repeated, or, without quotation marks, among the
    first HEAD_LINES lines, or not between two paragraphs; what stands far from the paragraph, as the quotations in
    readers' answers do; items of lists; questions and subheads, which are too short; a line that is printed more than
    once, as a refrain is; adjacent lines, as a summary has; the lines of which one paragraph holds more than
    MAX_PULLED; and all in a document with more than MAX_IN_DOCUMENT of them.
    """
    pairs = longer_lines(lines, texts)
    row = lines.get_column("row")
    pairs = pairs.filter(
        (pl.col("line") - pl.col("copy")).is_between(-MAX_BELOW, MAX_ABOVE),
        ~row.gather(pairs.get_column("line")).is_in(boilerplate.implode()),
    )
    text = lines.get_column("text")
    first = np.flatnonzero(np.diff(lines.get_column("document").to_numpy(), prepend=-1))
    copy = pairs.get_column("copy").to_numpy()
    copies = (
        pairs.with_columns(
            text.gather(copy),
            pl.Series("place", copy - first[np.searchsorted(first, copy, "right") - 1]),
        )
        .filter(~pl.col("text").str.contains(_ITEM))
        .with_columns(words_and_prose(pl.col("text")).struct.field("words"))
        .filter(_may_be_pulled())
    )
    both = (
        copies.with_columns(text.gather(copies.get_column("line")).alias("paragraph"))
        .filter(pl.col("paragraph").str.len_bytes() <= MAX_PARAGRAPH_BYTES)
        .with_columns(
            words_and_prose(pl.col("paragraph"))
            .struct.rename_fields(["of_paragraph", "prose"])
            .struct.unnest()
        )
    )
    asked = both.filter("prose", pl.col("of_paragraph") <= MAX_PARAGRAPH_WORDS)
    holds = [_holds(paragraph, line) for paragraph, line in asked.select("paragraph", "text").rows()]
    return _pulled(lines, asked.filter(pl.Series(holds, dtype=pl.Boolean)), boilerplate)


def _may_be_pulled() -> pl.Expr:
    """Whether the wording and the place of a line let it be a pull quote."""
    text, words = pl.col("text"), pl.col("words")
    ends = text.str.contains(_STOPS) | text.str.contains(_ATTRIBUTED)
    quotation = text.str.contains(_OPENS) & (text.str.contains(_CLOSES) | text.str.contains(_ATTRIBUTED))
    enough = pl.when(ends).then(MIN_SENTENCE_WORDS).otherwise(MIN_WORDS)
    quoted_enough = pl.when(ends).then(MIN_QUOTED_SENTENCE_WORDS).otherwise(MIN_SENTENCE_WORDS)
    below_head = (pl.col("place") >= HEAD_LINES) & ~text.str.contains(_ASKS)
    title_case = text.str.count_matches(_CAPITALISED) * 2 > words
    fits = (quotation & (words >= quoted_enough)) | (below_head & (words >= enough))
    fits &= ends | ~title_case
    return fits & (words <= MAX_WORDS)


def _holds(paragraph: str, line: str) -> bool:
    """Whether a paragraph holds all parts of a line in their order, and more.

    >>> _holds("“We had no boats,” she said. “We had no bread.”", "“We had no boats. We had no bread.”")
    True
    >>> _holds("We had no boats, and for nine days no bread, nor fuel.", "“We had no boats … no bread.” — Ada Finch")
    True
    >>> _holds("“We had no bread,” she said. “We had no boats.”", "“We had no boats. We had no bread.”")
    False
    """
    core = _ATTRIBUTION.sub("", line)
    parts = [part for part in map(_letters, _GAP.split(core)) if len(part) >= MIN_PART] or [_letters(core)]
    whole = _letters(paragraph)
    extra = MIN_EXTRA_OF_QUOTATION if core[:1] in _QUOTES else MIN_EXTRA
    if len(whole) < sum(map(len, parts)) + extra or parts[0][:MIN_PART] not in whole:
        return False
    return _in_order(parts, whole) or _in_order(parts, _letters("".join(_MARKS.split(paragraph)[1::2])))


def _in_order(parts: list[str], text: str) -> bool:
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _letters(text: str) -> str:
    """The letters and digits of a text, in one case."""
    return "".join(filter(str.isalnum, text.casefold()))


def _pulled(lines: pl.DataFrame, held: pl.DataFrame, boilerplate: pl.Series) -> pl.DataFrame:
    """The lines to remove of the pairs (copy, line that holds it), indices into `lines`: a table (row, rule)."""
    pulled = (
        held.filter(pl.col("copy").n_unique().over("line") <= MAX_PULLED).get_column("copy").unique().sort()
    )
    documents = lines.get_column("document").gather(pulled).unique()

    def beside(column: str) -> list[pl.Expr]:
        return [pl.col(column).shift(step).over("document").fill_null(False) for step in (1, -1)]

    return (
        lines.with_row_index("n")
        .filter(pl.col("document").is_in(documents.implode()), ~pl.col("row").is_in(boilerplate.implode()))
        .with_columns(
            pl.col("n").is_in(pulled.implode()).alias("pulled"),
            words_and_prose(pl.col("text")).struct.field("prose"),
            pl.col("text").str.strip_chars(_EDGES).alias("words"),
            pl.col("text").str.contains(_OPENS).alias("quoted"),
        )
        .with_columns(
            (pl.col("prose") & ~pl.col("pulled")).cum_sum().over("document").alias("prose_above"),
            pl.len().over("document", "words").alias("printed"),
            pl.any_horizontal(beside("pulled")).alias("beside_pulled"),
            pl.all_horizontal(beside("prose")).alias("amid_prose"),
        )
        .filter("pulled", (pl.col("prose_above") > 0) & (pl.col("printed") == 1))
        .filter(~pl.col("beside_pulled"), pl.col("quoted") | pl.col("amid_prose"))
        .filter(pl.len().over("document") <= MAX_IN_DOCUMENT)
        .select("row", pl.lit(RULE).alias("rule"))
    )
