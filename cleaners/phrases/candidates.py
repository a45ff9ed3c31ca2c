"""Which lines may hold a phrase: a first look at their bytes, so that few are folded and looked at closely.

A line of plain characters (see `phrase_characters`) that reads as a wording does, or begins so, has its first letters;
one that holds a word has its bytes, case aside. This asks no more of a line, and takes one for a candidate in which
another character could make a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.phrases.characters import CASE, NO_LETTER, NOT_PLAIN, U16, Flags, bytes_tell, is_plain, letters
from cleaners.text.tokens import I64, MULTIPLIER, U8, U32, U64, code_point, kernel
from cleaners.text.utf8 import utf8

#: So many first letters are compared.
LETTERS: Final = 12
#: So many bytes of a text are looked for at most, its last; and first for any four of these together.
WINDOW: Final = 8
FOUR: Final = 4

# what some first letters are: all letters that a line is to have; those that it is to start with; those that a match of
# a regular expression starts with; the first of any of these
_LINE, _START, _REGEX, _PREFIX = 1, 2, 4, 8
# in place of a next letter: there is none, it cannot be told
_END, _UNKNOWN = -1, -2

_BASIS: Final = 0xCBF29CE484222325  # of FNV-1a with 64 bits
_PRIME: Final = 0x100000001B3
_BITS: Final = 14  # of the hash of four bytes
_EIGHT_CASES: Final = CASE * 0x0101010101010101
_FOUR_CASES: Final = CASE * 0x01010101
_EIGHT: Final = 0xFFFFFFFFFFFFFFFF
_BEYOND_ASCII: Final = 0x8080808080808080


class Sought(NamedTuple):
    """What lines are compared with, as `seek` makes it. Hash tables are open-addressed, 0 in the free places."""

    firsts: U64  # hashes of first letters
    uses: U8  # in the same places, what these are
    window: int  # the last bytes of a text that are looked for, or all 8; 0 if texts cannot be told so
    mask: np.uint64  # that takes so many of eight bytes
    windows: U64  # hashes of these
    fours: Flags  # by its hash, whether four bytes together are among the last


def seek(
    lines: Sequence[str], starts: Sequence[str], starts_regex: Sequence[str], held: Sequence[str]
) -> Sought:
    """What `candidates` looks for.

    `lines` and `starts` are wordings that a line is, or that it starts with, once folded. `starts_regex` are such that
    a match of a regular expression starts with, whatever stands between their letters. `held` are texts in lower case
    that a line holds as it stands, but in any case. An empty text is found in every line.
    """
    wordings = pl.Series([*lines, *starts, *starts_regex], dtype=pl.String)
    counts = [len(lines), len(starts), len(starts_regex)]
    uses = np.repeat(np.array([_LINE, _START, _REGEX], np.uint8), counts)
    # no line of plain characters holds another text
    data, offsets = utf8(pl.Series([text for text in held if all(map(is_plain, text))], dtype=pl.String))
    window = min([WINDOW, *np.diff(offsets).tolist()])
    window = window if window >= FOUR else 0
    mask = np.frombuffer(b"\xff" * window + bytes(8 - window), np.uint64)[0]
    numbers = _at_every_byte(np.append(data, np.zeros(8, np.uint8)))
    (firsts, uses), (windows, fours) = _tables(
        *utf8(wordings), uses, letters(), *numbers, offsets, window, mask
    )
    return Sought(firsts, uses, window, mask, windows, fours)


def candidates(text: pl.Series, sought: Sought) -> pl.DataFrame:
    """What each text (none of them null) may be: four Booleans, `is_line`, `starts`, `starts_regex` and `holds`.

    Quoted mail and rows of tables, which are nobody's boilerplate, are none of these.
    """
    data, offsets = utf8(text)
    found = _look(data, *_at_every_byte(data), offsets, letters(), bytes_tell(), sought)
    return pl.DataFrame(dict(zip(("is_line", "starts", "starts_regex", "holds"), found, strict=True)))


def _at_every_byte(data: U8) -> tuple[U32, U64]:
    """The four bytes, and the eight, that begin at each byte, as numbers; nothing is copied."""
    fours, eights = (
        np.ndarray((max(len(data) - size + 1, 0),), f"u{size}", data, strides=(1,)) for size in (FOUR, 8)
    )
    return fours, eights


@kernel
def _table(entries: int) -> U64:
    """An empty hash table for so many entries."""
    size = 16
    while size < entries + entries // 4:
        size *= 2
    return np.zeros(size, np.uint64)


@kernel
def _place(table: U64, h: Any) -> Any:
    """Where the hash is in a table, or would be."""
    place = np.int64(h >> np.uint64(32)) & (len(table) - 1)
    while table[place] != 0 and table[place] != h:
        place = (place + 1) & (len(table) - 1)
    return place


@kernel
def _next_letter(data: U8, at: int, stop: int, letters: U16) -> Any:
    """(the next letter, folded; _END, or _UNKNOWN if a character that is not plain comes before it), where it ends."""
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


@kernel
def _firsts_table(data: U8, offsets: I64, uses: U8, letters: U16) -> Any:
    """The `firsts` and `uses` of wordings, each of the use given."""
    firsts = _table(len(uses) * (LETTERS + 1))
    uses_there = np.zeros(len(firsts), np.uint8)
    for n in range(len(uses)):
        h, at = np.uint64(_BASIS), offsets[n]
        for count in range(LETTERS + 1):
            place = _place(firsts, h)
            firsts[place] = h
            uses_there[place] |= _PREFIX
            letter, at = _next_letter(data, at, offsets[n + 1], letters)
            if letter == _UNKNOWN:  # no line of plain characters is or begins so
                break
            if letter == _END or count == LETTERS:
                uses_there[place] |= uses[n]
                break
            h = (h ^ np.uint64(letter)) * np.uint64(_PRIME)
    return firsts, uses_there


@kernel
def _hash_eight(eights_at: U64, at: int, mask: Any) -> Any:
    return ((eights_at[np.uint64(at)] | np.uint64(_EIGHT_CASES)) & mask) * np.uint64(MULTIPLIER)


@kernel
def _hash_four(fours_at: U32, at: int) -> Any:
    # of a signed place it would be asked whether it counts from the end
    four = np.uint32(fours_at[np.uint64(at)] | np.uint32(_FOUR_CASES))
    return np.uint64(np.uint32(four * np.uint32(MULTIPLIER & 0xFFFFFFFF)) >> np.uint32(32 - _BITS))


@kernel
def _windows_table(fours_at: U32, eights_at: U64, offsets: I64, window: int, mask: Any) -> Any:
    """The `windows` and `fours` of texts."""
    texts = len(offsets) - 1
    windows, fours = _table(4 * texts), np.zeros(1 << _BITS, np.bool_)
    for n in range(texts):
        stop = offsets[n + 1]
        if stop - offsets[n] >= WINDOW:
            h = _hash_eight(eights_at, stop - WINDOW, np.uint64(_EIGHT))
        else:
            h = _hash_eight(eights_at, stop - window, mask)
        windows[_place(windows, h)] = h
        for at in range(stop - window, stop - FOUR + 1):
            fours[_hash_four(fours_at, at)] = True
    return windows, fours


@kernel
def _tables(
    data: U8,
    offsets: I64,
    uses: U8,
    letters: U16,
    fours_at: U32,
    eights_at: U64,
    text_offsets: I64,
    window: int,
    mask: Any,
) -> Any:
    # in one kernel, for each takes its time to load
    firsts = _firsts_table(data, offsets, uses, letters)
    return firsts, _windows_table(fours_at, eights_at, text_offsets, window, mask)


@kernel
def _holds(fours_at: U32, eights_at: U64, start: int, stop: int, sought: Sought) -> bool:
    """Whether the last bytes of a text are in the line: at one of every few places four of them are, if they are."""
    step = sought.window - FOUR + 1
    for at in range(start, stop - FOUR + 1, step):
        if sought.fours[_hash_four(fours_at, at)]:
            for begin in range(max(start, at - step + 1), min(at, stop - sought.window) + 1):
                if begin >= len(eights_at):  # at the end of all lines
                    return True
                h = _hash_eight(eights_at, begin, sought.mask)
                if sought.windows[_place(sought.windows, h)] == h:
                    return True
                longer = begin + sought.window - WINDOW
                if longer >= start:
                    h = _hash_eight(eights_at, longer, np.uint64(_EIGHT))
                    if sought.windows[_place(sought.windows, h)] == h:
                        return True
    return False


@kernel
def _all_tell(data: U8, eights_at: U64, start: int, stop: int, bytes_tell: Flags) -> bool:
    at = start
    while at < stop:
        if at + 8 <= stop and eights_at[np.uint64(at)] & np.uint64(_BEYOND_ASCII) == 0:
            at += 8
        elif data[at] < 0x80:
            at += 1
        else:
            code, width = code_point(data, at)
            if code >= len(bytes_tell) or not bytes_tell[code]:
                return False
            at += width
    return True


@kernel
def _look(
    data: U8,
    fours_at: U32,
    eights_at: U64,
    offsets: I64,
    letters: U16,
    bytes_tell: Flags,
    sought: Sought,
) -> Any:
    texts = len(offsets) - 1
    is_line, starts, starts_regex, holds = np.ones((4, texts), np.bool_)
    for n in range(texts):
        start, stop = offsets[n], offsets[n + 1]
        if start < stop and (data[start] == ord(">") or data[start] == ord("|")):
            is_line[n] = starts[n] = starts_regex[n] = holds[n] = False
            continue
        h, at = np.uint64(_BASIS), start
        use = found = sought.uses[_place(sought.firsts, h)]
        for count in range(LETTERS + 1):
            # what a letter is, is certain with the next: a mark could have changed it
            letter, at = _next_letter(data, at, stop, letters)
            if letter == _UNKNOWN:
                break
            if letter == _END or count == LETTERS or use == 0:
                is_line[n] = use & _LINE != 0
                starts[n], starts_regex[n] = found & _START != 0, found & _REGEX != 0
                break
            h = (h ^ np.uint64(letter)) * np.uint64(_PRIME)
            use = sought.uses[_place(sought.firsts, h)]
            found |= use
        if sought.window > 0 and _all_tell(data, eights_at, start, stop, bytes_tell):
            holds[n] = _holds(fours_at, eights_at, start, stop, sought)
    return is_line, starts, starts_regex, holds
