"""What the bytes of a line tell of the boilerplate that it may be, so that few lines are looked at closely.

Nearly all lines are sentences of the article, and regular expressions take long to say so. Each kind of boilerplate
asks for something that a line must have to be of that kind; a line without it is none, whatever else it has.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.text.tokens import I64, U8, code_point, kernel

#: What a line may be: a mark without a word, buttons of a share bar, a caption that ends with a credit, a quotation, a
#: note on an author; and so many bytes long at most.
MARK, BUTTONS, ENDS_IN_CREDIT, QUOTATION, NOTE = (1 << n for n in range(5))
MAX_MARK: Final = 60
MAX_BUTTONS: Final = 160
MAX_CAPTION: Final = 400
MAX_QUOTATION: Final = 500
MAX_NOTE: Final = 700

#: So many characters at the end of a caption are looked at.
END: Final = 150
# what a byte may be, that of a character beyond ASCII included
_WORD, _NOT_IN_BUTTONS, _IN_CAPTIONS, _IN_NAMES, _PARTICLE, _BEGINS_IS, _SPACE, _BEYOND = (
    1 << n for n in range(8)
)

_OPENING: Final = '“"„«「『'
_CLOSING: Final = '”"“»」』'
_BEHIND_CLOSING: Final = ".,。，"
# of a character, as a table for those of 16 bits
_OPENS, _CLOSES, _BEHIND = (1 << n for n in range(3))


def possible_kinds(texts: tuple[U8, I64]) -> pl.Series:
    """What each text may be, MARK to NOTE added up: the column `look` (UInt8); `texts` as `utf8` gives them."""
    return pl.Series("look", _look(*texts, _bytes(), _quotation_marks()))


def may_be(kind: int) -> pl.Expr:
    """Whether a line may be of that kind, by its column `look`."""
    return pl.col("look") & kind != 0


@functools.cache
def _bytes() -> U8:
    """What each byte is."""
    kinds = np.zeros(256, np.uint8)
    ascii_ = [chr(code) for code in range(128)]
    for kind, characters in (
        (_WORD, filter(str.isalnum, ascii_)),
        (_NOT_IN_BUTTONS, (c for c in ascii_ if not (c.isalnum() or c.isspace() or c in "|*/&+:-()."))),
        (_IN_CAPTIONS, ":"),
        (_IN_NAMES, (c for c in ascii_ if c.isalpha() or c in ".'-")),
        (_PARTICLE, "dvabl"),  # with which small words of names begin
        (_BEGINS_IS, "iwaeoj-"),  # and "is", "was", "are" and their like
        (_SPACE, filter(str.isspace, ascii_)),
    ):
        kinds[list(map(ord, characters))] |= kind
    kinds[128:] |= _BEYOND
    kinds[[character.encode()[0] for character in "：©"]] |= _IN_CAPTIONS
    return kinds


@functools.cache
def _quotation_marks() -> U8:
    """For every code point of 16 bits whether it opens or closes a quotation, or may stand behind what closes one."""
    marks = np.zeros(0x10000, np.uint8)
    for kind, characters in ((_OPENS, _OPENING), (_CLOSES, _CLOSING), (_BEHIND, _BEHIND_CLOSING)):
        marks[[ord(character) for character in characters]] |= kind
    return marks


@kernel
def _look(data: U8, offsets: I64, bytes_: U8, marks: U8) -> Any:
    looks = np.zeros(len(offsets) - 1, np.uint8)
    for n in range(len(looks)):
        start, stop = offsets[n], offsets[n + 1]
        size = stop - start
        if size == 0 or size > MAX_NOTE:
            continue
        look = NOTE if _begins_like_a_note(data, start, stop, bytes_) else 0
        if size <= MAX_QUOTATION and _is_quotation(data, start, stop, marks):
            look |= QUOTATION
        if size <= MAX_BUTTONS:
            kinds = _kinds(data, start, stop, bytes_)
            look |= MARK if size <= MAX_MARK and kinds & _WORD == 0 else 0
            look |= BUTTONS if kinds & _NOT_IN_BUTTONS == 0 and data[stop - 1] != ord(".") else 0
        elif size <= MAX_CAPTION:
            kinds = _kinds(data, stop - END, stop, bytes_)
            if kinds & _BEYOND:  # of which each has up to four bytes
                kinds |= _kinds(data, max(start, stop - 4 * END), stop - END, bytes_)
        if size <= MAX_CAPTION and (
            kinds & _IN_CAPTIONS or _has_bracket(data, _back(data, start, stop, 3), stop)
        ):
            look |= ENDS_IN_CREDIT
        looks[n] = look
    return looks


@kernel
def _kinds(data: U8, start: int, stop: int, bytes_: U8) -> int:
    """All that is said of the bytes."""
    kinds = 0
    for at in range(start, stop):
        kinds |= bytes_[data[np.uint64(at)]]
    return kinds


@kernel
def _back(data: U8, start: int, stop: int, characters: int) -> int:
    """Where the last characters of a text begin, so many of them."""
    at = stop
    while at > start and characters > 0:
        at -= 1
        characters -= data[at] & 0xC0 != 0x80
    return at


@kernel
def _has_bracket(data: U8, start: int, stop: int) -> bool:
    found = False
    for at in range(start, stop):
        found |= data[at] == ord(")") or data[at] == ord("]")
    return found


@kernel
def _is_quotation(data: U8, start: int, stop: int, marks: U8) -> bool:
    """Whether a text opens with a double quotation mark, and closes with one, a full stop or comma behind it or not."""
    code, width = code_point(data, start)
    if code >= len(marks) or marks[code] & _OPENS == 0 or start + width == stop:
        return False
    last = _back(data, start, stop, 1)
    code, _ = code_point(data, last)
    if code < len(marks) and marks[code] & _BEHIND:
        last = _back(data, start, last, 1)
        code, _ = code_point(data, last)
    return bool(code < len(marks) and marks[code] & _CLOSES)


@kernel
def _begins_like_a_note(data: U8, start: int, stop: int, bytes_: U8) -> bool:
    """Whether a text may begin with a name and "is" or a comma, or with "The author".

    A name has two words or more, of which the later may be small ones. Of what stands beyond ASCII nothing is told.
    """
    at = start
    while at < min(start + 3, stop) and bytes_[data[at]] & (_WORD | _BEYOND) == 0:
        at += 1
    first = data[at] if at < stop else np.uint8(0)
    for words in range(1, 7):
        while at < stop and bytes_[data[at]] & _IN_NAMES:
            at += 1
        if at + 1 >= stop:
            return False
        if bytes_[data[at]] & _BEYOND:
            return True
        if data[at] == ord(","):
            return words > 1
        if bytes_[data[at]] & _SPACE == 0:
            return False
        at += 1
        begins = data[at]
        if bytes_[begins] & (_BEYOND | _SPACE):
            return True
        if words == 1 and _is_author(first | 0x20, begins | 0x20):
            return True
        if not ord("A") <= first <= ord("Z"):
            return False
        if not ord("A") <= begins <= ord("Z"):
            if words > 1:
                return bool(bytes_[begins] & (_PARTICLE | _BEGINS_IS))
            if bytes_[begins] & _PARTICLE == 0:
                return False
    return False


@kernel
def _is_author(first: Any, second: Any) -> Any:
    """Whether two words that begin so may be "the author", "the writer" or "about the"."""
    if first == ord("t"):
        return second == ord("a") or second == ord("w")
    return first == ord("a") and second == ord("t")
