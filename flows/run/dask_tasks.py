"""The stages of a run as tasks on the workers of Dask.

The run's process executes nothing but the plan. Each task run waits in a thread there for what a worker does, so that
one that was retried may be done by another worker. If Prefect keeps a record of task runs, it is from there: workers
need neither Prefect nor its API, which may be a temporary one.

Each worker has as many tasks as it has threads, one by default, and
no more are sent out: which stage comes next is decided when a worker is free. Shards are cleaned first, and while there
are none, further batches are read, so that reading and cleaning overlap, and what waits on the disk is bounded.
"""

from __future__ import annotations

import logging
import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from distributed import CancelledError
from distributed.scheduler import KilledWorker

from flows.dataset.index import FEW
from flows.errors import CopydeskError, message_of
from flows.run.dask_cluster import fit, oversubscribed, scheduler
from flows.run.dask_worker import Work, perform, store
from flows.run.engine import WHOLE, Item, Part, Product, Report, Result, workers
from flows.run.stages import Run
from flows.run.task_runs import MOST, Record, TaskRun, name_of
from flows.settings import Settings
from flows.settings.model import Engine

#: Seconds for which a run waits for a worker, at its begin and when it has lost all.
PATIENCE: Final = 600.0
#: Seconds between two looks at which workers there are.
LOOK: Final = 1.0
#: A task is given up after that many workers have died of it.
MOST_DEATHS: Final = 4
_log: Final = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    """One stage of one item."""

    stage: str
    work: Work
    number: tuple[int, ...]  # its place in the order of results
    size: int = 0  # bytes of input
    deaths: int = 0  # of workers that executed it


class _Done(NamedTuple):
    job: _Job
    future: TaskRun


class _Made(NamedTuple):
    """A product of a job that continues."""

    job: _Job
    number: int
    product: Any
    read: int  # bytes of its item, up to its end


class DaskTasks:
    """Executes stages on the workers of a scheduler, which is asked for when there is something to do.

    See `engine.Engine`.
    """

    def __init__(self, settings: Settings, local: int, report: Report, record: Record) -> None:
        """Let workers be as `[engine]` says, or `local` processes on this machine, if that is not 0."""
        self.report = report
        self.compared_whole = FEW  # a larger run reads the whole index in any case
        self.elsewhere = 0.0  # a task of a worker does not say
        self._record = record
        self._engine = Engine(task_runner="dask") if local else settings.engine
        self._workers = local or workers(settings)  # of a local cluster
        self._stack = ExitStack()
        self._client: Any = None
        self._on_workers: set[Any] = set()  # futures of Dask
        self._stored: tuple[Run, Path] | None = None
        self._events: queue.SimpleQueue[_Done | _Made] = queue.SimpleQueue()
        self._making: dict[int, _Job] = {}
        self._topic = f"copydesk-{uuid.uuid4().hex}"
        self._fit: dict[str, str] = {}  # address of a worker -> why it is not, "" if it is
        self._threads = 0  # of all workers
        self._looked = self._seen = 0.0  # when workers were looked for, and found

    def __enter__(self) -> DaskTasks:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def each(
        self,
        stage: str,
        function: Callable[[Run, Item], Result],
        run: Run,
        items: Sequence[Item],
        part: Part = WHOLE,
    ) -> list[Result]:
        """See `Engine`."""
        done: dict[tuple[int, ...], Any] = {}
        jobs = [_Job(stage, Work(function, item), (number,)) for number, item in enumerate(items)]
        for job, result in self._results(run, deque(jobs)):
            done[job.number] = result
            part.report(self.report, stage, len(done), len(items))
        return [done[number] for number in sorted(done)]

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
        sizes: Sequence[int],
    ) -> list[Product]:
        """See `Engine`; products are processed while the item that they come from is still being read."""
        self._record.start(run.run_id)
        first, second = stages
        total, is_read, processed = sum(sizes), [0] * len(items), 0
        products: dict[tuple[int, ...], Any] = {}
        urgent: deque[_Job] = deque()
        waiting = deque(
            _Job(first, Work(produce, item, self._topic, number), (number,), size)
            for number, (item, size) in enumerate(zip(items, sizes, strict=True))
        )

        def take(maker: _Job, number: int, product: Any, read: int) -> None:
            place = (*maker.number, number)
            if place not in products:
                new = max(read - is_read[maker.number[0]], 0)
                is_read[maker.number[0]] += new
                products[place] = product
                urgent.append(_Job(second, Work(function, product), place, new))
                self.report(first, min(sum(is_read), total), total)

        self.report(first, 0, total)
        for job, result in self._results(run, waiting, urgent, take):
            if job.stage == first:
                for number, product in enumerate(result):
                    take(job, number, product, job.size)
            else:
                processed += job.size
                self.report(second, min(processed, total), total)
        self.report(first, total, total)
        self.report(second, total, total)
        return [products[place] for place in sorted(products)]

    def _results(
        self,
        run: Run,
        waiting: deque[_Job],
        urgent: deque[_Job] | None = None,
        take: Callable[[_Job, int, Any, int], None] = lambda _job, _number, _product, _read: None,
    ) -> Iterator[tuple[_Job, Any]]:
        """Each job with its result, as soon as it is done; `take` is given products of jobs that continue.

        Meanwhile, jobs may be added to `urgent`, which go first.
        """
        urgent = deque() if urgent is None else urgent
        stored = self._start(run)
        running: dict[_Job, TaskRun] = {}
        try:
            while urgent or waiting or running:
                free = min(self._look_for_workers(stored), MOST) - len(running)
                while free > 0 and (urgent or waiting):
                    job = (urgent or waiting).popleft()
                    running[job] = self._submit(job, stored)
                    free -= 1
                try:
                    event = self._events.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if isinstance(event, _Made):
                    if event.job in running:
                        take(*event)
                    continue
                job = event.job
                if running.get(job) is not event.future:  # of a stage that failed
                    continue
                del running[job]
                yield job, event.future.result()
        finally:
            self._cancel()

    def _cancel(self) -> None:
        """Let no thread wait any more for what workers do."""
        with suppress(Exception):  # the scheduler may be lost
            self._client.cancel(list(self._on_workers))

    def _submit(self, job: _Job, stored: Path) -> TaskRun:
        if job.work.topic:
            self._making[job.work.number] = job
        future = self._record.submit(job.stage, job.work.item, lambda: self._on_worker(stored, job))
        future.add_done_callback(lambda _: self._events.put(_Done(job, future)))
        return future

    def _on_worker(self, stored: Path, job: _Job) -> Any:
        """What a worker makes of a job; in the thread of its task run."""
        while True:
            key = f"{job.stage}-{uuid.uuid4().hex}"
            future = self._client.submit(perform, str(stored), pickle.dumps(job.work), key=key, pure=False)
            self._on_workers.add(future)
            try:
                return future.result()
            except CancelledError as error:
                raise CopydeskError(f"{_place(self._client)} was lost, or the run has ended") from error
            except KilledWorker as error:
                job.deaths += error.allowed_failures + 1
                if job.deaths >= MOST_DEATHS:
                    raise _killed(job, error) from error
            finally:
                self._on_workers.discard(future)
                future.release()  # otherwise Dask does it again if the worker that keeps the result is lost

    def _start(self, run: Run) -> Path:
        """Store what tasks need to know of the run; ask for the scheduler and its workers at the first time."""
        if self._stored is not None and self._stored[0] is run:
            return self._stored[1]
        stored = store(run, 0 if self._stored is None else 1)
        self._stored = run, stored
        if self._client is None:
            # which says much, and Prefect prints it
            logging.getLogger("distributed").setLevel(logging.WARNING)
            address = self._stack.enter_context(scheduler(self._engine, self._workers))
            self._client = self._stack.enter_context(_connected(address, self._record, self._engine))
            self._client.subscribe_topic(self._topic, self._hear)
            self._stack.callback(self._client.unsubscribe_topic, self._topic)
            self._stack.enter_context(self._record)
            self._stack.callback(self._cancel)  # before the record waits for its threads
            self._seen = time.monotonic()
        return stored

    def _hear(self, event: tuple[float, bytes]) -> None:
        """Pass on what a worker announced."""
        item, *made = pickle.loads(event[1])
        self._events.put(_Made(self._making[item], *made))

    def _look_for_workers(self, stored: Path) -> int:
        """How many tasks may run; new workers are asked whether they can work for the run.

        At first, each of them must. Later, one that cannot is sent away.
        """
        if time.monotonic() - self._looked >= LOOK:
            client = self._client
            workers = {address: one["nthreads"] for address, one in _info(client)["workers"].items()}
            if new := [address for address in workers if address not in self._fit]:
                answers = fit(client, new, stored)
                problems = {address: answer for address, answer in answers.items() if answer}
                if not self._fit:
                    if problems:
                        raise CopydeskError(*sorted(problems.values()))
                    if warning := oversubscribed(client, new):
                        _log.warning("%s", warning)
                elif problems:
                    _log.warning("not used: %s", "; ".join(problems.values()))
                    client.retire_workers(list(problems), close_workers=True)
                self._fit |= answers
            self._threads = sum(n for address, n in workers.items() if self._fit.get(address) == "")
            self._looked = time.monotonic()
            if self._threads:
                self._seen = self._looked
            elif self._looked - self._seen > PATIENCE:
                raise CopydeskError(f"no worker was at {_place(client)} for {PATIENCE:.0f} seconds")
        return self._threads


@contextmanager
def _connected(address: str, record: Record, engine: Engine) -> Iterator[Any]:
    """A client of the scheduler with this address; raises CopydeskError if it does not answer."""
    with ExitStack() as stack:
        try:
            client = stack.enter_context(record.connect(address, engine.dask_timeout))
        except (OSError, ValueError) as error:
            raise CopydeskError(
                f"no scheduler of Dask answers at {address} within {engine.dask_timeout:g} seconds "
                f"({message_of(error)}): start one with `dask scheduler`, or correct [engine] dask_address; if it is "
                "slow to answer, raise [engine] dask_timeout"
            ) from error
        yield client


def _info(client: Any) -> dict[str, Any]:
    """What the scheduler knows of its workers."""
    try:
        info: dict[str, Any] = client.scheduler_info(n_workers=-1)
    except OSError as error:
        raise CopydeskError(f"{_place(client)} was lost") from error
    return info


def _place(client: Any) -> str:
    return f"the scheduler of Dask {client.scheduler.address}"


def _killed(job: _Job, error: KilledWorker) -> CopydeskError:
    return CopydeskError(
        f"{name_of(job.stage, job.work.item)}: {job.deaths} workers of Dask died one after the other while they did "
        f"this, the last one at {error.last_worker.address}: see their logs. If native code crashed, the next run "
        "finds the input or record that caused it, and rejects it"
    )
