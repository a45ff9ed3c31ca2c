"""Held runs: complete and on the disk, but not published until a person releases or discards them.

    OUT/_copydesk/held/<run>/publish/    the staged folders of the run, as `commit` takes them
    OUT/_copydesk/held/<run>/held.json   why it is held, and the state of the dataset that it was made for

A held run keeps its id. To release it, hard links to its files are committed like any run: a crash on the way leaves
the run either held or published.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.dataset.checksums import checksum, read_json, write_json
from flows.dataset.commit import commit
from flows.dataset.damage import damaged_held
from flows.dataset.exchange import link
from flows.dataset.inventory import clear
from flows.dataset.layout import HELD_JSON, PUBLISH, Layout
from flows.dataset.manifests import read_manifest, write_rolled_back
from flows.dataset.tables import sync
from flows.errors import CopydeskError, UsageError


def hold(layout: Layout, run_id: str, staging: Path, reasons: Sequence[str]) -> None:
    """Set the run that is staged in `staging/publish` aside; one rename makes it a held run."""
    for path in staging.iterdir():
        if path.is_dir() and path.name != PUBLISH:
            shutil.rmtree(path)
        elif path.is_file():  # what a worker was at that was lost
            path.unlink()
    write_json(staging / HELD_JSON, {"run_id": run_id, **_made_after(layout), "reasons": list(reasons)})
    publish = staging / PUBLISH
    for folder in (*publish.iterdir(), publish, staging):
        sync(folder)
    layout.held.mkdir(exist_ok=True)
    staging.rename(layout.held / run_id)
    sync(layout.held)
    sync(layout.state)


def reasons(layout: Layout, run_id: str) -> list[str]:
    """Why a run is held, a line each.

    Raises UsageError if it is not held, and CopydeskError if its `held.json` is damaged.
    """
    return [str(reason) for reason in _read_held(layout, run_id)["reasons"]]


def release(layout: Layout, run_id: str) -> None:
    """Publish a held run.

    Raises UsageError if it is not held, or if the dataset has changed since the run was made: it does not know of later
    runs, of text restored since, or of a rebuilt index. Raises CopydeskError if its files are damaged.
    """
    recorded = _read_held(layout, run_id)
    now = _made_after(layout)
    if {key: recorded.get(key) for key in now} != now:
        raise UsageError(
            f"{run_id} was made after run {recorded.get('after')}, and the dataset has changed since, so that its "
            f"duplicates may be wrong: drop it with `copydesk discard {layout.root} {run_id}`, and run again"
        )
    for path, problem in damaged_held(layout, run_id):
        raise CopydeskError(f"{path} {problem}; {drop_held(layout, run_id)}")
    staged = layout.staging / f"{run_id}-released"
    shutil.rmtree(staged, ignore_errors=True)
    link(layout.held_publish(run_id), staged)
    commit(layout, run_id, staged)
    shutil.rmtree(layout.held / run_id)
    shutil.rmtree(staged)
    layout.report_file(run_id).unlink(
        missing_ok=True
    )  # it says that the run is held; `copydesk report` writes another


def drop_held(layout: Layout, run_id: str) -> str:
    """What to do about a held run whose files are damaged."""
    return f"drop the run with `copydesk discard {layout.root} {run_id}`: the next run reads its inputs again"


def discard(layout: Layout, run_id: str) -> None:
    """Drop a held run: its inputs are new again, its id is not reused. Raises UsageError if it is not held."""
    _read_held(layout, run_id)
    write_rolled_back(layout, run_id)
    clear(layout)
    dropped = layout.staging / f"{run_id}-discarded"
    (layout.held / run_id).rename(dropped)
    sync(layout.held)
    shutil.rmtree(dropped)


def forget_published(layout: Layout) -> None:
    """Remove the held copies of published runs, which a crash during their release left behind."""
    published = set(layout.runs())
    for run_id in layout.held_runs():
        if run_id in published:
            shutil.rmtree(layout.held / run_id)


def _made_after(layout: Layout) -> dict[str, Any]:
    """The state of the dataset that a run depends on: published runs, rules of their index, restored text."""
    runs = layout.runs()
    exceptions = layout.exceptions_file
    return {
        "after": runs[-1] if runs else None,
        "runs": len(runs),
        "index": read_manifest(layout, runs[-1])["index"] if runs else None,
        "exceptions": checksum(exceptions) if exceptions.exists() else None,
    }


def _read_held(layout: Layout, run_id: str) -> dict[str, Any]:
    held = layout.held_runs()
    if run_id not in held:
        others = f"held runs: {', '.join(held)}" if held else "no run is held"
        raise UsageError(f"{layout.root} holds no run {run_id!r}: {others}")
    path = layout.held_file(run_id)
    try:
        recorded = read_json(path)
        if isinstance(recorded["reasons"], list):
            return recorded
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise CopydeskError(
        f"{path} is damaged: drop the run with `rm -r {path.parent}`, and run again to read its inputs again"
    )
