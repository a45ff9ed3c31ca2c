"""The files in zip and tar archives, one after another, in bounded memory. Their names are never paths to write to."""

from __future__ import annotations

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final, NamedTuple, cast

from flows.inputs.bounds import MEGABYTE, Growth, Unreadable, beyond_memory
from flows.inputs.compression import CHUNK, describe, opened
from flows.inputs.reader import Input, Options, chunks_of, growth_of, local_file
from flows.inputs.tracing import Trace
from flows.inputs.unread import refusal

MAX_MEMBERS: Final = 1_000_000  # in an archive
MAX_DIRECTORY: Final = 64 * MEGABYTE  # of the directory of a zip archive
LOCAL_HEADER: Final = 30  # bytes of it, without the name
MAX_HEADERS: Final = 1 << 20  # bytes of headers of one file in a tar archive

#: What damaged zip archives make `zipfile` raise.
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, OverflowError, IndexError,
)  # fmt: skip
_METHODS: Final = {
    zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma",
}  # fmt: skip
_ENCRYPTED: Final = 1  # flag
_UTF8: Final = 1 << 11  # flag


class Member(NamedTuple):
    """A file in an archive."""

    name: str  # a label, never a path; bytes that are not UTF-8 are surrogates
    size: int  # bytes that it takes in the archive
    content: Iterator[bytes]  # raises Unreadable if it cannot be read
    is_link: bool = False


def zip_members(given: Input, options: Options, trace: Trace) -> Iterator[Member]:
    """The files in a zip archive, in the order of its directory; one that is not a local file is copied first.

    Raises Unreadable if its directory is damaged or too large, or if it is a document of an office suite.
    """
    with local_file(given, options, trace) as path:
        try:
            with opened(path) as plain, zipfile.ZipFile(cast(BinaryIO, _Bounded(plain))) as archive:
                infos = archive.infolist()
                if kind := _office(archive, {info.filename for info in infos}):
                    raise refusal(kind, given.uri.rpartition("/")[2])
                if len(infos) > MAX_MEMBERS:
                    raise Unreadable(_too_many())
                overlapping = _overlapping(infos)
                for number, info in enumerate(infos):
                    if not info.is_dir():
                        bounds = growth_of(info.compress_size, options)
                        content = _unzipped(archive, info, bounds, overlaps=number in overlapping)
                        is_link = stat.S_ISLNK(info.external_attr >> 16)
                        yield Member(_zip_name(info), info.compress_size, content, is_link)
        except OSError as error:
            raise Unreadable(describe(error)) from error
        except _DAMAGE as error:
            raise Unreadable(f"damaged zip ({error})") from error


class _Bounded:
    """A file that refuses to read a large directory at once."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> Any:
        """Up to `size` bytes."""
        data = self._file.read(size if 0 <= size <= MAX_DIRECTORY else MAX_DIRECTORY + 1)
        if len(data) > MAX_DIRECTORY or beyond_memory(len(data)):
            raise Unreadable(
                f"the directory of the archive is larger than {MAX_DIRECTORY // MEGABYTE} MB; unpack it"
            )
        return data


def _office(archive: zipfile.ZipFile, names: set[str]) -> str:
    """The kind of document that an archive is; "" if it is just an archive."""
    if "[Content_Types].xml" in names:
        folders = {name.partition("/")[0] for name in names}
        return "sheet" if "xl" in folders else "slides" if "ppt" in folders else "document"
    if "mimetype" in names and not names.isdisjoint(("META-INF/manifest.xml", "META-INF/container.xml")):
        with archive.open("mimetype") as file:
            about = file.read(100)
        return "sheet" if b"spreadsheet" in about else "slides" if b"presentation" in about else "document"
    if "META-INF/MANIFEST.MF" in names and any(name.endswith((".class", ".dex")) for name in names):
        return "program"
    return "pages" if "Index/Document.iwa" in names else ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The entries, by number, whose bytes belong to another one: so a small archive could hold any amount of data."""
    found, end = set(), 0
    for number, info in sorted(enumerate(infos), key=lambda one: one[1].header_offset):
        if info.header_offset < end:
            found.add(number)
        else:
            end = info.header_offset + LOCAL_HEADER + info.compress_size
    return found


def _zip_name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & _UTF8:
        with suppress(UnicodeEncodeError, UnicodeDecodeError):
            name = name.encode("cp437").decode()  # often it is UTF-8 without the flag that says so
    return name if "/" in name else name.replace("\\", "/")


def _unzipped(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, bounds: Growth, *, overlaps: bool
) -> Iterator[bytes]:
    if overlaps:
        raise Unreadable("damaged zip (it shares its bytes with another file of the archive)")
    if info.flag_bits & _ENCRYPTED:
        raise Unreadable("is encrypted; unpack the archive with its password")
    if info.compress_type not in _METHODS:
        raise Unreadable(
            f"compressed by method {info.compress_type}, which is not supported; unpack the archive"
        )
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                bounds.add(len(chunk), "zip")
                yield chunk
    except (*_DAMAGE, RuntimeError) as error:
        raise Unreadable(f"damaged zip ({error})") from error
    except OSError as error:
        raise Unreadable(describe(error)) from error


def tar_members(given: Input, options: Options, trace: Trace) -> Iterator[Member]:
    """The files in a tar archive, in order; each must be read before the next. It is read as a stream.

    Raises Unreadable where it is damaged, after the files before that, and at its end if some of it was skipped.
    """
    stream = _Stream(chunks_of(given, options, trace))
    number = 0
    try:
        # with `ignore_zeros`, archives may follow one another, and reading goes on after damage
        with tarfile.open(
            fileobj=cast(Any, stream),
            mode="r|",
            tarinfo=stream.header_type(),
            ignore_zeros=True,
            bufsize=1 << 16,
        ) as archive:
            while (info := archive.next()) is not None:
                stream.allowance = None
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                if info.isdir():
                    continue
                number += 1
                if number > MAX_MEMBERS:
                    raise Unreadable(_too_many())
                yield Member(info.name, info.size, _untarred(archive, info), info.issym() or info.islnk())
        if stream.damage:
            raise Unreadable(
                f"damaged tar ({stream.damage}); the {number:,} files beside the damage were read"
            )
    except (tarfile.TarError, RecursionError, ValueError, OverflowError) as error:
        raise Unreadable(f"damaged tar ({error}) after {number:,} files") from error


def _untarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(info) if info.isreg() and not info.issparse() else None
    if file is None:
        raise Unreadable("is not a regular file")
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise Unreadable(f"damaged tar ({error})") from error


class _Stream:
    """Chunks of bytes as a file, which bounds how much of it the headers of one file may take."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""
        self._error: Unreadable | None = None
        self.allowance: int | None = None  # bytes that headers may still take; None outside of them
        self.damage = ""  # what a header had that was skipped

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        parts, length = [self._left], len(self._left)
        try:
            if self._error:
                raise self._error
            while length < size and (chunk := next(self._chunks, b"")):
                parts.append(chunk)
                length += len(chunk)
        except Unreadable as error:
            self._error = error
            raise
        data = b"".join(parts)
        self._left = data[size:]
        if self.allowance is not None:
            self.allowance -= size
            if self.allowance < 0:
                raise Unreadable(f"damaged tar (headers of more than {MAX_HEADERS >> 20} MB)")
        return data[:size]

    def header_type(self) -> type[tarfile.TarInfo]:
        """A type of header that reports to this stream."""
        stream = self

        class Header(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
                if stream.allowance is None:
                    stream.allowance = MAX_HEADERS
                try:
                    header = super().frombuf(buf, encoding, errors)
                except tarfile.HeaderError as error:
                    stream.allowance = None
                    if buf.strip(b"\0"):  # not the end
                        stream.damage = str(error)
                    raise
                if header.size < 0:
                    raise tarfile.ReadError("a size below zero")
                return header

        return Header


def _too_many() -> str:
    return f"more than {MAX_MEMBERS:,} files in one archive; unpack it"
