"""Postings beside the index: the same decisions, without reading the parts that have nothing in common."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dataset import Dataset, index, postings
from flows.dataset.postings import Part, Postings
from flows.maintenance import compact, rollback
from flows.verify import verify
from small_runs import plain_run, published, story

KEYS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5)


def keys_of(frame: pl.DataFrame) -> tuple[Any, Any]:
    """One key a row."""
    return np.arange(len(frame), dtype=np.uint32), frame["key"].to_numpy()


@given(parts=st.lists(KEYS, min_size=1, max_size=9), other=st.integers(0, 2**64 - 1), data=st.data())
def test_rows_are_found_in_their_parts(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], other: int, data: st.DataObject
) -> None:
    """Each row with a key that is looked up, with those of all segments, merged or not, opened again or not."""
    folder = tmp_path_factory.mktemp("postings")
    frames = {f"{n}": pl.DataFrame({"key": keys}, {"key": pl.UInt64}) for n, keys in enumerate(parts)}
    given_parts = [Part(Path(name), name, len(frame)) for name, frame in frames.items()]
    made = Postings(folder, {}, given_parts)
    made.cover(given_parts, lambda part: frames[part.checksum], keys_of)
    key = data.draw(st.sampled_from([other, *(key for keys in parts for key in keys)]))
    expected = {
        name: [row for row, one in enumerate(frame["key"]) if one >> 28 == key >> 28]
        for name, frame in frames.items()
    }
    for one in (made, Postings(folder, {}, given_parts)):
        found = {name: rows.tolist() for name, rows in one.find(np.array([key], np.uint64)).items()}
        assert found == {name: rows for name, rows in expected.items() if rows}
    assert Postings(folder, {"other": "rules"}, given_parts).covered == set()


def test_few_segments_are_left_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of about the same size become one, until it would be too large; those that are merged are removed."""
    monkeypatch.setattr(postings, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(postings, "MOST_ROWS", 64)
    frames = {f"{n}": pl.DataFrame({"key": [n << 40] * 4}, {"key": pl.UInt64}) for n in range(1, 41)}
    parts = [Part(Path(name), name, 4) for name in frames]
    for count in range(1, 41):
        made = Postings(tmp_path, {}, parts[:count])
        made.cover(parts[count - 1 : count], lambda part: frames[part.checksum], keys_of)
        made.sweep()
    rows = sorted(sum(n for _, n in postings.Segment(path, {}).parts) for path in tmp_path.glob("*.bin"))
    assert rows == [16, 16, 64, 64]
    found = Postings(tmp_path, {}, parts).find(np.array([n << 40 for n in range(1, 41)], np.uint64))
    assert {name: r.tolist() for name, r in found.items()} == {name: [0, 1, 2, 3] for name in frames}


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is covered, and what was read before is read again."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(postings, "writing_arrays", full)
    made = Postings(tmp_path, {}, [])
    made.cover([Part(tmp_path, "a", 1)], lambda _: pl.DataFrame({"key": [1]}, {"key": pl.UInt64}), keys_of)
    assert made.covered == set()


def add(out: Path, number: int) -> None:
    """A run over a new story, one that was there before, and one that is nearly the same."""
    inputs = out.parent / "in"
    inputs.mkdir(exist_ok=True)
    texts = [story(number), story(number // 2), story(number // 2).replace("were", "have been")]
    (inputs / f"{number:02}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    plain_run(inputs, out)


def grow(out: Path) -> None:
    """Runs, a rollback, a compaction, and a damaged segment of postings, if there is one."""
    for number in range(5):
        add(out, number)
    rollback(Dataset(out), "r000003")
    add(out, 5)
    for segment in Dataset(out).postings.glob("*.bin"):
        data = bytearray(segment.read_bytes())
        data[-1000:] = bytes(1000)
        segment.write_bytes(data)
    add(out, 6)
    compact(Dataset(out))
    for number in range(7, 10):
        add(out, number)


def rows(out: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tables, without what depends on the folder of the inputs."""
    without = ("document_id", "uri", "duplicate_of_document_id")
    return {
        name: [{key: value for key, value in row.items() if key not in without} for row in found]
        for name, found in published(out).items()
    }


def test_runs_decide_the_same_with_postings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through rollback, compaction and damage: all tables have the same rows."""
    plain, covered = tmp_path / "a" / "out", tmp_path / "b" / "out"
    plain.parent.mkdir()
    grow(plain)
    assert not Dataset(plain).postings.exists()
    for name in ("LARGE_PART", "ENOUGH"):
        monkeypatch.setattr(index, name, 1)
    covered.parent.mkdir()
    grow(covered)
    assert list(Dataset(covered).postings.glob("*.bin"))
    assert rows(covered) == rows(plain)
    assert list(verify(Dataset(covered))) == []
