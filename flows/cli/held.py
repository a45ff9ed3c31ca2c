"""The commands that decide of a held run: publish, discard."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.app import Out, app, open_dataset, report_errors, say

Run = Annotated[str, typer.Argument(help="Id of a held run, as r000007.", show_default=False)]


@app.command()
def publish(out: Out, run: Run) -> None:
    """Publish a run that a guard holds; it counts as history from then on."""
    from flows.maintenance import replace_older

    dataset = open_dataset(out)
    with report_errors("nothing was published"), dataset.writing():
        dataset.release(run)
        replace_older(dataset, run)
    say.print(f"{run} is published: {dataset.root}/documents")


@app.command()
def discard(out: Out, run: Run) -> None:
    """Drop a run that a guard holds; the next run reads its inputs again."""
    dataset = open_dataset(out)
    with report_errors(f"{run} is held as before"), dataset.writing():
        dataset.discard(run)
    say.print(f"{run} is dropped; the next run reads its inputs again")
