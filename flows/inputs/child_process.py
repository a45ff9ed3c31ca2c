"""Processes that do what can crash, stall, or take any amount of memory, so that it costs an input and not the run.

They run `child_script`, which sends True when it has started, and then answers requests by the script of a task.
Processes that are done with one are kept for the next.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from typing import Any, Final, NamedTuple

from flows.inputs import child_script
from flows.inputs.bounds import STALL, Unreadable
from flows.inputs.compression import describe


class Task(NamedTuple):
    """What a script does, how long an answer may take, and the errors where there is none."""

    script: str  # its path; it imports nothing of copydesk
    what: str  # it does, as in "the process that decodes Parquet"
    seconds: int
    stalled: str  # with a place for the seconds
    crashed: str  # with a place for how it ended
    environment: Mapping[str, str] = {}


class Child:
    """A process of a task. Its owner says with `is_idle` whether it waits for the next request."""

    def __init__(self, task: Task) -> None:
        """Start it. Raises Unreadable if that is impossible."""
        self._task = task
        self.is_idle = self._has_started = False
        try:
            self._connection, theirs = Pipe()
            with theirs:
                # -P: a module of this folder must not be taken for one of Python's
                command = [sys.executable, "-P", child_script.__file__, str(theirs.fileno()), task.script]
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, **task.environment},
                )
        except OSError as error:
            raise Unreadable(describe(error)) from error

    def ask(self, request: object) -> None:
        """Send the next request. Raises Unreadable if the process does not start, or has crashed."""
        self.is_idle = False
        if not self._has_started:
            with suppress(EOFError, OSError):
                self._has_started = self._connection.poll(STALL) and self._connection.recv()
            if not self._has_started:
                raise Unreadable(f"cannot be read: the process that {self._task.what} does not start")
        self.send(request)

    def send(self, what: object) -> None:
        """Send what belongs to a request. Raises Unreadable if the process has crashed."""
        try:
            self._connection.send(what)
        except OSError:
            raise self._crash() from None

    def answer(self) -> Any:
        """The next answer. Raises Unreadable if there is none in time, or if the process has crashed."""
        try:
            if not self._connection.poll(self._task.seconds):
                raise Unreadable(self._task.stalled.format(self._task.seconds))
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._crash() from None

    def _crash(self) -> Unreadable:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return Unreadable(self._task.crashed.format(how))

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


#: Script -> processes for the next ones. They end when this process does, because their connections are closed.
_idle: Final[defaultdict[str, list[Child]]] = defaultdict(list)


@contextmanager
def lent(task: Task) -> Iterator[Child]:
    """A process of the task, kept for the next one if it is idle in the end. Raises Unreadable if none starts."""
    idle = _idle[task.script]
    child = idle.pop() if idle else Child(task)
    try:
        yield child
    finally:
        if child.is_idle:
            idle.append(child)
        else:
            child.end()


def _end_all() -> None:
    for idle in _idle.values():
        while idle:
            idle.pop().end()


atexit.register(_end_all)
os.register_at_fork(after_in_child=_idle.clear)
