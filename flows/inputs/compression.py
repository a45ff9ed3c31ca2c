"""Files as chunks of decompressed bytes, in bounded memory.

Anything that prevents a file from being read to its end is raised as `Unreadable`, after the chunks before it.
"""

from __future__ import annotations

import bz2
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any, Final, TypeAlias

import zstandard

from flows.inputs.bounds import Growth, Unreadable
from flows.inputs.remote import open_remote
from flows.inputs.tracing import HEAD

#: File name endings and their compressions.
COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".xz": "xz"}
#: How compressed data begins; zstd may begin with frames to be skipped.
_MARKS: Final = re.compile(
    rb"(?P<gzip>\x1f\x8b\x08)|(?P<zstd>\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)"
    rb"|(?P<bzip2>BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90))|(?P<xz>\xfd7zXZ\0)"
)
_BEGIN: Final = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5", "bzip2": b"BZ", "xz": b"\xfd7"}
_PADDING: Final = re.compile(rb"\0*")  # members may be padded with zeros
CHUNK: Final = 1 << 20  # maximum bytes in a chunk, except with zstd
SMALL_CHUNK: Final = 1 << 14  # minimum bytes requested when reading a small file
MAX_LAYERS: Final = 3  # of compression
STEP: Final = 1 << 12  # bytes passed to a decompressor first after another one has ended
MAX_MEMORY: Final = (
    1 << 28
)  # bytes that an xz file may claim for its dictionary; the largest preset takes a quarter
#: Bytes passed to zstd at a time. Its output is not limited, and a block of 4 bytes can produce 128 KiB.
ZSTD_FEED: Final = 2048


def chunks(
    path: str,
    compression: str,
    growth: Growth,
    observe: Callable[[bytes], object] = len,
) -> Iterator[bytes]:
    """The decompressed bytes of a file, chunk by chunk; concatenated members or frames are joined.

    `path` is a local path or an fsspec URL; `compression` is what its name says, see `unpacked`. `observe` is called
    with the file's own bytes, still compressed. Raises Unreadable if the file cannot be opened or is not a regular
    file, and as `unpacked` does.
    """
    _, stream = unpacked(raw_chunks(path, growth.size, observe), compression, growth)
    yield from stream


def raw_chunks(path: str, size: int, observe: Callable[[bytes], object] = len) -> Iterator[bytes]:
    """The bytes of a file as they are, chunk by chunk; `size` is its expected size, 0 if unknown."""
    try:
        if "://" not in path:
            for chunk in _plain(path, size):
                observe(chunk)
                yield chunk
            return
        with opened(path) as file:
            while chunk := file.read(CHUNK):
                observe(chunk)
                yield chunk
    except OSError as error:
        raise Unreadable(describe(error)) from error


def unpacked(raw: Iterator[bytes], named: str, growth: Growth) -> tuple[str, Iterator[bytes]]:
    """(compression, bytes): how a stream is compressed, and its decompressed bytes.

    That is decided by how it begins. `named` is the compression that its name says ("gzip", "zstd", "bzip2", "xz" or
    ""); without the mark of any, it counts only if the stream is not text. What was compressed twice is decompressed
    twice. Raises Unreadable, at once or after the bytes before it, if the data is damaged or truncated, or grows beyond
    the bounds of `growth`.
    """
    outermost = ""
    for _ in range(MAX_LAYERS):
        head, raw = peeked(raw, 1)
        compression = compression_of(head)
        if not compression and not outermost and named and _is_damaged(head, named):
            compression = named
        if not compression:
            break
        outermost = outermost or compression
        raw = _decompressed(raw, compression, growth)
    return outermost, raw


def compression_of(head: bytes) -> str:
    """The compression of data that begins with `head`; "" if it has the mark of none."""
    found = _MARKS.match(head)
    return found.lastgroup or "" if found else ""


def peeked(stream: Iterator[bytes], length: int) -> tuple[bytes, Iterator[bytes]]:
    """(head, stream): the first chunks, of `length` bytes together or all there are, and the stream as it was.

    An error after some bytes is raised again after them.
    """
    head = next(stream, b"")
    if len(head) >= length or not head:
        return head, chain((head,), stream) if head else stream
    parts = [head]
    try:
        while len(head) < length and (chunk := next(stream, b"")):
            parts.append(chunk)
            head += chunk
    except Unreadable as error:
        stream = _failing(error)
    return head, chain((head,), stream)


def _is_damaged(head: bytes, named: str) -> bool:
    """Whether data without the mark of a compression is nothing else either."""
    mark = _BEGIN[named]
    if head and head[: len(mark)] == mark[: len(head)]:
        return True
    # bring numpy and many patterns, which a run without new inputs does not need
    from cleaners.decoding.decoder import NotText, charset
    from flows.inputs.sniffing import sniff

    try:
        return not sniff(head) and not charset(head)
    except NotText:
        return True


def _failing(error: Unreadable) -> Iterator[bytes]:
    raise error
    yield


def opened(path: str) -> IO[bytes]:
    """The file, opened for reading bytes; raises OSError, also if it is not a regular file."""
    if "://" in path:
        return open_remote(path)
    return os.fdopen(_descriptor(path), "rb")


def _descriptor(path: str) -> int:
    # without O_NONBLOCK, a pipe without a writer would block
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError("it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")
    return descriptor


def _plain(path: str, size: int) -> Iterator[bytes]:
    """The chunks of a local file. No file object: creating one takes longer than reading a small file."""
    descriptor = _descriptor(path)
    try:
        # one call reads a small file; of a large one, the first chunk may be all that is needed
        length = min(max(size + 1, SMALL_CHUNK), HEAD)
        while chunk := _read(descriptor, length):
            yield chunk
            if len(chunk) < length:
                return
            if size >= HEAD:
                length = CHUNK
    finally:
        os.close(descriptor)


def _read(descriptor: int, length: int) -> bytes:
    """The next `length` bytes of a file; fewer only at its end."""
    data = os.read(descriptor, length)
    while len(data) < length and (more := os.read(descriptor, length - len(data))):
        data += more
    return data


def describe(error: OSError) -> str:
    """An error of the operating system as a message, without the file's name."""
    return f"cannot be read: {error.strerror or error}"


def _decompressed(stream: Iterator[bytes], compression: str, growth: Growth) -> Iterator[bytes]:
    for chunk in _decompress(stream, compression):
        growth.add(len(chunk), compression)
        yield chunk


def _decompress(stream: Iterator[bytes], compression: str) -> Iterator[bytes]:
    start, feed, errors = _KINDS[compression]
    decompressor, started = start(), False
    step = CHUNK
    for data in stream:
        at = 0
        while at < len(data):
            if decompressor.eof:
                at = _PADDING.match(data, at).end()  # type: ignore[union-attr]  # it may be empty
                if at == len(data):
                    break
                decompressor = start()
                step = STEP  # what follows the end of a member is copied, and there may be many members
            piece = data[at : at + step]
            started = True
            try:
                yield from feed(decompressor, piece)
            except errors as error:
                raise Unreadable(f"damaged {compression} ({error})") from error
            at += len(piece) - len(decompressor.unused_data)
            step = min(2 * step, CHUNK)
    if started and not decompressor.eof:
        raise Unreadable(f"truncated {compression}")


class _ZstdFrame:
    """A zstd frame with the interface of the other decompressors, fed in small steps: its output has no limit."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor().decompressobj()
        self.eof, self.unused_data = False, b""

    def decompress(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), ZSTD_FEED):
            if chunk := self._decompressor.decompress(data[at : at + ZSTD_FEED]):
                yield chunk
            if self._decompressor.eof:
                self.eof = True
                self.unused_data = self._decompressor.unused_data + data[at + ZSTD_FEED :]
                return


def _feed_zlib(decompressor: Any, data: bytes) -> Iterator[bytes]:
    while data and not decompressor.eof:
        if chunk := decompressor.decompress(data, CHUNK):
            yield chunk
        data = decompressor.unconsumed_tail


def _feed_limited(decompressor: Any, data: bytes) -> Iterator[bytes]:
    if chunk := decompressor.decompress(data, CHUNK):
        yield chunk
    while not decompressor.eof and not decompressor.needs_input:
        if chunk := decompressor.decompress(b"", CHUNK):
            yield chunk


_Kind: TypeAlias = tuple[
    Callable[[], Any], Callable[[Any, bytes], Iterator[bytes]], type[Exception] | tuple[type[Exception], ...]
]
_KINDS: Final[dict[str, _Kind]] = {
    "gzip": (lambda: zlib.decompressobj(wbits=31), _feed_zlib, zlib.error),
    "zstd": (_ZstdFrame, _ZstdFrame.decompress, zstandard.ZstdError),
    "bzip2": (bz2.BZ2Decompressor, _feed_limited, (OSError, ValueError)),
    "xz": (lambda: lzma.LZMADecompressor(memlimit=MAX_MEMORY), _feed_limited, lzma.LZMAError),
}
