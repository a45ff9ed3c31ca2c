"""What copydesk and its peers remove of the pairs, by kind of edit."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from .. import installs
from ..measure import Bench, CommandFailed, run, say, script, work
from .making import Pair, pairs

#: 250 of each kind.
PAIRS = 3_750
#: Only the search for near-duplicates, over texts as they are; languages are known for the words that state facts.
ONLY_DUPLICATES = "".join(
    f"[{name}]\nenabled = false\n"
    for name in ("encoding", "repeated_headline", "related_articles", "boilerplate", "repeated_line")
)
#: The peers with the number of permutations, bands and rows that they have in the other measurements.
PEERS: Mapping[str, str | None] = {
    "datasketch": None,
    "rensa": "rensa",
    "text-dedup": "text-dedup",
    "datatrove": "datatrove",
}


def near_duplicates(bench: Bench) -> dict[str, Any]:
    """For each contender and kind, how many of the later paragraphs were removed."""
    made = list(pairs(150 if bench.quick else PAIRS))
    folder = work("near_duplicates")
    texts = [
        (f"{pair.id}{which}", text) for pair in made for which, text in zip("wl", pair[-2:], strict=True)
    ]
    given = folder / "texts.parquet"
    pl.DataFrame(texts, schema=["id", "text"], orient="row").write_parquet(given)
    contenders: dict[str, Callable[[], set[str]]] = {
        "copydesk": lambda: _copydesk(bench, texts, folder),
        "copydesk, `same_facts = false`": lambda: _copydesk(bench, texts, folder, "same_facts = false"),
    }
    for peer, environment in PEERS.items():
        contenders[peer] = lambda peer=peer, environment=environment: _peer(given, folder, peer, environment)
    removed, failed = {}, {}
    for name, remove in contenders.items():
        say(f"  {name}")
        try:
            removed[name] = _by_kind(made, remove())
        except CommandFailed as error:
            failed[name] = str(error)
            say(f"  {name} failed: {error}")
    return {
        "pairs": dict(Counter(pair.kind for pair in made)),
        "languages": dict(Counter(pair.lang for pair in made)),
        "labels": {pair.kind: pair.label for pair in made},
        "removed": removed,
        "failed": failed,
    }


def _by_kind(made: Sequence[Pair], removed: set[str]) -> dict[str, int]:
    found = Counter({pair.kind: 0 for pair in made})
    found.update(pair.kind for pair in made if f"{pair.id}l" in removed)
    return dict(found)


def _copydesk(bench: Bench, texts: Sequence[tuple[str, str]], folder: Path, *more: str) -> set[str]:
    """The ids of the texts that a run removes, each a document of its own."""
    given, out, config = folder / "texts.jsonl", folder / "out", folder / "news.toml"
    given.write_text("".join(f"{json.dumps({'id': name, 'text': text})}\n" for name, text in texts))
    config.write_text("\n".join([ONLY_DUPLICATES, "[duplicate]", *more, "[guards]", "enabled = false", ""]))
    shutil.rmtree(out, ignore_errors=True)
    run([*bench.copydesk, "run", given, "--out", out, "--config", config, "--quiet"])
    kept = pl.read_parquet(out / "documents", hive_partitioning=False, columns=["record_id"])
    return {name for name, _ in texts} - set(kept["record_id"])


def _peer(given: Path, folder: Path, peer: str, environment: str | None) -> set[str]:
    """The ids of the texts that one of the scripts removes."""
    report = folder / "removed.json"
    name = f"near_{peer.replace('-', '_')}"
    python = {} if environment is None else {"python": installs.python(environment)}
    script(name, given, folder / "peer", report, **python)
    return set(json.loads(report.read_text()))
