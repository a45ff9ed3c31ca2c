"""The runs of a dataset as a table of 80 columns, and for machines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.table import Table

from flows.dataset import Dataset
from flows.dataset.summary import Counts, share
from flows.errors import CopydeskError
from flows.printable import printable


def runs_table(dataset: Dataset, run_ids: Iterable[str]) -> Table:
    """A row for each run: when it finished, what it read, the share of words kept, rejections, and how long it took."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("run")
    table.add_column("finished (UTC)", no_wrap=True)
    for name in ("inputs", "documents", "kept", "rejected", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for run_id in run_ids:
        manifest = dataset.manifest(run_id)
        counts = Counts.from_json(manifest["counts"])
        numbers = [
            f"{manifest['inputs']:,}",
            f"{counts.documents_kept:,}",
            share(counts.words_kept, counts.words),
        ]
        numbers += [f"{counts.rejected:,}", f"{manifest['seconds']:,.1f}"]
        table.add_row(
            run_id, datetime.fromisoformat(manifest["finished"]).strftime("%Y-%m-%d %H:%M"), *numbers
        )
    return table


def what_goes(dataset: Dataset, run_ids: list[str]) -> Table | str:
    """The runs that a command would take out; only their ids if a manifest is damaged."""
    try:
        return runs_table(dataset, run_ids)
    except (CopydeskError, KeyError, TypeError, ValueError):
        return ", ".join(run_ids)


def runs_as_json(dataset: Dataset) -> dict[str, Any]:
    """The published runs and the held ones; flows/README.md documents the fields."""
    return {
        "dataset": printable(str(dataset.root)),
        "runs": [_as_json(run_id, manifest) for run_id, manifest in dataset.manifests()],
        "held": [{"run": run_id, "held_for": dataset.held_for(run_id)} for run_id in dataset.held_runs()],
    }


def _as_json(run_id: str, manifest: Any) -> dict[str, Any]:
    counts = Counts.from_json(manifest["counts"])
    return {
        "run": run_id,
        "finished": manifest["finished"],
        "seconds": manifest["seconds"],
        "inputs": manifest["inputs"],
        "documents": {"in": counts.documents, "kept": counts.documents_kept},
        "paragraphs": {"in": counts.paragraphs, "kept": counts.paragraphs_kept, "repaired": counts.repaired},
        "words": {"in": counts.words, "kept": counts.words_kept},
        "rejected": counts.rejected,
    }
