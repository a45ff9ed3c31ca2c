"""The `copydesk` command, one module for each group of subcommands.

Slow imports are inside the functions that need them, so that the command starts quickly.
"""

from __future__ import annotations

import gc
import os

from flows.cli import (  # noqa: F401 - each adds its commands to the app
    copies,
    explain,
    export,
    held,
    init,
    look,
    report,
    review,
    run,
    serve,
    undo,
    warm,
)
from flows.cli.app import app, report_errors
from flows.cli.start import set_up, use_utf8
from flows.printable import make_logs_printable
from flows.report.streams import standard_streams


def main() -> None:
    """Run the command."""
    use_utf8()
    set_up()
    make_logs_printable()
    if "_COPYDESK_COMPLETE" in os.environ:  # a shell asks for completions, which have separators of their own
        app(standalone_mode=True)
    try:
        with standard_streams(), report_errors():
            app(standalone_mode=True)
    finally:
        gc.freeze()  # Python is about to end, and would look through all objects for garbage once more
