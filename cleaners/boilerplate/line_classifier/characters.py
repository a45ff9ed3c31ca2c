"""What each character is to the features of a line."""

from __future__ import annotations

import functools
import unicodedata
from typing import Final, NamedTuple

import numpy as np

from cleaners.text.tokens import U8, U32
from cleaners.text.white_space import WHITE_SPACE

OTHER: Final = 0
WHITE: Final = 1
UPPER: Final = 2
LOWER: Final = 3
LETTER: Final = 4  # of a script without case
DIGIT: Final = 5
HAN: Final = 6  # or kana: written without spaces, about two characters to a word
HANGUL: Final = 7  # written with spaces, about two syllables to a word of other scripts
DENSE: Final = 8  # Thai, Lao, Khmer, Burmese: written without spaces, about four characters to a word
MARK: Final = 9  # goes on with the word that it stands in
SEPARATOR: Final = 10
CLOSES: Final = 11  # quotes and brackets
STOP: Final = 12
QUESTION: Final = 13
ELLIPSIS: Final = 14
COLON: Final = 15
COMMA: Final = 16
AT: Final = 17
GUILLEMET: Final = 18  # in pairs a quotation mark, else the arrow of a link: "Next »"
FIRST_WORD: Final = UPPER
LAST_WORD: Final = MARK

_MARKS: Final = {
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
_HAN: Final = ((0x3005, 0x3007), (0x3041, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF))
_MORE_HAN: Final = ((0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9D))
_HANGUL: Final = ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3))
_DENSE: Final = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


class Characters(NamedTuple):
    """Tables with an entry for every code point of 16 bits."""

    classes: U8
    lower: U32  # the lower case of a letter, or itself


@functools.cache
def characters() -> Characters:
    """What every code point of 16 bits is, and its lower case where that is one character."""
    classes = np.zeros(0x10000, np.uint8)
    lower = np.arange(0x10000, dtype=np.uint32)
    by_category = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": MARK, "Lo": LETTER, "Nd": DIGIT}
    by_category |= dict.fromkeys(("Mn", "Mc", "Me"), MARK)
    for code in range(0x10000):
        character = chr(code)
        category = unicodedata.category(character)
        classes[code] = by_category.get(category, OTHER)
        if category in ("Lu", "Lt") and len(small := character.lower()) == 1 and ord(small) < 0x10000:
            lower[code] = ord(small)
    for kind, ranges in ((HAN, _HAN + _MORE_HAN), (HANGUL, _HANGUL), (DENSE, _DENSE)):
        for first, last in ranges:
            block = classes[first : last + 1]
            block[(block == LETTER) | (block == MARK) | (block == OTHER)] = kind
    classes[[ord(c) for c in WHITE_SPACE]] = WHITE
    for kind, marks in _MARKS.items():
        classes[[ord(c) for c in marks]] = kind
    return Characters(classes, lower)


def class_beyond(code: int) -> int:
    """What a code point of more than 16 bits is: Han of the supplementary planes, or a symbol."""
    return HAN if 0x20000 <= code < 0x40000 else OTHER
