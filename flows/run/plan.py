"""The plan of a run: find changed inputs, execute the stages in order, publish the result.

The plan is the same for every engine; see `flows.run.engine`.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import polars as pl

from cleaners.language.identifier import preload
from cleaners.lexicon import Lexicon
from cleaners.phrases.phrase import Phrase
from flows.dataset import Dataset, describe_parts, write_manifest
from flows.dataset.crashes import watched
from flows.dataset.damage import require_intact, require_intact_beside
from flows.dataset.exceptions import read_exceptions
from flows.dataset.exchange import require_exchange
from flows.dataset.history import read_history
from flows.dataset.index import index_rules
from flows.dataset.layout import OF_NO_RUN, PUBLISH, RUN_JSON, is_dataset
from flows.dataset.ledger import changed_inputs, remember, waiting
from flows.dataset.source_stats import lossy_quotes
from flows.dataset.summary import Counts, Outcome, Waits, remedies
from flows.dataset.tables import FORMAT, write_part
from flows.errors import ConfigurationError, CopydeskError, Held
from flows.inputs import Input, deciding, find
from flows.kernels import compile_kernels
from flows.maintenance import finish_rollback, replace_older
from flows.maintenance.compact_runs import compact_locked
from flows.run import stages
from flows.run.anomaly_guards import find_anomalies, held_message, refuse_while_held
from flows.run.engine import Engine, workers
from flows.run.stages import Run
from flows.run.suspects import find_culprits, without_culprits
from flows.settings import Settings, configuration_hash, lexicon_of, phrases_of


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

    `prepare` is called before the first new input is read. With a `limit`, only that number of new records is read; the
    rest is left to the next run. Rejected inputs are read again if what decided that has changed, and with
    `retry_rejected` in any case. Raises InputMissing if an input does not exist, UsageError if `out` cannot be a
    dataset, Locked if another run is writing it, and Held if an anomaly guard holds this run or an earlier one. After
    any exception, nothing of the run is published.
    """
    started = time.perf_counter()
    clock = datetime.now(UTC)
    dataset = Dataset(out)
    skipped: Counter[str] = Counter()
    found = find(
        given,
        exclude=dataset.root,
        is_dataset=is_dataset,
        outside_links=settings.inputs.outside_links,
        skipped=skipped,
    )
    phrases, lexicon = phrases_of(settings), lexicon_of(settings)
    with dataset.writing():
        _make_ready(dataset, settings)
        new, same, too_recent, unchanged = changed_inputs(
            dataset,
            found,
            decided_by=deciding(settings.inputs, settings.fields),
            min_age=settings.inputs.min_age,
            retry_rejected=retry_rejected,
        )

        def without_run(left: int, waits: tuple[Waits, ...]) -> Outcome:
            seconds = time.perf_counter() - started
            return Outcome(
                dataset.root, None, len(found), len(new), Counts(), seconds, left, skipped, waits=waits
            )

        if not new:
            remember(dataset, same)
            return without_run(too_recent, remedies(unchanged))
        _refuse_damage(dataset, settings, new)
        prepare()
        is_first = not dataset.runs()
        run = replace(_new_run(dataset, settings, phrases, lexicon, clock), limit=limit)
        run = replace(run, culprits=find_culprits(dataset, run, new))
        times = Times()
        read = _read(run, new, engine, times)
        for part in read:
            skipped.update(part.skipped)
        shards = [part.shard for part in read if part.shard is not None]
        counts = _stages(run, shards, engine, times) if shards else None
        ledger = stages.ledger(run, read)
        left = too_recent + int(ledger["incomplete_tail"].sum())
        waits = remedies(pl.concat([unchanged, waiting(ledger)]))
        seconds = time.perf_counter() - started
        if counts is None:
            shutil.rmtree(run.staging)
            remember(dataset, pl.concat([same, ledger]))
            return without_run(left, waits)
        write_part(run.signed(ledger), run.publish("ledger", "00000"), run.metadata)
        stats = stages.write_source_stats(run, shards)
        findings = find_anomalies(read_history(dataset, settings.guards.window), stats, settings.guards)
        held_for = [str(finding) for finding in findings]
        names = tuple(one for part in read for one in part.fields)
        outcome = Outcome(
            dataset.root,
            run.run_id,
            len(found),
            len(new),
            counts,
            seconds,
            left,
            skipped,
            names,
            waits,
            lossy_quotes(stats),
            stages.rejections(run, shards),
            is_first,
            limit if any(part.is_cut for part in read) else 0,
        )
        details = {
            "given": list(given),
            "fields": outcome.names(),
            "inputs": len(ledger),
            "skipped": dict(sorted(skipped.items())),
            "started": clock.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 3),
            "stages": times.seconds,
            "counts": counts.to_json(),
            "held_for": held_for,
        }
        _write_manifest(run, details)
        if held_for:
            dataset.hold(run.run_id, run.staging, held_for)
        else:
            _publish(dataset, run, same)
    outcome = replace(outcome, seconds=time.perf_counter() - started)
    if held_for:
        raise Held(*held_message(dataset, run.run_id), outcome=outcome)
    return outcome


def _make_ready(dataset: Dataset, settings: Settings) -> None:
    """Finish interrupted work, and refuse a dataset that cannot take a run with these settings now.

    Raises Held if an earlier run is held, ConfigurationError if the index was built with other settings, and
    CopydeskError if the ledger is damaged, or if older versions must be replaced on a file system that cannot exchange
    folders.
    """
    refuse_while_held(dataset)
    finish_rollback(dataset)
    _require_intact(dataset, ("ledger",))
    _refuse_other_rules(dataset, settings)
    if settings.inputs.on_change == "replace":
        require_exchange(dataset, offline=False)
        if published := dataset.runs():
            replace_older(dataset, published[-1])  # in case it was interrupted


def _refuse_damage(dataset: Dataset, settings: Settings, new: Sequence[Input]) -> None:
    """Raise CopydeskError if anything that a run over these inputs reads of earlier runs is damaged."""
    needed = {
        "records": any(one.last is not None for one in new),
        "rejected": any(one.last is not None for one in new),
        "index": settings.duplicate.enabled,
        "shingle_frequencies": settings.duplicate.enabled and settings.duplicate.method == "exact",
        "line_counts": settings.repeated_line.enabled,
        "documents": settings.encoding.source_history,  # otherwise only those that the index leads to
        "exceptions": True,
    }
    _require_intact(dataset, [kind for kind, read in needed.items() if read])


def _require_intact(dataset: Dataset, kinds: Sequence[str]) -> None:
    require_intact_beside(dataset, kinds)
    require_intact(dataset, [kind for kind in kinds if kind not in OF_NO_RUN], dataset.spans())


def _new_run(
    dataset: Dataset,
    settings: Settings,
    phrases: tuple[Phrase, ...],
    lexicon: Lexicon,
    now: datetime,
    staging: Path | None = None,
) -> Run:
    """The next run of a dataset, with its own staging folder."""
    run_id = dataset.next_run()
    return Run(
        run_id,
        dataset.root,
        staging or Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=dataset.staging)),
        settings,
        phrases,
        lexicon,
        {
            "copydesk_version": version("copydesk"),
            "run_id": run_id,
            "configuration": configuration_hash(settings, phrases, lexicon),
        },
        _charsets(dataset) if settings.encoding.source_history else {},
        settings.duplicate.method == "exact" and not dataset.parts("shingle_frequencies"),
        workers(settings),
        _since(dataset, settings.duplicate.window_days, now),
        exceptions=read_exceptions(dataset),
    )


def _read(run: Run, new: Sequence[Input], engine: Engine, times: Times) -> list[stages.ReadShard]:
    """Read and clean the new inputs, shard by shard."""
    new = without_culprits(new, run.culprits)
    limit = run.settings.inputs.shard_megabytes * 1_000_000
    # a limit of records is counted in one batch
    batches = [(0, new)] if run.limit else list(enumerate(_batches(new, limit)))
    if run.settings.language.enabled:
        threading.Thread(target=preload, daemon=True).start()  # while the first shard is read
    compile_kernels(engine.report)
    with watched(run.staging), times.of("read and clean"):
        if not new:
            return []
        # how many bytes a limit of records is, is not known
        sizes = [0 if run.limit else sum(one.size for one in batch) for _, batch in batches]
        return engine.chain(("read", "clean"), stages.read_inputs, stages.clean, run, batches, sizes)


def _write_manifest(run: Run, details: Mapping[str, object]) -> None:
    """Write the manifest of a run next to its staged files: settings, index rules, checksums and `details`."""
    publish = run.staging / PUBLISH
    manifest = {
        "run_id": run.run_id,
        "format": FORMAT,
        "copydesk": run.metadata["copydesk_version"],
        "configuration": run.metadata["configuration"],
        "index": index_rules(run.settings.duplicate),
        "settings": run.settings.model_dump(mode="json", exclude={"notify"}),  # which may contain secrets
        **details,
        "files": describe_parts(publish, sorted(publish.rglob("part-*.parquet"))),
    }
    (publish / "runs").mkdir()
    write_manifest(publish / "runs" / RUN_JSON, manifest)


def _publish(dataset: Dataset, run: Run, same: pl.DataFrame) -> None:
    """Commit a run, and do the work that follows; `same` are inputs that were only touched or renamed."""
    dataset.commit(run.run_id, run.staging / PUBLISH)
    if run.settings.inputs.on_change == "replace":
        replace_older(dataset, run.run_id)
    remember(dataset, same)
    shutil.rmtree(run.staging)
    _compact(dataset, run.settings.publish.compact_after)


def _since(dataset: Dataset, days: float, now: datetime) -> str:
    """The earliest run that finished within `days` before `now`; "" if `days` is 0: all runs."""
    if not days:
        return ""
    first = dataset.next_run()
    for run_id, manifest in dataset.manifests(newest_first=True):
        if datetime.fromisoformat(manifest["finished"]) < now - timedelta(days=days):
            break
        first = run_id
    return first


def _compact(dataset: Dataset, after: int) -> None:
    """Merge run folders if there are more than `after`; a failure is ignored, and the next run tries again."""
    if after and len(dataset.spans()) > after:
        with suppress(CopydeskError, OSError):  # the run itself is already published
            compact_locked(dataset)


def _stages(run: Run, shards: Sequence[str], engine: Engine, times: Times) -> Counts:
    """Execute the stages after reading and cleaning; return the counts of what was kept and removed."""
    if run.settings.repeated_line.enabled:
        with times.of("count"):
            engine.each("count", stages.count_lines, run, stages.partitions(run, shards))
    if run.ranks_shingles:
        with times.of("shingle_frequencies"):
            engine.each("shingle_frequencies", stages.rank_shingles, run, [shards])
    with times.of("remove"):
        engine.each("remove", stages.remove_repeated, run, shards)
    with times.of("compare"):
        engine.each("compare", stages.compare, run, [shards])
    with times.of("split"):
        return Counts.total(engine.each("split", stages.split, run, shards))


class Times:
    """The time that each stage took, for the manifest."""

    def __init__(self) -> None:
        #: Stage -> seconds of wall clock time, and of CPU time in this process.
        self.seconds: dict[str, dict[str, float]] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Measure the time of a stage."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds[stage] = {
            "wall": round(time.perf_counter() - wall, 3),
            "cpu": round(time.process_time() - cpu, 3),
        }


def _refuse_other_rules(dataset: Dataset, settings: Settings) -> None:
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


def _batches(new: Sequence[Input], limit: int) -> Iterator[list[Input]]:
    """Batches of consecutive inputs with about `limit` bytes in total, at least two inputs each: see `inputs.read`."""
    batch: list[Input] = []
    size = 0
    for one in new:
        if len(batch) > 1 and (size + one.size > limit or len(batch) == 10_000):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def _charsets(dataset: Dataset) -> dict[str, str]:
    """Source -> the charset that most of its documents had in earlier runs, Unicode charsets aside."""
    used = (
        dataset.scan("documents")
        .filter(pl.col("source").is_not_null() & ~pl.col("encoding").str.starts_with("utf-"))
        .group_by("source", "encoding")
        .len()
        .sort("len", "encoding", descending=[False, True])
        .group_by("source")
        .last()
        .collect()
    )
    return dict(used.select("source", "encoding").iter_rows())
