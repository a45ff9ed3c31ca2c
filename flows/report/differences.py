r"""The words in which two texts differ: a text before and after repair, a paragraph and its witness.

>>> shown([*differences("the cafÃ© is open", "the café is open today")])
'the [-cafÃ©-]{+café+} is open {+today+}'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, Literal, NamedTuple

_ALONE: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
#: A word with the punctuation on it and the white space after it; a character of Han, Kana, Hangul or Thai by itself.
_WORDS: Final = re.compile(rf"[{_ALONE}]\s*|[^\s{_ALONE}]+\s*|\s+")
#: More pairs of words than this are not compared with each other: what lies between equal ends differs as a whole.
MOST: Final = 1_000_000


class Stretch(NamedTuple):
    """A stretch of text: in both, only in the first (`old`), or only in the second (`new`)."""

    kind: Literal["same", "old", "new"]
    text: str


def differences(old: str, new: str) -> Iterator[Stretch]:
    """The two texts as stretches: without those that are `new` they are `old`, without those that are `old`, `new`.

    Word by word, and up to white space: that of what is the same is shown as in `new`.
    """
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    plain_a, plain_b = [word.rstrip() for word in a], [word.rstrip() for word in b]
    start, end = _equal_ends(plain_a, plain_b)
    stop_a, stop_b = len(a) - end, len(b) - end
    codes: Iterable[tuple[str, int, int, int, int]]
    if (stop_a - start) * (stop_b - start) > MOST:
        codes = [("replace", 0, stop_a - start, 0, stop_b - start)]
    else:
        middle_a, middle_b = plain_a[start:stop_a], plain_b[start:stop_b]
        codes = difflib.SequenceMatcher(None, middle_a, middle_b, autojunk=False).get_opcodes()
    missing = ""  # the space before what is only in `old`, where `new` ends
    if start:
        yield Stretch("same", "".join(b[:start]))
        missing = _space(a[start - 1]) if not _space(b[start - 1]) else ""
    for tag, i1, i2, j1, j2 in codes:
        gone, come = "".join(a[start + i1 : start + i2]), "".join(b[start + j1 : start + j2])
        if tag == "equal":
            yield Stretch("same", come)
            missing = _space(gone) if not _space(come) else ""
            continue
        after = _space(come) if gone.strip() and come.strip() and _space(gone) else ""
        if after:  # the space after both is the same
            gone, come = gone.rstrip(), come.rstrip()
        if gone:
            yield Stretch("old", missing + gone)
        if come:
            yield Stretch("new", come)
        if after:
            yield Stretch("same", after)
    if end:
        yield Stretch("same", "".join(b[stop_b:]))


class Piece(NamedTuple):
    """A part of one of two texts."""

    text: str
    is_different: bool  # from the other text


def sides(text: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces that are the same or different.

    >>> sides("The ferry left on Monday.", "The ferry left at noon.")[1]
    [Piece(text='The ferry left ', is_different=False), Piece(text='at noon.', is_different=True)]
    """
    stretches = _joined(differences(text, other))
    return (
        [Piece(one.text, one.kind == "old") for one in stretches if one.kind != "new"],
        [Piece(one.text, one.kind == "new") for one in stretches if one.kind != "old"],
    )


def _space(text: str) -> str:
    """The white space at the end of a text."""
    return text[len(text.rstrip()) :]


def _equal_ends(a: list[str], b: list[str]) -> tuple[int, int]:
    """How many words are equal at the beginning, and how many of the others at the end."""
    shorter = min(len(a), len(b))
    start = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    end = next((i for i in range(shorter - start) if a[-1 - i] != b[-1 - i]), shorter - start)
    return start, end


def abridged(stretches: Iterable[Stretch], words: int = 4) -> list[Stretch]:
    """The stretches, with what is the same cut down to this many words beside each difference.

    >>> shown(abridged(differences("one two three four five", "one two three four six"), 1))
    '... four [-five-]{+six+}'
    """
    found = _joined(stretches)
    last = len(found) - 1
    return [
        Stretch("same", _middle_cut(one.text, words if n else 0, words if n < last else 0))
        if one.kind == "same"
        else one
        for n, one in enumerate(found)
    ]


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches, neighbours of one kind made one."""
    return [
        Stretch(kind, "".join(one.text for one in group))
        for kind, group in groupby(stretches, lambda stretch: stretch.kind)
    ]


def _middle_cut(text: str, before: int, after: int) -> str:
    """The first and the last words of a text, `...` between them."""
    pieces = _WORDS.findall(text.lstrip())
    if len(pieces) <= before + after + 1:
        return text
    space = text[: len(text) - len(text.lstrip())]
    head = f"{space}{''.join(pieces[:before])}".rstrip() if before else ""
    tail = "".join(pieces[len(pieces) - after :]) if after else ""
    return f"{head}...{' ' if tail else ''}{tail}" if head or tail else ""


def shown(stretches: Iterable[Stretch]) -> str:
    """The stretches as plain text, in the notation of wdiff: `[-old-]{+new+}`."""
    marks = {"same": ("", ""), "old": ("[-", "-]"), "new": ("{+", "+}")}
    return "".join(f"{marks[kind][0]}{text}{marks[kind][1]}" for kind, text in stretches)
