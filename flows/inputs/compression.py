"""Files as chunks of decompressed bytes, in bounded memory.

Anything that prevents a file from being read to its end is raised as `Unreadable`, after the chunks before it.
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, TypeAlias

import zstandard

from flows.inputs.remote import open_remote

CHUNK: Final = 1 << 20  # maximum bytes in a chunk, except with zstd
SMALL_CHUNK: Final = 1 << 14  # minimum bytes requested when reading a small file
#: Bytes passed to zstd at a time. Its output is not limited, and a block of 4 bytes can produce 128 KiB.
ZSTD_FEED: Final = 2048
SMALL: Final = 64_000_000  # bytes that any file may decompress to, however small it is


class Unreadable(Exception):
    """A file cannot be read, or not to its end; the message says why."""


def chunks(
    path: str,
    compression: str,
    size: int,
    max_ratio: int,
    observe: Callable[[bytes], object] = len,
) -> Iterator[bytes]:
    """The decompressed bytes of a file, chunk by chunk; concatenated members or frames are joined.

    `path` is a local path or an fsspec URL, `compression` is "gzip", "zstd", "bzip2", "xz" or "", `size` is the file's
    size in bytes. `observe` is called with the file's own bytes, still compressed. Raises Unreadable if the file cannot
    be opened or is not a regular file, if the compressed data is damaged or truncated, and as soon as it decompresses
    to more than both `max_ratio` times the file's size and 64 MB.
    """
    try:
        if not compression and "://" not in path:
            for chunk in _plain(path, size):
                observe(chunk)
                yield chunk
            return
        with opened(path) as file:
            if not compression:
                while chunk := file.read(CHUNK):
                    observe(chunk)
                    yield chunk
                return
            limit, total = max(SMALL, size * max_ratio), 0
            for chunk in _decompressed(file, compression, observe):
                total += len(chunk)
                if total > limit:
                    raise Unreadable(
                        f"{compression} data that grows to more than {max_ratio} times its size: perhaps a "
                        "decompression bomb ([inputs] max_ratio)"
                    )
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
    while data := file.read(CHUNK):
        observe(data)
        while data:
            if decompressor.eof:
                data = data.lstrip(b"\0")  # members may be padded with zeros
                if not data:
                    break
                decompressor = start()
            started = True
            try:
                yield from feed(decompressor, data)
            except errors as error:
                raise Unreadable(f"damaged {compression} ({error})") from error
            data = decompressor.unused_data
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
    "xz": (lzma.LZMADecompressor, _feed_limited, lzma.LZMAError),
}
