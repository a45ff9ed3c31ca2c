"""The `copydesk` command, one module for each group of subcommands.

Slow imports are inside the functions that need them, so that the command starts quickly.
"""

from __future__ import annotations

from flows.cli import held, init, look, report, run, serve, undo, warm  # noqa: F401 - each adds its commands to the app
from flows.cli.app import app, report_errors
from flows.cli.start import set_up, use_utf8
from flows.printable import make_logs_printable
from flows.report.streams import standard_streams


def main() -> None:
    """Run the command."""
    use_utf8()
    set_up()
    make_logs_printable()
    with standard_streams(), report_errors():
        app(standalone_mode=True)
