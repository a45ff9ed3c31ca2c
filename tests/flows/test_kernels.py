"""Compiling all kernels: who does it, who waits, what is said, and what follows from a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import Timeout

import flows.kernels
from cleaners.kernels import kernel
from cleaners.kernels.warming import Plan, name_of
from flows.kernels import COMPILING, WAITING, compile_kernels, processors
from support import ROOT, Copydesk

Said = list[tuple[str, int, int]]


@kernel
def first(a: int) -> int:
    """Calls nothing."""
    return a


@kernel
def second(a: int) -> int:
    """Calls the first."""
    return first(a)


class Machine:
    """A machine without processes, whose folder of machine code is in memory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.complete = False
        self.asked: list[str] = []
        self.folder: Path | None = folder
        monkeypatch.setattr(flows.kernels, "folder", lambda: self.folder)
        monkeypatch.setattr(flows.kernels, "is_complete", lambda: self.complete)
        monkeypatch.setattr(flows.kernels, "_link", lambda: None)
        monkeypatch.setattr(flows.kernels, "set_complete", lambda: setattr(self, "complete", True))
        monkeypatch.setattr(flows.kernels._Work, "_process", lambda _self: Process())
        monkeypatch.setattr(flows.kernels, "_ask", lambda process, name: self.answer(process, name))
        monkeypatch.setattr("cleaners.kernels.warming.all_kernels", lambda *_: [second, first])

    def answer(self, _process: Process, name: str) -> str:
        """What a process answers that could compile the kernel."""
        self.asked.append(name)
        return name


class Process:
    """A process that does nothing."""

    def __enter__(self) -> Process:
        """The process."""
        return self

    def __exit__(self, *_: object) -> None:
        """It has ended."""

    def kill(self) -> None:
        """End it."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which nothing is compiled yet."""
    return Machine(tmp_path, monkeypatch)


def test_all_kernels_are_compiled_once(machine: Machine) -> None:
    """Each by one process, with the progress from none to all; the second time there is nothing to do or say."""
    said: Said = []
    assert compile_kernels(lambda *report: said.append(report))
    assert machine.asked == [name_of(first), name_of(second)]
    assert said == [(COMPILING, done, 2) for done in range(3)]
    assert not compile_kernels(lambda *report: said.append(report))
    assert len(said) == 3


def test_without_a_folder_nothing_is_compiled_ahead(machine: Machine) -> None:
    """Processes could not share it."""
    machine.folder = None
    assert not compile_kernels(lambda *_: None)
    assert machine.asked == []


def test_another_process_that_compiles_is_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is reported; when it is done, there is nothing left to do."""

    def acquired(lock: Any, timeout: float) -> None:
        if timeout == 0:
            raise Timeout(lock.lock_file)
        machine.complete = True  # meanwhile

    monkeypatch.setattr("filelock.FileLock.acquire", acquired)
    said: Said = []
    assert not compile_kernels(lambda *report: said.append(report))
    assert machine.asked == []
    assert said == [(WAITING, 0, 1), (WAITING, 1, 1)]


def test_a_lock_that_cannot_be_had(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that cannot be written to, and after a long wait, the work is done all the same."""
    for error in (PermissionError(), Timeout("lock")):

        def refused(_lock: Any, timeout: float, error: OSError = error) -> None:
            raise error

        machine.complete = False
        monkeypatch.setattr("filelock.FileLock.acquire", refused)
        assert compile_kernels(lambda *_: None)
        assert machine.complete


@pytest.mark.parametrize("answer", ["failed", ""], ids=["fails", "ends"])
def test_a_kernel_that_cannot_be_compiled(
    machine: Machine, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are compiled, but the machine is not ready: the first call of the kernel raises the error."""
    monkeypatch.setattr(
        machine,
        "answer",
        lambda _, name: answer if name == name_of(first) else Machine.answer(machine, _, name),
    )
    monkeypatch.setattr(flows.kernels, "MOST_PROCESSES", 2)
    compile_kernels(lambda *_: None)
    assert not machine.complete


def test_ctrl_c_ends_the_processes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted command does not wait for its compilers."""
    killed: list[Process] = []
    monkeypatch.setattr(Process, "kill", lambda self: killed.append(self))
    work = flows.kernels._Work(Plan([first]), lambda *_: None)
    work._processes.append(Process())  # type: ignore[arg-type]
    work.stop()
    assert len(killed) == 1
    assert work._next() is None


def test_the_command_says_where(
    copydesk: Copydesk, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`warm` names the folder, says the same of one that is complete, and fails where there is none."""
    import cleaners.kernels.machine_code as module

    monkeypatch.setattr(module, "folder", lambda: machine.folder)
    monkeypatch.setattr(module, "is_complete", lambda: machine.complete)
    answer = copydesk("warm")
    assert answer.code == 0
    assert answer.err == f"{COMPILING}: 0 of 2\n{COMPILING}: 2\n"
    assert answer.out.startswith("all kernels are compiled")
    assert answer.out.endswith(f": {tmp_path}\n")
    answer = copydesk("warm")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("all kernels were compiled already")
    machine.complete = False
    answer = copydesk("warm", "--quiet")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    machine.complete = False
    monkeypatch.setattr(machine, "answer", lambda *_: "failed")
    answer = copydesk("warm")
    assert answer.code == 5
    assert "not all kernels could be compiled" in answer.err
    machine.folder = None
    answer = copydesk("warm")
    assert answer.code == 5
    assert "NUMBA_CACHE_DIR" in answer.err


def test_a_run_compiles_when_there_is_something_to_do(
    copydesk: Copydesk, machine: Machine, story: Path, tmp_path: Path
) -> None:
    """A run with new inputs says that it compiles, before all else; with --quiet, and with nothing new, it does not."""
    assert copydesk("run", story, "--out", tmp_path / "out").err.startswith(f"{COMPILING}: 0 of 2\n")
    machine.complete = False
    assert copydesk("run", story, "--out", tmp_path / "out").err == ""
    assert copydesk("run", story, "--out", tmp_path / "other", "--quiet").err == ""
    assert machine.complete


@pytest.mark.slow
def test_a_container_image(tmp_path: Path) -> None:
    """After `warm` in an empty folder, which compiles everything, a run compiles and writes nothing there."""
    kept, installed = tmp_path / "kept", tmp_path / "installed"
    for name in ("cleaners", "flows", "config", "seeds"):  # a package whose own kernels are not compiled
        shutil.copytree(ROOT / name, installed / name, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(kept), "PREFECT_PROFILES_PATH": os.devnull}

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            env=environment,
            cwd=installed,
            capture_output=True,
            text=True,
            check=True,
        )

    def files() -> dict[str, tuple[int, int]]:
        stats = {path: path.stat() for path in kept.rglob("*")}
        return {str(path): (stat.st_mtime_ns, stat.st_ino) for path, stat in stats.items()}

    assert f"{COMPILING}: 0 of" in command("warm").stderr
    before = files()
    assert COMPILING not in command("run", "seeds/articles", "--out", tmp_path / "out").stderr
    assert files() == before
    assert "already" in command("warm").stdout


def test_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that this process may use; on systems that do not say which, all there are; at least one."""
    assert 1 <= processors() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert processors() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1
