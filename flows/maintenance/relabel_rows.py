"""Changes the action of a reason for all that is published: what it removed is labelled, or what it labelled goes.

No input is read again. Rows move between `removed` and `labelled`, and the texts of their documents are made anew. The
duplicate index stays as it is: neither kind of row is in it.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from cleaners import REASONS
from flows.dataset import Dataset
from flows.dataset.actions import Action, is_labelled, labels_of
from flows.dataset.damage import require_intact
from flows.dataset.exchange import exchange, require_exchange
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import Manifests, read_manifests
from flows.dataset.positions import in_order
from flows.dataset.summary import REPLACED, Counts
from flows.errors import UsageError
from flows.maintenance.rebuild_documents import (
    PLACE,
    changed_counts,
    of_documents,
    rebuilt,
    with_counts,
    without_places,
)
from flows.maintenance.replace_documents import as_replaced, replaced_documents
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, write_span_manifests


class Relabelled(NamedTuple):
    """How much moved from one table to the other."""

    runs: int  # in which the reason had the other action
    documents: int  # that are in `documents` now and were not, or the other way round
    paragraphs: int
    words: int


def relabel(dataset: Dataset, reason: str, action: Action, *, offline: bool = False) -> Relabelled:
    """Give a reason this action in all published runs; all tables are then as if it had had it from the start.

    Later runs have the action of their configuration. What was restored stays restored. A second time it does nothing.
    Raises UsageError if there is no such reason, and CopydeskError if something that is needed is damaged, or if the
    file system cannot exchange folders, unless `offline`: then the dataset must have no readers.
    """
    _refuse_others(reason)
    with dataset.writing():
        spans = {span: read_manifests(dataset, span) for span in dataset.spans()}
        changing = {
            span: manifests
            for span, manifests in spans.items()
            if any((reason in labels_of(one)) != (action == "label") for one in manifests.runs.values())
        }
        if not changing:
            return Relabelled(0, 0, 0, 0)
        require_intact(dataset, ("removed", "labelled", "records"), changing)
        pairs = replaced_documents(dataset, dataset.runs())
        require_exchange(dataset, offline=offline)
        empty_tree(dataset)
        changed: list[Counts] = []
        runs = 0
        for span in spans:
            if span not in changing:
                keep_span(dataset, span)
                continue
            manifests = spans[span]
            new = {run_id: _with_action(one, reason, action) for run_id, one in manifests.runs.items()}
            labels = {run_id: labels_of(one) for run_id, one in new.items()}
            counts: dict[str, Counts] = defaultdict(Counts)
            change = partial(_part, reason=reason, labels=labels, pairs=pairs, counts=counts)
            files = rewrite_span(dataset, span, manifests, change)
            runs += sum(labels_of(one) != labels[run_id] for run_id, one in manifests.runs.items())
            new = {run_id: with_counts(one, counts[run_id]) for run_id, one in new.items()}
            write_span_manifests(dataset, span, Manifests(new, files, manifests.compacted))
            changed += counts.values()
        exchange(dataset, offline=offline)
    total = Counts.total(changed)
    moved = [(paragraphs, words) for _, paragraphs, words in total.labelled.values()]
    return Relabelled(
        runs, abs(total.documents_kept), abs(sum(p for p, _ in moved)), abs(sum(w for _, w in moved))
    )


def _refuse_others(reason: str) -> None:
    if reason == REPLACED:
        raise UsageError(
            f"{REPLACED!r} cannot be labelled: it is the older version of a document, which cannot stay beside the "
            'newer one; to keep both, run with [inputs] on_change = "add", or restore it'
        )
    if reason not in REASONS:
        close = difflib.get_close_matches(reason, REASONS, n=1)
        did_you_mean = f"; did you mean {close[0]!r}?" if close else f": there are {', '.join(REASONS)}"
        raise UsageError(f"there is no reason {reason!r}{did_you_mean}")


def _with_action(manifest: Mapping[str, Any], reason: str, action: Action) -> dict[str, Any]:
    """The manifest of a run in which the reason has this action, whatever its settings say."""
    relabelled = {name: value for name, value in manifest.get("relabelled", {}).items() if name != reason}
    if manifest["settings"][reason]["action"] != action:
        relabelled[reason] = action
    rest = {name: value for name, value in manifest.items() if name != "relabelled"}
    return {**rest, **({"relabelled": relabelled} if relabelled else {})}


def _part(
    kinds: Sequence[str],
    read: Read,
    *,
    reason: str,
    labels: Mapping[str, Set[str]],
    pairs: pl.DataFrame,
    counts: dict[str, Counts],
) -> dict[str, pl.DataFrame]:
    """The parts of one name that change; `labels` are the reasons to be labelled in each run."""
    if tuple(kinds) != SHARDED:
        return {}
    removed, labelled = read("removed"), read("labelled")
    mine = pl.concat([rows.filter(pl.col("reason") == reason) for rows in (removed, labelled)])
    if mine.is_empty():
        return {}
    touched = mine.select("document_id").unique()
    found = pl.concat([of_documents(labelled, touched), of_documents(removed, touched)])
    is_replaced = pl.col("reason") == REPLACED
    found, replaced = found.filter(~is_replaced), found.filter(is_replaced)
    of_runs = found.partition_by("run_id", as_dict=True).items()
    found = pl.concat(
        rows.with_columns(is_labelled(rows, labels[str(run_id)])) for (run_id,), rows in of_runs
    )
    stay, go = (found.filter(which).drop("labelled") for which in (pl.col("labelled"), ~pl.col("labelled")))
    # a version that a newer one replaced is in `removed` with all that it would have in its text
    older = stay.filter(pl.col("document_id").is_in(pairs["older"].implode()))
    replaced = pl.concat([replaced, without_places(as_replaced(older, pairs), replaced)])
    go = pl.concat([go, without_places(replaced, go)])
    records = read("records")

    def with_new(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        others = table.join(touched, on="document_id", how="anti", maintain_order="left")
        return in_order(pl.concat([others, rows]), records, PLACE[1])

    new = {"removed": with_new(removed, go), "labelled": with_new(labelled, stay)}
    if all(new[name].equals(read(name)) for name in new):
        return {}
    new |= rebuilt(read, touched, new["removed"])
    for run_id, added in changed_counts(read, new, touched).items():
        counts[run_id] += added
    return new
