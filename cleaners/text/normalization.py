"""Unicode normalisation in linear time.

The normal forms need the combining marks after a letter in the order of their combining classes. Python sorts them by
insertion, which takes minutes for a letter with a hundred thousand marks. Sorted marks cost it nothing, and texts that
differ in the order of such marks have the same normal form (Unicode Standard Annex 15), so they are sorted here first.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: A shorter run of marks is left to Python.
LONG_RUN: Final = 32
#: No character from here on is a mark.
BEYOND: Final = 0x1F000
BORDER: Final = "a"  # a character that marks do not cross


class _Marks(NamedTuple):
    """The characters that have a combining class, or decompose into such characters alone."""

    marks: NDArray[np.bool_]  # of each code point, whether it is one
    classes: NDArray[np.uint8]  # of each code point, its combining class
    decompositions: dict[int, str]


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """`unicodedata.normalize(form, text)`, in time that grows with the length of the text.

    >>> normalize("NFC", "a" + "\\u0301\\u0323" * 100) == unicodedata.normalize("NFC", "a" + "\\u0301\\u0323" * 100)
    True
    """
    return unicodedata.normalize(form, sort_marks(text))


def sort_marks(text: str) -> str:
    """The text with the marks of every long run decomposed and in the order that the normal forms need."""
    if len(text) < LONG_RUN or text.isascii():
        return text
    if not _of_each(_table().marks, text[::LONG_RUN]).any():  # a long run has one of these characters
        return text
    others = np.flatnonzero(~_of_each(_table().marks, text))
    others = np.concatenate(([-1], others, [len(text)]))
    long = np.flatnonzero(np.diff(others) > LONG_RUN)
    if not len(long):
        return text
    starts, stops = (others[long] + 1).tolist(), others[long + 1].tolist()
    runs = BORDER.join(text[start:stop] for start, stop in zip(starts, stops, strict=True))
    pieces, at = [], 0
    for start, stop, run in zip(starts, stops, _sorted(runs).split(BORDER), strict=True):
        pieces += [text[at:start], run]
        at = stop
    return "".join((*pieces, text[at:]))


def _sorted(marks: str) -> str:
    """The marks decomposed and sorted; one of class 0 is a border that no other crosses."""
    marks = marks.translate(_table().decompositions)
    classes = _of_each(_table().classes, marks)
    if not ((classes[1:] < classes[:-1]) & (classes[1:] > 0)).any():
        return marks
    order = np.argsort((np.cumsum(classes == 0) << 8) + classes, kind="stable")
    return _codes(marks)[order].tobytes().decode("utf-32-le")


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _of_each(table: NDArray[Any], text: str) -> Any:
    """What the table has for each character."""
    return table[np.minimum(_codes(text), BEYOND - 1)]


@functools.cache
def _table() -> _Marks:
    marks = np.zeros(BEYOND, np.bool_)
    classes = np.zeros(BEYOND, np.uint8)
    decompositions = {}
    for code in range(0x300, BEYOND):
        character = chr(code)
        if unicodedata.category(character) not in ("Mn", "Mc"):  # the others need not be decomposed to know
            continue
        classes[code] = unicodedata.combining(character)
        decomposed = unicodedata.normalize("NFD", character)
        marks[code] = all(map(unicodedata.combining, decomposed))
        if decomposed != character:
            decompositions[code] = decomposed
    return _Marks(marks, classes, decompositions)
