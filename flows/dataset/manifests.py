"""The manifests of runs: how each run was made, and the rows, bytes and checksum of each of its part files.

The manifest of a run is `runs/run=<id>/run.json`. If runs were compacted, `run.json` lists the files of the folder and
the ids of the runs, and `part-00000.parquet` beside it has the manifest of each run, without files. In both cases
`run.json` ends with a checksum of itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

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
from flows.dataset.tables import count_rows, file_errors, read_part, scan_parts, sync, write_part
from flows.errors import CopydeskError
from flows.printable import printable_json

MANIFESTS: Final[dict[str, pl.DataType]] = {"run_id": pl.String(), "manifest": pl.String()}
_CHECKSUM: Final = "blake2b"  # the key in a `run.json` of the checksum of all other keys


@dataclass(frozen=True)
class Manifests:
    """What `run.json` says of one folder of runs."""

    runs: Mapping[str, Mapping[str, Any]]  # run id -> manifest
    files: Mapping[str, Mapping[str, Any]]  # kind/part -> rows, bytes, blake2b, and its Parquet metadata
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
        runs = {run_id: json.loads(text) for run_id, text in read_part(part).select(*MANIFESTS).iter_rows()}
        if list(runs) != content["runs"] or checksum(part) != content["manifests"]["blake2b"]:
            raise ValueError(f"{part} is not what was written")
        return Manifests(runs, content["files"], True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest {folder / RUN_JSON} is damaged: {error}") from error


def read_manifest(layout: Layout, run_id: str) -> dict[str, Any]:
    """The manifest of a published run; raises CopydeskError if it is damaged or missing."""
    folder = layout.folder("runs", run_id)
    content = _read(folder / RUN_JSON)
    if "runs" not in content:
        return content
    try:
        own = scan_parts(folder / FIRST_PART).filter(pl.col("run_id") == run_id)
        manifest = json.loads(own.select("manifest").collect().item())
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest of {run_id} in {folder} cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise CopydeskError(f"the manifest of {run_id} in {folder} is not a JSON object")
    return manifest


def _read(path: Path) -> dict[str, Any]:
    """The content of a `run.json` without its checksum."""
    return {key: value for key, value in _object(path).items() if key != _CHECKSUM}


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CopydeskError(f"the manifest {path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise CopydeskError(f"the manifest {path} is not a JSON object")
    return value


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
    """Write a `run.json`, durably, with its checksum; what it quotes (inputs, sources) becomes printable."""
    content = printable_json(content)
    write_json(path, {**content, _CHECKSUM: _checksum(content)})


def is_intact(layout: Layout, span: Span | str) -> bool:
    """Whether the `run.json` of a folder matches its checksum; raises CopydeskError if it cannot be read."""
    content = _object(layout.folder("runs", span) / RUN_JSON)
    return bool(content.get(_CHECKSUM) == _checksum(content))


def _checksum(content: Mapping[str, Any]) -> str:
    """The BLAKE2b of the content of a `run.json` without its checksum: 16 bytes in hexadecimal."""
    written = json.loads(json.dumps({key: value for key, value in content.items() if key != _CHECKSUM}))
    text = json.dumps(written, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def write_checksums(folder: Path) -> None:
    """Describe the parts of a folder that belongs to no run, in `parts.json` beside them."""
    write_json(folder / PARTS_JSON, describe_parts(folder, parts_in(folder)))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file durably, with printable strings; it appears under its name only when it is complete."""
    partial = path.with_name(f".{path.name}.partial")
    with file_errors(path):
        partial.write_text(
            json.dumps(printable_json(value), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        sync(partial)
    partial.replace(path)


def write_rolled_back(folders: Folders, run_id: str) -> None:
    """Record, in a dataset or in its new tree, that this is the last run that was ever rolled back."""
    for kind in ROLLED_BACK_IN:
        folders.base(kind).mkdir(exist_ok=True)
        write_json(folders.rolled_back_file(kind), {"last": run_id})


def describe_part(path: Path) -> dict[str, Any]:
    """The rows, bytes and checksum of a part, by which damage is found later."""
    return {"rows": count_rows(path), "bytes": path.stat().st_size, "blake2b": checksum(path)}


def checksum(path: Path) -> str:
    """The BLAKE2b of a file, 16 bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def describe_parts(folder: Path, paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """`describe_part` of each part, by its path relative to `folder`."""
    return {path.relative_to(folder).as_posix(): describe_part(path) for path in paths}
