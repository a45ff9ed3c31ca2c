"""A stopwatch for scripts: what each stage took, in seconds of the clock and of the processors."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path


class Laps:
    """Call it with a stage's name at the end of every stretch of that stage."""

    def __init__(self) -> None:
        self._stages: dict[str, list[float]] = {}
        self._last = self._now()

    def __call__(self, stage: str) -> None:
        """The time since the last call, or since the beginning, was this stage's."""
        now = self._now()
        spent = self._stages.setdefault(stage, [0.0, 0.0])
        spent[0] += now[0] - self._last[0]
        spent[1] += now[1] - self._last[1]
        self._last = now

    def write(self, path: str, paragraphs: int, kept: int) -> None:
        """Write the stages, and how many paragraphs came and stayed, as JSON."""
        stages = {name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in self._stages.items()}
        Path(path).write_text(json.dumps({"stages": stages, "paragraphs": paragraphs, "kept": kept}))

    @staticmethod
    def _now() -> tuple[float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime
