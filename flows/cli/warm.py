"""The command `warm`: make this machine or container image ready, so that the first run starts like any other."""

from __future__ import annotations

import time

from flows.cli.app import Config, Quiet, app, report_errors, say, warn
from flows.cli.start import import_numba, importing
from flows.errors import CopydeskError


@app.command()
def warm(config: Config = None, quiet: Quiet = False) -> None:
    """Compile all kernels for this machine, and keep what the configuration's phrases are searched with."""
    with importing():
        import_numba()
        from cleaners.kernels.machine_code import folder, is_complete
        from cleaners.language import preload
        from cleaners.phrases.tables import make_tables
        from flows.cli.progress import ready_kernels
        from flows.settings import lexicon_of, phrases_of, read_settings

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
        lexicon_of(settings)
        make_tables(phrases_of(settings))
        if settings.language.enabled:
            preload()
        if not quiet:
            what = "all kernels were compiled already" if was_complete else "all kernels are compiled"
            say.print(f"{what} ({time.perf_counter() - started:.1f} s): {kept}")
