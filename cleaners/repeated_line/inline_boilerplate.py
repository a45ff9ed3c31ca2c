"""Removal of boilerplate inside a paragraph, which otherwise stays.

`inline_boilerplate` removes spans that are recognised by shape alone (see `inline_shapes`).
`repeated_inline_boilerplate` removes closing sentences that a source prints after many different texts, by the counts
of `line_counts`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from cleaners.lexicon import Lexicon
from cleaners.paragraphs import remove, rewrite_rows
from cleaners.repeated_line.closing_sentences import closing_sentences, sentence_hashes, text_before
from cleaners.repeated_line.count_tables import enough_bodies
from cleaners.repeated_line.inline_patterns import inline_patterns
from cleaners.repeated_line.inline_prefilter import possible_shapes
from cleaners.repeated_line.inline_shapes import MAX_ROUNDS, SHAPES
from cleaners.repeated_line.line_keys import SENTENCE_KEY
from cleaners.repeated_line.whole_promo import promo_patterns, without_promo

FIX: Final = "inline_boilerplate"
#: The rule of a paragraph that is nothing but a promo.
NOTHING_ELSE: Final = "nothing but closing pleas"
#: The reason of a paragraph that is nothing but boilerplate: the same as for lines of boilerplate.
REASON: Final = "boilerplate"

#: A closing sentence must be in at least this many documents,
MIN_DOCUMENTS: Final = 3
#: and in a share of at least `min_share` divided by this.
SHARE_DIVISOR: Final = 5
#: In up to this many documents, the text before it must differ in each.
ALL_DIFFERENT_UP_TO: Final = 5


def inline_boilerplate(
    frame: pl.DataFrame, *, lexicon: Lexicon, closing_credits: bool = True
) -> pl.DataFrame:
    """The frame without the inline boilerplate that is recognised by shape alone.

    With `closing_credits` off, "(Reporting by ...; Editing by ...)" at the end of a paragraph stays.

    Paragraphs that a cleaner has removed are left alone. A paragraph that would keep no letter and no digit is not
    rewritten but removed; the rule names the shape, as in "nothing but shortcodes".

    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "The talks are over. (RELATED: Ferries stop) Boats sail."
    >>> documents = pl.DataFrame({"text": [text], "title": [None], "source": [None],
    ...                           "language": [None]})
    >>> inline_boilerplate(to_paragraphs(documents), lexicon=Lexicon(related_labels=("Related",)))["text"].to_list()
    ['The talks are over. Boats sail.']
    """
    if not closing_credits:
        lexicon = replace(lexicon, closing_credits=())
    text = frame.get_column("text")
    possible = possible_shapes(text.fill_null(""), lexicon)
    rows = ((possible > 0) & frame.get_column("reason").is_null() & text.is_not_null()).arg_true()
    old = text.gather(rows)
    new, shape = without_shapes(old, lexicon)
    changed = old != new
    rows, new, shape = rows.filter(changed), new.filter(changed), shape.filter(changed)
    emptied = ~new.str.contains(r"[\p{L}\p{N}]")
    gone = rows.filter(emptied)
    if len(gone):
        rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
            gone, "nothing but " + shape.filter(emptied)
        )
        frame = remove(frame, rule.is_not_null(), REASON, rule)
    return rewrite_rows(frame, rows.filter(~emptied), new.filter(~emptied), _fixes(int((~emptied).sum())))


def without_shapes(text: pl.Series, lexicon: Lexicon) -> tuple[pl.Series, pl.Series]:
    """The texts without any of `SHAPES`, and for each the name of the first one that was found, null if none was.

    All shapes are tried until nothing changes, because removing one may expose another.

    >>> text = pl.Series(["The talks are over. (RELATED: Ferries (All Of Them) Stop) Boats sail."])
    >>> new, shape = without_shapes(text, Lexicon(related_labels=("Related",)))
    >>> new.item(), shape.item()
    ('The talks are over. Boats sail.', 'bracketed teasers')
    """
    patterns, found = inline_patterns(lexicon), text.to_list()
    first: list[str | None] = [None] * len(found)
    possible = dict(enumerate(possible_shapes(text, lexicon)))
    for _ in range(MAX_ROUNDS):
        changed: dict[int, int] = {}
        for bit, shape in enumerate(SHAPES):
            tried = [row for row, shapes in possible.items() if shapes >> bit & 1]
            new = {row: new for row in tried if (new := shape(found[row], patterns)) != found[row]}
            for row, shorter in new.items():
                found[row], first[row] = shorter, first[row] or shape.__name__.replace("_", " ")
            if new:
                now_possible = possible_shapes(pl.Series(list(new.values())), lexicon)
                changed |= zip(new, now_possible, strict=True)
                possible |= changed
        possible = changed
        if not possible:
            break
    return pl.Series(found, dtype=pl.String), pl.Series(first, dtype=pl.String)


def repeated_inline_boilerplate(
    frame: pl.DataFrame, table: pl.DataFrame, *, keys: pl.DataFrame, lexicon: Lexicon, min_share: float = 0.01
) -> pl.DataFrame:
    """The frame without the closing sentences that a source prints in many documents, after different texts.

    `table` is a merged table of `line_counts.count_source_lines`, `keys` are the `line_keys.line_keys` of the frame.
    The sentence is a plea (`closing_sentences`), is in at least MIN_DOCUMENTS documents and a share of
    `min_share / SHARE_DIVISOR`, and was seen after about as many different texts. If a paragraph ends in several such
    sentences, all of them are removed, and the rest of their promo with them (`whole_promo`). A paragraph that is
    nothing but a promo is removed with the reason `boilerplate`.
    """
    totals = table.filter(pl.col("line").is_null()).select("source", pl.col("documents").alias("of"))
    known = (
        table.filter(pl.col("line").is_not_null() & (pl.col("documents") >= MIN_DOCUMENTS))
        .join(totals, on="source", how="inner")
        .filter(
            (pl.col("documents") >= min_share / SHARE_DIVISOR * pl.col("of"))
            & enough_bodies(ALL_DIFFERENT_UP_TO)
        )
        .select("source", "line")
    )
    if known.is_empty():
        return frame
    text, source = frame.get_column("text"), frame.get_column("source")
    changed = pl.Series([], dtype=pl.UInt32)
    found = keys.filter(kind=SENTENCE_KEY).select("row", "line", "start")
    while len(found):
        rows = found.get_column("row")
        found = (
            found.with_columns(
                source.gather(rows), text.gather(rows), frame.get_column("reason").gather(rows)
            )
            .filter(pl.col("reason").is_null())
            .join(known, on=["source", "line"], how="semi", maintain_order="left")
            .with_columns(text_before(pl.col("text"), pl.col("start")).alias("text"))
        )
        rows = found.get_column("row")
        text = text.scatter(rows, found.get_column("text"))
        changed = pl.concat([changed, rows])
        again = closing_sentences(text.gather(rows), lexicon)  # another one may precede it
        found = again.select(
            rows.gather(again.get_column("row")).alias("row"),
            sentence_hashes(again.get_column("sentence")).alias("line"),
            "start",
        )
    changed = changed.unique().sort()
    patterns, before = promo_patterns(lexicon), frame.get_column("text").gather(changed)
    kept = pl.Series(
        [
            without_promo(short, long[len(short) :], patterns)
            for short, long in zip(text.gather(changed), before, strict=True)
        ],
        dtype=pl.String,
    )
    gone = changed.filter(kept == "")
    if len(gone):
        rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(gone, NOTHING_ELSE)
        frame = remove(frame, rule.is_not_null(), REASON, rule)
    return rewrite_rows(
        frame, changed.filter(kept != ""), kept.filter(kept != ""), _fixes(int((kept != "").sum()))
    )


def _fixes(count: int) -> pl.Series:
    """The fix of this module, for each of `count` rows."""
    return pl.repeat([FIX], count, dtype=pl.List(pl.String), eager=True)
