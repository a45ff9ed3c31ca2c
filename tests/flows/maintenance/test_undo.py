"""Rollback: the dataset is as before the runs, whatever happens on the way."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.dataset import STATE, Dataset
from flows.dataset.tables import TABLES
from flows.maintenance import rollback
from flows.verify import verify
from small_runs import LONG_AGO, PLAIN, POINTS, aged, published, record, run, state, story, swept
from support import ROOT, Copydesk, Jsonl, table


def test_a_rollback_leaves_the_dataset_as_it_was(tmp_path: Path, jsonl: Jsonl) -> None:
    """Tables, index, ledger and line counts are as before the run; its inputs are new, its id is not given again."""
    files = [
        jsonl([record(n, story(n // 2)) for n in range(3 * i, 3 * i + 3)], f"{i}.jsonl") for i in range(4)
    ]
    out = tmp_path / "out"
    before = {}
    for file in files:
        run_id = run(file, out, PLAIN).run_id
        before[run_id] = published(out), state(out)
    assert rollback(Dataset(out), "r000003") == ["r000003", "r000004"]
    assert (published(out), state(out)) == before["r000002"]
    assert list(verify(Dataset(out))) == []
    assert run(files, out, PLAIN).run_id == "r000005"
    assert len(table(out, "documents")["uri"].unique()) == 12
    assert list(verify(Dataset(out))) == []


def test_the_first_run_can_be_taken_back(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """A dataset without a run is still a dataset; the next run has the next number."""
    file = jsonl([record(1)])
    out = tmp_path / "out"
    run(file, out, PLAIN)
    answer = copydesk("rollback", out, "r000001")
    assert (answer.code, answer.out) == (
        0,
        f"{out}: run r000001 rolled back; the next run reads its inputs again\n",
    )
    assert published(out) == {name: [] for name in TABLES}
    assert copydesk("verify", out).code == 0
    assert copydesk("runs", out).code == 0
    assert run(file, out, PLAIN).run_id == "r000002"


@pytest.mark.parametrize("kind", ["runs", "ledger"])
def test_ids_are_not_given_again_though_a_note_of_them_is_lost(
    tmp_path: Path, jsonl: Jsonl, kind: str
) -> None:
    """One of the two records of a rollback is enough; `verify` reports the other, and the next run restores it."""
    out = tmp_path / "out"
    for number in range(2):
        run(jsonl([record(number)], f"{number}.jsonl"), out, PLAIN)
    rollback(Dataset(out), "r000002")
    note = out / "_copydesk" / kind / "rolled_back.json"
    note.unlink()
    (problem,) = verify(Dataset(out))
    assert problem.startswith(f"{note} is missing")
    assert run(jsonl([record(3)], "3.jsonl"), out, PLAIN).run_id == "r000003"
    assert note.exists()
    swept(out)


def test_a_run_that_is_not_there_is_not_taken_back(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """An unknown run is a usage error."""
    out = tmp_path / "out"
    run(jsonl([record(1)]), out, PLAIN)
    answer = copydesk("rollback", out, "r000007")
    assert (answer.code, answer.err) == (
        2,
        f"copydesk: {out} has no run 'r000007': it has r000001\n",
    )
    assert copydesk("rollback", tmp_path / "nothing", "r000001").code == 2


def test_a_rollback_that_is_killed_is_as_before_or_as_after(
    tmp_path: Path, jsonl: Jsonl, kill_at: Callable[..., None]
) -> None:
    """Killed between any two renames: `documents` decides, and the next writer finishes or discards the rest."""
    template = tmp_path / "template"
    for i in range(3):
        run(jsonl([record(3 * i), record(3 * i + 1, story(0))], f"{i}.jsonl"), template, PLAIN)
        if i == 1:
            short = published(template), state(template)
    whole = published(template), state(template)
    for number, point in enumerate(POINTS):
        out = tmp_path / f"out-{number}"
        shutil.copytree(template, out)
        kill_at(point, lambda out=out: rollback(Dataset(out), "r000003"))
        expected = whole if point == "exchange documents" else short
        assert published(out)["documents"] == expected[0]["documents"], point
        if number % 6 == 0:
            swept(out)
        with Dataset(out).writing():
            pass
        assert (published(out), state(out)) == expected, point


@pytest.mark.parametrize("point", ["commit documents", "commit removed"])
def test_a_run_that_is_killed_before_its_commit_is_done_again(
    tmp_path: Path, jsonl: Jsonl, kill_at: Callable[..., None], point: str
) -> None:
    """A run that is killed before any rename of its commit is not published, and the next one does its work."""
    out = tmp_path / "out"
    files = [jsonl([record(i), record(i + 5)], f"{i}.jsonl") for i in range(2)]
    run(files[0], out, PLAIN)
    before = published(out)
    kill_at(point, lambda: run(files, out, PLAIN))
    assert published(out)["documents"] == before["documents"]
    swept(out)
    assert (published(out), run(files, out, PLAIN).run_id) == (before, "r000002")
    assert len(table(out, "documents")) == 4


def test_a_run_that_is_killed_after_its_commit_is_there(
    tmp_path: Path, jsonl: Jsonl, kill_at: Callable[..., None]
) -> None:
    """A run that is killed right after the rename of `documents` is complete."""
    out = tmp_path / "out"
    file = jsonl([record(1)])
    kill_at("committed", lambda: run(file, out, PLAIN))
    swept(out)
    assert len(table(out, "documents")) == 1
    assert run(file, out, PLAIN).run_id is None


@pytest.mark.parametrize("offline", [True, False])
def test_folders_that_cannot_be_exchanged(
    tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch, copydesk: Copydesk, offline: bool
) -> None:
    """If the file system cannot exchange folders, nothing is done without `--offline`."""

    def cannot(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("flows.dataset.exchange._exchange", cannot)
    out = tmp_path / "out"
    file = jsonl([record(1)])
    run(file, out, PLAIN)
    answer = copydesk("rollback", out, "r000001", *(["--offline"] if offline else []))
    assert answer.code == (0 if offline else 5)
    assert ("give --offline" in answer.err) is not offline
    assert len(published(out)["documents"]) == (0 if offline else 1)
    swept(out)


def test_offline_a_kill_between_the_two_renames_is_mended(
    tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch, kill_at: Callable[..., None]
) -> None:
    """For an instant there is no `documents` at all; the next writer finds the new one and moves it into place."""

    def cannot(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("flows.dataset.exchange._exchange", cannot)
    for i in range(2):
        run(jsonl([record(i)], f"{i}.jsonl"), tmp_path / "whole", PLAIN)
    for point in ("exchange documents offline", "exchange removed offline", "exchange ledger offline"):
        out = Path(shutil.copytree(tmp_path / "whole", tmp_path / point.split()[1]))
        kill_at(point, lambda out=out: rollback(Dataset(out), "r000002", offline=True))
        swept(out)
        assert Dataset(out).runs() == ["r000001"]
        assert len(table(out, "documents")) == 1


def test_links_that_cannot_be_made_are_copies(
    tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without hard links costs only time and space."""

    def cannot(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", cannot)
    out = tmp_path / "out"
    for i in range(2):
        run(jsonl([record(i)], f"{i}.jsonl"), out, PLAIN)
    rollback(Dataset(out), "r000002")
    swept(out)
    assert len(table(out, "documents")) == 1


#: The commands that are killed, with their arguments; the dataset has three runs.
COMMANDS = {
    "rollback": ("rollback", "{out}", "r000002"),
    "restore": ("restore", "{out}", "--reason", "duplicate"),
    "relabel": ("relabel", "{out}", "--reason", "duplicate", "--action", "label"),
    "compact": ("compact", "{out}"),
    "expire": ("expire", "{out}", "--before", "2021-01-01"),
}
#: The crash points that are tried with every command.
EACH = (
    "exchange documents",
    "exchange removed",
    "exchange runs",
    "exchange sweep",
    "exchange unmark documents",
)
CASES = [
    *(("rollback", point) for point in POINTS),
    *(
        ("run", f"commit {name}")
        for name in (*STATE, *TABLES)
        if name not in ("shingle_frequencies", "line_counts")
    ),
    ("run", "committed"),
    *((command, point) for command in ("restore", "relabel", "compact", "expire") for point in EACH),
    ("restore", "exchange exceptions"),
    ("relabel", "exchange labelled"),
    ("expire", "exchange witnesses"),
]


#: `copydesk` with the arguments after the crash point at which it kills itself.
KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from crash_points import crash_at
from flows.cli import main
crash_at(sys.argv[2], lambda: os.kill(os.getpid(), signal.SIGKILL))
sys.argv[:3] = ["copydesk"]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("command", "point"), CASES)
def test_the_command_is_killed_in_earnest(tmp_path: Path, jsonl: Jsonl, command: str, point: str) -> None:
    """Kill -9 at each crash point: the next run finds an intact dataset."""
    out = tmp_path / "out"
    files = [jsonl([record(3 * i), record(3 * i + 1, story(0))], f"{i}.jsonl") for i in range(4)]
    for number, file in enumerate(files[:3], 1):
        run(file, out, PLAIN)
        if number == 1:
            aged(out, "r000001", LONG_AGO)
    arguments = [
        word.format(out=out) for word in COMMANDS.get(command, ("run", *map(str, files), "--out", "{out}"))
    ]
    environment = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    environment |= {"PREFECT_PROFILES_PATH": os.devnull}
    process = [sys.executable, "-c", KILLED, str(ROOT / "tests"), point, *arguments]
    ended = subprocess.run(process, env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    swept(out)
    run(files, out, PLAIN)
    uris = table(out, "documents")["uri"].to_list()
    expired = command == "expire" and point != "exchange documents"
    assert len(uris) == len(set(uris)) == (6 if expired else 8)
    swept(out)
