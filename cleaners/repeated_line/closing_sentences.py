"""Finds closing pleas: last sentences of paragraphs that ask for something, such as "Join the conversation below".

Such a sentence is boilerplate if its source prints it after many different texts; `line_counts` counts that.
"""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, helper, kernel
from cleaners.lexicon import Lexicon, any_of, any_pattern
from cleaners.text.folding import line_hashes
from cleaners.text.matching import matches
from cleaners.text.tokens import ONES, SMALL, eight_bytes, no_letters
from cleaners.text.utf8 import utf8

#: The length of the longest closing sentence, and of the shortest text before it.
MAX_SENTENCE_BYTES: Final = 120
MIN_BYTES_BEFORE: Final = 40
#: The hash of a closing sentence is its hash as a line, combined with this by exclusive or.
_SENTENCE_SALT: Final = 0x5E17E7CE00000001


class _Patterns(NamedTuple):
    plea: str  # words of pleas, pointers and notices; a sentence without one belongs to the article
    speech: str  # reported speech, or the end of a quotation that began before


@functools.cache
def _patterns(lexicon: Lexicon) -> _Patterns:
    return _Patterns(any_pattern(lexicon.plea_patterns), rf"(?i)\b{any_of(lexicon.speech_verbs)}\b|[”»“]$")


def closing_sentences(text: pl.Series, lexicon: Lexicon, texts: tuple[U8, I64] | None = None) -> pl.DataFrame:
    """(row, start, sentence, before) of the texts that end in a plea.

    That is a last sentence of at most MAX_SENTENCE_BYTES bytes that matches a plea of the lexicon. `start` is the byte
    offset of the sentence. `before` is the text before it, MIN_BYTES_BEFORE bytes or more, without the white space
    between them. No text may be null. `texts` is `utf8(text)`, if it is known.
    """
    patterns = _patterns(lexicon)
    starts = _last_sentence_starts(*(texts or utf8(text)))
    rows = pl.Series("row", np.flatnonzero(starts), dtype=pl.UInt32)
    start = pl.Series("start", starts[starts > 0])
    found = pl.DataFrame([rows, start, text.gather(rows).cast(pl.Binary).alias("text")]).with_columns(
        pl.col("text").bin.slice("start").cast(pl.String).alias("sentence")
    )
    return (
        found.filter(matches(found.get_column("sentence").str.to_lowercase(), patterns.plea))
        .filter(pl.col("sentence").str.contains(r"^[^\p{Ll}]"))
        .filter(
            pl.col("sentence").str.contains(r"\p{L}.*\s") & ~pl.col("sentence").str.contains(patterns.speech)
        )
        .select(
            "row",
            "start",
            "sentence",
            text_before(pl.col("text"), pl.col("start")).alias("before"),
        )
    )


def text_before(text: pl.Expr, start: pl.Expr) -> pl.Expr:
    """The texts up to the byte `start`, without trailing white space."""
    return text.cast(pl.Binary).bin.slice(0, start).cast(pl.String).str.strip_chars_end()


def sentence_hashes(sentences: pl.Series) -> pl.Series:
    """The hashes (UInt64) by which closing sentences are counted; they differ from those of equal lines."""
    return pl.Series(
        sentences.name, line_hashes(sentences).to_numpy() ^ np.uint64(_SENTENCE_SALT), dtype=pl.UInt64
    )


@kernel
def _last_sentence_starts(data: U8, offsets: I64) -> Any:
    """The byte at which the last sentence of each text starts; 0 if none starts within MAX_SENTENCE_BYTES bytes."""
    texts = len(offsets) - 1
    starts = np.zeros(texts, np.int64)
    for n in range(texts):
        first, stop = offsets[n], offsets[n + 1]
        least = max(first + MIN_BYTES_BEFORE, stop - MAX_SENTENCE_BYTES)
        end = stop - 1
        while end > least and starts[n] == 0:
            # eight bytes at a time: most hold no space, or only spaces after a letter
            spaces = _spaces(data, end - 8)
            end -= 8
            for byte in range(7, -1, -1):
                if spaces == 0:
                    break
                at = end + byte
                here = spaces >> np.uint64(8 * byte + 7) & np.uint64(1)
                if here and at >= least and starts[n] == 0 and _ends_sentence(data, first, at - 1):
                    starts[n] = at + 1 - first
    return starts


@helper
def _spaces(data: U8, at: int) -> Any:
    """Eight bytes, with the highest bit set where the text has a space that no ASCII letter precedes."""
    low = np.uint64(0x7F * ONES)
    here: Any = eight_bytes(data, at)
    before: Any = eight_bytes(data, at - 1)
    others = here ^ np.uint64(SMALL)  # a byte is 0 where there is a space
    return ~((others & low) + low | others) & no_letters(before)


@helper
def _ends_sentence(data: U8, first: int, mark: int) -> bool:
    """Whether a sentence ends with the byte at `mark`; quotation marks and brackets may follow its full stop."""
    while mark > first and (data[mark] == 34 or data[mark] == 39 or data[mark] == 41):  # " ' )
        mark -= 1
    # the last byte of a closing quotation mark or of an ellipsis
    if mark > first + 2 and data[mark - 2] == 0xE2 and data[mark - 1] == 0x80:
        if data[mark] == 0xA6:
            return True
        if data[mark] == 0x9D or data[mark] == 0x99:
            mark -= 3
    return bool(data[mark] == 46 or data[mark] == 33 or data[mark] == 63)  # . ! ?
