"""The commands that only read: runs, files, verify."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from flows.cli.app import Json, Out, app, examples, open_dataset, print_json, say, warn
from flows.errors import CopydeskError
from flows.printable import printable


@app.command(epilog=examples("copydesk runs /data/news", "copydesk runs /data/news --json"))
def runs(out: Out, as_json: Json = False) -> None:
    """List the published runs of a dataset, and the held ones."""
    from flows.report.run_list import runs_as_json, runs_table

    dataset = open_dataset(out)
    if as_json:
        print_json(runs_as_json(dataset))
    else:
        say.print(runs_table(dataset, dataset.runs()))
        for run_id in dataset.held_runs():
            say.print(f"{run_id}  held, not published: {'; '.join(dataset.held_for(run_id))}")
    exit_if_lost()


@app.command(
    epilog=examples(
        "copydesk files s3://bucket/news",
        "copydesk files s3://bucket/news removed",
    )
)
def files(
    out: Out,
    table: Annotated[
        str, typer.Argument(help="Name of the table: documents, removed, labelled, repaired or rejected.")
    ] = "documents",
) -> None:
    """List the Parquet files of a table, a line each: on object storage, what a reader should read."""
    from flows.dataset.listing import files_of
    from flows.dataset.remote import name_of

    for name in files_of(name_of(out), table):
        say.print(name)
    exit_if_lost()


@app.command(epilog=examples("copydesk verify /data/news", "copydesk verify /data/news --json"))
def verify(out: Out, as_json: Json = False) -> None:
    """Read a whole dataset and check its integrity. Exit with 6 if anything is damaged."""
    from flows.dataset.summary import counted
    from flows.verify import verify_folder

    found: Counter[str] = Counter()
    problems = [printable(problem) for problem in verify_folder(out, found)]
    unchecked = [f"{count:,} {what}" for what, count in found.items() if count]
    if as_json:
        print_json({"dataset": printable(str(out)), "problems": problems, "unchecked": unchecked})
    else:
        for problem in problems:
            warn.print(problem)
        for what in unchecked:
            say.print(f"not checked: {what}")
    if problems:
        raise typer.Exit(6)
    if not as_json:
        say.print(f"{out}: {counted(len(open_dataset(out).runs()), 'run')}, no damage found")


def exit_if_lost() -> None:
    """Fail if the output, which is all that the command was for, could not be written."""
    if say.is_lost:
        raise typer.Exit(CopydeskError.exit_code)
