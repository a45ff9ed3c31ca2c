"""Text files and JSON Lines files as documents and rejected records.

JSON Lines are streamed. Damage is raised as `Unreadable`, after the rows before it.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import orjson

from cleaners.decoding.decoder import NotText, decode
from flows.inputs import front_matter
from flows.inputs.bounds import MEGABYTE, Unreadable, beyond_memory, too_deep
from flows.inputs.cutting import Cut, cut
from flows.inputs.field_names import NO_NAME, name_to_cut, names_of
from flows.inputs.lines import WIDE, blocks, text_of
from flows.inputs.reader import Input, Options, Row, chunks_of, too_large
from flows.inputs.records import (
    Document,
    Refused,
    Rejected,
    document_id,
    to_document,
)
from flows.inputs.titles import title_of_markdown, title_of_text
from flows.inputs.tracing import Trace, content_hash, unread_part
from flows.settings.model import Fields

_CARRIAGE_RETURN: Final = ord("\r")
_REST: Final = NO_NAME  # the field that holds the text of a Markdown file; no YAML key can have this name


def read_text(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The whole file as one document; its source is the name of the folder, its title a first line that is one."""
    yield _document(given, options, trace, has_front_matter=False)


def read_markdown(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The whole file as one document; keys of front matter are read like the fields of a record.

    Without a title among them, the heading that the text begins with is the title.
    """
    yield _document(given, options, trace, has_front_matter=True)


def _document(given: Input, options: Options, trace: Trace, *, has_front_matter: bool) -> Row:
    fields, charsets = options.fields, options.charsets
    data = _whole(given, options, trace)
    folder = given.uri.rpartition("/")[0].rpartition("/")[2].replace(r"\x23", "#") or None
    try:
        text, encoding = decode(data, charsets.get(folder or ""))
        if has_front_matter and (found := front_matter.split(text)):
            record, rest = found
            if not rest or rest.isspace():
                raise Refused("no text: nothing follows the front matter")
            of_rest = _of_rest(fields)
            document = to_document(
                {**record, _REST: rest},
                of_rest,
                uri=given.uri,
                content=data,
                encoding=encoding,
                source=folder,
            )
            names_of(fields).count(names_of(of_rest))
            document = document._replace(title=document.title or title_of_markdown(rest))
        elif not text or text.isspace():
            raise Refused("no text: the file contains only white space")
        else:
            name = document_id(given.uri, data)
            content = content_hash(data)
            title = title_of_markdown(text) if has_front_matter else title_of_text(text)
            document = Document(
                name, None, given.uri, folder, None, title, None, encoding, None, content, None, text.encode()
            )
    except (NotText, Refused, front_matter.TooDeep) as error:
        raise Unreadable(str(error)) from error
    return document, len(data)


@lru_cache(maxsize=8)
def _of_rest(fields: Fields) -> Fields:
    return fields.model_copy(update={"text": (_REST,)})


def read_jsonl(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per line; blank lines are skipped but counted.

    If the file still begins with the bytes of its last reading, reading resumes after them. A last line that has no
    line end and is not valid JSON may still be being written. It is deferred once, to the next run, and
    `trace.incomplete_tail` is set.
    """
    settings, fields = options.settings, options.fields
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
    invalid: Rejected | None = (
        None  # the previous line, if it is not JSON: an error unless it is an incomplete tail
    )
    try:
        charset, end, line_blocks = blocks(rest, settings.max_document_megabytes * MEGABYTE, before)
        for line in chain.from_iterable(
            [None] if block is None else cut(block, end, lambda names: name_to_cut(names, fields))
            for block in line_blocks
        ):
            if invalid is not None:
                yield invalid, 0
                invalid = None
            number += 1
            uri = f"{given.uri}#{number}"
            if line is None:
                yield Rejected(uri, f"line {number}: {too_large(settings)}"), 0
            elif problem := beyond_memory(len(line.line if isinstance(line, Cut) else line)):
                yield Rejected(uri, f"line {number}: {problem}"), 0
            elif isinstance(line, Cut) or line.strip():
                try:
                    record, content, encoding = _parse(line, charset)
                    yield (
                        to_document(record, fields, uri=uri, content=content, encoding=encoding),
                        len(content),
                    )
                except Refused as error:
                    yield Rejected(uri, str(error)), 0
                except json.JSONDecodeError as error:
                    invalid = Rejected(uri, f"line {number}: not JSON: {error.msg} (column {error.colno})")
                except RecursionError:
                    invalid = Rejected(uri, f"line {number}: not JSON: {too_deep('a value')}")
                except ValueError as error:
                    invalid = Rejected(uri, f"line {number}: not JSON: {error}")
    except Unreadable as error:
        if invalid is not None:
            yield invalid, 0
        raise Unreadable(f"{error} after line {number}" if number else str(error)) from error
    ended = stream.last == end
    trace.incomplete_tail = invalid is not None and not ended and not given.tail_is_final
    if invalid is not None and not trace.incomplete_tail:
        yield invalid, 0
    if end == b"\n" and not charset.startswith(WIDE) and not given.compression:
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


def _parse(line: bytes | Cut, charset: str) -> tuple[dict[str, Any], bytes | memoryview, str]:
    """(record, the line without line end and byte order mark, its charset).

    Raises Refused, ValueError or RecursionError.
    """
    encoding = charset if charset.startswith("utf-") else "utf-8"
    if isinstance(line, Cut):
        try:
            record = _loads(line.rest)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            record[line.name] = line.text
            return record, line.line[:-1] if line.line[-1] == _CARRIAGE_RETURN else line.line, encoding
        line = bytes(line.line)
    # a byte order mark inside a file shows that files were concatenated
    line = line.removesuffix(b"\r").removeprefix(codecs.BOM_UTF8)
    try:
        record = _loads(line)
    except orjson.JSONDecodeError:
        # orjson is stricter about NaN, raw control characters, lone surrogates and charsets
        text, encoding = text_of(line, charset)
        record = json.loads(text, strict=False)
    if not isinstance(record, dict):
        raise Refused(f"expected an object, got {'a list' if isinstance(record, list) else 'a single value'}")
    return record, line, encoding


def _loads(data: bytes | memoryview) -> Any:
    """The parsed JSON; integers of more than 64 bits keep all their digits."""
    value = orjson.loads(data)
    if isinstance(value, dict):
        for of in value.values():
            if type(of) is float and abs(of) >= 2**63:
                return json.loads(bytes(data))
    return value


def _whole(given: Input, options: Options, trace: Trace) -> bytes:
    """All bytes of a file; raises Unreadable if it is too large or empty."""
    settings = options.settings
    limit = settings.max_document_megabytes * MEGABYTE
    if given.size > limit:
        raise Unreadable(too_large(settings))
    if problem := beyond_memory(given.size):
        raise Unreadable(f"cannot be read: {problem}")
    kept: list[bytes] = []
    length = 0
    for chunk in chunks_of(given, options, trace):
        length += len(chunk)
        if length > limit:
            raise Unreadable(too_large(settings))
        kept.append(chunk)
    if not length:
        raise Unreadable("no text: the file is empty")
    return b"".join(kept)
