"""Rejected inputs: each error affects one input only, and says what is wrong."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
import zstandard

from flows.inputs import bounds, compression, find, read
from flows.settings.model import Fields, Inputs
from support import json_lines

from .reading import COMPRESS, errors, shards, texts


def test_files_that_are_not_text_are_rejected(tmp_path: Path) -> None:
    """Each error says why and, where possible, what to do; the rest is read."""
    for name, data in {
        "empty.txt": b"", "blank.txt": b" \n\xc2\xa0\n", "binary.txt": os.urandom(5000), "page.html": b"<html></html>",
        "list.json": b"[]", "paper.pdf": b"%PDF-1.7", "photo.JPG": b"\xff\xd8", "all.7z": b"7z\xbc\xaf\x27\x1c",
        "good.txt": b"word", "e.jsonl": b"", "e.csv": b"", "b.jsonl": b"\n \n",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    assert texts(tmp_path) == ["word"]
    found = errors(tmp_path)
    assert found.pop("binary.txt").startswith("binary data")
    assert "no text was found" in found.pop("page.html")
    assert "extract the text first" in found.pop("paper.pdf")
    assert "no records" in found.pop("list.json")
    assert "unpack it" in found.pop("all.7z")
    assert "contains no text" in found.pop("photo.JPG")
    assert set(found) == {"empty.txt", "blank.txt", "e.jsonl", "e.csv", "b.jsonl"}
    assert all(error.startswith("no text") for error in found.values())


def test_files_that_cannot_be_opened_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that vanish, become folders or are unreadable affect only themselves."""
    for name in ("a.txt", "b.txt", "c.jsonl", "d.parquet", "e.csv", "f.txt"):
        (tmp_path / name).write_text("word")
    found = find([str(tmp_path)])
    for name in ("a.txt", "b.txt", "d.parquet", "e.csv"):
        (tmp_path / name).unlink()
    (tmp_path / "b.txt").mkdir()
    real = os.open

    def refuse(path: str, flags: int, *rest: Any, **named: Any) -> int:
        if path.endswith("c.jsonl"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(compression.os, "open", refuse)
    (shard,) = read(found, Inputs(), Fields())
    assert shard.documents["text"].to_list() == ["word"]
    gone = "cannot be read: No such file or directory"
    assert dict(zip("abcde", shard.rejected["error"], strict=True)) == {
        "a": gone, "b": "cannot be read: it is a folder", "c": "cannot be read: Permission denied",
        "d": gone, "e": gone,
    }  # fmt: skip


def test_what_was_found_unreadable_is_rejected_with_its_problem(tmp_path: Path) -> None:
    """A pipe and a dangling link are rows in `rejected`."""
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone")
    assert errors(tmp_path) == {
        "dangling.txt": "cannot be read: No such file or directory",
        "pipe.txt": "cannot be read: it is not a regular file",
    }


def test_a_text_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected by its size without being opened or, if compressed, as soon as it is too large."""
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(1_000_001)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"word " * 300_000))
    (tmp_path / "c.txt").write_bytes(b"word\n" * 200_000)
    assert errors(tmp_path, max_document_megabytes=1) == {
        "a.txt": "larger than 1 MB ([inputs] max_document_megabytes)",
        "b.txt.gz": "larger than 1 MB ([inputs] max_document_megabytes)",
    }
    assert len(texts(tmp_path, max_document_megabytes=1)) == 1


def test_a_bomb_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text beyond the ratio is rejected whole; of records, those before the limit are kept; the next file is read."""
    monkeypatch.setattr(bounds, "SMALL", 1000)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"word " * 500_000))
    (tmp_path / "b.jsonl.zst").write_bytes(COMPRESS[".zst"](b'{"text": "word"}\n' * 200_000))
    (tmp_path / "c.txt").write_text("good")
    found = errors(tmp_path, max_ratio=10)
    assert list(found) == ["a.txt.gz", "b.jsonl.zst"]
    assert all("bomb" in error for error in found.values())
    assert texts(tmp_path, max_ratio=10)[-1] == "good"
    assert texts(tmp_path / "a.txt.gz", max_ratio=10) == []


def test_a_truncated_gzip_keeps_the_records_before(tmp_path: Path) -> None:
    """Wherever it is cut, complete lines before the cut are documents, and the rest is rejected in one row."""
    wanted = [f"Sentence {n}." for n in range(20)]
    whole = gzip.compress(json_lines(*({"text": t} for t in wanted)), mtime=0)
    path = tmp_path / "a.jsonl.gz"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        (shard,) = shards(path)
        kept = shard.documents["text"].to_list()
        assert kept == wanted[: zlib.decompressobj(31).decompress(whole[:length]).count(b"\n")]
        after = f" after line {len(kept)}" if kept else ""
        assert shard.rejected.rows() == [(str(path), f"truncated gzip{after}")]
    path.write_bytes(whole)
    assert texts(path) == wanted


def test_a_damaged_frame_keeps_the_records_before_it(tmp_path: Path) -> None:
    """In a file of several frames the intact ones are read, and the rest is rejected."""
    frame = zstandard.ZstdCompressor(write_checksum=True).compress
    good = frame(b'{"text": "a"}\n') + frame(b'{"text": "b"}\n')
    path = tmp_path / "a.jsonl.zst"
    for last in (frame(b'{"text": "c"}\n')[:-1], frame(b'{"text": "c"}\n')[:-1] + b"!", b"no frame at all"):
        path.write_bytes(good + last)
        assert texts(path)[:2] == ["a", "b"]
        (error,) = errors(path).values()
        assert error.startswith(("truncated zstd", "damaged zstd ("))
        assert " after line " in error


def test_a_truncated_text_is_rejected_whole(tmp_path: Path) -> None:
    """Half a text is not a document."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(os.urandom(2000).hex().encode())[:-20])
    assert errors(tmp_path) == {"a.txt.gz": "truncated gzip"}
    assert texts(tmp_path) == []
