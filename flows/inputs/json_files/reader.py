"""JSON: one object a line, or in another shape if the beginning shows it.

Both are streamed. Damage is raised as `Unreadable`, after the rows before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from flows.inputs.bounds import MEGABYTE, Unreadable, beyond_memory, too_deep
from flows.inputs.cutting import Cut, cut
from flows.inputs.json_files.records import holds_records, is_flat, parse
from flows.inputs.json_files.shapes import PROBE, Shapes, has_list
from flows.inputs.json_files.values import OPEN_ARRAY, OPEN_OBJECT, Damaged, Extent
from flows.inputs.lines import WIDE, split, text_chunks, to_utf8
from flows.inputs.reader import Input, Options, Row, chunks_of, too_large
from flows.inputs.records.documents import Document, Refused, Rejected, to_document
from flows.inputs.tracing import Trace, unread_part

#: Charsets in which a byte of another character may look like a quote, a backslash or a bracket.
_NOT_ASCII: Final = ("cp932", "shift", "gb", "big5", "cp949", "johab", "iso-2022", "hz", "utf-7")
_WHITE: Final = re.compile(rb"(?:\s++|\xef\xbb\xbf)*+")
#: A line that says what to do with the next one, in a file for Elasticsearch's bulk interface.
_ACTION: Final = re.compile(
    rb'\s*\{\s*"(?:index|create)"\s*:\s*\{(?:\s*"_\w{1,20}"\s*:\s*"[^"\\]{0,512}"\s*,?)*+\s*\}\s*\}\s*\Z'
)
_FIRST_LINE: Final = re.compile(rb"[^\n\r]*?([^\n\r]?)[ \t]*(?:\Z|[\n\r]\s*([^\s]?))")


def read_jsonl(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per line; blank lines are skipped but counted. Other shapes are read as well, see `shapes`.

    If the file still begins with the bytes of its last reading, reading resumes after them. A last line that has no
    line end and is not valid JSON may still be being written. It is deferred once, to the next run, and
    `trace.incomplete_tail` is set. Files in other shapes are read from the start.
    """
    yield from _read(given, options, trace, is_file=False)


def read_json(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """Like `read_jsonl`, except that a file of a single object is one document with the uri of the file."""
    yield from _read(given, options, trace, is_file=True)


def _read(given: Input, options: Options, trace: Trace, *, is_file: bool) -> Iterator[Row]:
    number, before = 0, b""
    stream = _LastByte(chunks_of(given, options, trace))
    if given.last is not None and (found := unread_part(stream, given.last)):
        before, rest = found
        number = given.last.lines or 0
        trace.resumed = True
    elif given.last is not None and given.last.end is not None:
        trace.restart()
        rest = stream = _LastByte(chunks_of(given, options, trace))
    else:
        rest = stream
    charset, end, whole = text_chunks(rest, before)
    if not number:
        are_lines, whole = _are_lines(whole, end, charset, options, is_file=is_file)
        if not are_lines:
            trace.resumed = False
            is_safe = not charset.startswith(_NOT_ASCII)
            shapes = Shapes(
                whole if is_safe else to_utf8(whole, charset),
                charset if is_safe else "utf-8",
                given.uri,
                options,
                encoding=None if is_safe else charset,
            )
            yield from shapes.rows(alone=given.uri if is_file else None)
            return
    yield from _lines(given, options, trace, stream, whole, charset, end, number)


def _lines(
    given: Input,
    options: Options,
    trace: Trace,
    stream: _LastByte,
    whole: Iterator[bytes],
    charset: str,
    end: bytes,
    number: int,
) -> Iterator[Row]:
    settings, fields = options.settings, options.fields
    #: Of the previous line, if it is not JSON: errors, unless it is an incomplete tail.
    invalid: list[Row] = []
    try:
        for line in chain.from_iterable(
            [None] if block is None else cut(block, end, lambda names: fields.name_to_cut(names))
            for block in split(whole, end, settings.max_document_megabytes * MEGABYTE)
        ):
            if invalid:
                yield from invalid
                invalid = []
            number += 1
            uri = f"{given.uri}#{number}"
            if line is None:
                yield Rejected(uri, f"line {number}: {too_large(settings)}"), 0
            elif problem := beyond_memory(len(line.line if isinstance(line, Cut) else line)):
                yield Rejected(uri, f"line {number}: {problem}"), 0
            elif isinstance(line, Cut) or line.strip():
                record = None
                try:
                    record, content, encoding = parse(line, charset)
                    yield (
                        to_document(record, fields, uri=uri, content=content, encoding=encoding),
                        len(content),
                    )
                except Refused as error:
                    if not isinstance(line, Cut) and _ACTION.match(line):
                        options.skipped["Elasticsearch action"] += 1
                    elif record is not None and is_flat(record) and charset == "utf-8":
                        yield Rejected(uri, str(error)), 0  # no other record can be in it
                    else:
                        yield from _in_line(line, charset, uri, options, str(error))
                except json.JSONDecodeError as error:
                    problem = f"line {number}: not JSON: {error.msg} (column {error.colno})"
                    invalid = _in_line(line, charset, uri, options, problem)
                    if all(isinstance(row, Document) for row, _ in invalid):
                        yield from invalid
                        invalid = []
                except RecursionError:
                    invalid = [(Rejected(uri, f"line {number}: not JSON: {too_deep('a value')}"), 0)]
                except ValueError as error:
                    invalid = [(Rejected(uri, f"line {number}: not JSON: {error}"), 0)]
    except Unreadable as error:
        yield from invalid
        raise Unreadable(f"{error} after line {number}" if number else str(error)) from error
    ended = stream.last == end
    trace.incomplete_tail = bool(invalid) and not ended and not given.tail_is_final
    if not trace.incomplete_tail:
        yield from invalid
    if end == b"\n" and not charset.startswith(WIDE) and not trace.compression:
        trace.lines = number if ended or not trace.length else number - 1


class _LastByte(Iterator[bytes]):
    """Chunks of bytes, and the last byte so far."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.last = b""

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.last = chunk[-1:]
        return chunk


def _in_line(line: bytes | Cut, charset: str, uri: str, options: Options, error: str) -> list[Row]:
    """The rows of a line that is no record: those of the records that are glued together in it or held by it.

    If there is none, the line is rejected with the error.
    """
    rows: list[Row] = []
    data = _bytes_of(line)
    if charset == "utf-8" and b'"' not in data:  # no field has a name
        return [(Rejected(uri, error), 0)]
    try:
        rows.extend(Shapes([data], charset, uri, options).rows(".", alone=uri))
    except Unreadable as problem:
        rows.append((Rejected(uri, str(problem)), 0))
    if any(isinstance(row, Document) for row, _ in rows):
        return rows
    return [(Rejected(uri, error), 0)]


def _bytes_of(line: bytes | Cut) -> bytes:
    return bytes(line.line) if isinstance(line, Cut) else line


def _are_lines(
    chunks: Iterator[bytes], end: bytes, charset: str, options: Options, *, is_file: bool
) -> tuple[bool, Iterator[bytes]]:
    """(whether the records are one a line, the chunks), by the first value; with `is_file`, a single line is not."""
    taken = b""
    extent, begin, stop = Extent(), -1, -1
    for chunk in chunks:
        at = len(taken)
        taken = taken + chunk if taken else chunk
        if begin < 0:
            begin = _WHITE.match(taken).end()  # type: ignore[union-attr]
            at = begin
            if begin == len(taken):
                begin = -1
                if len(taken) > PROBE:
                    break
                continue
            if taken[begin] != OPEN_OBJECT:
                return taken[begin] != OPEN_ARRAY and not is_file, chain([taken], chunks)
        if stop < 0:
            try:
                found = extent.end(chunk, at - len(taken) + len(chunk))
            except Damaged:
                line, more, _ = taken[begin:].partition(end)
                are_lines = not (_is_open_line(taken[begin:]) or has_list(line, charset, options))
                return are_lines and bool(more or not is_file), chain([taken], chunks)
            if found is not None:
                stop = len(taken) - len(chunk) + found
        if stop >= 0:
            first = taken[stop:].lstrip(b" \t" if end == b"\r" else b" \t\r")
            if first[:1] == end and is_file:
                first = end * bool(first.strip()) + first.strip()
            if first:
                are_lines = first[:1] == end and end not in taken[begin:stop]
                if are_lines:
                    are_lines = not _is_around(taken[begin:stop], charset, options)
                return are_lines, chain([taken], chunks)
        if len(taken) > PROBE:
            break
    if begin < 0:
        return True, chain([taken], chunks)
    if stop >= 0:
        are_lines = (
            not is_file
            and end not in taken[begin:stop]
            and not _is_around(taken[begin:stop], charset, options)
        )
    elif is_file or end in taken[begin:].strip():
        are_lines = False
    else:
        length, closers = extent.closed or (0, b"")
        are_lines = not _is_around(taken[begin : begin + length] + closers, charset, options)
    return are_lines, chain([taken], chunks)


def _is_around(data: bytes, charset: str, options: Options) -> bool:
    """Whether the first value is an object that holds records."""
    try:
        record, _, _ = parse(data, charset)
    except (Refused, ValueError, RecursionError):
        return False
    return holds_records(record, options.fields)


def _is_open_line(data: bytes) -> bool:
    """Whether the first line ends where an object goes on in the next one."""
    last, following = _FIRST_LINE.match(data, 0, PROBE).groups()  # type: ignore[union-attr]
    return last == b"[" or (last in (b"{", b",") and following not in (b"{", b"", None))
