"""The inventory: what a dataset holds for certain, so that the loss of a whole run or file is noticed.

It is written when a command has the lock, and again when it is done; before anything is taken away, it is emptied. So a
command that is killed leaves an inventory of no more than there is, and what it lists and is not there was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.dataset.checksums import is_sealed, read_json, write_json
from flows.dataset.layout import (
    OF_NO_RUN,
    OUTLIVE,
    PARTS_JSON,
    Layout,
    Span,
    rolled_back,
)
from flows.dataset.tables import sync


@dataclass(frozen=True)
class Inventory:
    """What there is, or the part of it that was lost."""

    published: tuple[Span, ...] = ()
    held: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()  # that belong to no run
    last: int = 0  # the highest number that a run ever had

    def __bool__(self) -> bool:
        return bool(self.published or self.held or self.files)


def read_inventory(layout: Layout) -> Inventory:
    """The inventory of a dataset; raises FileNotFoundError if there is none, ValueError if it is damaged."""
    path = layout.inventory_file
    if not is_sealed(path.read_bytes()):
        raise ValueError(f"{path} is not what was written")
    content = read_json(path)
    spans = (Span.of(f"run={name}") for name in content["published"])
    return Inventory(
        tuple(span for span in spans if span),
        tuple(content["held"]),
        tuple(layout.state / name for name in content["files"]),
        content["last"],
    )


def _known(layout: Layout) -> Inventory:
    """The inventory, empty if it is missing or damaged."""
    try:
        return read_inventory(layout)
    except (FileNotFoundError, ValueError):
        return Inventory()


def lost(layout: Layout) -> Inventory:
    """What the inventory lists and is not there."""
    known = _known(layout)
    published, runs, held = set(layout.spans()), set(layout.runs()), set(layout.held_runs())
    return Inventory(
        tuple(span for span in known.published if span not in published),
        tuple(run_id for run_id in known.held if run_id not in held and run_id not in runs),
        tuple(path for path in known.files if not path.exists()),
    )


def last_number(layout: Layout) -> int:
    """The highest number that a run ever had, 0 if there was none: no number is given twice."""
    numbers = [rolled_back(layout), _known(layout).last, *(int(run_id[1:]) for run_id in layout.held_runs())]
    return max(*numbers, *(span.last for span in layout.spans()), 0)


def take_stock(layout: Layout) -> None:
    """Write the inventory, if there is anything that the present one does not say."""
    beside = [
        *(layout.seen_file, layout.history_file, layout.card_facts_file),
        *(layout.base(kind) / PARTS_JSON for kind in OF_NO_RUN),
        *(layout.expired(kind) / PARTS_JSON for kind in OUTLIVE),
    ]
    there = Inventory(
        tuple(layout.spans()),
        tuple(layout.held_runs()),
        tuple(path for path in beside if path.exists()),
        last_number(layout),
    )
    try:
        if read_inventory(layout) == there:
            return
    except (FileNotFoundError, ValueError):
        pass
    _write(layout, there)


def clear(layout: Layout) -> None:
    """Empty the inventory, before anything that it may list is taken away."""
    if _known(layout):
        _write(layout, Inventory(last=last_number(layout)))


def _write(layout: Layout, inventory: Inventory) -> None:
    content: dict[str, Any] = {
        "published": [str(span) for span in inventory.published],
        "held": list(inventory.held),
        "files": [path.relative_to(layout.state).as_posix() for path in inventory.files],
        "last": inventory.last,
    }
    write_json(layout.inventory_file, content)
    sync(layout.state)
