"""What the manifest of a run promises, and whether the run's files are as it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.fingerprints import fingerprint_schema
from cleaners.rarest_shingles import ORDER
from cleaners.repeated_line import COUNTS
from flows.dataset import Dataset
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import checksum
from flows.inputs import INPUTS
from flows.ledger import RECORDS
from flows.settings import Duplicate
from flows.summary import Tally
from flows.tables import SCHEMAS, TABLES

FOLDERS: Final = (*TABLES, "ledger", "records", "index", "order", "lines")
SIGNED: Final = {"run_id": pl.String()}  # tells in every row of the state whose it is
JUDGED_BY: Final = ("n", "threshold", "min_tokens", "short", "method", "same_numbers")  # of [duplicate]

#: What polars raises for a file that is no Parquet, or no longer.
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


@dataclass(frozen=True)
class Promise:
    """What the manifest of a run says, as far as it can be checked."""

    run_id: str
    files: Mapping[str, Mapping[str, Any]]  # table/part -> rows, bytes, blake2b
    metadata: Mapping[str, str]  # of every Parquet file
    duplicate: Mapping[str, Any]  # the settings by which near-duplicates are judged
    enabled: Mapping[str, bool]  # table of the configuration -> whether its cleaner was switched on
    inputs: int
    tally: Tally

    def parts(self) -> list[str]:
        """The names of the parts that each table has, in order."""
        return sorted({name.partition("/")[2] for name in self.files if name.partition("/")[0] in SHARDED})


def promised(dataset: Dataset, run_id: str) -> Promise:
    """The manifest of a run.

    Raises CopydeskError, KeyError, TypeError, ValueError or AttributeError where it is not as it should be.
    """
    said = dataset.manifest(run_id)
    settings = said["settings"]
    duplicate = Duplicate.model_validate({key: settings["duplicate"][key] for key in JUDGED_BY})
    promise = Promise(
        said["run_id"],
        {
            name: {key: file[key] for key in ("rows", "bytes", "blake2b")}
            for name, file in said["files"].items()
        },
        {"run_id": run_id, "copydesk_version": said["copydesk"], "configuration": said["configuration"]},
        duplicate.model_dump(include=set(JUDGED_BY)),
        {
            name: table["enabled"]
            for name, table in settings.items()
            if isinstance(table, dict) and "enabled" in table
        },
        int(said["inputs"]),
        Tally.from_json(said["tally"]),
    )
    if promise.run_id != run_id:
        raise ValueError(f"it is that of {promise.run_id}")
    return promise


def files_agree(dataset: Dataset, promise: Promise) -> Iterator[str]:
    """What is wrong with the files of a run."""
    run_id, files = promise.run_id, promise.files
    there = {
        f"{table}/{path.name}"
        for table in FOLDERS
        for path in dataset.folder(table, run_id).glob("[!._]*" if table in TABLES else "part-*")
    }
    yield from (f"{run_id}: {name} is not in the manifest" for name in sorted(there - set(files)))
    for name, said in files.items():
        table, _, part = name.partition("/")
        path = dataset.folder(table, run_id) / part
        if name not in there:
            yield f"{run_id}: {path} is missing"
        elif path.stat().st_size != said["bytes"] or checksum(path) != said["blake2b"]:
            yield f"{run_id}: {path} is not what was written ({said['bytes']} bytes, {said['rows']} rows)"
        else:
            yield from (f"{run_id}: {path} {problem}" for problem in _within(path, table, said, promise))
    lines = promise.enabled.get("repeated_line", True)
    expected = {
        f"{table}/{part}" for table in SHARDED for part in promise.parts() or ["part-00000-00000.parquet"]
    }
    expected |= {f"{table}/part-00000.parquet" for table in (("ledger", "lines") if lines else ("ledger",))}
    yield from (
        f"{run_id}: {name} is missing, also in the manifest" for name in sorted(expected - set(files))
    )


def _within(path: Path, table: str, said: Mapping[str, Any], promise: Promise) -> Iterator[str]:
    """What is wrong within a file that has the bytes of the manifest."""
    try:
        columns, metadata = pl.read_parquet_schema(path), pl.read_parquet_metadata(path)
        rows = pl.scan_parquet(path, hive_partitioning=False).select(pl.len()).collect().item()
    except UNREADABLE as error:
        yield f"cannot be read: {str(error).partition(chr(10))[0]}"
        return
    if list(columns.items()) != list(_schema(table, promise).items()):
        yield "has other columns than its format"
    if rows != said["rows"]:
        yield f"has {rows:,} rows, the manifest says {said['rows']}"
    for key, value in promise.metadata.items():
        if metadata.get(key) != value:
            yield f"has {key} = {metadata.get(key)} in its metadata, the manifest says {value}"


def _schema(table: str, promise: Promise) -> Mapping[str, pl.DataType]:
    """The columns of the files of a table, or of a kind of state."""
    match table:
        case "ledger":
            return INPUTS | SIGNED
        case "records":
            return RECORDS | SIGNED
        case "index":
            return fingerprint_schema(promise.duplicate["threshold"], promise.duplicate["method"]) | SIGNED
        case "order":
            return ORDER
        case "lines":
            return COUNTS | SIGNED
    return SCHEMAS[table]


def strays(dataset: Dataset) -> Iterator[str]:
    """What lies in the tables' folders and belongs to no published run: readers read it, or its run is lost."""
    for table in TABLES:
        for path in sorted((dataset.root / table).glob("[!._]*")):
            run_id = path.name.removeprefix("run=")
            published = path.name.startswith("run=") and dataset.folder("documents", run_id).is_dir()
            cut_short = any(dataset.staging.glob(f"{run_id}-*/publish/documents"))  # the next run sweeps it
            if not published and not cut_short:
                yield f"{path} belongs to no published run"
