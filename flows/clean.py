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
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task
from prefect.utilities.annotations import quote

from flows.errors import CopydeskError
from flows.plan import Item, Product, Result, carry_out, workers
from flows.settings import read_settings
from flows.stages import Job, Read
from flows.summary import Outcome

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
def stage_of(function: Callable[[Job, Any], Any], job: Job, item: Any) -> Any:
    """One stage of one shard."""
    return function(job, item)


class Tasks:
    """Stages carried out as Prefect tasks, by the task runner of the flow that this is used in; see `plan.Engine`."""

    def each(
        self, stage: str, function: Callable[[Job, Item], Result], job: Job, items: Sequence[Item]
    ) -> list[Result]:
        """A task an item."""
        futures = [_submit(stage, function, job, item) for item in items]
        return [future.result() for future in futures]

    def chain(
        self,
        stages: tuple[str, str],
        produce: Callable[[Job, Item], Iterable[Product]],
        function: Callable[[Job, Product], object],
        job: Job,
        items: Sequence[Item],
    ) -> list[Product]:
        """A task an item, and a task for each of its products as soon as all of that item's are made."""
        first, second = stages
        made = [_submit(first, _listed, job, (produce, item)) for item in items]
        products, futures = [], []
        for future in made:
            for product in future.result():
                products.append(product)
                futures.append(_submit(second, function, job, product))
        for future in futures:
            future.result()
        return products


def _submit(stage: str, function: Callable[[Job, Any], Any], job: Job, item: Any) -> PrefectFuture[Any]:
    work = stage_of.with_options(
        name=stage,
        task_run_name=_name(stage, item),
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=RETRY_DELAYS,
    )
    # quoted: Prefect would look through each argument for what tasks hand on
    quoted: tuple[Any, ...] = (quote(function), quote(job), quote(item))
    return work.submit(*quoted)


def _listed(job: Job, item: tuple[Callable[[Job, Any], Iterable[Product]], Any]) -> list[Product]:
    produce, given = item
    return list(produce(job, given))


def _name(stage: str, item: object) -> str:
    """The name of a task run: the stage and the shard, or the number of the batch."""
    match item:
        case str() | Read(str()):
            return f"{stage} {item if isinstance(item, str) else item.shard}"
        case (_, (int() as number, _)):
            return f"{stage} {number:05d}"
        case _:
            return stage


@flow(name="copydesk", flow_run_name="clean {out}", persist_result=False)
def clean(inputs: list[str], out: Path, config: Path | None = None, retry_rejected: bool = False) -> Outcome:
    """Clean what is new of `inputs`, and publish it as one run of the dataset in `out`; what it came to.

    Raises what `flows.plan.carry_out` and `flows.settings.read_settings` raise.
    """
    outcome = carry_out(inputs, out, read_settings(config), Tasks(), retry_rejected=retry_rejected)
    create_markdown_artifact(
        key="copydesk-run", markdown=outcome.markdown(), description=f"What the run did to {outcome.out}"
    )
    get_run_logger().info(outcome.line())
    return outcome


def clean_here(
    inputs: Sequence[str], out: Path, config: Path | None = None, retry_rejected: bool = False
) -> Outcome:
    """Run the flow in this process, with as many workers as the configuration asks for; what it came to."""
    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers(read_settings(config)))
    return clean.with_options(task_runner=runner)(list(inputs), out, config, retry_rejected)


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
