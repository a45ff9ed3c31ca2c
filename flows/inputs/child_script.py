"""What every process of `child_process` runs, with the descriptor of its connection and the script of its task.

It imports nothing of copydesk, because it should start fast. The script has a function `answer`: it is given the
connection and what was asked, and sends what it answers. With each request comes the size of the address space that it
may take beyond what the process has.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path


def main() -> None:
    """Answer requests until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a crash is reported by the run
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # if memory runs out, Linux ends this process and not the run
        Path("/proc/self/oom_score_adj").write_text("1000")
    connection = Connection(int(sys.argv[1]))
    answer = _answer_of(sys.argv[2])
    with suppress(EOFError, BrokenPipeError):
        connection.send(True)
        while True:
            allowance, *request = connection.recv()
            _limit_memory(allowance)
            answer(connection, *request)


def _answer_of(script: str) -> Callable[..., None]:
    spec = importlib.util.spec_from_file_location("task", script)
    if spec is None or spec.loader is None:
        raise ImportError(script)
    task = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(task)
    answer: Callable[..., None] = task.answer
    return answer


def _limit_memory(allowance: int) -> None:
    """Limit this process to that number of bytes more than it has; without effect where the system cannot."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        used = int(next(line for line in lines if line.startswith("VmData:")).split()[1]) * 1024
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = used + allowance
        resource.setrlimit(
            resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )


if __name__ == "__main__":
    main()
