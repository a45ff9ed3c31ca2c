"""The commands that only read: runs, verify."""

from __future__ import annotations

import typer
from rich.table import Table

from flows.cli.app import Out, app, open_dataset, say, warn
from flows.errors import CopydeskError


@app.command()
def runs(out: Out) -> None:
    """List the published runs of a dataset, and those that a guard is holding."""
    from flows.dataset.summary import Counts

    dataset = open_dataset(out)
    table = Table(box=None, pad_edge=False)
    table.add_column("run")
    table.add_column("finished")
    for name in ("inputs", "documents", "paragraphs kept", "of", "rejected", "seconds"):
        table.add_column(name, justify="right")
    for run_id in dataset.runs():
        manifest = dataset.manifest(run_id)
        counts = Counts.from_json(manifest["counts"])
        numbers = [
            manifest["inputs"],
            counts.documents_kept,
            counts.paragraphs_kept,
            counts.paragraphs,
            counts.rejected,
        ]
        table.add_row(
            run_id, manifest["finished"], *(f"{n:,}" for n in numbers), f"{manifest['seconds']:,.1f}"
        )
    say.print(table)
    for run_id in dataset.held_runs():
        say.print(f"{run_id}  held, not published: {'; '.join(dataset.held_for(run_id))}")
    exit_if_lost()


@app.command()
def verify(out: Out) -> None:
    """Read a whole dataset and check its integrity; exit with 6 if something is damaged."""
    from flows.verify import verify_folder

    problems = list(verify_folder(out))
    for problem in problems:
        warn.print(problem)
    if problems:
        raise typer.Exit(6)
    say.print(f"{out}: {len(open_dataset(out).runs())} runs, no damage found")


def exit_if_lost() -> None:
    """Fail if the output, which is all that the command was for, could not be written."""
    if say.is_lost:
        raise typer.Exit(CopydeskError.exit_code)
