"""The `copydesk` command, one module for each group of subcommands.

Slow imports are inside the functions that need them, so that the command starts quickly.
"""

from __future__ import annotations

import io
import sys

from flows.cli import held, look, run, serve, undo  # noqa: F401 - each adds its commands to the app
from flows.cli.app import app, report_errors
from flows.cli.start import set_up


def main() -> None:
    """Run the command."""
    set_up()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for terminals without Unicode
    with report_errors():
        app(standalone_mode=True)
