"""The command `run`, by which everything is done."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli.app import Config, app, report_errors, say, warn
from flows.cli.start import import_numba, importing
from flows.errors import CopydeskError, Held, UsageError

if TYPE_CHECKING:
    from flows.dataset.summary import Outcome
    from flows.settings.model import Settings


class Engine(enum.StrEnum):
    """What carries a run out."""

    AUTO = "auto"
    LOCAL = "local"
    PREFECT = "prefect"


@app.command()
def run(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs or URLs: .txt, .jsonl, .csv, .parquet, .gz, .zst."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the dataset; made where it is not there.")],
    config: Config = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="auto: a Prefect flow run where a Prefect API is configured, else in this process."
        ),
    ] = Engine.AUTO,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Try again what was rejected, though it has not changed.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an input was rejected.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Clean what is new of the inputs, and publish it as one run of the dataset."""
    with importing():
        from flows.dataset.summary import Outcome
        from flows.settings.model import read_settings

    if not str(out).strip("."):
        raise UsageError("--out wants a folder of its own, not the current one")
    settings = read_settings(config)
    with report_errors("nothing of this run was published"):
        try:
            outcome = _execute_run(inputs, out, config, settings, engine, quiet, retry_rejected)
        except Held as held:
            if isinstance(held.outcome, Outcome) and not quiet:
                _print_outcome(held.outcome, published=False)
            raise
    if not quiet:
        _print_outcome(outcome)
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
    if engine is Engine.PREFECT:
        require_prefect()
    if engine is Engine.PREFECT or (engine is Engine.AUTO and prefect_answers()):
        from flows.clean import clean_here

        return clean_here(inputs, out, config, retry_rejected)
    with importing():
        import_numba()
        from flows.cli.progress import show_progress
        from flows.run.engine import Threads, workers
        from flows.run.notify import telling
        from flows.run.plan import execute_run

    with telling(settings.notify, out), show_progress(warn, quiet=quiet) as report:
        engine_here = Threads(workers(settings), report)
        return execute_run(inputs, out, settings, engine_here, retry_rejected=retry_rejected)


def require_prefect(*, configured: bool = False) -> None:
    """Raise CopydeskError where a Prefect API is configured and cannot be reached, or must be configured and is not."""
    from flows.cli.prefect_api import api_answers, configured_api

    api = configured_api()
    if api is None and configured:
        raise UsageError(
            "no Prefect API is configured: start a server with `prefect server start`, and tell where it is with "
            "`prefect config set PREFECT_API_URL=http://127.0.0.1:4200/api`"
        )
    if api is not None and not api_answers(api):
        raise CopydeskError(f"the Prefect API {api} cannot be reached: start it, or run with --engine local")


def prefect_answers(what: str = "the run is done") -> bool:
    """Whether a Prefect API is configured and can be reached; a warning where it is configured and cannot."""
    from flows.cli.prefect_api import api_answers, configured_api

    api = configured_api()
    if api is None or api_answers(api):
        return api is not None
    warn.print(f"copydesk: the Prefect API {api} cannot be reached; {what} in this process")
    return False


def _print_outcome(outcome: Outcome, *, published: bool = True) -> None:
    counts = outcome.counts
    if outcome.run_id is None:
        say.print(outcome.line())
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
    if published:
        say.print(f"dataset: {outcome.out}/documents (removed, repaired, rejected beside it)")
