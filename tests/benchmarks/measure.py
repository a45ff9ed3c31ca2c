"""Commands measured from outside: the clock, the processors, the memory; several in turns.

Nothing heavy is imported here or where this is used: a child's peak memory is never told as less than its parent's.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
RESULTS = ROOT / "build" / "benchmarks"
FOLDER = ROOT / ".bench"  # the peers' environments, generated corpora, what the contenders write

#: One core for everything: the threads of polars, rensa and numpy.
ONE_CORE = dict.fromkeys(("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"), "1")


class CommandFailed(Exception):
    """A command that was measured ended badly; says how."""


@dataclass(frozen=True)
class Cost:
    """What one command took. The peak is that of its largest process."""

    wall: float
    cpu: float
    peak_mb: float
    told: Mapping[str, Any] = field(default_factory=dict)  # what the command reported of itself


@dataclass(frozen=True)
class Bench:
    """What is measured, and how often."""

    copydesk: Sequence[str]
    given: Path | None  # the user's corpus
    corpora: Mapping[
        str, Sequence[str]
    ]  # more of them, for the repair of text: a name, and its files and folders
    quick: bool
    times: int
    minutes: float  # for one contender: it takes no more turns when it has had so many
    sizes: Sequence[float]  # megabytes of the growth curve

    @property
    def megabytes(self) -> float:
        """The size of the corpus, or of the one that is generated."""
        if self.given:
            return self.given.stat().st_size / 1e6
        return 3 if self.quick else 100

    def corpus(self) -> Path:
        """The corpus; a generated one where the user named none."""
        return self.given or generated(self.megabytes)


def run(argv: Sequence[str | Path], **env: str) -> Cost:
    """Run a command to its end; CommandFailed where that is a bad one."""
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, **env})
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines() or [f"exit {process.returncode}"]
            why = [line for line in lines if "Error" in line] or lines
            raise CommandFailed(f"{Path(argv[0]).name} {argv[1]}: {why[-1].strip()}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def script(name: str, *arguments: object, python: str | Path = sys.executable, **env: str) -> None:
    """Run one of the scripts."""
    run([python, SCRIPTS / f"{name}.py", *map(str, arguments)], **env)


def in_turns(
    contenders: Mapping[str, Callable[[], Cost]], times: int, minutes: float
) -> tuple[dict[str, list[Cost]], dict[str, str]]:
    """(the costs of each, why some failed): one after the other, over and over, forwards and backwards."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    failed: dict[str, str] = {}
    for turn in range(times):
        for name in list(contenders)[:: 1 if turn % 2 == 0 else -1]:
            if name in failed or sum(c.wall for c in costs[name]) > 60 * minutes:
                continue
            say(f"  {name}, {turn + 1} of {times}")
            try:
                costs[name].append(contenders[name]())
            except CommandFailed as error:
                failed[name] = str(error)
                say(f"  {name} failed: {error}")
    return {name: found for name, found in costs.items() if name not in failed}, failed


def summary(costs: Sequence[Cost]) -> dict[str, Any]:
    """The least and the median of some runs of the same."""
    fastest = min(costs, key=lambda c: c.wall)
    return {
        "times": len(costs),
        "wall": spread([c.wall for c in costs]),
        "cpu": spread([c.cpu for c in costs]),
        "peak_mb": max(c.peak_mb for c in costs),
        **fastest.told,
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """The least and the median."""
    return {"min": min(values), "median": median(values)}


def copydesk_run(bench: Bench, inputs: Sequence[str | Path], out: Path, *options: str | Path) -> Cost:
    """One `copydesk run` into a new dataset, which is taken away again, with what its manifest says."""
    shutil.rmtree(out, ignore_errors=True)
    cost = run([*bench.copydesk, "run", *inputs, "--out", out, "--quiet", *options])
    (manifest,) = out.glob("_copydesk/runs/run=*/*.json")
    ran = json.loads(manifest.read_text())
    shutil.rmtree(out)
    told = {
        "stages": ran.get("stages", {}),
        "paragraphs": ran["counts"]["paragraphs"],
        "kept": ran["counts"]["paragraphs_kept"],
        "text_mb": ran["counts"]["bytes"] / 1e6,
    }
    return Cost(cost.wall, cost.cpu, cost.peak_mb, told)


def generated(megabytes: float, damaged: float | None = None) -> Path:
    """A generated corpus of that size; made where it is not there, or older than what makes it."""
    name = f"{megabytes:g}" + (f"-{damaged:g}" if damaged else "")
    path = FOLDER / "corpora" / f"{name}.jsonl"
    maker = Path(__file__).parent / "corpus.py"
    if not path.exists() or path.stat().st_mtime < maker.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"  generating {megabytes:g} MB")
        half = path.with_suffix(".part")
        more = ["--damaged", f"{damaged}"] if damaged else []
        make_corpus(f"{megabytes}", half, *more)
        half.rename(path)
    return path


def multiplied(given: Path, megabytes: float) -> Path:
    """A corpus of that size, made of a given one; compressed, because it may not fit on the disk with its dataset."""
    path = FOLDER / "corpora" / f"multiplied-{megabytes:g}.jsonl.zst"
    path.parent.mkdir(parents=True, exist_ok=True)
    say(f"  making {megabytes:g} MB of {given}")
    command = [sys.executable, "-m", "tests.benchmarks.multiply", given, f"{megabytes}", path]
    subprocess.run(command, cwd=ROOT, check=True)
    return path


@contextmanager
def most_in(folder: Path) -> Iterator[list[int]]:
    """A list that grows while the block lasts: the bytes in a folder, twice a second."""
    sizes = [0]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            with suppress(OSError):  # files come and go
                sizes.append(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield sizes
    finally:
        done.set()
        watcher.join()


def make_corpus(*arguments: str | Path) -> None:
    """Run the generator."""
    subprocess.run([sys.executable, "-m", "tests.benchmarks.corpus", *arguments], cwd=ROOT, check=True)


def work(name: str) -> Path:
    """An empty place of that name for what a measurement writes."""
    folder = FOLDER / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def link(source: str, target: str) -> None:
    """A hard link, for a copy of a dataset: nothing that is published is written to again."""
    Path(target).hardlink_to(source)


def save(bench: Bench, name: str, found: Mapping[str, Any]) -> None:
    """Keep the results of one measurement, and what it was made on."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    made_on = {"quick": bench.quick, "machine": machine()}
    (RESULTS / f"{name}.json").write_text(json.dumps({**made_on, **found}, indent=1) + "\n")


def load(name: str) -> dict[str, Any] | None:
    """The results of one measurement, None where it was not made."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        **{name: version(name) for name in ("copydesk", "polars", "numba", "ftfy", "datasketch")},
    }


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
