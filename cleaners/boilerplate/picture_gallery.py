"""Picture galleries in one line: captions joined with the counter between them, "Hide Caption 2 of 9"."""

from __future__ import annotations

import functools
import re
from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import COUNTS, may_be
from cleaners.lexicon import Lexicon

RULE: Final = "picture gallery"

#: Longer lines are searched only this far from either end, in characters.
_REACH: Final = 4000
#: "Caption 9 of 9", "Bild 1/12": a word, a number, and the total.
_COUNTER: Final = (
    r"(?P<word>[^\W\d_]{2,20}[ #.:]{1,2})(?P<n>%s)(?P<total> [^\W\d_]{1,3} [0-9]{1,3}| ?/ ?[0-9]{1,3})"
)
_LAST: Final = re.compile(_COUNTER % "[0-9]{1,3}" + "$")
_FIRST: Final = re.compile(r"\W{0,2}" + _COUNTER % "1" + r"(?!\w)")


def picture_galleries(lines: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The lines that are a picture gallery, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`. A gallery ends with the counter of a picture ("Hide
    Caption 9 of 9"), or begins with that of the first one and a word for a picture ("Bild 1 von 12"). The counter of
    the picture beside it, with the same word and the same total, is in the line as well.
    """
    may = lines.filter(may_be(COUNTS))
    found = [is_gallery(text, lexicon) for text in may.get_column("text")]
    return may.filter(pl.Series(found, dtype=pl.Boolean)).select("row", pl.lit(RULE).alias("rule"))


def is_gallery(text: str, lexicon: Lexicon) -> bool:
    """Whether a line is a picture gallery.

    >>> words = Lexicon(pictures=("Bild",))
    >>> is_gallery("The pier at dawn. Hide Caption 1 of 2 The pier at night. Hide Caption 2 of 2", words)
    True
    >>> is_gallery("Bild 1 von 9 Der Hafen am Morgen. Bild 2 von 9 Der Hafen am Abend.", words)
    True
    >>> is_gallery("Step 1 of 2: Open the gate. Step 2 of 2: Close the gate.", words)
    False
    """
    first = _FIRST.match(text)
    if first and first["word"].rstrip(" #.:").lower() not in _pictures(lexicon):
        first = None
    return _counts(text[-_REACH:], _LAST.search(text[-60:]), -1) or _counts(text[:_REACH], first, 1)


@functools.cache
def _pictures(lexicon: Lexicon) -> frozenset[str]:
    return frozenset(word.lower() for word in lexicon.pictures)


def _counts(text: str, counter: re.Match[str] | None, step: int) -> bool:
    """Whether the counter beside this one, one number further by `step`, is in the text."""
    if counter is None:
        return False
    beside = f"{counter['word']}{int(counter['n']) + step}{counter['total']}"
    at = text.find(beside)
    return at >= 0 and not text[at + len(beside) : at + len(beside) + 1].isdigit() and beside != counter[0]
