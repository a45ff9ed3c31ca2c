"""Plain characters, which folding changes one by one, so that a line of them can be compared without being folded.

Folding turns a plain character into one letter or into nothing, whatever plain characters stand beside it. Marks that
combine with the letter before them are not plain, nor are characters that fold to several letters.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.derived import of_characters
from cleaners.kernels import U16, Flags
from cleaners.phrases.folding import fold, lower

#: Ranges (first, last) of characters that are folded to find out which are plain.
TESTED_RANGES: Final = (
    *(("\0", "ʯ"), ("Ͱ", "ת"), ("ء", "ي"), ("Ḁ", "ỿ"), ("‐", "‧"), ("€", "€")),
    *(("\u3000", "ヿ"), ("！", "～")),
)
#: Ranges of Han and Hangul. They are plain, because each character folds to itself.
WITHOUT_CASE: Final = (("㐀", "䶿"), ("一", "鿿"), ("가", "힣"))
#: Treated as not plain. A capital sigma has two small letters. A copyright sign would be plain, but hardly any line
#: has one except those that match a phrase, so its absence rules the other lines out.
EXCEPTIONS: Final = "Σς©"

# table entries instead of a letter
NO_LETTER: Final = 0
NOT_PLAIN: Final = 0xFFFF

#: The bit in which the last bytes of a capital and its small letter usually differ.
CASE_BIT: Final = 0x20
_SMALL: Final = bytes(byte | CASE_BIT for byte in range(256))


@of_characters
def letters() -> U16:
    """A table over the 16-bit code points: the letter that each folds to, NO_LETTER or NOT_PLAIN."""
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
    # a character is plain only if what it folds to is plain and folds to itself
    table[(table != NO_LETTER) & (table[table] != table)] = NOT_PLAIN
    return table


@of_characters
def byte_comparable() -> Flags:
    """A table over the 16-bit code points: whether it is plain, and has its small letter's bytes but for `CASE_BIT`."""
    table: Flags = letters() != NOT_PLAIN
    characters = _characters()
    for character, lowered in zip(characters, lower(characters), strict=True):
        if character.isalpha():
            same = character.encode().translate(_SMALL) == lowered.encode().translate(_SMALL)
            # the capital of a letter may have a different small letter
            again = character.upper().lower()
            table[ord(character)] &= same and (len(again) > 1 or again == character.lower())
    return table


def is_plain(character: str) -> bool:
    """Whether folding turns the character into one letter or nothing, whatever plain characters stand beside it."""
    return ord(character) <= 0xFFFF and bool(letters()[ord(character)] != NOT_PLAIN)


def _characters() -> pl.Series:
    return pl.Series(
        [chr(code) for first, last in TESTED_RANGES for code in range(ord(first), ord(last) + 1)]
    )
