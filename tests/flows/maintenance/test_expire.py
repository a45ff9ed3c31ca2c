"""Expiry: old runs go, and what later runs need of them stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.dataset import Dataset
from flows.maintenance import compact, expire, rollback
from flows.verify import verify
from small_runs import LONG_AGO, PLAIN, aged, published, record, run, state, story, swept
from support import Copydesk, Jsonl, json_lines, table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs and their dataset: three runs, a year apart; the second and third remove duplicates of the first."""
    folder = tmp_path_factory.mktemp("three")
    for i in range(3):
        file = folder / f"{i}.jsonl"
        file.write_bytes(json_lines(record(3 * i), record(3 * i + 1, story(0))))
        run_id = str(run(file, folder / "out", PLAIN).run_id)
        aged(folder / "out", run_id, LONG_AGO + timedelta(days=365 * i))
    return folder


@pytest.fixture
def files(made: Path) -> list[Path]:
    """The inputs of the three runs."""
    return sorted(made.glob("*.jsonl"))


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of the dataset."""
    return Path(shutil.copytree(made / "out", tmp_path / "out"))


@pytest.mark.parametrize("compacted", [False, True])
def test_old_runs_go(out: Path, files: list[Path], jsonl: Jsonl, copydesk: Copydesk, compacted: bool) -> None:
    """Expired rows are in no table and not in the index; their inputs stay known; their duplicates stay removed."""
    if compacted:
        compact(Dataset(out))
    answer = copydesk("expire", out, "--before", "2021-01-01")
    assert (answer.code, answer.out) == (0, f"{out}: run r000001 deleted\n")
    for name, rows in published(out).items():
        assert {row["run_id"] for row in rows} <= {"r000002", "r000003"}, name
    removed = table(out, "removed")
    assert removed["text"].to_list() == [story(0)] * 2
    assert removed["duplicate_of_document_id"][0] not in table(out, "documents")["document_id"].to_list()
    swept(out)
    assert run(files, out, PLAIN).run_id is None
    again = jsonl([record(20, story(0)), record(21, story(3))], "again.jsonl")
    assert run(again, out, PLAIN).run_id == "r000004"
    assert table(out, "removed").filter(run_id="r000004")["text"].to_list() == [story(3)]
    swept(out)
    assert copydesk("rollback", out, "r000001").code == 2
    assert rollback(Dataset(out), "r000002") == ["r000002", "r000003", "r000004"]
    swept(out)
    assert run(files, out, PLAIN).run_id == "r000005"
    assert len(table(out, "documents")) == 4
    compact(Dataset(out))
    swept(out)


def test_nothing_is_that_old(out: Path, copydesk: Copydesk) -> None:
    """A run does not expire before those that precede it, even if a wrong clock gave it an older date."""
    aged(out, "r000003", LONG_AGO - timedelta(days=1))
    before = published(out), state(out)
    answer = copydesk("expire", out, "--before", "2020-05-04")
    assert (answer.code, answer.out) == (0, f"{out}: no run is that old; nothing was deleted\n")
    assert (published(out), state(out)) == before
    assert copydesk("expire", out, "--before", "yesterday").code == 2


def test_all_runs_may_go(out: Path, files: list[Path], jsonl: Jsonl) -> None:
    """When all runs have expired, the dataset goes on with the next number and still knows its inputs."""
    assert expire(Dataset(out), datetime.now(UTC)) == ["r000001", "r000002", "r000003"]
    swept(out)
    assert run(files, out, PLAIN).run_id is None
    assert run(jsonl([record(9)], "more.jsonl"), out, PLAIN).run_id == "r000004"


def test_an_expiry_that_is_killed_is_as_before_or_as_after(
    made: Path, files: list[Path], tmp_path: Path, kill_at: Callable[..., None]
) -> None:
    """`documents` decides, and state that outlives its run is there in either case."""
    for point in ("exchange documents", "exchange ledger", "exchange witnesses"):
        out = Path(shutil.copytree(made / "out", tmp_path / point.replace(" ", "-")))
        kill_at(point, lambda out=out: expire(Dataset(out), LONG_AGO + timedelta(days=1)))
        swept(out)
        assert Dataset(out).runs()[0] == ("r000001" if point == "exchange documents" else "r000002")
        assert run(files, out, PLAIN).run_id is None


def test_damage_to_what_outlives_its_run_is_found(out: Path) -> None:
    """`verify` finds a lost or changed part of the expired ledger, and of the places of witnesses."""
    expire(Dataset(out), LONG_AGO + timedelta(days=1))
    (ledger,) = (out / "_copydesk/ledger/expired").glob("part-*")
    (witnesses,) = (out / "_copydesk/witnesses").glob("part-*")
    ledger.unlink()
    witnesses.write_bytes(witnesses.read_bytes() + b"x")
    damage = list(verify(Dataset(out)))
    for problem in (f"{ledger} is missing", f"{witnesses} is not what was written"):
        assert any(line.startswith(problem) for line in damage)


def test_only_what_the_window_holds_is_a_witness(tmp_path: Path, jsonl: Jsonl) -> None:
    """A paragraph that was kept more than `window_days` ago removes nothing; a more recent one does."""
    said = {**PLAIN, "duplicate": {"window_days": 30}}
    out = tmp_path / "out"
    for i, days in enumerate((40, 20)):
        file = jsonl([record(2 * i), record(2 * i + 1)], f"{i}.jsonl")
        aged(out, str(run(file, out, said).run_id), datetime.now(UTC) - timedelta(days=days))
    run(jsonl([record(8, story(0)), record(9, story(2))], "now.jsonl"), out, said)
    assert table(out, "removed")["text"].to_list() == [story(2)]
    compact(Dataset(out))
    run(jsonl([record(10, story(1)), record(11, story(3))], "later.jsonl"), out, said)
    assert table(out, "removed")["text"].to_list() == [story(2), story(3)]
    swept(out)
