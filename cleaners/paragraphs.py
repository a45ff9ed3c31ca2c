"""The frame that every cleaner takes and returns: one row is one paragraph.

Cleaners know two verbs. `rewrite` changes `text` and records what it did in `before` and `fixes`. `remove` fills
`reason`, `rule` and `detail` on rows that no earlier cleaner removed. No cleaner drops, adds or reorders rows. So the
frame always shows what was removed and why, and how each paragraph read originally.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.kernels import I64
from cleaners.pipeline import REASONS
from cleaners.text.same_text import differs_beyond_white_space
from cleaners.text.white_space import LINE_BREAK, WHITE_SPACE
from cleaners.text.wrapping import unwrap

SCHEMA: Final[dict[str, pl.DataType]] = {
    "document": pl.UInt32(),  # its row in the table of documents; the paragraphs of a document stand together
    "position": pl.UInt32(),  # of the paragraph in its document, from 0
    "text": pl.String(),
    "before": pl.String(),  # the original text if a rewrite changed more than white space; else null
    "fixes": pl.List(pl.String()),  # names of the rewrites, in the order they were made; else null
    "reason": pl.String(),  # one of REASONS, null while the paragraph is kept
    "rule": pl.String(),  # which rule of the cleaner removed it; stable, made for `group_by`
    "detail": pl.String(),  # what varies from row to row: scores, counts; else null
    "duplicate_of_document_id": pl.String(),  # the witness of a near-duplicate
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
    "protected": pl.Boolean(),  # whether a person restored this text, so that no cleaner may remove it
    "source": pl.String(),  # source, title and language of the document, for cleaners that need them
    "title": pl.String(),
    "language": pl.String(),
}

_EMPTY_AT_FIRST: Final = (
    *("before", "fixes", "reason", "rule", "detail"),
    *("duplicate_of_document_id", "duplicate_of_position", "jaccard"),
)

#: Stripped from the ends of a line. Not so a no-break space, which may be half of a damaged letter; repair strips it.
_MARGIN: Final = WHITE_SPACE.replace("\xa0", "")
_OTHER_BREAK: Final = r"[\r\u{85}\u{2028}\u{2029}]"  # all but LF


def to_paragraphs(documents: pl.DataFrame) -> pl.DataFrame:
    """A frame with one row per paragraph, in the order of `documents`, and the columns of `SCHEMA`.

    `documents` has the columns text, source, title and language. A paragraph is a line that holds more
    than white space. White space at its ends is stripped, except no-break spaces. CR LF, LF, CR, NEL, U+2028 and
    U+2029 end a line.

    Text that was wrapped to a fixed width, as in mail and in the books of Project Gutenberg, is joined by single
    spaces. A run of non-empty lines counts as wrapped if all of this holds:

    - it has at least 3 lines, and the longest has 40 to 100 characters (the width);
    - every line but the last is full: it has at least 60 % of the width, and the first word of the next line would have
      made it longer than 85 % of the width (not 100 %, because people break lines early);
    - every line but the last has three words or more, and no line begins with `>` or `|` (quoted mail, tables);
    - at least a third of the lines after the first, and at least one, begin with a lower-case letter or a letter of a
      script without case.

    >>> frame = to_paragraphs(pl.DataFrame({"text": ["One.\\r\\n\\r\\n  Two. ", "", "Three."], "source": [None] * 3,
    ...                                     "title": [None] * 3, "language": [None] * 3}))
    >>> frame.select("document", "position", "text").rows()
    [(0, 0, 'One.'), (0, 1, 'Two.'), (2, 0, 'Three.')]
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
    of_line = pl.Series("document", document, pl.UInt32)
    return documents.select(
        of_line,
        pl.col("source", "title", "language").gather(of_line),
        pl.Series("position", place, pl.UInt32),
        lines.alias("text"),
        pl.lit(False).alias("protected"),
        *(pl.lit(None, SCHEMA[name]).alias(name) for name in _EMPTY_AT_FIRST),
    ).select(*SCHEMA)


def document_starts(frame: pl.DataFrame) -> I64:
    """The first row of each document that has paragraphs, and at the end the number of rows: (documents + 1,).

    >>> document_starts(pl.DataFrame({"document": [0, 0, 3]})).tolist()
    [0, 2, 3]
    """
    document = frame.get_column("document").to_numpy()
    return np.append(np.flatnonzero(np.diff(document, prepend=-1)), len(document))


def _blank(lines: pl.Series) -> pl.Series:
    """Whether a stripped line holds only no-break spaces and other white space between them (Boolean)."""
    blank = lines.str.len_bytes() == 0
    rows = lines.str.starts_with("\xa0").arg_true()
    return blank.scatter(rows, lines.gather(rows).str.strip_chars(WHITE_SPACE) == "")


def rewrite(frame: pl.DataFrame, text: pl.Series, fixes: pl.Series) -> pl.DataFrame:
    """The frame with a new `text`, and with `before` and `fixes` filled where more than white space changed.

    `text` (String) and `fixes` (List(String), null where nothing was done) have one value per row. A later rewrite
    keeps the `before` of the first one and appends its fixes. Protected rows stay: a rewrite may remove a part of them.
    Raises ValueError if a new text contains a line break.

    >>> documents = pl.DataFrame({"text": ["Tom &amp; Ann\\nFine"], "title": [None],
    ...                           "source": [None], "language": [None]})
    >>> text, fixes = pl.Series(["Tom & Ann", "Fine"]), pl.Series([["unescape_html"], None])
    >>> frame = rewrite(to_paragraphs(documents), text, fixes)
    >>> frame.select("text", "before", "fixes").rows()
    [('Tom & Ann', 'Tom &amp; Ann', ['unescape_html']), ('Fine', None, None)]
    """
    rows = frame.get_column("text").ne_missing(text).arg_true()  # most rows do not change
    return rewrite_rows(frame, rows, text.gather(rows), fixes.gather(rows))


def rewrite_rows(frame: pl.DataFrame, rows: pl.Series, text: pl.Series, fixes: pl.Series) -> pl.DataFrame:
    """The frame after `rewrite` of `rows`, places in the frame, only: `text` and `fixes` have one value for each.

    Raises ValueError if a new text contains a line break.
    """
    free = ~frame.get_column("protected").gather(rows)
    rows, new, fixes = rows.filter(free), text.filter(free), fixes.filter(free)
    if new.str.contains(LINE_BREAK).any():
        raise ValueError("a rewrite may not create a line break")
    every, known, done = (frame.get_column(name) for name in ("text", "before", "fixes"))
    old = every.gather(rows)
    changed = differs_beyond_white_space(old, new)
    every = every.scatter(rows, new)
    rows, old, fixes = rows.filter(changed), old.filter(changed), fixes.filter(changed)
    is_first = known.gather(rows).is_null()
    more = pl.DataFrame([done.gather(rows).alias("done"), fixes.alias("more")]).select(
        pl.concat_list(pl.col("done", "more").fill_null([])).alias("fixes")
    )
    # per row, the place of its list of fixes: an old one, or one of the new ones, which come after all the old
    place = np.arange(len(frame))
    place[rows.to_numpy()] = len(frame) + np.arange(len(rows))
    return frame.with_columns(
        every,
        known.scatter(rows.filter(is_first), old.filter(is_first)),
        pl.concat([done, more.get_column("fixes")], rechunk=True).gather(pl.Series(place)),
    )


def remove(
    frame: pl.DataFrame,
    where: pl.Series,
    reason: str,
    rule: pl.Series | str,
    detail: pl.Series | str | None = None,
) -> pl.DataFrame:
    """The frame with `reason`, `rule` and `detail` filled where `where` is True and no reason stands yet.

    Protected rows stay. `where` is Boolean, null counts as False. `rule` and `detail` are one value for all rows, or a
    series with one per row of the frame. Raises ValueError if `reason` is none of REASONS.

    >>> documents = pl.DataFrame({"text": ["Share this\\nIt rained."], "title": [None],
    ...                           "source": [None], "language": [None]})
    >>> frame = remove(to_paragraphs(documents), pl.Series([True, False]), "boilerplate", "share bar")
    >>> frame = remove(frame, pl.Series([True, True]), "too_short", "words")  # overwrites nothing
    >>> frame.select("text", "reason", "rule").rows()
    [('Share this', 'boilerplate', 'share bar'), ('It rained.', 'too_short', 'words')]
    """
    place = where.fill_null(False).arg_true()
    rows = pl.DataFrame([place.alias("row")]).with_columns(
        (value.gather(place) if isinstance(value, pl.Series) else pl.lit(value, pl.String)).alias(name)
        for name, value in (("rule", rule), ("detail", detail))
    )
    return remove_rows(frame, rows, reason)


def remove_rows(frame: pl.DataFrame, rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    """The frame after `remove` for the rows listed in `rows`.

    `rows` has the columns row (place in the frame), rule and optionally detail. Raises ValueError if `reason` is none
    of REASONS.
    """
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is not a reason; one of {', '.join(REASONS)} is wanted")
    place = rows.get_column("row")
    rows = rows.filter(
        frame.get_column("reason").gather(place).is_null() & ~frame.get_column("protected").gather(place)
    )
    if rows.is_empty():
        return frame
    filled = rows.select(pl.lit(reason).alias("reason"), pl.col("^(rule|detail)$"))
    return frame.with_columns(
        frame.get_column(value.name).scatter(rows.get_column("row"), value) for value in filled
    )
