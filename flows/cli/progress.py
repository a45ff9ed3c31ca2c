"""Progress of a run: one bar per stage in a terminal, plain lines elsewhere, nothing with --quiet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from cleaners.kernels.linked import is_linked
from flows.cli.start import import_numba
from flows.kernels import COMPILING, compile_kernels
from flows.run.engine import Report


def ready_kernels(console: Console, *, quiet: bool = False) -> None:
    """Compile the kernels if this machine has not, which can take a minute, and say so; bring numba if it is needed."""
    with show_progress(console, quiet=quiet) as report:
        compile_kernels(report)
    if not is_linked():
        import_numba()


@contextmanager
def show_progress(console: Console, *, quiet: bool) -> Iterator[Report]:
    """A function to call with the progress of each stage: its name, items done, total items."""
    if quiet:
        yield lambda _stage, _done, _total: None
    elif not console.is_terminal:

        def report_line(stage: str, done: int, total: int) -> None:
            if stage == COMPILING and done == 0:  # the only stage that is not expected
                console.print(f"{stage}: 0 of {total}")
            elif done == total:
                console.print(f"{stage}: {total}")

        yield report_line
    else:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskID,
            TextColumn,
            TimeElapsedColumn,
        )

        with Progress(
            TextColumn("{task.description:8}"),
            BarColumn(),
            MofNCompleteColumn(separator=" of "),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as bars:
            stages: dict[str, TaskID] = {}

            def report(stage: str, done: int, total: int) -> None:
                if stage not in stages:
                    stages[stage] = bars.add_task(stage, total=total)
                bars.update(stages[stage], completed=done)

            yield report
