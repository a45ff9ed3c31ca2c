"""The lock of a dataset, and what is done before anything is written: what a crash left is swept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from flows.dataset.exchange import exchange_begun, finish
from flows.dataset.held import forget_published
from flows.dataset.layout import ROLLED_BACK_IN, STATE, Layout, Span, rolled_back, rolled_back_in, run_name
from flows.dataset.manifests import write_rolled_back
from flows.dataset.tables import FORMAT, TABLES, sync
from flows.errors import CopydeskError, Locked, way_out


@contextmanager
def writing(layout: Layout) -> Iterator[None]:
    """Hold the lock, with the dataset made where it is not there yet, and rid of what a crash left.

    Raises Locked where another process holds it, and CopydeskError where the folder cannot be written.
    """
    try:
        layout.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CopydeskError(
            f"cannot make the output folder {layout.root}: {error.strerror}{way_out(error)}"
        ) from error
    lock = FileLock(layout.state / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Locked(f"another run is writing {layout.root}; wait for it to end, and run again") from None
    except OSError as error:
        raise CopydeskError(
            f"cannot write to the output folder {layout.root}: {error.strerror}{way_out(error)}"
        ) from error
    try:
        _mark(layout)
        recover(layout)
        yield
    finally:
        lock.release()


def _mark(layout: Layout) -> None:
    """Write the format of a dataset that is new."""
    if layout.marker.exists():
        return
    partial = layout.marker.with_suffix(".partial")
    partial.write_text(json.dumps({"format": FORMAT}) + "\n")
    sync(partial)
    partial.replace(layout.marker)
    sync(layout.state)


def recover(layout: Layout) -> None:
    """Finish an exchange that a crash cut short; sweep files that are not whole, and those of no committed run."""
    if exchange_begun(layout):
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
        write_rolled_back(layout.state, run_name(rolled_back(layout)))
