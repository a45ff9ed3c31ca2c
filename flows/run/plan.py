"""The plan of a run: find what is new, refuse what cannot be done, then execute it (`flows.run.execution`).

The plan is the same for every engine; see `flows.run.engine`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flows.dataset import Dataset
from flows.dataset.damage import require_intact, require_intact_beside
from flows.dataset.exchange import require_exchange
from flows.dataset.index_parts import index_rules
from flows.dataset.intact import CHECKED_WHEN_READ
from flows.dataset.layout import OF_NO_RUN, is_dataset
from flows.dataset.ledger import ChangedInputs, changed_inputs, remember
from flows.dataset.remote import fetch, name_of
from flows.dataset.summary import Counts, Outcome, remedies
from flows.errors import ConfigurationError, Held
from flows.inputs import Input, deciding, find
from flows.maintenance import finish_rollback, replace_older
from flows.run.anomaly_guards import held_message, refuse_while_held
from flows.run.engine import Engine
from flows.settings import Settings, lexicon_of, phrases_of


def execute_run(
    given: Sequence[str],
    out: Path,
    settings: Settings,
    engine: Engine,
    *,
    retry_rejected: bool = False,
    limit: int = 0,
    prepare: Callable[[], None] = lambda: None,
) -> Outcome:
    """Read the new and changed inputs among `given`, clean them, and publish one run of the dataset in `out`.

    `prepare` is called before the first new input is read, if kernels need numba. With a `limit`, only that number of
    new records is read; the rest is left to the next run. Rejected inputs are read again if what decided that has
    changed, and with `retry_rejected` in any case. Raises InputMissing if an input does not exist, UsageError if `out`
    cannot be a dataset, Locked if another run is writing it, and Held if an anomaly guard holds this run or an earlier
    one. After any exception, nothing of the run is published.
    """
    started = time.perf_counter()
    clock = datetime.now(UTC)
    dataset = Dataset(out)
    skipped: Counter[str] = Counter()
    found = find_inputs(given, dataset, settings, skipped)
    phrases, lexicon = phrases_of(settings), lexicon_of(settings)
    with dataset.writing():
        _make_ready(dataset, settings)
        new, same, too_recent, unchanged = new_inputs(dataset, found, settings, retry_rejected)

        if not new:
            remember(dataset, same)
            seconds = time.perf_counter() - started
            nothing = dataset.root, None, len(found), 0, Counts(), seconds, too_recent, skipped
            return Outcome(*nothing, waits=remedies(unchanged))
        refuse_damage(dataset, settings, new)
        # brings readers and cleaners, which a run without new inputs does not need
        from flows.run.execution import Task, execute
        from flows.run.references import prepare_references, unread_records

        references = prepare_references(dataset, settings, prepare=prepare)
        task = Task(
            given, len(found), new, same, too_recent, unchanged, skipped, clock, started, limit, references
        )
        outcome, held_for = execute(task, dataset, settings, phrases, lexicon, engine, prepare)
    seconds = time.perf_counter() - started
    outcome = replace(outcome, seconds=seconds, unread=unread_records(dataset.references, references))
    if held_for:
        raise Held(*held_message(dataset, str(outcome.run_id)), outcome=outcome)
    return outcome


def find_inputs(
    given: Sequence[str], dataset: Dataset, settings: Settings, skipped: Counter[str]
) -> list[Input]:
    """The inputs among `given`, those of the dataset itself excluded; `skipped` counts what is none."""
    mine = f"{name_of(dataset.root)}/"  # a URL, if the dataset is behind one
    found = find(
        given,
        exclude=dataset.root,
        is_dataset=is_dataset,
        outside_links=settings.inputs.outside_links,
        skipped=skipped,
    )
    return [one for one in found if not one.path.startswith(mine)]


def new_inputs(
    dataset: Dataset, found: Sequence[Input], settings: Settings, retry_rejected: bool
) -> ChangedInputs:
    """Which of the inputs a run would read now."""
    return changed_inputs(
        dataset,
        found,
        decided_by=deciding(settings.inputs, settings.fields),
        min_age=settings.inputs.min_age,
        retry_rejected=retry_rejected,
    )


def _make_ready(dataset: Dataset, settings: Settings) -> None:
    """Finish interrupted work, and refuse a dataset that cannot take a run with these settings now.

    Raises Held if an earlier run is held, ConfigurationError if the index was built with other settings, and
    CopydeskError if the ledger is damaged, or if older versions must be replaced on a file system that cannot exchange
    folders.
    """
    refuse_while_held(dataset)
    finish_rollback(dataset)
    require_state(dataset, ("ledger",))
    refuse_other_rules(dataset, settings)
    if settings.inputs.on_change == "replace":
        require_exchange(dataset, offline=False)
        if published := dataset.runs():
            replace_older(dataset, published[-1])  # in case it was interrupted


def refuse_damage(dataset: Dataset, settings: Settings, new: Sequence[Input]) -> None:
    """Raise CopydeskError if anything that a run over these inputs reads of earlier runs is damaged."""
    needed = {
        "records": any(one.last is not None for one in new),
        "rejected": any(one.last is not None for one in new),
        "index": settings.duplicate.enabled,
        "shingle_frequencies": settings.duplicate.enabled and settings.duplicate.ranks_shingles,
        "line_counts": settings.repeated_line.enabled,
        "documents": settings.encoding.source_history,  # otherwise only those that the index leads to
        "exceptions": True,
    }
    require_state(dataset, [kind for kind, read in needed.items() if read])


def require_state(dataset: Dataset, kinds: Sequence[str]) -> None:
    """Raise CopydeskError if any of these kinds of state is damaged; some are checked when they are read."""
    fetch(*(dataset.folder(kind, span) for kind in kinds for span in dataset.spans()))
    require_intact_beside(dataset, kinds)
    now = [kind for kind in kinds if kind not in (*OF_NO_RUN, *CHECKED_WHEN_READ)]
    require_intact(dataset, now, dataset.spans())


def refuse_other_rules(dataset: Dataset, settings: Settings) -> None:
    """Raise ConfigurationError if the index was built with other settings, so that its keys cannot be compared."""
    published = dataset.runs()
    if not published:
        return
    built = dataset.manifest(published[-1]).get("index", {})
    for key, mine in index_rules(settings.duplicate).items():
        if built.get(key) != mine:
            raise ConfigurationError(
                f"[duplicate] {key} = {mine!r}, but {dataset.root} was built with {key} = {built.get(key)!r}: "
                f"use the same value, or another --out, or rebuild the index with `copydesk reindex {dataset.root}` "
                "and this --config"
            )
