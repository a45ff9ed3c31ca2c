"""What is different in two texts, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final, NamedTuple

#: A word; a character of a script that is written without spaces; white space; or any other character.
_WORD: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+"
    r"|\s+|."
)


class Piece(NamedTuple):
    """A part of a text."""

    text: str
    is_different: bool  # from the other text


def differences(text: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces that are the same or different, in turn.

    >>> differences("The ferry left on Monday.", "The ferry left at noon.")[0]
    [Piece(text='The ferry left ', is_different=False), Piece(text='on Monday', is_different=True), \
Piece(text='.', is_different=False)]
    """
    a, b = _WORD.findall(text), _WORD.findall(other)
    same = [
        block for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks() if block.size
    ]
    return (
        _pieces(a, [(block.a, block.size) for block in same]),
        _pieces(b, [(block.b, block.size) for block in same]),
    )


def _pieces(words: list[str], same: list[tuple[int, int]]) -> list[Piece]:
    """The words in pieces; white space between two different words is different, too."""
    different = [True] * len(words)
    for start, size in same:
        between = size == 1 and words[start].isspace() and 0 < start < len(words) - 1
        if not between:
            different[start : start + size] = [False] * size
    found: list[Piece] = []
    for word, changed in zip(words, different, strict=True):
        if found and found[-1].is_different == changed:
            found[-1] = Piece(found[-1].text + word, changed)
        else:
            found.append(Piece(word, changed))
    return found
