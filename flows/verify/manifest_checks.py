"""Checks of files: whether they are what the manifests and checksum files say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.attributes import LINE_LABELS
from cleaners.duplicate.fingerprints import fingerprint_schema
from cleaners.duplicate.rarest_shingles import FREQUENCIES
from cleaners.repeated_line.count_tables import COUNTS
from flows.dataset import STATE, Dataset, Span
from flows.dataset.actions import labels_of
from flows.dataset.checksums import is_sealed
from flows.dataset.damage import damaged_beside, damaged_caches, damaged_held, damaged_parts, what_follows
from flows.dataset.exchange import is_unfinished
from flows.dataset.held import drop_held
from flows.dataset.inventory import lost, read_inventory
from flows.dataset.layout import (
    FIRST_PART,
    OF_NO_RUN,
    OUTLIVE,
    PARTS_JSON,
    PUBLISH,
    ROLLED_BACK_IN,
    SHARDED,
    parts_in,
    rolled_back_in,
)
from flows.dataset.ledger import RECORDS
from flows.dataset.manifests import read_manifests
from flows.dataset.reviews import damaged_reviews, without_review
from flows.dataset.source_stats import LATER as LATER_STATS
from flows.dataset.source_stats import SCHEMA as SOURCE_STATS
from flows.dataset.summary import Counts
from flows.dataset.tables import SCHEMAS, TABLES, count_rows
from flows.dataset.writing import derived_from, without_file, without_run
from flows.errors import CopydeskError
from flows.inputs import INPUTS, LATER
from flows.settings.fact_files import fact_digests
from flows.settings.model import FINGERPRINTED_BY, Duplicate

FOLDERS: Final = tuple(kind for kind in (*TABLES, *STATE) if kind != "runs")
RUN_ID: Final = {"run_id": pl.String()}
#: The settings of [duplicate] that decide which paragraphs are near-duplicates.
COMPARED_BY: Final = (*FINGERPRINTED_BY, "same_numbers", "same_facts", "against", "keep")

#: What polars raises for a damaged Parquet file, or a file of another format.
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


@dataclass(frozen=True)
class Promise:
    """What the manifest of a run says and the checks compare with the tables."""

    run_id: str
    index: Mapping[str, Any]  # the settings that its part of the index was made with
    duplicate: Mapping[str, Any]  # the settings that decided on its near-duplicates
    fact_languages: frozenset[str]  # those whose words in `config/facts` are the ones that it used
    changed_languages: frozenset[str]  # those whose words were others
    enabled: Mapping[str, bool]  # table of the configuration -> whether its cleaner was enabled
    labels: frozenset[str]  # reasons whose action is "label"
    inputs: int
    restored: int  # paragraphs that no later run may remove
    counts: Counts


@dataclass(frozen=True)
class Promises:
    """What the manifests of a folder say: of one run, or of several that were compacted."""

    span: Span
    files: Mapping[str, Mapping[str, Any]]  # table/part -> rows, bytes, checksum, metadata
    runs: Mapping[str, Promise]

    def parts(self) -> list[str]:
        """The names of the parts that all tables have, in order."""
        return sorted({name.partition("/")[2] for name in self.files if name.partition("/")[0] in SHARDED})


def read_promises(dataset: Dataset, span: Span) -> Promises:
    """What the manifests of a folder of runs say.

    Raises CopydeskError, KeyError, TypeError, ValueError or AttributeError if they are damaged.
    """
    manifests = read_manifests(dataset, span)
    files = manifests.files
    if any(not {"rows", "bytes", "metadata"} <= file.keys() for file in files.values()):
        raise ValueError("the entry of a file has no rows, bytes or metadata")
    runs = {run_id: _promise(run_id, manifest) for run_id, manifest in manifests.runs.items()}
    if not runs or not all(run_id in span for run_id in runs) or (span.first == span.last and not files):
        raise ValueError(f"it belongs to {', '.join(runs) or 'no run'}")
    return Promises(span, files, runs)


def _promise(run_id: str, manifest: Mapping[str, Any]) -> Promise:
    settings = manifest["settings"]
    duplicate = Duplicate.model_validate(
        # runs of before the rule of facts do not have its key
        {"same_facts": False}
        | {key: value for key, value in settings["duplicate"].items() if key in COMPARED_BY}
    )
    if manifest["run_id"] != run_id:
        raise ValueError(f"it belongs to {manifest['run_id']}")
    made_by = {key: manifest["index"][key] for key in FINGERPRINTED_BY}
    facts_now = fact_digests()
    facts_then = manifest.get("fact_words", dict.fromkeys(facts_now))
    unchanged = frozenset(name for name, digest in facts_then.items() if facts_now.get(name) == digest)
    return Promise(
        run_id,
        Duplicate.model_validate(made_by).model_dump(include=set(made_by)),
        duplicate.model_dump(include=set(COMPARED_BY)),
        unchanged,
        frozenset(facts_then) - unchanged,
        {
            name: table["enabled"]
            for name, table in settings.items()
            if isinstance(table, dict) and "enabled" in table
        },
        labels_of(manifest),
        int(manifest["inputs"]),
        int(manifest.get("restored", 0)),
        Counts.from_json(manifest["counts"]),
    )


def files_agree(dataset: Dataset, promises: Promises) -> Iterator[str]:
    """What is wrong with the files of a folder of runs, or with their manifest."""
    span, files = promises.span, promises.files
    rules = next(iter(promises.runs.values())).index  # the same for all runs of a dataset
    names = {name.partition("/")[2] for name in files}
    damaged = set()
    for kind, path, problem in damaged_parts(dataset, FOLDERS, span, files):
        damaged.add(path)
        where = f"{kind}/{path.name}" if path.name not in names else path
        yield f"{span}: {where} {problem}: {what_follows(dataset, kind, span)}"
    for name, entry in files.items():
        kind, _, part = name.partition("/")
        path = dataset.folder(kind, span) / part
        if path not in damaged:
            yield from (f"{span}: {path} {problem}" for problem in _within(path, kind, entry, rules))
    lines = any(promise.enabled.get("repeated_line", True) for promise in promises.runs.values())
    expected = {
        f"{table}/{part}" for table in SHARDED for part in promises.parts() or ["part-00000-00000.parquet"]
    }
    kinds = {name.partition("/")[0] for name in files}
    expected |= {
        f"{kind}/{FIRST_PART}"
        for kind in {"ledger", "source_stats", *(["line_counts"] if lines else [])} - kinds
    }
    yield from (f"{span}: {name} is missing, also in the manifest" for name in sorted(expected - set(files)))


def beside_agrees(dataset: Dataset) -> Iterator[str]:
    """What is wrong with files that belong to no run: exceptions, expired witnesses, parts that outlived their runs."""
    for kind, path, problem in damaged_beside(dataset, (*OF_NO_RUN, *OUTLIVE)):
        yield f"{path} {problem}: {what_follows(dataset, kind)}"
    for path, error in damaged_caches(dataset):
        if path == dataset.history_file or _is_sealed(dataset):
            yield f"{error}: {derived_from(dataset, path)}"
    for path, problem in damaged_reviews(dataset):
        yield f"{problem}; {without_review(path)}"


def rolled_back_agrees(dataset: Dataset) -> Iterator[str]:
    """Whether both records of the last run that was rolled back are there and the same.

    If one is lost or damaged, or a killed command did not write it, the next command that writes repairs it.
    """
    recorded: dict[str, int | None] = {}
    for kind in ROLLED_BACK_IN:
        path = dataset.rolled_back_file(kind)
        try:
            recorded[kind] = rolled_back_in(dataset, kind)
        except CopydeskError as error:
            yield f"{error}; {derived_from(dataset, path)}"
            return
    last = max(number or 0 for number in recorded.values())
    if len(set(recorded.values())) > 1:
        for kind, number in recorded.items():
            if (number or 0) < last:
                path = dataset.rolled_back_file(kind)
                problem = "missing" if number is None else "not what was written"
                yield f"{path} is {problem}; {derived_from(dataset, path)}"


def held_agrees(dataset: Dataset) -> Iterator[str]:
    """What is wrong with the held runs."""
    for run_id in dataset.held_runs():
        try:
            dataset.held_for(run_id)
        except CopydeskError as error:
            yield str(error)
        for path, problem in damaged_held(dataset, run_id):
            yield f"{path} {problem}; {drop_held(dataset, run_id)}"


def inventory_agrees(dataset: Dataset) -> Iterator[str]:
    """What the inventory lists and is not there, or what is wrong with it."""
    gone = lost(dataset)
    for span in gone.published:
        yield f"{span}: {dataset.folder('documents', span)} was lost; {without_run(dataset)}"
    for path in (*map(dataset.held_file, gone.held), *gone.files):
        yield f"{path} was lost: {derived_from(dataset, path) or without_file(dataset)}"
    try:
        read_inventory(dataset)
    except FileNotFoundError:
        if _is_sealed(dataset):
            yield f"{dataset.inventory_file} is missing: {derived_from(dataset, dataset.inventory_file)}"
    except ValueError as error:
        yield f"{error}: {derived_from(dataset, dataset.inventory_file)}"


def seals_agree(dataset: Dataset) -> Iterator[str]:
    """JSON files without a checksum, which no version that writes an inventory leaves.

    Those of caches are left out: a run makes anew what is damaged of these, and may remove them at any time.
    """
    if not _is_sealed(dataset):
        return
    state = dataset.state
    for path in sorted({*state.glob("*.json"), *state.glob("*/*.json"), *state.glob("[!s]*/**/*.json")}):
        if path.parent in (dataset.postings, dataset.line_totals):
            continue
        data = path.read_bytes()
        if is_sealed(data) is None and b'\n "blake2b": "' not in data:
            yield f"{path} has no checksum of itself: something else has written it; restore it from a backup"


def _is_sealed(dataset: Dataset) -> bool:
    """Whether a version that seals all files has written to the dataset."""
    return is_sealed(dataset.format_file.read_bytes()) is not None


def restored_agrees(dataset: Dataset, restored: int) -> Iterator[str]:
    """Whether there are exceptions, if the manifests say that paragraphs were restored."""
    folder = dataset.exceptions_file.parent
    if restored and not parts_in(folder) and folder / PARTS_JSON not in lost(dataset).files:
        yield f"{folder} is missing: {what_follows(dataset, 'exceptions')}"


def _within(path: Path, kind: str, entry: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong inside a file whose bytes match the manifest."""
    try:
        columns, metadata = pl.read_parquet_schema(path), pl.read_parquet_metadata(path)
        rows = count_rows(path)
    except UNREADABLE as error:
        yield f"cannot be read: {str(error).partition(chr(10))[0]}"
        return
    expected = list(_schema(kind, rules).items())
    later = {"ledger": LATER, "source_stats": LATER_STATS}.get(kind, ())
    if list(columns.items()) not in (expected, [column for column in expected if column[0] not in later]):
        yield "has other columns than its format"
    if rows != entry["rows"]:
        yield f"has {rows:,} rows, the manifest says {entry['rows']}"
    for key, value in entry["metadata"].items():
        if metadata.get(key) != value:
            yield f"has {key} = {metadata.get(key)} in its metadata, the manifest says {value}"


def _schema(kind: str, rules: Mapping[str, Any]) -> Mapping[str, pl.DataType]:
    """The columns of a part of a table, or of a kind of state."""
    match kind:
        case "ledger":
            return INPUTS | RUN_ID
        case "records":
            return RECORDS | RUN_ID
        case "unpublished":
            return SCHEMAS["documents"]
        case "index":
            return fingerprint_schema(rules["threshold"], rules["method"], rules["measure"]) | RUN_ID
        case "shingle_frequencies":
            return FREQUENCIES
        case "line_counts":
            return COUNTS | RUN_ID
        case "labels":
            return LINE_LABELS | RUN_ID
        case "source_stats":
            return SOURCE_STATS
    return SCHEMAS[kind]


def strays(dataset: Dataset) -> Iterator[str]:
    """Files in the tables' folders that belong to no published run: readers see them, or their run is lost."""
    if is_unfinished(dataset):
        yield f"{dataset.root}: a command that takes files away was cut short; the next one that writes finishes it"
        return
    for table in TABLES:
        for path in sorted(dataset.base(table).glob("[!._]*")):
            run_id = path.name.removeprefix("run=")
            published = path.name.startswith("run=") and dataset.folder("documents", run_id).is_dir()
            # a commit that was cut short: the next run removes it
            cut_short = any(dataset.staging.glob(f"{run_id}-*/{PUBLISH}/documents"))
            if not published and not cut_short:
                yield f"{path} belongs to no published run"
