"""Executing the stages of a large run in processes, each with an interpreter of its own.

Threads share one interpreter lock, which reading and cleaning hold for more than a third of their time: more than three
threads gain nothing. A process takes a second to start, so that only large runs with many workers have them. Inputs are
read in this process, and so is a stage of one item processed, since polars has all its threads here.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from flows.errors import CopydeskError
from flows.kernels import processors
from flows.run.engine import COMPARED_WHOLE, WHOLE, Item, Part, Product, Report, Result, Threads

if TYPE_CHECKING:
    from flows.run.stages import Run

#: Workers that threads are enough for: on two cores they are faster than processes for inputs of any size.
FEW: Final = 3
#: Bytes of new input from which on processes pay, times their number.
LARGE: Final = 400_000_000


class Local:
    """Executes stages on this machine: those of a large run in processes, all others in threads; see `engine.Engine`.

    It is a context, which ends the processes.
    """

    def __init__(self, workers: int, report: Report, large: int = LARGE) -> None:
        """`large` is the size of a large run, in bytes, for one worker."""
        self._workers = workers
        self._large = large
        self._threads = Threads(workers, report)
        self._processes: Processes | None = None
        self._stack = ExitStack()
        self.report = report
        self.compared_whole = COMPARED_WHOLE

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def elsewhere(self) -> float:
        """See `Engine`."""
        return self._processes.elsewhere if self._processes else 0.0

    def each(
        self,
        stage: str,
        function: Callable[[Run, Item], Result],
        run: Run,
        items: Sequence[Item],
        part: Part = WHOLE,
    ) -> list[Result]:
        """See `Engine`."""
        return (self._processes or self._threads).each(stage, function, run, items, part)

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
        sizes: Sequence[int],
    ) -> list[Product]:
        """See `Engine`."""
        if os.name == "posix" and self._workers > FEW and sum(sizes) * self._workers >= self._large:
            self._processes = self._stack.enter_context(Processes(self._workers, self.report, run))
        return (self._processes or self._threads).chain(stages, produce, function, run, items, sizes)


class Processes:
    """Executes the stages of one run in processes; see `engine.Engine`. It is a context, which ends them."""

    def __init__(self, workers: int, report: Report, run: Run) -> None:
        """Start the processes, which are soon ready."""
        self.report = report
        self.compared_whole = COMPARED_WHOLE
        # one more, which reads
        self._threads = Threads(workers + 1, report)
        self._workers = [_Worker(run, max(1, processors() // workers)) for _ in range(workers)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.end()

    @property
    def elsewhere(self) -> float:
        """See `Engine`."""
        return sum(worker.seconds for worker in self._workers)

    def each(
        self,
        stage: str,
        function: Callable[[Run, Item], Result],
        run: Run,
        items: Sequence[Item],
        part: Part = WHOLE,
    ) -> list[Result]:
        """See `Engine`."""
        if len(items) < 2:
            return self._threads.each(stage, function, run, items, part)
        return self._threads.each(stage, self._elsewhere(function), run, items, part)

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
        sizes: Sequence[int],
    ) -> list[Product]:
        """See `Engine`."""
        return self._threads.chain(stages, produce, self._elsewhere(function), run, items, sizes)

    def _elsewhere(self, function: Callable[[Run, Item], Result]) -> Callable[[Run, Item], Result]:
        """The function, executed by a process that is idle."""

        def call(_run: Run, item: Item) -> Result:
            worker = self._idle.get()
            try:
                result: Result = worker.call(function, item)
            finally:
                self._idle.put(worker)
            return result

        return call


class _Worker:
    """A process that works for a run."""

    def __init__(self, run: Run, threads: int) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            # -P: a module of the current folder must not be taken for one of Python's
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", f"from {__name__} import work; work({number})"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "POLARS_MAX_THREADS": f"{threads}",
                },
                start_new_session=True,  # Ctrl-C is for the run's process, which ends this one
            )
        self.seconds = 0.0  # of CPU time, up to its last answer
        self._is_told = threading.Event()
        pickled = pickle.dumps(replace(run, advance=abs))
        # by a thread, as the process takes a moment to start
        threading.Thread(target=self._tell, args=(pickled,), daemon=True).start()

    def _tell(self, run: bytes) -> None:
        with suppress(OSError):
            self._connection.send_bytes(run)
        self._is_told.set()

    def call(self, function: Callable[[Run, Item], Result], item: Item) -> Result:
        """What the function returns. Raises what it raises, and CopydeskError if the process has ended."""
        self._is_told.wait()
        try:
            self._connection.send((function, item))
            is_done, answer, self.seconds = self._connection.recv()
        except (EOFError, OSError):
            raise CopydeskError(
                f"a process of this run was ended ({self._how_it_ended()}). If memory was short, set fewer workers; if "
                "native code crashed, the next run finds the input or record that caused it, and rejects it"
            ) from None
        if not is_done:
            raise answer
        result: Result = answer
        return result

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


def work(number: int) -> None:
    """Execute stages for the run that another process sends through this descriptor, until that process ends."""
    connection = Connection(number)
    with suppress(EOFError, OSError):
        run: Run = pickle.loads(connection.recv_bytes())
        from cleaners.language.model import preload
        from flows.dataset.crashes import watched
        from flows.printable import make_logs_printable

        make_logs_printable()  # they reach the terminal of the run
        if run.settings.language.enabled:
            threading.Thread(target=preload, daemon=True).start()
        with watched(run.staging, f"-{os.getpid()}"):
            while True:
                function, item = connection.recv()
                connection.send((*_answer(function, run, item), time.process_time()))


def _answer(function: Callable[[Run, Any], Any], run: Run, item: Any) -> tuple[bool, Any]:
    """(True, what the function returns), or (False, what it raises)."""
    try:
        return True, function(run, item)
    except Exception as error:
        where = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # some cannot be pickled, or not be made again
            error = CopydeskError(f"{type(error).__name__}: {error}")
        error.add_note(where)
        return False, error
