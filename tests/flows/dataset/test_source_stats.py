"""`source_stats`: what a run did to each source, counted shard by shard."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners import REASONS
from flows.dataset.source_stats import MEASURES, SCHEMA, merge_source_stats, shares, stats_of_shard

#: (document, source, words, reason, repaired, witness)
Row = tuple[str, str | None, int, str | None, bool, str | None]
SOURCES = {"a1": "ash", "a2": "ash", "b1": "birch", "n1": None, "n2": None}

row: st.SearchStrategy[Row] = st.builds(
    lambda name, words, reason, repaired, witness: (
        name,
        SOURCES[name],
        words,
        reason,
        repaired,
        witness if reason and reason.startswith("duplicate") else None,
    ),
    st.sampled_from(sorted(SOURCES)),
    st.integers(0, 20),
    st.sampled_from([None, *REASONS]),
    st.booleans(),
    st.sampled_from(["w1", "w2", "a1"]),
)


def paragraphs(rows: list[Row]) -> pl.DataFrame:
    """A frame of paragraphs with the columns that are counted."""
    return pl.DataFrame(
        {
            "document": [sorted(SOURCES).index(r[0]) for r in rows],
            "document_id": [r[0] for r in rows],
            "source": [r[1] for r in rows],
            "text": ["d?ici" if r[2] % 2 else "Ici?" for r in rows],
            "words": [r[2] for r in rows],
            "reason": [r[3] for r in rows],
            "before": ["x" if r[4] else None for r in rows],
            "duplicate_of_document_id": [r[5] for r in rows],
            "duplicate_of_position": [0 if r[5] else None for r in rows],
        },
        schema={
            "document": pl.UInt32,
            "document_id": pl.String,
            "source": pl.String,
            "text": pl.String,
            "words": pl.UInt32,
            "reason": pl.String,
            "before": pl.String,
            "duplicate_of_document_id": pl.String,
            "duplicate_of_position": pl.UInt32,
        },
    )


def count(shards: list[list[Row]], uris: list[str]) -> pl.DataFrame:
    """The stats of a run of these shards, with the rejected inputs in the first."""
    parts = [
        stats_of_shard(paragraphs(rows), pl.DataFrame({"uri": [] if n else uris}, schema={"uri": pl.String}))
        for n, rows in enumerate(shards)
    ]
    return merge_source_stats("r000001", [counts for counts, _ in parts], [clusters for _, clusters in parts])


def by_hand(rows: list[Row], uris: list[str]) -> dict[str, Any]:
    """A row of the stats, counted one by one."""
    documents = {r[0] for r in rows}
    removed = {reason: sum(r[2] for r in rows if r[3] == reason) for reason in REASONS}
    witnesses = {r[5] for r in rows if r[5]}
    clusters = [len({r[0] for r in rows if r[5] == w and r[0] != w}) for w in witnesses]
    return {
        "documents": len(documents),
        "paragraphs": len(rows),
        "words": sum(r[2] for r in rows),
        "words_squared": sum(float(sum(r[2] for r in rows if r[0] == d)) ** 2 for d in documents),
        "repaired": sum(r[4] for r in rows),
        "lossy_quotes": sum(r[2] % 2 for r in rows if r[3] is None),
        "rejected": len(uris),
        "cluster": max(clusters, default=0),
        **removed,
    }


@settings(max_examples=25)
@given(rows=st.lists(row, max_size=12), cuts=st.lists(st.sampled_from(sorted(SOURCES)), max_size=3))
def test_a_tally_adds_up_over_shards(rows: list[Row], cuts: list[str]) -> None:
    """However documents are spread over shards, the stats of the run and of each source equal a plain count."""
    shards = [[r for r in rows if r[0] not in cuts], *([r for r in rows if r[0] == cut] for cut in set(cuts))]
    uris = ["/in/ash/1.txt", "/in/ash/2.txt", "/in/elm/3.txt", "/in/ash/all.jsonl#7", "lone.txt"]
    counts = count(shards, uris)
    assert dict(counts.schema) == SCHEMA
    rejected = {"ash": uris[:2], "elm": uris[2:3], None: uris[3:]}
    for line in counts.iter_rows(named=True):
        if line["whole"]:
            expected = by_hand(rows, uris)
        else:
            of_source = [r for r in rows if r[1] == line["source"]]
            expected = by_hand(of_source, rejected.get(line["source"], []))
        assert {name: line[name] for name in expected} == expected
    assert counts["whole"].to_list() == [True] + [False] * (len(counts) - 1)


@settings(max_examples=25)
@given(rows=st.lists(row, min_size=1, max_size=12))
def test_shares_are_shares(rows: list[Row]) -> None:
    """Shares are between 0 and 1, of known measures, and of no more documents or inputs than there are."""
    found = shares(count([rows], ["/in/ash/1.txt"]))
    assert found["share"].is_between(0, 1).all()
    assert (found["size"] <= found["documents"] + 1 + 1e-9).all()
    assert (found["size"] >= 1 - 1e-9).all()
    assert set(found["measure"]) <= set(MEASURES)


def test_the_measures_of_a_source() -> None:
    """Shares: words removed by reason, paragraphs repaired, inputs rejected, documents in the largest cluster."""
    rows: list[Row] = [
        ("a1", "ash", 10, None, True, None),
        ("a1", "ash", 30, "duplicate", False, "w1"),
        ("a2", "ash", 40, "duplicate", False, "w1"),
        ("a2", "ash", 20, "boilerplate", False, None),
    ]
    found = shares(count([rows], ["/in/ash/1.txt", "/in/ash/2.txt"])).filter(~pl.col("whole"))
    share = dict(found.select("measure", "share").iter_rows())
    assert share == pytest.approx(
        {
            **dict.fromkeys(REASONS, 0.0),
            "removed": 0.9,
            "duplicate": 0.7,
            "boilerplate": 0.2,
            "rejected": 0.5,
            "mojibake": 0.25,
            "cluster": 1.0,
        }
    )
    assert found.filter(pl.col("measure") == "removed")["size"].item() == pytest.approx(
        100**2 / (40**2 + 60**2)
    )
