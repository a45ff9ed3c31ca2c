"""Large runs are compared in groups, with the decisions of a comparison as a whole."""

from __future__ import annotations

import random
import tempfile
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cleaners.duplicate import candidate_pairs
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.near_duplicates import find_duplicates
from cleaners.lexicon import Lexicon
from cleaners.text.utf8 import starts_of
from flows.dataset import Dataset
from flows.maintenance import rollback
from flows.run import compare_in_groups as comparing
from flows.run import stages
from flows.run.comparison import candidates, compared, decisions, groups
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.run.staged_files import read, write
from flows.run.stages import Run
from flows.settings import Settings
from support import json_lines
from tests.cleaners.duplicate.deduplicating import (
    DEFAULTS,
    RULES,
    Corpus,
    corpora,
    frame_in_languages,
    kept,
    options,
    table_of,
)

from .stories import digests

SYLLABLES = ("arvo", "elin", "ismar", "otto", "ulen", "ayk", "erisk")


def in_groups(
    tables: list[FingerprintTable],
    index: list[FingerprintTable],
    older: pl.DataFrame,
    ruling: dict[str, Any],
    rounds: int = comparing.ROUNDS,
) -> list[pl.DataFrame]:
    """The decisions on each table, by groups of few tokens and partitions of few keys."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "GROUP", 100)
        patch.setattr(comparing, "ROUNDS", rounds)
        patch.setattr(compared, "KEYS", 20)
        patch.setattr(compared, "SLICES", 3)
        patch.setattr(candidates, "PAIRS_AT_ONCE", 5)
        patch.setattr(candidate_pairs, "KEYS_IN_FILTER", 20)
        patch.setattr(compared, "compared", lambda *_, **__: (tables, index))
        patch.setattr(groups, "older_versions", lambda *_: older)
        for module in (compared, decisions):
            patch.setattr(module, "duplicate_rules", lambda _: ruling)
        run = Run("r000001", Path(folder), Path(folder), Settings(), (), Lexicon())
        shards = [f"{number:05d}" for number in range(len(tables))]
        comparing.compare_in_groups(run, shards, Threads(2, lambda *_: None))
        return [read(run.path("decisions", shard)).clone() for shard in shards]


@given(
    corpora(),
    options,
    st.lists(st.integers(0, 7), max_size=3),
    st.integers(0, 7),
    st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7))),
    st.booleans(),
)
@settings(max_examples=settings().max_examples // 10, phases=[Phase.explicit, Phase.generate])
def test_groups_decide_as_the_whole_does(
    corpus: Corpus,
    chosen: dict[str, Any],
    cuts: list[int],
    cut: int,
    drawn: dict[int, set[int]],
    is_reference: bool,
) -> None:
    """Whatever the shards, the index and older versions in it, or a reference: row for row the same decisions."""
    chosen = {**chosen, "measure": "jaccard", "keep_leads": False}  # others are compared as a whole
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    cut = min(cut, len(corpus))
    earlier = table_of(frame_in_languages(corpus[:cut]), **making)
    index = [kept(earlier, find_duplicates([earlier], **ruling)[0])]
    if is_reference:
        index = [index[0]._replace(uris=lambda rows: pl.Series([f"/lists/{row}" for row in rows]))]
    edges = [cut, *sorted(c for c in cuts if cut < c < len(corpus)), len(corpus)]
    tables = [table_of(frame_in_languages(corpus[a:b], a), **making) for a, b in pairwise(edges)]
    pairs = [(f"d{new:03}", f"d{old:03}") for new, olds in drawn.items() for old in olds if old < cut <= new]
    older = pl.DataFrame(pairs, schema={"document_id": pl.String, "older": pl.String}, orient="row")
    whole = find_duplicates(tables, index, **ruling, older=older)
    for mine, wanted in zip(in_groups(tables, index, older, ruling), whole, strict=True):
        assert mine.equals(wanted)


@pytest.mark.parametrize(
    ("table", "divided"),
    [
        ({}, True),
        ({"keep": "longest"}, False),
        ({"keep": ["evening.example"]}, False),
        ({"keep_leads": True}, False),
        ({"measure": "containment"}, False),
        ({"enabled": False}, False),
    ],
)
def test_settings_that_need_all_paragraphs_at_once(
    tmp_path: Path, table: dict[str, Any], divided: bool
) -> None:
    """A run that is large is still compared by one task if groups cannot decide by its settings."""
    called: list[Any] = []

    def each(_stage: str, function: Any, *_more: Any) -> list[Any]:
        called.append(function)
        return [comparing.Plan(1, 1, 1, 0)] if function is comparing.count_tasks else [0]

    settings = Settings.model_validate({"duplicate": table})
    run = Run("r000001", tmp_path, tmp_path, settings, (), Lexicon())
    write(pl.DataFrame({"row": [0, 1]}), run.path("fingerprints", "a"))
    engine: Any = SimpleNamespace(compared_whole=1, each=each)
    comparing.compare_shards(run, ["a"], engine)
    assert (stages.compare in called) != divided
    assert (decisions.decide in called) == divided
    called.clear()
    engine.compared_whole = 2
    comparing.compare_shards(run, ["a"], engine)
    assert called == [stages.compare]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=40), st.integers(1, 9))
def test_slices_are_few_whatever_the_tables(drawn: list[tuple[int, int]], most: int) -> None:
    """Each table is in one slice, with others of its kind, and there are not more slices than asked for, and kinds."""
    drawn.sort(key=lambda one: one[1])
    starts, kinds = starts_of([rows for rows, _ in drawn]), [kind for _, kind in drawn]
    found = compared.slices(starts, kinds, most)
    assert [table for one in found for table in one] == [*range(len(drawn))]
    assert all(len({kinds[table] for table in one}) == 1 for one in found)
    assert len(found) <= most + len(set(kinds))


def prose(number: int) -> str:
    """A paragraph that is like no other of another number, apart from the one after an even number."""
    words = random.Random(number // 2).choices([a + b for a in "bdfklmnprst" for b in SYLLABLES], k=40)
    return " ".join(["Yesterday", *words, "nearby" if number % 2 else "here"])


def published(inputs: Path, out: Path, compared_whole: int) -> list[dict[str, str]]:
    """What is published by each of three runs, the last two after the second was taken back, and of new versions."""
    engine = Threads(2, lambda _stage, _done, _total: None)
    engine.compared_whole = compared_whole
    settings = Settings.model_validate(
        {"inputs": {"shard_megabytes": 1, "on_change": "replace"}, "guards": {"enabled": False}}
    )
    found = []
    for step in ("1", "2", "back", "2", "3"):
        if step == "back":
            rollback(Dataset(out), "r000002")
        else:
            execute_run([str(inputs / step)], out, settings, engine)
        found.append(digests(out))
    return found


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """Inputs of three runs, the last with new versions of some; paragraphs come again in the same run and later."""
    for run in (1, 2, 3):
        folder = tmp_path / "in" / str(run)
        folder.mkdir(parents=True)
        for file in range(2):
            numbers = range(file * 40, file * 40 + 50)
            records = [
                {
                    "id": f"{run}-{number}" if number % 5 else f"{number}",
                    "source": "evening.example",
                    "text": "\n\n".join(
                        [
                            prose(number),
                            prose(number % 40 + run),
                            prose(-number * run),
                            prose(7 * number + run),
                        ]
                    ),
                }
                for number in numbers
            ]
            (folder / f"{file}.jsonl").write_bytes(json_lines(*records))
    return tmp_path / "in"


def test_runs_publish_the_same_bytes(news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several runs, one taken back and done again, with an index: in many groups and by one task."""
    monkeypatch.setattr(groups, "GROUP", 1_500)
    decided = []
    monkeypatch.setattr(
        decisions,
        "find",
        lambda *given, do=decisions.find, **rules: decided.append(given) or do(*given, **rules),
    )
    in_groups = published(news, tmp_path / "groups", compared_whole=0)
    assert len(decided) > 10
    decided.clear()
    assert in_groups == published(news, tmp_path / "whole", compared_whole=10**9)
    assert not decided
    assert in_groups[3] != in_groups[4]


def test_a_run_that_ends_between_groups_is_done_again(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same bytes, and nothing published before."""
    engine = Threads(1, lambda _stage, _done, _total: None)
    engine.compared_whole = 0
    monkeypatch.setattr(groups, "GROUP", 1_500)
    settings = Settings()
    execute_run([str(news / "1")], tmp_path / "whole", settings, engine)

    once = iter([decisions.find])

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "find", lambda *given, **rules: next(once)(*given, **rules))
        with pytest.raises(StopIteration):
            execute_run([str(news / "1")], tmp_path / "out", settings, engine)
    assert not digests(tmp_path / "out")
    execute_run([str(news / "1")], tmp_path / "out", settings, engine)
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
