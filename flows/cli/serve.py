"""The command `serve`: runs on a schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import Config, Inputs, NewOut, Quiet, app, refuse_current_folder, warn
from flows.cli.prefect_api import Engine, use_prefect


@app.command()
def serve(
    inputs: Inputs,
    out: NewOut,
    cron: Annotated[
        str | None, typer.Option(help='Cron expression, such as "0 * * * *" for every hour.')
    ] = None,
    interval: Annotated[
        float | None, typer.Option(help="Seconds between the starts of runs.", show_default=False)
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Time zone of --cron, such as Europe/Lisbon.", show_default="this machine's"),
    ] = None,
    config: Config = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="auto: a deployment on the Prefect server if one is configured, else a loop in this process."
        ),
    ] = Engine.AUTO,
    name: Annotated[
        str | None, typer.Option(help="Name of the Prefect deployment.", show_default="from --out")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run on a schedule until interrupted or terminated."""
    from flows.cli.scheduler import (
        Clock,
        Stop,
        local_timezone,
        run_command,
        serve_locally,
        serve_with_prefect,
    )
    from flows.dataset import Dataset
    from flows.settings import phrases_of, read_settings

    refuse_current_folder(out)
    clock = Clock(cron, interval, timezone or local_timezone())
    phrases_of(read_settings(config))  # report a mistake now, not at the first run
    dataset = Dataset(out)
    inputs = [name if "://" in name else str(Path(name).absolute()) for name in inputs]
    config = config and config.absolute()

    def log(line: str) -> None:
        if not quiet:
            warn.print(f"copydesk: {line}")

    if use_prefect(engine, fallback="the schedule runs", server=True):
        name = name or deployment_name(dataset.root)
        log(f"serving {dataset.root}: {clock}; deployment copydesk/{name} on the Prefect server")
        serve_with_prefect(inputs, dataset.root, config, clock, name)
        log("stopped")
        return
    stop = Stop()
    with stop.on_signals():
        log(f"serving {dataset.root}: {clock}; without Prefect, until this process ends")
        command = run_command(inputs, dataset.root, config, *(["--quiet"] if quiet else []))
        serve_locally(command, clock, log, stop)
        log("stopped")


def deployment_name(out: Path) -> str:
    """The name of a dataset's deployment: its path, without the characters that Prefect does not allow.

    >>> deployment_name(Path("/data/the news"))
    'data-the news'
    """
    return "".join("-" if c in "/%&<>" else c for c in str(out).strip("/"))
