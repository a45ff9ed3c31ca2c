"""What is remembered of an input once it was read: what its bytes were, and how far whole lines went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import xxhash

HEAD: Final = 1 << 16  # bytes of a file that tell its charset


@dataclass(frozen=True)
class Reading:
    """An input as it was when a run read it; the fields are columns of the ledger.

    Hashes are XXH3 of 128 bits, hexadecimal. `prefix_hash`, `end` and `lines` say where reading may resume once a file
    of JSON lines has grown. They are null for compressed files, charsets of two or four bytes a character, and other
    formats: of these a changed file is read whole, and its records are known by their content.
    """

    size: int  # bytes
    modified_ns: (
        int  # -1 where the input could not be read for reasons that lie outside it: each run tries it again
    )
    content: str | None = None  # hash of all bytes; None where they were not all read
    end: int | None = None  # bytes up to the end of the last whole line
    lines: int | None = None  # lines in these bytes
    prefix_hash: str | None = None  # hash of these bytes
    incomplete_tail: bool = (
        False  # whether the last line has no line end, cannot be parsed, and is waited for
    )
    rejected: int = 0  # records, or the file itself, that were rejected
    moved_from: tuple[str, ...] | None = None  # uris that the file had before


class Trace:
    """The hash of a stream of bytes, and of those up to its last line feed."""

    def __init__(self) -> None:
        self.lines: int | None = None  # before `end`; None where reading cannot go on from there
        self.incomplete_tail = False  # whether the last line is waited for
        self.resumed = False  # whether the reading went on from where the last one ended
        self.begin()

    def begin(self) -> None:
        """Begin with the first byte."""
        self._all = xxhash.xxh3_128()
        self._begun = self._all.copy()
        self.whole = False  # whether the stream was read to its end
        self.length = 0
        self.end = 0  # just after the last line feed

    def update(self, piece: bytes) -> None:
        """The next bytes."""
        last = piece.rfind(b"\n") + 1
        if last:
            self._all.update(memoryview(piece)[:last])
            self._begun = self._all.copy()
            self.end = self.length + last
        self._all.update(memoryview(piece)[last:])
        self.length += len(piece)

    @property
    def content(self) -> str:
        """The hash of the bytes so far."""
        return self._all.hexdigest()

    @property
    def prefix_hash(self) -> str:
        """The hash of those before `end`."""
        return self._begun.hexdigest()


def content_hash(content: bytes | memoryview) -> str:
    """The hash by which a record, or the one document of a file, is known wherever it stands."""
    return xxhash.xxh3_128_hexdigest(content)


def left_of(pieces: Iterable[bytes], last: Reading) -> tuple[bytes, Iterator[bytes]] | None:
    """(head, what is left) of a file that begins with what was read of it `last`; None where it does not.

    The head has the first bytes of the file, as many as tell its charset, or all that come before what is left.
    """
    if last.end is None or last.prefix_hash is None:
        return None
    stream, head, digest, done = iter(pieces), b"", xxhash.xxh3_128(), 0
    piece = b""
    taken = 0
    while done < last.end:
        piece = next(stream, b"")
        if not piece:
            return None
        taken = min(len(piece), last.end - done)
        digest.update(memoryview(piece)[:taken])
        done += taken
        if len(head) < HEAD:
            head += piece[:taken]
    if digest.hexdigest() != last.prefix_hash:
        return None
    return head, chain([piece[taken:]], stream) if piece[taken:] else stream
