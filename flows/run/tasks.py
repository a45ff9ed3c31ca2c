"""The stages of a run as Prefect tasks on the task runner of the current flow.

Annotations are no strings here, as Prefect reads those of a task.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task
from prefect.utilities.annotations import quote

from flows.run.artifacts import Progress
from flows.run.engine import COMPARED_WHOLE, WHOLE, Item, Part, Product, Report, Result
from flows.run.stages import Run
from flows.run.task_runs import MOST, RETRY_DELAYS, is_transient, name_of


def _is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except Exception as error:
        return is_transient(error)
    return False


@task(retry_condition_fn=_is_transient, cache_policy=NO_CACHE, persist_result=False)
def stage_of(function: Callable[[Any, Any], Any], run: Any, item: Any) -> Any:
    """One stage of one item."""
    return function(run, item)


class Tasks:
    """Executes stages as Prefect tasks, on the task runner of the current flow; see `engine.Engine`.

    At most `workers` tasks run at a time, whatever the task runner allows, because memory grows with the number of
    shards in progress.
    """

    def __init__(self, workers: int, progress: Progress) -> None:
        self._free = threading.Semaphore(workers)
        self._progress = progress
        self.report: Report = progress
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
        """One task per item."""
        futures = [self._submit(stage, function, run, item) for item in items]
        return self._results(stage, futures, part)

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
        sizes: Sequence[int],  # noqa: ARG002 - each task is reported
    ) -> list[Product]:
        """One task per item, and one for each of its products as soon as that item's task is done."""
        self._progress.start(run.run_id)
        first, second = stages
        products: list[Product] = []
        futures = []
        ahead = [self._submit(first, _produced, run, (produce, item)) for item in items[:1]]
        for number in range(len(items)):
            made = ahead.pop().result()
            self.report(first, number + 1, len(items))
            ahead = [
                self._submit(first, _produced, run, (produce, item))
                for item in items[number + 1 : number + 2]
            ]
            for product in made:
                products.append(product)
                futures.append(self._submit(second, function, run, product))
        self._results(second, futures)
        return products

    def _submit(
        self, stage: str, function: Callable[[Run, Any], Any], run: Run, item: Any
    ) -> PrefectFuture[Any]:
        self._free.acquire()
        future = task_of(stage, item).submit(quote(function), quote(run), quote(item))
        future.add_done_callback(lambda _: self._free.release())
        return future

    def _results(self, stage: str, futures: Sequence[PrefectFuture[Any]], part: Part = WHOLE) -> list[Any]:
        results = []
        for done, future in enumerate(futures, 1):
            results.append(future.result())
            part.report(self.report, stage, done, len(futures))
        return results


def _produced(run: Run, item: tuple[Callable[[Run, Any], Iterable[Product]], Any]) -> list[Product]:
    produce, source = item
    return list(produce(run, source))


def task_of(stage: str, item: object) -> Task[..., Any]:
    """The task of one stage of one item; Prefect searches its arguments for futures, unless they are quoted."""
    return stage_of.with_options(
        name=stage,
        task_run_name=name_of(stage, item),
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=RETRY_DELAYS,
    )


class Recorded:
    """Task runs that Prefect keeps a record of; see `task_runs.Record`.

    Prefect's own runner for Dask, `DaskTaskRunner`, only connects. Its `submit` would let workers keep the record;
    those that outlive a run then hold on to the API of the first one.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=MOST)

    def __enter__(self) -> "Recorded":
        self._runner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._runner.__exit__(*error)

    @contextmanager
    def connect(self, address: str, seconds: float) -> Iterator[Any]:
        """See `Record`."""
        from prefect_dask.task_runners import DaskTaskRunner

        with DaskTaskRunner(address=address, client_kwargs={"timeout": seconds}) as runner:
            yield runner.client

    def start(self, run_id: str) -> None:
        """See `Record`."""
        self._progress.start(run_id)

    def submit(self, stage: str, item: Any, function: Callable[[], Any]) -> PrefectFuture[Any]:
        """See `Record`."""
        arguments = {"function": quote(_called), "run": quote(function), "item": None}
        return self._runner.submit(task_of(stage, item), arguments)


def _called(function: Callable[[], Any], _: None) -> Any:
    return function()
