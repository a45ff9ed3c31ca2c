"""A prefilter for lines that may match a phrase: it scans their bytes, so that only few lines have to be folded.

In a line of plain characters (see `cleaners.phrases.characters`), the first letters are those of a wording that it
equals or begins with, and the bytes of a word that it contains are there, except for their case. The prefilter checks
nothing more. A line in which a character that is not plain could make a difference is always a candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U16, U64, Flags, Word, helper, kernel
from cleaners.phrases.characters import (
    CASE_BIT,
    NO_LETTER,
    NOT_PLAIN,
    byte_comparable,
    is_plain,
    letters,
)
from cleaners.text.tokens import MULTIPLIER, code_point, eight_bytes, four_bytes
from cleaners.text.utf8 import utf8

#: How many letters at the start of a line are compared.
PREFIX_LETTERS: Final = 12
#: A text is found by its last bytes, at most this many. A line is probed for any four consecutive ones of these first.
MAX_WINDOW: Final = 8
PROBE_BYTES: Final = 4
#: No text is longer.
MAX_CHARACTERS: Final = 1 << 62

# roles of a sequence of letters: all letters of a line; the letters that a line begins with; those that a match of a
# regular expression begins with; a prefix of any of these
_LINE, _START, _REGEX, _PREFIX = 1, 2, 4, 8
# instead of a next letter: the text has ended; unknown, because of a character that is not plain
_END, _UNKNOWN = -1, -2

_BASIS: Final = 0xCBF29CE484222325  # of FNV-1a with 64 bits
_PRIME: Final = 0x100000001B3
_BITS: Final = 16  # in the hash of four bytes
_NO_BOILERPLATE: Final = tuple(b">|")  # begin quoted mail and table rows
_CASE_BITS_8: Final = CASE_BIT * 0x0101010101010101
_CASE_BITS_4: Final = CASE_BIT * 0x01010101
_ALL_BITS: Final = 0xFFFFFFFFFFFFFFFF
_BEYOND_ASCII: Final = 0x8080808080808080


class Prefilter(NamedTuple):
    """What lines are compared with; made by `make_prefilter`. Hash tables use open addressing, 0 marks a free slot."""

    firsts: U64  # hash table of sequences of first letters
    roles: U8  # the roles of these, in the same slots
    window: int  # how many last bytes of a text are compared (8 where it has as many); 0 if a text is too short for it
    mask: Word  # selects `window` of eight bytes
    windows: U64  # hash table of the last bytes of the texts
    fours: Flags  # by hash of four bytes: whether they occur in the last bytes of a text


def make_prefilter(
    lines: Sequence[str], starts: Sequence[str], starts_regex: Sequence[str], held: Sequence[str]
) -> Prefilter:
    """The prefilter for `candidates`.

    `lines` and `starts` are wordings that a folded line equals, or starts with. `starts_regex` are texts that a match
    of a regular expression starts with, whatever stands between their letters. `held` are texts in lower case that a
    line contains before it is folded, in any case. An empty text makes every line a candidate.
    """
    wordings = pl.Series([*lines, *starts, *starts_regex], dtype=pl.String)
    counts = [len(lines), len(starts), len(starts_regex)]
    roles = np.repeat(np.array([_LINE, _START, _REGEX], np.uint8), counts)
    # a line of plain characters contains no text with other characters
    data, offsets = utf8(pl.Series([text for text in held if all(map(is_plain, text))], dtype=pl.String))
    window = min([MAX_WINDOW, *np.diff(offsets).tolist()])
    window = window if window >= PROBE_BYTES else 0
    mask = np.frombuffer(b"\xff" * window + bytes(8 - window), np.uint64)[0]
    padded = np.append(data, np.zeros(8, np.uint8))
    (firsts, roles), (windows, fours) = _tables(
        *utf8(wordings), roles, letters(), padded, offsets, window, mask
    )
    return Prefilter(firsts, roles, window, mask, windows, fours)


def candidates(text: pl.Series, prefilter: Prefilter, longest: int = MAX_CHARACTERS) -> pl.DataFrame:
    """What each text may match: a frame of four Booleans, `is_line`, `starts`, `starts_regex` and `holds`.

    No text may be null. Of texts with more than `longest` characters only the first letters are looked at: they have no
    more than `starts`. Quoted mail and table rows are never candidates, because they are not boilerplate.

    >>> prefilter = make_prefilter(["read more"], [], [], ["cookie"])
    >>> candidates(pl.Series(["Read more", "It rained", "No Cookies"]), prefilter).select("is_line", "holds").rows()
    [(True, False), (False, False), (False, True)]
    """
    data, offsets = utf8(text)
    found = _scan(data, offsets, letters(), byte_comparable(), prefilter, longest)
    return pl.DataFrame(dict(zip(("is_line", "starts", "starts_regex", "holds"), found, strict=True)))


@helper
def _table(entries: int) -> U64:
    """An empty hash table with room for `entries`."""
    size = 16
    while size < entries + entries // 4:
        size *= 2
    return np.zeros(size, np.uint64)


@helper
def _place(table: U64, h: Word) -> Any:
    """The slot in which a hash is stored, or would be."""
    place = np.int64(h >> np.uint64(32)) & (len(table) - 1)
    while table[place] != 0 and table[place] != h:
        place = (place + 1) & (len(table) - 1)
    return place


@helper
def _next_letter(data: U8, at: int, stop: int, letters: U16) -> Any:
    """(the next letter, folded; or _END; or _UNKNOWN if a character comes first that is not plain; where it ends)."""
    while at < stop:
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
            if code >= len(letters):
                return _UNKNOWN, at
        letter = np.int64(letters[code])
        if letter == NOT_PLAIN:
            return _UNKNOWN, at
        at += width
        if letter != NO_LETTER:
            return letter, at
    return _END, at


@helper
def _firsts_table(data: U8, offsets: I64, roles: U8, letters: U16) -> Any:
    """The tables `firsts` and `roles` for wordings, given the role of each."""
    firsts = _table(len(roles) * (PREFIX_LETTERS + 1))
    table_roles = np.zeros(len(firsts), np.uint8)
    for n in range(len(roles)):
        h, at = np.uint64(_BASIS), offsets[n]
        for count in range(PREFIX_LETTERS + 1):
            place = _place(firsts, h)
            firsts[place] = h
            table_roles[place] |= _PREFIX
            letter, at = _next_letter(data, at, offsets[n + 1], letters)
            if letter == _UNKNOWN:  # no line of plain characters begins like this
                break
            if letter == _END or count == PREFIX_LETTERS:
                table_roles[place] |= roles[n]
                break
            h = (h ^ np.uint64(letter)) * np.uint64(_PRIME)
    return firsts, table_roles


@helper
def _hash_eight(data: U8, at: int, mask: Word) -> Any:
    eight: Any = eight_bytes(data, at)
    return ((eight | np.uint64(_CASE_BITS_8)) & mask) * np.uint64(MULTIPLIER)


@helper
def _hash_four(data: U8, at: int) -> Any:
    here: Any = four_bytes(data, at)
    four = np.uint32(here | np.uint32(_CASE_BITS_4))
    return np.uint64(np.uint32(four * np.uint32(MULTIPLIER & 0xFFFFFFFF)) >> np.uint32(32 - _BITS))


@helper
def _windows_table(data: U8, offsets: I64, window: int, mask: Word) -> Any:
    """The tables `windows` and `fours` for texts; eight more bytes follow the last one."""
    texts = len(offsets) - 1
    windows, fours = _table(4 * texts), np.zeros(1 << _BITS, np.bool_)
    for n in range(texts):
        stop = offsets[n + 1]
        if stop - offsets[n] >= MAX_WINDOW:
            h = _hash_eight(data, stop - MAX_WINDOW, np.uint64(_ALL_BITS))
        else:
            h = _hash_eight(data, stop - window, mask)
        windows[_place(windows, h)] = h
        for at in range(stop - window, stop - PROBE_BYTES + 1):
            fours[_hash_four(data, at)] = True
    return windows, fours


@kernel
def _tables(
    data: U8,
    offsets: I64,
    roles: U8,
    letters: U16,
    texts: U8,
    text_offsets: I64,
    window: int,
    mask: Word,
) -> Any:
    # in one kernel, because each kernel takes a while to load
    firsts = _firsts_table(data, offsets, roles, letters)
    return firsts, _windows_table(texts, text_offsets, window, mask)


@helper
def _holds(data: U8, start: int, stop: int, prefilter: Prefilter) -> bool:
    """Whether the line contains the last bytes of a text. Probing every few bytes is enough to hit four of them."""
    step = prefilter.window - PROBE_BYTES + 1
    for at in range(start, stop - PROBE_BYTES + 1, step):
        if prefilter.fours[_hash_four(data, at)]:
            for begin in range(max(start, at - step + 1), min(at, stop - prefilter.window) + 1):
                if begin + 8 > len(data):  # at the end of the last line there are no eight bytes to compare
                    return True
                h = _hash_eight(data, begin, prefilter.mask)
                if prefilter.windows[_place(prefilter.windows, h)] == h:
                    return True
                longer = begin + prefilter.window - MAX_WINDOW
                if longer >= start:
                    h = _hash_eight(data, longer, np.uint64(_ALL_BITS))
                    if prefilter.windows[_place(prefilter.windows, h)] == h:
                        return True
    return False


@helper
def _is_ascii(data: U8, at: int) -> bool:
    eight: Any = eight_bytes(data, at)
    return eight & np.uint64(_BEYOND_ASCII) == 0  # type: ignore[no-any-return]


@helper
def _all_comparable(data: U8, start: int, stop: int, byte_comparable: Flags) -> bool:
    at = start
    while at < stop:
        if at + 8 <= stop and _is_ascii(data, at):
            at += 8
        elif data[at] < 0x80:
            at += 1
        else:
            code, width = code_point(data, at)
            if code >= len(byte_comparable) or not byte_comparable[code]:
                return False
            at += width
    return True


@helper
def _characters(data: U8, start: int, stop: int) -> int:
    count = 0
    for at in range(start, stop):  # no branch, so that the loop is vectorised
        count += data[np.uint64(at)] & 0xC0 != 0x80
    return count


@kernel
def _scan(
    data: U8,
    offsets: I64,
    letters: U16,
    byte_comparable: Flags,
    prefilter: Prefilter,
    longest: int,
) -> Any:
    texts = len(offsets) - 1
    is_line, starts, starts_regex, holds = (
        np.ones(texts, np.bool_),
        np.ones(texts, np.bool_),
        np.ones(texts, np.bool_),
        np.ones(texts, np.bool_),
    )
    for n in range(texts):
        start, stop = offsets[n], offsets[n + 1]
        if start < stop and data[start] in _NO_BOILERPLATE:
            is_line[n] = starts[n] = starts_regex[n] = holds[n] = False
            continue
        h, at = np.uint64(_BASIS), start
        role = found = prefilter.roles[_place(prefilter.firsts, h)]
        for count in range(PREFIX_LETTERS + 1):
            # a letter is certain only once the next is read, because a mark could change it
            letter, at = _next_letter(data, at, stop, letters)
            if letter == _UNKNOWN:
                break
            if letter == _END or count == PREFIX_LETTERS or role == 0:
                is_line[n] = role & _LINE != 0
                starts[n], starts_regex[n] = found & _START != 0, found & _REGEX != 0
                break
            h = (h ^ np.uint64(letter)) * np.uint64(_PRIME)
            role = prefilter.roles[_place(prefilter.firsts, h)]
            found |= role
        if stop - start > longest and _characters(data, start, stop) > longest:
            is_line[n] = starts_regex[n] = holds[n] = False
        elif prefilter.window > 0 and _all_comparable(data, start, stop, byte_comparable):
            holds[n] = _holds(data, start, stop, prefilter)
    return is_line, starts, starts_regex, holds
