"""Whole runs, from shell to shell: beside peers, over templated texts, as the input grows, step by step."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import zstandard

from cleaners import PIPELINE

from . import installs
from .measure import (
    SCRIPTS,
    Bench,
    CommandFailed,
    Cost,
    copydesk_run,
    generated,
    in_turns,
    most_in,
    multiplied,
    run,
    say,
    script,
    spread,
    summary,
    work,
)

#: A table of settings in which only the search for duplicates is on.
DUPLICATES_ONLY = "".join(
    f"[{name}]\nenabled = false\n"
    for name in ("language", *(c.name for c in PIPELINE if c.scope != "dataset"))
)


@dataclass(frozen=True)
class Peer:
    """A script that does the same job, as far as it can."""

    name: str
    script: str
    environment: str | None  # None: copydesk's own
    megabytes_a_second: float  # more or less, to tell how long it will take
    differs: str


PEERS = (
    Peer("plain script", "plain", None, 0.8, "ftfy, datasketch, polars; LSH's candidates are not verified"),
    Peer("rensa", "with_rensa", "rensa", 2, "the plain script, with rensa's R-MinHash and deduplicator"),
    Peer(
        "datatrove",
        "with_datatrove",
        "datatrove",
        0.35,
        "its MinHash pipeline with paragraphs as documents; two workers; not verified, clusters chain",
    ),
    Peer(
        "text-dedup",
        "with_text_dedup",
        "text-dedup",
        0.5,
        "its MinHash script after the plain script's repair; two processes; not verified, clusters chain",
    ),
    Peer("floor", "floor", None, 60, "polars reads the JSONL and writes it as Parquet, no more"),
)


def peers(bench: Bench) -> dict[str, Any]:
    """Peers and copydesk on the same input in turns; each one's time for a single record told apart."""
    given = bench.corpus()
    place = work("peers")
    single = place / "single.jsonl"
    with given.open("rb") as lines:
        single.write_bytes(b"".join(islice(lines, 1)))
    pythons: dict[str, str | Path] = {}
    failed: dict[str, str] = {}
    for peer in PEERS:
        try:
            pythons[peer.name] = installs.python(peer.environment) if peer.environment else sys.executable
        except CommandFailed as error:
            failed[peer.name] = str(error)
            say(f"  {peer.name} {error}")

    def contenders(path: Path) -> dict[str, Callable[[], Cost]]:
        every: dict[str, Callable[[], Cost]] = {
            "copydesk": partial(copydesk_run, bench, [path], place / "out")
        }
        for peer in PEERS:
            if peer.name in pythons:
                every[peer.name] = partial(peer_run, peer, pythons[peer.name], path, place)
        return every

    say("  one record each")
    singles, at_once = in_turns(contenders(single), 2 if bench.quick else 5, bench.minutes)
    failed |= at_once
    if "copydesk" in failed:
        raise CommandFailed(failed["copydesk"])
    say(f"  {given.stat().st_size / 1e6:,.0f} MB each")
    every = {name: c for name, c in contenders(given).items() if name not in failed}
    costs, later = in_turns(every, bench.times, bench.minutes)
    failed |= later
    found = {}
    for name, cost in costs.items():
        alone = min(c.wall for c in singles[name])
        found[name] = {**summary(cost), "single": alone, "net": _net(cost, alone)}
    return {
        "megabytes": given.stat().st_size / 1e6,
        "text_mb": found["copydesk"]["text_mb"],
        "generated": bench.given is None,
        "contenders": found,
        "failed": failed,
    }


def _net(costs: Sequence[Cost], alone: float) -> dict[str, float]:
    """The time without that for a single record; a millisecond at the least, where the input is tiny."""
    return spread([max(c.wall - alone, 0.001) for c in costs])


def peer_run(peer: Peer, python: str | Path, given: Path, place: Path) -> Cost:
    """One run of a peer's script, with what it reports of itself."""
    report = place / "report.json"
    cost = run([python, SCRIPTS / f"{peer.script}.py", given, place / peer.script, report])
    return Cost(cost.wall, cost.cpu, cost.peak_mb, json.loads(report.read_text()))


def templates(bench: Bench) -> dict[str, Any]:
    """Market reports from one template, each a near-miss of every other, through the search for duplicates alone."""
    place = work("templates")
    config = place / "duplicates-only.toml"
    config.write_text(DUPLICATES_ONLY)
    counts = (500, 1_000, 2_000) if bench.quick else (25_000, 50_000, 100_000)
    found = []
    for words, jaccard in ((60, 0.59), (98, 0.73)):
        inputs = {n: place / f"{words}-{n}.jsonl" for n in (1, *counts)}
        for n, path in inputs.items():
            run(
                [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.corpus",
                    "--reports",
                    f"{n}",
                    "--words",
                    f"{words}",
                    path,
                ]
            )
        runs = {
            str(n): partial(copydesk_run, bench, [path], place / "out", "--config", config)
            for n, path in inputs.items()
        }
        costs, failed = in_turns(runs, bench.times, bench.minutes)
        if failed:
            raise CommandFailed(next(iter(failed.values())))
        alone = min(c.wall for c in costs["1"])
        for n in counts:
            one = summary(costs[str(n)])
            found.append({"jaccard": jaccard, "reports": n, **one, "net": _net(costs[str(n)], alone)})
    return {"runs": found}


def growth(bench: Bench) -> dict[str, Any]:
    """Corpora of growing size, each the beginning of the next: time, peak memory, and disk space of staging.

    They are generated, or the user's corpus, multiplied by seeded edits where it is too small.
    """
    place = work("growth")
    largest = multiplied(bench.given, max(bench.sizes)) if bench.given else generated(max(bench.sizes))
    found = []
    for megabytes in sorted(bench.sizes):
        path = place / "input.jsonl.zst"
        _beginning(largest, megabytes, path)
        costs, failed = in_turns(
            {f"{megabytes:g} MB": partial(_with_staging, bench, path, place / "out")},
            bench.times,
            bench.minutes,
        )
        if failed:
            raise CommandFailed(next(iter(failed.values())))
        (cost,) = costs.values()
        found.append({"megabytes": megabytes, **summary(cost)})
    shutil.rmtree(place)
    if bench.given or largest != bench.corpus():
        largest.unlink()
    return {"sizes": found, "generated": bench.given is None}


def _with_staging(bench: Bench, given: Path, out: Path) -> Cost:
    """A run, with the most that its staging folder held, in MB."""
    with most_in(out / "_copydesk" / "staging") as most:
        cost = copydesk_run(bench, [given], out)
    return replace(cost, told={**cost.told, "staging_mb": max(most) / 1e6})


def _beginning(whole: Path, megabytes: float, path: Path) -> None:
    """Write the whole lines of the first megabytes, compressed by zstd."""
    left = int(megabytes * 1e6)
    with _lines(whole) as lines, zstandard.open(path, "wb") as file:
        while left > 0 and (some := lines.readlines(min(left, 1 << 24))):
            left -= file.write(b"".join(some))


def _lines(path: Path) -> IO[bytes]:
    """The lines of a file that may be compressed by zstd."""
    if path.suffix == ".zst":
        return io.BufferedReader(zstandard.open(path, "rb"), 1 << 20)
    return path.open("rb")


def profile(bench: Bench) -> dict[str, Any]:
    """Processor seconds of one run with one worker, by step and by function, and those of the stages of a usual run."""
    place = work("profile")
    config, report = place / "one-worker.toml", place / "report.json"
    config.write_text("workers = 1\n")
    given = bench.corpus()
    usual = copydesk_run(bench, [given], place / "usual")
    out = place / "out"
    script(
        "profile_run",
        report,
        "run",
        given,
        "--out",
        out,
        "--quiet",
        "--config",
        config,
        POLARS_MAX_THREADS="1",
    )
    shutil.rmtree(out)
    return {"megabytes": bench.megabytes, "stages": usual.told["stages"], **json.loads(report.read_text())}
