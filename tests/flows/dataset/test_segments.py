"""Segments: the same decisions, without reading the parts that have nothing in common with a run."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.repeated_line.count_tables import COUNTS, merge_counts
from flows.dataset import Dataset, line_totals, postings, segments
from flows.dataset.array_file import ArrayFile
from flows.dataset.checksums import read_json, write_json
from flows.dataset.segments import Part, Segments
from flows.maintenance import compact, rollback
from flows.verify import verify
from small_runs import plain_run, published, story

KEYS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5)


def keys_of(frame: pl.DataFrame) -> tuple[Any, Any]:
    """One key a row."""
    return np.arange(len(frame), dtype=np.uint32), frame["key"].to_numpy()


def opened(folder: Path, parts: Sequence[Part]) -> Segments:
    """The segments in a folder."""
    return Segments(folder, {}, parts)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments are made of parts of any size, at most four rows at once."""
    for name, value in (
        *(("LARGE_PART", 1), ("ENOUGH", 1), ("ROWS_AT_ONCE", 4)),
        *(("MERGED", 4), ("MOST_ROWS", 64)),
    ):
        monkeypatch.setattr(segments, name, value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(KEYS, min_size=1, max_size=9), other=st.integers(0, 2**64 - 1), data=st.data())
def test_rows_are_found_in_their_parts(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], other: int, data: st.DataObject
) -> None:
    """Each row with a key that is looked up, with those of all segments, merged or not, opened again or not."""
    folder = tmp_path_factory.mktemp("postings")
    frames = {f"{n}": pl.DataFrame({"key": keys}, {"key": pl.UInt64}) for n, keys in enumerate(parts)}
    all_parts = [Part(Path(name), name, len(frame)) for name, frame in frames.items()]
    made = opened(folder, all_parts)
    postings.cover(made, lambda part: frames[part.checksum], keys_of)
    key = data.draw(st.sampled_from([other, *(key for keys in parts for key in keys)]))
    expected = {
        name: [row for row, one in enumerate(frame["key"]) if one >> 28 == key >> 28]
        for name, frame in frames.items()
    }
    for one in (made, opened(folder, all_parts)):
        assert one.covered == set(frames)
        found = postings.rows_with(one, np.array([key], np.uint64))
        assert {name: rows.tolist() for name, rows in found.items()} == {
            n: r for n, r in expected.items() if r
        }
    assert Segments(folder, {"other": "rules"}, all_parts).covered == set()
    assert opened(folder, all_parts[1:]).covered < set(frames)


def test_few_segments_are_left_of_many(tmp_path: Path) -> None:
    """Those of about the same size become one, until it would be too large; those that are merged are removed."""
    frames = {f"{n}": pl.DataFrame({"key": [n << 40] * 4}, {"key": pl.UInt64}) for n in range(1, 41)}
    parts = [Part(Path(name), name, 4) for name in frames]
    for count in range(1, 41):
        postings.cover(opened(tmp_path, parts[:count]), lambda part: frames[part.checksum], keys_of)
    rows = sorted(segments.Segment(path, {}).rows for path in tmp_path.glob("*.bin"))
    assert rows == [16, 16, 64, 64]
    found = postings.rows_with(opened(tmp_path, parts), np.array([n << 40 for n in range(1, 41)], np.uint64))
    assert {name: r.tolist() for name, r in found.items()} == {name: [0, 1, 2, 3] for name in frames}


def test_making_segments_is_told(tmp_path: Path) -> None:
    """How many of the rows are covered, once for each segment, up to all; nothing if all are."""
    frames = {f"{n}": pl.DataFrame({"key": [n] * 3}, {"key": pl.UInt64}) for n in range(9)}
    parts = [Part(Path(name), name, 3) for name in frames]
    told: list[tuple[int, int]] = []
    for _ in range(2):
        made = Segments(tmp_path, {}, parts, lambda *rows: told.append(rows))
        postings.cover(made, lambda part: frames[part.checksum], keys_of)
        assert told == [(done, 27) for done in range(0, 28, 3)]


def test_a_merge_reads_a_small_range_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No array of entries or rows is mapped as a whole into memory, which a large one would fill."""
    whole: list[str] = []
    map_all = ArrayFile.whole
    monkeypatch.setattr(ArrayFile, "whole", lambda file, name: whole.append(name) or map_all(file, name))
    frames = {f"{n}": pl.DataFrame({"key": [n] * 4}, {"key": pl.UInt64}) for n in range(4)}
    parts = [Part(Path(name), name, 4) for name in frames]
    postings.cover(opened(tmp_path / "a", parts), lambda part: frames[part.checksum], keys_of)
    counts = pl.DataFrame({"source": ["a"] * 4, "line": range(4)}).select(
        (pl.col(name) if name in ("source", "line") else pl.lit(1).alias(name)).cast(dtype)
        for name, dtype in COUNTS.items()
    )
    line_totals.cover(opened(tmp_path / "b", parts), lambda _: counts)
    for folder in ("a", "b"):
        assert [path.name for path in sorted((tmp_path / folder).glob("*.bin"))] == ["segment-000005.bin"]
    assert set(whole) == {"starts", "names", "name_starts"}


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is covered, and what was read before is read again."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(segments, "writing_arrays", full)
    made = opened(tmp_path, [Part(tmp_path, "a", 1)])
    postings.cover(made, lambda _: pl.DataFrame({"key": [1]}, {"key": pl.UInt64}), keys_of)
    assert made.covered == set()


def test_a_segment_that_cannot_be_removed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may belong to another user: a run goes on, and does not use it."""
    parts = [Part(Path(name), name, 1) for name in ("a", "b")]

    def read(_: Part) -> pl.DataFrame:
        return pl.DataFrame({"key": [1]}, {"key": pl.UInt64})

    postings.cover(opened(tmp_path, parts[:1]), read, keys_of)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(segments, "remove_arrays", refused)
    made = opened(tmp_path, parts[1:])
    postings.cover(made, read, keys_of)
    assert made.covered == {"b"}


COUNTED = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]), st.sampled_from([None, 0, 1, 2**48, 2**64 - 1]), st.integers(1, 3)
    ),
    max_size=6,
    unique_by=lambda row: row[:2],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(COUNTED, min_size=1, max_size=6),
    wanted=st.sets(st.sampled_from([0, 1, 2**48, 5, 2**64 - 1])),
)
def test_totals_are_the_sum_of_all_parts(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[tuple[Any, ...]]], wanted: set[int]
) -> None:
    """Of the lines that are asked for, and of the documents of each source."""
    folder = tmp_path_factory.mktemp("totals")
    frames = {
        f"{n}": merge_counts(
            [
                pl.DataFrame(
                    [(*row, 1, 0, 1, 1 << row[2], row[2], row[2]) for row in rows], COUNTS, orient="row"
                )
            ]
        )
        for n, rows in enumerate(parts)
    }
    all_parts = [Part(Path(name), name, max(len(frame), 1)) for name, frame in frames.items()]
    made = opened(folder, all_parts)
    line_totals.cover(made, lambda part: frames[part.checksum])
    assert made.covered == set(frames)
    found = merge_counts(line_totals.totals_of(made, np.array(sorted(wanted), np.uint64)))
    here = pl.col("line").is_null() | pl.col("line").is_in(sorted(wanted))
    assert_frame_equal(found, merge_counts(list(frames.values())).filter(here), check_row_order=False)


def add(out: Path, *numbers: int) -> None:
    """A run over new stories, and for each one that was there before, and one that is nearly the same."""
    inputs = out.parent / "in"
    inputs.mkdir(exist_ok=True)
    for number in numbers:
        texts = [story(number), story(number // 2), story(number // 2).replace("were", "have been")]
        records = [
            {"text": f"{text}\nThe tide tables are on the back page.", "source": "tide.example"}
            for text in texts
        ]
        (inputs / f"{number:02}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    plain_run(inputs, out, {"repeated_line": {"min_documents": 2}})


def grow(out: Path) -> None:
    """Runs, a rollback, a compaction, and a damaged segment of postings, if there is one."""
    for number in range(5):
        add(out, number)
    rollback(Dataset(out), "r000003")
    add(out, 5)
    for segment in (*Dataset(out).postings.glob("*.bin"), *Dataset(out).line_totals.glob("*.bin")):
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
    covered.parent.mkdir()
    grow(covered)
    assert list(Dataset(covered).postings.glob("*.bin"))
    assert list(Dataset(covered).line_totals.glob("*.bin"))
    monkeypatch.setattr(segments, "ENOUGH", 1000)
    plain.parent.mkdir()
    grow(plain)
    assert not Dataset(plain).postings.exists()
    assert rows(covered) == rows(plain)
    assert {row["reason"] for row in rows(plain)["removed"]} >= {"duplicate", "repeated_line"}
    assert list(verify(Dataset(covered))) == []


def test_parts_with_checksums_of_earlier_versions_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset that an earlier version wrote has the same rows after more runs, with segments or without."""

    def grow_further(out: Path) -> None:
        add(out, *range(8))
        for number in range(8, 11):
            add(out, number)
        for manifest in Dataset(out).base("runs").glob("*/run.json"):
            content = read_json(manifest)
            for name, entry in content["files"].items():
                kind, _, part = name.partition("/")
                data = (Dataset(out).base(kind) / manifest.parent.name / part).read_bytes()
                del entry["xxh3_128"]
                entry["blake2b"] = hashlib.blake2b(data, digest_size=16).hexdigest()
            write_json(manifest, content)
        for number in (16, 18, 20):
            add(out, number)

    plain, covered = tmp_path / "a" / "out", tmp_path / "b" / "out"
    covered.parent.mkdir()
    grow_further(covered)
    assert list(Dataset(covered).postings.glob("*.bin"))
    monkeypatch.setattr(segments, "ENOUGH", 1000)
    plain.parent.mkdir()
    grow_further(plain)
    assert rows(covered) == rows(plain)


def test_damaged_segments_are_no_damage_to_the_dataset(tmp_path: Path) -> None:
    """`verify` finds none, even if something else wrote their descriptions: the next run makes them anew."""
    out = tmp_path / "out"
    add(out, 0)
    add(out, 1)
    descriptions = [*Dataset(out).postings.glob("*.json"), *Dataset(out).line_totals.glob("*.json")]
    assert len(descriptions) >= 2
    for path in descriptions:
        path.write_text("{}")
    assert list(verify(Dataset(out))) == []
    add(out, 2)
    assert all("parts" in read_json(path)["details"] for path in Dataset(out).postings.glob("*.json"))
    assert list(verify(Dataset(out))) == []
