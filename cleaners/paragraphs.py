"""The frame that every cleaner takes and returns: one row is one paragraph.

Cleaners know two verbs. `rewrite` changes `text` and remembers in `before` and `fixes` what it did; `remove` fills
`reason` and `rule` where no earlier cleaner has. No cleaner drops, adds or reorders a row, so the frame tells at any
time what was removed, why, and what every paragraph looked like when it came in.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.text.same_text import differs_beyond_white_space
from cleaners.text.white_space import LINE_BREAK, WHITE_SPACE
from cleaners.text.wrapping import unwrap

SCHEMA: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "position": pl.UInt32(),  # 0-based place of the paragraph in its document
    "text": pl.String(),
    "before": pl.String(),  # the text as it was read, where a rewrite changed more than white space; else null
    "fixes": pl.List(pl.String()),  # names of the rewrites, in the order in which they were made; else null
    "reason": pl.String(),  # one of REASONS, null while the paragraph is kept
    "rule": pl.String(),  # what within the cleaner removed it, in words
    "duplicate_of_document_id": pl.String(),  # the witness of a near-duplicate
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
    "source": pl.String(),  # of the document, for cleaners that look at it
    "title": pl.String(),
    "language": pl.String(),
}

REASONS: Final = (
    "repeated_headline",
    "related_articles",
    "boilerplate",
    "repeated_line",
    "duplicate",
    "duplicate_document",
    "too_short",
)

#: At the ends of a line; a no-break space may be the second half of a damaged letter, and repair strips it later.
_MARGIN: Final = WHITE_SPACE.replace("\xa0", "")
_OTHER_BREAK: Final = r"[\r\u{85}\u{2028}\u{2029}]"  # than LF


def to_paragraphs(documents: pl.DataFrame) -> pl.DataFrame:
    """One row a paragraph, in the order of `documents`, with the columns of `SCHEMA`.

    `documents` has the columns document_id, text, source, title and language. A paragraph is a line that holds more
    than white space, stripped of the white space around it (but for no-break spaces); CR LF, LF, CR, NEL, U+2028 and
    U+2029 end a line.

    Lines are joined by single spaces where a text was wrapped to a width, as mail and Project Gutenberg's books are.
    A run of non-empty lines is taken to be wrapped if all of this holds:

    - it has at least 3 lines, the longest of 40 to 100 characters (the width);
    - every line but the last is full: the first word of the next line would have made it longer than 85 % of the
      width (people break lines early), and it is itself at least 60 % of the width;
    - every line but the last has three words or more, and none begins with `>` or `|` (quoted mail, tables);
    - of the lines after the first at least a third, and one at the least, begin with a lower-case letter, or with a
      letter of a script that has no case.

    >>> frame = to_paragraphs(pl.DataFrame({"document_id": ["a"], "text": ["One.\\r\\n\\r\\n  Two. "],
    ...                                     "source": [None], "title": [None], "language": [None]}))
    >>> frame.select("position", "text").rows()
    [(0, 'One.'), (1, 'Two.')]
    """
    text = documents.get_column("text").fill_null("")
    broken = text.str.contains(_OTHER_BREAK).arg_true()
    if len(broken):
        text = text.scatter(broken, text.gather(broken).str.replace_all(LINE_BREAK, "\n"))
    split = text.str.split("\n")
    document = np.repeat(np.arange(len(split), dtype=np.uint32), split.list.len().to_numpy())
    lines = split.explode(empty_as_null=False)
    filled = (lines.str.len_bytes() > 0).arg_true()
    lines = lines.gather(filled).str.strip_chars(_MARGIN)
    blank = _blank(lines)
    if blank.any():
        filled, lines = filled.filter(~blank), lines.filter(~blank)
    document, number = document[filled.to_numpy()], filled.to_numpy()
    # a blank line, or the next document, begins a new run
    begins = (np.diff(number, prepend=-2) > 1) | (np.diff(document, prepend=-1) > 0)
    lines, whole = unwrap(lines, np.flatnonzero(begins))
    document = document[whole]
    first = np.flatnonzero(np.diff(document, prepend=-1))
    place = np.arange(len(document)) - np.repeat(first, np.diff(first, append=len(document)))
    return documents.select(
        pl.col("document_id", "source", "title", "language").gather(pl.Series(document)),
        pl.Series("position", place, pl.UInt32),
        lines.alias("text"),
        *(pl.lit(None, SCHEMA[name]).alias(name) for name in list(SCHEMA)[3:10]),
    ).select(*SCHEMA)


def _blank(lines: pl.Series) -> pl.Series:
    """Whether of the stripped lines nothing is left but no-break spaces, with white space between them."""
    blank = lines.str.len_bytes() == 0
    rows = lines.str.starts_with("\xa0").arg_true()
    return blank.scatter(rows, lines.gather(rows).str.strip_chars(WHITE_SPACE) == "")


def rewrite(frame: pl.DataFrame, text: pl.Series, fixes: pl.Series) -> pl.DataFrame:
    """The frame with `text` in place of its own; where more than white space changed, `before` and `fixes` say so.

    `text` (String) and `fixes` (List(String), null where nothing was done) have a value for each row. A second rewrite
    leaves the `before` of the first and adds its fixes. Raises ValueError if a new text contains a line break.
    """
    old, new = frame.get_column("text"), text.alias("text")
    # only rows that differ are looked at: most do not
    rows = old.ne_missing(new).arg_true()
    if new.gather(rows).str.contains(LINE_BREAK).any():
        raise ValueError("a rewrite may not create a line break")
    rows = rows.filter(differs_beyond_white_space(old.gather(rows), new.gather(rows)))
    known, done = frame.get_column("before"), frame.get_column("fixes")
    first = rows.filter(known.gather(rows).is_null())
    more = pl.DataFrame([done.gather(rows).alias("done"), fixes.gather(rows).alias("more")]).select(
        pl.concat_list(pl.col("done", "more").fill_null([])).alias("fixes")
    )
    # row by row the list that was there, or behind all of these the new one
    place = np.arange(len(frame))
    place[rows.to_numpy()] = len(frame) + np.arange(len(rows))
    return frame.with_columns(
        new,
        known.scatter(first, old.gather(first)),
        pl.concat([done, more.get_column("fixes")], rechunk=True).gather(pl.Series(place)),
    )


def remove(frame: pl.DataFrame, where: pl.Series, reason: str, rule: pl.Series | str) -> pl.DataFrame:
    """The frame with `reason` and `rule` filled on the rows of `where` that have no reason yet.

    `where` is Boolean (null counts as False); `rule` is one text for all rows, or one a row. Raises ValueError if
    `reason` is none of REASONS.
    """
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is not a reason; one of {', '.join(REASONS)} is wanted")
    removed = (where.fill_null(False) & frame.get_column("reason").is_null()).arg_true()
    if removed.is_empty():
        return frame
    return frame.with_columns(
        frame.get_column("reason").scatter(removed, reason),
        frame.get_column("rule").scatter(removed, rule if isinstance(rule, str) else rule.gather(removed)),
    )


def split_removed(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, removed): the rows without a reason and with one, each in the frame's order."""
    return frame.filter(pl.col("reason").is_null()), frame.filter(pl.col("reason").is_not_null())
