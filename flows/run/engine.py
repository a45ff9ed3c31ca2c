"""Executing a stage for its items: in threads here, as Prefect tasks in `flows.clean`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from flows.kernels import processors
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.run.stages import Run

Item = TypeVar("Item")
Result = TypeVar("Result")
Product = TypeVar("Product")

#: Called as a stage progresses, with its name, items done, and total items.
Report = Callable[[str, int, int], None]


#: The share of a run that is complete when a stage is done, in percent, measured on news corpora with two cores.
DONE_AFTER: Final = {
    "read": 10,
    "clean": 68,
    "count": 69,
    "shingle_frequencies": 71,
    "remove": 82,
    "compare": 88,
    "split": 100,
}


#: What each stage does, in words.
DOING: Final = {
    "read": "reading and cleaning",
    "clean": "reading and cleaning",
    "count": "counting lines",
    "shingle_frequencies": "counting shingles",
    "remove": "removing repeated lines",
    "compare": "comparing paragraphs",
    "split": "writing tables",
}


#: Paragraphs of a run up to which one task compares them all: that takes the least work, and up to 1 GB of memory.
COMPARED_WHOLE: Final = 1 << 21


class Part(NamedTuple):
    """One of several calls that make up a stage, which is reported as a whole."""

    number: int
    of: int

    def report(self, report: Report, stage: str, done: int, total: int) -> None:
        """Report the items of this part that are done as a share of the stage."""
        report(stage, self.number * total + done, self.of * total)


WHOLE: Final = Part(0, 1)


class Engine(Protocol):
    """A way to execute stages."""

    report: Report
    #: Paragraphs of a run up to which one task compares them all; more are compared in groups.
    compared_whole: int

    @property
    def elsewhere(self) -> float:
        """CPU seconds that processes of this machine other than this one have spent on stages, as far as is known."""

    def each(
        self,
        stage: str,
        function: Callable[[Run, Item], Result],
        run: Run,
        items: Sequence[Item],
        part: Part = WHOLE,
    ) -> list[Result]:
        """`function(run, item)` for each item; results in the order of the items. Raises what the function raises.

        What is done is reported as that of a `part` of the stage.
        """

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
        sizes: Sequence[int],
    ) -> list[Product]:
        """The products that `produce(run, item)` yields for each item, in order, after `function(run, product)`.

        Products are processed while later ones are still being made. `sizes` are the bytes of the items. Raises what
        either function raises.
        """


class Threads:
    """Executes stages in threads: polars, numba and file reading release the GIL.

    Only one thread makes products, since that is mostly Python code; when it is done it helps with the rest. The
    progress of a chain is reported in bytes.
    """

    def __init__(self, workers: int, report: Report) -> None:
        self._workers = workers
        self.report = report
        self.compared_whole = COMPARED_WHOLE
        self.elsewhere = 0.0

    def each(
        self,
        stage: str,
        function: Callable[[Run, Item], Result],
        run: Run,
        items: Sequence[Item],
        part: Part = WHOLE,
    ) -> list[Result]:
        """See `Engine`."""
        part.report(self.report, stage, 0, len(items))
        run = replace(run, report=self.report)
        with _pool(self._workers) as pool:
            futures = [pool.submit(function, run, item) for item in items]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                part.report(self.report, stage, done, len(items))
        return [future.result() for future in futures]

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
        products: list[Product] = []
        futures: list[Future[object]] = []
        stopped = threading.Event()
        first, second = stages
        total = sum(sizes)
        made = taken = 0  # bytes that were read, and those of them that are in products
        processed: list[int] = []  # the bytes of each product that is finished

        def advance(size: int) -> None:
            nonlocal made
            made += size
            self.report(first, min(made, total), total)

        def finish(size: int, future: Future[object]) -> None:
            if not future.cancelled():
                processed.append(size)
                self.report(second, min(sum(processed), total), total)

        def make() -> None:
            nonlocal taken
            self.report(first, 0, total)
            for item in items:
                for product in produce(replace(run, advance=advance), item):
                    if stopped.is_set():
                        return
                    products.append(product)
                    future = pool.submit(function, run, product)
                    future.add_done_callback(partial(finish, made - taken))
                    futures.append(future)
                    taken = made
            self.report(first, total, total)

        with _pool(self._workers) as pool:
            try:
                pool.submit(make).result()
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                stopped.set()
                raise
        self.report(second, total, total)
        return products


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads, in which nothing more begins after an exception.

    Ctrl-C does not wait for what is running: each thread writes only into the staging folder of its run, and the
    process will end.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=not isinstance(error, KeyboardInterrupt), cancel_futures=True)
        raise
    pool.shutdown()


def workers(settings: Settings) -> int:
    """The number of workers in the settings; 0 means one per available core."""
    return settings.workers or processors()
