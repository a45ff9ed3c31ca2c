"""Held runs: staged and reported, not published; released or discarded by hand, and safe against crashes."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.dataset.history import read_history
from flows.dataset.tables import TABLES
from flows.errors import Held, UsageError
from flows.settings import Settings
from small_runs import PLAIN, run
from support import Copydesk, table

PLACES = ("quay", "lock", "mill", "pier", "weir", "ferry", "dock", "mole", "ford", "sluice")
#: What a site prints in place of every article.
WALL = (
    "To go on reading the Wend Courier please tell us which of our partners may follow you around, "
    "or sign in with the account that you made when you last came by."
)


def article(number: int) -> str:
    """A text that has almost nothing in common with those of other numbers."""
    one, two, three = (PLACES[number // 10**n % 10] for n in range(3))
    return (
        f"Council {number} met at the {one} on a wet evening and voted the repair of {two} number {number} through, "
        f"after {number + 3} neighbours had asked why the {three} was left to crumble since year {number}."
    )


def write(folder: Path, texts: list[str], start: int = 0) -> Path:
    """A folder of text files, one per text; its name is their source."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts, start):
        (folder / f"{number:03d}.txt").write_text(text)
    return folder


def guards(**given: Any) -> Settings:
    """Settings with these keys in [guards]."""
    return Settings.model_validate({**PLAIN, "guards": given})


BOUND = guards(bounds={"removed": 0.5})


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A dataset with a published run and a held one."""
    source, out = tmp_path / "courier", tmp_path / "out"
    run(write(source, [article(n) for n in range(6)]), out, BOUND)
    with pytest.raises(Held, match="r000002 is held"):
        run(write(source, [WALL] * 6, 6), out, BOUND)
    return out


def contents(out: Path) -> dict[str, list[str]]:
    """The files of each table and of each kind of state in a dataset."""
    bases = [
        *(out / name for name in TABLES),
        *(p for p in (out / "_copydesk").glob("*/") if p.name != "held"),
    ]
    return {
        str(b.relative_to(out)): sorted(str(p.relative_to(b)) for p in b.rglob("*.parquet")) for b in bases
    }


def test_a_held_run_changes_nothing(copydesk: Copydesk, held: Path, tmp_path: Path) -> None:
    """Published data is unchanged; the held run is complete in its own folder, and `verify` finds no damage."""
    assert Dataset(held).runs() == ["r000001"]
    assert Dataset(held).held_runs() == ["r000002"]
    assert set(table(held, "removed")["run_id"]) <= {"r000001"}
    publish = held / "_copydesk" / "held" / "r000002" / "publish"
    assert len(pl.read_parquet(publish / "removed", hive_partitioning=False)) == 5
    assert copydesk("verify", held).code == 0


def test_the_command_reports_a_held_run(copydesk: Copydesk, tmp_path: Path) -> None:
    """Exit code 3, the closing table, the reasons and the next steps; the next run says the same and does nothing."""
    (tmp_path / "mine.toml").write_text("[guards.bounds]\nremoved = 0.5\n")
    source, out = write(tmp_path / "courier", [WALL] * 6), tmp_path / "out"
    first = copydesk("run", source, "--out", out, "--config", tmp_path / "mine.toml")
    write(tmp_path / "courier", [article(1)], 6)
    second = copydesk("run", source, "--out", out)
    assert (first.code, second.code) == (3, 3)
    assert "run r000001, held" in first.out
    assert second.out == ""
    for answer in (first, second):
        assert (
            "the whole run: 83.3% of words removed (6 documents); [guards.bounds] removed = 0.5" in answer.err
        )
        assert f"copydesk publish {out} r000001" in answer.err
        assert f"copydesk discard {out} r000001" in answer.err
        assert "Traceback" not in answer.err
    assert "r000001  held, not published: the whole run" in copydesk("runs", out).out
    assert not (out / "documents").exists()


def test_a_released_run_is_like_any_other(copydesk: Copydesk, held: Path, tmp_path: Path) -> None:
    """A released run has the same bytes as without a guard, and its inputs are known."""
    answer = copydesk("publish", held, "r000002")
    assert (answer.code, answer.err) == (0, "")
    free = tmp_path / "free"
    source = tmp_path / "courier"
    aside = [shutil.move(source / f"{n:03d}.txt", tmp_path) for n in range(6, 12)]
    run(source, free, guards(enabled=False))
    for path in aside:
        shutil.move(path, source)
    run(source, free, guards(enabled=False))
    for name in TABLES:
        parts = sorted((free / name).rglob("*.parquet"))
        assert [p.read_bytes() for p in parts] == [
            (held / name / p.relative_to(free / name)).read_bytes() for p in parts
        ]
    assert contents(held).keys() == contents(free).keys()
    assert not list((held / "_copydesk" / "held").iterdir())
    assert run(source, held, BOUND).run_id is None
    assert copydesk("verify", held).code == 0


def test_the_inputs_of_a_discarded_run_are_new(copydesk: Copydesk, held: Path, tmp_path: Path) -> None:
    """A discarded run leaves nothing but its id, which is not reused."""
    before = contents(held)
    assert copydesk("discard", held, "r000002").code == 0
    assert contents(held) == before
    assert run(tmp_path / "courier", held, guards(enabled=False)).run_id == "r000003"
    assert len(table(held, "removed").filter(pl.col("run_id") == "r000003")) == 5


@pytest.mark.parametrize("command", ["publish", "discard"])
def test_what_is_not_held_is_named(copydesk: Copydesk, held: Path, command: str) -> None:
    """Deciding about a run that is not held, or is damaged, is an error that lists the held runs."""
    for name in ("r000001", "r000009", "../held", ""):
        answer = copydesk(command, held, name)
        assert answer.code == 2
        assert "held runs: r000002" in answer.err
    (held / "_copydesk" / "held" / "r000002" / "held.json").write_text("[]")
    assert "is damaged: drop the run with `rm -r" in copydesk(command, held, "r000002").err
    assert Dataset(held).runs() == ["r000001"]


def test_a_run_made_after_another_history_is_not_published(copydesk: Copydesk, held: Path) -> None:
    """If runs were published or rolled back since, a held run cannot be released, and the error says so."""
    for folder in (held / "documents", held / "_copydesk" / "runs"):
        (folder / "run=r000001").rename(folder / "run=r000003")
    Dataset(held).inventory_file.unlink()  # which knows of another run
    answer = copydesk("publish", held, "r000002")
    assert answer.code == 2
    assert "r000002 was made after run r000001, and the dataset has changed since" in answer.err
    assert f"copydesk discard {held} r000002" in answer.err
    assert Dataset(held).held_runs() == ["r000002"]


def test_a_run_older_than_a_reindex_or_restore_is_not_published(copydesk: Copydesk, tmp_path: Path) -> None:
    """Its fingerprints have other rules, or it removes restored text; compaction in between does not matter."""
    source, out, other = tmp_path / "courier", tmp_path / "out", tmp_path / "other.toml"
    other.write_text("[duplicate]\nthreshold = 0.7\n")
    for number in range(2):
        run(write(source, [article(n) for n in range(6)] + [WALL], 7 * number), out, guards(enabled=False))
    with pytest.raises(Held):
        run(write(source, [WALL] * 6, 14), out, BOUND)
    for command in (("restore", "--run", "r000002"), ("reindex", "--config", other)):
        done = tmp_path / command[0]
        shutil.copytree(out, done)
        assert copydesk(command[0], done, *command[1:]).code == 0
        answer = copydesk("publish", done, "r000003")
        assert (answer.code, "the dataset has changed since" in answer.err) == (2, True)
        assert copydesk("discard", done, "r000003").code == 0
        assert copydesk("verify", done).code == 0
    assert copydesk("compact", out).code == 0
    assert copydesk("publish", out, "r000003").code == 0
    assert copydesk("verify", out).code == 0


class Crash(BaseException):
    """A simulated crash."""


def crash_after(patch: pytest.MonkeyPatch, calls: int) -> None:
    """Crash at one of the steps that change the disk: a rename, a link, the removal of a folder."""
    left = iter(range(calls))

    def breaking(function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **options: Any) -> Any:
            if next(left, None) is None:
                raise Crash
            return function(*given, **options)

        return step

    patch.setattr(Path, "rename", breaking(Path.rename))
    patch.setattr(os, "link", breaking(os.link))
    patch.setattr(shutil, "rmtree", breaking(shutil.rmtree))


@pytest.mark.parametrize("command", ["release", "discard"])
def test_a_crash_leaves_it_held_or_done(held: Path, tmp_path: Path, command: str) -> None:
    """Wherever a decision is interrupted, the run is still held or the decision is complete; never both, never half."""
    ends = set()
    for calls in range(60):
        out = tmp_path / f"copy{calls}"
        shutil.copytree(held, out)
        dataset = Dataset(out)
        with pytest.MonkeyPatch.context() as patch, dataset.writing():
            crash_after(patch, calls)
            try:
                getattr(dataset, command)("r000002")
            except Crash:
                broke_off = True
            else:
                broke_off = False
        with dataset.writing():
            pass
        end = (dataset.runs(), dataset.held_runs())
        ends.add(str(end))
        if end[1]:
            assert end == (["r000001"], ["r000002"])
            with dataset.writing():
                dataset.release("r000002")
        if command == "release" or end[1]:
            assert dataset.runs() == ["r000001", "r000002"]
            assert len(table(out, "removed")) == 5
        else:
            assert dataset.runs() == ["r000001"]
            assert dataset.next_run() == "r000003"
        assert list(dataset.staging.iterdir()) == []
        if not broke_off:
            break
    else:
        pytest.fail("there were more steps than were tried")
    assert len(ends) == 2


def test_a_crash_while_a_run_is_put_aside(tmp_path: Path) -> None:
    """Until the rename that makes it held, a run does not exist, and the next one reads its inputs again."""
    source, out = write(tmp_path / "courier", [WALL] * 6), tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:

        def rename(_path: Path, _target: Path) -> Path:
            raise Crash

        patch.setattr(Path, "rename", rename)
        with pytest.raises(Crash):
            run(source, out, BOUND)
    assert Dataset(out).held_runs() == []
    with pytest.raises(Held, match="r000001"):
        run(source, out, BOUND)


def test_without_hard_links_files_are_copied(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without hard links, files are copied."""

    def refuse(_source: str, _target: str) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    dataset = Dataset(held)
    with dataset.writing():
        dataset.release("r000002")
    assert len(table(held, "removed")) == 5


def test_a_source_that_changes_is_held_and_then_learnt(tmp_path: Path) -> None:
    """After normal runs, a consent wall instead of articles is held; once it is released, it counts as usual."""
    source, out = tmp_path / "courier", tmp_path / "out"
    settings = guards(min_runs=3)
    for number in range(3):
        run(write(source, [article(n) for n in range(8 * number, 8 * number + 8)], 8 * number), out, settings)
    with pytest.raises(Held) as messages:
        run(write(source, [WALL] * 20, 24), out, settings)
    assert "courier: 95.0% of words removed as duplicate (20 documents); 0.0% in its last 3" in str(
        messages.value
    )
    assert "courier: 95.0% of documents repeat the same paragraph" in str(messages.value)
    dataset = Dataset(out)
    with dataset.writing():
        dataset.release("r000004")
    assert run(write(source, [WALL] * 20, 44), out, settings).run_id == "r000005"


def test_the_history_is_incremental(tmp_path: Path) -> None:
    """The history built run by run equals all statistics, even after a rollback or the loss of its file."""
    source, out = tmp_path / "courier", tmp_path / "out"
    dataset = Dataset(out)
    gathered = []
    for number in range(4):
        run(write(source, [article(number)], number), out, guards())
        gathered.append(read_history(dataset, 3))
    assert [history["run_id"].unique(maintain_order=True).to_list() for history in gathered] == [
        ["r000001"],
        ["r000001", "r000002"],
        ["r000001", "r000002", "r000003"],
        ["r000002", "r000003", "r000004"],
    ]
    (out / "_copydesk" / "history.parquet").write_bytes(b"lost")
    assert read_history(dataset, 3).equals(gathered[-1])
    shutil.rmtree(out / "documents" / "run=r000004")
    assert read_history(dataset, 3).equals(gathered[-2])
    assert read_history(dataset, 2)["run_id"].unique(maintain_order=True).to_list() == ["r000002", "r000003"]


def test_the_manifest_holds_no_secret(tmp_path: Path) -> None:
    """The webhook, which may contain a token, is neither in the manifest nor in the representation of settings."""
    out = tmp_path / "out"
    settings = Settings.model_validate({"notify": {"webhook": "https://example.com/hook/s3cret"}})
    run(write(tmp_path / "courier", [article(1)]), out, settings)
    manifest = (out / "_copydesk" / "runs" / "run=r000001" / "run.json").read_text()
    assert "notify" not in json.loads(manifest)["settings"]
    assert "s3cret" not in manifest + repr(settings)


def test_an_empty_dataset_holds_nothing(tmp_path: Path) -> None:
    """A dataset without runs has no held runs."""
    dataset = Dataset(tmp_path / "out")
    assert dataset.held_runs() == []
    with pytest.raises(UsageError, match="no run is held"):
        dataset.held_for("r000001")
