"""Long output in a terminal, shown by a pager, as git and man do."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO, cast

from flows.report.streams import LossyStream, Screen

#: Options of less: leave at once if all fits on the screen (F), show colours (R), leave the text on the screen (X).
_LESS: Final = "FRX"


@contextmanager
def paged(screen: Screen, *, wanted: bool = True) -> Iterator[Screen]:
    """A screen whose output goes through the pager; without a terminal or a pager, the screen itself.

    The pager is that of the variable PAGER, or else less or more; an empty one and `cat` mean none.
    """
    command = _pager() if wanted and screen.is_terminal and _is_terminal(sys.stdin) else None
    if command is None:
        yield screen
        return
    environment = {"LESS": _LESS, "LESSCHARSET": "utf-8", **os.environ}
    shows_colours = (
        "less" in command and "r" in f"{environment['LESS']} {command.partition('less')[2]}".lower()
    )
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)
    pipe = io.TextIOWrapper(cast(io.BufferedWriter, process.stdin), "utf-8", errors="backslashreplace")
    stream = LossyStream(pipe)
    try:
        yield Screen(
            file=cast(TextIO, stream),
            width=screen.width,
            force_terminal=shows_colours,
            color_system=screen.color_system if shows_colours else None,
        )
    finally:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the pager's until that is left
        try:
            stream.flush()
            pipe.close()
            process.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def _pager() -> str | None:
    """The command line of the pager; None if there is none."""
    if os.environ.get("TERM", "dumb") in ("dumb", "emacs"):
        return None
    if (given := os.environ.get("PAGER")) is not None:
        return None if given.strip() in ("", "cat") else given
    found = shutil.which("less") or shutil.which("more")
    return found and shlex.quote(found)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
