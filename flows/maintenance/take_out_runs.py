"""Takes whole runs out of a dataset: `rollback` the last ones, as if they had not been; `expire` the oldest ones.

Duplicates that stay may name paragraphs of an expired run as their witnesses. The places of these witnesses, without
their text, are kept in `Layout.expired_witnesses_file`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl

from flows.dataset import Dataset
from flows.dataset.checksums import read_json, write_json
from flows.dataset.damage import require_intact, require_intact_beside
from flows.dataset.exchange import exchange, link, require_exchange
from flows.dataset.inventory import lost
from flows.dataset.layout import OUTLIVE, WITHOUT_RUN_ID, parts_in, run_name
from flows.dataset.manifests import Manifests, read_manifests, write_checksums, write_rolled_back
from flows.dataset.tables import read_part, write_part
from flows.dataset.writing import runs_of
from flows.errors import UsageError
from flows.maintenance.replace_documents import replaced_by
from flows.maintenance.restore_text import restore_replaced
from flows.maintenance.rewrite_folders import (
    Read,
    empty_tree,
    keep_span,
    rewrite_span,
    write_like,
    write_span_manifests,
)

_PLACES: Final[dict[str, pl.DataType]] = {"document_id": pl.String(), "position": pl.UInt32()}


def rollback(dataset: Dataset, run_id: str, *, offline: bool = False) -> list[str]:
    """Roll back a run and all later ones, whose witnesses may be in it; the ids of the runs that went.

    Their inputs are new again, the duplicate index and the line counts are as they were before, and their ids are not
    given again. Documents that they replaced are restored. The exceptions for restored text stay. Raises UsageError if
    there is no such run.
    """
    with dataset.writing(without_lost_runs=True):
        return _roll_back(dataset, run_id, offline=offline)


def finish_rollback(dataset: Dataset) -> None:
    """Finish a rollback that was cut short between its two exchanges; the caller holds the lock."""
    try:
        unfinished = read_json(dataset.rollback_file)
    except FileNotFoundError:
        return
    if unfinished["run"] in dataset.runs():
        _roll_back(dataset, unfinished["run"], offline=unfinished["offline"])
    dataset.rollback_file.unlink(missing_ok=True)


def _roll_back(dataset: Dataset, run_id: str, *, offline: bool) -> list[str]:
    missing = runs_of(lost(dataset).published)
    published = sorted({*dataset.runs(), *missing})
    if run_id not in published:
        raise UsageError(_unknown(dataset, run_id, published))
    if missing and run_id > missing[0]:
        raise UsageError(
            f"{missing[0]} was lost, and the witnesses of later runs with it: roll back {missing[0]}"
        )
    kept = published[: published.index(run_id)]
    gone = published[len(kept) :]
    require_exchange(dataset, offline=offline)
    if older := replaced_by(dataset, gone):
        # between the two exchanges both versions are published; after a crash there, the next command goes on
        write_json(dataset.rollback_file, {"run": run_id, "offline": offline})
        restore_replaced(dataset, older, offline=offline)
    empty_tree(dataset, seen=False)
    _keep_runs(dataset, frozenset(kept), expired=False)
    _publish_tree(dataset, offline=offline)
    dataset.rollback_file.unlink(missing_ok=True)
    return gone


def _publish_tree(dataset: Dataset, *, offline: bool) -> None:
    """Publish the tree; the ids of runs that it does not have any more are not given again."""
    write_rolled_back(dataset.tree, run_name(dataset.next_number() - 1))
    exchange(dataset, offline=offline)


def older_runs(dataset: Dataset, before: datetime) -> list[str]:
    """The runs that finished before a time (UTC if it has no zone), up to the first that did not."""
    if before.tzinfo is None:
        before = before.replace(tzinfo=UTC)
    gone: list[str] = []
    for run_id, manifest in dataset.manifests():
        if datetime.fromisoformat(manifest["finished"]) >= before:
            break
        gone.append(run_id)
    return gone


def expire(dataset: Dataset, before: datetime, *, offline: bool = False) -> list[str]:
    """Take out the runs that finished before a time, with their part of the index; the ids of the runs that went.

    Their inputs stay known, so that no later run reads them again, and their line counts stay. What later runs removed
    as their duplicate stays removed. A run goes only if all earlier ones do.
    """
    with dataset.writing():
        gone = older_runs(dataset, before)
        if not gone:
            return []
        kept = frozenset(dataset.runs()) - frozenset(gone)
        require_exchange(dataset, offline=offline)
        require_intact(dataset, ("documents", "removed", "labelled", *OUTLIVE), dataset.spans())
        require_intact_beside(dataset, ("witnesses", *OUTLIVE))
        empty_tree(dataset)
        _keep_runs(dataset, kept, expired=True)
        for kind in OUTLIVE:
            if parts_in(dataset.tree.expired(kind)):
                write_checksums(dataset.tree.expired(kind))
        _write_expired_witnesses(dataset, kept)
        _publish_tree(dataset, offline=offline)
    return gone


def _keep_runs(dataset: Dataset, kept: Set[str], *, expired: bool) -> None:
    """Write only these runs into the tree; with `expired`, also the parts of the others that outlive them."""
    own = pl.col("run_id").is_in(sorted(kept))
    for span in dataset.spans():
        if not expired and not any(run_id in span for run_id in kept):
            continue  # all of it goes, whatever state it is in
        manifests = read_manifests(dataset, span)
        left = {run_id: manifest for run_id, manifest in manifests.runs.items() if run_id in kept}
        if len(left) == len(manifests.runs):
            keep_span(dataset, span)
            continue
        if left:
            files = rewrite_span(dataset, span, manifests, partial(_own, own=own))
            write_span_manifests(dataset, span, Manifests(left, files, compacted=True))
        if expired:
            for kind in OUTLIVE:
                for path in dataset.parts(kind, span):
                    target = dataset.tree.expired(kind) / f"part-{span}-{path.name.removeprefix('part-')}"
                    rows = read_part(path)
                    if kind in WITHOUT_RUN_ID:
                        if not left:
                            link(path, target)
                    elif not len(rows.filter(own)):
                        link(path, target)
                    else:
                        write_like(rows.filter(~own), target, kind, {})


def _write_expired_witnesses(dataset: Dataset, kept: Set[str]) -> None:
    """Add the places of the paragraphs that expire now and that a duplicate of the kept runs names as its witness."""
    stays = pl.col("run_id").is_in(sorted(kept))
    found = pl.concat([dataset.scan("removed"), dataset.scan("labelled")])
    named = found.filter(stays & pl.col("duplicate_of_document_id").is_not_null())
    places = named.select(
        pl.col("duplicate_of_document_id").alias("document_id"),
        pl.col("duplicate_of_position").alias("position"),
    )
    gone = dataset.scan("documents").filter(~stays).select("document_id")
    witnesses = places.join(gone, on="document_id", how="semi").collect()
    known = pl.concat([read_expired_witnesses(dataset), witnesses]).unique(maintain_order=True)
    path = dataset.tree.expired_witnesses_file
    write_part(known, path, {})
    write_checksums(path.parent)


def read_expired_witnesses(dataset: Dataset) -> pl.DataFrame:
    """document_id and position of the expired paragraphs that duplicates name as their witnesses."""
    path = dataset.expired_witnesses_file
    return read_part(path) if path.exists() else pl.DataFrame(schema=_PLACES)


def _own(kinds: Sequence[str], read: Read, *, own: pl.Expr) -> dict[str, pl.DataFrame]:
    """The rows of the runs that stay, for each part of one name that has rows of other runs, too."""
    if kinds[0] in WITHOUT_RUN_ID:
        return {}
    rows = {kind: read(kind) for kind in kinds}
    left = {kind: rows[kind].filter(own) for kind in kinds}
    return {kind: left[kind] for kind in kinds if len(left[kind]) < len(rows[kind])}


def _unknown(dataset: Dataset, run_id: str, published: list[str]) -> str:
    if run_id in dataset.held_runs():
        return f"{run_id} is held, and not published: drop it with `copydesk discard {dataset.root} {run_id}`"
    ends = dict.fromkeys([*published[:1], *published[-1:]])
    others = f"it has {' to '.join(ends)}" if published else "it has none"
    return f"{dataset.root} has no run {run_id!r}: {others}"
