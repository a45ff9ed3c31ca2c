"""The command that runs by the clock: serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import Config, app, warn
from flows.cli.run import Engine, prefect_answers, require_prefect
from flows.errors import UsageError


@app.command()
def serve(
    inputs: Annotated[list[str], typer.Argument(help="As those of run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the dataset; made where it is not there.")],
    cron: Annotated[str | None, typer.Option(help='When to run, as "0 * * * *": every hour.')] = None,
    interval: Annotated[
        float | None, typer.Option(help="Seconds from one run to the next.", show_default=False)
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of --cron, as Europe/Lisbon.", show_default="this machine's")
    ] = None,
    config: Config = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="auto: a deployment of the Prefect server where one is configured, else a loop in this process."
        ),
    ] = Engine.AUTO,
    name: Annotated[
        str | None, typer.Option(help="Of the Prefect deployment.", show_default="from --out")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Run by the clock, until interrupted or terminated."""
    from flows.cli.scheduler import Clock, Stop, command_of, local_timezone, serve_here, serve_with_prefect
    from flows.dataset import Dataset
    from flows.settings.model import phrases_of, read_settings

    if not str(out).strip("."):
        raise UsageError("--out wants a folder of its own, not the current one")
    clock = Clock(cron, interval, timezone or local_timezone())
    phrases_of(read_settings(config))  # a mistake is told now, not at midnight
    dataset = Dataset(out)
    given = [place if "://" in place else str(Path(place).absolute()) for place in inputs]
    config = config and config.absolute()

    def tell(line: str) -> None:
        if not quiet:
            warn.print(f"copydesk: {line}", markup=False)

    if engine is Engine.PREFECT:
        require_prefect(configured=True)
    if engine is Engine.PREFECT or (engine is Engine.AUTO and prefect_answers("the schedule is kept")):
        name = name or deployment_name(dataset.root)
        tell(f"serving {dataset.root}: {clock}; deployment copydesk/{name} of the Prefect server")
        serve_with_prefect(given, dataset.root, config, clock, name)
        tell("stopped")
        return
    stop = Stop()
    with stop.on_signals():
        tell(f"serving {dataset.root}: {clock}; without Prefect, until this process ends")
        serve_here(
            command_of(given, dataset.root, config, *(["--quiet"] if quiet else [])), clock, tell, stop
        )
        tell("stopped")


def deployment_name(out: Path) -> str:
    """The name of the deployment of a dataset: its place, without what Prefect refuses in a name.

    >>> deployment_name(Path("/data/the changed_inputs"))
    'data-the news'
    """
    return "".join("-" if c in "/%&<>" else c for c in str(out).strip("/"))
