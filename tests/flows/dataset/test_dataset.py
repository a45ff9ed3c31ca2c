"""The dataset on disk: one writer, one rename that commits, and nothing left of an interrupted run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flows.dataset import STATE, Dataset
from flows.dataset.tables import SCHEMAS, TABLES, write_part
from flows.errors import CopydeskError, Locked, UsageError
from support import ROOT


def stage(dataset: Dataset, run_id: str) -> Path:
    """A staged run with one empty part for each table."""
    staged = dataset.staging / f"{run_id}-test" / "publish"
    for name in TABLES:
        write_part(pl.DataFrame(schema=SCHEMAS[name]), staged / name / "part-0.parquet", {"run_id": run_id})
    for name in STATE:
        (staged / name).mkdir()
    (staged / "runs" / "run.json").write_text(json.dumps({"run_id": run_id}))
    return staged


def publish(dataset: Dataset) -> str:
    """Publish an empty run."""
    with dataset.writing():
        run_id = dataset.next_run()
        dataset.commit(run_id, stage(dataset, run_id))
    return run_id


def test_runs_are_counted(tmp_path: Path) -> None:
    """Run ids count up from r000001, and a new Dataset of the same folder knows them."""
    assert [publish(Dataset(tmp_path / "out")) for _ in range(3)] == ["r000001", "r000002", "r000003"]
    dataset = Dataset(tmp_path / "out")
    assert dataset.runs() == ["r000001", "r000002", "r000003"]
    assert dataset.next_run() == "r000004"
    assert dataset.manifest("r000002") == {"run_id": "r000002"}


def test_a_folder_of_many_runs_counts_as_each_of_them(tmp_path: Path) -> None:
    """Compacted folders are named run=<first>..<last>."""
    dataset = Dataset(tmp_path)
    (tmp_path / "documents" / "run=r000002..r000004").mkdir(parents=True)
    assert dataset.runs() == ["r000002", "r000003", "r000004"]
    assert dataset.next_run() == "r000005"


def test_the_rename_of_documents_is_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that stops before any of the renames is not published; the next one cleans up and reuses its id."""
    dataset = Dataset(tmp_path)
    publish(dataset)
    rename = Path.rename
    for stop in range(len(TABLES) + len(STATE)):
        calls = iter(range(100))

        def crash(self: Path, target: Path, calls=calls, stop=stop) -> Path:  # type: ignore[no-untyped-def]
            if next(calls) == stop:
                raise KeyboardInterrupt
            return rename(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", crash)
            with pytest.raises(KeyboardInterrupt):
                publish(dataset)
        assert dataset.runs() == ["r000001"]
        with dataset.writing():
            for name in (*TABLES, *STATE):
                assert [p.name for p in dataset.folder(name, "x").parent.iterdir()] == ["run=r000001"]
            assert list(dataset.staging.iterdir()) == []
    assert publish(dataset) == "r000002"


def test_documents_are_renamed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When `documents` is renamed into place, every other folder of the run is already there."""
    dataset = Dataset(tmp_path)
    seen = []
    rename = Path.rename

    def watch(self: Path, target: Path) -> Path:
        if target.parent.name == "documents":
            seen.extend(dataset.folder(name, "r000001").is_dir() for name in (*TABLES[1:], *STATE))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watch)
    publish(dataset)
    assert seen == [True] * len((*TABLES[1:], *STATE))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """While another process writes, this one is refused; once that process has died, it is not."""
    dataset = Dataset(tmp_path)
    hold = (
        "import sys; from pathlib import Path; from flows.dataset import Dataset\n"
        "with Dataset(Path(sys.argv[1])).writing(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="another run"), dataset.writing():
            pass
        other.kill()
    with dataset.writing():
        pass


def test_a_file_is_no_dataset(tmp_path: Path) -> None:
    """An output that is a file, or a folder with foreign tables, is refused before anything is written."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Dataset(tmp_path / "file")
    (tmp_path / "other" / "documents").mkdir(parents=True)
    with pytest.raises(UsageError, match="did not write"):
        Dataset(tmp_path / "other")


def test_one_module_knows_the_paths() -> None:
    """Only `names` and `layout` spell paths of the state, only `tables` knows how parts are read; inputs are below."""
    spelled = {'"_copydesk': "dataset/names.py", '"history.parquet': "dataset/layout.py"}
    spelled |= {'"run.json': "dataset/layout.py", "hive_partitioning": "dataset/tables.py"}
    for path in (ROOT / "flows").rglob("*.py"):
        name = path.relative_to(ROOT / "flows").as_posix()
        if not name.startswith("inputs/"):
            text = path.read_text(encoding="utf-8")
            assert [words for words, owner in spelled.items() if words in text and name != owner] == [], name


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A dataset of another format is refused, and the error says what to do."""
    (tmp_path / "_copydesk").mkdir()
    (tmp_path / "_copydesk" / "format.json").write_text('{"format": 99}')
    with pytest.raises(CopydeskError, match="has format 99, and this version reads and writes"):
        Dataset(tmp_path)
    (tmp_path / "_copydesk" / "format.json").write_text("{")
    with pytest.raises(CopydeskError, match="damaged"):
        Dataset(tmp_path)


def test_a_part_appears_whole(tmp_path: Path) -> None:
    """A part is written under a temporary name and renamed; its metadata has the version and run that made it."""
    path = tmp_path / "documents" / "part-0.parquet"
    write_part(pl.DataFrame({"a": [1, 2]}), path, {"run_id": "r000001"})
    assert [p.name for p in path.parent.iterdir()] == ["part-0.parquet"]
    assert pl.read_parquet_metadata(path)["run_id"] == "r000001"
