"""Single steps, in processor seconds of one core: the repair of text, and from texts to signatures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import installs
from .measure import ONE_CORE, Bench, CommandFailed, generated, say, script, spread, work

#: Megabytes of a corpus: ftfy goes through one or two in a second.
SAMPLE = 20
DAMAGED = 0.05


def steps(bench: Bench) -> dict[str, Any]:
    """Both steps over a sample of each corpus."""
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
    return {"fix_text": repair, "signatures": _signatures(bench, first, report)}


def _corpora(bench: Bench, size: float) -> Mapping[str, Sequence[str]]:
    first = "the corpus" if bench.given else "generated"
    damaged = {"generated, 5 % damaged": [str(generated(size, DAMAGED))]}
    return {first: [str(bench.corpus())], **bench.corpora, **({} if bench.corpora else damaged)}


def _signatures(bench: Bench, sample: Path, report: Path) -> dict[str, Any]:
    """copydesk, datasketch and rensa in turns, a process each."""
    failed = {}
    try:
        rensa: Path | None = installs.python("rensa")
    except CommandFailed as error:
        failed["rensa"], rensa = str(error), None
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
