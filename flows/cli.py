"""The `copydesk` command. What takes long to import is imported where it is used: the shell waits for it."""

from __future__ import annotations

import enum
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from flows.errors import CopydeskError, UsageError
from flows.start import import_numba, importing, set_up

if TYPE_CHECKING:
    from flows.dataset import Dataset
    from flows.settings import Settings
    from flows.summary import Outcome

app = typer.Typer(
    name="copydesk",
    help="Turn folders of scraped news text into a clean, deduplicated Parquet dataset.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
#: A table written to a file or a pipe is not cut to the width of a terminal that is not there.
WIDTH: Final = None if sys.stdout.isatty() else 160


class Screen(Console):
    """A console that a closed pipe silences and does not stop: a run goes on when nobody listens to it."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())


say = Screen(highlight=False, soft_wrap=True, width=WIDTH)
warn = Screen(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[
    Path | None, typer.Option("--config", help="Configuration (TOML): what differs from the defaults.")
]
Out = Annotated[Path, typer.Argument(help="Folder of a dataset.", show_default=False)]


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
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if an input was rejected.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Clean what is new of the inputs, and publish it as one run of the dataset."""
    with importing():
        from flows.settings import read_settings

    if not str(out).strip("."):
        raise UsageError("--out wants a folder of its own, not the current one")
    settings = read_settings(config)
    with _told("nothing of this run was published"):
        outcome = _carry_out(inputs, out, config, settings, engine, quiet)
    if not quiet:
        _print_outcome(outcome)
    if strict and outcome.tally.rejected:
        warn.print(
            f"copydesk: {outcome.tally.rejected:,} inputs were rejected: see {outcome.out / 'rejected'}"
        )
        raise typer.Exit(1)


def _carry_out(
    inputs: list[str], out: Path, config: Path | None, settings: Settings, engine: Engine, quiet: bool
) -> Outcome:
    if engine is Engine.PREFECT:
        _require_prefect()
    if engine is Engine.PREFECT or (engine is Engine.AUTO and _prefect_answers()):
        from flows.clean import clean_here

        return clean_here(inputs, out, config)
    with importing():
        import_numba()
        from flows.plan import Threads, carry_out, workers
        from flows.progress import show_progress

    with show_progress(warn, quiet=quiet) as report:
        return carry_out(inputs, out, settings, Threads(workers(settings), report))


def _require_prefect() -> None:
    """Raise CopydeskError where a Prefect API is configured and cannot be reached."""
    from flows.engine import api_answers, configured_api

    api = configured_api()
    if api is not None and not api_answers(api):
        raise CopydeskError(f"the Prefect API {api} cannot be reached: start it, or run with --engine local")


def _prefect_answers() -> bool:
    """Whether a Prefect API is configured and can be reached; a warning where it is configured and cannot."""
    from flows.engine import api_answers, configured_api

    api = configured_api()
    if api is None or api_answers(api):
        return api is not None
    warn.print(f"copydesk: the Prefect API {api} cannot be reached; the run is done in this process")
    return False


def _print_outcome(outcome: Outcome) -> None:
    tally = outcome.tally
    if outcome.run_id is None:
        say.print(outcome.line())
        return
    table = Table(box=None, pad_edge=False, title=f"run {outcome.run_id}", title_justify="left")
    table.add_column("")
    for name in ("documents", "paragraphs", "words"):
        table.add_column(name, justify="right")
    for row in tally.rows():
        table.add_row(*row)
    say.print(table)
    say.print(
        f"{tally.repaired:,} paragraphs repaired, {tally.rejected:,} inputs rejected; "
        f"{tally.bytes / 1e6:,.1f} MB of text in {outcome.seconds:,.1f} s, {outcome.megabytes_a_second:,.1f} MB/s"
    )
    say.print(f"dataset: {outcome.out}/documents (removed, repaired, rejected beside it)")


@app.command()
def runs(out: Out) -> None:
    """List the published runs of a dataset."""
    from flows.summary import Tally

    dataset = _dataset(out)
    table = Table(box=None, pad_edge=False)
    table.add_column("run")
    table.add_column("finished")
    for name in ("inputs", "documents", "paragraphs kept", "of", "rejected", "seconds"):
        table.add_column(name, justify="right")
    for run_id in dataset.runs():
        manifest = dataset.manifest(run_id)
        t = Tally.from_json(manifest["tally"])
        numbers = [manifest["inputs"], t.documents_kept, t.paragraphs_kept, t.paragraphs, t.rejected]
        table.add_row(
            run_id, manifest["finished"], *(f"{n:,}" for n in numbers), f"{manifest['seconds']:,.1f}"
        )
    say.print(table)


@app.command()
def verify(out: Out) -> None:
    """Read a dataset again and check what can be checked of it; exit with 6 if something is damaged."""
    from flows.checks import verify_folder

    problems = list(verify_folder(out))
    for problem in problems:
        warn.print(problem, markup=False)
    if problems:
        raise typer.Exit(6)
    say.print(f"{out}: {len(_dataset(out).runs())} runs, no damage found")


@app.command()
def explain(
    file: Annotated[str, typer.Argument(help="One file; of a file with many records, all are shown.")],
    config: Config = None,
) -> None:
    """Show a document as a marked-up proof: what goes, why, and what was repaired."""
    from flows.explain import explain as proof
    from flows.settings import read_settings

    proof(file, read_settings(config), say)


def _dataset(out: Path) -> Dataset:
    from flows.dataset import Dataset

    dataset = Dataset(out)
    if not dataset.exists():
        raise UsageError(f"{out} is no dataset of copydesk")
    return dataset


@contextmanager
def _told(comfort: str = "") -> Iterator[None]:
    """Turn what is raised into a message and the exit code that belongs to it; no traceback for a user's mistake."""
    end = f"; {comfort}" if comfort else ""
    try:
        yield
    except CopydeskError as error:
        warn.print(f"copydesk: {error}", markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        warn.print(f"copydesk: interrupted{end}")
        sys.exit(130)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        warn.print(f"copydesk: {error.strerror or error}{where}{end}", markup=False)
        sys.exit(5)
    except Exception:
        warn.print(traceback.format_exc(), markup=False)
        warn.print(f"copydesk: this is a fault in copydesk{end}")
        sys.exit(5)


def main() -> None:
    """Run the command."""
    set_up()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode shows what it can
    with _told():
        app(standalone_mode=True)


if __name__ == "__main__":
    main()
