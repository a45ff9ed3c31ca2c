"""The class of each character, as the features of a line use it."""

from __future__ import annotations

import unicodedata
from typing import Any, Final, NamedTuple

import numpy as np

from cleaners.derived import of_characters
from cleaners.kernels import U8, U32, Integer, helper
from cleaners.text import scripts
from cleaners.text.white_space import WHITE_SPACE

OTHER: Final = 0
WHITE: Final = 1
UPPER: Final = 2
LOWER: Final = 3
LETTER: Final = 4  # of a script without case
DIGIT: Final = 5
HAN: Final = 6  # Han or kana: written without spaces, about two characters to a word
HANGUL: Final = 7  # written with spaces, about two syllables to a word of other scripts
DENSE: Final = 8  # Thai, Lao, Khmer, Burmese: written without spaces, about four characters to a word
COMBINING_MARK: Final = 9  # belongs to the word around it
SEPARATOR: Final = 10
CLOSES: Final = 11  # quotes and brackets
STOP: Final = 12
QUESTION: Final = 13
ELLIPSIS: Final = 14
COLON: Final = 15
COMMA: Final = 16
AT: Final = 17
GUILLEMET: Final = 18  # a quotation mark in pairs, otherwise the arrow of a link: "Next »"
FIRST_WORD: Final = UPPER
LAST_WORD: Final = COMBINING_MARK

_CHARACTERS: Final = {
    SEPARATOR: "|¦•·∙●○▪■□▫►▶▸▹→←⇒↑↓★☆✓✔✕✖×›‹©®™/\\_~<>=+※▲▼◆◇・｜／",
    CLOSES: "\"'“”„‟‘’‚‛()[]{}「」『』（）【】《》〈〉［］",
    STOP: ".。．｡۔։।",
    QUESTION: "?!？！؟",
    ELLIPSIS: "…⋯",
    COLON: ":：",
    COMMA: ",;，；、،؛",
    AT: "@＠",
    GUILLEMET: "«»",
}


class Characters(NamedTuple):
    """Tables with an entry for each code point of 16 bits, shape (65536,)."""

    classes: U8
    lower: U32  # the lower case of a letter, otherwise the code point itself


@of_characters
def characters() -> Characters:
    """The class of each code point of 16 bits, and its lower case where that is one character of 16 bits."""
    classes = np.zeros(0x10000, np.uint8)
    lower = np.arange(0x10000, dtype=np.uint32)
    by_category = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": COMBINING_MARK, "Lo": LETTER, "Nd": DIGIT}
    by_category |= dict.fromkeys(("Mn", "Mc", "Me"), COMBINING_MARK)
    for code in range(0x10000):
        character = chr(code)
        category = unicodedata.category(character)
        classes[code] = by_category.get(category, OTHER)
        if category in ("Lu", "Lt") and len(small := character.lower()) == 1 and ord(small) < 0x10000:
            lower[code] = ord(small)
    for kind, ranges in (
        (HAN, (*scripts.HAN, *scripts.KANA, *scripts.OTHER_KANA)),
        (HANGUL, scripts.HANGUL),
        (DENSE, scripts.SOUTH_EAST_ASIAN),
    ):
        for first, last in ranges:
            block = classes[first : last + 1]
            block[(block == LETTER) | (block == COMBINING_MARK) | (block == OTHER)] = kind
    classes[[ord(c) for c in WHITE_SPACE]] = WHITE
    for kind, marks in _CHARACTERS.items():
        classes[[ord(c) for c in marks]] = kind
    return Characters(classes, lower)


@helper
def class_of(code: Integer, classes: U8) -> Any:
    """The class of a code point: from `classes` up to 16 bits, beyond that Han (planes 2 and 3) or OTHER."""
    if code < 0x10000:
        return np.int64(classes[code])
    return HAN if 0x20000 <= code < 0x40000 else OTHER
