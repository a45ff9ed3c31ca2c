"""A prefilter for lines that may repeat one headline, so that only few need an exact comparison.

A line that begins or ends with a headline, punctuation and case aside, has the same letters and digits at that end. The
prefilter compares only these, and treats characters that it cannot fold as equal to any.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.derived import of_characters
from cleaners.kernels import I64, U8, U32, Written, helper, kernel
from cleaners.text.folding import NOT_PLAIN, plain_characters
from cleaners.text.tokens import SEPARATOR, SPACE, character_classes, code_point
from cleaners.text.utf8 import utf8

MAX_LETTERS: Final = 32  # compared at each end
TITLE, FIRST = 0, 1  # what a line is compared with: the title, the document's first line
HEAD, TAIL = 0, 1  # the ends of a line


def same_ends(lines: pl.DataFrame) -> pl.Series:
    """Whether each line begins, or ends, as its document's title does, or as the document's first line does (Boolean).

    `lines` has the columns document (integer, rows of a document together), title and text (never null). The first and
    the last MAX_LETTERS letters, marks and digits are compared with case folded, or as many as the shorter line has.
    From the first character on that is not plain (see `cleaners.text.folding`), a line equals any other. So there are
    false positives, but no false negatives.

    All rows of a document are False if at most one of its lines equals the title and only the first line equals itself:
    then nothing is repeated. In any other document, the first line with a letter or digit is True.
    """
    first = np.flatnonzero(np.diff(lines.get_column("document").to_numpy(), prepend=-1))
    titles = lines.get_column("title").gather(first).fill_null("")
    starts = np.append(first, len(lines))
    found = _same_ends(*utf8(lines.get_column("text")), *utf8(titles), starts, _letters())
    return pl.Series(found, dtype=pl.Boolean)


@of_characters
def _letters() -> U32:
    """A table over all code points: the folded letter or digit, 0 if it is neither, NOT_PLAIN if it is not plain."""
    letters = plain_characters().copy()
    plain = np.flatnonzero(letters != NOT_PLAIN)
    classes = character_classes()[letters[plain]]
    letters[plain[np.isin(classes, (SEPARATOR, SPACE))]] = 0
    return letters


@helper
def _end(text: U8, side: int, letters: U32, end: Written[U32]) -> int:
    """Writes the letters of one end of a text to `end`, outermost first; returns how many are certain, -1 for none."""
    count = 0
    at = 0 if side == HEAD else len(text)
    while at < len(text) if side == HEAD else at > 0:
        if side == TAIL:
            at -= 1
            while text[at] & 0xC0 == 0x80:
                at -= 1
        code, width = np.int64(text[at]), 1
        if code >= 0x80:
            code, width = code_point(text, at)
        letter = letters[code]
        if letter == NOT_PLAIN:  # a combining mark would change the letter before it
            return count - 1 if count > 1 else -1
        if count == MAX_LETTERS:
            return count
        if letter:
            end[count] = letter
            count += 1
        if side == HEAD:
            at += width
    return count


@kernel
def _same_ends(data: U8, offsets: I64, titles: U8, title_offsets: I64, starts: I64, letters: U32) -> Any:
    found = np.zeros(len(offsets) - 1, np.bool_)
    ends, counts = np.zeros((2, 2, MAX_LETTERS), np.uint32), np.zeros((2, 2), np.int64)
    for document in range(len(starts) - 1):
        title = titles[title_offsets[document] : title_offsets[document + 1]]
        for side in (HEAD, TAIL):
            counts[TITLE, side] = _end(title, side, letters, ends[TITLE, side])
            counts[FIRST, side] = 0
        as_title = as_first = 0
        for line in range(starts[document], starts[document + 1]):
            start, stop = offsets[line], offsets[line + 1]
            if counts[FIRST, HEAD] == 0:
                for side in (HEAD, TAIL):
                    counts[FIRST, side] = _end(data[start:stop], side, letters, ends[FIRST, side])
            like_title = like_first = False
            for side in (HEAD, TAIL):  # stop reading where the line differs from both
                titled, first = counts[TITLE, side], counts[FIRST, side]
                one, other = titled != 0, first != 0
                still_one, still_other, count = one, other, 0
                at = start if side == HEAD else stop
                while (one or other) and (at < stop if side == HEAD else at > start):
                    if side == TAIL:
                        at -= 1
                        while data[at] & 0xC0 == 0x80:
                            at -= 1
                    code, width = np.int64(data[at]), 1
                    if code >= 0x80:
                        code, width = code_point(data, at)
                    letter = letters[code]
                    if letter == NOT_PLAIN:  # it may be a mark that changes the letter before it
                        still_one, still_other, count = one, other, 1
                        break
                    one, other = still_one, still_other
                    if count == MAX_LETTERS:
                        break
                    if letter:
                        still_one &= count >= titled or letter == ends[TITLE, side, count]
                        still_other &= count >= first or letter == ends[FIRST, side, count]
                        count += 1
                    if side == HEAD:
                        at += width
                like_title |= still_one and (count > 0 or titled < 0)
                like_first |= still_other and (count > 0 or first < 0)
            as_title += like_title
            as_first += like_first
            found[line] = like_title or like_first
        if as_title < 2 and as_first < 2:
            found[starts[document] : starts[document + 1]] = False
    return found
