"""A run that only says what it would do: the same stages, in a folder for temporary files, and nothing is published."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flows.dataset import Dataset
from flows.dataset.crashes import culprits
from flows.dataset.ledger import waiting
from flows.dataset.summary import Counts, Outcome, remedies
from flows.inputs import Input
from flows.kernels import ready
from flows.run import stages
from flows.run.anomaly_guards import refuse_while_held
from flows.run.engine import Engine
from flows.run.execution import Times, decide_and_split, new_run, read_and_clean
from flows.run.plan import find_inputs, new_inputs, refuse_damage, refuse_other_rules, require_state
from flows.run.references import prepare_references, unread_records
from flows.settings import Settings, lexicon_of, phrases_of


def rehearse(
    given: Sequence[str],
    out: Path,
    settings: Settings,
    engine: Engine,
    *,
    retry_rejected: bool = False,
    limit: int = 0,
    prepare: Callable[[], None] = lambda: None,
) -> tuple[Outcome, list[Input]]:
    """What `execute_run` would do now, and the inputs that it would read.

    Nothing is written but to a folder for temporary files, which is gone in the end. Raises what `execute_run` raises,
    but Held only for an earlier run, and never Locked.
    """
    started = time.perf_counter()
    dataset = Dataset(out)
    skipped: Counter[str] = Counter()
    found = find_inputs(given, dataset, settings, skipped)
    refuse_while_held(dataset)
    require_state(dataset, ("ledger",))
    refuse_other_rules(dataset, settings)
    changed = new_inputs(dataset, found, settings, retry_rejected)
    new, left = changed.new, changed.too_recent
    outcome = Outcome(
        dataset.root, None, len(found), len(new), Counts(), 0.0, left, skipped, waits=remedies(changed.waits)
    )
    if not new:
        return outcome, new
    refuse_damage(dataset, settings, new)
    ready(engine.report, prepare)
    with tempfile.TemporaryDirectory(prefix="copydesk-") as staging:
        run = new_run(
            dataset,
            settings,
            phrases_of(settings),
            lexicon_of(settings),
            datetime.now(UTC),
            Path(staging),
            prepare_references(dataset, settings, Path(staging, "references")),
        )
        run = replace(run, limit=limit, culprits=culprits(dataset))
        read = read_and_clean(run, new, engine, Times(engine))
        for part in read:
            skipped.update(part.skipped)
        shards = [part.shard for part in read if part.shard is not None]
        counts = decide_and_split(run, shards, engine, Times(engine)) if shards else Counts()
        ledger = stages.ledger(run, read)
        return replace(
            outcome,
            run_id=run.run_id if shards else None,
            counts=counts,
            seconds=time.perf_counter() - started,
            waiting=left + int(ledger["incomplete_tail"].sum()),
            fields=tuple(one for part in read for one in part.fields),
            waits=remedies(pl.concat([changed.waits, waiting(ledger)])),
            rejections=stages.rejections(run, shards),
            is_first=not dataset.runs(),
            limit=limit if any(part.is_cut for part in read) else 0,
            unread=unread_records(Path(staging, "references"), run.references),
        ), new
