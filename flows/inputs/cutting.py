"""Cuts the texts out of JSON lines before the lines are parsed.

Most of a record is its text. One pass over many lines, in machine code that releases the GIL, copies the text out and
leaves a placeholder, so that Python parses and stores only the small rest. A line with the placeholder is valid JSON
exactly if the original line is, and then holds the same record except for its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import orjson
import polars as pl

from cleaners.text.json_strings import cut_strings

LARGE: Final = 1 << 16  # bytes; a smaller block is parsed sooner than the machine code is loaded
HUGE: Final = 1 << 22  # bytes; a larger block is mostly one line, of which copies would cost too much memory

FIRST: Final = 5  # lines of a block that are searched for the name of the text


class Utf8(bytes):
    """A text in valid UTF-8 that is not only white space."""

    __slots__ = ()


class Cut(NamedTuple):
    """A line, and the text that was cut out of it."""

    line: memoryview  # the original line
    name: str  # of the text's field
    rest: memoryview  # the line with PLACEHOLDER as the field's value
    text: Utf8


def cut(block: bytes, end: bytes, name_of: Callable[[Sequence[str]], str | None]) -> Iterator[bytes | Cut]:
    """The lines of a block, with the text cut out: of the field that `name_of` says of the first record's fields.

    A line is returned whole if it lacks the field or has it twice, if the value is not a string, is blank or contains
    what JSON forbids, or if a field name is written with escapes. All lines are returned whole if the block is small
    or very large, or is not UTF-8.
    """
    if len(block) > HUGE:
        yield from block.split(end) if end in block else [block]
        return
    name = _name_in(block, end, name_of) if len(block) >= LARGE else None
    if name is None or not _is_utf8(block):
        yield from block.split(end)
        return
    stops = list(_stops(block, end))
    texts, rests = np.empty(len(block), np.uint8), np.empty(len(block), np.uint8)
    key = np.frombuffer(name.encode(), np.uint8)
    text_stops, rest_stops = cut_strings(np.frombuffer(block, np.uint8), np.array(stops), key, texts, rests)
    line, text, rest = memoryview(block), texts.data, rests.data
    start = text_start = rest_start = 0
    for stop, text_stop, rest_stop in zip(stops, text_stops.tolist(), rest_stops.tolist(), strict=True):
        if rest_start < rest_stop:
            whole, left = line[start:stop], rest[rest_start:rest_stop]
            yield Cut(whole, name, left, Utf8(text[text_start:text_stop]))
        else:
            yield block[start:stop]
        start, text_start, rest_start = stop + 1, text_stop, rest_stop


def _name_in(block: bytes, end: bytes, name_of: Callable[[Sequence[str]], str | None]) -> str | None:
    """The name of the text in the first of a block's first lines that is a record with one."""
    start = 0
    for _ in range(FIRST):
        stop = block.find(end, start)
        try:
            record = orjson.loads(memoryview(block)[start : stop if stop >= 0 else None])
        except orjson.JSONDecodeError:
            record = None
        if isinstance(record, dict) and (name := name_of(tuple(record))) is not None:
            return name
        if stop < 0:
            break
        start = stop + 1
    return None


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
