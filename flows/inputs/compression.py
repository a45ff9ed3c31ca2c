"""Files as pieces of bytes, decompressed, in bounded memory.

Whatever keeps a file from being read to its end is raised as `Unreadable`, after the pieces before it were given.
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, TypeAlias, cast

import zstandard

PIECE: Final = 1 << 20  # bytes in a piece, at most, but for zstd
SMALL_PIECE: Final = 1 << 14  # bytes that are asked for of a small file
ZSTD_FEED: Final = (
    2048  # bytes given to zstd at a time; it has no output limit, and a block of 4 bytes may give 128 KiB
)
SMALL: Final = 64_000_000  # bytes that any file may grow to, however small it is


class Unreadable(Exception):
    """A file cannot be read, or not from here on; the text says why."""


def pieces(
    path: str,
    compression: str,
    size: int,
    max_ratio: int,
    seen: Callable[[bytes], object] = len,
) -> Iterator[bytes]:
    """The bytes of a file, decompressed, piece by piece; members or frames written one after another are joined.

    `path` is a local path or an fsspec URL, `compression` "gzip", "zstd", "bzip2", "xz" or "", `size` the file's size
    in bytes; `seen` is shown the bytes of the file itself. Raises Unreadable for a file that cannot be opened or is not
    a regular one, for damaged or truncated compression, and as soon as a compressed file has grown to more than
    `max_ratio` times its size (and 64 MB).
    """
    try:
        if not compression and "://" not in path:
            for piece in _plain(path, size):
                seen(piece)
                yield piece
            return
        with opened(path) as file:
            if not compression:
                while piece := file.read(PIECE):
                    seen(piece)
                    yield piece
                return
            limit, given = max(SMALL, size * max_ratio), 0
            for piece in _decompressed(file, compression, seen):
                given += len(piece)
                if given > limit:
                    raise Unreadable(
                        f"{compression} data that grows to more than {max_ratio} times its size, as a decompression "
                        "bomb does ([inputs] max_ratio)"
                    )
                yield piece
    except OSError as error:
        raise Unreadable(told(error)) from error


def opened(path: str) -> IO[bytes]:
    """The file, open for reading bytes; raises OSError, also for what is no regular file."""
    if "://" in path:
        import fsspec

        return cast(IO[bytes], fsspec.open(path, "rb").open())
    return os.fdopen(_descriptor(path), "rb")


def _descriptor(path: str) -> int:
    descriptor = os.open(
        path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    )  # a pipe without a writer would block
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError("it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")
    return descriptor


def _plain(path: str, size: int) -> Iterator[bytes]:
    """The pieces of a local file without a file object, whose making takes longer than the reading of a small file."""
    descriptor = _descriptor(path)
    try:
        length = min(max(size + 1, SMALL_PIECE), PIECE)
        while piece := _read(descriptor, length):
            yield piece
            if len(piece) < length:
                return
    finally:
        os.close(descriptor)


def _read(descriptor: int, length: int) -> bytes:
    """The next bytes of a file: so many, or those up to its end."""
    data = os.read(descriptor, length)
    while len(data) < length and (more := os.read(descriptor, length - len(data))):
        data += more
    return data


def told(error: OSError) -> str:
    """An error of the operating system in words, without the file's name."""
    return f"cannot be read: {error.strerror or error}"


def _decompressed(file: IO[bytes], compression: str, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    start, feed, errors = _KINDS[compression]
    decompressor, prefix_hash = start(), False
    while data := file.read(PIECE):
        seen(data)
        while data:
            if decompressor.eof:
                data = data.lstrip(b"\0")  # members may be padded
                if not data:
                    break
                decompressor = start()
            prefix_hash = True
            try:
                yield from feed(decompressor, data)
            except errors as error:
                raise Unreadable(f"damaged {compression} ({error})") from error
            data = decompressor.unused_data
    if prefix_hash and not decompressor.eof:
        raise Unreadable(f"truncated {compression}")


class _ZstdFrame:
    """A zstd frame in the manner of the other decompressors; fed little by little, because its output has no limit."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor().decompressobj()
        self.eof, self.unused_data = False, b""

    def decompress(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), ZSTD_FEED):
            if piece := self._decompressor.decompress(data[at : at + ZSTD_FEED]):
                yield piece
            if self._decompressor.eof:
                self.eof = True
                self.unused_data = self._decompressor.unused_data + data[at + ZSTD_FEED :]
                return


def _feed_zlib(decompressor: Any, data: bytes) -> Iterator[bytes]:
    while data and not decompressor.eof:
        if piece := decompressor.decompress(data, PIECE):
            yield piece
        data = decompressor.unconsumed_tail


def _feed_limited(decompressor: Any, data: bytes) -> Iterator[bytes]:
    if piece := decompressor.decompress(data, PIECE):
        yield piece
    while not decompressor.eof and not decompressor.needs_input:
        if piece := decompressor.decompress(b"", PIECE):
            yield piece


_Kind: TypeAlias = tuple[
    Callable[[], Any], Callable[[Any, bytes], Iterator[bytes]], type[Exception] | tuple[type[Exception], ...]
]
_KINDS: Final[dict[str, _Kind]] = {
    "gzip": (lambda: zlib.decompressobj(wbits=31), _feed_zlib, zlib.error),
    "zstd": (_ZstdFrame, _ZstdFrame.decompress, zstandard.ZstdError),
    "bzip2": (bz2.BZ2Decompressor, _feed_limited, (OSError, ValueError)),
    "xz": (lzma.LZMADecompressor, _feed_limited, lzma.LZMAError),
}
