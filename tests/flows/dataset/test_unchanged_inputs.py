"""Inputs that have not changed are not read again; those that could not be read are tried again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset, ledger
from flows.inputs import compression
from small_runs import plain_run as run
from support import Copydesk, Jsonl, json_lines

from .stories import STORIES, ends


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the inputs that are opened."""
    names: list[str] = []
    real = os.open

    def watch(path: Any, *arguments: Any, **options: Any) -> int:
        names.append(Path(path).name)
        return real(path, *arguments, **options)

    monkeypatch.setattr(compression.os, "open", watch)
    return names


def test_an_unchanged_input_is_not_opened(tmp_path: Path, opened: list[str]) -> None:
    """Inputs with the same size and time are unchanged: only new ones are opened."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORIES[0])
    (tmp_path / "in" / "b.jsonl").write_bytes(json_lines({"text": STORIES[1]}))
    run([tmp_path / "in"], tmp_path / "out")
    (tmp_path / "in" / "c.txt").write_text(STORIES[2])
    opened.clear()
    outcome = run([tmp_path / "in"], tmp_path / "out")
    assert (outcome.inputs, outcome.read) == (3, 1)
    assert {"a.txt", "b.jsonl"} & set(opened) == set()


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"])
def test_a_touched_input_costs_a_hash_once(tmp_path: Path, name: str, opened: list[str]) -> None:
    """An input with another time and the same bytes is opened once, and publishes nothing."""
    import gzip

    path, out = tmp_path / name, tmp_path / "out"
    if name.endswith("parquet"):
        pl.DataFrame({"text": STORIES[:1]}).write_parquet(path)
    else:
        data = {".csv": f"text\n{STORIES[0]}\n".encode(), ".txt": STORIES[0].encode()}.get(
            path.suffix, json_lines({"text": STORIES[0]})
        )
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    run([path], out)
    os.utime(path, (5, 5))
    opened.clear()
    assert run([path], out).run_id is None
    assert opened.count(name) == 1
    opened.clear()
    run([path], out)
    assert name not in opened
    assert len(Dataset(out).runs()) == 1


def test_the_ledger_knows_size_time_and_content(tmp_path: Path) -> None:
    """One row for each input: size and time, the hash of its bytes, and the end of its last complete line."""
    import xxhash

    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    data = json_lines({"text": STORIES[0]}, {"text": STORIES[1]}) + b'{"text": "unfin'
    path.write_bytes(data)
    run([path], out)
    (row,) = pl.read_parquet(Dataset(out).parts("ledger"), hive_partitioning=False).to_dicts()
    end = data.rindex(b"\n") + 1
    assert row == {
        "uri": str(path), "size": len(data), "modified_ns": path.stat().st_mtime_ns, "end": end, "lines": 2,
        "content": xxhash.xxh3_128_hexdigest(data), "prefix_hash": xxhash.xxh3_128_hexdigest(data[:end]),
        "incomplete_tail": True,
        "rejected": 0, "moved_from": None, "decided_by": None, "waits_for": None, "run_id": "r000001",
    }  # fmt: skip


def test_a_young_file_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that changed less than `min_age` seconds ago are left to a later run, and the run reports it."""
    out, old, too_recent = tmp_path / "out", tmp_path / "old.txt", tmp_path / "new.txt"
    for path, story, age in ((old, STORIES[0], 60), (too_recent, STORIES[1], 59)):
        path.write_text(story)
        os.utime(path, (1000 - age, 1000 - age))
    monkeypatch.setattr(ledger.time, "time_ns", lambda: 1000 * 10**9)
    said = {"inputs": {"min_age": 60}}
    assert "1 left to a later run" in run([old, too_recent], out, said).line()
    assert ends(out) == ["old.txt"]
    monkeypatch.setattr(ledger.time, "time_ns", lambda: 1001 * 10**9)
    run([old, too_recent], out, said)
    assert ends(out) == ["old.txt", "new.txt"]


def test_a_rejected_input_is_tried_again_when_it_has_changed(tmp_path: Path) -> None:
    """As long as it has not changed, a rejected input is neither opened nor reported again."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(" ")
    run([path], out)
    assert run([path], out).read == 0
    path.write_text(STORIES[0])
    run([path], out)
    assert (ends(out), ends(out, "rejected")) == (["a.txt"], ["a.txt"])


def test_retry_rejected(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Rejected inputs are read again although nothing has changed; what is rejected again is listed once."""
    out = tmp_path / "out"
    inputs = [jsonl([{"text": STORIES[0]}, {"none": 1}]), tmp_path / "a.pdf"]
    inputs[1].write_bytes(b"%PDF")
    copydesk("run", *inputs, "--out", out)
    assert ends(out, "rejected") == ["news.jsonl#2", "a.pdf"]
    assert "2 inputs, 0 of them new or changed" in copydesk("run", *inputs, "--out", out).out
    again = copydesk("run", *inputs, "--out", out, "--retry-rejected")
    assert "nothing new: 2 inputs, 2 of them new or changed" in again.out
    assert copydesk("verify", out).code == 0


def test_an_input_that_cannot_be_opened_is_tried_by_every_run(tmp_path: Path) -> None:
    """An unreadable input is listed once, and read as soon as it can be."""
    out, path = tmp_path / "out", tmp_path / "a.txt"
    path.symlink_to(tmp_path / "b.txt")
    for _ in range(3):
        run([path], out)
    assert ends(out, "rejected") == ["a.txt"]
    assert Dataset(out).runs() == ["r000001"]
    (tmp_path / "b.txt").write_text(STORIES[0])
    run([path], out)
    assert ends(out) == ["a.txt"]


def test_what_was_seen_after_a_run_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    """An input recorded as seen depends on the run before; if that run is gone, it is read again."""
    import shutil

    out, path = tmp_path / "out", tmp_path / "a.txt"
    path.write_text(STORIES[0])
    run([path], out)
    os.utime(path, (5, 5))
    run([path], out)
    assert run([path], out).read == 0
    shutil.rmtree(out / "documents" / "run=r000001")
    Dataset(out).inventory_file.unlink()  # which says that the run was lost
    assert run([path], out).read == 1
    assert ends(out) == ["a.txt"]
