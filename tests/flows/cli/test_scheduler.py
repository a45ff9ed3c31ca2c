"""`serve` without Prefect: when runs start, that they do not overlap, and how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.scheduler import Clock, Stop, local_timezone, run_command, serve_locally, serve_with_prefect
from flows.cli.serve import deployment_name
from flows.errors import UsageError
from support import Copydesk

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@given(interval=st.floats(1, 1e5), passed=st.floats(0, 1e7))
def test_an_interval_keeps_its_beat(interval: float, passed: float) -> None:
    """The next time is at most one interval from now, and a whole number of intervals from the start."""
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
    """A cron expression is in local time, even in the night when clocks change."""
    assert Clock(cron, None, timezone).after(after) == found


@pytest.mark.parametrize(
    ("cron", "interval", "timezone", "message"),
    [
        (None, None, "UTC", "give either --cron or --interval"),
        ("0 * * * *", 60.0, "UTC", "give either --cron or --interval"),
        ("61 * * * *", None, "UTC", '--cron "61 * * * *" is not a cron expression'),
        ("hourly", None, "UTC", '--cron "hourly" is not a cron expression'),
        (None, 0.5, "UTC", "at least 1 second"),
        (None, float("nan"), "UTC", "at least 1 second"),
        (None, 60.0, "Mars/Base", "no such time zone"),
        (None, 60.0, "../etc", "no such time zone"),
    ],
)
def test_invalid_schedules_are_refused(
    cron: str | None, interval: float | None, timezone: str, message: str
) -> None:
    """An error says what is wrong with the options before anything is served."""
    with pytest.raises(UsageError) as error:
        Clock(cron, interval, timezone)
    assert message in str(error.value)


def test_the_time_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from TZ, which may be a path or begin with a colon, else from the system; never an error."""
    for name in ("Europe/Lisbon", ":Europe/Lisbon", "/usr/share/zoneinfo/Europe/Lisbon"):
        monkeypatch.setenv("TZ", name)
        assert local_timezone() == "Europe/Lisbon"
    for name in ("nonsense", "", "EST5EDT4,M3.2.0"):
        monkeypatch.setenv("TZ", name)
        Clock(None, 60, local_timezone())


class FakeTime:
    """A simulated clock, which waiting and running advance."""

    def __init__(self, stop: Stop, runs: int, lasts: float) -> None:
        self.moment = NOON
        self.stop, self.runs, self.lasts = stop, runs, lasts
        self.starts: list[float] = []
        stop.run = self.run  # type: ignore[method-assign]
        stop.requested.wait = self.wait  # type: ignore[method-assign, assignment]

    def now(self) -> datetime:
        """The simulated time."""
        return self.moment

    def wait(self, timeout: float) -> bool:
        """Advance the time."""
        self.moment += timedelta(seconds=timeout)
        return False

    def run(self, _command: object) -> int:
        """A run that fails after a while."""
        self.starts.append((self.moment - NOON).total_seconds())
        self.moment += timedelta(seconds=self.lasts)
        if len(self.starts) == self.runs:
            self.stop.requested.set()
        return 5


@pytest.mark.parametrize(
    ("lasts", "starts"),
    [(0, [0, 60, 120, 180]), (59, [0, 60, 120, 180]), (60, [0, 120, 240, 360]), (130, [0, 180, 360, 540])],
)
def test_runs_do_not_overlap(lasts: float, starts: list[float]) -> None:
    """The first run starts at once; times that pass during a run are skipped; failures are logged."""
    stop, logged = Stop(), []
    time = FakeTime(stop, 4, lasts)
    serve_locally([], Clock(None, 60.0, "UTC"), logged.append, stop, time.now)
    assert time.starts == starts
    assert logged.count("the run ended with exit code 5; the schedule continues") == 3
    assert "next run at 2026-03-28 12:0" in logged[1]


def test_cron_does_not_run_at_once() -> None:
    """With a cron expression the first run is at the first scheduled time."""
    stop = Stop()
    time = FakeTime(stop, 2, 1)
    serve_locally([], Clock("30 * * * *", None, "UTC"), lambda _: None, stop, time.now)
    assert time.starts == [1800, 5400]


@pytest.mark.parametrize(("signals", "code"), [(1, 3), (2, -signal.SIGKILL)])
def test_a_signal_ends_the_run_first(signals: int, code: int) -> None:
    """The current run is interrupted and waited for; a second signal kills it."""
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
    assert stop.requested.is_set()


def test_the_command_of_a_run() -> None:
    """Each run is a plain `copydesk run` command."""
    command = run_command(["/in/a", "s3://b/c"], Path("/out"), Path("/mine.toml"), "--quiet")
    expected = "run /in/a s3://b/c --out /out --config /mine.toml --engine local --quiet"
    assert command[3:] == expected.split()


def test_a_run_on_workers_of_dask_is_not_of_one_process() -> None:
    """Where `[engine]` names Dask, so does each run of a schedule without a Prefect server."""
    command = run_command(["/in"], Path("/out"), Path("/mine.toml"), with_dask=True)
    assert command[3:] == ["run", "/in", "--out", "/out", "--config", "/mine.toml", "--engine", "auto"]


def test_a_deployment_needs_names_in_utf8() -> None:
    """Prefect keeps parameters as JSON, which cannot hold other bytes."""
    clock = Clock(None, 60, "UTC")
    with pytest.raises(UsageError, match=r"caf\\xe9 is not UTF-8.* --engine local"):
        serve_with_prefect(["/in/caf\udce9"], Path("/out"), None, clock, "news")


def test_serve_publishes_and_stops_cleanly(tmp_path: Path) -> None:
    """The command runs at once, logs the next start, and exits with 0 when terminated."""
    (tmp_path / "a.txt").write_text("A story about the harbour, written for the schedule.")
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
    ("arguments", "message"),
    [
        (["--interval", "60", "--engine", "prefect"], "no Prefect API is configured: start a server"),
        (["--cron", "nonsense"], "is not a cron expression"),
        (["--interval", "60", "--config", "none.toml"], "none.toml: cannot be read"),
        ([], "give either --cron or --interval"),
    ],
)
def test_mistakes_are_reported_at_once(
    copydesk: Copydesk, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Invalid options are reported without waiting for the first run."""
    answer = copydesk("serve", tmp_path, "--out", tmp_path / "out", *arguments)
    assert answer.code == 2
    assert message in answer.err


def test_a_deployment_is_named_after_its_dataset() -> None:
    """Different datasets have different deployments, with names that Prefect accepts."""
    assert deployment_name(Path("/data/a&b/news")) == "data-a-b-news"
