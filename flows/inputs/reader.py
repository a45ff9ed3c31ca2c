"""What a reader of a format is given and what it yields.

A format is a module with a reader, which needs only this module, and an entry in `formats.FORMATS`.
"""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flows.inputs.bounds import Growth, Reserve, Unreadable
from flows.inputs.compression import describe, peeked, raw_chunks, unpacked
from flows.inputs.names import Partitions
from flows.inputs.records.field_names import FieldNames
from flows.inputs.tracing import HEAD, Reading, Trace
from flows.settings.model import Inputs

if TYPE_CHECKING:
    from flows.inputs.records.documents import Document, Rejected

#: A document, or why there is none, and its size in bytes.
Row: TypeAlias = "tuple[Document | Rejected, int]"


class Options(NamedTuple):
    """How inputs are read."""

    settings: Inputs
    fields: FieldNames
    charsets: Mapping[str, str]  # source -> the charset to prefer if the bytes of a file are ambiguous
    reserve: Reserve  # for all that are read together
    skipped: Counter[str]  # kind of junk -> how many files of archives were skipped
    within: Growth | None = None  # the bounds of the archive that is read


#: Yields the rows of an input in order, and raises `Unreadable` where the input cannot be read further.
Reader: TypeAlias = Callable[["Input", Options, Trace], Iterator[Row]]


class Format(NamedTuple):
    """A format that can be read."""

    name: str
    endings: tuple[str, ...]  # of file names, in lower case
    read: Reader
    one_document: bool = False  # the file is one document, not a sequence of records
    has_fields: bool = False  # texts are fields of records, in which others may have left markup


@dataclass(frozen=True)
class Input:
    """A file that was found."""

    uri: str  # its absolute path or its URL
    size: int  # bytes
    modified_ns: int  # time of the last change in nanoseconds since 1970; 0 if unknown
    format: Format  # what its name says; it counts where the content leaves it open
    path: str  # what to open: like uri, but a name that is not UTF-8 is not escaped; "" for a file in an archive
    compression: str = ""  # what its name says: a value of compression.COMPRESSIONS, or ""
    problem: str = ""  # why it is not even opened, and what to do about it
    last: Reading | None = None  # its state when it was last read; None if it never was
    partitions: Partitions = ()  # columns in the names of its folders
    depth: int = 0  # archives that it is in
    tail_is_final: bool = False  # an incomplete last line was deferred before and has not grown since


def chunks_of(given: Input, options: Options, trace: Trace) -> Iterator[bytes]:
    """The decompressed bytes of an input, chunk by chunk; `trace` sees the file's own bytes."""
    stream, trace.stream = trace.stream, None
    if stream is None:
        stream = begin(given, options, trace)
    yield from stream
    trace.whole = True


def head_of(given: Input, options: Options, trace: Trace, raw: Iterator[bytes] | None = None) -> bytes:
    """The first decompressed bytes of an input, `HEAD` or a little more if it has as many.

    `chunks_of` then continues with them: no file is opened twice. `raw` are the bytes of a file in an archive.
    """
    head, trace.stream = peeked(begin(given, options, trace, raw), HEAD)
    return head


def begin(
    given: Input, options: Options, trace: Trace, raw: Iterator[bytes] | None = None
) -> Iterator[bytes]:
    """The decompressed bytes of an input from the first one on."""
    if raw is None:
        raw = raw_chunks(given.path, given.size, trace.update)
    trace.compression, stream = unpacked(raw, given.compression, growth_of(given.size, options))
    return stream


@contextmanager
def local_file(given: Input, options: Options, trace: Trace) -> Iterator[str]:
    """The path of a local file with the decompressed bytes of an input: its own or, if need be, a temporary copy's."""
    stream = chunks_of(given, options, trace)
    if given.path and "://" not in given.path and not trace.compression:
        deque(stream, maxlen=0)  # to compute its hash
        yield given.path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "copy")
        try:
            with path.open("wb") as copy:
                copy.writelines(stream)
        except OSError as error:
            raise Unreadable(describe(error)) from error
        yield str(path)


def growth_of(size: int, options: Options) -> Growth:
    """The bounds of what may come out of a file of that size."""
    s = options.settings
    return Growth(size, s.max_ratio, s.max_file_megabytes, options.reserve, options.within)


def content_of(given: Input) -> str | None:
    """The hash of an input's file, compressed or not; None if it cannot be read."""
    trace = Trace()
    try:
        deque(raw_chunks(given.path, given.size, trace.update), maxlen=0)
    except Unreadable:
        return None
    return trace.content


def too_large(settings: Inputs) -> str:
    """The error of a document or record that is larger than the settings allow."""
    return f"larger than {settings.max_document_megabytes} MB ([inputs] max_document_megabytes)"
