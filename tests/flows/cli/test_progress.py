"""The progress of a run: megabytes that always grow, speed, time left; plain lines seldom."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from rich.console import Console

from flows.cli.progress import FIRST_LINE, NEXT_LINE, Progress, plain_lines, show_progress
from flows.dataset.postings import INDEXING
from flows.kernels import COMPILING, WAITING
from flows.run.engine import DONE_AFTER

TOTAL = 40_000_000


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now


def test_progress_moves_between_reports_and_never_back() -> None:
    """Half a second later more megabytes are done, whatever the stages report; never more than there are."""
    clock = Clock()
    progress = Progress(clock)
    reports = [
        *(("read", done * TOTAL // 4, TOTAL) for done in range(5)),
        *(("clean", done * TOTAL // 2, TOTAL) for done in (1, 2)),
        *((stage, done, 2) for stage in ("remove", "compare", "split") for done in range(3)),
    ]
    shown = [0.0]
    for report in reports:
        progress.report(*report)
        for _ in range(4):
            clock.now += 0.5
            shown.append(progress.share())
    assert all(after > before for before, after in pairwise(shown[:-4]))
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(1.0)
    assert progress.amounts().startswith("40.0 of 40.0 MB, ")


def test_a_stage_ends_only_when_it_says_so() -> None:
    """However long it takes, its share of the run is not passed."""
    clock = Clock()
    progress = Progress(clock)
    progress.report("read", 0, TOTAL)
    progress.report("read", TOTAL, TOTAL)
    clock.now += 10_000
    assert progress.share() <= DONE_AFTER["clean"] / 100
    progress.report("clean", TOTAL, TOTAL)
    progress.report("compare", 0, 1)
    clock.now += 10_000
    assert progress.share() <= DONE_AFTER["compare"] / 100


def test_what_is_done_is_said_in_words() -> None:
    """Before the first report, while kernels are compiled, while another process does so, and in a stage."""
    progress = Progress(Clock())
    assert progress.doing() == "looking at the inputs"
    progress.report(COMPILING, 12, 140)
    assert (progress.doing(), progress.counted()) == (COMPILING, "12 of 140")
    progress.report(WAITING, 0, 1)
    assert (progress.doing(), progress.counted()) == (WAITING, "")
    progress.report(WAITING, 1, 1)
    assert progress.doing() == "looking at the inputs"
    progress.report("read", 0, TOTAL)
    assert (progress.doing(), progress.counted()) == ("reading and cleaning", "")
    progress.report("compare", 0, 1)
    progress.report(INDEXING, 1_000, 9_000)
    assert (progress.doing(), progress.counted()) == (INDEXING, "1,000 of 9,000")
    progress.report(INDEXING, 9_000, 9_000)
    assert (progress.doing(), progress.counted()) == ("comparing paragraphs", "")
    progress.report("split", 0, 1)
    assert progress.doing() == "writing tables"


def test_an_input_of_no_bytes_is_no_failure() -> None:
    """An empty file is read in no time."""
    progress = Progress(Clock())
    progress.report("read", 0, 0)
    assert progress.amounts().startswith("0.0 of 0.0 MB")


def test_plain_lines_are_seldom() -> None:
    """The first after ten seconds, then one in thirty; compiling and waiting are said at once."""
    clock, out = Clock(), io.StringIO()
    report = plain_lines(Console(file=out, width=160), clock)
    report(WAITING, 0, 1)
    report(WAITING, 1, 1)
    for done in (0, 1, 2):
        report(COMPILING, done, 2)
    assert out.getvalue() == f"{WAITING}\n{COMPILING}: 0 of 2\n{COMPILING}: 2\n"
    out.truncate(0)
    for tenth in range(1, 1000):
        clock.now += (FIRST_LINE + 2 * NEXT_LINE + 1) / 999
        report("read", 1000 * tenth, 1_000_000)
    lines = [line for line in out.getvalue().replace("\0", "").splitlines() if line]
    assert len(lines) == 3
    assert all(line.startswith("reading and cleaning: ") and line.endswith(" left") for line in lines)
    clock.now += NEXT_LINE
    report(INDEXING, 1_000, 9_000)
    assert out.getvalue().endswith(f"{INDEXING}: 1,000 of 9,000\n")


@pytest.mark.parametrize(("width", "bar"), [(40, False), (80, True), (120, True)])
@pytest.mark.parametrize("color", [None, "truecolor"])
def test_a_terminal_has_one_moving_line(width: int, bar: bool, color: str | None) -> None:
    """It fits into the terminal at any width, and is gone in the end."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=True, no_color=color is None, color_system="truecolor"
    )
    with show_progress(console, quiet=False) as report:
        report(COMPILING, 1, 140)
        report("read", TOTAL // 2, TOTAL)
    assert ("━" in out.getvalue()) is bar
    assert out.getvalue().endswith("\x1b[2K")
    assert ("\x1b[38" in out.getvalue()) <= (color is not None)


def test_a_terminal_without_cursor_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """As editors have it (TERM=dumb)."""
    monkeypatch.setenv("TERM", "dumb")
    out = io.StringIO()
    with show_progress(Console(file=out, force_terminal=True), quiet=False) as report:
        report("read", 1, 2)
    assert out.getvalue() == ""
