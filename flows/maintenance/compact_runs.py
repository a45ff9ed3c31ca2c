"""Merges many small parts into a few large ones, so that a dataset of many runs opens and reads fast.

No row changes, and all rows keep their order. All runs move to one folder: a reader that has listed some of the old
folders finds none of their files, so that it cannot mistake a part of the dataset for the whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from flows.dataset import Dataset, Span
from flows.dataset.damage import require_intact_beside, require_part
from flows.dataset.exchange import exchange, link, require_exchange
from flows.dataset.layout import OUTLIVE, SHARDED, WITHOUT_RUN_ID, parts_in
from flows.dataset.ledger import read_ledger
from flows.dataset.manifests import Manifests, describe_part, read_manifests, write_checksums
from flows.dataset.tables import read_part
from flows.maintenance.rewrite_folders import PARTS, empty_tree, files_of, write_like, write_span_manifests

#: Parts are merged up to this size, in bytes over all kinds with that part; those of half the size stay as they are.
LARGE: Final = 64_000_000


class OldPart(NamedTuple):
    """The parts of one name in a folder of runs, of one or more kinds."""

    span: Span
    name: str
    files: Mapping[str, Mapping[str, Any]]  # kind -> the part's entry in the manifest

    @property
    def size(self) -> int:
        """Bytes of all kinds together."""
        return sum(entry["bytes"] for entry in self.files.values())


def compact(dataset: Dataset, *, offline: bool = False, large: int = LARGE) -> tuple[int, int] | None:
    """Merge the runs of a dataset into one folder; (parts before, parts after), or None if there is nothing to merge.

    Parts are merged up to `large` bytes, and group by group, so that memory is bounded by a group.
    """
    with dataset.writing():
        return compact_locked(dataset, offline=offline, large=large)


def compact_locked(dataset: Dataset, *, offline: bool = False, large: int = LARGE) -> tuple[int, int] | None:
    """`compact` for a caller that holds the lock."""
    spans = dataset.spans()
    if len(spans) < 2:
        return None
    require_exchange(dataset, offline=offline)
    empty_tree(dataset)
    before = [(span, read_manifests(dataset, span)) for span in spans]
    whole = Span(spans[0].first, spans[-1].last)
    files: dict[str, Mapping[str, Any]] = {}
    for kinds in (SHARDED, *((kind,) for kind in PARTS if kind not in SHARDED)):
        for number, group in enumerate(
            _groups(list(_old_parts(before, kinds)), large, mergeable=kinds[0] not in WITHOUT_RUN_ID)
        ):
            name = f"part-00000-{number:05d}.parquet" if kinds is SHARDED else f"part-{number:05d}.parquet"
            for kind in kinds:
                files[f"{kind}/{name}"] = _merge(dataset, whole, kind, name, group)
    require_intact_beside(dataset, OUTLIVE)
    _merge_expired(dataset)
    runs = {run_id: manifest for _, manifests in before for run_id, manifest in manifests.runs.items()}
    write_span_manifests(dataset, whole, Manifests(runs, files, compacted=True))
    exchange(dataset, offline=offline)
    return sum(len(manifests.files) for _, manifests in before), len(files)


def _merge_expired(dataset: Dataset) -> None:
    """Merge the parts that outlived their runs into one of each kind."""
    for kind in OUTLIVE:
        paths = parts_in(dataset.expired(kind))
        if len(paths) > 1 and kind not in WITHOUT_RUN_ID:
            folder = dataset.tree.expired(kind)
            shutil.rmtree(folder)
            rows = read_ledger(paths) if kind == "ledger" else _rows(paths)
            write_like(rows, folder / paths[-1].name, kind, {})
            write_checksums(folder)


def _old_parts(before: Sequence[tuple[Span, Manifests]], kinds: Sequence[str]) -> Iterator[OldPart]:
    """The parts of these kinds, which have the same names in each, in order."""
    for span, manifests in before:
        of_kinds = [dict(files_of(manifests, kind)) for kind in kinds]
        for name in sorted({name for parts in of_kinds for name in parts}):
            yield OldPart(
                span, name, {kind: parts[name] for kind, parts in zip(kinds, of_kinds, strict=True)}
            )


def _groups(parts: Sequence[OldPart], large: int, *, mergeable: bool) -> Iterator[list[OldPart]]:
    """Consecutive parts that become one."""
    group: list[OldPart] = []
    size = 0
    for part in parts:
        alone = part.size >= large // 2 or not mergeable
        if group and (alone or size + part.size > large):
            yield group
            group, size = [], 0
        if alone:
            yield [part]
        else:
            group.append(part)
            size += part.size
    if group:
        yield group


def _merge(
    dataset: Dataset, whole: Span, kind: str, name: str, group: Sequence[OldPart]
) -> Mapping[str, Any]:
    """Write the parts of a group into the tree as one part; its entry for the manifest."""
    target = dataset.tree.folder(kind, whole) / name
    if len(group) == 1:
        link(dataset.folder(kind, group[0].span) / group[0].name, target)
        return group[0].files[kind]
    paths = [
        require_part(dataset, kind, old.span, old.name, {f"{kind}/{old.name}": old.files[kind]})
        for old in group
    ]
    rows = read_ledger(paths) if kind == "ledger" else _rows(paths)
    first, last = (old.files[kind]["metadata"] for old in (group[0], group[-1]))
    runs = first["run_id"].partition("..")[0], last["run_id"].rpartition("..")[2]
    metadata = {**last, "run_id": runs[0] if runs[0] == runs[1] else "..".join(runs)}
    write_like(rows, target, kind, metadata)
    return {**describe_part(target), "metadata": metadata}


def _rows(paths: Sequence[Path]) -> pl.DataFrame:
    """The rows of parts, in their order; columns that earlier versions lacked are null there."""
    return pl.concat([read_part(path) for path in paths], how="diagonal")
