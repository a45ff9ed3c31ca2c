"""References: datasets and texts with which a run compares its paragraphs, and which it only reads.

Texts are made a dataset first, in a cache of the dataset that is written: in one run without cleaners, but for repair.
It is made anew when any of its inputs has changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from cleaners.lexicon import Lexicon
from flows.dataset import Dataset
from flows.dataset.index_parts import index_rules, own_parts
from flows.dataset.layout import is_dataset
from flows.dataset.names import STATE_FOLDER
from flows.dataset.remote import local_folder, name_of, url_of
from flows.dataset.remote.commits import numbers
from flows.dataset.remote.store import open_store
from flows.errors import ConfigurationError, CopydeskError, UsageError
from flows.inputs import INPUTS, Input, content_of, find
from flows.run.engine import Threads, workers
from flows.run.execution import Task, execute
from flows.settings import Settings
from flows.settings.model import Duplicate, Publish
from flows.version import copydesk_version


def prepare_references(
    dataset: Dataset,
    settings: Settings,
    cache: Path | None = None,
    prepare: Callable[[], None] = lambda: None,
) -> tuple[Path, ...]:
    """The folders of the datasets that are the references of a run of `dataset`, in the order of the settings.

    Texts are made a dataset in `cache`, the dataset's own if none is given; what is no longer needed there is removed.
    Raises ConfigurationError if a reference is missing, cannot be read, or is the dataset itself.
    """
    if not settings.duplicate.enabled:
        return ()
    cache = cache or dataset.references
    found = [_prepared(name, dataset, settings, cache, prepare) for name in settings.duplicate.against]
    for folder in cache.glob("texts-*"):
        if folder not in found:
            shutil.rmtree(folder, ignore_errors=True)
    return tuple(found)


def unread_records(cache: Path, references: Sequence[Path]) -> tuple[tuple[int, str, str], ...]:
    """(number, uri of the first, why) of records that could not be read, for each reference of texts that has some."""
    found = []
    for root in references:
        if root.parent == cache:
            rejected = Dataset(root).scan("rejected").select("uri", "error").collect()
            found += [(len(rejected), *rejected.row(0))] if len(rejected) else []
    return tuple(found)


def _prepared(
    name: str, dataset: Dataset, settings: Settings, cache: Path, prepare: Callable[[], None]
) -> Path:
    try:
        root = _dataset_at(name)
        if root is None:
            return _texts(name, dataset, settings, cache, prepare)
        if root.resolve() == dataset.root.resolve():
            raise UsageError(f"{name} is the dataset of this run: what it printed before is compared anyway")
        own_parts(Dataset(root))
        return root
    except (CopydeskError, OSError) as error:
        raise ConfigurationError(f"[duplicate] against: {error}") from error


def _dataset_at(name: str) -> Path | None:
    """The folder of the dataset with this path or URL, for a URL its working copy; None if it is no dataset."""
    if (url := url_of(name)) is not None:
        try:
            if not numbers(open_store(url)):
                return None
        except (CopydeskError, OSError):  # such as a pattern: if it has no texts either, that is said
            return None
    root = local_folder(name)
    return root if url is not None or is_dataset(str(root)) else None


def _texts(name: str, dataset: Dataset, settings: Settings, cache: Path, prepare: Callable[[], None]) -> Path:
    """The folder of the dataset that has the texts behind a name, which is made if it is not there."""
    if name.rstrip("/") == name_of(dataset.root).rstrip("/"):
        raise UsageError(f"{name} is the dataset of this run: what it printed before is compared anyway")
    inputs = find([name], exclude=dataset.root, outside_links=settings.inputs.outside_links)
    if not inputs:
        raise UsageError(f"{name} has no file that could be read")
    if any(f"/{STATE_FOLDER}/" in one.path for one in inputs):
        raise UsageError(f"{name} holds a copydesk dataset: name the dataset itself")
    only_read = _only_read(settings)
    folder = cache / f"texts-{_key(inputs, only_read)}"
    if not (folder.exists() and Dataset(folder).runs()):
        shutil.rmtree(folder, ignore_errors=True)  # one that was cut short
        _make(name, inputs, Dataset(folder), only_read, prepare)
    return folder


def _key(inputs: Sequence[Input], settings: Settings) -> str:
    """What a dataset of these inputs depends on: their sizes and times, and how they are read."""
    files = [(one.uri, one.size, one.modified_ns or content_of(one)) for one in inputs]
    how = [
        settings.model_dump(mode="json", include={"inputs", "fields", "encoding"}),
        index_rules(settings.duplicate),
    ]
    content = json.dumps([files, how, copydesk_version()], sort_keys=True)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _only_read(settings: Settings) -> Settings:
    """The settings, with no cleaner but repair."""
    off = {
        name: table.model_copy(update={"enabled": False})
        for name, table in settings
        if "enabled" in getattr(type(table), "model_fields", ()) and name != "encoding"
    }
    rules = settings.duplicate.model_dump(include={"n", "threshold", "min_tokens", "short"})
    off["duplicate"] = Duplicate(enabled=False, **rules)
    read = settings.inputs.model_copy(update={"on_change": "add", "min_age": 0})
    return settings.model_copy(update={**off, "inputs": read, "publish": Publish(card=False)})


def _make(
    name: str, inputs: Sequence[Input], dataset: Dataset, settings: Settings, prepare: Callable[[], None]
) -> None:
    """Read the inputs into a new dataset; raises UsageError if one of them cannot be read to its end."""
    whole = [replace(one, tail_is_final=True) for one in inputs]  # no later run reads what is left
    nothing = pl.DataFrame(schema=INPUTS)
    waits = pl.DataFrame(schema={"uri": pl.String, "waits_for": pl.String})
    clock = datetime.now(UTC)
    task = Task([name], len(whole), whole, nothing, 0, waits, Counter(), clock, time.perf_counter())
    engine = Threads(workers(settings), lambda *_: None)
    with dataset.writing():
        execute(task, dataset, settings, (), Lexicon(), engine, prepare)
    rejected = dataset.scan("rejected").select("uri", "error").collect()
    files = rejected.filter(pl.col("uri").is_in([one.uri for one in inputs]))
    bad = files if len(files) or dataset.scan("documents").head(1).collect().height else rejected
    if len(bad) or not dataset.runs():
        shutil.rmtree(dataset.root, ignore_errors=True)
        raise UsageError(": ".join(bad.row(0)) if len(bad) else f"{name} has no text")
