"""The Prefect flow: the plan's stages as tasks, the run's summary as an artifact.

    python -m flows.clean INPUT... --out OUT [--config FILE]

Tasks are coarse, one for a stage of a shard, because a task costs the server some 45 ms. They hand on no data but the
names of shards: what they work on lies in the run's staging folder. Prefect's own result cache is off: a stage's output
is a file that exists whole or not at all.
"""

from __future__ import annotations

import os

# before prefect is imported: it would tell its makers that it is used
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# a temporary server on a busy machine takes longer than Prefect would wait
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

import argparse
import errno
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.flows import Flow
from prefect.futures import PrefectFuture
from prefect.states import Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task
from prefect.utilities.annotations import quote

from flows import maintenance
from flows.dataset import Dataset
from flows.dataset.summary import Outcome
from flows.errors import CopydeskError, Held, Locked, UsageError
from flows.run.artifacts import materialized, show_outcome, show_progress
from flows.run.engine import Item, Product, Report, Result, workers
from flows.run.notify import Event, notify
from flows.run.plan import execute_run
from flows.run.stages import ReadShard, Run
from flows.settings.model import Settings, read_settings

RETRY_DELAYS: Final[list[float]] = [1, 15]  # seconds

#: Errors of the file system that another try will not mend.
_LASTING: Final = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT}


def _may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether another try may help: after trouble with files or the network, not after a bug or a full disk."""
    try:
        state.result()
    except OSError as error:
        return error.errno not in _LASTING
    except Exception:
        return False
    return False


@task(retry_condition_fn=_may_pass, cache_policy=NO_CACHE, persist_result=False)
def stage_of(function: Callable[[Run, Any], Any], run: Run, item: Any) -> Any:
    """One stage of one shard."""
    return function(run, item)


class Tasks:
    """Stages carried out as Prefect tasks, by the task runner of the flow that this is used in; see `plan.Engine`.

    No more than `workers` of them are under way at a time, whatever the task runner would allow: memory is bounded by
    the shards that are worked on.
    """

    def __init__(self, workers: int, report: Report) -> None:
        self._free = threading.Semaphore(workers)
        self._report = report

    def each(
        self, stage: str, function: Callable[[Run, Item], Result], run: Run, items: Sequence[Item]
    ) -> list[Result]:
        """A task an item."""
        futures = [self._submit(stage, function, run, item) for item in items]
        return self._results(stage, futures)

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Run, Item], Iterable[Product]],
        function: Callable[[Run, Product], object],
        run: Run,
        items: Sequence[Item],
    ) -> list[Product]:
        """A task an item, and a task for each of its products as soon as all of that item's are made."""
        first, second = stages
        products: list[Product] = []
        futures = []
        ahead = [self._submit(first, _listed, run, (produce, item)) for item in items[:1]]
        for number in range(len(items)):
            made = ahead.pop().result()
            self._report(first, number + 1, len(items))
            ahead = [
                self._submit(first, _listed, run, (produce, item)) for item in items[number + 1 : number + 2]
            ]
            for product in made:
                products.append(product)
                futures.append(self._submit(second, function, run, product))
        self._results(second, futures)
        return products

    def _submit(
        self, stage: str, function: Callable[[Run, Any], Any], run: Run, item: Any
    ) -> PrefectFuture[Any]:
        work = stage_of.with_options(
            name=stage,
            task_run_name=_name(stage, item),
            retries=len(RETRY_DELAYS),
            retry_delay_seconds=RETRY_DELAYS,
        )
        # quoted: Prefect would look through each argument for what tasks hand on
        quoted: tuple[Any, ...] = (quote(function), quote(run), quote(item))
        self._free.acquire()
        future = work.submit(*quoted)
        future.add_done_callback(lambda _: self._free.release())
        return future

    def _results(self, stage: str, futures: Sequence[PrefectFuture[Any]]) -> list[Any]:
        results = []
        for done, future in enumerate(futures, 1):
            results.append(future.result())
            self._report(stage, done, len(futures))
        return results


def _listed(run: Run, item: tuple[Callable[[Run, Any], Iterable[Product]], Any]) -> list[Product]:
    produce, given = item
    return list(produce(run, given))


def _name(stage: str, item: object) -> str:
    """The name of a task run: the stage and the shard, or the number of the batch."""
    match item:
        case str() | ReadShard(str()):
            return f"{stage} {item if isinstance(item, str) else item.shard}"
        case (_, (int() as number, _)):
            return f"{stage} {number:05d}"
        case _:
            return stage


def _tell(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001 - Prefect gives it by name
    """Give notice of a run that did not end well, as its configuration asks for; a hook of the flow's states."""
    given = flow_run.parameters
    config, out = given.get("config"), Path(str(given.get("out")))
    try:
        settings = read_settings(Path(str(config)) if config else None)
    except CopydeskError as error:
        logging.getLogger(__name__).warning("nobody could be told of the run: %s", error)
        return
    if isinstance(state.data, Locked):
        return  # the other run goes on, and tells for itself
    kind: Event = "held" if state.name == "Held" else _KINDS.get(str(state.type.value), "failed")
    notify(settings.notify, kind, state.message or kind, out, flow_run=flow_run.name)


_KINDS: Final[dict[str, Event]] = {"FAILED": "failed", "CRASHED": "crashed", "CANCELLED": "cancelled"}


#: Where nobody says otherwise: Prefect's own would work on all shards at once.
_RUNNER: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers(Settings()))


@flow(
    name="copydesk",
    flow_run_name="clean {out}",
    persist_result=False,
    task_runner=_RUNNER,
    on_failure=[_tell],
    on_crashed=[_tell],
    on_cancellation=[_tell],
)
def clean(
    inputs: list[str], out: Path, config: Path | None = None, retry_rejected: bool = False
) -> Outcome | State[Any]:
    """Clean what is new of `inputs`, and publish it as one run of the dataset in `out`; what it came to.

    Where a guard holds the run, or has held an earlier one, the flow run ends in the state Held, of the type Failed.
    Raises what `flows.run.plan.execute_run` and `flows.settings.model.read_settings` raise.
    """
    settings = read_settings(config)
    engine = Tasks(workers(settings), show_progress())
    try:
        outcome = execute_run(inputs, out, settings, engine, retry_rejected=retry_rejected)
    except Held as held:
        if isinstance(held.outcome, Outcome):
            show_outcome(held.outcome, held=str(held))
        return Failed(name="Held", message=str(held), data=held)
    log = get_run_logger()
    try:
        show_outcome(outcome)
        if outcome.run_id is not None:
            materialized(outcome)
    except Exception:  # the run is published, whether it can be shown or not
        log.warning("the run went well, but cannot be shown", exc_info=True)
    log.info(outcome.line())
    return outcome


@flow(name="copydesk-compact", flow_run_name="compact {out}", persist_result=False)
def compact(out: Path, offline: bool = False) -> str:
    """Merge the small parts of the dataset in `out`, on a schedule of its own; what it came to, in a line.

    Raises what `flows.maintenance.compact` raises, and UsageError where `out` is no dataset.
    """
    dataset = Dataset(out)
    if not dataset.exists():
        raise UsageError(f"{out} is no dataset of copydesk")
    parts = maintenance.compact(dataset, offline=offline)
    told = f"{out}: {parts[0]:,} parts became {parts[1]:,}" if parts else f"{out}: nothing to merge"
    get_run_logger().info(told)
    return told


def clean_here(
    inputs: Sequence[str], out: Path, config: Path | None = None, retry_rejected: bool = False
) -> Outcome:
    """Run the flow in this process, with as many workers as the configuration asks for; what it came to."""
    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers(read_settings(config)))
    outcome = clean.with_options(task_runner=runner)(list(inputs), out, config, retry_rejected)
    assert isinstance(outcome, Outcome)  # a failed state that a flow returns is raised by Prefect
    return outcome


def main() -> None:
    """Run the flow from a shell."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.clean", description="Clean scraped text, as a Prefect flow."
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="file, folder, glob or URL")
    parser.add_argument("--out", required=True, type=Path, help="folder of the dataset")
    parser.add_argument("--config", type=Path, help="configuration (TOML)")
    given = parser.parse_args()
    try:
        print(clean_here(given.inputs, given.out, given.config).line())  # noqa: T201 - its answer to the shell
    except CopydeskError as error:
        print(f"copydesk: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
