"""The folders of a run written anew, beside those that are published, with what stays linked into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset import STATE, Dataset, Span
from flows.dataset.exchange import link, tree
from flows.dataset.layout import EXPIRED, SHARDED, TAKEN_BACK
from flows.dataset.manifests import Manifests, described, write_manifests
from flows.tables import ROW_GROUP, TABLES, write_part

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
    for name in (f"runs/{TAKEN_BACK}", *(["ledger/seen.parquet"] if seen else [])):
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


def rewrite_span(
    dataset: Dataset,
    span: Span,
    manifests: Manifests,
    change: Callable[[str, str, pl.DataFrame], pl.DataFrame],
    runs: Mapping[str, Mapping[str, Any]],
    *,
    wanted: Callable[[str, str], bool] = lambda _kind, _part: True,
) -> None:
    """Write a span of runs into the tree, each part `change(kind, part, rows)`, with the manifests `runs`.

    A part whose rows are as they were is linked. One that changes has another name in every kind of which the parts go
    by the same names. Only those for which `wanted(kind, part)` holds are looked at.
    """
    new: dict[str, dict[str, pl.DataFrame]] = {}
    for kind in PARTS:
        for part, _ in files_of(manifests, kind):
            if wanted(kind, part):
                rows = pl.read_parquet(dataset.folder(kind, span) / part, hive_partitioning=False)
                changed = change(kind, part, rows)
                if not (len(changed) == len(rows) and changed.equals(rows)):
                    new.setdefault(kind, {})[part] = changed
    moved = {part for kind in SHARDED for part in new.get(kind, {})}
    files: dict[str, Mapping[str, Any]] = {}
    for kind in PARTS:
        folder = tree(dataset) / kind / f"run={span}"
        for part, told in files_of(manifests, kind):
            changed_rows = new.get(kind, {}).get(part)
            other = part in moved if kind in SHARDED else changed_rows is not None
            path = folder / (renamed(part) if other else part)
            if changed_rows is None:
                link(dataset.folder(kind, span) / part, path)
                files[f"{kind}/{path.name}"] = told
            else:
                write_like(changed_rows, path, kind, told["metadata"])
                files[f"{kind}/{path.name}"] = {**described(path), "metadata": told["metadata"]}
    write_manifests(
        tree(dataset) / "runs" / f"run={span}", Manifests(runs, files, compacted=manifests.compacted)
    )


def write_like(rows: pl.DataFrame, path: Path, kind: str, metadata: Mapping[str, str]) -> None:
    """Write a part of a table, or kind of state, as a run writes it."""
    compression = "uncompressed" if kind == "index" else "zstd"
    write_part(rows, path, metadata, ROW_GROUP.get(kind, 65_536), compression)  # type: ignore[arg-type]
