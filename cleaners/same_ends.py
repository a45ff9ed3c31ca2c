"""Lines that may be printings of one headline: a first look, so that few are looked at closely.

What begins or ends with a headline, punctuation and case aside, has the same letters and figures there. This asks no
more of two lines, looks at nothing but their ends, and takes whatever it cannot read for the same.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.folding import NOT_PLAIN, plain_characters, utf8
from cleaners.tokens import I64, SEPARATOR, SPACE, U8, U32, character_classes, code_point, kernel

LETTERS: Final = 8


def same_ends(lines: pl.DataFrame) -> pl.Series:
    """Whether each line begins, or ends, as its document's title does, or as the document's first line does (Boolean).

    `lines` has the columns document (numbers; its rows together), title and text; a text is never null. Compared are
    the first and the last LETTERS letters, marks and figures, or as many as the shorter line has, their case folded. A
    line in which another than a plain character comes before them equals any other, so that lines may be named that are
    not the same, but none is left out that is. None is named in a document of which only one line equals its title,
    and only the first itself its first; of any other, the first line that has a letter or figure is named.
    """
    first = lines.get_column("document").is_first_distinct()
    titles = lines.get_column("title").filter(first).fill_null("")
    starts = np.append(first.arg_true().to_numpy(), len(lines)).astype(np.int64)
    found = _same_ends(
        *utf8(lines.get_column("text")), *utf8(titles), starts, plain_characters(), character_classes()
    )
    return pl.Series(found, dtype=pl.Boolean)


@kernel
def _end(data: U8, start: int, stop: int, step: int, folds: U32, classes: U8, letters: U32) -> int:
    """Writes the first letters to `letters`, or by a step of -1 the last; how many, or -1 if they cannot be told."""
    count = 0
    at = start if step > 0 else stop
    while start < at if step < 0 else at < stop:
        if step < 0:
            at -= 1
            while data[at] & 0xC0 == 0x80:
                at -= 1
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
        folded = folds[code]
        if folded == NOT_PLAIN:  # as a combining mark it would change the letter before it
            return -1
        if count == LETTERS:
            return count
        if classes[folded] not in (SEPARATOR, SPACE):
            letters[count] = folded
            count += 1
        if step > 0:
            at += width
    return count


@kernel
def _same(one: U32, ones: int, other: U32, others: int) -> bool:
    """Whether two ends agree as far as the shorter goes; one without a letter agrees with none."""
    if ones < 0 or others < 0:
        return True
    shorter = min(ones, others)
    for i in range(shorter):
        if one[i] != other[i]:
            return False
    return shorter > 0


@kernel
def _same_ends(
    data: U8, offsets: I64, titles: U8, title_offsets: I64, starts: I64, folds: U32, classes: U8
) -> Any:
    found = np.zeros(len(offsets) - 1, np.bool_)
    head, tail, title_head, title_tail, first_head, first_tail = np.zeros((6, LETTERS), np.uint32)
    for document in range(len(starts) - 1):
        start, stop = title_offsets[document], title_offsets[document + 1]
        title_heads = _end(titles, start, stop, 1, folds, classes, title_head)
        title_tails = _end(titles, start, stop, -1, folds, classes, title_tail)
        first_heads = first_tails = 0
        as_title = as_first = 0
        for line in range(starts[document], starts[document + 1]):
            start, stop = offsets[line], offsets[line + 1]
            heads = _end(data, start, stop, 1, folds, classes, head)
            tails = _end(data, start, stop, -1, folds, classes, tail)
            if first_heads == 0:
                first_heads, first_tails = heads, tails
                first_head[:], first_tail[:] = head, tail
            if _same(head, heads, title_head, title_heads) or _same(tail, tails, title_tail, title_tails):
                as_title += 1
                found[line] = True
            if _same(head, heads, first_head, first_heads) or _same(tail, tails, first_tail, first_tails):
                as_first += 1
                found[line] = True
        if as_title < 2 and as_first < 2:
            found[starts[document] : starts[document + 1]] = False
    return found
