"""What tells a sentence of the article from a headline, a label or a by-line."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.paragraphs import WHITE_SPACE

#: A sentence of this many words, and a line of that many without the end of a sentence, is prose. A question or an
#: exclamation may be a headline, so it takes more words.
SENTENCE_WORDS: Final = 4
QUESTION_WORDS: Final = 13
PROSE_WORDS: Final = 20

_UNSPACED: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_CLOSING: Final = WHITE_SPACE + "\"'”’»“)]」』）】*_"
_FULL_STOPS: Final = ".。．｡۔։।"
_QUESTIONS: Final = "?!？！؟"


def words(text: pl.Expr) -> pl.Expr:
    """Number of words in a text (UInt32): runs without white space; in scripts that put none, two letters each."""
    spaced = text.str.count_matches(r"\S+")
    return (
        pl.when(text.str.len_bytes() == text.str.len_chars())
        .then(spaced)
        .otherwise(spaced + text.str.count_matches(_UNSPACED) // 2)
    )


def is_prose(text: pl.Expr, count: pl.Expr | None = None) -> pl.Expr:
    """Whether a line reads like prose of the article (Boolean), not like a headline, a label or a by-line.

    It does if it has 20 words or more; or 4 and ends as a sentence does, with a full stop; or 13 and ends with a
    question or exclamation mark. Quotes and brackets may close after the mark. Three dots end a cut teaser only.
    `count` is `words` of the text, where that is known already.
    """
    count = words(text) if count is None else count
    stripped = text.str.strip_chars_end(_CLOSING)
    last = stripped.str.slice(-1)
    stop = last.is_in(list(_FULL_STOPS)) & ~stripped.str.ends_with("..")
    return (
        (count >= PROSE_WORDS)
        | (stop & (count >= SENTENCE_WORDS))
        | (last.is_in(list(_QUESTIONS)) & (count >= QUESTION_WORDS))
    )
