"""The command `init`: look at inputs before the first run, and write a configuration for them."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app, examples, report_errors, say, warn
from flows.cli.home import expand_home
from flows.cli.start import importing
from flows.errors import UsageError

PREFECT_FILES = ("prefect.yaml", "automations.yaml")


@app.command(
    epilog=examples(
        "copydesk init /data/scraped",
        "copydesk init /data/scraped --config mine.toml --force",
        "copydesk init --prefect",
    )
)
def init(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs or URLs to look at. With --prefect, none need be given.",
            callback=expand_home,
            show_default=False,
        ),
    ] = None,
    config: Annotated[Path, typer.Option("--config", help="The file to write.", callback=expand_home)] = Path(
        "news.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    prefect: Annotated[
        bool,
        typer.Option(
            "--prefect", help="Also write prefect.yaml and automations.yaml beside it, to deploy the flow."
        ),
    ] = False,
) -> None:
    """Look at a sample of the inputs, and write a configuration. Say what is in them."""
    if not inputs:
        if not prefect:
            raise UsageError("give an INPUT to look at, or --prefect for the files of a deployment alone")
        _write([], config, None, force=force, prefect=True)
        return
    with importing():
        from flows.cli.progress import ready_kernels
        from flows.dataset.layout import is_dataset
        from flows.inputs import find
        from flows.report.first_configuration import configuration
        from flows.report.survey import lines, survey

    with report_errors("nothing was written"):
        _refuse_existing(_targets(config, with_config=True, prefect=prefect), force=force)
        found = find(inputs, is_dataset=is_dataset)
        if not found:
            raise UsageError(f"{' '.join(inputs)}: no files to look at")
        ready_kernels(warn)
        result = survey(found)
        for line in lines(result):
            say.print(line)
    _write(inputs, config, configuration(result, inputs), force=force, prefect=prefect)


def _targets(config: Path, *, with_config: bool, prefect: bool) -> list[Path]:
    copies = [config.parent / name for name in PREFECT_FILES] if prefect else []
    return [config, *copies] if with_config else copies


def _refuse_existing(paths: list[Path], *, force: bool) -> None:
    for path in paths:
        if path.exists() and not force:
            raise UsageError(f"{path} exists; replace it with --force, or write another file with --config")


def _write(inputs: list[str], config: Path, content: str | None, *, force: bool, prefect: bool) -> None:
    """Write the configuration, if there is one, and the files of a deployment; say what comes next."""
    from flows.settings.bundled import config_folder

    written = _targets(config, with_config=content is not None, prefect=prefect)
    with report_errors("nothing was written"):
        _refuse_existing(written, force=force)
        config.parent.mkdir(parents=True, exist_ok=True)
        for path in written:
            if path == config and content is not None:
                path.write_text(content, encoding="utf-8")
            else:
                shutil.copyfile(config_folder() / path.name, path)
    say.print(f"written: {', '.join(str(path) for path in written)}")
    if content is not None:
        say.print(f"next: copydesk run {shlex.join(inputs)} --out OUT --config {shlex.quote(str(config))}")
    if prefect:
        deployment = shlex.quote(str(config.parent / PREFECT_FILES[0]))
        say.print(
            "next, for Prefect: COPYDESK_INPUT=/data/scraped COPYDESK_OUT=/data/news "
            f"prefect deploy --prefect-file {deployment} --all"
        )
