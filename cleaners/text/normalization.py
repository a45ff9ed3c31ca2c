"""Unicode normalisation in linear time.

The normal forms need the combining marks after a letter in the order of their combining classes. Python sorts them by
insertion, which takes minutes for a letter with a hundred thousand marks. Sorted marks cost it nothing, and texts that
differ in the order of such marks have the same normal form (Unicode Standard Annex 15), so they are sorted here first.

A character may stand for many: U+FDFA for eighteen. `fold` works on a text without these, and puts them in at the end.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, islice
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.derived import of_characters

#: A shorter run of marks is left to Python.
LONG_RUN: Final = 32
#: No character from here on is a mark.
BEYOND: Final = 0x1F000
BORDER: Final = "a"  # a character that marks do not cross
#: All characters that are four or more in NFKC, and some that are three. None of these is a mark, and the first joins
#: nothing before it.
EXPANDING: Final = re.compile(
    "[\u2057\u2152\u2167\u2177\u247d-\u2487\u2a0c\u321d\u321e\u3300-\u3357\u337f\u3389\u33a8\u33ae\u33af\u33c2\u33c6\u33d8"
    "\ufdf2-\ufdf8\ufdfa-\ufdfc]"
)


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


def fold(text: str) -> str:
    """The text in NFKC, then casefolded.

    >>> fold("\ufb03 \u00c5") == "ffi \u00e5"
    True
    """
    if not EXPANDING.search(text):
        return normalize("NFKC", text).casefold()
    characters = set(text)
    expanding = list(filter(EXPANDING.match, characters))
    private = map(chr, chain(range(0xE000, 0xF900), range(0xF0000, 0xFFFFE)))  # no normal form changes these
    unused = list(islice((one for one in private if one not in characters), len(expanding)))
    if len(unused) < len(expanding):
        return normalize("NFKC", text).casefold()
    rest = {}
    for character, stand_in in zip(expanding, unused, strict=True):
        normal = unicodedata.normalize("NFKC", character)
        text = text.replace(character, stand_in + normal[-1])  # what follows may join the last
        rest[stand_in] = normal[:-1].casefold()
    text = normalize("NFKC", text).casefold()
    for stand_in, characters_before in rest.items():
        text = text.replace(stand_in, characters_before)
    return text


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


@of_characters
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
