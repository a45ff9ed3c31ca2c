"""Many small parts made into a few large ones, so that a dataset of many runs opens and reads like one of few.

No row changes, and none changes its place in the order of all. All runs come to lie in one folder: a reader that has
listed some of the old folders finds none of their files any more, and cannot take what it found for the whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from flows.dataset import Dataset, Span
from flows.dataset.exchange import exchange, link, require_exchange, tree
from flows.dataset.layout import EXPIRED, OUTLIVE, SHARDED, UNSIGNED
from flows.dataset.manifests import Manifests, described, read_manifests, seal
from flows.maintenance.rewrite_folders import PARTS, empty_tree, files_of, tell, write_like

#: Bytes of the parts of one name together; from half of that on, they stay as they are.
LARGE: Final = 64_000_000


class Old(NamedTuple):
    """The parts of one name as they lie in a folder of runs."""

    span: Span
    name: str
    files: Mapping[str, Mapping[str, Any]]  # kind -> what is told of the part

    @property
    def size(self) -> int:
        """Bytes of all kinds together."""
        return sum(told["bytes"] for told in self.files.values())


def compact(dataset: Dataset, *, offline: bool = False, large: int = LARGE) -> tuple[int, int] | None:
    """Merge the runs of a dataset into one folder; (parts before, parts after), None where there is nothing to merge.

    Parts are merged up to `large` bytes. Files are read and written a group at a time, so that memory is bounded by
    that.
    """
    with dataset.writing():
        return compact_locked(dataset, offline=offline, large=large)


def compact_locked(dataset: Dataset, *, offline: bool = False, large: int = LARGE) -> tuple[int, int] | None:
    """`compact`, for who holds the lock already."""
    spans = dataset.spans()
    if len(spans) < 2:
        return None
    require_exchange(dataset, offline=offline)
    empty_tree(dataset)
    told = [(span, read_manifests(dataset, span)) for span in spans]
    whole = Span(spans[0].first, spans[-1].last)
    files: dict[str, Mapping[str, Any]] = {}
    for kinds in (SHARDED, *((kind,) for kind in PARTS if kind not in SHARDED)):
        for number, group in enumerate(
            _groups(list(_old(told, kinds)), large, mergeable=kinds[0] not in UNSIGNED)
        ):
            name = f"part-00000-{number:05d}.parquet" if kinds is SHARDED else f"part-{number:05d}.parquet"
            for kind in kinds:
                files[f"{kind}/{name}"] = _merge(dataset, whole, kind, name, group)
    _merge_expired(dataset)
    runs = {run_id: said for _, manifests in told for run_id, said in manifests.runs.items()}
    tell(dataset, whole, Manifests(runs, files, compacted=True))
    exchange(dataset, offline=offline)
    return sum(len(manifests.files) for _, manifests in told), len(files)


def _merge_expired(dataset: Dataset) -> None:
    """Make one part of those that outlived their runs."""
    for kind in OUTLIVE:
        paths = sorted((dataset.base(kind) / EXPIRED).glob("part-*.parquet"))
        if len(paths) > 1 and kind not in UNSIGNED:
            folder = tree(dataset) / kind / EXPIRED
            shutil.rmtree(folder)
            rows = pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])
            write_like(rows, folder / paths[-1].name, kind, {})
            seal(folder)


def _old(told: Sequence[tuple[Span, Manifests]], kinds: Sequence[str]) -> Iterator[Old]:
    """The parts of these kinds, which go by the same names, in order."""
    for span, manifests in told:
        of_kinds = [dict(files_of(manifests, kind)) for kind in kinds]
        for name in sorted({name for parts in of_kinds for name in parts}):
            yield Old(span, name, {kind: parts[name] for kind, parts in zip(kinds, of_kinds, strict=True)})


def _groups(parts: Sequence[Old], large: int, *, mergeable: bool) -> Iterator[list[Old]]:
    """Consecutive parts that become one."""
    group: list[Old] = []
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


def _merge(dataset: Dataset, whole: Span, kind: str, name: str, group: Sequence[Old]) -> Mapping[str, Any]:
    """Put the parts of a group into the tree as one; what is told of it."""
    target = tree(dataset) / kind / f"run={whole}" / name
    paths = [dataset.folder(kind, old.span) / old.name for old in group]
    if len(group) == 1:
        link(paths[0], target)
        return group[0].files[kind]
    rows = pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])
    first, last = (old.files[kind]["metadata"] for old in (group[0], group[-1]))
    runs = first["run_id"].partition("..")[0], last["run_id"].rpartition("..")[2]
    metadata = {**last, "run_id": runs[0] if runs[0] == runs[1] else "..".join(runs)}
    write_like(rows, target, kind, metadata)
    return {**described(target), "metadata": metadata}
