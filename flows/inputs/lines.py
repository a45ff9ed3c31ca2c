"""Chunks of bytes as lines, in any charset and in bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from cleaners.decoding.decoder import ERRORS, Decoded, NotText, charset, decode
from flows.inputs.bounds import Unreadable
from flows.inputs.tracing import HEAD

#: The head of a file of JSON records in a charset of one byte per character. Such a file is never rejected as binary:
#: binary data in one record must not cost the others.
_OBJECT: Final = re.compile(rb"\s*[\[{][^\0]")
WIDE: Final = ("utf-16", "utf-32")
_SEVEN_BIT: Final = ("iso-2022", "hz")


def lines(chunks: Iterable[bytes], limit: int) -> tuple[str, Iterator[bytes | None]]:
    """(charset, lines): the charset of the head, and every line without its line feed.

    A line longer than `limit` bytes is not kept in memory, and is None. Raises Unreadable if the head is not text; see
    `blocks`.
    """
    name, end, found = blocks(chunks, limit)
    return name, (line for block in found for line in ([None] if block is None else block.split(end)))


def blocks(
    chunks: Iterable[bytes], limit: int, before: bytes = b""
) -> tuple[str, bytes, Iterator[bytes | None]]:
    """(charset, end, blocks): the charset of the head, the line end, and the lines, many at a time.

    A block is one or more lines with the line ends between them. A line longer than `limit` bytes is not kept in
    memory; its block is None. See `text_chunks` for what the bytes are, and for the rest.
    """
    name, end, whole = text_chunks(chunks, before)
    return name, end, split(whole, end, limit)


def text_chunks(chunks: Iterable[bytes], before: bytes = b"") -> tuple[str, bytes, Iterator[bytes]]:
    """(charset, end, chunks): the charset of the head, the line end, and the bytes.

    They are bytes in the charset, except that UTF-16 and UTF-32 are converted to UTF-8; `text_of` decodes them. If the
    head has carriage returns but no line feed, carriage returns end the lines. `before` holds the first bytes of the
    file if reading starts further on. Raises Unreadable if the head is not text.
    """
    stream = iter(chunks)
    first: list[bytes] = []
    head = before
    try:
        while len(head) < HEAD and (chunk := next(stream, b"")):
            first.append(chunk)
            head += chunk
    except Unreadable as error:
        stream = _failing(error)  # raised after the lines of the head
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
        whole = to_utf8(whole, name)
        head = next(whole, b"")
        whole = chain([head], whole)
    end = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    return name, end, whole


def text_of(line: bytes, name: str) -> Decoded:
    """The text and charset of a line: UTF-8 if it is valid, else the file's charset, else one detected for the line.

    A file may be concatenated from parts, so not every line need have the charset of the head. Raises NotText.
    """
    if not name.startswith(_SEVEN_BIT):
        try:
            return Decoded(line.decode(), name if name.startswith(WIDE) else "utf-8")
        except UnicodeDecodeError:
            pass
    if name.startswith(("utf-8", *WIDE)):
        return decode(line)
    return Decoded(line.decode(name, ERRORS), name)


def _failing(error: Unreadable) -> Iterator[bytes]:
    raise error
    yield


def to_utf8(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Bytes in a charset, chunk by chunk, as UTF-8."""
    decoder = codecs.getincrementaldecoder(name)(ERRORS)
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def split(chunks: Iterator[bytes], end: bytes, limit: int) -> Iterator[bytes | None]:
    """Chunks as blocks of whole lines, see `blocks`; a byte order mark is dropped."""
    chunks = chain([next(chunks, b"").removeprefix(codecs.BOM_UTF8)], chunks)
    unfinished: list[bytes] = []  # the chunks of a line whose end has not come yet
    length = 0
    for chunk in chunks:
        last = chunk.rfind(end)
        if last < 0:
            unfinished.append(chunk)
            length += len(chunk)
            if length > limit:
                unfinished = []
            continue
        if length > limit:
            yield None
            first = chunk.find(end)
            block = chunk[first + 1 : last] if first < last else None
        else:
            block = b"".join([*unfinished, memoryview(chunk)[:last]])
        unfinished, length = [chunk[last + 1 :]], len(chunk) - last - 1
        if block is not None:
            yield from [block] if len(block) <= limit else _one_by_one(block.split(end), limit)
    if length:
        block = b"".join(unfinished) if length <= limit else None
        unfinished.clear()
        yield block


def _one_by_one(lines: list[bytes], limit: int) -> Iterator[bytes | None]:
    return (line if len(line) <= limit else None for line in lines)
