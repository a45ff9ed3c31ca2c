"""Tables that an extractor printed cell by cell, a line each: "Utah", "68.4 %", "Texas", "61.0 %"."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.exemptions import Bools
from cleaners.kernels import I64
from cleaners.text.matching import matches

#: Columns of a table, at least and at most.
MIN_COLUMNS, MAX_COLUMNS = 2, 8
#: Rows of a table, at least.
MIN_ROWS: Final = 3
#: A cell lies at most this many lines from the others of the MIN_ROWS rows that show it to be one.
REACH: Final = MAX_COLUMNS * MIN_ROWS

# kinds of cells
_NONE, _COUNT, _FIGURE, _PERCENTAGE, _AMOUNT, _WORDS = range(6)
_KINDS: Final = {
    _COUNT: r"^\d{1,7}$",
    _PERCENTAGE: r"^[+\-–−]?\d[\d.,]*\s?%$",
    _AMOUNT: r"^[+\-–−]?(?:\p{Sc}\s?\d[\d.,]*|\d[\d.,]*\s?\p{Sc})\S{0,3}$",
    _FIGURE: r"^[+\-–−<>~±]?\d[\d.,:/ –-]*\p{L}{0,3}\.?[×x]?$",
    _WORDS: r"^[\p{L}\p{M}\p{N}(“\"'][^\s|]*(?:\s[^\s|]+){0,4}$",
}


def in_tables(frame: pl.DataFrame, rows: NDArray[np.int64]) -> Bools:
    """Whether each of these lines is a cell of a table: its kind of cell recurs every few lines.

    `rows` are row numbers of the frame. A table has MIN_ROWS rows of MIN_COLUMNS to MAX_COLUMNS cells, a line each, and
    each column has one kind: words, counts, figures, percentages, amounts of money. One column has figures that are not
    merely numbered through, because teasers are numbered, too, and where there are words, they change.

    >>> cells = ["Utah", "68.4 %", "Texas", "61.0 %", "Ohio", "59.9 %", "Contact us today at this address", "Home"]
    >>> frame = pl.DataFrame({"document": 0, "text": cells})
    >>> in_tables(frame, np.arange(8)).tolist()
    [True, True, True, True, True, True, False, False]
    """
    near = np.unique(np.add.outer(rows, np.arange(-REACH, REACH + 1)))
    near = near[(near >= 0) & (near < len(frame))]
    text = frame.get_column("text").gather(near).fill_null("")
    document = frame.get_column("document").to_numpy()[near]
    kind = _kinds_of(text)
    value = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    name = text.rank("dense").to_numpy()
    table = np.zeros(len(near), np.bool_)
    for columns in range(MIN_COLUMNS, MAX_COLUMNS + 1):
        if len(near) < columns * MIN_ROWS:
            break
        here, there = slice(None, -columns), slice(columns, None)
        same = (near[there] - near[here] == columns) & (document[there] == document[here])
        same &= (kind[there] == kind[here]) & (kind[here] != _NONE)
        counts = (kind[here] == _COUNT) & (np.abs(value[there] - value[here]) > columns)
        figures = same & (counts | np.isin(kind[here], (_FIGURE, _PERCENTAGE, _AMOUNT)))
        words = same & (kind[here] == _WORDS)
        change = words & (name[there] != name[here])
        window = columns * (MIN_ROWS - 1)
        whole = (
            (_sums(same, window) == window)
            & (_sums(figures, window) >= MIN_ROWS - 1)
            & ((_sums(words, window) == 0) | (_sums(change, window) > 0))
        )
        covered = np.zeros(len(near) + 1, np.int64)
        np.add.at(covered, np.flatnonzero(whole), 1)
        np.add.at(covered, np.flatnonzero(whole) + columns * MIN_ROWS, -1)
        table |= np.cumsum(covered)[:-1] > 0
    found: Bools = table[np.searchsorted(near, rows)]
    return found


def _sums(marks: Bools, window: int) -> I64:
    """How many of the `window` marks from each place on are true, up to the last place that has them all."""
    total = np.concatenate(([0], np.cumsum(marks)))
    sums: I64 = total[window:] - total[:-window] if len(marks) >= window else np.zeros(0, np.int64)
    return sums


def _kinds_of(text: pl.Series) -> NDArray[np.int8]:
    """The kind of cell that each text may be, `_NONE` to `_WORDS`; the first kind that matches."""
    kind = np.zeros(len(text), np.int8)
    for number, pattern in reversed(_KINDS.items()):
        kind[matches(text, pattern).to_numpy()] = number
    return kind
