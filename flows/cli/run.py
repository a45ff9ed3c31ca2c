"""The command `run`: clean new inputs and publish them."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.cli.app import (
    Config,
    Inputs,
    NewOut,
    Quiet,
    Verbose,
    app,
    examples,
    print_json,
    refuse_current_folder,
    report_errors,
    say,
    warn,
)
from flows.cli.interrupt import GRACE, answering_interrupts
from flows.cli.logs import LogFile, LogFormatOption, is_on_stderr, logging_to
from flows.cli.prefect_api import Engine, silence_prefect, use_prefect
from flows.cli.start import import_numba, importing
from flows.errors import Held, UsageError

if TYPE_CHECKING:
    from flows.dataset.summary import Outcome
    from flows.report.closing_screen import Status
    from flows.run.engine import Engine as Executes
    from flows.run.engine import Report
    from flows.settings import Settings

#: Records of which `--dry-run` shows what would be removed, unless `--limit` says otherwise.
SAMPLE: Final = 5_000
#: Seconds for Prefect to report to its server that the run was cancelled, and for a cluster of Dask to end.
_GRACE_OF_OTHERS: Final = 10.0
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line, beside inputs, output and configuration."""

    engine: Engine
    retry_rejected: bool
    limit: int
    dask_workers: int
    dry_run: bool
    as_json: bool
    quiet: bool
    verbose: bool


@app.command(
    epilog=examples(
        "copydesk run /data/scraped --out /data/news",
        "copydesk run 'news/*.jsonl.gz' s3://bucket/feed.csv -o news --config mine.toml",
        "copydesk run /data/scraped -o /data/news --dry-run --limit 1000",
        "copydesk run /data/scraped -o /data/news --quiet --log-file copydesk.log --log-format json",
    )
)
def run(
    inputs: Inputs,
    out: NewOut,
    config: Config = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="What executes the run; auto is a Prefect flow run if a Prefect API is configured, else this process."
        ),
    ] = Engine.AUTO,
    dask_workers: Annotated[
        int | None,
        typer.Option(
            "--dask-workers",
            min=1,
            metavar="N",
            help="Execute the stages in N processes of Dask, started for this run.",
            show_default="as [engine] says",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help="Read only the first N new records. The next run reads the rest.",
            show_default="all; 5000 with --dry-run",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what would be read, and what would be removed from a sample. Write nothing.",
        ),
    ] = False,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Retry rejected inputs even if they have not changed.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an input was rejected.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON object, for programs.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_file: LogFile = None,
    log_format: LogFormatOption = None,
) -> None:
    """Clean new and changed inputs, and publish them as one run."""

    def answer(message: str, code: int) -> None:
        if as_json and not answered:
            print_json({"status": "failed", "exit_code": code, "error": message})

    answered: list[Status] = []
    options = Options(engine, retry_rejected, limit or 0, dask_workers or 0, dry_run, as_json, quiet, verbose)
    with ExitStack() as stack:
        stack.enter_context(report_errors("nothing was published", answer))
        with importing():
            from flows.dataset import Dataset
            from flows.dataset.summary import Outcome
            from flows.settings import read_settings
        refuse_current_folder(out)
        settings = read_settings(config)
        stack.enter_context(logging_to(log_file, log_format, verbose=verbose))
        stack.enter_context(report_errors("nothing of this run was published", answer))
        _log.info(
            "run of %s begins", out, extra={"event": {"event": "begin", "inputs": inputs, "out": str(out)}}
        )
        try:
            outcome, files = _execute(inputs, out, config, settings, options)
        except Held as held:
            if isinstance(held.outcome, Outcome):
                answered.append("held")
                held_for = Dataset(out).held_for(held.outcome.run_id or "")
                page = _page(held.outcome, settings)
                _say(held.outcome, "held", held.exit_code, options, page, held_for=held_for)
            raise
        status: Status = "dry run" if dry_run else "published" if outcome.run_id else "unchanged"
        code = int(outcome.is_unreadable or (strict and outcome.counts.rejected > 0))
        page = _page(outcome, settings) if status == "published" else None
        _say(outcome, status, code, options, page, files=files)
        if code and not is_on_stderr():
            warn.print(f"copydesk: {_complaint(outcome, status)}")
    if code:
        raise typer.Exit(code)


def _complaint(outcome: Outcome, status: Status) -> str:
    """Why a run that went well exits with 1."""
    from flows.dataset.summary import counted

    if outcome.is_unreadable:
        return (
            "nothing could be read: see above what to do"
            if status == "published"
            else "nothing could be read"
        )
    number = outcome.counts.rejected
    if status == "dry run":  # it wrote no table to look at
        return f"{counted(number, 'input')} would be rejected"
    return f"{counted(number, 'input')} {'was' if number == 1 else 'were'} rejected: see {outcome.out / 'rejected'}"


def _execute(
    inputs: list[str], out: Path, config: Path | None, settings: Settings, options: Options
) -> tuple[Outcome, list[dict[str, Any]]]:
    """The outcome of the run and, of a dry run, the files that would be read."""
    with importing():
        from flows.dataset import Layout
        from flows.dataset.remote import open_to_read, working_copy_in

    def published() -> list[str]:
        copy = working_copy_in(out)  # which has a run before it is published
        return Layout(out).runs() if copy is None else copy.base.runs()

    open_to_read(out)
    before = published()

    def consequence() -> str:
        new = [run_id for run_id in published() if run_id not in before]
        return f"{new[0]} is published" if new else "nothing of this run was published"

    notices = (
        settings.notify.timeout
        if settings.notify.webhook.get_secret_value() or settings.notify.command
        else 0
    )
    on_dask = _is_for_dask(settings, options) and not options.dry_run
    if not options.dry_run and use_prefect(options.engine, fallback="the run is executed"):
        if options.quiet:
            silence_prefect()
        from flows.clean import clean_here

        with answering_interrupts(consequence, _GRACE_OF_OTHERS + notices):
            return clean_here(
                inputs, out, config, options.retry_rejected, options.limit, options.dask_workers
            ), []
    with importing():
        from flows.cli.progress import show_progress
        from flows.run.engine import workers
        from flows.run.notify import notify_on_failure
        from flows.run.plan import execute_run
        from flows.run.processes import Local

    with (
        answering_interrupts(consequence, (_GRACE_OF_OTHERS if on_dask else GRACE) + notices),
        show_progress(warn, quiet=options.quiet or is_on_stderr()) as report,
        _on_dask(settings, options.dask_workers, _logged(report))
        if on_dask
        else Local(workers(settings), _logged(report)) as engine,
    ):
        if (copy := working_copy_in(out)) is not None:
            copy.report = report
        how: dict[str, Any] = {"retry_rejected": options.retry_rejected, "prepare": import_numba}
        if options.dry_run:
            from flows.report.dry_run import files_by_format
            from flows.run.rehearsal import rehearse

            outcome, new = rehearse(inputs, out, settings, engine, limit=options.limit or SAMPLE, **how)
            return outcome, files_by_format(new, settings)
        with notify_on_failure(settings.notify, out):
            return execute_run(inputs, out, settings, engine, limit=options.limit, **how), []


def _is_for_dask(settings: Settings, options: Options) -> bool:
    """Whether workers of Dask execute the stages; raises UsageError if options and `[engine]` contradict each other."""
    given = settings.engine
    if options.dask_workers:
        if options.engine is Engine.LOCAL:
            raise UsageError("--dask-workers needs other processes than this one: leave out --engine local")
        if named := "dask_address" if given.dask_address else "dask_cluster" if given.dask_cluster else "":
            raise UsageError(f"--dask-workers starts a cluster of its own: leave it out, or [engine] {named}")
    return options.engine is not Engine.LOCAL and bool(options.dask_workers or given.task_runner == "dask")


def _on_dask(settings: Settings, local: int, report: Report) -> AbstractContextManager[Executes]:
    """Workers of Dask; raises UsageError if it is not installed."""
    from flows.run.dask_cluster import require_dask

    require_dask()
    from flows.run.dask_tasks import DaskTasks
    from flows.run.task_runs import NoRecord

    return DaskTasks(settings, local, report, NoRecord())


def _logged(report: Report) -> Report:
    """The function, with an entry in the log for each stage that is done."""
    logged: set[str] = set()

    def also_log(stage: str, done: int, total: int) -> None:
        report(stage, done, total)
        if done == total and stage not in logged:
            logged.add(stage)
            _log.info("%s: done", stage, extra={"event": {"event": "stage", "stage": stage}})

    return also_log


def _page(outcome: Outcome, settings: Settings) -> Path | None:
    """The page of the run; None if none is wanted, or it could not be written."""
    from flows.report.page.storing import page_after

    with report_errors("the run is as the dataset has it, but its page is not written"):
        return page_after(outcome, settings)


def _say(
    outcome: Outcome,
    status: Status,
    code: int,
    options: Options,
    page: Path | None = None,
    *,
    held_for: list[str] | None = None,
    files: list[dict[str, Any]] | None = None,
) -> None:
    """Print the outcome, as a table and lines or as JSON, and log it."""
    if options.as_json or _log.isEnabledFor(logging.INFO):
        from flows.report.closing_screen import as_json

        answer = as_json(outcome, status, code, held_for or [], page)
        if status == "dry run":
            answer["files"] = files
        _log.info("%s: %s", status, outcome.line(), extra={"event": {"event": "end", **answer}})
        if options.as_json:
            print_json(answer)
    if options.as_json or options.quiet:
        return
    if status == "dry run":
        from flows.report.dry_run import lines

        say.print(*lines(outcome, files or []))
    elif outcome.run_id is None:
        say.print(outcome.line())
    if outcome.run_id is None:
        if waits := outcome.waits_line():
            say.print(waits)
        return
    from flows.report import closing_screen

    say.print(closing_screen.headline(outcome, status))
    if outcome.counts.documents:
        say.print(closing_screen.table_of(outcome, say.width))
    say.print(*closing_screen.lines(outcome, status, say.width, page, verbose=options.verbose))
