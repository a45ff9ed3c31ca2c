"""The command `serve`: runs on a schedule."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Final

import typer

from flows.cli.app import Config, Inputs, NewOut, Quiet, app, examples, refuse_current_folder, warn
from flows.cli.logs import LogFile, LogFormatOption, is_on_stderr, logging_to
from flows.cli.prefect_api import Engine, silence_prefect, use_prefect

_log: Final = logging.getLogger(__name__)


@app.command(
    epilog=examples(
        "copydesk serve /data/scraped --out /data/news --cron '0 * * * *'",
        "copydesk serve /data/scraped -o /data/news --cron '30 6 * * *' --timezone Europe/Lisbon",
        "copydesk serve /data/scraped -o /data/news --interval 3600 --log-format json",
    )
)
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
            help="What keeps the schedule; auto is the Prefect server if one is configured, else this process."
        ),
    ] = Engine.AUTO,
    name: Annotated[
        str | None, typer.Option(help="Name of the Prefect deployment.", show_default="from --out")
    ] = None,
    quiet: Quiet = False,
    log_file: LogFile = None,
    log_format: LogFormatOption = None,
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
    from flows.dataset.layout import is_dataset
    from flows.dataset.remote import name_of
    from flows.inputs.finding import require_inputs
    from flows.settings import phrases_of, read_settings

    refuse_current_folder(out)
    clock = Clock(cron, interval, timezone or local_timezone())
    settings = read_settings(config)
    phrases_of(settings)  # report a mistake now, not at the first run
    dataset = Dataset(out)
    place = name_of(dataset.root)
    require_inputs(inputs, exclude=dataset.root, is_dataset=is_dataset)
    inputs = [name if "://" in name else str(Path(name).absolute()) for name in inputs]
    config = config and config.absolute()

    def log(line: str) -> None:
        _log.info("%s", line, extra={"event": {"event": "schedule"}})
        if not quiet and not is_on_stderr():
            warn.print(f"copydesk: {line}")

    with logging_to(log_file, log_format):
        if use_prefect(engine, fallback="the schedule runs", server=True):
            name = name or deployment_name(place)
            if quiet:
                silence_prefect()
            log(f"serving {place}: {clock}; deployment copydesk/{name} on the Prefect server")
            serve_with_prefect(inputs, place, config, clock, name)
            log("stopped")
            return
        stop = Stop()
        with stop.on_signals():
            log(f"serving {place}: {clock}; without Prefect, until this process ends")
            more = ["--quiet"] if quiet else []
            more += ["--log-file", str(log_file.absolute())] if log_file is not None else []
            more += ["--log-format", log_format.value] if log_format is not None else []
            with_dask = settings.engine.task_runner == "dask"
            command = run_command(inputs, place, config, *more, with_dask=with_dask)
            serve_locally(command, clock, log, stop)
            log("stopped")


def deployment_name(out: Path | str) -> str:
    """The name of a dataset's deployment: its path, without the characters that Prefect does not allow.

    >>> deployment_name(Path("/data/the news"))
    'data-the news'
    """
    return "".join("-" if c in "/%&<>" else c for c in str(out).strip("/"))
