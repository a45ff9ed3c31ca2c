"""Executing a stage for its items: in threads here, as Prefect tasks in `flows.clean`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Protocol, TypeVar

from flows.kernels import processors
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.run.stages import Run

Item = TypeVar("Item")
Result = TypeVar("Result")
Product = TypeVar("Product")

#: Called as a stage progresses, with its name, items done, and total items.
Report = Callable[[str, int, int], None]


class Engine(Protocol):
    """A way to execute stages."""

    report: Report

    def each(
        self, stage: str, function: Callable[[Run, Item], Result], run: Run, items: Sequence[Item]
    ) -> list[Result]:
        """`function(run, item)` for each item; results in the order of the items. Raises what the function raises."""

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
    ) -> list[Product]:
        """The products that `produce(run, item)` yields for each item, in order, after `function(run, product)`.

        Products are processed while later ones are still being made. Raises what either function raises.
        """


class Threads:
    """Executes stages in threads: polars, numba and file reading release the GIL.

    Only one thread makes products, since that is mostly Python code; when it is done it helps with the rest.
    """

    def __init__(self, workers: int, report: Report) -> None:
        self._workers = workers
        self.report = report

    def each(
        self, stage: str, function: Callable[[Run, Item], Result], run: Run, items: Sequence[Item]
    ) -> list[Result]:
        """See `Engine`."""
        self.report(stage, 0, len(items))
        with ThreadPoolExecutor(self._workers) as pool:
            futures = [pool.submit(function, run, item) for item in items]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    future.result()
                    self.report(stage, done, len(items))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
    ) -> list[Product]:
        """See `Engine`."""
        products: list[Product] = []
        futures: list[Future[object]] = []
        stopped = threading.Event()
        first, second = stages

        def make() -> None:
            self.report(first, 0, len(items))
            for done, item in enumerate(items, 1):
                for product in produce(run, item):
                    if stopped.is_set():
                        return
                    products.append(product)
                    futures.append(pool.submit(function, run, product))
                self.report(first, done, len(items))

        with ThreadPoolExecutor(self._workers) as pool:
            try:
                pool.submit(make).result()
                self.report(second, 0, len(futures))
                for done, future in enumerate(as_completed(futures), 1):
                    future.result()
                    self.report(second, done, len(futures))
            except BaseException:
                stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
        return products


def workers(settings: Settings) -> int:
    """The number of workers in the settings; 0 means one per available core."""
    return settings.workers or processors()
