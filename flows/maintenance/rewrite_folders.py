"""The folders of a run written anew, beside those that are published, with what stays linked into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset import STATE, Dataset, Span
from flows.dataset.exchange import link, tree
from flows.dataset.layout import EXPIRED, ROLLED_BACK, ROLLED_BACK_IN, SHARDED
from flows.dataset.manifests import Manifests, described, write_manifests
from flows.dataset.tables import ROW_GROUP, TABLES, write_part

#: Everything that has a folder for each run.
KINDS: Final = (*TABLES, *STATE)
PARTS: Final = tuple(
    kind for kind in KINDS if kind != "runs"
)  # those whose folders hold parts and nothing else


def renamed(part: str) -> str:
    """Another name for a part that changes, in the same place of the order: a name never stands for two contents."""
    match = re.fullmatch(r"part-(\d+-\d+)(?:-(\d{5}))?\.parquet", part)
    if match is None:
        return f"{part.removesuffix('.parquet')}-00001.parquet"
    return f"part-{match[1]}-{int(match[2] or 0) + 1:05d}.parquet"


def empty_tree(dataset: Dataset, *, seen: bool = True) -> Path:
    """The tree for an exchange of every table and kind of state, with what lies there beside the runs.

    `seen` says whether the inputs are remembered that were looked at and held nothing new.
    """
    new = tree(dataset)
    for kind in KINDS:
        (new / kind).mkdir(parents=True)
        expired = dataset.base(kind) / EXPIRED
        if expired.is_dir():
            link(expired, new / kind / EXPIRED)
    told = [f"{kind}/{ROLLED_BACK}" for kind in ROLLED_BACK_IN]
    for name in (*told, *(["ledger/seen.parquet"] if seen else [])):
        if (dataset.state / name).exists():
            link(dataset.state / name, new / name)
    return new


def keep_span(dataset: Dataset, span: Span) -> None:
    """Link all folders of a span of runs into the tree."""
    for kind in KINDS:
        if (folder := dataset.folder(kind, span)).is_dir():
            link(folder, tree(dataset) / kind / folder.name)


def files_of(manifests: Manifests, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name of the part, what is told of it) for the parts of a table, or kind of state, in order."""
    for name, told in sorted(manifests.files.items()):
        if name.startswith(f"{kind}/"):
            yield name.partition("/")[2], told


#: Gives the rows of a part of that kind.
Read = Callable[[str], pl.DataFrame]


def rewrite_span(
    dataset: Dataset,
    span: Span,
    manifests: Manifests,
    change: Callable[[Sequence[str], Read], Mapping[str, pl.DataFrame]],
) -> dict[str, Mapping[str, Any]]:
    """Write a span of runs into the tree; what is told of its files, for the manifests that are still to be written.

    `change(kinds, read)` is asked for the parts of one name, and has of those kinds the rows that change. They have
    another name then, all of them; the others are linked.
    """
    files: dict[str, Mapping[str, Any]] = {}
    for kinds in (SHARDED, *((kind,) for kind in PARTS if kind not in SHARDED)):
        told = {kind: dict(files_of(manifests, kind)) for kind in kinds}
        for part in sorted({part for parts in told.values() for part in parts}):
            there = {kind: dataset.folder(kind, span) / part for kind in kinds if part in told[kind]}
            new = change(list(there), lambda kind, there=there: _rows(there[kind]))  # type: ignore[misc]
            for kind, path in there.items():
                target = tree(dataset) / kind / path.parent.name / (renamed(part) if new else part)
                entry = told[kind][part]
                if kind in new:
                    write_like(new[kind], target, kind, entry["metadata"])
                    entry = {**described(target), "metadata": entry["metadata"]}
                else:
                    link(path, target)
                files[f"{kind}/{target.name}"] = entry
    return files


def _rows(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, hive_partitioning=False)


def tell(dataset: Dataset, span: Span, manifests: Manifests) -> None:
    """Write the manifests of a span of runs into the tree."""
    write_manifests(tree(dataset) / "runs" / f"run={span}", manifests)


def write_like(rows: pl.DataFrame, path: Path, kind: str, metadata: Mapping[str, str]) -> None:
    """Write a part of a table, or kind of state, as a run writes it."""
    compression = "uncompressed" if kind == "index" else "zstd"
    write_part(rows, path, metadata, ROW_GROUP.get(kind, 65_536), compression)  # type: ignore[arg-type]
