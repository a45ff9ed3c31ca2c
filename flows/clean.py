"""The Prefect flow: the plan's stages as tasks, the run's summary as an artifact.

    python -m flows.clean INPUT... --out OUT [--config FILE]

Tasks are coarse, one per stage and shard, because each costs the server some 45 ms. They pass on only the names of
shards; the data is in the run's staging folder. Prefect's result cache is off: the output of a stage is a file that
exists whole or not at all.

Annotations are no strings here: `clean.serve` pickles the flow without the module in which they have a meaning.
"""

import os

# set before Prefect is imported, which otherwise sends telemetry
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# on a busy machine a temporary server starts more slowly than Prefect expects
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
# config/automations.yaml expects one in 120 seconds
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os.path import expanduser
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from prefect import flow, get_run_logger, runtime, tags
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.states import Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows import frames, maintenance
from flows.dataset import Dataset
from flows.dataset.remote import local_folder, name_of
from flows.dataset.summary import Outcome
from flows.errors import CopydeskError, Held, Locked, UsageError, message_of
from flows.printable import make_logs_printable, printable, printable_traceback
from flows.report.page.storing import page_after
from flows.report.streams import standard_streams
from flows.run.artifacts import Progress, pages, record_asset, rename, run_name, run_tags, show_outcome
from flows.run.dask_cluster import require_dask
from flows.run.engine import Engine, workers
from flows.run.notify import Event, notify
from flows.run.plan import execute_run
from flows.run.tasks import Recorded, Tasks
from flows.settings import Settings, read_settings


def _notify(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001 - passed by name
    """Send the notices that the configuration asks for when a run ends badly; a state hook of the flow."""
    parameters = flow_run.parameters
    config = parameters.get("config")
    try:
        out = _folder(parameters.get("out"))
        settings = read_settings(_home(config) if config else None)
    except CopydeskError as error:
        logging.getLogger(__name__).warning("no notice was sent about the run: %s", error)
        return
    if isinstance(state.data, Locked):
        return  # the other run continues, and sends its own notices
    kind: Event = "held" if state.name == "Held" else _KINDS.get(str(state.type.value), "failed")
    data: object = state.data  # the exception; the lines of one of copydesk's are printable
    message = message_of(data) if isinstance(data, CopydeskError) else printable(state.message or kind)
    notify(settings.notify, kind, message, out, flow_run=flow_run.name)


#: Inputs of a run in this process, by what Prefect shows of them: without passwords, and as text that JSON can hold.
_GIVEN: Final[dict[str, str]] = {}


def _home(path: object) -> Path:
    return Path(expanduser(str(path)))


def _folder(out: object) -> Path:
    """The folder of a dataset, which may be the working copy for a URL."""
    return local_folder(_home(out))


def _name_until_it_has_an_id() -> str:
    return run_name(_folder(runtime.flow_run.parameters.get("out", "")))


_KINDS: Final[dict[str, Event]] = {"FAILED": "failed", "CRASHED": "crashed", "CANCELLED": "cancelled"}


#: The default; Prefect's own default would work on all shards at once.
_RUNNER: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers(Settings()))


@flow(
    name="copydesk",
    flow_run_name=_name_until_it_has_an_id,
    persist_result=False,
    task_runner=_RUNNER,
    on_failure=[_notify],
    on_crashed=[_notify],
    on_cancellation=[_notify],
)
def clean(
    inputs: list[str],
    out: Path,
    config: Path | None = None,
    retry_rejected: bool = False,
    limit: int = 0,
    dask_workers: int = 0,
) -> Outcome | State[Any]:
    """Clean the new and changed `inputs`, publish them as one run of the dataset in `out`, and return the outcome.

    With a limit, only the first `limit` new records are read. With `dask_workers`, as many processes of Dask on this
    machine do the work, whatever `[engine]` says. If an anomaly guard holds this run or an earlier one, the
    flow run ends in the state Held, of type Failed. Raises what `flows.run.plan.execute_run` and
    `flows.settings.read_settings` raise.
    """
    make_logs_printable()
    # parameters of a deployment have passed no shell
    inputs = [expanduser(_GIVEN.get(name, name)) for name in inputs]
    out, config = _folder(out), config and _home(config)
    settings = read_settings(config)
    progress = Progress(out)
    try:
        with _engine(settings, dask_workers, progress) as engine:
            outcome = execute_run(inputs, out, settings, engine, retry_rejected=retry_rejected, limit=limit)
    except Held as held:
        if isinstance(held.outcome, Outcome):
            page_after(held.outcome, settings)
            progress.end("held")
            with pages():
                show_outcome(held.outcome, held=str(held))
        return Failed(name="Held", message=str(held), data=held)
    page_after(outcome, settings)
    if outcome.run_id is None:
        rename(f"{run_name(out)}, nothing new")
    progress.end("published" if outcome.run_id else "nothing to publish")
    with pages():
        show_outcome(outcome)
        if outcome.run_id is not None:
            record_asset(outcome, inputs)
    get_run_logger().info("%s", outcome.line())
    return outcome


@contextmanager
def _engine(settings: Settings, dask_workers: int, progress: Progress) -> Iterator[Engine]:
    """What executes the tasks: this process, or workers of Dask."""
    if not dask_workers and settings.engine.task_runner == "local":
        yield Tasks(workers(settings), progress)
        return
    require_dask("prefect_dask")
    from flows.run.dask_tasks import DaskTasks

    with DaskTasks(settings, dask_workers, progress, Recorded(progress)) as engine:
        yield engine


@flow(name="copydesk-compact", flow_run_name="compact {out}", persist_result=False)
def compact(out: Path, offline: bool = False) -> str:
    """Merge the small part files of the dataset in `out`, and return a line that says what was done.

    A separate flow, so that it can have its own schedule. Raises what `flows.maintenance.compact` raises, and
    UsageError if `out` is not a dataset.
    """
    make_logs_printable()
    dataset = Dataset(_folder(out))
    if not dataset.exists():
        raise UsageError(f"{out} is not a copydesk dataset")
    parts = maintenance.compact(dataset, offline=offline)
    message = (
        f"{out}: {parts[0]:,} part files merged into {parts[1]:,}" if parts else f"{out}: nothing to merge"
    )
    get_run_logger().info(message)
    return message


def clean_here(
    inputs: Sequence[str],
    out: Path,
    config: Path | None = None,
    retry_rejected: bool = False,
    limit: int = 0,
    dask_workers: int = 0,
) -> Outcome:
    """Run the flow in this process, with the configured number of workers, and return the outcome."""
    config = config and _home(config)
    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers(read_settings(config)))
    _GIVEN.update({printable(name): name for name in inputs})
    shown = [printable(name) for name in inputs]
    with tags(*run_tags(_folder(out))):
        outcome = clean.with_options(task_runner=runner)(
            shown, Path(name_of(_folder(out))), config, retry_rejected, limit, dask_workers
        )
    assert isinstance(outcome, Outcome)  # Prefect raises the exception of a failed state
    return outcome


def main() -> None:
    """Run the flow from a shell."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.clean", description="Clean scraped text with a Prefect flow."
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="file, folder, glob or URL")
    parser.add_argument("--out", required=True, type=Path, help="folder or URL of the dataset")
    parser.add_argument("--config", type=Path, help="configuration (TOML)")
    arguments = parser.parse_args()
    with standard_streams():
        try:
            outcome = clean_here(arguments.inputs, arguments.out, arguments.config)
        except CopydeskError as error:
            print(f"copydesk: {error}", file=sys.stderr)  # noqa: T201
            sys.exit(error.exit_code)
        except Exception as error:
            print(printable_traceback(error), file=sys.stderr)  # noqa: T201
            sys.exit(CopydeskError.exit_code)
        print(printable(outcome.line()))  # noqa: T201 - its output
        if outcome.is_unreadable:
            sys.exit(1)


class _Callable(ModuleType):
    """A module that can be called: once this one is imported, `from flows import clean` gives it, not the function."""

    def __call__(self, *given: Any, **options: Any) -> Outcome:
        """See `flows.frames.clean`."""
        return frames.clean(*given, **options)


sys.modules[__name__].__class__ = _Callable

if __name__ == "__main__":
    main()
