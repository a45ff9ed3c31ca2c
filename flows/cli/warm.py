"""The command `warm`: make this machine or container image ready, so that the first run starts like any other."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.cli.app import Config, Quiet, app, examples, report_errors, say, warn
from flows.cli.start import importing
from flows.errors import CopydeskError

if TYPE_CHECKING:
    from flows.settings import Settings

#: Lines of several kinds, for what cleaners load only when they need it.
ARTICLE: Final = """Ferry

The café at the quay opens at noon, says the harbour master, and the ferry to the island sails at two on every weekday.

The waiting room has 40 m² more than the old one, and a stove that was lit for the first time on Monday.

“It was Ã¼ber-full,” she said. Read more: Five things to know about the harbour

Share this

Related Articles

The library opens again"""


@app.command(epilog=examples("copydesk warm", "copydesk warm --config mine.toml --quiet"))
def warm(config: Config = None, quiet: Quiet = False) -> None:
    """Compile all kernels for this machine. Prepare the phrases of a configuration, too."""
    with importing():
        from cleaners.kernels.machine_code import folder, is_complete
        from flows.cli.progress import ready_kernels
        from flows.settings import read_settings

    settings = read_settings(config)
    with report_errors("the first run will compile what is missing"):
        if (kept := folder()) is None:
            raise CopydeskError(
                "no folder for compiled kernels can be written to; name one in NUMBA_CACHE_DIR, for runs, too"
            )
        started = time.perf_counter()
        was_complete = is_complete()
        ready_kernels(warn, quiet=quiet)
        if not is_complete():
            raise CopydeskError(f"{kept}: not all kernels could be compiled")
        _clean_something(settings)
        if not quiet:
            what = "all kernels were compiled already" if was_complete else "all kernels are compiled"
            say.print(f"{what} ({time.perf_counter() - started:.1f} s): {kept}")


def _clean_something(settings: Settings) -> None:
    """Clean an article, so that all that is kept on disk is there."""
    from flows.run.engine import Threads
    from flows.run.plan import execute_run

    with tempfile.TemporaryDirectory() as folder:
        article = Path(folder) / "article.jsonl"
        record = {"title": "Ferry", "text": ARTICLE, "source": "copydesk"}
        article.write_text(json.dumps(record), encoding="utf-8")
        threads = Threads(1, lambda _stage, _done, _total: None)
        execute_run([str(article)], Path(folder) / "out", settings, threads)
