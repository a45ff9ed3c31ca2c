"""The keep rule and the document rules, compared with a brute-force implementation of their definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.duplicate import buckets, candidate_pairs, shared_keys
from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.cleaner import FingerprintTable
from support import frame_of

from .deduplicating import (
    DEFAULTS,
    NEWS,
    OTHER,
    RULES,
    Corpus,
    corpora,
    decisions_of,
    find,
    kept,
    options,
    run,
    table_of,
    words,
)


@dataclass
class Paragraph:
    """A paragraph as the oracle sees it."""

    document: int
    position: int
    text: str
    bands: set[tuple[int, int]]

    def __post_init__(self) -> None:
        """Computes the tokens and the numbers of the text."""
        self.tokens = words(self.text)
        self.numbers = re.findall(r"\d+", " ".join(self.tokens))

    def jaccard(self, other: Paragraph, options: dict[str, Any]) -> Fraction:
        """The Jaccard of two paragraphs, or 0 if they are not compared."""
        if options["same_numbers"] and self.numbers != other.numbers:
            return Fraction(0)
        if min(len(self.tokens), len(other.tokens)) < options["min_tokens"]:
            mine, theirs = (p.tokens or p.text.casefold().split() for p in (self, other))
            return Fraction(options["short"] == "exact" and mine == theirs)
        n = options["n"]
        mine, theirs = (
            {tuple(t[i : i + n]) for i in range(max(len(t) - n, 0) + 1)} for t in (self.tokens, other.tokens)
        )
        # the bands may miss a pair; the oracle accepts that
        found = options["method"] == "exact" or self.bands & other.bands
        return Fraction(len(mine & theirs), len(mine | theirs)) if found else Fraction(0)


def oracle(
    corpus: Corpus, older: Mapping[int, Set[int]] = MappingProxyType({}), **given_options: Any
) -> list[tuple[Any, ...]]:
    """(reason, document and position of the witness, Jaccard) of each paragraph, by the letter of the rules.

    `older` maps a document to those that are no witnesses for it.
    """
    options = {**DEFAULTS, **RULES, **given_options}
    threshold, share = (Fraction(str(options[k] or 0)) for k in ("threshold", "document_share"))
    table = table_of(frame_of(*corpus), **{name: options[name] for name in DEFAULTS}).fingerprints.collect()
    bands = table.select(pl.col("^band_.*$")).rows() or [()] * len(table)
    kept: list[Paragraph] = []
    decisions: list[tuple[Any, ...]] = []
    for d, document in enumerate(corpus):
        paragraphs = [Paragraph(d, p, text, set(enumerate(bands.pop(0)))) for p, text in enumerate(document)]
        tentative: list[Paragraph] = []
        witness: list[tuple[Paragraph, Fraction] | None] = []
        for paragraph in paragraphs:
            found = next(
                (
                    (other, jaccard)
                    for other in kept + tentative
                    if other.document not in older.get(d, ())
                    and (jaccard := paragraph.jaccard(other, options)) >= threshold
                ),
                None,
            )
            witness.append(found)
            if found is None:
                tentative.append(paragraph)
        earlier = [w is not None and w[0].document < d for w in witness]
        total = sum(len(p.tokens) for p in paragraphs)
        before = sum(len(p.tokens) for p, e in zip(paragraphs, earlier, strict=True) if e)
        left = sum(len(p.tokens) for p in tentative)
        whole = None
        if options["document_share"] is not None and before and before >= share * total:
            whole = "duplicate_document"
        elif options["min_words"] is not None and left < options["min_words"]:
            whole = "too_short"
        for w, e in zip(witness, earlier, strict=True):
            if w is not None and (e or not whole):
                decisions.append(("duplicate", f"d{w[0].document:03}", w[0].position, pytest.approx(w[1])))
            else:
                decisions.append((whole, None, None, None))
        kept += [] if whole else tentative
    return decisions


@given(corpora(), options)
def test_the_rules_by_brute_force(corpus: Corpus, chosen: dict[str, Any]) -> None:
    """Every paragraph has the reason, the witness and the Jaccard that the oracle gives."""
    assert decisions_of(run(corpus, **chosen)) == oracle(corpus, **chosen)


@given(
    corpora(),
    options,
    st.sampled_from([0, 1, 2, 5, 200]),
    st.sampled_from([0, 4, 1 << 30]),
    st.integers(1, 3),
    st.sampled_from([7, 1 << 20]),
    st.sampled_from([20, 1 << 20]),
    st.sampled_from([0, 1 << 20]),
)
@settings(max_examples=settings().max_examples // 3)
def test_crowding_workers_and_parts_change_nothing(
    corpus: Corpus,
    chosen: dict[str, Any],
    crowded: int,
    pairs_worth: int,
    workers: int,
    keys_at_once: int,
    keys_in_filter: int,
    shingles_at_once: int,
) -> None:
    """The prefix filter for crowded buckets, the bitmap prefilter and partitioned keys do not change the decisions."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    tables = [table_of(frame_of(*corpus), **making)]
    plain = find(tables, **ruling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "CROWDED", crowded)
        patch.setattr(buckets, "PAIRS_WORTH", pairs_worth)
        patch.setattr(shared_keys, "KEYS_AT_ONCE", keys_at_once)
        patch.setattr(candidate_pairs, "KEYS_IN_FILTER", keys_in_filter)
        patch.setattr(duplicate, "SHINGLES_AT_ONCE", shingles_at_once)
        assert find(tables, **ruling, workers=workers).equals(plain)


@given(corpora(), options, st.lists(st.integers(0, 7), max_size=3), st.lists(st.integers(0, 7), max_size=3))
@settings(max_examples=settings().max_examples // 3)
def test_runs_add_up(corpus: Corpus, chosen: dict[str, Any], runs: list[int], shards: list[int]) -> None:
    """Decisions do not depend on how the corpus is split into runs, or a run into tables."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    whole = find([table_of(frame_of(*corpus), **making)], **ruling)

    def tables(first: int, last: int, cuts: list[int]) -> list[FingerprintTable]:
        edges = [first, *sorted(c for c in cuts if first < c < last), last]
        return [table_of(frame_of(*corpus[a:b], first=a), **making) for a, b in pairwise(edges)]

    index: list[FingerprintTable] = []
    parts = []
    edges = [0, *sorted(min(c, len(corpus)) for c in runs), len(corpus)]
    for a, b in pairwise(edges):
        these = tables(a, b, shards)
        found = duplicate.find_duplicates(these, index, **ruling)
        parts += found
        index += [kept(table, mine) for table, mine in zip(these, found, strict=True)]
    decided = pl.concat([whole.clear(), *parts])
    assert decided.drop("row").equals(whole.drop("row"))


@given(corpora(), options, st.integers(0, 7), st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7))))
@settings(max_examples=settings().max_examples // 2)
def test_an_older_version_is_no_witness(
    corpus: Corpus, chosen: dict[str, Any], cut: int, drawn: dict[int, set[int]]
) -> None:
    """A document is decided as if its older versions did not exist; they stay witnesses for all other documents."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    cut = min(cut, len(corpus))
    versions = {new: {o for o in old if o < cut} for new, old in drawn.items() if new >= cut}
    first, second = (
        table_of(frame_of(*corpus[a:b], first=a), **making) for a, b in ((0, cut), (cut, len(corpus)))
    )
    index = [kept(first, find([first], **ruling))]
    pairs = [(f"d{new:03}", f"d{old:03}") for new, olds in versions.items() for old in olds]
    older = pl.DataFrame(pairs, schema={"document_id": pl.String, "older": pl.String}, orient="row")
    frame = duplicate.duplicate(
        frame_of(*corpus[cut:], first=cut), find([second], index, **ruling, older=older)
    )
    wanted = oracle(corpus, versions, **chosen)[sum(map(len, corpus[:cut])) :]
    assert decisions_of(frame) == wanted


def test_tables_in_files(tmp_path: Path) -> None:
    """Lazy scans of Parquet files give the same decisions as frames in memory."""
    corpora_of_two: Sequence[Corpus] = [
        [[NEWS, OTHER]],
        [[OTHER, "short one", NEWS], [NEWS.upper(), "new words"]],
    ]
    frames = [frame_of(*corpora_of_two[0]), frame_of(*corpora_of_two[1], first=1)]
    tables = [table_of(frame, **DEFAULTS) for frame in frames]
    for i, table in enumerate(tables):
        table.fingerprints.collect().write_parquet(tmp_path / f"{i}.parquet")
    scans = [
        table._replace(fingerprints=pl.scan_parquet(tmp_path / f"{i}.parquet"))
        for i, table in enumerate(tables)
    ]
    assert find(scans, **RULES).equals(find(tables, **RULES))
    assert find(scans[1:], scans[:1], **RULES).equals(find(tables[1:], tables[:1], **RULES))
