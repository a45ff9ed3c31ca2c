"""Whole runs taken out of a dataset: the last ones, since they should not have been, or the first, for their age."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl

from flows.dataset import Dataset
from flows.dataset.exchange import exchange, link, require_exchange, tree
from flows.dataset.expired_witnesses import WITNESSES, read_expired_witnesses
from flows.dataset.faults import crash_point
from flows.dataset.layout import EXPIRED, OUTLIVE, UNSIGNED, run_name
from flows.dataset.manifests import Manifests, read_manifests, seal, write_json, write_rolled_back
from flows.dataset.tables import write_part
from flows.errors import UsageError
from flows.maintenance.replace_documents import replaced_by
from flows.maintenance.restore_text import restore_replaced
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, tell, write_like


def rollback(dataset: Dataset, run_id: str, *, offline: bool = False) -> list[str]:
    """Take back a run and every later one, whose witnesses may lie in it; the ids of those that were taken back.

    Their inputs are new again, the duplicate index and the memory of lines are as they were before, and their ids are
    not given again. What they replaced with new versions is back. Exceptions that were made for restored text stay.
    Raises UsageError where there is no such run.
    """
    with dataset.writing():
        return _roll_back(dataset, run_id, offline=offline)


def finish_rollback(dataset: Dataset) -> None:
    """Bring a rollback to its end that was cut short between its two exchanges; the caller holds the lock."""
    try:
        said = json.loads(_begun_rollback(dataset).read_text())
    except FileNotFoundError:
        return
    if said["run"] in dataset.runs():
        _roll_back(dataset, said["run"], offline=said["offline"])
    _begun_rollback(dataset).unlink(missing_ok=True)


def _roll_back(dataset: Dataset, run_id: str, *, offline: bool) -> list[str]:
    published = dataset.runs()
    if run_id not in published:
        raise UsageError(_unknown(dataset, run_id, published))
    kept = published[: published.index(run_id)]
    gone = published[len(kept) :]
    require_exchange(dataset, offline=offline)
    if older := replaced_by(dataset, gone):
        # two exchanges, and between them both versions are there: that is not left so
        write_json(_begun_rollback(dataset), {"run": run_id, "offline": offline})
        restore_replaced(dataset, older, offline=offline)
        crash_point("rollback")
    empty_tree(dataset, seen=False)
    _cut(dataset, frozenset(kept), expired=False)
    _let_go(dataset, gone, offline=offline)
    _begun_rollback(dataset).unlink(missing_ok=True)
    return gone


def _let_go(dataset: Dataset, gone: Sequence[str], *, offline: bool) -> None:
    """Publish the tree, in which these runs are not; their ids are not given again."""
    write_rolled_back(tree(dataset), run_name(dataset.next_number() - 1))
    exchange(dataset, offline=offline)
    for run_id in gone:
        (dataset.state / "reports" / f"{run_id}.html").unlink(missing_ok=True)


def _begun_rollback(dataset: Dataset) -> Path:
    """Where it is noted that a rollback has begun that takes two exchanges."""
    return dataset.state / "rollback.json"


def expire(dataset: Dataset, before: datetime, *, offline: bool = False) -> list[str]:
    """Take out the runs that were finished before a moment, and their part of the index; the ids of those that went.

    Their inputs stay known, so that no later run reads them again, and the memory of lines stays. What later runs
    removed because of them stays removed. A run goes only if all earlier ones do.
    """
    if before.tzinfo is None:
        before = before.replace(tzinfo=UTC)
    with dataset.writing():
        gone: list[str] = []
        for run_id, manifest in dataset.manifests():
            if datetime.fromisoformat(manifest["finished"]) >= before:
                break
            gone.append(run_id)
        if not gone:
            return []
        kept = frozenset(dataset.runs()) - frozenset(gone)
        require_exchange(dataset, offline=offline)
        empty_tree(dataset)
        _cut(dataset, kept, expired=True)
        for kind in OUTLIVE:
            if any((folder := tree(dataset) / kind / EXPIRED).glob("part-*")):
                seal(folder)
        _remember_witnesses(dataset, kept)
        _let_go(dataset, gone, offline=offline)
    return gone


def _cut(dataset: Dataset, kept: Set[str], *, expired: bool) -> None:
    """Fill the tree with what is left if only these runs stay."""
    own = pl.col("run_id").is_in(sorted(kept))
    for span in dataset.spans():
        manifests = read_manifests(dataset, span)
        left = {run_id: said for run_id, said in manifests.runs.items() if run_id in kept}
        if len(left) == len(manifests.runs):
            keep_span(dataset, span)
            continue
        if left:
            files = rewrite_span(dataset, span, manifests, partial(_own, own=own))
            tell(dataset, span, Manifests(left, files, compacted=True))
        if expired:
            for kind in OUTLIVE:
                for path in dataset.parts(kind, span):
                    target = tree(dataset) / kind / EXPIRED / f"part-{span}-{path.name[5:]}"
                    rows = pl.read_parquet(path, hive_partitioning=False)
                    if kind in UNSIGNED:
                        if not left:
                            link(path, target)
                    elif not len(rows.filter(own)):
                        link(path, target)
                    else:
                        write_like(rows.filter(~own), target, kind, {})


def _remember_witnesses(dataset: Dataset, kept: Set[str]) -> None:
    """Note the places of paragraphs that go, and that duplicates which stay name as their witnesses."""
    stays = pl.col("run_id").is_in(sorted(kept))
    named = dataset.scan("removed").filter(stays & pl.col("duplicate_of_document_id").is_not_null())
    places = named.select(
        pl.col("duplicate_of_document_id").alias("document_id"),
        pl.col("duplicate_of_position").alias("position"),
    )
    gone = dataset.scan("documents").filter(~stays).select("document_id")
    witnesses = places.join(gone, on="document_id", how="semi").collect()
    known = pl.concat([read_expired_witnesses(dataset), witnesses]).unique(maintain_order=True)
    write_part(known, tree(dataset) / WITNESSES / "part-00000.parquet", {})
    seal(tree(dataset) / WITNESSES)


def _own(kinds: Sequence[str], read: Read, *, own: pl.Expr) -> dict[str, pl.DataFrame]:
    """The rows of some runs, of the parts of one name, where there are others among them."""
    if kinds[0] in UNSIGNED:
        return {}
    rows = {kind: read(kind) for kind in kinds}
    left = {kind: rows[kind].filter(own) for kind in kinds}
    return {kind: left[kind] for kind in kinds if len(left[kind]) < len(rows[kind])}


def _unknown(dataset: Dataset, run_id: str, published: list[str]) -> str:
    if run_id in dataset.held_runs():
        return f"{run_id} is held, and not published: drop it with `copydesk discard {dataset.root} {run_id}`"
    first_last = dict.fromkeys([*published[:1], *published[-1:]])
    there = f"it has {' to '.join(first_last)}" if published else "it has none"
    return f"{dataset.root} has no run {run_id!r}: {there}"
