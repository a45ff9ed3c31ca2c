"""Runs that are held: whole and on the disk, but not published until somebody says so, or dropped.

    OUT/_copydesk/held/<run>/publish/    the staged folders of the run, as `commit` wants them
    OUT/_copydesk/held/<run>/held.json   why it is held, and after which runs it was made

A held run keeps its id. It is released by hard links to its files, which are committed as any run is: a crash on the
way leaves it held, or published.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.dataset.commit import commit
from flows.dataset.exchange import link
from flows.dataset.layout import Layout
from flows.dataset.manifests import checksum, read_manifest, write_json, write_rolled_back
from flows.dataset.tables import sync
from flows.errors import CopydeskError, UsageError


def hold(layout: Layout, run_id: str, staging: Path, reasons: Sequence[str]) -> None:
    """Put the run that is staged in `staging/publish` aside; that it is held is one rename."""
    for path in staging.iterdir():
        if path.name != "publish":
            shutil.rmtree(path)
    told = {"run_id": run_id, **_made_after(layout), "reasons": list(reasons)}
    write_json(staging / "held.json", told)
    for folder in (*(staging / "publish").iterdir(), staging / "publish", staging):
        sync(folder)
    layout.held.mkdir(exist_ok=True)
    staging.rename(layout.held / run_id)
    sync(layout.held)
    sync(layout.state)


def reasons(layout: Layout, run_id: str) -> list[str]:
    """Why a run is held, a line each; raises UsageError where it is not, CopydeskError where its note is damaged."""
    return [str(reason) for reason in _told(layout, run_id)["reasons"]]


def release(layout: Layout, run_id: str) -> None:
    """Publish a held run.

    Raises UsageError where it is not held, or where the published runs are not those that it was made after, as they
    were then: of text that was restored since, or of an index made anew, it knows nothing.
    """
    told = _told(layout, run_id)
    now = _made_after(layout)
    if {key: told.get(key) for key in now} != now:
        raise UsageError(
            f"{run_id} was made after run {told.get('after')}, and what is published has changed since, so that what "
            f"it says of duplicates may be wrong: drop it with `copydesk discard {layout.root} {run_id}`, and run again"
        )
    staged = layout.staging / f"{run_id}-released"
    shutil.rmtree(staged, ignore_errors=True)
    link(layout.held / run_id / "publish", staged)
    commit(layout, run_id, staged)
    shutil.rmtree(layout.held / run_id)
    shutil.rmtree(staged)


def discard(layout: Layout, run_id: str) -> None:
    """Drop a held run: its id is not given again, its inputs are new. Raises UsageError where it is not held."""
    _told(layout, run_id)
    write_rolled_back(layout.state, run_id)
    dropped = layout.staging / f"{run_id}-discarded"
    (layout.held / run_id).rename(dropped)
    sync(layout.held)
    shutil.rmtree(dropped)


def forget_published(layout: Layout) -> None:
    """Sweep what a crash left of held runs that were released."""
    published = set(layout.runs())
    for run_id in layout.held_runs():
        if run_id in published:
            shutil.rmtree(layout.held / run_id)


def _made_after(layout: Layout) -> dict[str, Any]:
    """The last of the published runs, how many there are, by which rules their index is made, and what is restored."""
    runs = layout.runs()
    exceptions = layout.base("exceptions") / "part-00000.parquet"
    return {
        "after": runs[-1] if runs else None,
        "runs": len(runs),
        "index": read_manifest(layout, runs[-1])["index"] if runs else None,
        "exceptions": checksum(exceptions) if exceptions.exists() else None,
    }


def _told(layout: Layout, run_id: str) -> dict[str, Any]:
    held = layout.held_runs()
    if run_id not in held:
        others = f"held are {', '.join(held)}" if held else "no run is held"
        raise UsageError(f"{layout.root} holds no run {run_id!r}: {others}")
    path = layout.held / run_id / "held.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(told["reasons"], list):
            return dict(told)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise CopydeskError(
        f"{path} is damaged: drop the run with `rm -r {path.parent}`, and run again to have its inputs read anew"
    )
