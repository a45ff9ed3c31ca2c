"""Files of text and of JSON lines as documents, and as rejected records where they are none.

Every reader streams. What ends a file before its end is raised as `Unreadable`, after the rows before it were given.
"""

from __future__ import annotations

import codecs
import json
from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeAlias

import orjson

from cleaners.decoding.decoder import NotText, decode
from flows.inputs import front_matter
from flows.inputs.compression import Unreadable, pieces
from flows.inputs.cutting import Cut, cut
from flows.inputs.formats import Input
from flows.inputs.lines import WIDE, blocks, text_of
from flows.inputs.records import (
    Document,
    Refused,
    Rejected,
    document_id,
    names_to_cut,
    refuse_surrogates,
    to_document,
)
from flows.inputs.tracing import Trace, content_hash, left_of
from flows.settings.model import Fields, Inputs

MEGABYTE: Final = 1_000_000

_CARRIAGE_RETURN: Final = ord("\r")
_REST: Final = "\0"  # the name of a Markdown file's text among its fields; no key of YAML can be this

#: A document, or why there is none, and the bytes that it takes.
Row: TypeAlias = tuple[Document | Rejected, int]


def read_text(
    given: Input, settings: Inputs, fields: Fields, charsets: Mapping[str, str], trace: Trace
) -> Iterator[Row]:
    """The whole file as one document, whose source is the name of its folder.

    Of Markdown with front matter the keys are taken as the fields of a record, whose text is the rest.
    """
    data = _whole(given, settings, trace)
    folder = given.uri.rpartition("/")[0].rpartition("/")[2] or None
    try:
        text, encoding = decode(data, charsets.get(folder or ""))
        if given.format.name == "markdown" and (found := front_matter.split(text)):
            record, rest = found
            if not rest or rest.isspace():
                raise Refused("no text: nothing follows the front matter")
            refuse_surrogates(record, fields)
            document = to_document(
                {**record, _REST: rest},
                _of_rest(fields),
                uri=given.uri,
                content=data,
                encoding=encoding,
                source=folder,
            )
        elif not text or text.isspace():
            raise Refused("no text: the file holds nothing but white space")
        else:
            name = document_id(given.uri, data)
            content = content_hash(data)
            document = Document(
                name, None, given.uri, folder, None, None, None, encoding, None, content, None, text.encode()
            )
    except (NotText, Refused) as error:
        raise Unreadable(str(error)) from error
    yield document, len(data)


@lru_cache(maxsize=8)
def _of_rest(fields: Fields) -> Fields:
    return fields.model_copy(update={"text": (_REST,)})


def read_jsonl(given: Input, settings: Inputs, fields: Fields, trace: Trace) -> Iterator[Row]:
    """A document a line; blank lines are passed over but counted.

    A file that begins with all that was read of it `last` is read on from the end of that. A last line that has no line
    end and is no JSON may be one that is still being written: it is waited for, once, and told by `trace`.
    """
    number, before = 0, b""
    names = names_to_cut(fields)
    stream = _Ends(pieces_of(given, settings, trace))
    if given.last is not None and (left := left_of(stream, given.last)):
        before, rest = left
        number = given.last.lines or 0
        trace.resumed = True
    elif given.last is not None and given.last.end is not None:
        trace.begin()
        rest = stream = _Ends(pieces_of(given, settings, trace))
    else:
        rest = stream
    doubtful: Rejected | None = None  # what the last line is, if it is no line to be waited for
    try:
        charset, end, found = blocks(rest, settings.max_document_megabytes * MEGABYTE, before)
        for line in chain.from_iterable(
            [None] if block is None else cut(block, end, names) for block in found
        ):
            if doubtful is not None:
                yield doubtful, 0
                doubtful = None
            number += 1
            uri = f"{given.uri}#{number}"
            if line is None:
                yield Rejected(uri, f"line {number}: {too_large(settings)}"), 0
            elif isinstance(line, Cut) or line.strip():
                try:
                    record, content, encoding = _parse(line, charset, fields)
                    yield (
                        to_document(record, fields, uri=uri, content=content, encoding=encoding),
                        len(content),
                    )
                except Refused as error:
                    yield Rejected(uri, str(error)), 0
                except json.JSONDecodeError as error:
                    doubtful = Rejected(uri, f"line {number}: not JSON: {error.msg} (column {error.colno})")
                except (ValueError, RecursionError) as error:
                    doubtful = Rejected(uri, f"line {number}: not JSON: {error}")
    except Unreadable as error:
        if doubtful is not None:
            yield doubtful, 0
        raise Unreadable(f"{error} after line {number}" if number else str(error)) from error
    ended = stream.last == end
    trace.incomplete_tail = doubtful is not None and not ended and not given.waited
    if doubtful is not None and not trace.incomplete_tail:
        yield doubtful, 0
    if end == b"\n" and not charset.startswith(WIDE) and not given.format.compression:
        trace.lines = number if ended or not trace.length else number - 1


class _Ends(Iterator[bytes]):
    """Pieces of bytes, and what the last one ended with."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.last = b""

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.last = piece[-1:]
        return piece


def _parse(line: bytes | Cut, charset: str, fields: Fields) -> tuple[dict[str, Any], bytes | memoryview, str]:
    """(record, the line without what stands around it, its charset); raises Refused, ValueError or RecursionError."""
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
    # a mark within the file stands where files were glued together
    line = line.removesuffix(b"\r").removeprefix(codecs.BOM_UTF8)
    try:
        record = _loads(line)
    except orjson.JSONDecodeError:
        # what orjson is too strict about: NaN, raw control characters, lone surrogates, other charsets
        text, encoding = text_of(line, charset)
        record = json.loads(text, strict=False)
        if isinstance(record, dict):
            refuse_surrogates(record, fields)
    if not isinstance(record, dict):
        raise Refused(f"expected an object, got {'a list' if isinstance(record, list) else 'a single value'}")
    return record, line, encoding


def _loads(data: bytes | memoryview) -> Any:
    """What the JSON stands for, with all the digits of an integer of more than 64 bits."""
    value = orjson.loads(data)
    if isinstance(value, dict):
        for of in value.values():
            if type(of) is float and abs(of) >= 2**63:
                return json.loads(bytes(data))
    return value


def _whole(given: Input, settings: Inputs, trace: Trace) -> bytes:
    """All bytes of a file; raises Unreadable for too many and for none."""
    limit = settings.max_document_megabytes * MEGABYTE
    if given.size > limit:
        raise Unreadable(too_large(settings))
    kept: list[bytes] = []
    length = 0
    for piece in pieces_of(given, settings, trace):
        length += len(piece)
        if length > limit:
            raise Unreadable(too_large(settings))
        kept.append(piece)
    if not length:
        raise Unreadable("no text: the file is empty")
    return b"".join(kept)


def pieces_of(given: Input, settings: Inputs, trace: Trace) -> Iterator[bytes]:
    """The bytes of an input, decompressed, piece by piece; the trace is told of those of the file itself."""
    yield from pieces(given.path, given.format.compression, given.size, settings.max_ratio, trace.update)
    trace.whole = True


def content_of(given: Input) -> str | None:
    """The hash of the bytes of an input, as they are in its file; None where it cannot be read."""
    trace = Trace()
    try:
        deque(pieces(given.path, "", given.size, 1, trace.update), maxlen=0)
    except Unreadable:
        return None
    return trace.content


def too_large(settings: Inputs) -> str:
    """The error of a document or record that is larger than the settings allow."""
    return f"larger than {settings.max_document_megabytes} MB ([inputs] max_document_megabytes)"
