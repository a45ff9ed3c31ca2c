"""Measure copydesk: `python -m tests.benchmarks PART`, all of it by `make bench`.

    peers       end to end beside the plain script, rensa, datatrove, text-dedup and the floor, and by stage
    steps       the repair of text beside ftfy, boilerplate beside C4's rules, signatures beside rensa and datasketch
    templates   near-misses by the hundred thousand, through the search for duplicates
    growth      time and peak memory from 50 MB to 5 GB
    profile     where the time of a run goes
    startup     one small file, from shell to shell
    first       the same on a machine where nothing is compiled yet, and after `copydesk warm`
    hourly      an hour with nothing new, with one article, with a thousand
    incremental a hundredth added to a dataset of 2 GB
    nearduplicates
                pairs of near-duplicates with known answers: what copydesk and its peers remove rightly and wrongly;
                with --write, the pairs are written into a file, and nothing is measured
    hostile     how the time of readers and cleaners grows with hostile texts
    year        8,760 hourly runs in one process; some hours, and not among all
    all         all of these but the year, then the tables
    tables      what has been measured, as tables
    readme      the same, written into tests/benchmarks/README.md with the plot

Results are kept in build/benchmarks/, environments and corpora in .bench/; both may be deleted.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import end_to_end, installs, over_time, report, short_runs, steps
from .measure import RESULTS, ROOT, Bench, CommandFailed, load, save, say, script
from .near_duplicates.making import SEED, write
from .near_duplicates.measuring import PAIRS, near_duplicates

PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "peers": end_to_end.peers,
    "steps": steps.steps,
    "templates": end_to_end.templates,
    "growth": end_to_end.growth,
    "profile": end_to_end.profile,
    "startup": short_runs.startup,
    "first": short_runs.first,
    "hourly": short_runs.hourly,
    "incremental": over_time.incremental,
    "nearduplicates": near_duplicates,
    "hostile": steps.hostile,
    "year": over_time.year,
}

#: MB/s of copydesk and of ftfy on one modest machine, to tell how long it will take.
PACE, FTFY = 12.0, 3.0


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=[*PARTS, "all", "tables", "readme"])
    parser.add_argument("--input", type=Path, help="a JSONL corpus of yours; else one of 100 MB is generated")
    parser.add_argument(
        "--corpus",
        action="append",
        default=[],
        metavar="NAME=PATHS",
        help="one more for the repair of text: JSONL, text files or folders of them; a glob",
    )
    parser.add_argument("--quick", action="store_true", help="tiny inputs: does it work?")
    parser.add_argument("--times", type=int, help="turns for each contender")
    parser.add_argument(
        "--minutes", type=float, default=10, help="after so many a contender takes no more turns"
    )
    parser.add_argument("--sizes", help="megabytes of the growth curve")
    parser.add_argument("--copydesk", help="the command that is measured")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="nearduplicates: write the pairs as JSON Lines"
    )
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many pairs are written")
    parser.add_argument("--seed", type=int, default=SEED, help="of the pairs that are written")
    given = parser.parse_args()
    if given.write:
        if given.part != "nearduplicates":
            parser.error("--write is for nearduplicates")
        write(given.write, given.pairs, given.seed)
        return
    bench = _bench(parser, given)
    if given.part == "readme":
        _write_readme()
    elif given.part == "tables":
        sys.stdout.write(report.plain(_section()))
    else:
        _measure(bench, [part for part in PARTS if part != "year"] if given.part == "all" else [given.part])
        sys.stdout.write(report.plain(_section()))


def _bench(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Bench:
    if given.input and not given.input.is_file():
        parser.error(f"{given.input} is no file")
    corpora = {}
    for one in given.corpus:
        name, _, pattern = one.partition("=")
        parent, _, last = pattern.rstrip("/").rpartition("/")
        corpora[name] = sorted(
            str(path) for path in Path(parent or ("/" if "/" in pattern else ".")).glob(last)
        )
        if not corpora[name]:
            parser.error(f"--corpus {one}: nothing there")
    sizes = given.sizes or ("1,2,4" if given.quick else "50,100,200,500,1000,2000,5000")
    beside = Path(sys.executable).with_name("copydesk")
    return Bench(
        copydesk=shlex.split(given.copydesk) if given.copydesk else [str(beside)],
        given=given.input.resolve() if given.input else None,
        corpora=corpora,
        quick=given.quick,
        times=given.times or (2 if given.quick else 5),
        minutes=given.minutes,
        sizes=[float(size) for size in sizes.split(",")],
    )


def _measure(bench: Bench, parts: list[str]) -> None:
    """Measure part after part; one that fails costs only itself."""
    minutes = {name: _minutes(name, bench) for name in parts}
    disk = 3 * max(bench.sizes) / 1000 if "growth" in parts else bench.megabytes / 100
    say(
        f"about {sum(minutes.values()):.0f} minutes on two idle cores ("
        + ", ".join(f"{name} {spent:.0f}" for name, spent in minutes.items())
        + f"), and up to {3 + disk:.0f} GB of disk; the first time some minutes more, to install the peers"
    )
    began = time.perf_counter()
    failed = False
    for name in parts:
        say(f"{name}, {(time.perf_counter() - began) / 60:.0f} minutes gone")
        try:
            save(bench, name, PARTS[name](bench))
        except CommandFailed as error:
            failed = True
            say(f"{name} failed: {error}")
    _draw()
    say(f"{(time.perf_counter() - began) / 60:.0f} minutes; results in {RESULTS.relative_to(ROOT)}\n")
    if failed:
        sys.exit("not everything could be measured")


def _minutes(part: str, bench: Bench) -> float:
    """How long a part takes, more or less."""
    ours = bench.megabytes / PACE / 60
    match part:
        case "peers":
            paces = [PACE, *(peer.megabytes_a_second for peer in end_to_end.PEERS)]
            each = [bench.megabytes / pace / 60 for pace in paces]
            return 5 + sum(max(m, min(bench.times * m, bench.minutes + m / 2)) for m in each)
        case "steps":
            size = 1 if bench.quick else steps.SAMPLE
            return 1 + bench.times * size / 60 * ((2 + len(bench.corpora)) / FTFY + 0.5)
        case "templates":
            return bench.times * (0.3 if bench.quick else 1)
        case "growth":
            each = [size / PACE / 60 for size in bench.sizes]
            return max(bench.sizes) / 1500 + sum(
                max(m, min(bench.times * m, bench.minutes + m / 2)) for m in each
            )
        case "profile":
            return 4 * ours
        case "first":
            return 1.5 if bench.quick else min(bench.times, 3)
        case "hourly":
            return (0.1 if bench.quick else short_runs.DATASET / PACE / 60) + bench.times / 8
        case "incremental":
            return (0.1 if bench.quick else over_time.WHOLE) / PACE / 60 * 1.5 + bench.times / 4
        case "hostile":
            return 2 if bench.quick else 20
        case "nearduplicates":
            return 2
        case "year":
            return 1 if bench.quick else over_time.HOURS / 100
        case _:
            return 1.5


def _draw() -> Path | None:
    """The plot of the growth curve, None where that was not measured or cannot be drawn."""
    if not load("growth"):
        return None
    drawn = RESULTS / report.PLOT
    try:
        script("plot", RESULTS / "growth.json", drawn, python=installs.python("plot"))
    except CommandFailed as error:
        say(f"no plot: {error}")
        return None
    say(f"plot: {drawn.relative_to(ROOT)}")
    return drawn


def _section() -> str:
    results = {name: found for name in PARTS if (found := load(name))}
    differs = {}
    for peer in end_to_end.PEERS:
        number = f" {installs.release(peer.environment)}" if peer.environment else ""
        differs[peer.name] = f"{peer.differs}{f' (version{number})' if number else ''}"
    return report.section(results, differs)


def _write_readme() -> None:
    """Write tables and plot into the README of this folder; not those of a quick run."""
    results = [found for name in PARTS if (found := load(name))]
    if not results or any(found["quick"] for found in results):
        sys.exit("there are no results, or those of a quick run: make bench")
    readme = Path(__file__).with_name("README.md")
    if drawn := _draw():
        shutil.copy(drawn, readme.with_name(report.PLOT))
    readme.write_text(report.into(readme.read_text(encoding="utf-8"), _section()), encoding="utf-8")
    say(f"written: {readme.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
