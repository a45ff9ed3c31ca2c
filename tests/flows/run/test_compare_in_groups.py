"""Large runs are compared in groups, with the decisions of a comparison as a whole."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cleaners.duplicate import candidate_pairs
from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.cleaner import FingerprintTable
from cleaners.lexicon import Lexicon
from flows.run import compare_in_groups as groups
from flows.run.engine import Threads
from flows.run.staged_files import read
from flows.run.stages import Run
from flows.settings import Settings
from support import frame_of
from tests.cleaners.duplicate.deduplicating import DEFAULTS, RULES, Corpus, corpora, kept, options, table_of


def in_groups(
    tables: list[FingerprintTable],
    index: list[FingerprintTable],
    older: pl.DataFrame,
    ruling: dict[str, Any],
    rounds: int = groups.ROUNDS,
) -> list[pl.DataFrame]:
    """The decisions on each table, by groups of few tokens and partitions of few keys."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "GROUP", 30)
        patch.setattr(groups, "ROUNDS", rounds)
        patch.setattr(candidate_pairs, "KEYS_IN_FILTER", 20)
        patch.setattr(groups, "compared", lambda *_, **__: (tables, index))
        patch.setattr(groups, "older_versions", lambda *_: older)
        patch.setattr(groups, "duplicate_rules", lambda _: ruling)
        run = Run("r000001", Path(folder), Path(folder), Settings(), (), Lexicon())
        shards = [f"{number:05d}" for number in range(len(tables))]
        groups.compare_in_groups(run, shards, Threads(2, lambda *_: None))
        return [read(run.path("decisions", shard)).clone() for shard in shards]


@given(
    corpora(),
    options,
    st.lists(st.integers(0, 7), max_size=3),
    st.integers(0, 7),
    st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7))),
)
@settings(max_examples=settings().max_examples // 2, phases=[Phase.explicit, Phase.generate])
def test_groups_decide_as_the_whole_does(
    corpus: Corpus, chosen: dict[str, Any], cuts: list[int], cut: int, drawn: dict[int, set[int]]
) -> None:
    """Whatever the shards, the index and older versions in it: row for row the same decisions."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    cut = min(cut, len(corpus))
    earlier = table_of(frame_of(*corpus[:cut]), **making)
    index = [kept(earlier, duplicate.find_duplicates([earlier], **ruling)[0])]
    edges = [cut, *sorted(c for c in cuts if cut < c < len(corpus)), len(corpus)]
    tables = [table_of(frame_of(*corpus[a:b], first=a), **making) for a, b in pairwise(edges)]
    pairs = [(f"d{new:03}", f"d{old:03}") for new, olds in drawn.items() for old in olds if old < cut <= new]
    older = pl.DataFrame(pairs, schema={"document_id": pl.String, "older": pl.String}, orient="row")
    whole = duplicate.find_duplicates(tables, index, **ruling, older=older)
    for mine, wanted in zip(in_groups(tables, index, older, ruling), whole, strict=True):
        assert mine.equals(wanted)
