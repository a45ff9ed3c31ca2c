"""Single steps: the repair of text, the search for boilerplate, and from texts to signatures.

Seconds are the processor's, of one core; where two are at work they are those of the clock.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import installs
from .measure import ONE_CORE, Bench, CommandFailed, generated, say, script, spread, work

#: Megabytes of a corpus: ftfy goes through one or two in a second, all others through thirty and more.
SAMPLE, LARGE = 20, 100
DAMAGED = 0.05


def steps(bench: Bench) -> dict[str, Any]:
    """The repair over a sample of each corpus, the other steps over the first."""
    place = work("steps")
    size = 1 if bench.quick else SAMPLE
    samples: dict[str, Path] = {}
    for name, inputs in _corpora(bench, size).items():
        samples[name] = place / f"{len(samples)}.parquet"
        script("paragraphs", size, samples[name], *inputs)
    report = place / "report.json"
    repair = {}
    for name, sample in samples.items():
        say(f"  fix_text, {name}")
        script("fix_text", sample, report, bench.times, **ONE_CORE)
        told = json.loads(report.read_text())
        repair[name] = told | {which: spread(told[which]) for which in ("copydesk", "ftfy")}
    first = next(iter(samples.values()))
    large = place / "large.parquet"
    script("paragraphs", size if bench.quick else LARGE, large, bench.corpus())
    return {
        "fix_text": repair,
        "boilerplate": _boilerplate(bench, large, report),
        "signatures": _signatures(bench, first, report),
    }


def hostile(bench: Bench) -> dict[str, Any]:
    """CPU seconds of every reader and cleaner for each hostile text, by size in bytes."""
    sizes = [1 << 12, 1 << 13] if bench.quick else [1 << power for power in range(16, 21)]
    report = work("hostile") / "report.json"
    script("hostile", ",".join(map(str, sizes)), report, **ONE_CORE)
    return {"sizes": sizes, "seconds": json.loads(report.read_text())}


def _corpora(bench: Bench, size: float) -> Mapping[str, Sequence[str]]:
    first = "the corpus" if bench.given else "generated"
    damaged = {"generated, 5 % damaged": [str(generated(size, DAMAGED))]}
    return {first: [str(bench.corpus())], **bench.corpora, **({} if bench.corpora else damaged)}


def _peer(peer: str, name: str) -> tuple[Path | None, dict[str, str]]:
    """(its interpreter, why not): None where it cannot be installed, and the reason by the name it has in the table."""
    try:
        return installs.python(peer), {}
    except CommandFailed as error:
        return None, {name: str(error)}


def _boilerplate(bench: Bench, sample: Path, report: Path) -> dict[str, Any]:
    """Copydesk's cleaners on one core and on two, and C4's rules of lines, in turns."""
    datatrove, failed = _peer("datatrove", "C4's rules")
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for turn in range(bench.times):
        say(f"  boilerplate, {turn + 1} of {bench.times}")
        for workers, limits in ((1, ONE_CORE), (2, {})):
            script("boilerplate", workers, sample, report, **limits)
            found["copydesk, two cores" if workers > 1 else "copydesk"].append(json.loads(report.read_text()))
        if datatrove:
            script("with_c4", sample, report, python=datatrove, **ONE_CORE)
            found["C4's rules"].append(json.loads(report.read_text()))
    return {
        "seconds": {
            name: spread([one["wall" if "two" in name else "cpu"] for one in told])
            for name, told in found.items()
        },
        "removed": {name: told[0]["removed"] / told[0]["lines"] for name, told in found.items()},
        "megabytes": found["copydesk"][0]["bytes"] / 1e6,
        "failed": failed,
    }


def _signatures(bench: Bench, sample: Path, report: Path) -> dict[str, Any]:
    """copydesk, datasketch and rensa in turns, a process each."""
    rensa, failed = _peer("rensa", "rensa")
    seconds: dict[str, list[float]] = defaultdict(list)
    size = 0.0
    for turn in range(bench.times):
        say(f"  signatures, {turn + 1} of {bench.times}")
        for which in ("copydesk", "datasketch", "rensa"):
            if which != "rensa":
                script("signatures", which, sample, report, **ONE_CORE)
            elif rensa:
                script("rensa_digests", sample, report, python=rensa, **ONE_CORE)
            else:
                continue
            told = json.loads(report.read_text())
            size = told["bytes"] / 1e6
            for name, one in told["seconds"].items():
                seconds[name].append(one)
    return {"megabytes": size, "seconds": {name: spread(s) for name, s in seconds.items()}, "failed": failed}
