"""The `copydesk` command, a room for each kind of command.

What takes long to import is imported where it is used: the shell waits for it.
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
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode shows what it can
    with report_errors():
        app(standalone_mode=True)
