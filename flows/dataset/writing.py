"""The lock of a dataset, and the recovery from a crash that comes before any writing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from flows.dataset.exchange import finish, is_unfinished
from flows.dataset.held import forget_published
from flows.dataset.layout import ROLLED_BACK_IN, STATE, Layout, Span, rolled_back, rolled_back_in, run_name
from flows.dataset.manifests import write_rolled_back
from flows.dataset.tables import FORMAT, TABLES, sync
from flows.errors import CopydeskError, Locked, remedy


@contextmanager
def writing(layout: Layout) -> Iterator[None]:
    """Hold the lock of a dataset, which is created if need be, and cleaned of what a crash left.

    Raises Locked if another process holds the lock, and CopydeskError if the folder cannot be written.
    """
    try:
        layout.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CopydeskError(
            f"cannot create the output folder {layout.root}: {error.strerror}{remedy(error)}"
        ) from error
    lock = FileLock(layout.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Locked(f"another run is writing {layout.root}; wait until it ends, and run again") from None
    except OSError as error:
        raise CopydeskError(
            f"cannot write to the output folder {layout.root}: {error.strerror}{remedy(error)}"
        ) from error
    try:
        _write_format(layout)
        recover(layout)
        yield
    finally:
        lock.release()


def _write_format(layout: Layout) -> None:
    """Write the format number of a new dataset."""
    if layout.format_file.exists():
        return
    partial = layout.format_file.with_suffix(".partial")
    partial.write_text(json.dumps({"format": FORMAT}) + "\n")
    sync(partial)
    partial.replace(layout.format_file)
    sync(layout.state)


def recover(layout: Layout) -> None:
    """Finish an exchange that a crash cut short; remove incomplete files, and those of runs without a commit."""
    if is_unfinished(layout):
        finish(layout)
    shutil.rmtree(layout.staging, ignore_errors=True)
    layout.staging.mkdir()
    for partial in (*layout.state.glob(".*.partial"), *layout.state.glob("*/.*.partial")):
        partial.unlink()
    published = set(layout.spans())
    for table in (*TABLES[1:], *STATE):
        for folder in layout.base(table).glob("run=*"):
            if (span := Span.of(folder.name)) and span not in published:
                shutil.rmtree(folder)
    forget_published(layout)
    if len({rolled_back_in(layout, kind) for kind in ROLLED_BACK_IN}) > 1:
        write_rolled_back(layout, run_name(rolled_back(layout)))
