"""Parquet: one document per row.

A crafted file can crash the native code that decodes it, or make it take any amount of memory. So that happens in
another process, which is kept for the next file: see `worker`.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Final

from flows.inputs.bounds import ROW, SMALL, STALL, Unreadable
from flows.inputs.compression import describe, opened
from flows.inputs.parquet_files import worker as parquet_worker
from flows.inputs.reader import Input, Options, Row, growth_of, local_file, require_text_column, to_row
from flows.inputs.records.documents import Rejected
from flows.inputs.tracing import Trace

#: Memory for decoding a file that needs none, in bytes.
BASE: Final = 256_000_000
#: The last bytes of a file; PARE if its footer is encrypted.
_ENDS: Final = (b"PAR1", b"PARE")


def read_parquet(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row, read in batches; what is compressed or behind a URL is first copied to a temporary file."""
    number = 0
    if given.path and "://" not in given.path and not trace.compression:
        _require_footer(given.path)
    with local_file(given, options, trace) as path:
        try:
            opened(path).close()
            size = Path(path).stat().st_size
        except OSError as error:
            raise Unreadable(describe(error)) from error
        if not size:
            raise Unreadable("no text: the file is empty")
        growth = growth_of(given.size if trace.compression else size, options)
        try:
            for record in _records(path, size, options):
                number += 1
                uri = f"{given.uri}#{number}"
                if isinstance(record, str):
                    yield Rejected(uri, f"row {number}: {record}"), 0
                    continue
                row, length = to_row(record, options.fields, uri, "utf-8")
                growth.add(length + ROW, "Parquet")
                yield row, length
        except Unreadable as error:
            raise Unreadable(f"{error} after row {number}" if number else str(error)) from error


def _require_footer(path: str) -> None:
    """Raise Unreadable if a file does not end as Parquet does, before all of it is read."""
    try:
        file = opened(path)
    except OSError as error:
        raise Unreadable(describe(error)) from error
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4))
        if size and file.read() not in _ENDS:
            raise Unreadable("damaged Parquet (it does not end with PAR1)")


def _records(path: str, size: int, options: Options) -> Iterator[dict[str, Any] | str]:
    """The rows; for one that cannot be decoded, what is wrong with it."""
    memory = BASE + 4 * max(SMALL, size * options.settings.max_ratio)
    worker = _idle.pop() if _idle else _Worker()
    try:
        worker.ask((path, memory))
        names = worker.answer()
        is_wanted = options.fields.hold_text(names)
        worker.send(is_wanted)
        worker.is_idle = not is_wanted
        require_text_column(names, options.fields)
        while (rows := worker.answer()) is not None:
            for values in rows:
                yield values if isinstance(values, str) else dict(zip(names, values, strict=True))
        worker.is_idle = True
    finally:
        if worker.is_idle:
            _idle.append(worker)
        else:
            worker.end()


class _Worker:
    """A process that decodes Parquet files, one at a time. Raises Unreadable if it ends before its time."""

    def __init__(self) -> None:
        try:
            self._connection, theirs = Pipe()
            with theirs:
                # -P: a module of this folder must not be taken for one of Python's
                command = [sys.executable, "-P", parquet_worker.__file__, str(theirs.fileno())]
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    # pandas writes zones such as "+05:30", which polars does not know
                    env={**os.environ, "POLARS_IGNORE_TIMEZONE_PARSE_ERROR": "1"},
                )
        except OSError as error:
            raise Unreadable(describe(error)) from error
        self.is_idle = self._has_started = False

    def ask(self, request: tuple[str, int]) -> None:
        """Send the next request."""
        self.is_idle = False
        if not self._has_started:
            with suppress(EOFError, OSError):
                self._has_started = self._connection.poll(STALL) and self._connection.recv()
            if not self._has_started:
                raise Unreadable("cannot be read: the process that decodes Parquet does not start")
        self.send(request)

    def send(self, what: object) -> None:
        """Send it; raises Unreadable if the process has crashed."""
        try:
            self._connection.send(what)
        except OSError:
            raise self._crash() from None

    def answer(self) -> Any:
        """The next answer; raises Unreadable if it is an error, or if the process has crashed."""
        try:
            if not self._connection.poll(STALL):
                raise Unreadable(f"damaged Parquet (not decoded within {STALL} seconds)")
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise self._crash() from None
        if isinstance(answer, str):
            self.is_idle = True
            raise Unreadable(answer)
        return answer

    def _crash(self) -> Unreadable:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return Unreadable(
            f"damaged Parquet (decoding it ended with {how}: it crashes the decoder, or takes too much memory)"
        )

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


#: Processes for the next files. They end when this process does, because their connections are closed.
_idle: Final[list[_Worker]] = []


def _end_all() -> None:
    while _idle:
        _idle.pop().end()


atexit.register(_end_all)
os.register_at_fork(after_in_child=_idle.clear)
