"""The lock of a dataset, and the recovery from a crash that comes before any writing."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from flows.dataset.card import renew_card
from flows.dataset.checksums import is_sealed, read_json, write_json, write_sealed_part
from flows.dataset.crashes import keep_evidence
from flows.dataset.damage import damaged_caches, how_to_roll_back
from flows.dataset.exchange import finish, is_unfinished
from flows.dataset.held import forget_published
from flows.dataset.inventory import lost, read_inventory, take_stock
from flows.dataset.layout import (
    HELD_JSON,
    PARTS_JSON,
    ROLLED_BACK_IN,
    STATE,
    Layout,
    Span,
    rolled_back,
    rolled_back_in,
    run_name,
)
from flows.dataset.manifests import write_rolled_back
from flows.dataset.remote import working_copy_in
from flows.dataset.tables import FORMAT, TABLES, read_part, sync
from flows.errors import CopydeskError, Locked, remedy

_log: Final = logging.getLogger(__name__)

#: Seconds to wait for the lock of a working copy, which commands that read hold while they bring it up to date.
PATIENCE: Final = 10.0


@contextmanager
def writing(layout: Layout, *, without_lost_runs: bool = False) -> Iterator[None]:
    """Hold the lock of a dataset, which is created if need be, and cleaned of what a crash left.

    Raises Locked if another process holds the lock, and CopydeskError if the folder cannot be written, or if something
    was lost that nothing can rebuild. With `without_lost_runs`, runs may be lost: the command takes them out.

    A dataset behind a URL is published when the block has ended well: raises Locked if another writer was faster.
    """
    copy = working_copy_in(layout.root)
    if copy is not None:
        copy.make_folder()
    try:
        layout.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CopydeskError(
            f"cannot create the output folder {layout.root}: {error.strerror}{remedy(error)}"
        ) from error
    lock = FileLock(layout.lock_file)
    try:
        lock.acquire(timeout=0 if copy is None else PATIENCE)
    except Timeout:
        raise Locked(f"another run is writing {layout.root}; wait until it ends, and run again") from None
    except OSError as error:
        raise CopydeskError(
            f"cannot write to the output folder {layout.root}: {error.strerror}{remedy(error)}"
        ) from error
    try:
        if copy is not None:
            copy.refresh(to_write=True)
        _write_format(layout)
        recover(layout)
        _refuse_losses(layout, runs=not without_lost_runs)
        _drop_damaged(layout)
        if not without_lost_runs:
            take_stock(layout)
        yield
        renew_card(layout)
        take_stock(layout)
        _forget_reports(layout)
        if copy is not None:
            copy.publish()
    finally:
        lock.release()


def _forget_reports(layout: Layout) -> None:
    """Remove the pages of runs that are neither published nor held any more: they show what such a run read."""
    spans, held = layout.spans(), layout.held_runs()
    for page in layout.reports.glob("r*.html"):
        if page.stem not in held and not any(page.stem in span for span in spans):
            page.unlink(missing_ok=True)


def read_format(layout: Layout) -> int | None:
    """The format number of a dataset, None if it is not written down; raises OSError or ValueError if it is damaged."""
    path = layout.format_file
    try:
        content = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    number = content.get("format")
    if list(content) != ["format"] or not isinstance(number, int):
        raise ValueError(f"{path} is damaged: it has no format number, or more than that")
    return number


def rewrite_format(layout: Layout) -> str:
    """How the format number is written anew."""
    text = json.dumps({"format": FORMAT})
    return f"if this dataset has format {FORMAT}, write it anew: echo '{text}' > '{layout.format_file}'"


def _write_format(layout: Layout) -> None:
    """Write the format number of a new dataset; seal the files of one that was written without seals."""
    if layout.format_file.exists() and is_sealed(layout.format_file.read_bytes()):
        return
    loose = [*layout.state.glob(f"*/{PARTS_JSON}"), *layout.state.glob(f"*/expired/{PARTS_JSON}")]
    loose += [*layout.held.glob(f"*/{HELD_JSON}"), *map(layout.rolled_back_file, ROLLED_BACK_IN)]
    for path in (*loose, layout.rollback_file):
        if path.exists() and is_sealed(path.read_bytes()) is None:
            write_json(path, read_json(path))
    if layout.seen_file.exists() and is_sealed(layout.seen_file.read_bytes()) is None:
        write_sealed_part(read_part(layout.seen_file), layout.seen_file, {})
    if not layout.inventory_file.exists():
        take_stock(layout)
    write_json(layout.format_file, {"format": FORMAT})
    sync(layout.state)


def _refuse_losses(layout: Layout, *, runs: bool) -> None:
    """Raise CopydeskError if something was lost that nothing can rebuild; say what else was lost."""
    try:
        read_inventory(layout)
    except (FileNotFoundError, ValueError) as error:
        _log.warning("%s is missing or damaged, and is written anew (%s)", layout.inventory_file, error)
    gone = lost(layout)
    for path in (*map(layout.held_file, gone.held), *gone.files):
        if without := derived_from(layout, path):
            _log.warning("%s was lost: %s", path, without)
    needed = [path for path in gone.files if not derived_from(layout, path)]
    if runs and gone.published:
        raise CopydeskError(
            f"{layout.folder('documents', gone.published[0])} was lost; {without_run(layout)}"
        )
    if needed:
        raise CopydeskError(f"{needed[0]} was lost; {without_file(layout)}")


def _drop_damaged(layout: Layout) -> None:
    """Remove damaged files that a run can do without, and say so."""
    for path, error in damaged_caches(layout):
        _log.warning("%s: %s", error, derived_from(layout, path))
        path.unlink()


def derived_from(layout: Layout, path: Path) -> str:
    """What the next run does without a file; "" if it cannot do without."""
    if path == layout.history_file:
        return "it is a cache; the next run rebuilds it from `source_stats`"
    if path == layout.card_facts_file:
        return "it is a cache; the next command that writes rebuilds it"
    if path == layout.seen_file:
        return "the next run reads its inputs again, which held nothing new"
    if path.name == HELD_JSON:
        return "the next run reads the inputs of this held run again"
    if path in (layout.inventory_file, *map(layout.rolled_back_file, ROLLED_BACK_IN)):
        return "the next command that writes rewrites it"
    return ""


def without_run(layout: Layout) -> str:
    """How to go on if the documents of a run were lost."""
    first = next(iter(runs_of(lost(layout).published)), "RUN")
    return f"restore the folder from a backup, or {how_to_roll_back(layout, first)}"


def runs_of(spans: Iterable[Span]) -> list[str]:
    """The ids that these spans may hold, first to last."""
    return [run_name(n) for span in sorted(spans) for n in range(span.first, span.last + 1)]


def without_file(layout: Layout) -> str:
    """How to go on if a file was lost that nothing can rebuild."""
    return (
        f"restore it from a backup; to go on without it, for good, remove {layout.inventory_file}, "
        "which knows of it"
    )


def recover(layout: Layout) -> None:
    """Finish an exchange that a crash cut short; remove incomplete files, and those of runs without a commit."""
    if is_unfinished(layout):
        finish(layout)
    keep_evidence(layout)
    shutil.rmtree(layout.staging, ignore_errors=True)
    layout.staging.mkdir(exist_ok=True)  # workers of the run that crashed may still write there
    of_card = layout.card_file.with_name(f".{layout.card_file.name}.partial")
    of_card.unlink(missing_ok=True)
    for partial in (*layout.state.glob(".*.partial"), *layout.state.glob("*/.*.partial")):
        partial.unlink()
    published = {*layout.spans(), *lost(layout).published}  # what was lost may come back from a backup
    for table in (*TABLES[1:], *STATE):
        for folder in layout.base(table).glob("run=*"):
            if (span := Span.of(folder.name)) and span not in published:
                shutil.rmtree(folder)
    forget_published(layout)
    _agree_on_rolled_back(layout)


def _agree_on_rolled_back(layout: Layout) -> None:
    """Write both records of the last run that was rolled back anew, if one of them is behind, missing or damaged."""
    last, behind = rolled_back(layout), False
    for kind in ROLLED_BACK_IN if last else ():
        try:
            recorded = rolled_back_in(layout, kind)
        except CopydeskError as error:
            recorded = None
            _log.warning("%s", error)
        if recorded != last:
            behind = True
            _log.warning("%s is missing, damaged or behind, and is rewritten", layout.rolled_back_file(kind))
    if behind:
        write_rolled_back(layout, run_name(last))
