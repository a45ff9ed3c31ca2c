"""Pieces of bytes as lines, in bounded memory and in whatever charset they are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from cleaners.decoding.decoder import ERRORS, Decoded, NotText, charset, decode
from flows.inputs.compression import Unreadable
from flows.inputs.tracing import HEAD

#: Records of one byte a character: binary data in one of them shall not cost the others.
_OBJECT: Final = re.compile(rb"\s*\{[^\0]")
WIDE: Final = ("utf-16", "utf-32")
_SEVEN_BIT: Final = ("iso-2022", "hz")


def lines(pieces: Iterable[bytes], limit: int) -> tuple[str, Iterator[bytes | None]]:
    """(charset, lines): the charset that the head is in, and every line without its line feed.

    A line longer than `limit` bytes is never held, and is None. Raises Unreadable if the head is no text; see `blocks`.
    """
    name, end, found = blocks(pieces, limit)
    return name, (line for block in found for line in ([None] if block is None else block.split(end)))


def blocks(
    pieces: Iterable[bytes], limit: int, before: bytes = b""
) -> tuple[str, bytes, Iterator[bytes | None]]:
    """(charset, end, blocks): the charset that the head is in, what ends a line, and the lines, many at a time.

    A block is one or more lines, with their ends between them. A line longer than `limit` bytes is never held, and is a
    block that is None. The lines are bytes of the charset, but for UTF-16 and UTF-32, whose lines are UTF-8; `text_of`
    decodes them. A byte order mark is taken away. Where the head has no line feed but carriage returns, these end the
    lines. `before` has the first bytes of a file of which only later lines are wanted. Raises Unreadable if the head is
    no text.
    """
    stream = iter(pieces)
    first: list[bytes] = []
    head = before
    try:
        while len(head) < HEAD and (piece := next(stream, b"")):
            first.append(piece)
            head += piece
    except Unreadable as error:
        stream = _ended(error)  # after the lines of the head
    try:
        name = charset(head)
    except NotText as error:
        if not _OBJECT.match(head):
            raise Unreadable(str(error)) from error
        name = "utf-8"
    if name.startswith(WIDE) and _OBJECT.match(head):
        name = "utf-8"
    whole: Iterator[bytes] = chain([b"".join(first)], stream)
    if name.startswith(WIDE):
        whole = _to_utf8(whole, name)
        head = next(whole, b"")
        whole = chain([head], whole)
    end = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    return name, end, _blocks(whole, end, limit)


def text_of(line: bytes, name: str) -> Decoded:
    """The text of a line, and its charset: UTF-8 where it is valid, else the file's, else its own.

    A file may be glued together from parts: the charset of its head need not be that of every line. Raises NotText.
    """
    if not name.startswith(_SEVEN_BIT):
        try:
            return Decoded(line.decode(), name if name.startswith(WIDE) else "utf-8")
        except UnicodeDecodeError:
            pass
    if name.startswith(("utf-8", *WIDE)):
        return decode(line)
    return Decoded(line.decode(name, ERRORS), name)


def _ended(error: Unreadable) -> Iterator[bytes]:
    raise error
    yield


def _to_utf8(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)(ERRORS)
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _blocks(pieces: Iterator[bytes], end: bytes, limit: int) -> Iterator[bytes | None]:
    pieces = chain([next(pieces, b"").removeprefix(codecs.BOM_UTF8)], pieces)
    prefix_hash: list[bytes] = []  # of a line that has not ended
    length = 0
    for piece in pieces:
        last = piece.rfind(end)
        if last < 0:
            prefix_hash.append(piece)
            length += len(piece)
            if length > limit:
                prefix_hash = []
            continue
        if length > limit:
            yield None
            first = piece.find(end)
            block = piece[first + 1 : last] if first < last else None
        else:
            block = b"".join([*prefix_hash, memoryview(piece)[:last]])
        if block is not None:
            yield from [block] if len(block) <= limit else _one_by_one(block.split(end), limit)
        prefix_hash, length = [piece[last + 1 :]], len(piece) - last - 1
    if length:
        yield b"".join(prefix_hash) if length <= limit else None


def _one_by_one(lines: list[bytes], limit: int) -> Iterator[bytes | None]:
    return (line if len(line) <= limit else None for line in lines)
