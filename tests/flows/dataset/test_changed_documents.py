"""Documents that change: the newer version is added, replaces the older one, or is ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.maintenance import compact, rollback
from flows.verify import verify
from small_runs import plain_run as run
from support import WHY, json_lines, table

from .stories import STORIES, ends

CORRECTED = STORIES[0].replace("twice", "thrice")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_correction_is_no_duplicate(tmp_path: Path, name: str) -> None:
    """A changed document is added: its older version is no witness against it; for other documents both are."""
    path, out, other = tmp_path / name, tmp_path / "out", tmp_path / "b.txt"
    said = {"duplicate": {"threshold": 0.6}}
    for story in (STORIES[0], CORRECTED, CORRECTED.replace("spring", "autumn")):
        path.write_bytes(json_lines({"id": "x", "text": story}) if name == "a.jsonl" else story.encode())
        run([path], out, said)
    assert len(table(out, "documents")) == 3
    other.write_text(STORIES[0])
    run([path, other], out, said)
    assert ends(out, "removed") == ["b.txt"]
    assert table(out, "removed")["duplicate_of_document_id"][0] == table(out, "documents")["document_id"][0]
    assert list(verify(Dataset(out))) == []


def test_a_version_is_told_by_record_id(tmp_path: Path) -> None:
    """A record that moved and changed at once is recognised by its id; without an id, by its line number."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    said = {"duplicate": {"threshold": 0.6}}
    first = [{"id": 1, "text": STORIES[0]}, {"id": 2, "text": STORIES[1]}]
    path.write_bytes(json_lines(*first))
    run([path], out, said)
    path.write_bytes(json_lines({"id": 3, "text": STORIES[2]}, first[1], {"id": 1, "text": CORRECTED}))
    run([path], out, said)
    assert table(out, "documents")["record_id"].to_list() == ["1", "2", "3", "1"]
    path.write_bytes(
        json_lines({"id": 3, "text": STORIES[2]}, first[1], {"id": 9, "text": CORRECTED + " Yes."})
    )
    run([path], out, said)
    assert table(out, "removed")["reason"].to_list() == ["duplicate"]  # another id: another record


def test_a_record_whose_older_version_still_stands_is_another_one(tmp_path: Path) -> None:
    """A file with the same record twice under one id, or with a near copy inserted above, gives the usual result."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    said = {"duplicate": {"threshold": 0.6}}
    path.write_bytes(json_lines({"id": 1, "text": STORIES[0]}))
    run([path], out, said)
    path.write_bytes(json_lines({"id": 1, "text": CORRECTED}, {"id": 1, "text": STORIES[0]}))
    run([path], out, said)
    assert len(table(out, "documents")) == 1
    path.write_bytes(
        json_lines({"id": 1, "text": CORRECTED}, {"id": 1, "text": STORIES[0]}, {"id": 1, "text": CORRECTED})
    )
    run([path], out, said)
    assert len(table(out, "documents")) == 1


REPLACE: dict[str, Any] = {"inputs": {"on_change": "replace"}, "duplicate": {"threshold": 0.6}}


def test_replace_takes_the_older_version_out(tmp_path: Path) -> None:
    """Only the new version is in `documents`; the older one's paragraphs are in `removed` and name the new one."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    both = f"{STORIES[0]}\n{STORIES[2]}"
    path.write_bytes(json_lines({"id": 1, "text": both}, {"id": 2, "text": STORIES[1]}))
    run([path], out, REPLACE)
    path.write_bytes(json_lines({"id": 2, "text": STORIES[1]}, {"id": 1, "text": CORRECTED}))
    run([path], out, REPLACE)
    documents = table(out, "documents")
    assert documents["text"].to_list() == [STORIES[1], CORRECTED]
    removed = table(out, "removed")
    assert removed.select("text", "reason", WHY, "run_id").rows() == [
        (text, "replaced", f"new version: of document {documents['document_id'][1]}", "r000001")
        for text in (STORIES[0], STORIES[2])
    ]
    assert list(verify(Dataset(out))) == []
    assert run([path], out, REPLACE).run_id is None


def test_versions_come_and_go(tmp_path: Path) -> None:
    """Whatever a document was before, `documents` has what it is now; the dataset is intact, also after compaction."""
    path, other, out = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "out"
    other.write_text(STORIES[3])
    for number, text in enumerate([STORIES[0], CORRECTED, STORIES[0], CORRECTED, STORIES[1], STORIES[0]]):
        path.write_text(text)
        run([path, other], out, REPLACE)
        assert sorted(table(out, "documents")["text"]) == sorted([text, STORIES[3]])
        if number == 2:
            compact(Dataset(out))
        assert list(verify(Dataset(out))) == []
    assert len(table(out, "removed").filter(pl.col("reason") == "replaced")) == 5


def test_what_was_a_duplicate_of_a_replaced_document_stays_one(tmp_path: Path) -> None:
    """A duplicate of a replaced version stays removed: its witness is in `removed`. A later copy is kept."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    copies = [tmp_path / name for name in ("b.txt", "c.txt")]
    path.write_text(STORIES[0])
    copies[0].write_text(STORIES[0])
    run([path, copies[0]], out, REPLACE)
    path.write_text(STORIES[1])
    run([path, copies[0]], out, REPLACE)
    copies[1].write_text(STORIES[0])
    run([path, *copies], out, REPLACE)
    assert table(out, "documents")["text"].to_list() == [STORIES[1], STORIES[0]]
    assert list(verify(Dataset(out))) == []


def test_what_a_run_replaced_is_back_when_the_run_is_taken_back(tmp_path: Path) -> None:
    """After a rollback the older version is in `documents` again, and the next run replaces it again."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    before = table(out, "documents")
    path.write_text(CORRECTED)
    run([path], out, REPLACE)
    rollback(Dataset(out), "r000002")
    assert table(out, "documents").equals(before)
    assert list(verify(Dataset(out))) == []
    run([path], out, REPLACE)
    assert table(out, "documents")["text"].to_list() == [CORRECTED]
    assert list(verify(Dataset(out))) == []


def test_a_rollback_of_what_replaced_is_brought_to_its_end(
    tmp_path: Path, kill_at: Callable[[str, Callable[[], object]], None]
) -> None:
    """A rollback that is killed while both versions are published is finished by the next run."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    path.write_text(CORRECTED)
    run([path], out, REPLACE)
    kill_at("rollback", lambda: rollback(Dataset(out), "r000002"))
    assert len(table(out, "documents")) == 2
    added = {"duplicate": REPLACE["duplicate"]}
    assert run([path], out, added).run_id == "r000003"  # reads the new version again, and adds it
    assert Dataset(out).runs() == ["r000001", "r000003"]
    assert table(out, "documents")["text"].to_list() == [STORIES[0], CORRECTED]
    assert list(verify(Dataset(out))) == []
    kill_at("exchange documents", lambda: rollback(Dataset(out), "r000003"))
    assert Dataset(out).runs() == ["r000001", "r000003"]  # with one exchange, it has not happened


def test_a_replacement_that_was_cut_short_is_brought_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash right after the commit leaves both versions; the next run takes the older one out."""
    from flows.run import execution

    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    path.write_text(CORRECTED)
    with monkeypatch.context() as patch:
        patch.setattr(execution, "replace_older", lambda *_: None)
        run([path], out, REPLACE)
    assert len(table(out, "documents")) == 2
    assert run([path], out, REPLACE).run_id is None
    assert table(out, "documents")["text"].to_list() == [CORRECTED]


def test_ignore_leaves_the_older_version(tmp_path: Path) -> None:
    """With `on_change = "ignore"` a new version is not read; new records are."""
    path, text, out = tmp_path / "a.jsonl", tmp_path / "b.txt", tmp_path / "out"
    said = {"inputs": {"on_change": "ignore"}}
    path.write_bytes(json_lines({"id": 1, "text": STORIES[0]}))
    text.write_text(STORIES[1])
    run([path, text], out, said)
    path.write_bytes(json_lines({"id": 1, "text": CORRECTED}, {"id": 2, "text": STORIES[2]}))
    text.write_text(STORIES[3])
    run([path, text], out, said)
    assert ends(out) == ["a.jsonl#1", "b.txt", "a.jsonl#2"]
    assert table(out, "documents")["text"].to_list() == [STORIES[0], STORIES[1], STORIES[2]]
    assert run([path, text], out, said).read == 0
