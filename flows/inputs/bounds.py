"""What one input may cost: how deep it may nest, and how far it may grow."""

from __future__ import annotations

import mmap
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

#: Of nested lists and objects in records and front matter: well below what parsers bear.
MAX_DEPTH: Final = 300
SMALL: Final = 16_000_000  # bytes that any file may grow to, however small it is,
ALL_SMALL: Final = 4 * SMALL  # and bytes that all files read together may grow to beyond their ratio
ROW: Final = (
    100  # bytes that a row of a table counts beside its content: it can be empty, and still be a row here
)
MEGABYTE: Final = 1_000_000
LARGE: Final = 8 * MEGABYTE  # bytes of a document for which memory is asked for before it is processed,
MEMORY: Final = 24  # and bytes of memory for each of them, until it is published
STALL: Final = 120  # seconds that a storage, or the process that decodes Parquet, may take for an answer

_Answer = TypeVar("_Answer")


class Unreadable(Exception):
    """A file cannot be read, or not to its end; the message says why."""


class Reserve:
    """What the files that are read together have left of `ALL_SMALL`: many small bombs are one large one."""

    def __init__(self) -> None:
        self.left = ALL_SMALL


class Growth:
    """How many bytes come out of a file, of a known number of bytes."""

    def __init__(
        self,
        size: int,
        max_ratio: int,
        max_megabytes: int,
        reserve: Reserve | None = None,
        within: Growth | None = None,
    ) -> None:
        """`within` are the bounds of the archive that the file is in; they hold for all that comes out of it."""
        self.size = size  # of the file
        self.is_exceeded = False
        self._within = within
        self._ratio, self._most = max_ratio, max_megabytes * MEGABYTE
        self._reserve = reserve or Reserve()
        self._total = 0  # bytes that came out
        self._beyond = 0  # of these, more than the ratio allows

    def add(self, length: int, kind: str) -> None:
        """Count bytes that come out of data of that kind; raises Unreadable if there are too many."""
        if self._within is not None:
            self._within.add(length, kind)
        self._total += length
        if self._total > self._most:
            self.is_exceeded = True
            raise Unreadable(
                f"{kind} data that grows to more than {self._most // MEGABYTE} MB ([inputs] max_file_megabytes)"
            )
        beyond = self._total - self.size * self._ratio
        if beyond > self._beyond:
            self._reserve.left -= beyond - self._beyond
            self._beyond = beyond
            if self._total > SMALL or self._reserve.left < 0:
                self.is_exceeded = True
                raise Unreadable(
                    f"{kind} data that grows to more than {self._ratio} times its size: perhaps a decompression bomb "
                    "([inputs] max_ratio)"
                )


def too_deep(what: str) -> str:
    """The error of something that is nested too deep."""
    return f"{what} nested more than {MAX_DEPTH} levels deep"


def beyond_memory(length: int) -> str | None:
    """The error of a document of that length in bytes if there is not enough memory for it, else None.

    Native code ends the whole process if it gets no memory, so that has to be known before.
    """
    if length <= LARGE:
        return None
    needed = MEMORY * length
    try:
        mmap.mmap(-1, needed).close()  # reserved, never used: fails under `ulimit -v`
    except (OSError, ValueError, OverflowError):
        left = 0.0
    else:
        left = _memory_left()
    if needed <= left:
        return None
    return (
        f"a document of {length // MEGABYTE} MB takes {needed // MEGABYTE} MB of memory, more than there is"
    )


def _memory_left() -> float:
    """Bytes that this process may still use, by its control group and the machine; infinite where neither says."""
    left = float("inf")
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        left = int(next(one for one in lines if one.startswith("MemAvailable:")).split()[1]) * 1024
    with suppress(OSError, ValueError, StopIteration):
        group = Path("/sys/fs/cgroup", Path("/proc/self/cgroup").read_text().split("::/")[1].strip())
        for folder in (group, *group.parents):
            if folder == Path("/sys/fs"):
                break
            if (folder / "memory.max").exists() and (
                most := (folder / "memory.max").read_text().strip()
            ) != "max":
                used = int((folder / "memory.current").read_text())
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                left = min(left, int(most) - used + int(stat.get("file", 0)))
    return left


def answer_in_time(ask: Callable[..., _Answer], *arguments: Any, **options: Any) -> _Answer:
    """What a call returns or raises; OSError if that takes longer than `STALL`. The call is then left to itself."""
    answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put((True, ask(*arguments, **options)))
        except BaseException as error:
            answers.put((False, error))

    threading.Thread(target=call, daemon=True).start()
    try:
        is_answer, answer = answers.get(timeout=STALL)
    except queue.Empty:
        raise OSError(f"no answer within {STALL} seconds") from None
    if not is_answer:
        raise answer
    found: _Answer = answer
    return found
