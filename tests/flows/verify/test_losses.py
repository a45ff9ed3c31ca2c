"""Losses as a whole are found, held runs are checked, and what `verify` advises repairs the damage."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.dataset.checksums import read_json
from flows.dataset.layout import PARTS_JSON
from flows.dataset.tables import TABLES
from flows.errors import CopydeskError, Held
from flows.maintenance import compact, reindex, restore, rollback
from flows.settings.model import Duplicate
from flows.verify import verify, verify_folder
from small_runs import published, run, story
from support import Copydesk

from .damaging import LATER, RECORDS, folder_of, part_of, write

BOUND: dict[str, Any] = {"language": {"enabled": False}, "guards": {"bounds": {"removed": 0.5}}}


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three runs, an undone one, restored text, and an input that was touched."""
    folder = tmp_path_factory.mktemp("restored")
    inputs, out = folder / "in", folder / "out"
    inputs.mkdir()
    for number, records in enumerate((RECORDS, LATER, [{"id": "k", "text": story(1)}])):
        write(inputs / f"{number}.jsonl", records)
        run(inputs, out, BOUND)
    rollback(Dataset(out), "r000003")
    run(inputs, out, BOUND)
    restore(Dataset(out), reason="boilerplate")
    os.utime(inputs / "0.jsonl")
    run(inputs, out, BOUND)
    return out


@pytest.fixture
def out(restored: Path, tmp_path: Path) -> Path:
    """A copy of that dataset."""
    return Path(shutil.copytree(restored, tmp_path / "out"))


@pytest.fixture
def held(restored: Path, out: Path) -> Path:
    """The dataset with a held run, of text that it has already."""
    write(out.parent / "again.jsonl", [{"id": "again", "text": RECORDS[4]["text"]}])
    with pytest.raises(Held, match="r000005 is held"):
        run(out.parent / "again.jsonl", out, BOUND)
    return out


LOSSES = {
    "the last run": ["documents/run=r000004"],
    "a run, wherever it was": ["*/run=r000002", "_copydesk/*/run=r000002"],
    "all documents": ["documents"],
    "all tables": ["documents", "removed", "labelled", "repaired", "rejected"],
    "the ledger": ["_copydesk/ledger"],
    "the index": ["_copydesk/index"],
    "the manifests": ["_copydesk/runs"],
    "restored text": ["_copydesk/exceptions"],
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_no_run_can_rebuild_is_missed(copydesk: Copydesk, out: Path, name: str) -> None:
    """`verify` names what was lost, and a run is refused, says what to do, and takes nothing else away."""
    for pattern in LOSSES[name]:
        for folder in list(out.glob(pattern)):
            shutil.rmtree(folder)
    left = set(out.rglob("*.parquet"))
    answer = copydesk("verify", out)
    assert answer.code == 6
    assert any(word in answer.err for word in ("was lost", "is missing"))
    write(out.parent / "new.jsonl", [{"id": "new", "text": story(2)}])
    answer = copydesk("run", out.parent / "new.jsonl", "--out", out, "--quiet")
    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith(f"copydesk: {out}") or answer.err.startswith("copydesk: the manifest")
    assert "restore" in answer.err or "reindex" in answer.err
    assert "Traceback" not in answer.err
    assert left <= set(out.rglob("*.parquet"))


def test_a_lost_run_is_rolled_back(out: Path, restored: Path) -> None:
    """A rollback of the lost run, as `verify` advises, makes the dataset whole; its inputs are read again."""
    shutil.rmtree(out / "documents" / "run=r000002")
    (problem, *_) = verify_folder(out)
    assert f"copydesk rollback {out} r000002" in problem
    with pytest.raises(CopydeskError, match="r000002 was lost"):
        rollback(Dataset(out), "r000004")
    assert rollback(Dataset(out), "r000002") == ["r000002", "r000004"]
    assert list(verify_folder(out)) == []
    assert run(restored.parent / "in", out, BOUND).run_id == "r000005"
    assert len(published(out)["documents"]) == len(published(restored)["documents"])
    assert list(verify_folder(out)) == []


@pytest.mark.parametrize("kind", ["documents", "removed", "records", "line_counts", "source_stats", "runs"])
def test_a_damaged_run_is_rolled_back(out: Path, kind: str) -> None:
    """The rollback that `verify` advises works whatever is damaged in the run that goes."""
    path = folder_of(out, "runs", 4) / "run.json" if kind == "runs" else part_of(out, kind, 4)
    path.write_bytes(path.read_bytes()[:-9])
    assert any(f"copydesk rollback {out} r000004" in problem for problem in verify_folder(out))
    rollback(Dataset(out), "r000004")
    assert list(verify_folder(out)) == []


def test_a_damaged_index_is_rebuilt(out: Path, restored: Path) -> None:
    """`reindex` writes the same index anew, also where a part is missing."""
    part_of(out, "index", 1).write_bytes(b"PAR1")
    part_of(out, "index", 2).unlink()
    assert any(f"copydesk reindex {out}" in problem for problem in verify_folder(out))
    reindex(Dataset(out), Duplicate())
    assert list(verify_folder(out)) == []
    assert published(out) == published(restored)


def test_damage_is_not_written_anew(out: Path) -> None:
    """`compact` and `restore` refuse a damaged part: merged into another, it would have a right checksum."""
    path = part_of(out, "removed", 2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CopydeskError, match="is not what was written"):
        compact(Dataset(out))
    with pytest.raises(CopydeskError, match="is not what was written"):
        restore(Dataset(out), reason="duplicate")
    assert any(str(path) in problem for problem in verify_folder(out))


def assert_held_run_is_checked(copydesk: Copydesk, held: Path, kinds: Callable[[int], Sequence[int]]) -> None:
    """Damage of these kinds to the file of that number is found, and the run cannot be published; it can be dropped."""
    folder = held / "_copydesk" / "held" / "r000005"
    assert list(verify_folder(held)) == []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) > 10
    for number, path in enumerate(files):
        whole = path.read_bytes()
        damages = whole[:-20], whole[:30] + bytes([whole[30] ^ 4]) + whole[31:], None
        for damaged in (damages[kind] for kind in kinds(number)):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            assert any(str(path) in problem for problem in verify_folder(held)), path
            answer = copydesk("publish", held, "r000005")
            assert answer.code == 5
            assert str(path) in answer.err
            path.write_bytes(whole)
    (folder / "publish" / "documents" / "part-00000-00000.parquet").write_bytes(b"")
    assert copydesk("discard", held, "r000005").code == 0
    assert list(verify_folder(held)) == []


def test_a_held_run_is_checked(copydesk: Copydesk, held: Path) -> None:
    """Each file of a held run, cut off, changed or lost in turn: found, and the run cannot be published."""
    assert_held_run_is_checked(copydesk, held, lambda number: [number % 3])


@pytest.mark.slow
def test_a_held_run_is_checked_for_all_damage(copydesk: Copydesk, held: Path) -> None:
    """The same for each file with each kind of damage."""
    assert_held_run_is_checked(copydesk, held, lambda _number: range(3))


@pytest.mark.parametrize("lost", ["held", "held/r000005"])
def test_a_lost_held_run_is_missed(held: Path, lost: str, caplog: pytest.LogCaptureFixture) -> None:
    """`verify` says that a held run was lost; the next run says so, too, and reads its inputs again."""
    shutil.rmtree(held / "_copydesk" / lost)
    assert any("r000005/held.json was lost" in problem for problem in verify_folder(held))
    open_guards = {**BOUND, "guards": {"enabled": False}}
    assert run(held.parent / "again.jsonl", held, open_guards).run_id == "r000006"
    assert "r000005/held.json was lost" in caplog.text
    assert list(verify_folder(held)) == []


def test_a_compacted_dataset_is_checked(out: Path) -> None:
    """The manifests that compaction puts into one file have a checksum, too, and a run trusts them only with it."""
    compact(Dataset(out))
    assert list(verify_folder(out)) == []
    (path,) = (out / "_copydesk" / "runs").glob("run=*/part-*.parquet")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert any(str(path) in problem for problem in verify_folder(out))
    write(out.parent / "new.jsonl", [{"id": "new", "text": story(2)}])
    with pytest.raises(CopydeskError, match="not what was written"):
        run(out.parent / "new.jsonl", out, BOUND)


def test_a_dataset_without_seals_is_read(out: Path) -> None:
    """Files of a version that sealed only manifests, by BLAKE2b, are verified, read, and sealed by the next command."""
    dataset = Dataset(out)
    dataset.inventory_file.unlink()
    for path in (out / "_copydesk").rglob("*.json"):
        content = read_json(path)
        described = (
            content["files"] if path.name == "run.json" else content if path.name == PARTS_JSON else {}
        )
        for name, entry in described.items():
            kind, _, part = name.rpartition("/")
            file = path.parent / part
            if kind:
                file = (out if kind in TABLES else out / "_copydesk") / kind / path.parent.name / part
            del entry["xxh3_128"]
            entry["blake2b"] = hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
        if path.name == "run.json":
            text = json.dumps(content, sort_keys=True, ensure_ascii=False)
            content["blake2b"] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    assert list(verify_folder(out)) == []
    part = part_of(out, "documents")
    whole = part.read_bytes()
    part.write_bytes(whole[:200] + b"?" + whole[201:])
    assert any(str(part) in problem for problem in verify_folder(out))
    part.write_bytes(whole)
    write(out.parent / "new.jsonl", [{"id": "new", "text": story(2)}])
    assert run(out.parent / "new.jsonl", out, BOUND).run_id == "r000005"
    assert list(verify(dataset)) == []
    parts = dataset.exceptions_file.parent / PARTS_JSON
    assert '"xxh3_128"' in parts.read_text().splitlines()[-2]
    parts.write_text(parts.read_text().replace("xxh3_128", "xxh3-128"))
    assert any(str(parts) in problem for problem in verify(dataset))


def test_a_killed_command_is_not_a_loss(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that is killed before it writes the inventory leaves nothing that `verify` misses."""
    from flows.dataset import writing

    with monkeypatch.context() as patch:
        stopped = iter([None])

        def die(_layout: object) -> None:
            next(stopped)
            raise KeyboardInterrupt

        patch.setattr(writing, "take_stock", die)
        with pytest.raises(KeyboardInterrupt):
            rollback(Dataset(out), "r000004")
    assert Dataset(out).runs() == ["r000001", "r000002"]
    assert list(verify_folder(out)) == []
