"""Publishing survives random kill -9 with readers active, full disks, lost permissions and wrong clocks."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset, write_json
from flows.dataset.tables import write_part
from flows.errors import remedy
from flows.maintenance import compact, expire, relabel, restore, rollback
from flows.run import staged_files
from flows.verify import verify
from small_runs import PLAIN, published, record, run, story, swept
from support import ROOT, Copydesk, json_lines, table

RECORDS = 3  # in a file
KILLS = 100


@contextmanager
def watched(out: Path) -> Iterator[dict[str, Any]]:
    """Let readers loop over a dataset; their findings are filled in at the end."""
    messages: dict[str, Any] = {}
    command = [sys.executable, str(ROOT / "tests" / "watching.py"), str(out), str(RECORDS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as readers:
        try:
            yield messages
        finally:
            answer, _ = readers.communicate()
            messages.update(json.loads(answer))


def changed_inputs(folder: Path, number: int) -> Path:
    """A file of new records."""
    path = folder / f"{number}.jsonl"
    records = (record(RECORDS * number + i, story(10_000 + number)) for i in range(RECORDS))
    path.write_bytes(json_lines(*records))
    return path


WORK = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cleaners.language.model import preload
from flows.dataset import Dataset
from flows.maintenance import compact, expire, relabel, restore, rollback
from small_runs import PLAIN, run
out, folder, what = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
print("ready", flush=True)
match what:
    case "run": run(folder, out, PLAIN)
    case "rollback": rollback(Dataset(out), Dataset(out).runs()[-2])
    case "compact": compact(Dataset(out))
    case "restore": restore(Dataset(out), reason="duplicate")
    case "label": relabel(Dataset(out), "duplicate", "label")
    case "remove": relabel(Dataset(out), "duplicate", "remove")
print("done", flush=True)
"""


def worked(out: Path, folder: Path, what: str, kill_after: float | None) -> float | None:
    """Do something in another process, killed after `kill_after` seconds; how long it took, None if killed."""
    command = [sys.executable, "-c", WORK, str(ROOT / "tests"), str(out), str(folder), what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.perf_counter()
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        took = time.perf_counter() - started
        process.wait()
        with pytest.raises(ProcessLookupError):  # no process of its group is left
            os.killpg(process.pid, 0)
        assert process.returncode in (0, -signal.SIGKILL)
        return took if process.stdout.read() == "done\n" else None


@pytest.mark.slow
def test_runs_that_are_killed_at_random(tmp_path: Path) -> None:
    """After 100 kills nothing is lost or doubled, and no reader ever saw part of a run or an error."""
    chance, out, folder = random.Random(), tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    changed_inputs(folder, 0)
    took = worked(out, folder, "run", None)
    assert took is not None
    kills, number = 0, 0
    with watched(out) as messages:
        while kills < KILLS:
            number += 1
            changed_inputs(folder, number)
            done = worked(out, folder, "run", chance.uniform(0, 1.1 * took))
            if done is None:
                kills += 1
            else:
                took = 0.7 * took + 0.3 * done
        assert worked(out, folder, "run", None) is not None
    assert messages["errors"] == messages["wrong"] == []
    assert min(messages["reads"].values()) > KILLS / 2
    uris = table(out, "documents")["uri"].to_list()
    assert len(uris) == len(set(uris)) == RECORDS * (number + 1)
    swept(out)


@pytest.mark.slow
def test_commands_that_are_killed_at_random(tmp_path: Path) -> None:
    """Whatever changes a dataset, killed or not: a reader may miss a file, but never sees wrong rows."""
    chance, out, folder = random.Random(), tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    took = dict.fromkeys(("run", "rollback", "restore", "label", "remove", "compact"), 1.0)
    number = 0
    for number in range(4):
        changed_inputs(folder, number)
        run(folder, out, PLAIN)
    kills = 0
    with watched(out) as messages:
        for _ in range(60):
            what = chance.choice(("run", "run", "rollback", "restore", "label", "remove", "compact"))
            if what == "run":
                number += 1
                changed_inputs(folder, number)
            if what == "restore" and all(table(out, name).is_empty() for name in ("removed", "labelled")):
                continue
            if what == "rollback" and len(Dataset(out).runs()) < 3:
                continue
            done = worked(out, folder, what, chance.uniform(0.2, 1.5) * took[what])
            if done is None:
                kills += 1
            else:
                took[what] = 0.5 * took[what] + 0.5 * done
        worked(out, folder, "run", None)
    assert messages["wrong"] == []
    missing = ("No such file", "No files found", "Cannot open file", "expanded paths were empty")
    assert [error for error in messages["errors"] if not any(words in error for words in missing)] == []
    assert kills > 10
    uris = table(out, "documents")["uri"].to_list()
    assert len(uris) == len(set(uris)) == RECORDS * (number + 1)
    swept(out)


COMMANDS: dict[str, Callable[[Path, Path], object]] = {
    "run": lambda out, folder: run(folder, out, PLAIN),
    "rollback": lambda out, _: rollback(Dataset(out), "r000002"),
    "restore": lambda out, _: restore(Dataset(out), reason="duplicate"),
    "relabel": lambda out, _: relabel(Dataset(out), "duplicate", "label"),
    "compact": lambda out, _: compact(Dataset(out)),
    "expire": lambda out, _: expire(Dataset(out), datetime.now(UTC) + timedelta(days=1)),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Whichever file does not fit on the disk, the dataset is unchanged and intact; with space, the work is done."""
    out, folder = tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    for number in range(2):
        changed_inputs(folder, number)
        run(folder, out, PLAIN)
    changed_inputs(folder, 2)
    before = published(out)
    from flows.dataset import tables

    sync, room = tables.sync, [0]

    def full(path: Path) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        sync(path)

    for files in (0, 9):
        with monkeypatch.context() as patch:
            room[0] = files
            for module in ("tables", "exchange", "checksums", "commit"):
                patch.setattr(f"flows.dataset.{module}.sync", full)
            with pytest.raises(OSError, match="No space left"):
                COMMANDS[command](out, folder)
        assert published(out) == before
    swept(out)
    COMMANDS[command](out, folder)
    swept(out)
    assert command == "compact" or published(out) != before


def test_a_full_disk_is_reported(tmp_path: Path, copydesk: Copydesk) -> None:
    """If a file cannot grow: exit code 5, one line that says why, and an unchanged dataset."""
    out, folder = tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    changed_inputs(folder, 0)
    run(folder, out, PLAIN)
    changed_inputs(folder, 1)
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from flows.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "main()"
    )
    command = [sys.executable, "-c", limited, "run", str(folder), "--out", str(out)]
    environment = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    environment["PREFECT_PROFILES_PATH"] = os.devnull
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (5, 1), ended.stderr
    assert "File too large" in ended.stderr
    assert "nothing of this run was published" in ended.stderr
    assert Dataset(out).runs() == ["r000001"]
    swept(out)


WRITERS: dict[str, Callable[[Path], None]] = {
    "Parquet": lambda path: write_part(pl.DataFrame({"number": range(99_999)}), path, {}),
    "Arrow": lambda path: staged_files.write(pl.DataFrame({"number": range(99_999)}), path),
    "JSON": lambda path: write_json(path, {"number": list(range(9_999))}),
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a file that is always full")
@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_the_disk_has_no_room_for_is_named(tmp_path: Path, kind: str) -> None:
    """Whether polars or Python writes the file, the OSError has number and path, so that a command can report it."""
    path = tmp_path / "whole"
    (tmp_path / ".whole.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as caught:
        WRITERS[kind](path)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert "free some space" in remedy(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "consequence"),
    [
        (("rollback", "{out}", "r000002"), "nothing was rolled back"),
        (("restore", "{out}", "--run", "r000001"), "nothing was restored"),
        (("compact", "{out}"), "the dataset is unchanged"),
        (("expire", "{out}", "--before", "2100-01-01"), "nothing was deleted"),
    ],
)
def test_a_dataset_that_may_not_be_written(
    tmp_path: Path,
    copydesk: Copydesk,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    consequence: str,
) -> None:
    """A lost permission ends a command with exit code 5 and one line; the dataset is unchanged."""
    out, folder = tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    for number in range(2):
        changed_inputs(folder, number)
        run(folder, out, PLAIN)
    before = published(out)

    def refused(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "hardlink_to", refused)  # tests may run as root, to whom permissions do not apply
        patch.setattr("flows.maintenance.rewrite_folders.write_part", refused)
        answer = copydesk(*(word.format(out=out) for word in arguments))
    assert answer.code == 5
    assert answer.err.startswith("copydesk: Permission denied (")
    assert answer.err.endswith(f"; {consequence}; make it writable and try again\n")
    assert published(out) == before
    swept(out)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "run"])
def test_commands_do_not_wait_for_the_lock(tmp_path: Path, copydesk: Copydesk, command: str) -> None:
    """While another process is writing, every command that writes exits with 4."""
    out, folder = tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    changed_inputs(folder, 0)
    run(folder, out, PLAIN)
    arguments = {
        "rollback": ["r000001"],
        "restore": ["--run", "r000001"],
        "relabel": ["--reason", "duplicate", "--action", "label"],
        "expire": ["--before", "2100-01-01"],
    }
    with Dataset(out).writing():
        answer = copydesk(command, out, *arguments.get(command, []))
    assert answer.code == 4
    assert "another run is writing" in answer.err


def test_a_clock_that_goes_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are ordered by number; setting the clock back changes nothing."""
    import flows.run.execution
    import flows.run.plan

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls(2020 - len(Dataset(out).runs()), 1, 1, tzinfo=tz)

    out, folder = tmp_path / "out", tmp_path / "in"
    folder.mkdir()
    for module in (flows.run.plan, flows.run.execution):
        monkeypatch.setattr(module, "datetime", Clock)
    said = {**PLAIN, "duplicate": {"window_days": 30}}
    for number in range(3):
        changed_inputs(folder, number)
        run(folder, out, said)
    assert Dataset(out).runs() == ["r000001", "r000002", "r000003"]
    swept(out)
    assert expire(Dataset(out), datetime(2019, 6, 1, tzinfo=UTC)) == []
    assert list(verify(Dataset(out))) == []
    assert rollback(Dataset(out), "r000003") == ["r000003"]
    assert len(table(out, "documents")) == 2 * RECORDS
