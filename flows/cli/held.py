"""The commands that decide about a held run: publish, discard."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.app import Out, app, examples, open_dataset, report_errors, say

Run = Annotated[str, typer.Argument(help="Id of a held run, such as r000007.", show_default=False)]


@app.command(epilog=examples("copydesk publish /data/news r000412"))
def publish(out: Out, run: Run) -> None:
    """Publish a run that a guard is holding. It counts as history from then on."""
    from flows.maintenance import replace_older

    dataset = open_dataset(out)
    with report_errors("nothing was published"), dataset.writing():
        dataset.release(run)
        replace_older(dataset, run)
    say.print(f"{run} is published: {dataset.root}/documents")


@app.command(epilog=examples("copydesk discard /data/news r000412"))
def discard(out: Out, run: Run) -> None:
    """Discard a run that a guard is holding. The next run reads its inputs again."""
    dataset = open_dataset(out)
    with report_errors(f"{run} is still held"), dataset.writing():
        dataset.discard(run)
    say.print(f"{run} is discarded; the next run reads its inputs again")
