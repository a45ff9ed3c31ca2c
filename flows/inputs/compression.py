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
from typing import IO, Any, Final, TypeAlias

import zstandard

from flows.inputs.bounds import Growth, Unreadable
from flows.inputs.remote import open_remote

_PADDING: Final = re.compile(rb"\0*")  # members may be padded with zeros
CHUNK: Final = 1 << 20  # maximum bytes in a chunk, except with zstd
SMALL_CHUNK: Final = 1 << 14  # minimum bytes requested when reading a small file
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

    `path` is a local path or an fsspec URL, `compression` is "gzip", "zstd", "bzip2", "xz" or "". `observe` is called
    with the file's own bytes, still compressed. Raises Unreadable if the file cannot be opened or is not a regular
    file, if the compressed data is damaged or truncated, and as soon as it grows beyond the bounds of `growth`.
    """
    try:
        if not compression and "://" not in path:
            for chunk in _plain(path, growth.size):
                observe(chunk)
                yield chunk
            return
        with opened(path) as file:
            if not compression:
                while chunk := file.read(CHUNK):
                    observe(chunk)
                    yield chunk
                return
            for chunk in _decompressed(file, compression, observe):
                growth.add(len(chunk), compression)
                yield chunk
    except OSError as error:
        raise Unreadable(describe(error)) from error


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
        length = min(max(size + 1, SMALL_CHUNK), CHUNK)
        while chunk := _read(descriptor, length):
            yield chunk
            if len(chunk) < length:
                return
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


def _decompressed(file: IO[bytes], compression: str, observe: Callable[[bytes], object]) -> Iterator[bytes]:
    start, feed, errors = _KINDS[compression]
    decompressor, started = start(), False
    step = CHUNK
    while data := file.read(CHUNK):
        observe(data)
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
