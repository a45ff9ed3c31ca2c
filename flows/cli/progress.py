"""Progress of a run: one moving line in a terminal, a plain line now and then elsewhere, nothing with --quiet.

A run is one amount of megabytes, those of its new inputs. Stages report what is done, which may be only a few times in
a run, because they work on whole shards. In between the line advances by the speed so far, more slowly as it comes
near to the end of a stage, which it never passes before that stage says so.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from flows.cli.start import import_numba
from flows.kernels import COMPILING, WAITING, ready
from flows.run.engine import DOING, DONE_AFTER, Report

_WIDEST: Final = max(map(len, DOING.values()))
_STAGES: Final = tuple(DONE_AFTER)
#: The share of a run that each stage is.
_SHARES: Final = dict(
    zip(
        DONE_AFTER,
        (
            (after - before) / 100
            for before, after in zip((0, *DONE_AFTER.values()), DONE_AFTER.values(), strict=False)
        ),
        strict=True,
    )
)
USUAL_SPEED: Final = 4e6  # bytes a second, until a run shows its own
LEAST_SHOWN: Final = 100_000  # bytes of a run that are shown as megabytes
FRAMES: Final = 8  # a second
FIRST_LINE: Final = 10.0  # seconds before the first plain line
NEXT_LINE: Final = 30.0  # seconds between plain lines


class Progress:
    """How far a run is, as its stages say, and what is likely since they last said so."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._started: float | None = None  # when reading began, after all that is done once per machine
        self._stage: str | None = None
        self._done: dict[str, float] = {}  # stage -> the share of it that is done
        self._said, self._at = 0.0, self._begun  # what was reported last, as a share of the run, and when
        self._base = 0.0  # the share that was shown then
        self._shown = 0.0
        self._beside: str | None = None  # a stage that is not a share of the run, while it lasts
        self._counted = (0, 0)  # of that one
        self.total = 0  # bytes

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note of the progress of a stage: its name, what is done, and the total."""
        with self._lock:
            now = self._clock()
            if stage not in _SHARES:
                self._counted = (done, total)
                self._beside = stage if done < total else None
                return
            self._beside = None
            if stage == "read":
                self.total = max(self.total, total)
            if self._started is None:
                self._started = self._at = now
            self._done[stage] = done / total if total else 1.0
            latest = max(map(_STAGES.index, self._done))
            done_of = [self._done.get(name, float(at < latest)) for at, name in enumerate(_STAGES)]
            said = sum(share * part for share, part in zip(_SHARES.values(), done_of, strict=True))
            if said > self._said:
                self._said, self._at, self._base = said, now, max(said, self._shown)
            if self._stage is None or _STAGES.index(stage) >= _STAGES.index(self._stage):
                self._stage = stage

    def share(self) -> float:
        """The share of the run that is done, from 0 to 1; it never goes back."""
        with self._lock:
            if self._started is None:
                return 0.0
            now = self._clock()
            gap = max(self._end() - self._base, 1e-9)
            likely = self._base + gap * (1 - math.exp(-self._speed(now) * (now - self._at) / gap))
            self._shown = max(self._shown, min(likely, 1.0))
            return self._shown

    def _end(self) -> float:
        """The share of the run that is done when the stage of now is; when that is done, the next one."""
        # paragraphs are cleaned while the next ones are read, so that both are one stage here
        now = max("clean", *self._done, key=_STAGES.index)
        place = _STAGES.index(now) + (self._done.get(now, 0) == 1)
        return DONE_AFTER[_STAGES[min(place, len(_STAGES) - 1)]] / 100

    def _speed(self, now: float) -> float:
        """The likely share of the run a second."""
        assert self._started is not None
        if self._done.get("clean"):
            return self._said / max(self._at - self._started, 0.1)
        # the whole cannot be faster than its reading
        return min(
            USUAL_SPEED / max(self.total, 1), self._done["read"] / max(now - self._started, 0.1) or 1.0
        )

    def elapsed(self) -> float:
        """Seconds since reading began, or else since the beginning."""
        return self._clock() - (self._started if self._started is not None else self._begun)

    def doing(self) -> str:
        """What is being done, in words."""
        stage = self._beside or self._stage
        return "looking at the inputs" if stage is None else DOING.get(stage, stage)

    def counted(self) -> str:
        """How far a stage is that is not a share of the run, such as compiling; "" if it is another."""
        if self._beside in (None, WAITING):
            return ""
        return f"{self._counted[0]:,} of {self._counted[1]:,}"

    def amounts(self) -> str:
        """The megabytes that are done, of how many, the speed and the time that is left; "" before the first is read.

        >>> at = iter([0.0, 0.0, 5.0, 5.0, 5.0, 5.0])
        >>> progress = Progress(lambda: next(at))
        >>> progress.report("read", 0, 40_000_000)
        >>> progress.report("read", 40_000_000, 40_000_000)
        >>> progress.amounts()
        '4.0 of 40.0 MB, 0.8 MB/s, 0:45 left'
        """
        share = self.share()
        if self._started is None:
            return ""
        seconds = self.elapsed()
        done = share * self.total / 1e6
        text = f"{done:,.1f} of {self.total / 1e6:,.1f} MB"
        if seconds < 1 or not share:
            return text
        return f"{text}, {done / seconds:,.1f} MB/s, {_clock(seconds * (1 - share) / share)} left"


def _clock(seconds: float) -> str:
    """Seconds as minutes and seconds.

    >>> _clock(75), _clock(3725)
    ('1:15', '1:02:05')
    """
    minutes, seconds = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ready_kernels(console: Console, *, quiet: bool = False) -> None:
    """Compile the kernels if this machine has not, which can take a minute, and say so; bring numba if it is needed."""
    with show_progress(console, quiet=quiet) as report:
        ready(report, import_numba)


@contextmanager
def show_progress(console: Console, *, quiet: bool) -> Iterator[Report]:
    """A function to call with the progress of each stage: its name, what is done, and the total."""
    if quiet:
        yield lambda _stage, _done, _total: None
    elif not console.is_terminal or console.is_dumb_terminal:
        yield plain_lines(console)
    else:
        with _moving_line(console) as report:
            yield report


def plain_lines(console: Console, clock: Callable[[], float] = time.monotonic) -> Report:
    """A function that prints progress in lines: seldom, but at once what is not expected of a run."""
    progress = Progress(clock)
    last = clock() + FIRST_LINE - NEXT_LINE

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        progress.report(stage, done, total)
        if stage == COMPILING:
            if done in (0, total):
                console.print(f"{stage}: {f'{done} of {total}' if done < total else total}")
        elif stage == WAITING:
            if not done:
                console.print(stage)
        elif done < total and clock() - last >= NEXT_LINE:
            last = clock()
            amounts = progress.amounts() if progress.total >= LEAST_SHOWN else ""
            amounts = progress.counted() or amounts
            console.print(f"{progress.doing()}{f': {amounts}' if amounts else ''}")

    return report


@contextmanager
def _moving_line(console: Console) -> Iterator[Report]:
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.spinner import Spinner
    from rich.table import Table

    progress = Progress()
    spinner = Spinner("dots" if console.encoding.startswith("utf") else "line")

    def line() -> Table:
        grid = Table.grid(padding=(0, 1))
        amounts = progress.amounts() if progress.total >= LEAST_SHOWN else ""
        if progress.counted() or not amounts:
            grid.add_row(spinner, progress.doing(), progress.counted(), _clock(progress.elapsed()))
        elif console.width < 65:
            grid.add_row(spinner, amounts)
        else:
            grid.add_column(no_wrap=True)
            grid.add_column(no_wrap=True, min_width=_WIDEST if console.width >= 100 else 0)
            grid.add_column(no_wrap=True)
            grid.add_column(max_width=40)
            grid.add_row(spinner, progress.doing(), amounts, ProgressBar(1.0, progress.share()))
        return grid

    with Live(
        console=console,
        get_renderable=line,
        refresh_per_second=FRAMES,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield progress.report
