"""The manifests of runs: what each run wrote of itself, and of every part its rows, bytes and checksum.

The manifest of a run is `runs/run=<id>/run.json`. Where runs are compacted, `run.json` has the files of the folder and
the ids of the runs, and `part-00000.parquet` beside it the manifest of each run, without files. Either `run.json` has
its own checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset.layout import ROLLED_BACK, ROLLED_BACK_IN, Layout, Span
from flows.dataset.tables import file_errors, sync, write_part
from flows.errors import CopydeskError

MANIFESTS: Final[dict[str, pl.DataType]] = {"run_id": pl.String(), "manifest": pl.String()}
#: Beside parts that belong to no run: what is told of each.
SEAL: Final = "parts.json"
_TOLD: Final = "part-00000.parquet"
_CHECKSUM: Final = "blake2b"  # in a `run.json`, of all else that it says


@dataclass(frozen=True)
class Manifests:
    """What is told of one folder of runs.

    `files` has of each `table/part` its rows, bytes, blake2b and the `metadata` that the file itself bears.
    """

    runs: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Mapping[str, Any]]
    compacted: bool


def read_manifests(layout: Layout, span: Span | str) -> Manifests:
    """The manifests of a folder of runs; raises CopydeskError where they are damaged or missing."""
    folder = layout.folder("runs", span)
    said = _read(folder / "run.json")
    try:
        if "runs" not in said:
            metadata = {
                "copydesk_version": said["copydesk"],
                "run_id": said["run_id"],
                "configuration": said["configuration"],
            }
            files = {name: {**file, "metadata": metadata} for name, file in said["files"].items()}
            return Manifests({said["run_id"]: said}, files, False)
        told = pl.read_parquet(folder / _TOLD, hive_partitioning=False)
        runs = {run_id: json.loads(text) for run_id, text in told.select(*MANIFESTS).iter_rows()}
        if list(runs) != said["runs"] or checksum(folder / _TOLD) != said["manifests"]["blake2b"]:
            raise ValueError(f"{folder / _TOLD} is not what was written")
        return Manifests(runs, said["files"], True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest {folder / 'run.json'} is damaged: {error}") from error


def read_manifest(layout: Layout, run_id: str) -> dict[str, Any]:
    """What a published run wrote of itself; raises CopydeskError where that is damaged or missing."""
    folder = layout.folder("runs", run_id)
    said = _read(folder / "run.json")
    if "runs" not in said:
        return said
    try:
        told = pl.scan_parquet(folder / _TOLD, hive_partitioning=False).filter(pl.col("run_id") == run_id)
        manifest = json.loads(told.select("manifest").collect().item())
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise CopydeskError(f"the manifest of {run_id} in {folder} cannot be read: {error}") from error
    if not isinstance(manifest, dict):
        raise CopydeskError(f"the manifest of {run_id} in {folder} is no JSON object")
    return manifest


def _read(path: Path) -> dict[str, Any]:
    """What a `run.json` says, but for its checksum."""
    return {key: value for key, value in _object(path).items() if key != _CHECKSUM}


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CopydeskError(f"the manifest {path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise CopydeskError(f"the manifest {path} is no JSON object")
    return value


def write_manifests(folder: Path, manifests: Manifests) -> None:
    """Write the manifests of a folder of runs, durably, as `read_manifests` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    if not manifests.compacted:
        ((_, said),) = manifests.runs.items()
        files = {n: {k: v for k, v in f.items() if k != "metadata"} for n, f in manifests.files.items()}
        write_manifest(folder / "run.json", {**said, "files": files})
        return
    rows = [
        (
            run_id,
            json.dumps({k: v for k, v in said.items() if k != "files"}, ensure_ascii=False),
        )
        for run_id, said in manifests.runs.items()
    ]
    write_part(pl.DataFrame(rows, schema=MANIFESTS, orient="row"), folder / _TOLD, {})
    told = {
        "runs": list(manifests.runs),
        "manifests": described(folder / _TOLD),
        "files": dict(manifests.files),
    }
    write_manifest(folder / "run.json", told)


def write_manifest(path: Path, said: Mapping[str, Any]) -> None:
    """Write a `run.json`, durably, with its checksum."""
    write_json(path, {**said, _CHECKSUM: _checksum(said)})


def is_as_written(layout: Layout, span: Span | str) -> bool:
    """Whether the `run.json` of a folder says what was written; raises CopydeskError where it cannot be read."""
    said = _object(layout.folder("runs", span) / "run.json")
    return bool(said.get(_CHECKSUM) == _checksum(said))


def _checksum(said: Mapping[str, Any]) -> str:
    """The BLAKE2b of what a `run.json` says, but for the checksum itself: 16 bytes in hexadecimal."""
    written = json.loads(json.dumps({key: value for key, value in said.items() if key != _CHECKSUM}))
    text = json.dumps(written, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def seal(folder: Path) -> None:
    """Tell of the parts of a folder that belongs to no run, in `parts.json` beside them."""
    write_json(folder / SEAL, described_all(folder, sorted(folder.glob("part-*.parquet"))))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file, durably, which appears under its name once it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    with file_errors(path):
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sync(partial)
    partial.replace(path)


def write_rolled_back(state: Path, run_id: str) -> None:
    """Write, in the folders of a dataset's state, that this is the last run that was ever taken back."""
    for kind in ROLLED_BACK_IN:
        (state / kind).mkdir(exist_ok=True)
        write_json(state / kind / ROLLED_BACK, {"last": run_id})


def described(path: Path) -> dict[str, Any]:
    """The rows, bytes and checksum of a part, so that damage can be told later."""
    rows = pl.scan_parquet(path, hive_partitioning=False).select(pl.len()).collect().item()
    return {"rows": rows, "bytes": path.stat().st_size, "blake2b": checksum(path)}


def checksum(path: Path) -> str:
    """The BLAKE2b of a file, 16 bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def described_all(folder: Path, paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """`described` of parts, by their names from `folder` on."""
    return {path.relative_to(folder).as_posix(): described(path) for path in paths}
