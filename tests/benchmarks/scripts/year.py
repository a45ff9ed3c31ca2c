"""A year of hourly runs in one process: how long each took, and how many files there are, as the runs go on.

    python year.py REPORT --folder FOLDER [--runs 8760] [--compact 168] [--burst 1]

Each run finds one new file of a few articles beside all earlier ones; every so many runs the dataset is compacted.
With a burst of 100, a run finds a hundred new files, but for the first two hundred runs and the last ones: the inputs
and the dataset of a year, in minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import time
from pathlib import Path
from statistics import median

from flows.dataset import Dataset
from flows.maintenance import compact
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings import Settings

ARTICLES = 2  # in a file


def main() -> None:
    """Simulate and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--runs", type=int, default=8760)
    parser.add_argument("--compact", type=int, default=168, help="runs between two compactions: a week's")
    parser.add_argument("--burst", type=int, default=1, help="new files of a run")
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    inputs, out = given.folder / "in", given.folder / "out"
    inputs.mkdir(parents=True)
    chance = random.Random(8760)
    words = ["".join(chance.choices("aeioulnrstdkm", k=chance.randint(2, 9))) for _ in range(5000)]
    settings, engine = Settings(), Threads(2, lambda *_: None)
    walls, cpus, compactions, files = [], [], [], []
    written = 0
    while written < given.runs:
        new = given.burst if 200 <= written <= given.runs - 100 - given.burst else 1
        for number in range(written, written + new):
            _write(inputs / f"{number:05d}.jsonl", number, chance, words)
        written += new
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = execute_run([str(inputs)], out, settings, engine)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if outcome.read != new or outcome.run_id is None:
            raise SystemExit(f"a run read {outcome.read} inputs, not {new}")
        if len(walls) % given.compact == 0:
            files.append(sum(1 for path in out.rglob("*") if path.is_file()))
            start = time.perf_counter()
            compact(Dataset(out))
            compactions.append(time.perf_counter() - start)
            files.append(sum(1 for path in out.rglob("*") if path.is_file()))
            print(  # noqa: T201 - somebody waits
                f"{len(walls)} runs, {written} files: {median(walls[-50:]):.3f} s a run, "
                f"{median(cpus[-50:]):.3f} s of processor; "
                f"compacted in {compactions[-1]:.2f} s, {files[-2]} files to {files[-1]}",
                flush=True,
            )
    around = slice(max(0, min(100, len(walls)) - 25), min(100, len(walls)) + 25)
    told = {
        "runs": len(walls),
        "files": written,
        "hundredth": {"wall": median(walls[around]), "cpu": median(cpus[around])},
        "last": {"wall": median(walls[-50:]), "cpu": median(cpus[-50:])},
        "compactions": compactions,
        "most_files": max(files, default=0),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "every_fiftieth": [[round(w, 4), round(c, 4)] for w, c in zip(walls[::50], cpus[::50], strict=True)],
    }
    given.report.write_text(json.dumps(told, indent=1) + "\n")
    shutil.rmtree(given.folder)


def _write(path: Path, number: int, chance: random.Random, words: list[str]) -> None:
    """A file of some articles of six paragraphs; now and then a paragraph that was printed before."""
    records = []
    for article in range(ARTICLES):
        paragraphs = [" ".join(chance.choices(words, k=chance.randint(20, 60))) for _ in range(6)]
        paragraphs.append(" ".join(random.Random(chance.randint(0, number)).choices(words, k=30)))
        records.append(
            {"id": f"{number}-{article}", "source": "gazette.example", "text": "\n".join(paragraphs)}
        )
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    main()
