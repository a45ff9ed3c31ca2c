"""Plain characters, which folding changes one by one, so that a line of them need not be folded to be told apart.

Folding makes one letter of a plain character, or none, whatever plain ones stand beside it. Marks that combine with the
letter before them are not plain, nor is what folding makes several letters of.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.phrases.folding import fold, lower

#: First and last of the characters among which folding finds the plain ones.
SCRIPTS: Final = (
    *(("\0", "ʯ"), ("Ͱ", "ת"), ("ء", "ي"), ("Ḁ", "ỿ"), ("‐", "‧"), ("€", "€")),
    *(("\u3000", "ヿ"), ("！", "～")),
)
#: Plain are also Han and Hangul: each of these is its own fold.
WITHOUT_CASE: Final = (("㐀", "䶿"), ("一", "鿿"), ("가", "힣"))
#: Not plain: a capital sigma has two small letters. Nor, though it were, a copyright sign: few lines have one but those
#: of phrases, and by its absence the others are told.
EXCEPTIONS: Final = "Σς©"

# in place of a letter
NO_LETTER: Final = 0
NOT_PLAIN: Final = 0xFFFF

#: The bit in which the last bytes of a capital and its small letter differ, as a rule.
CASE: Final = 0x20
_SMALL: Final = bytes(byte | CASE for byte in range(256))

U16 = NDArray[np.uint16]
Flags = NDArray[np.bool_]


@functools.cache
def letters() -> U16:
    """For every code point of 16 bits the letter that folding makes of it, or NO_LETTER, or NOT_PLAIN."""
    table = np.full(0x10000, NOT_PLAIN, np.uint16)
    for first, last in WITHOUT_CASE:
        table[ord(first) : ord(last) + 1] = np.arange(ord(first), ord(last) + 1)
    characters = _characters()
    for character, folded in zip(characters, fold(characters), strict=True):
        if len(folded) == 1 and folded.isalpha():
            table[ord(character)] = ord(folded)
        elif folded in ("", "#"):
            table[ord(character)] = NO_LETTER
    table[[ord(character) for character in EXCEPTIONS]] = NOT_PLAIN
    # what folds to another must find that one plain
    table[(table != NO_LETTER) & (table[table] != table)] = NOT_PLAIN
    return table


@functools.cache
def bytes_tell() -> Flags:
    """For every code point of 16 bits whether it is plain, and has the bytes of its small letter but for `CASE`."""
    table: Flags = letters() != NOT_PLAIN
    characters = _characters()
    for character, lowered in zip(characters, lower(characters), strict=True):
        if character.isalpha():
            same = character.encode().translate(_SMALL) == lowered.encode().translate(_SMALL)
            # the capital of a letter may have another small letter, too
            again = character.upper().lower()
            table[ord(character)] &= same and (len(again) > 1 or again == character.lower())
    return table


def is_plain(character: str) -> bool:
    """Whether folding makes one letter of the character, or none, whatever plain ones stand beside it."""
    return ord(character) <= 0xFFFF and bool(letters()[ord(character)] != NOT_PLAIN)


def _characters() -> pl.Series:
    return pl.Series([chr(code) for first, last in SCRIPTS for code in range(ord(first), ord(last) + 1)])
