"""The promises of a run: nothing vanishes, every duplicate has a witness, runs add up, same input, same bytes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.dataset import Dataset
from flows.dataset.tables import TABLES
from small_runs import run
from support import Jsonl, json_lines, table, without_white_space

from .stories import ARTICLES, STORY, digests


def put_together(out: Path) -> dict[str, list[str]]:
    """Uri -> its paragraphs as they were read (kept, removed, repaired and emptied), by position."""
    documents, removed, repaired = (table(out, name) for name in ("documents", "removed", "repaired"))
    uris = dict(documents.select("document_id", "uri").iter_rows()) | dict(
        removed.select("document_id", "uri").iter_rows()
    )
    texts = dict(documents.select("document_id", "text").iter_rows())
    found = {}
    for document, uri in uris.items():
        gone = dict(removed.filter(pl.col("document_id") == document).select("position", "text").iter_rows())
        mended = repaired.filter((pl.col("document_id") == document) & (pl.col("field") == "text"))
        before = dict(mended.select("position", "before").iter_rows())
        taken = gone.keys() | set(mended.filter(pl.col("after") == "")["position"])
        kept = texts[document].split("\n\n") if document in texts else []
        total = len(kept) + len(taken)
        free = [p for p in range(total) if p not in taken]
        assert taken <= set(range(total))
        everything = {**gone, **dict(zip(free, kept, strict=True)), **before}
        assert sorted(everything) == list(range(total))
        found[uri] = [everything[p] for p in range(total)]
    return found


LINES = st.one_of(
    st.sampled_from(
        [
            STORY,
            STORY.replace("Monday", "Tuesday"),
            STORY.replace("eleven", "11"),
            f"{STORY} [Related: Port closes bridge]",
            f"{STORY} Join the conversation below.",
            "[pullquote]",
            "Related Articles",
            "Sign up for our newsletter",
            "Port closes bridge",
            "PORT CLOSES BRIDGE",
            "The caf\u00c3\u00a9 on the quay stays open.",
            "\u0000",
            "***",
            "Короткая строка.",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"text": st.lists(LINES, max_size=6).map("\n".join)},
        optional={
            "title": st.sampled_from(["Port closes bridge", None]),
            "source": st.sampled_from(["a", "b", None]),
        },
    ),
    max_size=8,
)
FEW = settings(
    max_examples=settings().max_examples // 6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(records=RECORDS)
def test_nothing_vanishes(records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Promise 1: `documents`, `removed` and `repaired` give back every input that is not in `rejected`."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "in.jsonl"
    path.write_bytes(json_lines(*records))
    run([path], folder / "out")
    if not records:
        return
    rejected = set(table(folder / "out", "rejected")["uri"])
    found = put_together(folder / "out")
    for n, record in enumerate(records, 1):
        uri = f"{path}#{n}"
        if uri in rejected:
            assert not without_white_space(record["text"]).strip("\0") or uri not in found
        else:
            assert without_white_space("".join(found[uri])) == without_white_space(record["text"])
    assert len(found) + len(rejected) >= len(records)


@FEW
@given(records=RECORDS)
def test_every_duplicate_has_a_witness(
    records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promise 2: the witness of a duplicate is kept and earlier; `verify` measures its Jaccard again."""
    from flows.verify import verify

    folder = tmp_path_factory.mktemp("run")
    path = folder / "in.jsonl"
    path.write_bytes(json_lines(*records))
    run([path], folder / "out", {"duplicate": {"short": "exact", "min_tokens": 3}})
    assert list(verify(Dataset(folder / "out"))) == []


@FEW
@given(records=RECORDS, cuts=st.lists(st.integers(0, 8), min_size=1, max_size=2))
def test_runs_add_up(
    records: list[dict[str, Any]], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promise 3: one run over many files decides what successive runs over slices of them decide."""
    folder = tmp_path_factory.mktemp("run")
    paths = []
    for n, record in enumerate(records):
        paths.append(folder / f"{n}.jsonl")
        paths[-1].write_text(json.dumps(record) + "\n", encoding="utf-8")
    said = {"repeated_line": {"enabled": False}, "duplicate": {"short": "exact"}}
    run(paths, folder / "one", said)
    edges = [0, *sorted(min(c, len(paths)) for c in cuts), len(paths)]
    for start, stop in pairwise(edges):
        run(paths[start:stop], folder / "many", said)
    if not records:
        return
    for name in TABLES:
        one, many = (table(folder / out, name).drop("run_id") for out in ("one", "many"))
        assert one.sort(one.columns).equals(many.sort(many.columns), null_equal=True), name


def test_same_input_same_bytes(tmp_path: Path) -> None:
    """Promise 4: datasets of the same input are identical, byte for byte, for any number of workers and threads.

    The other one is made by the command, started in another folder.
    """
    run([ARTICLES], tmp_path / "a", workers=1)
    (tmp_path / "c.toml").write_text("workers = 4\n")
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "run",
        os.path.relpath(ARTICLES, tmp_path),
        "--out",
        "b",
        "--config",
        "c.toml",
    ]
    env = {
        **os.environ,
        "PREFECT_API_URL": "",
        "PREFECT_PROFILES_PATH": os.devnull,
        "POLARS_MAX_THREADS": "4",
    }
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert "kept" in done.stdout
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_shards_change_no_row(tmp_path: Path, jsonl: Jsonl) -> None:
    """Promise 4: shard size moves only the boundaries of part files."""
    chance = random.Random(4)
    records = [
        {"source": "post", "text": "\n".join(f"{STORY} {chance.random()} {'x' * 2000}" for _ in range(60))}
        for _ in range(20)
    ]
    path = jsonl([*records, *records])
    run([path], tmp_path / "one")
    run([path], tmp_path / "many", {"inputs": {"shard_megabytes": 1}})
    assert len(list((tmp_path / "many" / "documents").rglob("*.parquet"))) > 1
    for name in TABLES:
        assert table(tmp_path / "one", name).equals(table(tmp_path / "many", name), null_equal=True), name
