"""The command `report`: the page of a run."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Annotated

import typer

from flows.cli.app import Out, app, examples, open_dataset, say
from flows.errors import UsageError


@app.command(epilog=examples("copydesk report /data/news", "copydesk report /data/news r000007 --open"))
def report(
    out: Out,
    run: Annotated[
        str | None,
        typer.Argument(help="Id of a run, such as r000007, published or held.", show_default="the last one"),
    ] = None,
    browser: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the page in a browser.", show_default="in a terminal"),
    ] = None,
) -> None:
    """Open the page of a run: what it removed and why, with a sample of proofs to review."""
    from flows.report.page.storing import write_page

    dataset = open_dataset(out)
    runs = [*dataset.runs(), *dataset.held_runs()]
    if not runs:
        raise UsageError(f"{out} has no run yet")
    path = dataset.report_file(run or max(runs, key=lambda one: (len(one), one)))
    if not path.exists() or path.stem not in runs:
        path = write_page(dataset, path.stem)
    say.print(str(path))
    if browser or (browser is None and _is_on_a_desktop()):
        webbrowser.open(path.as_uri())


def _is_on_a_desktop() -> bool:
    """Whether a person sits before this process who can see a browser."""
    has_display = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_display and sys.stdout is not None and sys.stdout.isatty()
