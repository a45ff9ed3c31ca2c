"""Compaction: fewer files, the same rows."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.dataset.layout import SHARDED
from flows.dataset.source_stats import LATER
from flows.errors import CopydeskError
from flows.maintenance import compact, expire, restore, rollback
from flows.run.stages import splitting
from flows.verify import verify
from small_runs import LONG_AGO, PLAIN, POINTS, aged, plain, published, record, run, state, story, swept
from support import Copydesk, Jsonl


def some_runs(out: Path, jsonl: Jsonl, *numbers: int) -> None:
    """Runs of two documents each, with one duplicate paragraph in the second, and with line counts."""
    for i in numbers:
        name = f"{i}.jsonl"
        file = out.parent / name
        file = file if file.exists() else jsonl([record(3 * i), record(3 * i + 1, story(0))], name)
        run(file, out, plain("repeated_line"))


def rows(out: Path) -> list[list[dict[str, object]]]:
    """The rows of all state, in whichever parts."""
    return [[row for part in parts for row in part] for parts in state(out).values()]


def test_compaction_changes_no_row(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """Tables, state and manifests are unchanged, in one folder with one part; later runs go on as before."""
    out, other = tmp_path / "out", tmp_path / "other"
    for folder in (out, other):
        some_runs(folder, jsonl, 0, 1, 2)
    before, messages = (published(out), rows(out)), list(Dataset(out).manifests())
    answer = copydesk("compact", out)
    assert (answer.code, answer.out) == (0, f"{out}: 36 part files merged into 12\n")
    assert (published(out), rows(out)) == before
    assert [p.name for p in (out / "documents").iterdir()] == ["run=r000001..r000003"]
    dataset = Dataset(out)
    assert dataset.runs() == ["r000001", "r000002", "r000003"]
    assert [{**said, "files": None} for _, said in dataset.manifests()] == [
        {**s, "files": None} for _, s in messages
    ]
    assert dataset.manifest("r000002")["run_id"] == "r000002"
    assert dataset.scan("documents", "r000002").collect()["run_id"].to_list() == ["r000002"] * 2
    assert list(verify(dataset)) == []
    for folder in (out, other):
        some_runs(folder, jsonl, 3)
    assert published(out)["removed"][-1] == published(other)["removed"][-1]
    assert rows(out) == rows(other)
    swept(out)


def test_large_parts_stay_and_small_ones_are_merged(tmp_path: Path, jsonl: Jsonl) -> None:
    """Parts are merged up to a size; those of half that size or more stay as they are."""
    out = tmp_path / "out"
    some_runs(out, jsonl, 0, 1, 2, 3)
    before = published(out), rows(out)
    parts = sorted((out / "documents").glob("*/*"))
    folders = [Dataset(out).folder(kind, "r000001") for kind in SHARDED]
    size = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
    compact(Dataset(out), large=int(2.02 * size))
    assert len(list((out / "documents").glob("*/*"))) == len(parts) // 2
    assert (published(out), rows(out)) == before
    some_runs(out, jsonl, 4)
    kept = {p.stat().st_ino for p in (out / "documents").glob("*/*")}
    compact(Dataset(out), large=int(2.02 * size))
    assert {p.stat().st_ino for p in (out / "documents").glob("*/*")} == kept
    assert [p.name for p in (out / "documents").iterdir()] == ["run=r000001..r000005"]
    swept(out)


def test_a_rollback_cuts_a_compacted_folder(tmp_path: Path, jsonl: Jsonl) -> None:
    """The rest of a folder keeps its name, and its changed part gets a new one: a reader cannot confuse the two."""
    out = tmp_path / "out"
    some_runs(out, jsonl, 0, 1)
    before = published(out), rows(out)
    some_runs(out, jsonl, 2, 3)
    compact(Dataset(out))
    names = {p.name for p in (out / "documents").glob("*/*")}
    assert rollback(Dataset(out), "r000003") == ["r000003", "r000004"]
    assert (published(out), rows(out)) == before
    assert Dataset(out).runs() == ["r000001", "r000002"]
    assert [p.name for p in (out / "documents").iterdir()] == ["run=r000001..r000004"]
    assert names.isdisjoint(p.name for p in (out / "documents").glob("*/*"))
    swept(out)
    some_runs(out, jsonl, 2)
    assert Dataset(out).runs() == ["r000001", "r000002", "r000005"]
    compact(Dataset(out))
    assert Dataset(out).runs() == ["r000001", "r000002", "r000005"]
    swept(out)
    assert rollback(Dataset(out), "r000002") == ["r000002", "r000005"]
    assert Dataset(out).runs() == ["r000001"]
    swept(out)


def test_a_compaction_that_is_killed_changes_no_row(
    tmp_path: Path, jsonl: Jsonl, kill_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed anywhere, every row is there once, for readers and for the next run."""
    out = tmp_path / "out"
    some_runs(out, jsonl, 0)
    for number, point in enumerate(POINTS[::7], 1):
        some_runs(out, jsonl, number)
        before = published(out)["documents"], rows(out)
        kill_at(point, lambda: compact(Dataset(out)))
        assert published(out)["documents"] == before[0], point
        with Dataset(out).writing():
            pass
        assert (published(out)["documents"], rows(out)) == before, point
    swept(out)


def test_a_run_compacts_by_itself(tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `compact_after`, folders of runs never get many; if folders cannot be exchanged, they stay."""
    out = tmp_path / "out"
    said = PLAIN | {"publish": {"compact_after": 2}}
    folders = []
    for i in range(4):
        run(jsonl([record(i)], f"{i}.jsonl"), out, said)
        folders.append(len(Dataset(out).spans()))
    assert folders == [1, 2, 1, 2]
    swept(out)

    def cannot(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("flows.dataset.exchange._exchange", cannot)
    assert run(jsonl([record(7)], "7.jsonl"), out, said).run_id == "r000005"
    assert len(Dataset(out).spans()) == 3
    swept(out)


def test_runs_of_an_earlier_version_are_compacted(
    tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their statistics lack columns; they are put together with later ones, verified, and cut by a rollback."""
    out, real = tmp_path / "out", splitting.write_part

    def write(table: pl.DataFrame, path: Path, *rest: Any, **settings: Any) -> None:
        real(table.drop(LATER, strict=False), path, *rest, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(splitting, "write_part", write)
        some_runs(out, jsonl, 0)
    some_runs(out, jsonl, 1, 2)
    dataset = Dataset(out)
    assert LATER[0] not in pl.read_parquet_schema(dataset.parts("source_stats")[0])
    compact(dataset)
    assert list(verify(dataset)) == []
    rollback(dataset, "r000002")
    assert list(verify(dataset)) == []
    some_runs(out, jsonl, 3)
    compact(dataset)
    assert list(verify(dataset)) == []


@pytest.mark.slow
def test_any_damage_is_found(tmp_path: Path, jsonl: Jsonl) -> None:
    """After compaction, restoration, rollback and expiry, `verify` finds any file that is lost, cut or changed."""
    out = tmp_path / "out"
    for i in range(5):
        some_runs(out, jsonl, i)
        aged(out, f"r{i + 1:06d}", LONG_AGO + timedelta(days=i))
        if i == 3:
            compact(Dataset(out))
    restore(Dataset(out), run="r000003")
    expire(Dataset(out), LONG_AGO + timedelta(hours=1))
    rollback(Dataset(out), "r000005")
    some_runs(out, jsonl, 6)
    (out.parent / "6.jsonl").touch()
    some_runs(out, jsonl, 6)
    assert (out / "_copydesk/ledger/seen.parquet").exists()
    swept(out)
    missed = []
    unchecked = ("history.parquet",)  # a cache, which is rebuilt if it is damaged
    may_be_lost = ("seen.parquet",)  # its inputs are read again, and hold nothing new
    files = [p for p in out.rglob("*") if p.is_file() and p.stat().st_size and p.name not in unchecked]
    assert len(files) > 30
    for path in files:
        whole = path.read_bytes()
        changes: list[bytes | None] = [whole[: len(whole) // 2]]
        if path.name not in may_be_lost:
            changes.append(None)
        if path.suffix == ".parquet" and path.name not in may_be_lost:
            changes.append(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        for damaged in changes:
            path.unlink() if damaged is None else path.write_bytes(damaged)
            try:
                if not list(verify(Dataset(out))):
                    missed.append((path.relative_to(out).as_posix(), damaged and len(damaged)))
            except CopydeskError:
                pass
            path.write_bytes(whole)
    assert missed == []
    swept(out)
