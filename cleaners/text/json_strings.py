"""Strings of JSON lines, cut out of them in one pass over the bytes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cleaners.kernels import I64, U8, Word, Written, helper, kernel
from cleaners.text.tokens import ONES, eight_bytes

PLACEHOLDER: Final = ord("-")  # a value in JSON, shorter than any string

_QUOTE, _BACKSLASH, _COLON = b'"\\:'
_OPEN, _CLOSE = tuple(b"{["), tuple(b"}]")
_SPACE: Final = tuple(b" \t\r")
_ESCAPES: Final = np.zeros(256, np.uint8)  # letter after a backslash -> character
_ESCAPES[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_U: Final = ord("u")
_DIGITS: Final = np.full(256, -1, np.int8)
_DIGITS[list(b"0123456789abcdefABCDEF")] = [*range(16), *range(10, 16)]
_ONE: Final = np.uint64(1)  # offsets are unsigned: numba then omits the check for negative indices
_EIGHT: Final = np.uint64(8)


@kernel
def cut_strings(data: U8, stops: I64, name: U8, texts: Written[U8], rests: Written[U8]) -> Any:
    """(text_stops, rest_stops): where the string of each line ends in `texts`, and the rest of the line in `rests`.

    A line is a JSON object, and ends before `stops`; the string is the value of the field `name`. In the rest, it is
    replaced by PLACEHOLDER. Both are empty if the line has no such string, or if it is blank or not valid.
    """
    text_stops, rest_stops = np.zeros(len(stops), np.int64), np.zeros(len(stops), np.int64)
    start, text_stop, rest_stop = np.uint64(0), np.uint64(0), np.uint64(0)
    for line in range(len(stops)):
        stop = np.uint64(stops[line])
        begin = _find(data, start, stop, 0, name)
        if begin < stop:
            end, text_end = _unescape(data, begin, stop, texts, text_stop)
            if end < stop and _find(data, end + _ONE, stop, 1, name) == stop:
                rest_stop = _copy(data, start, begin, rests, rest_stop)
                rests[rest_stop] = PLACEHOLDER
                rest_stop = _copy(data, end, stop, rests, rest_stop + _ONE)
                text_stop = text_end
        text_stops[line], rest_stops[line] = text_stop, rest_stop
        start = stop + _ONE
    return text_stops, rest_stops


@helper
def _find(data: U8, at: Word, stop: Word, depth: int, name: U8) -> Any:
    """Where the string value of field `name` begins; `stop` if there is no such field, `stop + 1` if in doubt.

    The line is read from `at`, where `depth` braces and brackets are open.
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


@helper
def _same(data: U8, start: Word, stop: Word, name: U8) -> bool:
    same = 0
    if stop - start == np.uint64(len(name)):
        while same < len(name) and data[start + np.uint64(same)] == name[same]:
            same += 1
    return same == len(name)


@helper
def _after_space(data: U8, at: Word, stop: Word) -> Any:
    while at < stop and data[at] in _SPACE:
        at += _ONE
    return at


@helper
def _copy(data: U8, start: Word, stop: Word, to: Written[U8], at: Word) -> Any:
    """Copy a part of `data` to position `at` of `to`; return where it ends."""
    for i in range(stop - start):
        to[at + np.uint64(i)] = data[start + np.uint64(i)]
    return at + (stop - start)


@helper
def _unescape(data: U8, at: Word, stop: Word, texts: Written[U8], start: Word) -> Any:
    """Write the string whose content begins at `at`; (its closing quote, or `stop` if in doubt; the end in `texts`)."""
    to = start
    while at < stop:
        while at + _EIGHT <= stop and not _ends_plain_text(eight_bytes(data, at)):
            for i in range(_EIGHT):
                texts[to + i] = data[at + i]
            at += _EIGHT
            to += _EIGHT
        if at == stop:
            break
        byte = data[at]
        if byte == _QUOTE:
            return at if _is_visible(texts, start, to) else stop, to
        if byte < 0x20:
            break
        if byte != _BACKSLASH:  # true of nearly all text
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


@helper
def _ends_plain_text(eight: Word) -> Any:
    """Whether one of eight bytes is a quote, a backslash or a control: then subtraction borrows its highest bit."""
    ones, high = np.uint64(ONES), np.uint64(0x80 * ONES)
    quote, backslash = eight ^ ones * np.uint64(_QUOTE), eight ^ ones * np.uint64(_BACKSLASH)
    return (
        (quote - ones & ~quote) | (backslash - ones & ~backslash) | (eight - ones * np.uint64(0x20) & ~eight)
    ) & high != 0


@helper
def _hexadecimal(data: U8, at: Word, stop: Word) -> Any:
    """The value of the four hexadecimal digits at `at`, or -1."""
    if at + np.uint64(4) > stop:
        return -1
    number = np.int64(0)
    for i in range(4):
        digit = np.int64(_DIGITS[data[at + np.uint64(i)]])
        if digit < 0:
            return -1
        number = number << 4 | digit
    return number


@helper
def _write(code: int, texts: Written[U8], to: Word) -> Any:
    """Write a code point as UTF-8; return where it ends."""
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


@helper
def _is_visible(texts: U8, at: Word, stop: Word) -> bool:
    """Whether some byte is certainly not white space: visible ASCII, or the first of a character from U+4000 on."""
    while at < stop:
        byte = texts[at]
        if 0x20 < byte < 0x80 or byte >= 0xE4:
            return True
        at += _ONE
    return False
