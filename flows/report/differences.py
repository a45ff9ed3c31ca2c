r"""The words in which two texts differ: a text before and after repair, a paragraph and its witness.

>>> shown([*differences("the cafÃ© is open", "the café is open today")])
'the [-cafÃ©-]{+café+} is open{+ today+}'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

#: A word with the punctuation on it; a character of Han, Kana, Hangul or Thai by itself; white space.
_WORDS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]|[^\\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+|\\s+"
)
#: More pairs of words than this are not compared with each other: what lies between equal ends differs as a whole.
MOST: Final = 4_000_000


class Stretch(NamedTuple):
    """A stretch of text: in both, only in the first (`old`), or only in the second (`new`)."""

    kind: Literal["same", "old", "new"]
    text: str


def differences(old: str, new: str) -> Iterator[Stretch]:
    """The two texts as stretches: without those that are `new` they are `old`, without those that are `old`, `new`.

    Word by word; white space of different length or kind is the same, and is shown as in `new`.
    """
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    plain_a, plain_b = _plain(a), _plain(b)
    start, end = _equal_ends(plain_a, plain_b)
    if start:
        yield Stretch("same", "".join(b[:start]))
    stop_a, stop_b = len(a) - end, len(b) - end
    if (stop_a - start) * (stop_b - start) > MOST:
        codes = [("replace", 0, stop_a - start, 0, stop_b - start)]
    else:
        matcher = difflib.SequenceMatcher(None, plain_a[start:stop_a], plain_b[start:stop_b], autojunk=False)
        codes = list(_without_lone_spaces(matcher.get_opcodes(), plain_b[start:stop_b]))
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            yield Stretch("same", "".join(b[start + j1 : start + j2]))
            continue
        if i2 > i1:
            yield Stretch("old", "".join(a[start + i1 : start + i2]))
        if j2 > j1:
            yield Stretch("new", "".join(b[start + j1 : start + j2]))
    if end:
        yield Stretch("same", "".join(b[stop_b:]))


def _plain(words: Iterable[str]) -> list[str]:
    return [" " if word.isspace() else word for word in words]


def _equal_ends(a: list[str], b: list[str]) -> tuple[int, int]:
    """How many words are equal at the beginning, and how many of the others at the end."""
    shorter = min(len(a), len(b))
    start = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    end = next((i for i in range(shorter - start) if a[-1 - i] != b[-1 - i]), shorter - start)
    return start, end


_Code = tuple[str, int, int, int, int]


def _without_lone_spaces(codes: Iterable[_Code], words: list[str]) -> Iterator[_Code]:
    """The steps, with a single space between two changes made part of them: neighbouring words change together."""
    open_code: _Code | None = None
    space: _Code | None = None
    for code in codes:
        tag, _, i2, j1, j2 = code
        if tag == "equal" and not (open_code and j2 - j1 == 1 and words[j1] == " "):
            if open_code:
                yield open_code
            if space:
                yield space
            open_code = space = None
            yield code
        elif tag == "equal":
            space = code
        else:
            if open_code:
                code = ("replace", open_code[1], i2, open_code[3], j2)
            open_code, space = code, None
    if open_code:
        yield open_code
    if space:
        yield space


def abridged(stretches: Iterable[Stretch], words: int = 4) -> list[Stretch]:
    """The stretches, with what is the same cut down to this many words beside each difference.

    >>> shown(abridged(differences("one two three four five", "one two three four six"), 1))
    '... four [-five-]{+six+}'
    """
    found = list(stretches)
    last = len(found) - 1
    return [
        Stretch("same", _middle_cut(one.text, words if n else 0, words if n < last else 0))
        if one.kind == "same"
        else one
        for n, one in enumerate(found)
    ]


def _middle_cut(text: str, before: int, after: int) -> str:
    """The first and the last words of a text, `...` between them."""
    pieces = _WORDS.findall(text)
    head, tail = 2 * before, 2 * after
    if len(pieces) <= head + tail + 2:
        return text
    end = "".join(pieces[len(pieces) - tail :]) if tail else ""
    cut = "..." if head or tail else ""
    return "".join(pieces[:head]) + cut + (" " if end and not end[0].isspace() else "") + end


def shown(stretches: Iterable[Stretch]) -> str:
    """The stretches as plain text, in the notation of wdiff: `[-old-]{+new+}`."""
    marks = {"same": ("", ""), "old": ("[-", "-]"), "new": ("{+", "+}")}
    return "".join(f"{marks[kind][0]}{text}{marks[kind][1]}" for kind, text in stretches)
