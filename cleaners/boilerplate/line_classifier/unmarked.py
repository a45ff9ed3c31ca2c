"""Documents without marked lines: a cheap test rules most of them out, so that their words need not be compared.

It reads little more than how each line begins and ends. `exemptions` say which lines are removable; of their reasons,
this test knows those that need neither vocabulary nor neighbours.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaners.boilerplate.line_classifier import shape as c
from cleaners.boilerplate.line_classifier.exemptions import (
    BOTTOM_LINES,
    CAPITAL_LETTERS,
    FEW_LINES,
    MAX_PAGE_PROSE,
    TOP_LINES,
)
from cleaners.boilerplate.line_classifier.shape import END_STOP, count_line, is_prose, is_short
from cleaners.kernels import I32, I64, U8, U32, U64, Rows, Written, kernel
from cleaners.text.prose import SENTENCE_WORDS

_SPACE, _FULL_STOP, _A, _Z = b" .az"
_CLOSING: Final = tuple(b"\"')]")
_QUOTE_1, _QUOTE_2 = "”".encode()[:2]
_QUOTES_3: Final = tuple(mark.encode()[2] for mark in "”’")
#: Bytes in which the first words of a sentence are looked for; longer words only make the test slower.
_BEGINNING: Final = 64
_ROUNDING: Final = 0.01


@kernel
def may_hold_removable(
    data: U8, offsets: I64, classes: U8, lower: U32, counts: Written[Rows[I32]], words: Written[U64]
) -> bool:
    """Whether a document may have a line that is `removable`, given that no line is marked.

    `data` and `offsets` are the lines of the document. `counts`, a row for each of them, and `words` are overwritten.
    """
    lines = len(offsets) - 1
    if lines <= 2:
        return False
    prose, doubtful = np.zeros(lines, np.bool_), np.zeros(lines, np.bool_)
    for n in range(lines):
        line = (n + lines - BOTTOM_LINES) % lines  # the last lines first: they are in doubt most often
        start, stop = offsets[line], offsets[line + 1]
        # a line that ends with a full stop stays
        if _ends_sentence(data, start, stop) and _has_words(data, start, stop):
            prose[line] = True
            continue
        own = counts[line]
        count_line(data, start, stop, classes, lower, own, words)
        prose[line] = is_prose(own)
        if not is_short(own) or own[c.ENDING] == END_STOP:
            continue
        doubtful[line] = True
        is_edge = line < TOP_LINES or lines - 1 - line < BOTTOM_LINES
        if own[c.ADDRESSES] + own[c.SEPARATORS] > 0 or _is_capitals(own) or (is_edge and lines >= FEW_LINES):
            return True
    if not doubtful.any():
        return False
    of_prose = np.flatnonzero(prose)
    if len(of_prose) < MAX_PAGE_PROSE * lines:
        return True
    return bool(doubtful[: of_prose[0] + 1].any() or doubtful[of_prose[-1] :].any())


@kernel
def _is_capitals(counts: I32) -> bool:
    """Whether more letters are capitals than CAPITAL_LETTERS, or about as many."""
    cased = counts[c.LETTERS] - counts[c.CASELESS]
    capitals: bool = cased > 0 and counts[c.UPPERS] >= CAPITAL_LETTERS * cased - _ROUNDING
    return capitals


@kernel
def _ends_sentence(data: U8, start: int, stop: int) -> bool:
    """Whether a line ends with an ASCII letter or digit and one full stop, before any closing quotes and brackets.

    Other lines may end a sentence, too: this is only the usual way.
    """
    at = stop
    while at - start > 3:
        if data[at - 1] in _CLOSING:
            at -= 1
        elif data[at - 3] == _QUOTE_1 and data[at - 2] == _QUOTE_2 and data[at - 1] in _QUOTES_3:
            at -= 3
        else:
            break
    if at - start < 2 or data[at - 1] != _FULL_STOP:
        return False
    before = data[at - 2]
    return bool(_A <= before | 0x20 <= _Z or 0x30 <= before <= 0x39)


@kernel
def _has_words(data: U8, start: int, stop: int) -> bool:
    """Whether a line begins with at least SENTENCE_WORDS words of ASCII letters."""
    found, begins = 0, True
    for at in range(start, min(stop, start + _BEGINNING)):
        found += begins and _A <= data[at] | 0x20 <= _Z
        begins = data[at] == _SPACE
    return bool(found >= SENTENCE_WORDS)
