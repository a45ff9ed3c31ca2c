"""Progress of what a run does beside its stages: who hears of it, and in which unit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

#: Called with the name of what is done, what is done of it, and the total.
Report = Callable[[str, int, int], object]

_MEGABYTE: Final = 1_000_000


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report to no one."""


class Megabytes:
    """Reports megabytes of files that several threads move, a file at a time."""

    def __init__(self, report: Report, stage: str, total: int) -> None:
        """Begin a stage that moves a number of bytes."""
        self._report, self._stage, self._total = report, stage, total
        self._lock = threading.Lock()
        self._moved = 0
        self.add(0)

    def add(self, size: int) -> None:
        """Report a file of this size in bytes; the last one ends the stage."""
        with self._lock:
            self._moved += size
            total = -(-self._total // _MEGABYTE)
            done = total if self._moved >= self._total else self._moved // _MEGABYTE
            self._report(self._stage, done, total)
