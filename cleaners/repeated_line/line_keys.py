"""What is counted of a frame, and looked up again: its short lines, their templates, and closing sentences, by hash."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.repeated_line.closing_sentences import closing_sentences, sentence_hashes
from cleaners.repeated_line.templates import template_hashes
from cleaners.text.folding import line_hashes

LINE, TEMPLATE, SENTENCE = 0, 1, 2

#: Bytes of the longest line that has a template: boilerplate with a counter or a date in it is short.
LONGEST_TEMPLATE: Final = 120


def line_keys(frame: pl.DataFrame, *, max_characters: int = 400) -> pl.DataFrame:
    """The lines of a frame that count for their source: row (UInt32), line (its hash, UInt64), kind and start.

    - LINE: a paragraph of at most `max_characters` characters, folded (`folding.line_hashes`);
    - TEMPLATE: of such one of LONGEST_TEMPLATE bytes at most the template, if it has figures or dates
      (`sites.templates.template_hashes`);
    - SENTENCE: the last sentence of a paragraph that asks for something, and the byte at which it starts
      (`closing_sentences`).

    Paragraphs without a text or a source have none. They come by kind, and row by row.
    """
    text, source = frame.get_column("text"), frame.get_column("source")
    size = text.str.len_bytes().fill_null(0)
    counted = (size > 0) & source.is_not_null()
    short = (counted & (size <= max_characters)).scatter(
        rows := (counted & size.is_between(max_characters + 1, 4 * max_characters)).arg_true(),
        text.gather(rows).str.len_chars() <= max_characters,  # of few the characters must be counted
    )
    lines, brief, all_of_them = (
        mask.arg_true() for mask in (short, short & (size <= LONGEST_TEMPLATE), counted)
    )
    found = closing_sentences(text.gather(all_of_them))
    return pl.concat(
        [
            _keys(LINE, lines, line_hashes(text.gather(lines))),
            _keys(TEMPLATE, brief, template_hashes(text.gather(brief))).drop_nulls("line"),
            _keys(
                SENTENCE,
                all_of_them.gather(found.get_column("row")),
                sentence_hashes(found.get_column("sentence")),
                found.get_column("start"),
            ),
        ]
    )


def _keys(kind: int, rows: pl.Series, line: pl.Series, start: pl.Series | None = None) -> pl.DataFrame:
    return pl.DataFrame([rows.cast(pl.UInt32).alias("row"), line.alias("line")]).with_columns(
        pl.lit(kind, pl.UInt8).alias("kind"),
        (pl.lit(0, pl.UInt32) if start is None else start.cast(pl.UInt32)).alias("start"),
    )
