"""How odd a decoded text looks. The odder, the less likely it was decoded with the right charset.

Real text has no control characters, no capitals after small letters, and no box-drawing characters or Greek letters
within a Latin word.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from typing import Final

CHECKED_CHARACTERS: Final = 400  # non-ASCII ones of a text

_C1: Final = re.compile("[\x80-\x84\x86-\x9f]")
BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")
_USUAL_MARKS: Final = "’‘“”„‚–—…•·«»‹›©®™°€£¥§¿¡\xa0\xadªº´×؟،؛๐−"
_OUTSIDE_WORDS: Final = "©®™°€£¥§×„‚…•“‹›"
_OPENING: Final = (*"¿¡\"'“‘«.([*0123456789", "")
_SCRIPTS: Final = frozenset(
    ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI", "EAST", "ARMENIAN", "GEORGIAN")
)


def oddness(text: str) -> float:
    """How odd the non-ASCII characters are next to their neighbours: an average of 0 to 5 per character.

    Only the first `CHECKED_CHARACTERS` count. A character scores 5 if it occurs in no text; 2 if it is a symbol or a
    letter of another script within a word, or a capital after a small letter; 1 if it is a rare symbol by itself, a
    Chinese character next to a Latin letter, or an accented Latin letter between two others. A C1 control anywhere adds
    0.1.

    >>> oddness("Žluťoučký") < oddness("Žluťoučký".encode("windows-1250").decode("windows-1251"))
    True
    """
    total = count = 0
    for match in itertools.islice(BEYOND_ASCII.finditer(text), CHECKED_CHARACTERS):
        at = match.start()
        total += _odd(text[at - 1 : at], match[0], text[at + 1 : at + 2])
        count += 1
    return total / max(count, 1) + 0.1 * bool(_C1.search(text))


@functools.lru_cache(1 << 14)
def _odd(before: str, char: str, after: str) -> int:
    own, left, right = kind(char), kind(before), kind(after)
    if own == "none":
        return 5
    if own == "mark":
        if char in "¿¡":
            return 2 * (right != "LATIN" and after not in _OPENING)
        if char == "€":
            return int(left in _SCRIPTS)
        return 2 * (char in _OUTSIDE_WORDS and left in _SCRIPTS and right in _SCRIPTS)
    if own == "symbol":
        if char in "¼½¾" and not {left, right} & _SCRIPTS:
            return 0
        return 1 + (left in _SCRIPTS or right in _SCRIPTS)
    others = {left, right} & _SCRIPTS - {own}
    if others:
        return 1 if "EAST" in others or own == "EAST" else 2
    if (char.isupper() and before.islower()) or (char.islower() and after.isupper()):
        return 2
    return int(own == "LATIN" and not before.isascii() and not after.isascii() and left == right == own)


@functools.lru_cache(1 << 14)
def kind(char: str) -> str:
    """The script of a letter; otherwise "mark", "symbol", "none" if it occurs in no text, or "" for other ASCII."""
    category = unicodedata.category(char) if char else ""
    if char.isascii():
        return "LATIN" if char.isalpha() else ""
    if category in ("Cc", "Cn", "Co", "Cs") or char == "\ufffd":
        return "none"
    if category[0] in "LM" and char not in "ªº":
        script = unicodedata.name(char, "").partition(" ")[0]
        return "EAST" if script in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL") else script
    if char in _USUAL_MARKS or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef":
        return "mark"
    return "symbol"
