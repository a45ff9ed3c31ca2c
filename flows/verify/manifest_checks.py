"""What the manifest of a run promises, and whether the run's files are as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.attributes import LABELLED
from cleaners.duplicate.fingerprints import fingerprint_schema
from cleaners.duplicate.rarest_shingles import FREQUENCIES
from cleaners.repeated_line.count_tables import COUNTS
from flows.dataset import STATE, Dataset, Span
from flows.dataset.exceptions import KIND as EXCEPTIONS
from flows.dataset.exchange import exchange_begun
from flows.dataset.expired_witnesses import WITNESSES
from flows.dataset.layout import EXPIRED, OUTLIVE, ROLLED_BACK, ROLLED_BACK_IN, SHARDED, rolled_back_in
from flows.dataset.ledger import RECORDS
from flows.dataset.manifests import SEAL, checksum, is_as_written, read_manifests
from flows.dataset.source_stats import SCHEMA as TALLY
from flows.dataset.summary import Counts
from flows.dataset.tables import SCHEMAS, TABLES
from flows.errors import CopydeskError
from flows.inputs import INPUTS
from flows.settings.model import FINGERPRINTED_BY, Duplicate

FOLDERS: Final = tuple(kind for kind in (*TABLES, *STATE) if kind != "runs")
SEALED: Final = (EXCEPTIONS, WITNESSES)  # kinds of state of no run
SIGNED: Final = {"run_id": pl.String()}  # tells in every row of the state whose it is
JUDGED_BY: Final = (*FINGERPRINTED_BY, "same_numbers")  # of [duplicate]

#: What polars raises for a file that is no Parquet, or no longer.
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


@dataclass(frozen=True)
class Promise:
    """What the manifest of a run says, as far as it can be checked."""

    run_id: str
    index: Mapping[str, Any]  # the settings by which its part of the index is made
    duplicate: Mapping[str, Any]  # those by which near-duplicates were judged
    enabled: Mapping[str, bool]  # table of the configuration -> whether its cleaner was switched on
    inputs: int
    restored: int  # paragraphs that no later run may remove
    counts: Counts


@dataclass(frozen=True)
class Promises:
    """What the manifests of a folder of runs say, one run or several that were compacted."""

    span: Span
    files: Mapping[str, Mapping[str, Any]]  # table/part -> rows, bytes, blake2b, metadata
    runs: Mapping[str, Promise]

    def parts(self) -> list[str]:
        """The names of the parts that each table has, in order."""
        return sorted({name.partition("/")[2] for name in self.files if name.partition("/")[0] in SHARDED})


def promised(dataset: Dataset, span: Span) -> Promises:
    """The manifests of a folder of runs.

    Raises CopydeskError, KeyError, TypeError, ValueError or AttributeError where they are not as they should be.
    """
    said = read_manifests(dataset, span)
    files = {
        name: {key: file[key] for key in ("rows", "bytes", "blake2b", "metadata")}
        for name, file in said.files.items()
    }
    runs = {run_id: _promise(run_id, manifest) for run_id, manifest in said.runs.items()}
    if not runs or not all(run_id in span for run_id in runs) or (span.first == span.last and not files):
        raise ValueError(f"it is that of {', '.join(runs) or 'no run'}")
    return Promises(span, files, runs)


def _promise(run_id: str, said: Mapping[str, Any]) -> Promise:
    settings = said["settings"]
    duplicate = Duplicate.model_validate({key: settings["duplicate"][key] for key in JUDGED_BY})
    if said["run_id"] != run_id:
        raise ValueError(f"it is that of {said['run_id']}")
    made_by = {key: said["index"][key] for key in FINGERPRINTED_BY}
    return Promise(
        run_id,
        Duplicate.model_validate(made_by).model_dump(include=set(made_by)),
        duplicate.model_dump(include=set(JUDGED_BY)),
        {
            name: table["enabled"]
            for name, table in settings.items()
            if isinstance(table, dict) and "enabled" in table
        },
        int(said["inputs"]),
        int(said.get("restored", 0)),
        Counts.from_json(said["counts"]),
    )


def files_agree(dataset: Dataset, promises: Promises) -> Iterator[str]:
    """What is wrong with the files of a folder of runs, and with their manifest."""
    if not is_as_written(dataset, promises.span):
        yield f"{promises.span}: {dataset.folder('runs', promises.span) / 'run.json'} is not what was written"
    run_id, files = promises.span, promises.files
    rules = next(iter(promises.runs.values())).index  # the same for all runs of a dataset
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
            yield from (f"{run_id}: {path} {problem}" for problem in _within(path, table, said, rules))
    lines = any(promise.enabled.get("repeated_line", True) for promise in promises.runs.values())
    expected = {
        f"{table}/{part}" for table in SHARDED for part in promises.parts() or ["part-00000-00000.parquet"]
    }
    kinds = {name.partition("/")[0] for name in files}
    expected |= {
        f"{kind}/part-00000.parquet"
        for kind in {"ledger", "source_stats", *(["line_counts"] if lines else [])} - kinds
    }
    yield from (
        f"{run_id}: {name} is missing, also in the manifest" for name in sorted(expected - set(files))
    )


def seals_agree(dataset: Dataset) -> Iterator[str]:
    """What is wrong with parts that belong to no run: exceptions, expired witnesses, what outlived its run."""
    for folder in (
        *(dataset.base(kind) for kind in SEALED),
        *(dataset.base(kind) / EXPIRED for kind in OUTLIVE),
    ):
        there = {path.name for path in folder.glob("part-*.parquet")}
        try:
            told = json.loads((folder / SEAL).read_text()) if there or (folder / SEAL).exists() else {}
            said = {name: (file["bytes"], file["blake2b"]) for name, file in told.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"{folder / SEAL} is damaged: {error}"
            continue
        yield from (f"{folder / name} is not in {SEAL}" for name in sorted(there - set(said)))
        yield from (f"{folder / name} is missing" for name in sorted(set(said) - there))
        for name in sorted(there & set(said)):
            if ((folder / name).stat().st_size, checksum(folder / name)) != said[name]:
                yield f"{folder / name} is not what was written"


def rolled_back_agrees(dataset: Dataset) -> Iterator[str]:
    """Whether both places that tell of the last run that was taken back are there, and tell the same.

    Where one is lost, or was not reached by a command that was killed, the next one that writes mends it.
    """
    told: dict[str, int | None] = {}
    for kind in ROLLED_BACK_IN:
        try:
            told[kind] = rolled_back_in(dataset, kind)
        except CopydeskError as error:
            yield str(error)
            return
    if len(set(told.values())) > 1:
        for kind, number in told.items():
            if (number or 0) < max(n or 0 for n in told.values()):
                yield f"{dataset.base(kind) / ROLLED_BACK} is {'missing' if number is None else 'not what was written'}"


def restored_agrees(dataset: Dataset, restored: int) -> Iterator[str]:
    """Whether there are exceptions where the manifests tell that so many paragraphs were restored."""
    if restored and not any(dataset.base(EXCEPTIONS).glob("part-*.parquet")):
        yield f"{dataset.base(EXCEPTIONS)} is missing: later runs would remove again what was restored"


def seen_agrees(dataset: Dataset) -> Iterator[str]:
    """Whether the inputs that were looked at and held nothing new can be read."""
    path = dataset.base("ledger") / "seen.parquet"
    try:
        if path.exists():
            pl.read_parquet(path, hive_partitioning=False)
    except UNREADABLE as error:
        yield f"{path} cannot be read (without it, its inputs are read again): {str(error).partition(chr(10))[0]}"


def _within(path: Path, table: str, said: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong within a file that has the bytes of the manifest."""
    try:
        columns, metadata = pl.read_parquet_schema(path), pl.read_parquet_metadata(path)
        rows = pl.scan_parquet(path, hive_partitioning=False).select(pl.len()).collect().item()
    except UNREADABLE as error:
        yield f"cannot be read: {str(error).partition(chr(10))[0]}"
        return
    if list(columns.items()) != list(_schema(table, rules).items()):
        yield "has other columns than its format"
    if rows != said["rows"]:
        yield f"has {rows:,} rows, the manifest says {said['rows']}"
    for key, value in said["metadata"].items():
        if metadata.get(key) != value:
            yield f"has {key} = {metadata.get(key)} in its metadata, the manifest says {value}"


def _schema(table: str, rules: Mapping[str, Any]) -> Mapping[str, pl.DataType]:
    """The columns of the files of a table, or of a kind of state."""
    match table:
        case "ledger":
            return INPUTS | SIGNED
        case "records":
            return RECORDS | SIGNED
        case "unpublished":
            return SCHEMAS["documents"]
        case "index":
            return fingerprint_schema(rules["threshold"], rules["method"]) | SIGNED
        case "shingle_frequencies":
            return FREQUENCIES
        case "line_counts":
            return COUNTS | SIGNED
        case "labels":
            return LABELLED | SIGNED
        case "source_stats":
            return TALLY
    return SCHEMAS[table]


def strays(dataset: Dataset) -> Iterator[str]:
    """What lies in the tables' folders and belongs to no published run: readers read it, or its run is lost."""
    if exchange_begun(dataset):
        yield f"{dataset.root}: a command that takes files away was cut short; the next one that writes finishes it"
        return
    for table in TABLES:
        for path in sorted((dataset.root / table).glob("[!._]*")):
            run_id = path.name.removeprefix("run=")
            published = path.name.startswith("run=") and dataset.folder("documents", run_id).is_dir()
            cut_short = any(dataset.staging.glob(f"{run_id}-*/publish/documents"))  # the next run sweeps it
            if not published and not cut_short:
                yield f"{path} belongs to no published run"
