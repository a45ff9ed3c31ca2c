"""Compiling all kernels for this machine, by several processes.

numba compiles in one thread of a process, so each core has a process of its own. They are given one kernel after the
other, in an order in which none compiles what another one has compiled (`cleaners.kernels.warming.Plan`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from cleaners.kernels.machine_code import folder, is_complete, set_complete

if TYPE_CHECKING:
    from cleaners.kernels.warming import Plan

#: The name of the stage in reports of progress.
COMPILING: Final = "compiling kernels, once per machine"
#: What is reported while another process compiles.
WAITING: Final = "waiting for another process that compiles the kernels"
#: Processes need memory, and wait for each other's kernels.
MOST_PROCESSES: Final = 4
#: After that long another process that compiles is no longer waited for (seconds).
LONGEST_WAIT: Final = 300

Report = Callable[[str, int, int], None]


def processors() -> int:
    """How many processors this process may use; macOS only says how many there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def compile_kernels(report: Report) -> bool:
    """Compile what has not been compiled for this machine; whether that was necessary.

    Where machine code is kept nowhere, nothing is done: each process compiles the kernels that it calls.
    """
    if folder() is None or is_complete():
        return False
    with _alone(folder(), report):
        if is_complete():  # another process has compiled them meanwhile
            return False
        failed = _compile_all(report)
        if not failed:
            _link()
            set_complete()
    return True


def ready(report: Report, bring_numba: Callable[[], object]) -> None:
    """Compile the kernels if this machine has not; call `bring_numba` if they cannot be loaded without it."""
    from cleaners.kernels.linked import is_linked

    compile_kernels(report)
    if not is_linked():
        bring_numba()


def _link() -> None:
    """Write the file from which kernels are loaded without numba. Where that fails, numba loads them."""
    with _python("link_all") as process:
        process.wait()


def link_all() -> None:
    """What a process of its own does, as numba is not needed otherwise."""
    from cleaners.kernels.linked import link
    from cleaners.kernels.warming import all_kernels

    link(all_kernels())


@contextmanager
def _alone(kept: Path | None, report: Report) -> Iterator[None]:
    """A context that only one process enters at a time, as long as the others are not kept waiting too long."""
    lock = FileLock(f"{kept}/lock")
    with suppress(OSError):  # Timeout is one; without the lock, the work is done twice
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report(WAITING, 0, 1)
            lock.acquire(timeout=LONGEST_WAIT)
            report(WAITING, 1, 1)
    try:
        yield
    finally:
        lock.release()


def _compile_all(report: Report) -> list[str]:
    """Compile or load every kernel; the names of those that could not be."""
    from cleaners.kernels.warming import Plan, all_kernels

    plan = Plan(all_kernels())
    work = _Work(plan, report)
    processes = min(processors(), MOST_PROCESSES)
    workers = [threading.Thread(target=work.share, daemon=True) for _ in range(processes)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():
                worker.join(0.1)  # so that Ctrl-C is noticed
    except BaseException:
        work.stop()
        raise
    return [*work.failed, *plan.open]


class _Work:
    """What is shared by the threads that have a process each."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._total = plan.left
        self._changed = threading.Condition()
        self._processes: list[subprocess.Popen[str]] = []
        self._stopped = False
        self.failed: list[str] = []
        report(COMPILING, 0, self._total)

    def share(self) -> None:
        """Give a process one kernel after the other, until none is left or the process ends."""
        with suppress(OSError), self._process() as process:
            while (name := self._next()) is not None:
                answer = _ask(process, name)
                with self._changed:
                    if answer != name:
                        self.failed.append(name)
                    self._plan.done(name)
                    self._changed.notify_all()
                    self._report(COMPILING, self._total - self._plan.left, self._total)
                if answer == "":
                    break
            process.kill()  # which has nothing left to do

    def stop(self) -> None:
        """End the processes."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            for process in self._processes:
                process.kill()

    def _process(self) -> subprocess.Popen[str]:
        with self._changed:
            process = _python("compile_what_is_asked")
            self._processes.append(process)
            return process

    def _next(self) -> str | None:
        with self._changed:
            while not self._stopped and self._plan.left:
                if (name := self._plan.next()) is not None:
                    return name
                self._changed.wait()
        return None


def _python(function: str) -> subprocess.Popen[str]:
    """A process that calls a function of this module."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import {function} as call; call()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C is for this process, which ends the others
        text=True,
        encoding="utf-8",
    )


def _ask(process: subprocess.Popen[str], name: str) -> str:
    """The answer of a process: the name if it has compiled that kernel, nothing if it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        return process.stdout.readline().rstrip("\n")
    except OSError:
        return ""


def compile_what_is_asked() -> None:
    """What the processes do: compile the kernels named on stdin, a line each, and answer with the name or "failed"."""
    import gc

    from cleaners.kernels.warming import compile_by_name

    gc.set_threshold(50_000, 20, 20)  # compilers make many objects, few of them garbage
    for line in sys.stdin:
        try:
            compile_by_name(line.rstrip("\n"))
        except Exception:  # the caller of the kernel sees it
            sys.stdout.write("failed\n")
        else:
            sys.stdout.write(line)
        sys.stdout.flush()
