"""Scheduled runs for as long as this process lives: by Prefect if there is a server, else by a plain loop.

In the loop each run is a separate process, as with cron: it returns all its memory when it ends, and a crash does not
stop the schedule. Runs do not overlap; a start time that passes during a run is skipped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.errors import UsageError
from flows.printable import as_markdown

MAX_WAIT: Final = 30.0  # seconds; short enough to notice soon that the clock was set or the machine slept


@dataclass(frozen=True)
class Clock:
    """When to run: by a cron expression in a time zone, or at an interval in seconds."""

    cron: str | None
    interval: float | None
    timezone: str

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.interval is None):
            raise UsageError(
                'give either --cron or --interval, such as --cron "0 * * * *" or --interval 3600'
            )
        if self.interval is not None and not self.interval >= 1:
            raise UsageError(f"--interval {self.interval:g}: must be at least 1 second")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(f"--timezone {self.timezone}: no such time zone") from None
        if self.cron is not None:
            self.after(datetime.now(UTC))

    def after(self, moment: datetime, start: datetime | None = None) -> datetime:
        """The first scheduled time after `moment`; intervals are counted from `start`."""
        if self.interval is not None:
            start = moment if start is None else start
            step = timedelta(seconds=self.interval)
            return start + step * (max((moment - start) // step, 0) + 1)
        from prefect.server.schemas.schedules import CronSchedule

        try:
            schedule = CronSchedule(cron=str(self.cron), timezone=self.timezone)
            (found,) = asyncio.run(schedule.get_dates(1, start=moment + timedelta(microseconds=1)))
        except ValueError:
            raise UsageError(f'--cron "{self.cron}" is not a cron expression such as "0 * * * *"') from None
        return datetime.fromtimestamp(found.timestamp(), UTC)

    def __str__(self) -> str:
        return f'cron "{self.cron}", {self.timezone}' if self.cron else f"every {self.interval:g} s"


def local_timezone() -> str:
    """The name of this machine's time zone; "UTC" if it cannot be determined."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), str(Path("/etc/localtime").resolve())):
        name = name.partition("zoneinfo/")[2] or name
        try:
            if name and not name.startswith("/"):
                return str(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


class Stop:
    """A request to stop: no new run is started, and the current one is asked to stop, too."""

    def __init__(self) -> None:
        self.requested = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal: interrupt the current run; kill it at the second signal."""
        again = self.requested.is_set()
        self.requested.set()
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL if again else signal.SIGINT)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, command: Sequence[str]) -> int:
        """Run a command and return its exit code. Its own process group keeps a terminal's signals from reaching it."""
        self.child = subprocess.Popen(command, process_group=0)
        if self.requested.is_set():  # a signal may have come just before
            self.child.send_signal(signal.SIGINT)
        return self.child.wait()


def serve_locally(
    command: Sequence[str],
    clock: Clock,
    log: Callable[[str], None],
    stop: Stop,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run a command on schedule until asked to stop; with an interval, the first run starts at once."""
    start = now()
    due = start if clock.interval is not None else clock.after(start)
    zone = ZoneInfo(clock.timezone)
    while True:
        if due > now():
            log(f"next run at {due.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}")
        while not stop.requested.is_set() and (left := (due - now()).total_seconds()) > 0:
            stop.requested.wait(min(left, MAX_WAIT))
        if stop.requested.is_set():
            return
        code = stop.run(command)
        if code and not stop.requested.is_set():
            log(f"the run ended with exit code {code}; the schedule continues")
        due = clock.after(max(now(), due), start)


def run_command(
    inputs: Sequence[str], out: Path | str, config: Path | None, *more: str, with_dask: bool = False
) -> list[str]:
    """The command line of one run: in one process, unless workers of Dask execute it."""
    copydesk = [sys.executable, "-m", "flows.cli"]
    options = ["--config", str(config)] if config is not None else []
    engine = "auto" if with_dask else "local"
    return [*copydesk, "run", *inputs, "--out", str(out), *options, "--engine", engine, *more]


def serve_with_prefect(
    inputs: Sequence[str], out: Path | str, config: Path | None, clock: Clock, name: str
) -> None:
    """Serve the flow as a deployment on the Prefect server until SIGINT or SIGTERM, then pause its schedule.

    With it comes the automation that marks killed runs as crashed. Raises UsageError if the name of an input is not
    UTF-8.
    """
    for given in inputs:
        if any("\ud800" <= character <= "\udfff" for character in given):
            raise UsageError(f"{given} is not UTF-8, so that a deployment cannot name it: use --engine local")
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.runner import Runner
    from prefect.schedules import Cron, Interval
    from prefect.types.entrypoint import EntrypointType

    from flows.clean import clean
    from flows.run.artifacts import run_tags
    from flows.run.automations import deploy_automations

    schedule: Any = (
        Cron(clock.cron, timezone=clock.timezone)
        if clock.cron
        else Interval(timedelta(seconds=clock.interval or 0), timezone=clock.timezone)
    )
    deployment: Any = clean.to_deployment(
        name,
        schedule=schedule,
        parameters={"inputs": list(inputs), "out": str(out), "config": str(config) if config else None},
        description=as_markdown(f"Cleans new and changed inputs of {', '.join(inputs)} into {out}."),
        tags=run_tags(out),
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )

    class PausingRunner(Runner):
        """A runner that handles SIGTERM like SIGINT: Prefect's own exits before the schedule is paused."""

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore SIGINT in background processes
    runner: Any = PausingRunner(limit=1, pause_on_shutdown=True)
    runner.add_deployment(deployment)
    try:
        deploy_automations()
    except PrefectHTTPStatusError as error:  # the number of automations may be limited
        logging.getLogger(__name__).warning("runs that are killed will stay Running in Prefect: %s", error)
    with suppress(KeyboardInterrupt):
        asyncio.run(runner.start())
