"""What a dataset costs that is added to: a hundredth more, and an hour more, for a year."""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from .measure import ROOT, SCRIPTS, Bench, Cost, generated, in_turns, link, run, say, summary, work

#: Megabytes of the dataset that a hundredth is added to.
WHOLE = 2_000
HOURS = 8_760


def incremental(bench: Bench) -> dict[str, Any]:
    """A whole corpus, a hundredth of its size added to that, and a single record: each a run of the command."""
    place = work("incremental")
    megabytes = 4 if bench.quick else WHOLE
    corpus = generated(megabytes * 1.01)
    whole, more, single = (place / f"{name}.jsonl" for name in ("whole", "more", "single"))
    with corpus.open("rb") as lines, whole.open("wb") as file:
        left = int(megabytes * 1e6)
        while left > 0 and (some := lines.readlines(min(left, 1 << 24))):
            file.writelines(some)
            left -= sum(map(len, some))
        with more.open("wb") as rest:
            shutil.copyfileobj(lines, rest)
    with whole.open("rb") as lines:
        single.write_bytes(b"".join(islice(lines, 1)))
    if not bench.quick:
        corpus.unlink()
    out = place / "out"

    def first(given: Path) -> Cost:
        shutil.rmtree(out, ignore_errors=True)
        return run([*bench.copydesk, "run", given, "--out", out, "--quiet"])

    def again() -> Cost:
        added = place / "added"
        shutil.rmtree(added, ignore_errors=True)
        shutil.copytree(out, added, copy_function=link)
        return run([*bench.copydesk, "run", more, "--out", added, "--quiet"])

    in_turns({"warm": partial(first, single)}, 1, bench.minutes)
    alone, _ = in_turns({"single": partial(first, single)}, bench.times, bench.minutes)
    all_of_it, _ = in_turns({"whole": partial(first, whole)}, 1, bench.minutes)
    added, _ = in_turns({"added": again}, bench.times, bench.minutes)
    shutil.rmtree(place)
    costs = alone | all_of_it | added
    return {"megabytes": megabytes, "runs": {name: summary(cost) for name, cost in costs.items()}}


def year(bench: Bench) -> dict[str, Any]:
    """A year of hourly runs in one process."""
    place = work("year")
    runs = 40 if bench.quick else HOURS
    report = place / "report.json"
    say(f"  {runs:,} runs")
    run(
        [
            *(sys.executable, SCRIPTS / "year.py", report, "--folder", place / "data"),
            *("--runs", f"{runs}", "--compact", "15" if bench.quick else "168"),
        ],
        PYTHONPATH=str(ROOT),
    )
    found: dict[str, Any] = json.loads(report.read_text())
    shutil.rmtree(place)
    return found
