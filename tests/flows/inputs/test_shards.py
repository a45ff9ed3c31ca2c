"""Shards: bounded in size and rows, in the order of the inputs, read lazily."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs import DOCUMENTS, REJECTED, find, read, shard_size
from flows.inputs import shards as shards_module
from flows.settings.model import Fields, Inputs

from .reading import documents, shards, write_lines


def test_shards_close_by_size_and_keep_the_order(tmp_path: Path) -> None:
    """A shard ends as soon as it reaches its size, across files; together the shards are the input, in order."""
    for n in range(1, 12):
        write_lines(tmp_path / f"{n}.jsonl", *({"text": f"{n} {m} " + "x" * 50_000} for m in range(9)))
    found = shards(tmp_path, shard_megabytes=1)
    assert [len(s.documents) for s in found] == [20, 20, 20, 20, 19]
    order = [text.split()[:2] for s in found for text in s.documents["text"]]
    assert order == [[str(n), str(m)] for n in range(1, 12) for m in range(9)]
    assert all(dict(s.documents.schema) == DOCUMENTS for s in found)


def test_the_last_shards_are_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the end of a run a shard takes half of what is left, so that no worker waits long for another one."""
    monkeypatch.setattr(shards_module, "MIN_SHARD", 200_000)
    path = write_lines(tmp_path / "a.jsonl", *({"text": "x" * 9_990} for _ in range(200)))
    assert [len(s.documents) for s in shards(path, shard_megabytes=1)] == [100, 51, 25, 24]
    found = read(find([str(path)]), Inputs(shard_megabytes=1), Fields(), following=2_000_000)
    assert [len(s.documents) for s in found][:2] == [100, 100]


@given(most=st.integers(1, 100_000_000), left=st.integers(0, 10**12))
def test_shards_add_up_to_the_run(most: int, left: int) -> None:
    """No shard is larger than the settings say, or tiny; none but one of that size leaves a tiny rest."""
    least = min(shards_module.MIN_SHARD, most)
    while left > 0:
        size = shard_size(most, left)
        assert least <= size <= most
        assert size == most or left - size >= least // 2
        left = left - size if left < 64 * most else 3 * most


def test_a_document_larger_than_a_shard_is_not_split(tmp_path: Path) -> None:
    """It shares its shard with the next one: a frame of one row would be copied with each step."""
    path = write_lines(tmp_path / "a.jsonl", {"text": "x" * 3_000_000}, {"text": "y"}, {"text": "z"})
    assert [len(s.documents) for s in shards(path, shard_megabytes=1)] == [2, 1]


def test_shards_are_bounded_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tiny documents, or many rejected records, also close a shard."""
    monkeypatch.setattr(shards_module, "MAX_ROWS", 1000)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"x"}\n' * 1001 + b"x\n" * 1001)
    assert [(len(s.documents), len(s.rejected)) for s in shards(path)] == [(1000, 0), (1, 1000), (0, 1)]


def test_shards_without_documents(tmp_path: Path) -> None:
    """No inputs give no shard; if all are rejected, the shard has a typed, empty table of documents."""
    assert shards(tmp_path) == []
    (tmp_path / "a.txt").touch()
    (shard,) = shards(tmp_path)
    assert shard.documents.is_empty()
    assert dict(shard.documents.schema) == DOCUMENTS
    assert dict(shard.rejected.schema) == REJECTED


def test_reading_is_lazy(tmp_path: Path) -> None:
    """The first shard is available before the rest of the file is read."""
    path = tmp_path / "a.jsonl"
    path.write_bytes((json.dumps({"text": "x" * 900}) + "\n").encode() * 20_000)
    stream = read(find([str(path)]), Inputs(shard_megabytes=1), Fields())
    first = next(stream)
    path.write_bytes(b"")
    assert len(first.documents) < 1200
    assert sum(len(s.documents) for s in stream) < 19_000


def test_a_remote_input(tmp_path: Path) -> None:
    """A file behind a URL is read like a local one; its source is the folder in the URL."""
    storage = fsspec.filesystem("memory")
    storage.pipe("/paper/a.txt", b"one")
    storage.pipe("/paper/b.jsonl.gz", gzip.compress(b'{"text": "two"}'))
    try:
        found = documents("memory://paper")
        assert [(d["uri"], d["source"], d["text"]) for d in found] == [
            ("memory:///paper/a.txt", "paper", "one"),
            ("memory:///paper/b.jsonl.gz#1", None, "two"),
        ]
    finally:
        storage.rm("/paper", recursive=True)
