"""A prefilter: the kinds of boilerplate that a line may be, found in one pass over its bytes.

Nearly all lines are sentences of an article, and regular expressions are slow to reject them. A line must meet a
necessary condition to be of a kind; only the lines that meet it are matched against the patterns of that kind.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, Integer, Rows, helper, kernel
from cleaners.lexicon import Lexicon
from cleaners.text.tokens import code_point

#: The kinds that a line may be: a stray mark, buttons of a share bar, a caption that ends with a credit, a quotation, a
#: note on the author. One bit each.
STRAY_MARK, BUTTONS, ENDS_IN_CREDIT, QUOTATION, AUTHOR_NOTE = (1 << n for n in range(5))
#: The longest line of each kind, in bytes.
MAX_STRAY_MARK: Final = 60
MAX_BUTTONS: Final = 160
MAX_CAPTION: Final = 400
MAX_QUOTATION: Final = 500
MAX_AUTHOR_NOTE: Final = 700

#: Characters at the end of a caption in which a credit may stand.
CREDIT_CHARACTERS: Final = 150
# properties of a byte, one bit each; all bytes of characters beyond ASCII are _BEYOND
_WORD, _NOT_IN_BUTTONS, _IN_CAPTIONS, _IN_NAMES, _PARTICLE, _BEGINS_IS, _SPACE, _BEYOND = (
    1 << n for n in range(8)
)

_A, _Z, _COMMA, _FULL_STOP = b"AZ,."
_BRACKETS: Final = tuple(b")]")
# the bytes of curly quotation marks
_QUOTE_1, _QUOTE_2 = "“".encode()[:2]
_QUOTES_3: Final = tuple(mark.encode()[2] for mark in "“”‘’„")
_OPENING: Final = '“"„«「『'
_CLOSING: Final = '”"“»」』'
_BEHIND_CLOSING: Final = ".,。，"
# properties of a character of up to 16 bits, one bit each
_OPENS, _CLOSES, _BEHIND = (1 << n for n in range(3))


def possible_kinds(texts: tuple[U8, I64], lexicon: Lexicon) -> pl.Series:
    """The kinds that each text may be, as the bits STRAY_MARK to AUTHOR_NOTE: the series `possible_kinds` (UInt8).

    `texts` are (bytes, offsets), as `utf8` returns them.
    """
    return pl.Series(
        "possible_kinds", _possible_kinds(*texts, _bytes(lexicon), _mentions(lexicon), _quotation_marks())
    )


def may_be(kind: int) -> pl.Expr:
    """Whether a line may be of a kind (Boolean), by its column `possible_kinds`."""
    return pl.col("possible_kinds") & kind != 0


@functools.cache
def _bytes(lexicon: Lexicon) -> U8:
    """The properties of each byte value, shape (256,)."""
    kinds = np.zeros(256, np.uint8)
    ascii_ = [chr(code) for code in range(128)]
    for kind, characters in (
        (_WORD, filter(str.isalnum, ascii_)),
        (_NOT_IN_BUTTONS, (c for c in ascii_ if not (c.isalnum() or c.isspace() or c in "|*/&+:-()."))),
        (_IN_CAPTIONS, ":"),
        (_IN_NAMES, (c for c in ascii_ if c.isalpha() or c in ".'-")),
        (_PARTICLE, _initials(lexicon.name_particles)),
        (_BEGINS_IS, _initials(lexicon.copulas) + "-"),
        (_SPACE, filter(str.isspace, ascii_)),
    ):
        kinds[list(map(ord, characters))] |= kind
    kinds[128:] |= _BEYOND
    kinds[[character.encode()[0] for character in "：©"]] |= _IN_CAPTIONS
    return kinds


def _initials(words: Iterable[str]) -> str:
    return "".join(sorted({word[0] for word in words if word[0].isascii()}))


@functools.cache
def _mentions(lexicon: Lexicon) -> U8:
    """The initials, in lower case, of the first two words of each mention of an author, shape (mentions, 2)."""
    pairs = {tuple(word[0] for word in mention.lower().split()[:2]) for mention in lexicon.author_mentions}
    codes = [
        [ord(initial) for initial in pair]
        for pair in sorted(pairs)
        if "".join(pair).isascii() and len(pair) == 2
    ]
    return np.array(codes, np.uint8).reshape(-1, 2)


@functools.cache
def _quotation_marks() -> U8:
    """Whether each 16-bit code point opens or closes a quotation, or may follow a closing mark, shape (65536,)."""
    marks = np.zeros(0x10000, np.uint8)
    for kind, characters in ((_OPENS, _OPENING), (_CLOSES, _CLOSING), (_BEHIND, _BEHIND_CLOSING)):
        marks[[ord(character) for character in characters]] |= kind
    return marks


@kernel
def _possible_kinds(data: U8, offsets: I64, bytes_: U8, mentions: Rows[U8], marks: U8) -> Any:
    possible = np.zeros(len(offsets) - 1, np.uint8)
    for n in range(len(possible)):
        start, stop = offsets[n], offsets[n + 1]
        size = stop - start
        if size == 0 or size > MAX_AUTHOR_NOTE:
            continue
        line_kinds = AUTHOR_NOTE if _begins_like_author_note(data, start, stop, bytes_, mentions) else 0
        if size <= MAX_QUOTATION and _is_quotation(data, start, stop, marks):
            line_kinds |= QUOTATION
        if size <= MAX_BUTTONS:
            kinds = _byte_kinds_of(data, start, stop, bytes_)
            line_kinds |= STRAY_MARK if size <= MAX_STRAY_MARK and kinds & _WORD == 0 else 0
            line_kinds |= BUTTONS if kinds & _NOT_IN_BUTTONS == 0 and data[stop - 1] != _FULL_STOP else 0
        elif size <= MAX_CAPTION:
            kinds = _byte_kinds_of(data, stop - CREDIT_CHARACTERS, stop, bytes_)
            if kinds & _BEYOND:  # each such character has up to four bytes
                kinds |= _byte_kinds_of(
                    data, max(start, stop - 4 * CREDIT_CHARACTERS), stop - CREDIT_CHARACTERS, bytes_
                )
        if size <= MAX_CAPTION and (
            kinds & _IN_CAPTIONS or _has_bracket(data, _start_of_last(data, start, stop, 3), stop)
        ):
            line_kinds |= ENDS_IN_CREDIT
        possible[n] = line_kinds
    return possible


@helper
def _byte_kinds_of(data: U8, start: int, stop: int, bytes_: U8) -> int:
    """The properties of all these bytes together."""
    kinds = 0
    for at in range(start, stop):
        kinds |= bytes_[data[np.uint64(at)]]
    return kinds


@helper
def _start_of_last(data: U8, start: int, stop: int, characters: int) -> int:
    """Where the last `characters` characters of a text begin."""
    at = stop
    while at > start and characters > 0:
        at -= 1
        characters -= data[at] & 0xC0 != 0x80
    return at


@helper
def _has_bracket(data: U8, start: int, stop: int) -> bool:
    """Whether a closing bracket is among these bytes."""
    found = False
    for at in range(start, stop):
        found |= data[at] in _BRACKETS
    return found


@helper
def _is_quotation(data: U8, start: int, stop: int, marks: U8) -> bool:
    """Whether a text begins with a double quotation mark and ends with one, or with one and a full stop or comma."""
    code, width = code_point(data, start)
    if code >= len(marks) or marks[code] & _OPENS == 0 or start + width == stop:
        return False
    last = _start_of_last(data, start, stop, 1)
    code, _ = code_point(data, last)
    if code < len(marks) and marks[code] & _BEHIND:
        last = _start_of_last(data, start, last, 1)
        code, _ = code_point(data, last)
    if last == start:  # one mark, which may both open and close
        return False
    return bool(code < len(marks) and marks[code] & _CLOSES)


@helper
def _begins_like_author_note(data: U8, start: int, stop: int, bytes_: U8, mentions: Rows[U8]) -> bool:
    """Whether a text may begin with a name and "is" or a comma, or with a mention of the author.

    A name has two words or more; the later ones may be in lower case. A character beyond ASCII may be anything, so the
    answer is then yes, but for quotation marks before the name, with which many lines begin.
    """
    at = start
    for _ in range(3):
        if at < stop and bytes_[data[at]] & (_WORD | _BEYOND) == 0:
            at += 1
        elif (
            at + 2 < stop and data[at] == _QUOTE_1 and data[at + 1] == _QUOTE_2 and data[at + 2] in _QUOTES_3
        ):
            at += 3
    first = data[at] if at < stop else np.uint8(0)
    for words in range(1, 7):
        while at < stop and bytes_[data[at]] & _IN_NAMES:
            at += 1
        if at + 1 >= stop:
            return False
        if bytes_[data[at]] & _BEYOND:
            return True
        if data[at] == _COMMA:
            return words > 1
        if bytes_[data[at]] & _SPACE == 0:
            return False
        at += 1
        begins = data[at]
        if bytes_[begins] & (_BEYOND | _SPACE):
            return True
        if words == 1 and _is_mention(first | 0x20, begins | 0x20, mentions):
            return True
        if not _A <= first <= _Z:
            return False
        if not _A <= begins <= _Z:
            if words > 1:
                return bool(bytes_[begins] & (_PARTICLE | _BEGINS_IS))
            if bytes_[begins] & _PARTICLE == 0:
                return False
    return False


@helper
def _is_mention(first: Integer, second: Integer, mentions: Rows[U8]) -> bool:
    """Whether two words with these initials, in lower case, may begin a mention of the author."""
    found = False
    for n in range(len(mentions)):
        found |= mentions[n, 0] == first and mentions[n, 1] == second
    return found
