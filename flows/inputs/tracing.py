"""What a dataset keeps about an input: hashes of its bytes, where its last complete line ends, and its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

import polars as pl
import xxhash

HEAD: Final = 1 << 16  # bytes at the start of a file, from which its charset is detected

#: The inputs that were read, each with its `Reading`; also the columns of the ledger.
INPUTS: Final[dict[str, pl.DataType]] = {
    "uri": pl.String(),
    "size": pl.Int64(),
    "modified_ns": pl.Int64(),
    "content": pl.String(),
    "end": pl.Int64(),
    "lines": pl.Int64(),
    "prefix_hash": pl.String(),
    "incomplete_tail": pl.Boolean(),
    "rejected": pl.Int64(),
    "moved_from": pl.List(pl.String()),
    "decided_by": pl.String(),
    "waits_for": pl.String(),
}
#: The columns that the ledgers of earlier versions lack.
LATER: Final = ("decided_by", "waits_for")


class Reading(NamedTuple):
    """The state of an input when a run read it; the fields are columns of the ledger.

    Hashes are XXH3, 128 bits, hexadecimal. `end`, `lines` and `prefix_hash` say where reading can resume when a JSON
    Lines file has grown. They are null for compressed files, for charsets of two or four bytes per character, and for
    other formats. Such a file is read from the start when it changes, and known records are recognised by their
    content.
    """

    size: int  # bytes
    #: -1 if the input could not be opened, for a reason outside of it, or was read in part: the next run tries again.
    modified_ns: int
    content: str | None = None  # hash of all bytes; None if not all were read
    end: int | None = None  # bytes up to the end of the last complete line
    lines: int | None = None  # lines in these bytes
    prefix_hash: str | None = None  # hash of these bytes
    incomplete_tail: bool = (
        False  # the last line has no line end, cannot be parsed, and is left to the next run
    )
    rejected: int = 0  # records that were rejected; a rejected file counts as one
    moved_from: tuple[str, ...] | None = None  # earlier uris of the file
    decided_by: str | None = None  # hash of what decided the rejections, see `rejections.deciding`
    waits_for: str | None = None  # the setting or the extra that most of the rejections name as their remedy


class Earlier(NamedTuple):
    """A document that an earlier run read from an input."""

    document_id: str
    uri: str
    record_id: str | None
    content: str  # hash, see `content_hash`
    replaced: bool  # whether a newer version has replaced it


#: Uri of an input -> the documents that earlier runs read from it.
Lookup = Callable[[str], Sequence[Earlier]]


class Trace:
    """Hashes of a stream of bytes: of all of it, and of its prefix up to the last line feed."""

    def __init__(self) -> None:
        self.lines: int | None = None  # lines before `end`; None if reading cannot resume there
        self.incomplete_tail = False  # whether the last line is left to the next run
        self.resumed = False  # whether reading resumed where the previous one ended
        self.compression = ""  # of the file, by its content
        self.stream: Iterator[bytes] | None = (
            None  # its decompressed bytes, of which the first were peeked at
        )
        self.restart()

    def restart(self) -> None:
        """Start over with the first byte."""
        self._all = xxhash.xxh3_128()
        self._prefix = self._all.copy()
        self.whole = False  # whether the stream was read to the end
        self.length = 0
        self.end = 0  # just after the last line feed

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        last = chunk.rfind(b"\n") + 1
        if last:
            self._all.update(memoryview(chunk)[:last])
            self._prefix = self._all.copy()
            self.end = self.length + last
        self._all.update(memoryview(chunk)[last:])
        self.length += len(chunk)

    @property
    def content(self) -> str:
        """The hash of the bytes so far."""
        return self._all.hexdigest()

    @property
    def prefix_hash(self) -> str:
        """The hash of the bytes before `end`."""
        return self._prefix.hexdigest()


def content_hash(content: bytes | memoryview) -> str:
    """The hash that identifies the content of a record or of a one-document file, wherever it is."""
    return xxhash.xxh3_128_hexdigest(content)


def unread_part(chunks: Iterable[bytes], last: Reading) -> tuple[bytes, Iterator[bytes]] | None:
    """(head, unread bytes) of a file that still begins with the bytes of its `last` reading; None if it does not.

    The head has the first bytes of the file, enough to detect the charset, or all those before the unread ones.
    """
    if last.end is None or last.prefix_hash is None:
        return None
    stream, head, digest, done = iter(chunks), b"", xxhash.xxh3_128(), 0
    chunk = b""
    taken = 0
    while done < last.end:
        chunk = next(stream, b"")
        if not chunk:
            return None
        taken = min(len(chunk), last.end - done)
        digest.update(memoryview(chunk)[:taken])
        done += taken
        if len(head) < HEAD:
            head += chunk[:taken]
    if digest.hexdigest() != last.prefix_hash:
        return None
    return head, chain([chunk[taken:]], stream) if chunk[taken:] else stream
