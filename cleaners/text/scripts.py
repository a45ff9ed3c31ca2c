"""Scripts whose characters cannot be counted by the spaces between words."""

from __future__ import annotations

import re
from typing import Final

#: Ranges of code points (first, last): Han, with the iteration mark, the zero and the Hangzhou numerals; kana; Thai,
#: Lao, Khmer and Myanmar; Hangul.
HAN: Final = (
    *((0x3005, 0x3007), (0x3021, 0x302D), (0x3038, 0x303B)),
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)
KANA: Final = (
    *((0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF)),
    (0x1B000, 0x1B16F),
)
#: Kana of half width, and the prolonged sound mark, which belongs to no script by itself.
OTHER_KANA: Final = ((0x30FC, 0x30FC), (0xFF66, 0xFF9D))
SOUTH_EAST_ASIAN: Final = (
    *((0x0E00, 0x0E7F), (0x0E80, 0x0EFF), (0x1780, 0x17FF)),
    *((0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),
)
HANGUL: Final = ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FF))

_WITHOUT_SPACES: Final = (*HAN, *KANA, *OTHER_KANA, *SOUTH_EAST_ASIAN)
#: The characters of the scripts that are written without spaces, to stand inside the brackets of a regular expression
#: of polars. Hangul is written with spaces.
UNSPACED: Final = "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in _WITHOUT_SPACES)
#: Characters that make a word on average.
HAN_PER_WORD: Final = 2  # Han and kana
SOUTH_EAST_ASIAN_PER_WORD: Final = 4

_UNSPACED_CHARACTER: Final = re.compile(
    "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _WITHOUT_SPACES) + "]"
)


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces.

    >>> is_unspaced("橋"), is_unspaced("b"), is_unspaced("다")
    (True, False, False)
    """
    return _UNSPACED_CHARACTER.match(character) is not None
