"""Files as chunks of bytes, for every compression and kind of damage."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs import bounds, compression
from flows.inputs.bounds import Growth, Unreadable
from flows.inputs.compression import chunks

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
kinds = pytest.mark.parametrize("kind", COMPRESS)


def read(path: Path, kind: str, max_ratio: int = 200) -> tuple[bytes, str]:
    """(the bytes read, the error that ended the reading or "")."""
    given: list[bytes] = []
    try:
        given.extend(chunks(str(path), kind, Growth(path.stat().st_size, max_ratio, 1000)))
    except Unreadable as error:
        return b"".join(given), str(error)
    return b"".join(given), ""


@kinds
def test_members_one_after_another_are_one_file(tmp_path: Path, kind: str) -> None:
    """Concatenated compressed files, padded with zeros, read as their joined contents."""
    one = COMPRESS[kind]
    path = tmp_path / "x"
    path.write_bytes(one(b"first ") + one(b"") + one(b"second") + bytes(8))
    assert read(path, kind) == (b"first second", "")


@kinds
def test_large_content_comes_in_chunks(tmp_path: Path, kind: str) -> None:
    """A file of several megabytes comes complete, in chunks of bounded size."""
    data = os.urandom(1_500_000)
    path = tmp_path / "x"
    path.write_bytes(COMPRESS[kind](data))
    got = list(chunks(str(path), kind, Growth(path.stat().st_size, 200, 1000)))
    assert b"".join(got) == data
    assert max(map(len, got)) < 2 * compression.CHUNK


@kinds
def test_truncation_at_every_byte(tmp_path: Path, kind: str) -> None:
    """Wherever a file is cut off, the bytes before the cut are read, and the error says "truncated"."""
    data = b"".join(b"line %d\n" % n for n in range(40))
    whole = COMPRESS[kind](data)
    path = tmp_path / "x"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        got, error = read(path, kind)
        assert data.startswith(got)
        assert error == f"truncated {kind}"


@kinds
def test_what_follows_is_no_member(tmp_path: Path, kind: str) -> None:
    """Other bytes after the compressed data count as damage; the data before them is read."""
    path = tmp_path / "x"
    path.write_bytes(COMPRESS[kind](b"content") + b"something else")
    got, error = read(path, kind)
    assert got == b"content"
    assert error.startswith(f"damaged {kind} (")


@kinds
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_nothing_but_unreadable(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    """A flipped byte yields the content (if it was in the header) or our own error."""
    content = b"".join(b"%d" % (n * n) for n in range(200))
    whole = bytearray(COMPRESS[kind](content))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "x"
    path.write_bytes(bytes(whole))
    got, error = read(path, kind)
    assert got == content or error.startswith((f"damaged {kind}", f"truncated {kind}"))


@kinds
def test_a_bomb_is_stopped(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops as soon as the ratio is exceeded, not at the end; a small file may grow to the minimum."""
    path = tmp_path / "x"
    path.write_bytes(COMPRESS[kind](bytes(10_000_000)))
    assert read(path, kind, max_ratio=1)[1] == ""
    monkeypatch.setattr(bounds, "SMALL", 1_000_000)
    got, error = read(path, kind, max_ratio=1)
    assert len(got) <= 1_000_000
    assert "1 times its size" in error
    assert "max_ratio" in error


def test_zstd_of_small_steps_is_bounded(tmp_path: Path) -> None:
    """However much a few bytes of zstd expand to, a chunk stays far below the whole."""
    path = tmp_path / "x"
    path.write_bytes(COMPRESS["zstd"](bytes(300_000_000)))
    sizes: Iterator[int] = (len(p) for p in chunks(str(path), "zstd", Growth(10_000_000, 200, 1000)))
    assert max(sizes) <= compression.ZSTD_FEED // 4 * (128 << 10) + compression.CHUNK


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    """A folder, a pipe and a missing file raise an error, and nothing blocks."""
    os.mkfifo(tmp_path / "pipe")
    for name, why in [
        (".", "it is a folder"),
        ("pipe", "it is not a regular file"),
        ("gone", "No such file or directory"),
    ]:
        with pytest.raises(Unreadable, match=f"^cannot be read: {why}$"):
            list(chunks(str(tmp_path / name), "", Growth(0, 200, 1)))


@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
@pytest.mark.parametrize("size", [0, 1, 20, 1000])
def test_a_plain_file_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, size: int
) -> None:
    """However few bytes come at a time, and even if the file has grown or shrunk since its size was taken."""
    path = tmp_path / "a.txt"
    monkeypatch.setattr(compression, "CHUNK", 50)
    monkeypatch.setattr(compression, "SMALL_CHUNK", 10)
    real = os.read
    monkeypatch.setattr(compression.os, "read", lambda file, length: real(file, min(length, at_once)))
    for length in (0, 1, 9, 10, 11, 20, 21, 49, 50, 51, 100, 123):
        path.write_bytes(bytes(range(length)))
        found = list(chunks(str(path), "", Growth(size, 200, 1)))
        assert b"".join(found) == bytes(range(length))
        assert all(len(piece) == len(found[0]) for piece in found[:-1])
