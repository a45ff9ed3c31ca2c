"""`serve` without Prefect: when runs are due, that they do not overlap, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.scheduler import Clock, Stop, command_of, local_timezone, serve_here
from flows.cli.serve import deployment_name
from flows.errors import UsageError
from support import Answer

Copydesk = Callable[..., Answer]

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@given(interval=st.floats(1, 1e5), passed=st.floats(0, 1e7))
def test_an_interval_keeps_its_beat(interval: float, passed: float) -> None:
    """The next moment is later than now by no more than an interval, and a whole number of them from the start."""
    now = NOON + timedelta(seconds=passed)
    found = Clock(None, interval, "UTC").after(now, NOON)
    step = timedelta(seconds=interval)
    assert now < found <= now + step
    assert (found - NOON) % step == timedelta(0)


@pytest.mark.parametrize(
    ("cron", "timezone", "after", "found"),
    [
        ("0 * * * *", "UTC", NOON, NOON + timedelta(hours=1)),
        ("0 * * * *", "UTC", NOON - timedelta(microseconds=1), NOON),
        ("30 6 * * *", "Asia/Kolkata", NOON, datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # the night of 29 March has no 01:30 in Lisbon, where clocks go from 01:00 to 02:00
        ("0 3 * * *", "Europe/Lisbon", NOON, datetime(2026, 3, 29, 2, tzinfo=UTC)),
        ("0 9 * * mon", "UTC", NOON, datetime(2026, 3, 30, 9, tzinfo=UTC)),
    ],
)
def test_cron_is_in_its_time_zone(cron: str, timezone: str, after: datetime, found: datetime) -> None:
    """A cron expression is that of the place, also in the night when clocks change."""
    assert Clock(cron, None, timezone).after(after) == found


@pytest.mark.parametrize(
    ("cron", "interval", "timezone", "said"),
    [
        (None, None, "UTC", "one of --cron and --interval is wanted"),
        ("0 * * * *", 60.0, "UTC", "one of --cron and --interval is wanted"),
        ("61 * * * *", None, "UTC", '--cron "61 * * * *" is no cron expression'),
        ("hourly", None, "UTC", '--cron "hourly" is no cron expression'),
        (None, 0.5, "UTC", "at least 1 second"),
        (None, float("nan"), "UTC", "at least 1 second"),
        (None, 60.0, "Mars/Base", "no such time zone"),
        (None, 60.0, "../etc", "no such time zone"),
    ],
)
def test_a_clock_that_cannot_be_is_named(
    cron: str | None, interval: float | None, timezone: str, said: str
) -> None:
    """What is wrong with the options is told before anything is served."""
    with pytest.raises(UsageError) as error:
        Clock(cron, interval, timezone)
    assert said in str(error.value)


def test_the_time_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of TZ, which may be a path or begin with a colon, else that of the system; never an error."""
    for name in ("Europe/Lisbon", ":Europe/Lisbon", "/usr/share/zoneinfo/Europe/Lisbon"):
        monkeypatch.setenv("TZ", name)
        assert local_timezone() == "Europe/Lisbon"
    for name in ("nonsense", "", "EST5EDT4,M3.2.0"):
        monkeypatch.setenv("TZ", name)
        Clock(None, 60, local_timezone())


class Time:
    """A clock of its own, that a stopped `wait` moves on."""

    def __init__(self, stop: Stop, runs: int, lasts: float) -> None:
        self.moment = NOON
        self.stop, self.runs, self.lasts = stop, runs, lasts
        self.prefix_hash: list[float] = []
        stop.run = self.run  # type: ignore[method-assign]
        stop.asked.wait = self.wait  # type: ignore[method-assign, assignment]

    def now(self) -> datetime:
        """What time it is."""
        return self.moment

    def wait(self, timeout: float) -> bool:
        """Let time pass."""
        self.moment += timedelta(seconds=timeout)
        return False

    def run(self, _command: object) -> int:
        """A run that fails, after a while."""
        self.prefix_hash.append((self.moment - NOON).total_seconds())
        self.moment += timedelta(seconds=self.lasts)
        if len(self.prefix_hash) == self.runs:
            self.stop.asked.set()
        return 5


@pytest.mark.parametrize(
    ("lasts", "prefix_hash"),
    [(0, [0, 60, 120, 180]), (59, [0, 60, 120, 180]), (60, [0, 120, 240, 360]), (130, [0, 180, 360, 540])],
)
def test_runs_do_not_overlap(lasts: float, prefix_hash: list[float]) -> None:
    """A run begins at once and then by the clock; a moment that passes during a run is left out, a failure is told."""
    stop, report_errors = Stop(), []
    time = Time(stop, 4, lasts)
    serve_here([], Clock(None, 60.0, "UTC"), report_errors.append, stop, time.now)
    assert time.prefix_hash == prefix_hash
    assert report_errors.count("the run ended with exit code 5; the schedule goes on") == 3
    assert "next run at 2026-03-28 12:0" in report_errors[1]


def test_by_cron_nothing_is_run_at_once() -> None:
    """With a cron expression the first run is at its first moment."""
    stop = Stop()
    time = Time(stop, 2, 1)
    serve_here([], Clock("30 * * * *", None, "UTC"), lambda _: None, stop, time.now)
    assert time.prefix_hash == [1800, 5400]


@pytest.mark.parametrize(("signals", "code"), [(1, 3), (2, -signal.SIGKILL)])
def test_a_signal_ends_the_run_first(signals: int, code: int) -> None:
    """The run that is under way is interrupted and waited for; a second signal does not wait."""
    stop = Stop()
    interrupted = "sys.exit(3)" if signals == 1 else "threading.Event().wait()"
    script = (
        "import os, signal, sys, threading\n"
        f"signal.signal(signal.SIGINT, lambda *_: {interrupted})\n"
        "os.kill(os.getppid(), signal.SIGUSR1)\n"
        "while True: signal.pause()"
    )
    before = signal.signal(
        signal.SIGUSR1, lambda *_: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(signals)]
    )
    try:
        with stop.on_signals():
            assert stop.run([sys.executable, "-c", script]) == code
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert stop.asked.is_set()


def test_the_command_of_a_run() -> None:
    """Each run is what a person would type."""
    command = command_of(["/in/a", "s3://b/c"], Path("/out"), Path("/mine.toml"), "--quiet")
    assert command[3:] == [
        *(
            "run",
            "/in/a",
            "s3://b/c",
            "--out",
            "/out",
            "--config",
            "/mine.toml",
            "--engine",
            "local",
            "--quiet",
        )
    ]


def test_serve_publishes_and_ends_well(tmp_path: Path) -> None:
    """The command runs at once, tells when it will run next, and exits with 0 when it is terminated."""
    (tmp_path / "a.txt").write_text("A story about the harbour, told for the clock.")
    command = [sys.executable, "-m", "flows.cli", "serve", "a.txt", "--out", "out", "--interval", "3600"]
    env = {**os.environ, "PREFECT_API_URL": "", "PREFECT_PROFILES_PATH": os.devnull}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "next run at" in line:
                break
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read() == "copydesk: stopped\n"
    assert process.returncode == 0
    assert (tmp_path / "out" / "documents" / "run=r000001").is_dir()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--interval", "60", "--engine", "prefect"], "no Prefect API is configured: start a server"),
        (["--cron", "nonsense"], "is no cron expression"),
        (["--interval", "60", "--config", "none.toml"], "none.toml: cannot be read"),
        ([], "one of --cron and --interval is wanted"),
    ],
)
def test_mistakes_are_told_at_once(
    copydesk: Copydesk, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """What cannot be served is not waited for."""
    answer = copydesk("serve", tmp_path, "--out", tmp_path / "out", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_a_deployment_is_named_for_its_dataset() -> None:
    """Two datasets have two deployments, of names that Prefect takes."""
    assert deployment_name(Path("/data/a&b/news")) == "data-a-b-news"
