"""Unicode normalisation in linear time.

The normal forms need the combining marks after a letter in the order of their combining classes. Python sorts them by
insertion, which takes minutes for a letter with a hundred thousand marks. Sorted marks cost it nothing, and texts that
differ in the order of such marks have the same normal form (Unicode Standard Annex 15), so they are sorted here first.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from itertools import groupby
from typing import Final, Literal

#: A shorter run of marks is left to Python.
LONG_RUN: Final = 32


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """`unicodedata.normalize(form, text)`, in time that grows with the length of the text.

    >>> normalize("NFC", "a" + "\\u0301\\u0323" * 100) == unicodedata.normalize("NFC", "a" + "\\u0301\\u0323" * 100)
    True
    """
    return unicodedata.normalize(form, sort_marks(text))


def sort_marks(text: str) -> str:
    """The text with the marks of every long run decomposed and in the order that the normal forms need."""
    if text.isascii() or not _mark().search(text[::LONG_RUN]):  # a long run has one of these characters
        return text
    return _long_runs().sub(lambda run: _sorted(run[0]), text)


def _sorted(marks: str) -> str:
    decompositions = {mark: unicodedata.normalize("NFD", mark) for mark in set(marks)}
    decomposed = "".join(map(decompositions.__getitem__, marks))
    classes = {mark: unicodedata.combining(mark) for mark in set(decomposed)}
    # a mark of class 0 is a border that no other mark crosses
    parts = groupby(decomposed, key=lambda mark: classes[mark] > 0)
    return "".join(
        "".join(sorted(part, key=classes.__getitem__)) if movable else "".join(part)
        for movable, part in parts
    )


@functools.cache
def _long_runs() -> re.Pattern[str]:
    return re.compile(f"{_mark().pattern}{{{LONG_RUN},}}")


@functools.cache
def _mark() -> re.Pattern[str]:
    """A character that has a combining class, or decomposes into such characters alone."""
    marks = [
        chr(code)
        for code in range(0x300, 0x1F000)
        if unicodedata.category(chr(code)) in ("Mn", "Mc")  # the others need not be decomposed to know
        and all(map(unicodedata.combining, unicodedata.normalize("NFD", chr(code))))
    ]
    return re.compile(f"[{''.join(marks)}]")
