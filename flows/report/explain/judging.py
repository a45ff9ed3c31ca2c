"""What a run would decide about a file, without a run: its stages work in a folder that is thrown away.

With a dataset, the file is judged as its next run would: by the lines that sources repeated in earlier runs, by the
paragraphs that were published before, by restored text that is not removed again, and by what is known of the file
itself. Without one, it is judged as the first run of a new dataset would, to which only this file is given. The dataset
is only read. A run that publishes at the same time can make the answer an old one, or a file vanish while it is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from flows.dataset import Dataset
from flows.dataset.crashes import culprits
from flows.dataset.layout import PUBLISH, is_dataset
from flows.dataset.ledger import changed_inputs
from flows.dataset.tables import count_rows
from flows.errors import UsageError
from flows.inputs import deciding, find
from flows.report.explain.finding import Found, published_of_file, rejected_of_file
from flows.report.explain.read_back import Place
from flows.report.explain.tables import Tables, tables_in
from flows.run.engine import Threads
from flows.run.execution import Times, decide_and_split, new_run, read_and_clean
from flows.run.plan import refuse_other_rules, require_state
from flows.run.references import prepare_references
from flows.settings import Settings, lexicon_of, phrases_of

#: The state that decisions depend on, and the part of the dataset it is in.
_MEMORY: Final = ("ledger", "records", "line_counts", "index", "shingle_frequencies")


@dataclass(frozen=True)
class Judged:
    """The tables that a run over a file would publish, and which of its records are published already."""

    tables: Tables  # of what is new
    places: tuple[Place, ...]  # of the new documents, in order
    rejected: tuple[tuple[str, str], ...]  # (uri, error)
    published: Found  # what earlier runs read of it, and a run would not read again
    by: str  # what it was judged by, a sentence


def settings_of(dataset: Dataset) -> Settings:
    """The settings of the newest run; the defaults if there is none.

    Raises UsageError if this version does not take them any more.
    """
    runs = dataset.runs()
    if not runs:
        return Settings()
    try:
        return Settings.model_validate(dataset.manifest(runs[-1])["settings"])
    except ValidationError as error:
        raise UsageError(
            f"the settings of {runs[-1]} are not those of this version: name a configuration with --config"
        ) from error


@contextmanager
def judged(file: str, settings: Settings, dataset: Dataset | None) -> Iterator[Judged]:
    """What a run over `file` would publish; the tables exist inside the block.

    Raises InputMissing if there is no such input, and ConfigurationError if the settings do not fit the dataset.
    """
    found = find([file], is_dataset=is_dataset, outside_links=settings.inputs.outside_links)
    phrases, lexicon = phrases_of(settings), lexicon_of(settings)
    with tempfile.TemporaryDirectory(prefix="copydesk-explain-") as folder:
        staging = Path(folder)
        known = dataset or Dataset(staging / "none")
        if dataset is not None:
            refuse_other_rules(dataset, settings)
            require_state(dataset, (*_MEMORY, "exceptions"))
            new = changed_inputs(dataset, found, decided_by=deciding(settings.inputs, settings.fields)).new
        else:
            new = found
        references = prepare_references(known, settings, staging / "references")
        run = new_run(known, settings, phrases, lexicon, datetime.now(UTC), staging, references)
        run = replace(run, run_id="", culprits=culprits(known))
        engine = Threads(run.workers, lambda *_: None)
        read = read_and_clean(run, new, engine, Times(engine))
        if shards := [part.shard for part in read if part.shard is not None]:
            decide_and_split(run, shards, engine, Times(engine))
        tables = tables_in(staging / PUBLISH)
        ids = tables.scan("records").select("document_id").collect()["document_id"]
        rejected = [
            tuple(row) for row in tables.scan("rejected").select("uri", "error").collect().iter_rows()
        ]
        published = Found()
        if dataset is not None:
            published = published_of_file(dataset, [one.uri for one in found], ids)
            if not new:
                rejected += rejected_of_file(dataset, [one.uri for one in found])
        by = _by(dataset)
        if not (new or published.places or rejected):
            by = f"Nothing in it is new: {known.root} has it under another name."
        places = tuple(Place("", document_id) for document_id in ids)
        yield Judged(tables, places, tuple(rejected), published, by)


def _by(dataset: Dataset | None) -> str:
    if dataset is None:
        return (
            "Judged alone. With --out OUT, a dataset's memory counts, too: lines that its sources repeat, and "
            "paragraphs published before."
        )
    runs = dataset.runs()
    if not runs:
        return f"Judged by the memory of {dataset.root}, which has no run yet. Nothing was written."
    paragraphs = sum(count_rows(part) for part in dataset.parts("index"))
    which = runs[0] if len(runs) == 1 else f"{len(runs):,} runs, {runs[0]} to {runs[-1]}"
    return (
        f"Judged by the memory of {dataset.root} ({which}): {paragraphs:,} paragraphs published before, the lines that "
        "its sources repeat, and restored text. Nothing was written."
    )
