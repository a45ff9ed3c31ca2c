"""The keys by which lines are counted and looked up: hashes of short lines, their templates, and closing sentences."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.kernels import I64
from cleaners.lexicon import Lexicon
from cleaners.repeated_line.closing_sentences import closing_sentences, sentence_hashes
from cleaners.repeated_line.templates import templates_of_rows
from cleaners.text.folding import hashes_of_rows
from cleaners.text.utf8 import utf8

#: The kinds of keys.
LINE_KEY, TEMPLATE_KEY, SENTENCE_KEY = 0, 1, 2

#: Bytes of the longest line that has a template. Boilerplate with a counter or a date is short.
MAX_TEMPLATE_BYTES: Final = 120


def line_keys(frame: pl.DataFrame, *, lexicon: Lexicon, max_characters: int = 400) -> pl.DataFrame:
    """The keys of a frame: row (UInt32), line (the hash, UInt64), kind (UInt8) and start (UInt32).

    - LINE_KEY: a paragraph of at most `max_characters` characters, folded (`folding.line_hashes`);
    - TEMPLATE_KEY: the template of such a paragraph, if it has digits or dates and at most MAX_TEMPLATE_BYTES bytes
      (`templates.template_hashes`);
    - SENTENCE_KEY: the last sentence of a paragraph, if it asks for something (`closing_sentences`); `start` is the
      byte at which it starts, and 0 for the other kinds.

    Paragraphs without a text or a source have no keys. The result is ordered by kind, then by row.
    """
    text, source = frame.get_column("text").fill_null(""), frame.get_column("source")
    size, texts = text.str.len_bytes(), utf8(text)
    counted = (size > 0) & source.is_not_null()
    short = (counted & (size <= max_characters)).scatter(
        rows := (counted & size.is_between(max_characters + 1, 4 * max_characters)).arg_true(),
        text.gather(rows).str.len_chars() <= max_characters,  # characters need counting in few texts only
    )
    lines, brief = (mask.arg_true() for mask in (short, short & (size <= MAX_TEMPLATE_BYTES)))
    found = closing_sentences(text, lexicon, texts)
    found = found.filter(counted.gather(found.get_column("row")))
    return pl.concat(
        [
            _keys(LINE_KEY, lines, hashes_of_rows(text, texts, _places(lines))),
            _keys(TEMPLATE_KEY, brief, templates_of_rows(text, texts, _places(brief), lexicon)).drop_nulls(
                "line"
            ),
            _keys(
                SENTENCE_KEY,
                found.get_column("row"),
                sentence_hashes(found.get_column("sentence")),
                found.get_column("start"),
            ),
        ]
    )


def _places(rows: pl.Series) -> I64:
    return rows.to_numpy().astype(np.int64)


def _keys(kind: int, rows: pl.Series, line: pl.Series, start: pl.Series | None = None) -> pl.DataFrame:
    return pl.DataFrame([rows.cast(pl.UInt32).alias("row"), line.alias("line")]).with_columns(
        pl.lit(kind, pl.UInt8).alias("kind"),
        (pl.lit(0, pl.UInt32) if start is None else start.cast(pl.UInt32)).alias("start"),
    )
