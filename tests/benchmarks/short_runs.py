"""Runs over next to nothing, from shell to shell: one small file, the first on a machine, an hour with little new."""

from __future__ import annotations

import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from .end_to_end import PEERS, peer_run
from .measure import ROOT, Bench, Cost, copydesk_run, generated, in_turns, link, run, say, summary, work

ARTICLE = ROOT / "seeds" / "articles" / "harbour-gazette" / "01-night-ferry.txt"
IMPORT_POLARS = partial(run, [sys.executable, "-c", "import polars"])

#: Megabytes of the dataset that an hourly run adds to, and the articles of a busy hour.
DATASET = 200
MANY = 1_000


def startup(bench: Bench) -> dict[str, Any]:
    """One small file, when everything is warm."""
    place = work("startup")
    single = place / "single.jsonl"
    single.write_text(json.dumps({"text": ARTICLE.read_text(encoding="utf-8")}) + "\n")
    contenders: dict[str, Callable[[], Cost]] = {
        "copydesk run": partial(copydesk_run, bench, [ARTICLE], place / "out"),
        "plain script": partial(peer_run, PEERS[0], sys.executable, single, place),
        "import polars": IMPORT_POLARS,
    }
    in_turns(contenders, 1, 1)
    costs, _ = in_turns(contenders, 3 if bench.quick else 15, bench.minutes)
    return {"contenders": {name: summary(cost) for name, cost in costs.items()}}


def first(bench: Bench) -> dict[str, Any]:
    """One small file where nothing has been compiled yet, and after `copydesk warm`.

    The packages are copied, with Python's bytecode, as pip installs it; so --copydesk runs those beside this file, too.
    """
    place = work("first")
    plain, installed, out = place / "plain", place / "installed", place / "out"
    for package in ("cleaners", "flows", "config"):
        shutil.copytree(ROOT / package, plain / package, ignore=shutil.ignore_patterns("__pycache__"))
    run([sys.executable, "-m", "compileall", "-q", plain])
    once = ["run", ARTICLE, "--out", out, "--quiet"]
    costs: dict[str, list[Cost]] = defaultdict(list)
    kernels = kept = 0
    for turn in range(1 if bench.quick else min(bench.times, 3)):
        for name, is_new, command in (
            ("the first run without it", True, once),
            ("`copydesk warm`", True, ["warm"]),
            ("the first run after it", False, once),
            ("the second run", False, once),
            ("`copydesk warm` again", False, ["warm"]),
        ):
            say(f"  {name}, {turn + 1}")
            if is_new:
                shutil.rmtree(installed, ignore_errors=True)
                shutil.copytree(plain, installed)
            shutil.rmtree(out, ignore_errors=True)
            environment = {"PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(installed)}
            costs[name].append(run([*bench.copydesk, *command], NUMBA_CACHE_DIR="", **environment))
        files = [*installed.glob("cleaners/__pycache__/kernels-*/*")]
        kernels = sum(file.suffix == ".nbi" for file in files)
        kept = sum(file.stat().st_size for file in files)
    shutil.rmtree(place)
    return {
        "runs": {name: summary(cost) for name, cost in costs.items()},
        "kernels": kernels,
        "kept_mb": kept / 1e6,
    }


def hourly(bench: Bench) -> dict[str, Any]:
    """A run over a dataset and what the hour brought: nothing, an article, a thousand."""
    place = work("hourly")
    megabytes = 12 if bench.quick else DATASET
    corpus = generated(megabytes)
    known, before, one, many = (place / f"{name}.jsonl" for name in ("known", "before", "one", "many"))
    with corpus.open("rb") as lines:
        documents = sum(1 for _ in lines) - MANY - 2
    with corpus.open("rb") as lines:
        for path, count in ((known, documents), (before, 1), (one, 1), (many, MANY)):
            with path.open("wb") as file:
                file.writelines(islice(lines, count))
    out, added = place / "out", place / "added"
    # the first run with little input makes the caches of the index
    for given in (known, before):
        run([*bench.copydesk, "run", given, "--out", out, "--quiet"])

    def hour(*inputs: Path) -> Cost:
        shutil.rmtree(added, ignore_errors=True)
        shutil.copytree(out, added, copy_function=link)
        return run([*bench.copydesk, "run", *inputs, "--out", added, "--quiet"])

    contenders: dict[str, Callable[[], Cost]] = {
        "nothing new": partial(hour, known),
        "one new article": partial(hour, known, one),
        f"{MANY:,} new articles": partial(hour, known, many),
        "only `--help`": partial(run, [*bench.copydesk, "--help"]),
        "`import polars`": IMPORT_POLARS,
    }
    costs, _ = in_turns(contenders, bench.times, bench.minutes)
    shutil.rmtree(place)
    return {
        "megabytes": megabytes,
        "documents": documents,
        "runs": {name: summary(cost) for name, cost in costs.items()},
    }
