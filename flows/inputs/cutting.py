"""The texts of JSON lines, cut out before the lines are parsed.

Most of a record is its text. One pass over many lines in machine code, which other threads need not wait for, takes it
out and leaves a stand-in, so that Python parses and holds what little is left. A line with the stand-in is JSON if
and only if the whole line is, and holds the same record but for its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.text.tokens import I64, U8, kernel

LARGE: Final = 1 << 16  # bytes of lines; fewer are parsed before the machine code is loaded

STAND_IN: Final = ord("-")

_QUOTE, _BACKSLASH, _COLON = b'"\\:'
_OPEN, _CLOSE = tuple(b"{["), tuple(b"}]")
_SPACE: Final = tuple(b" \t\r")
_ESCAPES: Final = np.zeros(256, np.uint8)  # of the letter after a backslash what it stands for
_ESCAPES[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_U: Final = ord("u")
_DIGITS: Final = np.full(256, -1, np.int8)
_DIGITS[list(b"0123456789abcdefABCDEF")] = [*range(16), *range(10, 16)]
_ONE: Final = np.uint64(1)  # places are unsigned: numba does not ask of these whether they count from the end


class Utf8(bytes):
    """A text as UTF-8 that is valid, and more than white space."""

    __slots__ = ()


class Cut(NamedTuple):
    """A line without its text."""

    line: memoryview  # with its text
    name: str  # of the text's field
    rest: memoryview  # the line with STAND_IN as the field's value
    text: Utf8


def cut(block: bytes, end: bytes, names: Sequence[str]) -> Iterator[bytes | Cut]:
    """The lines of a block, with the text cut out that is the first of the fields `names` that any of them has.

    A line is left whole where the field is not there, there twice or no text, the text is blank or holds what JSON
    forbids, or a name is written with escapes. So are all lines, if they are few or not UTF-8.
    """
    name = next((name for name in names if f'"{name}"'.encode() in block), None)
    if name is None or len(block) < LARGE or not _is_utf8(block):
        yield from block.split(end)
        return
    stops = list(_stops(block, end))
    texts, rests = np.empty(len(block), np.uint8), np.empty(len(block), np.uint8)
    key = np.frombuffer(name.encode(), np.uint8)
    text_stops, rest_stops = _cut(np.frombuffer(block, np.uint8), np.array(stops), key, texts, rests)
    line, text, rest = memoryview(block), texts.data, rests.data
    start = text_start = rest_start = 0
    for stop, text_stop, rest_stop in zip(stops, text_stops.tolist(), rest_stops.tolist(), strict=True):
        if rest_start < rest_stop:
            whole, left = line[start:stop], rest[rest_start:rest_stop]
            yield Cut(whole, name, left, Utf8(text[text_start:text_stop]))
        else:
            yield block[start:stop]
        start, text_start, rest_start = stop + 1, text_stop, rest_stop


def _stops(block: bytes, end: bytes) -> Iterator[int]:
    stop = block.find(end)
    while stop >= 0:
        yield stop
        stop = block.find(end, stop + 1)
    yield len(block)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


@kernel
def _cut(data: U8, stops: I64, name: U8, texts: U8, rests: U8) -> Any:
    """Writes the texts, and what is left of their lines; the ends of both, which are those before where nothing is."""
    text_stops, rest_stops = np.zeros(len(stops), np.int64), np.zeros(len(stops), np.int64)
    start, text_stop, rest_stop = np.uint64(0), np.uint64(0), np.uint64(0)
    for line in range(len(stops)):
        stop = np.uint64(stops[line])
        begin = _find(data, start, stop, 0, name)
        if begin < stop:
            end, text_end = _unescape(data, begin, stop, texts, text_stop)
            if end < stop and _find(data, end + _ONE, stop, 1, name) == stop:
                rest_stop = _copy(data, start, begin, rests, rest_stop)
                rests[rest_stop] = STAND_IN
                rest_stop = _copy(data, end, stop, rests, rest_stop + _ONE)
                text_stop = text_end
        text_stops[line], rest_stops[line] = text_stop, rest_stop
        start = stop + _ONE
    return text_stops, rest_stops


@kernel
def _find(data: U8, at: Any, stop: Any, depth: int, name: U8) -> Any:
    """Where the string begins that is the field `name` of a record; `stop` without the field, more if it is in doubt.

    The line is read from `at` on, where so many braces and brackets as `depth` are open.
    """
    doubt = stop + _ONE
    while at < stop:
        byte = data[at]
        at += _ONE
        if byte in _OPEN:
            depth += 1
        elif byte in _CLOSE:
            depth -= 1
        elif byte == _QUOTE:
            first, escaped = at, False
            while at < stop and data[at] != _QUOTE:
                if data[at] == _BACKSLASH:
                    escaped = True
                    at += _ONE
                at += _ONE
            if depth == 1 and (escaped or _same(data, first, at, name)):
                at = _after_space(data, at + _ONE, stop)
                if at < stop and data[at] == _COLON:
                    at = _after_space(data, at + _ONE, stop)
                    return at + _ONE if at < stop and data[at] == _QUOTE and not escaped else doubt
            else:
                at += _ONE
    return stop


@kernel
def _same(data: U8, start: Any, stop: Any, name: U8) -> bool:
    same = 0
    if stop - start == np.uint64(len(name)):
        while same < len(name) and data[start + np.uint64(same)] == name[same]:
            same += 1
    return same == len(name)


@kernel
def _after_space(data: U8, at: Any, stop: Any) -> Any:
    while at < stop and data[at] in _SPACE:
        at += _ONE
    return at


@kernel
def _copy(data: U8, start: Any, stop: Any, to: U8, at: Any) -> Any:
    """Writes a part of `data` from `at` on; where it ends."""
    for i in range(stop - start):
        to[at + np.uint64(i)] = data[start + np.uint64(i)]
    return at + (stop - start)


@kernel
def _unescape(data: U8, at: Any, stop: Any, texts: U8, start: Any) -> Any:
    """Writes the string whose content begins at `at`; (where it is closed, or `stop` in doubt; where `to` is)."""
    to = start
    while at < stop:
        byte = data[at]
        if byte == _QUOTE:
            return at if _is_visible(texts, start, to) else stop, to
        if byte < 0x20:
            break
        if byte != _BACKSLASH:  # nearly all text comes this way
            texts[to] = byte
            at += _ONE
            to += _ONE
            continue
        letter = data[at + _ONE] if at + _ONE < stop else np.uint8(0)
        at += np.uint64(2)
        if letter == _U:
            code = _hexadecimal(data, at, stop)
            at += np.uint64(4)
            if (
                0xD800 <= code < 0xDC00
                and at + _ONE < stop
                and data[at] == _BACKSLASH
                and data[at + _ONE] == _U
            ):
                low = _hexadecimal(data, at + np.uint64(2), stop)
                code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00 if 0xDC00 <= low < 0xE000 else -1
                at += np.uint64(6)
            if code < 0 or 0xD800 <= code < 0xE000:
                break
            to = _write(code, texts, to)
        elif _ESCAPES[letter]:
            texts[to] = _ESCAPES[letter]
            to += _ONE
        else:
            break
    return stop, to


@kernel
def _hexadecimal(data: U8, at: Any, stop: Any) -> Any:
    """The number that the four digits from `at` on are, or -1."""
    if at + np.uint64(4) > stop:
        return -1
    number = np.int64(0)
    for i in range(4):
        digit = np.int64(_DIGITS[data[at + np.uint64(i)]])
        if digit < 0:
            return -1
        number = number << 4 | digit
    return number


@kernel
def _write(code: int, texts: U8, to: Any) -> Any:
    """Writes a code point as UTF-8; where it ends."""
    if code < 0x80:
        texts[to] = code
        return to + _ONE
    shift = 6 if code < 0x800 else 12 if code < 0x10000 else 18
    texts[to] = (0xC0, 0xE0, 0xF0)[shift // 6 - 1] | code >> shift
    while shift:
        shift -= 6
        to += _ONE
        texts[to] = 0x80 | code >> shift & 0x3F
    return to + _ONE


@kernel
def _is_visible(texts: U8, at: Any, stop: Any) -> bool:
    """Whether there is a byte that is surely no part of white space: of ASCII, or the first of one from U+4000 on."""
    while at < stop:
        byte = texts[at]
        if 0x20 < byte < 0x80 or byte >= 0xE4:
            return True
        at += _ONE
    return False
