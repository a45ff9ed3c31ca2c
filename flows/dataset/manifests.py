"""The manifests of runs: how each run was made, and the rows, bytes and checksum of each of its part files.

The manifest of a run is `runs/run=<id>/run.json`. If runs were compacted, `run.json` lists the files of the folder and
the ids of the runs, and `part-00000.parquet` beside it has the manifest of each run, without files. In both cases
`run.json` is sealed (`checksums`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset.checksums import SEAL, checksum, is_as_written, read_json, write_json
from flows.dataset.layout import (
    FIRST_PART,
    PARTS_JSON,
    ROLLED_BACK_IN,
    RUN_JSON,
    Folders,
    Layout,
    Span,
    parts_in,
)
from flows.dataset.tables import count_rows, read_part, scan_parts, write_part
from flows.errors import CopydeskError

MANIFESTS: Final[dict[str, pl.DataType]] = {"run_id": pl.String(), "manifest": pl.String()}


@dataclass(frozen=True)
class Manifests:
    """What `run.json` says of one folder of runs."""

    runs: Mapping[str, Mapping[str, Any]]  # run id -> manifest
    files: Mapping[str, Mapping[str, Any]]  # kind/part -> rows, bytes, checksum, and its Parquet metadata
    compacted: bool


def read_manifests(layout: Layout, span: Span | str) -> Manifests:
    """The manifests of a folder of runs; raises CopydeskError if they are damaged or missing."""
    folder = layout.folder("runs", span)
    content = _read(folder / RUN_JSON)
    try:
        if "runs" not in content:
            metadata = {
                "copydesk_version": content["copydesk"],
                "run_id": content["run_id"],
                "configuration": content["configuration"],
            }
            files = {name: {**file, "metadata": metadata} for name, file in content["files"].items()}
            return Manifests({content["run_id"]: content}, files, False)
        part = folder / FIRST_PART
        if not is_as_written(part, content["manifests"]):
            raise ValueError(f"{part} is not what was written")
        runs = {run_id: json.loads(text) for run_id, text in read_part(part).select(*MANIFESTS).iter_rows()}
        if list(runs) != content["runs"]:
            raise ValueError(f"{part} has other runs")
        return Manifests(runs, content["files"], True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest {folder / RUN_JSON} is damaged: {error}") from error


def read_files(layout: Layout, span: Span | str) -> dict[str, Mapping[str, Any]]:
    """The entries of the files of a folder of runs, without more; raises CopydeskError if the manifest is damaged."""
    path = layout.folder("runs", span) / RUN_JSON
    content = _read(path)
    if content.get("run_id", str(span)) != str(span):
        raise CopydeskError(f"the manifest {path} is damaged: it belongs to {content['run_id']}")
    if not isinstance(content.get("files"), dict):
        raise CopydeskError(f"the manifest {path} is damaged: it lists no files")
    return dict(content["files"])


def read_manifest(layout: Layout, run_id: str) -> dict[str, Any]:
    """The manifest of a published run; raises CopydeskError if it is damaged or missing."""
    folder = layout.folder("runs", run_id)
    content = _read(folder / RUN_JSON)
    if "runs" not in content:
        return content
    try:
        if not is_as_written(folder / FIRST_PART, content["manifests"]):
            raise ValueError("it is not what was written")
        own = scan_parts(folder / FIRST_PART).filter(pl.col("run_id") == run_id)
        manifest = json.loads(own.select("manifest").collect().item())
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest of {run_id} in {folder} cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise CopydeskError(f"the manifest of {run_id} in {folder} is not a JSON object")
    return manifest


def _read(path: Path) -> dict[str, Any]:
    """The content of a `run.json`; raises CopydeskError if it is damaged or missing."""
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise CopydeskError(f"the manifest {path} cannot be read: {error}") from error


def write_manifests(folder: Path, manifests: Manifests) -> None:
    """Write the manifests of a folder of runs, durably, for `read_manifests` to read."""
    folder.mkdir(parents=True, exist_ok=True)
    if not manifests.compacted:
        ((_, manifest),) = manifests.runs.items()
        files = {n: {k: v for k, v in f.items() if k != "metadata"} for n, f in manifests.files.items()}
        write_manifest(folder / RUN_JSON, {**manifest, "files": files})
        return
    rows = [
        (
            run_id,
            json.dumps({k: v for k, v in manifest.items() if k != "files"}, ensure_ascii=False),
        )
        for run_id, manifest in manifests.runs.items()
    ]
    write_part(pl.DataFrame(rows, schema=MANIFESTS, orient="row"), folder / FIRST_PART, {})
    content = {
        "runs": list(manifests.runs),
        "manifests": describe_part(folder / FIRST_PART),
        "files": dict(manifests.files),
    }
    write_manifest(folder / RUN_JSON, content)


def write_manifest(path: Path, content: Mapping[str, Any]) -> None:
    """Write a `run.json`, durably and sealed."""
    write_json(path, content)


def write_checksums(folder: Path) -> None:
    """Describe the parts of a folder that belongs to no run, in `parts.json` beside them."""
    write_json(folder / PARTS_JSON, describe_parts(folder, parts_in(folder)))


def write_rolled_back(folders: Folders, run_id: str) -> None:
    """Record, in a dataset or in its new tree, that this is the last run that was ever rolled back."""
    for kind in ROLLED_BACK_IN:
        folders.base(kind).mkdir(exist_ok=True)
        write_json(folders.rolled_back_file(kind), {"last": run_id})


def describe_part(path: Path) -> dict[str, Any]:
    """The rows, bytes and checksum of a part, by which damage is found later."""
    return {"rows": count_rows(path), "bytes": path.stat().st_size, SEAL: checksum(path)}


def describe_parts(folder: Path, paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """`describe_part` of each part, by its path relative to `folder`."""
    return {path.relative_to(folder).as_posix(): describe_part(path) for path in paths}
