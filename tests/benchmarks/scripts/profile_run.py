"""Where the time of a run goes: processor seconds by step, and by function of copydesk's own.

    python profile_run.py REPORT.json ARGUMENTS-OF-COPYDESK...

A thread looks every other millisecond which functions the others are in, and gives them what the process has spent
since it last looked; ask for one worker, so that only one is at work. A step is the function of a cleaner that a flow
calls, with all that it calls, in threads of its own, too, or else the function of a flow; to a function belongs what it
and the packages that it calls take, without what other functions of copydesk do.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

SECONDS = 0.002
WAITING = ("threading.py", "queue.py", "selectors.py", "_base.py", "futures/thread.py")


class Sampler(threading.Thread):
    """Counts the processor seconds of the functions of `cleaners` and `flows`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.functions: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self._ended = threading.Event()

    def run(self) -> None:
        """Looks, until `stop`."""
        last = time.process_time()
        while not self._ended.wait(SECONDS):
            now = time.process_time()
            frames = [frame for ident, frame in sys._current_frames().items() if ident != self.ident]
            working = [frame for frame in frames if _works(frame)]
            called = [frame for frame in frames if _is_called_by_flow(frame)]
            for frame in working:
                function = _place(frame)[1]
                # a thread that a cleaner has started belongs to the step that waits for it
                step = _place(frame if frame in called or not called else called[0])[0]
                self.steps[step] += (now - last) / len(working)
                self.functions[function] += (now - last) / len(working)
            if working:
                last = now

    def stop(self) -> None:
        """Looks no more."""
        self._ended.set()
        self.join()


def _works(frame: FrameType) -> bool:
    """Whether a thread does anything but wait for another."""
    return not frame.f_code.co_filename.endswith(WAITING)


def _is_called_by_flow(frame: FrameType) -> bool:
    """Whether a cleaner is at work or waits here, and a flow has called it."""
    modules = [module for module, _ in _names(frame)]
    return (
        bool(modules) and modules[-1].startswith("flows") and any(m.startswith("cleaners") for m in modules)
    )


def _names(frame: FrameType | None) -> list[tuple[str, str]]:
    """(module, function) of copydesk's own frames in a stack, from the innermost, which is given."""
    names = []
    while frame:
        module = frame.f_globals.get("__name__") or ""
        if module.startswith(("cleaners", "flows")):
            names.append((module, frame.f_code.co_name))
        frame = frame.f_back
    return names


def _place(frame: FrameType) -> tuple[str, str]:
    """(step, function) of a stack of frames, whose innermost is given."""
    names = _names(frame)
    if not names or names[0] == ("flows.cli", "main") or any(name == "<module>" for _, name in names):
        return "start-up", "start-up"
    named = [f"{module}.{name}" for module, name in names if not name.startswith("<")]
    step = next((name for name in reversed(named) if name.startswith("cleaners")), named[0])
    return step, named[0]


report, *arguments = sys.argv[1:]
sys.argv = ["copydesk", *arguments]
sampler = Sampler()
sampler.start()
from flows.cli import main  # noqa: E402 - its import is part of what is measured

try:
    main()
except SystemExit as end:
    if end.code:
        raise
finally:
    sampler.stop()
found = {"functions": dict(sampler.functions.most_common()), "steps": dict(sampler.steps.most_common())}
Path(report).write_text(json.dumps(found))
