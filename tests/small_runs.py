"""Small runs for tests of what is done to a dataset of several: records, one run, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cleaners import PIPELINE
from flows.dataset import STATE, Dataset, write_manifest
from flows.dataset.summary import Outcome
from flows.dataset.tables import TABLES
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings import Settings
from flows.verify import verify
from support import table

SUBJECTS = (
    "harbour",
    "council",
    "orchestra",
    "ferry",
    "library",
    "market",
    "bridge",
    "museum",
    "school",
    "brewery",
)


def plain(*kept: str) -> dict[str, Any]:
    """Settings under which a run only looks for duplicates, and for what is named: it takes half the time."""
    others = ("language", *(cleaner.name for cleaner in PIPELINE if cleaner.scope != "dataset"))
    return {name: {"enabled": False} for name in others if name not in kept}


PLAIN = plain()


def story(number: int) -> str:
    """A paragraph that is like no other of another number."""
    words = [SUBJECTS[(number * 7 + i * i) % len(SUBJECTS)] + str((number * 31 + i) % 97) for i in range(16)]
    return f"Report {number} says that the {' and the '.join(words)} were mentioned."


def record(number: int, *more: str) -> dict[str, Any]:
    """A record with a story of its own, and more paragraphs."""
    return {"id": f"id-{number}", "source": "evening.example", "text": "\n\n".join([story(number), *more])}


def run(
    inputs: Path | Sequence[Path],
    out: Path,
    settings: Settings | dict[str, Any] | None = None,
    *,
    workers: int = 2,
    **options: bool,
) -> Outcome:
    """One run, as the command does it; settings may be given as they stand in a file."""
    return execute_run(
        [str(inputs)] if isinstance(inputs, Path) else [str(path) for path in inputs],
        out,
        Settings.model_validate(settings or {}),
        Threads(workers, lambda _stage, _done, _total: None),
        **options,
    )


def plain_run(
    inputs: Path | Sequence[Path], out: Path, settings: dict[str, Any] | None = None, **options: bool
) -> Outcome:
    """One run with `PLAIN` and these settings, for tests of what the cleaners have no part in."""
    return run(inputs, out, PLAIN | (settings or {}), **options)


def published(out: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables, as a reader sees them."""
    return {
        name: table(out, name).to_dicts() if any((out / name).glob("*/*.parquet")) else [] for name in TABLES
    }


def state(out: Path) -> dict[str, Any]:
    """All that is remembered between runs, clocks aside."""
    dataset = Dataset(out)
    return {
        kind: [pl.read_parquet(path, hive_partitioning=False).to_dicts() for path in dataset.parts(kind)]
        for kind in STATE
        if kind != "runs"
    }


def swept(out: Path) -> None:
    """Let the next writer clear up, and see that nothing is left to do, and all is well."""
    with Dataset(out).writing():
        pass
    assert not [*out.glob("*/.*"), *(out / "_copydesk").glob("*/.*"), *(out / "_copydesk/staging").iterdir()]
    damage = list(verify(Dataset(out)))
    assert damage == []


LONG_AGO = datetime(2020, 5, 4, tzinfo=UTC)


def aged(out: Path, run_id: str, moment: datetime) -> None:
    """Let a run have been finished then."""
    path = out / "_copydesk" / "runs" / f"run={run_id}" / "run.json"
    said = json.loads(path.read_text())
    write_manifest(path, {**said, "finished": moment.isoformat(timespec="seconds")})


POINTS = (
    *(f"exchange {name}" for name in (*TABLES, *STATE, "sweep")),
    *(f"exchange unmark {name}" for name in (*STATE, *TABLES)),
)
