"""Boilerplate inside a paragraph: the paragraph stays, without it.

`inline_boilerplate` takes out what shows by its shape alone what it is (`inline_shapes`). `repeated_inline_boilerplate`
takes out the last sentences that a source prints after many different ones, as the memory of `line_counts`
tells.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.paragraphs import remove, rewrite
from cleaners.repeated_line.closing_sentences import closing_sentences, sentence_hashes, what_stands_before
from cleaners.repeated_line.count_tables import enough_bodies
from cleaners.repeated_line.inline_patterns import BRACKETS, GLANCE, HINTS, HINTS_IN_BRACKETS
from cleaners.repeated_line.inline_shapes import SHAPES, without_inline_boilerplate
from cleaners.repeated_line.line_keys import SENTENCE

FIX: Final = "inline_boilerplate"
#: A paragraph that is nothing but boilerplate is removed, for the reason of boilerplate lines.
REASON: Final = "boilerplate"

#: In so many documents a last sentence must stand, each time after another, and in one of so many of `min_share`.
FEW_DOCUMENTS: Final = 3
SHARE: Final = 5
#: Up to so many documents what stands before it must differ in each.
ALL_DIFFERENT: Final = 5


def inline_boilerplate(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the boilerplate taken out of its paragraphs that shows by its shape what it is.

    Only paragraphs that no cleaner has removed are looked at. One of which no letter or figure would be left stays as
    it is, and is removed: its rule names the shape, as in "nothing but shortcodes".
    """
    text = frame.get_column("text")
    rows = _with_hints(text)
    rows = rows.filter(frame.get_column("reason").gather(rows).is_null())
    old = text.gather(rows)
    new = pl.Series([without_inline_boilerplate(one) for one in old], dtype=pl.String)
    changed = old != new
    rows, old, new = rows.filter(changed), old.filter(changed), new.filter(changed)
    emptied = ~new.str.contains(r"[\p{L}\p{N}]")
    gone = rows.filter(emptied)
    if len(gone):
        rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
            gone, pl.Series([_rule(one) for one in old.filter(emptied)], dtype=pl.String)
        )
        frame = remove(frame, rule.is_not_null(), REASON, rule)
    return rewritten(frame, rows.filter(~emptied), new.filter(~emptied))


def _with_hints(text: pl.Series) -> pl.Series:
    """The rows, in their order, of the texts that may hold what one of `SHAPES` takes out."""
    found = []
    for glance, hints in ((GLANCE, HINTS), (BRACKETS, HINTS_IN_BRACKETS)):
        rows = text.str.contains(glance).fill_null(False).arg_true()
        found.append(rows.filter(text.gather(rows).str.contains(hints)))
    return pl.concat(found).unique().sort()


def repeated_inline_boilerplate(
    frame: pl.DataFrame, table: pl.DataFrame, *, keys: pl.DataFrame, min_share: float = 0.01
) -> pl.DataFrame:
    """The frame without the last sentences that its source prints in many documents, after different ones.

    `table` is a merged table of `sites.counts.count`, `keys` what `sites.keys.line_keys` tells of the frame. The
    sentence has one of `closing_sentences.PLEAS` in it, is in at
    least FEW_DOCUMENTS documents and a share of one in SHARE of `min_share`, and stood after about as many different
    texts. Of several at the end of one paragraph all are taken out.
    """
    totals = table.filter(pl.col("line").is_null()).select("source", pl.col("documents").alias("of"))
    known = (
        table.filter(pl.col("line").is_not_null() & (pl.col("documents") >= FEW_DOCUMENTS))
        .join(totals, on="source", how="inner")
        .filter((pl.col("documents") >= min_share / SHARE * pl.col("of")) & enough_bodies(ALL_DIFFERENT))
        .select("source", "line")
    )
    if known.is_empty():
        return frame
    text, source = frame.get_column("text"), frame.get_column("source")
    changed = pl.Series([], dtype=pl.UInt32)
    found = keys.filter(kind=SENTENCE).select("row", "line", "start")
    while len(found):
        rows = found.get_column("row")
        found = (
            found.with_columns(
                source.gather(rows), text.gather(rows), frame.get_column("reason").gather(rows)
            )
            .filter(pl.col("reason").is_null())
            .join(known, on=["source", "line"], how="semi", maintain_order="left")
            .with_columns(what_stands_before(pl.col("text"), pl.col("start")).alias("text"))
        )
        rows = found.get_column("row")
        text = text.scatter(rows, found.get_column("text"))
        changed = pl.concat([changed, rows])
        again = closing_sentences(text.gather(rows))  # there may be another before it
        found = again.select(
            rows.gather(again.get_column("row")).alias("row"),
            sentence_hashes(again.get_column("sentence")).alias("line"),
            "start",
        )
    changed = changed.unique().sort()
    return rewritten(frame, changed, text.gather(changed))


def rewritten(frame: pl.DataFrame, rows: pl.Series, new: pl.Series) -> pl.DataFrame:
    """The frame with `text` in place of that of these rows, which boilerplate was taken out of."""
    if rows.is_empty():
        return frame
    changed = pl.repeat(False, len(frame), eager=True).scatter(rows, True)
    fixes = pl.select(pl.when(changed).then(pl.lit([FIX], pl.List(pl.String)))).to_series()
    return rewrite(frame, frame.get_column("text").scatter(rows, new), fixes)


def _rule(text: str) -> str:
    """The first shape that is found in a text that is nothing but boilerplate."""
    names = [shape.__name__.replace("_", " ") for shape in SHAPES if shape(text) != text]
    return f"nothing but {names[0]}"
