"""JSON objects in any shape but one a line: lists, objects over many lines or glued together, and lists in objects.

The bytes are read once, from the start. What surrounds the records (commas, brackets, the members of the object around
a list) may be damaged or missing. A damaged record costs itself: reading goes on where the next one begins, which is
known by the name of its first member.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from flows.inputs.bounds import MAX_DEPTH, MEGABYTE, Unreadable, beyond_memory, too_deep
from flows.inputs.json_files.records import (
    LONG,
    holds_records,
    is_article,
    is_envelope,
    may_hold,
    parse,
)
from flows.inputs.json_files.values import CLOSERS, OPEN_ARRAY, OPEN_OBJECT, Cursor, Damaged, Extent
from flows.inputs.reader import Options, Row, too_large
from flows.inputs.records.documents import Document, Refused, Rejected, no_text, to_document
from flows.inputs.records.wrappers import has_text, unwrapped

#: Bytes of an object after which it is asked whether it holds records, before its end has come.
PROBE: Final = 1 << 22
MAX_NAMES: Final = 16  # of first members by which the beginning of a record is known
MAX_PENDING: Final = 100  # objects without text that are listed one by one
MAX_SUCCESSION: Final = 10  # damaged or other values without a record between them that are listed one by one
AGAIN: Final = 2  # times that bytes may be read again because of damage, on average
SLACK: Final = 1 << 18  # and bytes beyond that
WINDOW: Final = (
    1 << 16
)  # bytes after damage in which a record is searched for that shows what the object holds
_FIRST_NAME: Final = re.compile(rb'\{(\s{0,64}"(?:[^"\\]|\\.){0,64}")\s{0,9}:')
_MARK_BYTES: Final = 512  # more than the beginning of a record takes
_CLOSERS: Final = re.compile(rb"\]+|\}+")
_LIST: Final = re.compile(rb'"([^"\\]{1,64})"\s*:\s*\[(?=\s*\{)')


@dataclass
class _Frame:
    """A list of records, or an object around one, whose end has not come."""

    closer: int
    around: bool = False  # an object around records, not a list
    inside: bool = False  # within such an object
    expected: bool = False  # the name of the member says that it holds records
    found: bool = False  # whether it has a record
    pending: list[str] = field(default_factory=list)  # errors of objects that are records if another one is
    more: int = 0  # errors beyond those


class Shapes:
    """The rows of a stream of JSON; see `rows`."""

    def __init__(
        self,
        chunks: Iterable[bytes],
        charset: str,
        uri: str,
        options: Options,
        *,
        encoding: str | None = None,
        salvage: bool = True,
    ) -> None:
        self._bytes = Cursor(chunks)
        self._charset, self._encoding, self._salvage = charset, encoding, salvage
        self._uri, self._options, self._fields = uri, options, options.fields
        self._frames: list[_Frame] = []
        self._names: dict[bytes, None] = {}
        self._number = 0
        self._succession = 0  # damaged objects since the last record
        self._again = 0  # bytes that were read again because of damage
        #: The last object, if it was refused, and why: another one like it in the same list is refused at once.
        self._refused: tuple[bytes, str] | None = None

    def rows(self, separator: str = "#", *, alone: str | None = None) -> Iterator[Row]:
        """The documents, and what is rejected; the uri of each has the separator and its number.

        If the stream is one record and nothing else, its uri is `alone`. Raises Unreadable if it ends too early.
        """
        self._separator, self._alone = separator, alone
        try:
            yield from self._rows()
        except Unreadable as error:
            after = f" after record {self._number}" if self._number else ""
            raise Unreadable(f"{error}{after}") from error

    def _rows(self) -> Iterator[Row]:
        while (byte := self._bytes.next_byte()) is not None:
            if byte == OPEN_OBJECT:
                if self._refused is not None and self._bytes.passes(self._refused[0]):
                    yield from self._more_damage()
                    yield Rejected(self._next_uri(), self._refused[1]), 0
                else:
                    yield from self._object()
            elif byte == OPEN_ARRAY:
                yield from self._list(None)
            elif byte in CLOSERS.values():
                yield from self._leave(byte)
            else:
                yield from self._other()
        yield from self._more_damage()
        if self._frames:
            closers = "".join(chr(frame.closer) for frame in reversed(self._frames))
            while self._frames:
                yield from self._leave(self._frames[-1].closer)
            raise Unreadable(f'truncated JSON: "{closers}" is missing')

    def _enter(self, opener: int, name: str | None) -> None:
        outer = self._frames[-1] if self._frames else None
        expected = (outer is not None and outer.expected) or (name is not None and is_envelope(name))
        self._frames.append(_Frame(CLOSERS[opener], opener == OPEN_OBJECT, self._is_inside(), expected))
        self._refused = None
        self._bytes.at += 1

    def _is_inside(self) -> bool:
        """Whether it stands in an object around records."""
        return bool(self._frames) and (self._frames[-1].around or self._frames[-1].inside)

    def _leave(self, closer: int) -> Iterator[Row]:
        """The ends of all that end with that byte; a bracket that ends nothing is passed over."""
        if not any(frame.closer == closer for frame in self._frames):
            self._bytes.at = _CLOSERS.match(self._bytes.data, self._bytes.at).end()  # type: ignore[union-attr]
            return
        self._bytes.at += 1
        self._refused = None
        while True:
            frame = self._frames.pop()
            if frame.found and frame.more:
                yield self._rejected(f"{frame.more} more objects without text")
            if frame.closer == closer:
                return

    def _other(self) -> Iterator[Row]:
        """Values that are neither objects nor lists."""
        name = self._bytes.to_bracket()
        if not self._frames or not self._frames[-1].around:
            if not self._is_inside():
                yield from self._damage("expected objects, got other values")
            return
        byte = self._bytes.next_byte()
        if byte in CLOSERS:
            if not may_hold(name):
                self._pass()
            elif byte == OPEN_ARRAY:
                yield from self._list(name)
            else:
                yield from self._object(name)

    def _list(self, name: str | None) -> Iterator[Row]:
        """The list that begins here."""
        if len(self._frames) < MAX_DEPTH:
            self._enter(OPEN_ARRAY, name)
        else:
            self._pass()
            yield from self._damage(too_deep("a value"))

    def _pass(self) -> None:
        """Pass an object or list."""
        extent = Extent()
        while True:
            try:
                end = extent.end(self._bytes.data, self._bytes.at)
            except Damaged as error:
                self._bytes.at = error.at
                return
            if end is not None:
                self._bytes.at = end
                return
            if not self._bytes.more():
                return

    def _object(self, name: str | None = None) -> Iterator[Row]:
        """The object that begins here: a record, or the records in it."""
        stream, extent, limit = (
            self._bytes,
            Extent(),
            self._options.settings.max_document_megabytes * MEGABYTE,
        )
        kept: list[bytes] = []
        length, probe, begin = 0, PROBE, stream.at
        while True:
            try:
                end = extent.end(stream.data, stream.at)
            except Damaged as error:
                where = f"{error} at byte {length + error.at - begin + 1} of the record"
                data, at = stream.data, error.at
                if kept:
                    data, at = b"".join([*kept, data]), at + length
                    begin = 0
                if self._is_around(data, begin, at, extent):
                    stream.back(data, begin)
                    self._enter(OPEN_OBJECT, name)
                    return
                yield from self._damaged(data, begin, at, f"not JSON: {where}")
                return
            if end is not None:
                break
            kept.append(stream.data[begin:])
            length += len(kept[-1])
            if kept != [b""] and length > min(probe, limit):
                kept, probe = [b"".join(kept)], 2 * probe
                if self._is_around(kept[0], 0, length, extent):
                    stream.back(kept[0], 0)
                    self._enter(OPEN_OBJECT, name)
                    return
            if length > limit:
                kept = [b""]
            if not stream.more():
                yield from self._unended(kept, extent, length, name)
                return
            begin = 0
        length += end - begin
        body = b"".join([*kept, stream.data[begin:end]])
        data, stream.at = stream.data, end
        if length > limit:
            yield self._rejected(too_large(self._options.settings))
        elif problem := beyond_memory(length):
            yield self._rejected(problem)
        elif (rows := self._row(body, name)) is not None:
            yield from rows
        else:
            stream.back(b"".join([*kept, data[begin:]]) if kept else data, 0 if kept else begin)
            self._enter(OPEN_OBJECT, name)

    def _row(self, body: bytes, name: str | None) -> list[Row] | None:
        """The rows of an object; None if it holds records."""
        try:
            record, content, encoding = parse(body, self._charset)
        except Refused as error:
            return [self._rejected(str(error))]
        except json.JSONDecodeError as error:
            if self._has_list(body):
                return None
            where = f"(line {error.lineno} of the record, column {error.colno})"
            return [self._rejected(f"not JSON: {error.msg} {where}")]
        except RecursionError:
            if self._has_list(body):
                return None
            return [self._rejected(f"not JSON: {too_deep('a value')}")]
        except ValueError as error:
            return [self._rejected(f"not JSON: {error}")]
        inside = self._is_inside()
        expected = self._frames[-1].expected if self._frames else False
        if inside or not has_text(record, self._fields, teaser=False):
            expected = expected or (name is not None and is_envelope(name))
            record = unwrapped(record, self._fields)
            is_record = not inside or is_article(record, self._fields, expected=expected)
            if not is_record or not has_text(record, self._fields, teaser=False):
                if holds_records(record, self._fields, expected=expected):
                    return None
                if inside and not (is_record and expected):
                    return self._part(record)
        if len(self._names) < MAX_NAMES and (first := _FIRST_NAME.match(body)):
            self._names[first[1]] = None
        found = self._pending()
        uri = self._next_uri()
        try:
            document = to_document(
                record, self._fields, uri=uri, content=content, encoding=self._encoding or encoding
            )
        except Refused as error:
            self._refused = (body, str(error)) if name is None else None
            return [*found, (Rejected(uri, str(error)), 0)]
        return [*found, (document, len(content))]

    def _part(self, record: dict[str, Any]) -> list[Row]:
        """An object without a text, within one that holds records: rejected if its list has one, too."""
        frame = self._frames[-1]
        if frame.around:
            return []
        empty = self._fields.choice(record).text
        error = f'no text: field "{empty[0][0]}" is empty' if empty else no_text(record, self._fields)
        if frame.found:
            return [self._rejected(error)]
        if len(frame.pending) < MAX_PENDING:
            frame.pending.append(error)
        else:
            frame.more += 1
        return []

    def _pending(self) -> list[Row]:
        """What was held back before a record: damage, and objects without text before the first one of a list."""
        found = list(self._more_damage())
        if self._frames:
            frame = self._frames[-1]
            frame.found = True
            found += [self._rejected(error) for error in frame.pending]
            frame.pending = []
        return found

    def _next_uri(self) -> str:
        self._number += 1
        if (
            self._alone is not None
            and self._number == 1
            and not self._frames
            and self._bytes.next_byte() is None
        ):
            return self._alone
        return f"{self._uri}{self._separator}{self._number}"

    def _rejected(self, error: str) -> Row:
        uri = self._next_uri()
        return Rejected(uri, f"record {self._number}: {error}"), 0

    def _is_around(self, data: bytes, begin: int, at: int, extent: Extent) -> bool:
        """Whether an object that does not end, or not before `at`, holds records, by what is complete in it."""
        if extent.closed is not None:
            length, closers = extent.closed
            try:
                whole = data[begin : begin + length] + closers
                record, _, _ = parse(whole, self._charset)
            except (Refused, ValueError, RecursionError):
                pass
            else:
                if holds_records(record, self._fields):
                    return True
        return self._has_list(data[begin : at + WINDOW])

    def _has_list(self, data: bytes) -> bool:
        """Whether a damaged object holds records; False if too much was read again already."""
        if not self._salvage or self._is_costly():
            return False
        self._again += len(data)
        return has_list(data, self._charset, self._options)

    def _is_costly(self) -> bool:
        return self._again > AGAIN * self._bytes.total + SLACK * self._salvage

    def _unended(self, kept: list[bytes], extent: Extent, length: int, name: str | None) -> Iterator[Row]:
        """An object whose end is missing: what is complete in it, or what follows it."""
        data = b"".join(kept)
        if self._is_around(data, 0, len(data), extent):
            self._bytes.back(data, 0)
            self._enter(OPEN_OBJECT, name)
            return
        closers = "".join(chr(frame.closer) for frame in reversed(self._frames))
        if length > len(data):
            raise Unreadable(f"truncated JSON: {too_large(self._options.settings)}")
        at = _find(self._mark(data, 0), data, 1)
        if at is None or self._is_costly():
            self._frames.clear()
            raise Unreadable(f'truncated JSON: "}}{closers}" is missing')
        self._again += len(data) - at
        self._bytes.back(data, at)
        yield from self._damage("not JSON: its end is missing")

    def _damaged(self, data: bytes, begin: int, at: int, error: str) -> Iterator[Row]:
        """A damaged object: go on at the next record. `data` ends like the current chunk."""
        stream, passed = self._bytes, at
        start = max(at if self._is_costly() else 0, begin + 1)
        mark = self._mark(data, begin)
        skipped, is_start = 0, True  # whether `data[begin:]` still begins with the damaged object
        while (found := _find(mark, data, start)) is None:
            tail = data[max(begin, len(data) - _MARK_BYTES) :]
            skipped += len(data) - len(tail)
            is_start = is_start and len(tail) == len(data) - begin
            if not stream.more():
                yield from self._damage(f"{error}; no record was found after it")
                stream.back(b"", 0)
                self._frames.clear()
                return
            start = int(is_start)
            data, begin = tail + stream.data, 0
        self._again += max(passed - found - skipped, 0)
        stream.back(data, found)
        yield from self._damage(error)

    def _damage(self, error: str) -> Iterator[Row]:
        """The row of a damaged object; of many in succession, only the first ones have a row."""
        self._succession += 1
        if self._succession <= MAX_SUCCESSION:
            yield self._rejected(error)

    def _more_damage(self) -> Iterator[Row]:
        if (more := self._succession - MAX_SUCCESSION) > 0:
            yield self._rejected(f"{more} more values in succession that are damaged, or no objects")
        self._succession = 0

    def _mark(self, data: bytes, begin: int) -> re.Pattern[bytes]:
        """How a record begins: like one before it, or else like the damaged one, or else with any member."""
        names = list(self._names) or [first[1] for first in [_FIRST_NAME.match(data, begin)] if first]
        pattern = b"|".join(map(re.escape, names)) or rb'\s{0,64}"(?:[^"\\]|\\.){0,64}"'
        return re.compile(rb"\{(?:" + pattern + rb")\s{0,9}:")


def has_list(data: bytes, charset: str, options: Options) -> bool:
    """Whether an object that is damaged somewhere has no text before a list that has a record."""
    data = data[:PROBE]
    for found in _LIST.finditer(data):
        name = found[1].decode("utf-8", "replace")
        if not may_hold(name):
            continue
        extent = Extent()
        try:
            extent.end(data[: found.end()], 0)
            record, _, _ = parse(data[: found.end()] + extent.closers, charset)
        except (Damaged, Refused, ValueError, RecursionError):
            return False
        if has_text(unwrapped(record, options.fields), options.fields, teaser=False):
            return False
        inner = Shapes([data[found.end() - 1 :]], charset, "", options, salvage=False)
        with suppress(Unreadable):
            for row, _ in inner.rows():
                if isinstance(row, Document) and (
                    is_envelope(name) or row.title or row.url or row.published or len(row.text) >= LONG
                ):
                    return True
        return False
    return False


def _find(mark: re.Pattern[bytes], data: bytes, start: int) -> int | None:
    """Where a record begins: after a bracket, a comma or a line end."""
    for found in mark.finditer(data, start):
        at = found.start() - 1
        while at >= 0 and data[at] in b" \t":
            at -= 1
        if at < 0 or data[at] in b",[]}\r\n":
            return found.start()
    return None
