"""Writes folders of runs into the tree for an exchange: changed parts as new files, unchanged parts as links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset import STATE, Dataset, Span
from flows.dataset.damage import require_part
from flows.dataset.exchange import link
from flows.dataset.layout import ROLLED_BACK_IN, SHARDED
from flows.dataset.manifests import Manifests, describe_part, write_manifests
from flows.dataset.tables import ROW_GROUP, TABLES, read_part, write_part

#: All tables and kinds of state that have a folder for each run.
KINDS: Final = (*TABLES, *STATE)
#: Those whose folders hold only part files.
PARTS: Final = tuple(kind for kind in KINDS if kind != "runs")


def renamed(part: str) -> str:
    """A new name for a part that changes, which sorts to the same place: no name ever stands for two contents.

    >>> renamed("part-00000-00002.parquet"), renamed("part-00000-00002-00001.parquet")
    ('part-00000-00002-00001.parquet', 'part-00000-00002-00002.parquet')
    """
    match = re.fullmatch(r"part-(\d+-\d+)(?:-(\d{5}))?\.parquet", part)
    if match is None:
        return f"{part.removesuffix('.parquet')}-00001.parquet"
    return f"part-{match[1]}-{int(match[2] or 0) + 1:05d}.parquet"


def empty_tree(dataset: Dataset, *, seen: bool = True) -> None:
    """Make the tree for an exchange of all tables and kinds of state, without runs but with the files beside them.

    `seen` says whether to keep the record of inputs that held nothing new.
    """
    old, new = dataset, dataset.tree
    for kind in KINDS:
        new.base(kind).mkdir(parents=True)
        if old.expired(kind).is_dir():
            link(old.expired(kind), new.expired(kind))
    files = [(old.rolled_back_file(kind), new.rolled_back_file(kind)) for kind in ROLLED_BACK_IN]
    if seen:
        files.append((old.seen_file, new.seen_file))
    for source, target in files:
        if source.exists():
            link(source, target)


def keep_span(dataset: Dataset, span: Span) -> None:
    """Link all folders of a span of runs into the tree."""
    for kind in KINDS:
        if (folder := dataset.folder(kind, span)).is_dir():
            link(folder, dataset.tree.folder(kind, span))


def files_of(manifests: Manifests, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name of a part, its entry in the manifest) for the parts of a table, or kind of state, in order."""
    for name, entry in sorted(manifests.files.items()):
        if name.startswith(f"{kind}/"):
            yield name.partition("/")[2], entry


#: Reads the part of this kind; raises CopydeskError if it is not what was written.
Read = Callable[[str], pl.DataFrame]


def rewrite_span(
    dataset: Dataset,
    span: Span,
    manifests: Manifests,
    change: Callable[[Sequence[str], Read], Mapping[str, pl.DataFrame]],
) -> dict[str, Mapping[str, Any]]:
    """Write a span of runs into the tree, but for its manifests; the entries of its files for these.

    `change(kinds, read)` is called for the parts of each name, and returns the new rows of the kinds that change. If
    any does, the parts of all these kinds get a new name. Unchanged parts are linked.
    """
    files: dict[str, Mapping[str, Any]] = {}
    for kinds in (SHARDED, *((kind,) for kind in PARTS if kind not in SHARDED)):
        entries = {kind: dict(files_of(manifests, kind)) for kind in kinds}
        for part in sorted({part for parts in entries.values() for part in parts}):
            paths = {kind: dataset.folder(kind, span) / part for kind in kinds if part in entries[kind]}

            @cache
            def read(kind: str, part: str = part) -> pl.DataFrame:
                return read_part(require_part(dataset, kind, span, part, manifests.files))

            new = change(list(paths), read)
            for kind, path in paths.items():
                target = dataset.tree.folder(kind, span) / (renamed(part) if new else part)
                entry = entries[kind][part]
                if kind in new:
                    write_like(new[kind], target, kind, entry["metadata"])
                    entry = {**describe_part(target), "metadata": entry["metadata"]}
                else:
                    link(path, target)
                files[f"{kind}/{target.name}"] = entry
    return files


def write_span_manifests(dataset: Dataset, span: Span, manifests: Manifests) -> None:
    """Write the manifests of a span of runs into the tree."""
    write_manifests(dataset.tree.folder("runs", span), manifests)


def write_like(rows: pl.DataFrame, path: Path, kind: str, metadata: Mapping[str, str]) -> None:
    """Write a part of a table, or kind of state, in the format in which a run writes it."""
    compression = "uncompressed" if kind == "index" else "zstd"
    write_part(rows, path, metadata, ROW_GROUP.get(kind, 65_536), compression)  # type: ignore[arg-type]
