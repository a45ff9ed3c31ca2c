"""What a run that is held says to whoever has to decide."""

from __future__ import annotations

from typing import Final

from flows.dataset import Dataset
from flows.errors import Held

SHOWN: Final = 10  # reasons


def refuse_while_held(dataset: Dataset) -> None:
    """Raise Held where an earlier run waits for somebody to decide."""
    for run_id in dataset.held_runs():
        raise Held(held_message(dataset, run_id))


def held_message(dataset: Dataset, run_id: str) -> str:
    """That a run is held, why, and how to go on."""
    why, place = dataset.held_for(run_id), dataset.held / run_id
    lines = [f"run {run_id} is held by a guard, and not published:"]
    lines += [f"  {reason}" for reason in why[:SHOWN]]
    if len(why) > SHOWN:
        lines.append(f"  and {len(why) - SHOWN:,} more, in {place / 'held.json'}")
    lines += [
        f"its tables are in {place / 'publish'}; nothing else is published until you decide:",
        f"  copydesk publish {dataset.root} {run_id}    if all is well with it; the guard learns from it",
        f"  copydesk discard {dataset.root} {run_id}    if not; its inputs are read again by the next run",
    ]
    return "\n".join(lines)
