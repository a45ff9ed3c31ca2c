"""The command `init`: look at inputs before the first run, and write a configuration for them."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import Inputs, app, expand_home, report_errors, say, warn
from flows.cli.start import importing
from flows.errors import UsageError

PREFECT_FILES = ("prefect.yaml", "automations.yaml")


@app.command()
def init(
    inputs: Inputs,
    config: Annotated[Path, typer.Option("--config", help="The file to write.", callback=expand_home)] = Path(
        "news.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    prefect: Annotated[
        bool, typer.Option("--prefect", help="Also write prefect.yaml and automations.yaml beside it.")
    ] = False,
) -> None:
    """Look at a sample of the inputs, say what is in them, and write a configuration for them."""
    with importing():
        from flows.cli.progress import ready_kernels
        from flows.dataset.layout import is_dataset
        from flows.inputs import find
        from flows.report.first_configuration import configuration
        from flows.report.survey import lines, survey
        from flows.settings.bundled import config_folder

    with report_errors("nothing was written"):
        copies = [config.parent / name for name in PREFECT_FILES] if prefect else []
        for path in (config, *copies):
            if path.exists() and not force:
                raise UsageError(
                    f"{path} exists; replace it with --force, or write another file with --config"
                )
        found = find(inputs, is_dataset=is_dataset)
        if not found:
            raise UsageError(f"{' '.join(inputs)}: no files to look at")
        ready_kernels(warn)
        result = survey(found)
        for line in lines(result):
            say.print(line)
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(configuration(result, inputs), encoding="utf-8")
        for path in copies:
            shutil.copyfile(config_folder() / path.name, path)
    say.print(f"written: {', '.join(str(path) for path in (config, *copies))}")
    say.print(f"next: copydesk run {shlex.join(inputs)} --out OUT --config {shlex.quote(str(config))}")
