"""The command `run`: clean new inputs and publish them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli.app import Config, Inputs, NewOut, Quiet, app, refuse_current_folder, report_errors, say, warn
from flows.cli.prefect_api import Engine, use_prefect
from flows.cli.start import import_numba, importing
from flows.errors import Held

if TYPE_CHECKING:
    from flows.dataset.summary import Outcome
    from flows.settings import Settings


@app.command()
def run(
    inputs: Inputs,
    out: NewOut,
    config: Config = None,
    engine: Annotated[
        Engine,
        typer.Option(help="auto: a Prefect flow run if a Prefect API is configured, else in this process."),
    ] = Engine.AUTO,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Retry rejected inputs even if they have not changed.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an input was rejected.")] = False,
    quiet: Quiet = False,
) -> None:
    """Clean the new and changed inputs, and publish them as one run of the dataset."""
    with importing():
        from flows.dataset.summary import Outcome
        from flows.report.page.storing import page_after
        from flows.settings import read_settings

    refuse_current_folder(out)
    settings = read_settings(config)
    with report_errors("nothing of this run was published"):
        try:
            outcome = _execute_run(inputs, out, config, settings, engine, quiet, retry_rejected)
        except Held as held:
            if isinstance(held.outcome, Outcome):
                page = page_after(held.outcome, settings)
                if not quiet:
                    _print_outcome(held.outcome, page, published=False)
            raise
    page = page_after(outcome, settings)
    if not quiet:
        _print_outcome(outcome, page)
    if strict and outcome.counts.rejected:
        warn.print(
            f"copydesk: {outcome.counts.rejected:,} inputs were rejected: see {outcome.out / 'rejected'}"
        )
        raise typer.Exit(1)


def _execute_run(
    inputs: list[str],
    out: Path,
    config: Path | None,
    settings: Settings,
    engine: Engine,
    quiet: bool,
    retry_rejected: bool,
) -> Outcome:
    if use_prefect(engine, fallback="the run is executed"):
        from flows.clean import clean_here

        return clean_here(inputs, out, config, retry_rejected)
    with importing():
        from flows.cli.progress import show_progress
        from flows.run.engine import Threads, workers
        from flows.run.notify import notify_on_failure
        from flows.run.plan import execute_run

    with notify_on_failure(settings.notify, out), show_progress(warn, quiet=quiet) as report:
        threads = Threads(workers(settings), report)
        return execute_run(
            inputs, out, settings, threads, retry_rejected=retry_rejected, prepare=import_numba
        )


def _print_outcome(outcome: Outcome, page: Path | None = None, *, published: bool = True) -> None:
    counts = outcome.counts
    if outcome.run_id is None:
        say.print(outcome.line())
        if waits := outcome.waits_line():
            say.print(waits)
        return
    table = Table(
        box=None,
        pad_edge=False,
        title=f"run {outcome.run_id}{'' if published else ', held'}",
        title_justify="left",
    )
    table.add_column("")
    for name in ("documents", "paragraphs", "words"):
        table.add_column(name, justify="right")
    for row in counts.rows():
        table.add_row(*row)
    say.print(table)
    say.print(
        f"{counts.repaired:,} paragraphs repaired, {counts.rejected:,} inputs rejected{outcome.left_over()}; "
        f"{counts.bytes / 1e6:,.1f} MB of text in {outcome.seconds:,.1f} s, {outcome.megabytes_a_second:,.1f} MB/s"
    )
    for note in outcome.notes():
        say.print(note)
    if published:
        say.print(f"dataset: {outcome.out}/documents (next to removed, repaired and rejected)")
    if page is not None:
        say.print(f"report: {page}")
