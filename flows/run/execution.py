"""The execution of a run: its stages in order, its manifest, and its publication."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cleaners.language.model import preload
from cleaners.lexicon import Lexicon
from cleaners.phrases.phrase import Phrase
from flows.dataset import Dataset, describe_parts, write_manifest
from flows.dataset.crashes import watched
from flows.dataset.damage import require_intact
from flows.dataset.exceptions import read_exceptions
from flows.dataset.history import read_history
from flows.dataset.index_parts import index_rules
from flows.dataset.layout import PUBLISH, RUN_JSON
from flows.dataset.ledger import remember, waiting
from flows.dataset.source_stats import lossy_quotes
from flows.dataset.summary import Counts, Outcome, remedies
from flows.dataset.tables import FORMAT, write_part
from flows.errors import CopydeskError
from flows.inputs import Input, shard_size
from flows.kernels import ready
from flows.maintenance import replace_older
from flows.maintenance.compact_runs import compact_locked
from flows.run import stages
from flows.run.anomaly_guards import find_anomalies
from flows.run.compare_in_groups import compare_shards
from flows.run.engine import Engine, workers
from flows.run.stages import Run
from flows.run.suspects import find_culprits, without_culprits
from flows.settings import Settings, configuration_hash
from flows.settings.fact_files import fact_digests
from flows.version import copydesk_version

#: Seconds; less takes longer again, because threads then do little else. It saves a seventh of a run's processor time.
SWITCH: Final = 0.0005


class Task(NamedTuple):
    """What a run is to do, and what was found out before."""

    given: Sequence[str]
    found: int  # inputs
    new: list[Input]
    same: pl.DataFrame  # inputs that were only touched or renamed
    too_recent: int  # inputs that are left to a later run
    unchanged: pl.DataFrame  # inputs that wait for a setting or an extra
    skipped: Counter[str]  # kind -> files that are no inputs; counts those in archives, too
    clock: datetime  # when it began
    started: float  # the same by `time.perf_counter`
    limit: int = 0  # new records that are read at most; 0: all
    references: tuple[Path, ...] = ()  # see `Run`


def execute(
    task: Task,
    dataset: Dataset,
    settings: Settings,
    phrases: tuple[Phrase, ...],
    lexicon: Lexicon,
    engine: Engine,
    prepare: Callable[[], None],
) -> tuple[Outcome, list[str]]:
    """Read and clean the new inputs, and publish them, unless an anomaly guard holds the run.

    The outcome, and what the guards found. `prepare` is called before the first input is read, if kernels need numba.
    """
    ready(engine.report, prepare)
    is_first = not dataset.runs()
    run = new_run(dataset, settings, phrases, lexicon, task.clock, references=task.references)
    run = replace(run, limit=task.limit)
    run = replace(run, culprits=find_culprits(dataset, run, task.new))
    times = Times(engine)
    read = read_and_clean(run, task.new, engine, times)
    for part in read:
        task.skipped.update(part.skipped)
    shards = [part.shard for part in read if part.shard is not None]
    counts = decide_and_split(run, shards, engine, times) if shards else None
    ledger = stages.ledger(run, read)
    left = task.too_recent + int(ledger["incomplete_tail"].sum())
    waits = remedies(pl.concat([task.unchanged, waiting(ledger)]))
    seconds = time.perf_counter() - task.started
    if counts is None:
        shutil.rmtree(run.staging, ignore_errors=True)
        remember(dataset, pl.concat([task.same, ledger]))
        nothing = dataset.root, None, task.found, len(task.new), Counts(), seconds, left, task.skipped
        return Outcome(*nothing, waits=waits), []
    write_part(run.signed(ledger), run.publish("ledger", "00000"), run.metadata)
    stats = stages.write_source_stats(run, shards)
    findings = find_anomalies(read_history(dataset, settings.guards.window), stats, settings.guards)
    held_for = [str(finding) for finding in findings]
    names = tuple(one for part in read for one in part.fields)
    outcome = Outcome(
        dataset.root,
        run.run_id,
        task.found,
        len(task.new),
        counts,
        seconds,
        left,
        task.skipped,
        names,
        waits,
        lossy_quotes(stats),
        stages.rejections(run, shards),
        is_first,
        task.limit if any(part.is_cut for part in read) else 0,
    )
    details = {
        "given": list(task.given),
        "fields": outcome.names(),
        "inputs": len(ledger),
        "skipped": dict(sorted(task.skipped.items())),
        "started": task.clock.isoformat(timespec="seconds"),
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
        _publish(dataset, run, task.same)
    return outcome, held_for


def new_run(
    dataset: Dataset,
    settings: Settings,
    phrases: tuple[Phrase, ...],
    lexicon: Lexicon,
    now: datetime,
    staging: Path | None = None,
    references: tuple[Path, ...] = (),
) -> Run:
    """The next run of a dataset, with this staging folder, or else with one of its own in the dataset."""
    run_id = dataset.next_run()
    return Run(
        run_id,
        dataset.root,
        staging or Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=dataset.staging)),
        settings,
        phrases,
        lexicon,
        {
            "copydesk_version": copydesk_version(),
            "run_id": run_id,
            "configuration": configuration_hash(settings, phrases, lexicon),
        },
        _charsets(dataset) if settings.encoding.source_history else {},
        settings.duplicate.ranks_shingles and not dataset.parts("shingle_frequencies"),
        workers(settings),
        _since(dataset, settings.duplicate.window_days, now),
        references,
        exceptions=read_exceptions(dataset),
    )


@contextmanager
def _switching_often() -> Iterator[None]:
    """Let a thread that waits for the interpreter ask for it after SWITCH seconds, not after Python's 5 ms.

    The thread that reads keeps it all the time; those that clean need it for a moment between any two steps of polars.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def read_and_clean(run: Run, new: Sequence[Input], engine: Engine, times: Times) -> list[stages.ReadShard]:
    """Read and clean the new inputs, shard by shard."""
    new = without_culprits(new, run.culprits)
    size = run.settings.inputs.shard_megabytes * 1_000_000
    # a limit of records is counted in one batch
    batches = [stages.Batch(0, new)] if run.limit else list(_batches(new, size))
    if run.settings.language.enabled:
        threading.Thread(target=preload, daemon=True).start()  # while the first shard is read
    with _switching_often(), watched(run.staging), times.of("read and clean"):
        if not new:
            return []
        # how many bytes a limit of records is, is not known
        sizes = [0 if run.limit else sum(one.size for one in batch.inputs) for batch in batches]
        return engine.chain(("read", "clean"), stages.read_inputs, stages.clean, run, batches, sizes)


def _write_manifest(run: Run, details: Mapping[str, object]) -> None:
    """Write the manifest of a run next to its staged files: settings, index rules, hashes and `details`."""
    publish = run.staging / PUBLISH
    manifest = {
        "run_id": run.run_id,
        "format": FORMAT,
        "copydesk": run.metadata["copydesk_version"],
        "configuration": run.metadata["configuration"],
        "index": index_rules(run.settings.duplicate),
        "settings": run.settings.model_dump(
            mode="json", exclude={"notify", "engine"}
        ),  # which may contain secrets
        "fact_words": fact_digests(),
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
    # a worker that was given up for lost may still write there, until it sees that the run is over
    shutil.rmtree(run.staging, ignore_errors=True)
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


def decide_and_split(run: Run, shards: Sequence[str], engine: Engine, times: Times) -> Counts:
    """Execute the stages after reading and cleaning; return the counts of what was kept and removed."""
    if run.settings.repeated_line.enabled:
        with times.of("count"):
            partitions = stages.partitions(run, shards)
            if len(partitions) > 1:  # each reads the counts of all earlier runs
                dataset = Dataset(run.out)
                require_intact(dataset, ("line_counts",), dataset.spans())
            engine.each("count", stages.count_lines, run, partitions)
            stages.merge_partitions(run, shards)
    if run.ranks_shingles:
        with times.of("shingle_frequencies"):
            engine.each("shingle_frequencies", stages.rank_shingles, run, [shards])
    with times.of("remove"):
        engine.each("remove", stages.remove_repeated, run, shards)
    with times.of("compare"):
        compare_shards(run, shards, engine)
    with times.of("split"):
        return Counts.total(engine.each("split", stages.split, run, shards))


class Times:
    """The time that each stage took, for the manifest."""

    def __init__(self, engine: Engine) -> None:
        #: Stage -> seconds of wall clock time, and of CPU time in the processes of this machine.
        self.seconds: dict[str, dict[str, float]] = {}
        self._engine = engine

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Measure the time of a stage."""
        wall, cpu = time.perf_counter(), self._cpu()
        yield
        self.seconds[stage] = {
            "wall": round(time.perf_counter() - wall, 3),
            "cpu": round(self._cpu() - cpu, 3),
        }

    def _cpu(self) -> float:
        return time.process_time() + self._engine.elsewhere


def _batches(new: Sequence[Input], most: int) -> Iterator[stages.Batch]:
    """Batches of consecutive inputs of about the size of a shard, at least two inputs each: see `inputs.read`."""
    batch: list[Input] = []
    number = size = 0
    left = sum(one.size for one in new)
    for one in new:
        if len(batch) > 1 and (size + one.size > shard_size(most, left) or len(batch) == 10_000):
            left -= size
            yield stages.Batch(number, batch, left)
            batch, size, number = [], 0, number + 1
        batch.append(one)
        size += one.size
    if batch:
        yield stages.Batch(number, batch)


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
