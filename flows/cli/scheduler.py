"""Runs by the clock, for as long as this process lives: kept by Prefect where there is a server, by a plain loop else.

By the loop each run is a process of its own, as cron's would be: what it takes of memory it gives back, and a crash is
its own. Runs do not overlap; a moment that passes during a run is left out.
"""

from __future__ import annotations

import asyncio
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

LOOK: Final = (
    30.0  # seconds: waits are no longer than that, so that a clock that was set or a sleep is noticed
)


@dataclass(frozen=True)
class Clock:
    """When to run: by a cron expression in a time zone, or every so many seconds."""

    cron: str | None
    interval: float | None
    timezone: str

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.interval is None):
            raise UsageError(
                'one of --cron and --interval is wanted, as --cron "0 * * * *" or --interval 3600'
            )
        if self.interval is not None and not self.interval >= 1:
            raise UsageError(f"--interval {self.interval:g}: at least 1 second is wanted")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(f"--timezone {self.timezone}: there is no such time zone") from None
        if self.cron is not None:
            self.after(datetime.now(UTC))

    def after(self, moment: datetime, start: datetime | None = None) -> datetime:
        """The first moment to run at that is later than `moment`; intervals are counted from `start`."""
        if self.interval is not None:
            start = moment if start is None else start
            step = timedelta(seconds=self.interval)
            return start + step * (max((moment - start) // step, 0) + 1)
        from prefect.server.schemas.schedules import CronSchedule

        try:
            schedule = CronSchedule(cron=str(self.cron), timezone=self.timezone)
            (found,) = asyncio.run(schedule.get_dates(1, start=moment + timedelta(microseconds=1)))
        except ValueError:
            raise UsageError(f'--cron "{self.cron}" is no cron expression, as "0 * * * *" is') from None
        return datetime.fromtimestamp(found.timestamp(), UTC)

    def __str__(self) -> str:
        return f'cron "{self.cron}", {self.timezone}' if self.cron else f"every {self.interval:g} s"


def local_timezone() -> str:
    """The name of this machine's time zone, "UTC" where it cannot be told."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), str(Path("/etc/localtime").resolve())):
        name = name.partition("zoneinfo/")[2] or name
        try:
            if name and not name.startswith("/"):
                return str(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


class Stop:
    """That this process was asked to end: nothing new is begun, and the run that is under way is asked to end too."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Answer a signal; a second one does not wait for the run."""
        again = self.asked.is_set()
        self.asked.set()
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL if again else signal.SIGINT)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Be called at SIGINT and SIGTERM."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, command: Sequence[str]) -> int:
        """The exit code of a command, which signals from a terminal reach by way of this process only."""
        self.child = subprocess.Popen(command, process_group=0)
        if self.asked.is_set():  # since it was looked at
            self.child.send_signal(signal.SIGINT)
        return self.child.wait()


def serve_here(
    command: Sequence[str],
    clock: Clock,
    tell: Callable[[str], None],
    stop: Stop,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run a command by the clock until asked to stop; with an interval, the first time at once."""
    start = now()
    due = start if clock.interval is not None else clock.after(start)
    zone = ZoneInfo(clock.timezone)
    while True:
        if due > now():
            tell(f"next run at {due.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}")
        while not stop.asked.is_set() and (left := (due - now()).total_seconds()) > 0:
            stop.asked.wait(min(left, LOOK))
        if stop.asked.is_set():
            return
        code = stop.run(command)
        if code and not stop.asked.is_set():
            tell(f"the run ended with exit code {code}; the schedule goes on")
        due = clock.after(max(now(), due), start)


def command_of(inputs: Sequence[str], out: Path, config: Path | None, *more: str) -> list[str]:
    """The command of a run without Prefect."""
    given = ["--config", str(config)] if config is not None else []
    return [
        sys.executable,
        "-m",
        "flows.cli",
        "run",
        *inputs,
        "--out",
        str(out),
        *given,
        "--engine",
        "local",
        *more,
    ]


def serve_with_prefect(
    inputs: Sequence[str], out: Path, config: Path | None, clock: Clock, name: str
) -> None:
    """Serve the flow as a deployment of the Prefect server, until SIGINT or SIGTERM; its schedule is paused then."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.runner import Runner
    from prefect.schedules import Cron, Interval
    from prefect.types.entrypoint import EntrypointType

    from flows.clean import clean

    when: Any = (
        Cron(clock.cron, timezone=clock.timezone)
        if clock.cron
        else Interval(timedelta(seconds=clock.interval or 0), timezone=clock.timezone)
    )
    deployment: Any = clean.to_deployment(
        name,
        schedule=when,
        parameters={"inputs": list(inputs), "out": str(out), "config": str(config) if config else None},
        description=f"Cleans what is new of {', '.join(inputs)} into {out}.",
        tags=["copydesk"],
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )

    class Served(Runner):
        """A runner that ends at SIGTERM as it does at SIGINT: Prefect's own would be gone before the schedule rests."""

        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
    runner: Any = Served(limit=1, pause_on_shutdown=True)
    runner.add_deployment(deployment)
    with suppress(KeyboardInterrupt):
        asyncio.run(runner.start())
