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

from cleaners.duplicate import buckets, candidate_pairs, candidate_texts, keep_rule, shared_keys
from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.facts import fact_words
from cleaners.duplicate.near_duplicates import find_duplicates
from support import frame_of

from .deduplicating import (
    DEFAULTS,
    LISTED,
    NEWS,
    OTHER,
    RULES,
    Corpus,
    corpora,
    decisions_of,
    find,
    frame_in_languages,
    kept,
    language_of,
    options,
    run,
    table_of,
    words,
)


@dataclass(eq=False)
class Paragraph:
    """A paragraph as the oracle sees it."""

    document: int
    position: int
    text: str
    bands: set[tuple[int, int]]
    language: str | None

    def __post_init__(self) -> None:
        """Computes the tokens, the numbers and the names of the text."""
        self.tokens = words(self.text)
        self.numbers = re.findall(r"\d+", self.text.replace("(7.T)", ""))
        spoken = re.split(r"(\w+)", self.text)  # words and what is between them
        self.names = {
            word.casefold()
            for before, word in zip(spoken[2::2], spoken[3::2], strict=False)
            if word[0].isupper() and not set(before) & set("(.")
        }

    def states_more_than(self, other: Paragraph, options: dict[str, Any]) -> bool:
        """Whether it says something that the other one does not: a clause, a listed word, a name."""
        if options["same_facts"] is None or self.tokens == other.tokens:
            return False
        listed = LISTED.get(self.language or "", ())
        n = options["n"]
        mine, theirs = (
            list(zip(*(t[i:] for i in range(n)), strict=False)) for t in (self.tokens, other.tokens)
        )
        is_new = "".join("x" if shingle not in theirs else " " for shingle in mine)
        return (
            "x" * 6 in is_new
            or any(self.tokens.count(word) > other.tokens.count(word) for word in listed)
            or not self.names <= set(other.tokens)
        )

    def is_compared(self, options: dict[str, Any]) -> bool:
        """Whether the paragraph may be a duplicate or a witness."""
        return options["short"] == "exact" or len(self.tokens) >= options["min_tokens"]

    def jaccard(self, other: Paragraph, options: dict[str, Any]) -> Fraction | None:
        """The Jaccard of two paragraphs if this one is a near-duplicate of the other one, or else None."""
        contained = options["measure"] == "containment"
        if min(len(self.tokens), len(other.tokens)) < options["min_tokens"]:
            mine, theirs = (p.tokens or p.text.casefold().split() for p in (self, other))
            counts = not options["same_numbers"] or self.numbers == other.numbers
            return Fraction(1) if options["short"] == "exact" and mine == theirs and counts else None
        if options["same_numbers"] and not (
            set(self.numbers) <= set(other.numbers) if contained else self.numbers == other.numbers
        ):
            return None
        n = options["n"]
        mine, theirs = (
            {tuple(t[i : i + n]) for i in range(max(len(t) - n, 0) + 1)} for t in (self.tokens, other.tokens)
        )
        # the bands may miss a pair; the oracle accepts that
        found = contained or options["method"] == "exact" or self.bands & other.bands
        if not found or self.states_more_than(other, options):
            return None
        common = Fraction(len(mine & theirs))
        jaccard = common / len(mine | theirs)
        near = (common / len(mine) if contained else jaccard) >= Fraction(str(options["threshold"]))
        return jaccard if near else None


def oracle(
    corpus: Corpus,
    older: Mapping[int, Set[int]] = MappingProxyType({}),
    numbers: Sequence[int] | None = None,
    **given_options: Any,
) -> list[tuple[Any, ...]]:
    """(reason, document and position of the witness, Jaccard) of each paragraph, by the letter of the rules.

    `older` maps a document to those that are no witnesses for it. `numbers` has the number of each document, by which
    it has its language.
    """
    options = {**DEFAULTS, **RULES, **given_options}
    share = Fraction(str(options["document_share"] or 0))
    table = table_of(
        frame_in_languages(corpus), **{name: options[name] for name in DEFAULTS}
    ).fingerprints.collect()
    bands = table.select(pl.col("^band_.*$")).rows() or [()] * len(table)
    kept: list[Paragraph] = []
    decisions: list[tuple[Any, ...]] = []
    for d, document in enumerate(corpus):
        language = language_of(d if numbers is None else numbers[d])
        paragraphs = [
            Paragraph(d, p, text, set(enumerate(bands.pop(0))), language) for p, text in enumerate(document)
        ]
        total = sum(len(p.tokens) for p in paragraphs)
        known = [other for other in kept if other.document not in older.get(d, ())]
        lead = None
        if options["keep_leads"]:
            lead = next((p for p in paragraphs if p.is_compared(options)), None)
        for stays in (lead, None):
            witness, tentative = decide_document(paragraphs, known, stays, options)
            earlier = [w is not None and w[0].document < d for w in witness]
            before = sum(len(p.tokens) for p, e in zip(paragraphs, earlier, strict=True) if e)
            left = sum(len(p.tokens) for p in tentative)
            whole = None
            if options["document_share"] is not None and before and before >= share * total:
                whole = "duplicate_document"
            elif options["min_words"] is not None and left < options["min_words"]:
                whole = "too_short"
            if whole or 2 * left >= total:
                break
        for p, w, e in zip(paragraphs, witness, earlier, strict=True):
            if w is not None and (e or not whole) and (whole or p not in tentative):
                decisions.append(("duplicate", f"d{w[0].document:03}", w[0].position, pytest.approx(w[1])))
            else:
                decisions.append((whole, None, None, None))
        kept += [] if whole else tentative
    return decisions


def decide_document(
    paragraphs: list[Paragraph],
    known: list[Paragraph],
    stays: Paragraph | None,
    options: dict[str, Any],
) -> tuple[list[tuple[Paragraph, Fraction] | None], list[Paragraph]]:
    """The witness of each paragraph, with the Jaccard, and the paragraphs that are kept; `stays` is in any case."""
    witness, tentative = [], []
    for paragraph in paragraphs:
        found = next(
            (
                (other, jaccard)
                for other in known + tentative
                if (jaccard := paragraph.jaccard(other, options)) is not None
            ),
            None,
        )
        witness.append(found)
        if found is None or paragraph is stays:
            tentative.append(paragraph)
    return witness, tentative


@given(corpora(), options)
def test_the_rules_by_brute_force(corpus: Corpus, chosen: dict[str, Any]) -> None:
    """Every paragraph has the reason, the witness and the Jaccard that the oracle gives."""
    assert decisions_of(run(corpus, **chosen)) == oracle(corpus, **chosen)


@st.composite
def rewordings(draw: st.DrawFn) -> Corpus:
    """Documents of one paragraph each, which say the same with some words or a clause more, less or changed."""
    words_of_base = st.sampled_from([*"abcdefgh", "bee", "Eel.", "(Fox", "No,"])
    word = st.sampled_from(["bee", "dog", "Cat", "Eel", "(7.T)", "a"])
    clause = st.integers(3, 7).map(lambda length: [*"tuvwxyz"][:length])
    base = draw(st.lists(words_of_base, min_size=14, max_size=24))
    corpus: Corpus = []
    for _ in range(draw(st.integers(2, 4))):
        text = base.copy()
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(text) - 1))
            text[at : at + draw(st.integers(0, 1))] = draw(st.lists(word, max_size=2) | clause)
        corpus.append([" ".join(text)])
    return corpus


@given(
    rewordings(),
    st.sampled_from([1, 3]),
    st.sampled_from([0.3, 0.6]),
    st.booleans(),
    st.sampled_from([0, 1, 100]),
    st.sampled_from(["jaccard", "containment"]),
)
def test_what_states_something_new_stays(
    corpus: Corpus, n: int, threshold: float, same_numbers: bool, many: int, measure: str
) -> None:
    """A near-duplicate with a new clause, name or listed word is kept; the earliest that states all is the witness.

    So it is in large buckets, too, where only rows that have the rarest fact are compared.
    """
    chosen: dict[str, Any] = {"n": n, "threshold": threshold, "method": "exact", "same_numbers": same_numbers}
    chosen |= {
        "same_facts": fact_words(LISTED),
        "document_share": None,
        "min_words": None,
        "measure": measure,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep_rule, "MANY", many)
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
    tables = [table_of(frame_in_languages(corpus), **making)]
    plain = find(tables, **ruling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "CROWDED", crowded)
        patch.setattr(keep_rule, "MANY", crowded)
        patch.setattr(buckets, "PAIRS_WORTH", pairs_worth)
        patch.setattr(shared_keys, "KEYS_AT_ONCE", keys_at_once)
        patch.setattr(candidate_pairs, "KEYS_IN_FILTER", keys_in_filter)
        patch.setattr(candidate_texts, "SHINGLES_AT_ONCE", shingles_at_once)
        assert find(tables, **ruling, workers=workers).equals(plain)


@given(corpora(), options, st.lists(st.integers(0, 7), max_size=3), st.lists(st.integers(0, 7), max_size=3))
@settings(max_examples=settings().max_examples // 3)
def test_runs_add_up(corpus: Corpus, chosen: dict[str, Any], runs: list[int], shards: list[int]) -> None:
    """Decisions do not depend on how the corpus is split into runs, or a run into tables."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    whole = find([table_of(frame_in_languages(corpus), **making)], **ruling)

    def tables(first: int, last: int, cuts: list[int]) -> list[FingerprintTable]:
        edges = [first, *sorted(c for c in cuts if first < c < last), last]
        return [table_of(frame_in_languages(corpus[a:b], a), **making) for a, b in pairwise(edges)]

    index: list[FingerprintTable] = []
    parts = []
    edges = [0, *sorted(min(c, len(corpus)) for c in runs), len(corpus)]
    for a, b in pairwise(edges):
        these = tables(a, b, shards)
        found = find_duplicates(these, index, **ruling)
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
        table_of(frame_in_languages(corpus[a:b], a), **making) for a, b in ((0, cut), (cut, len(corpus)))
    )
    index = [kept(first, find([first], **ruling))]
    pairs = [(f"d{new:03}", f"d{old:03}") for new, olds in versions.items() for old in olds]
    older = pl.DataFrame(pairs, schema={"document_id": pl.String, "older": pl.String}, orient="row")
    frame = duplicate.duplicate(
        frame_in_languages(corpus[cut:], cut), find([second], index, **ruling, older=older)
    )
    wanted = oracle(corpus, versions, **chosen)[sum(map(len, corpus[:cut])) :]
    assert decisions_of(frame) == wanted


@given(
    corpora(),
    options,
    st.integers(0, 7),
    st.one_of(st.just("longest"), st.permutations("abc").map(lambda names: names[:2])),
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=7, max_size=7),
)
@settings(max_examples=settings().max_examples // 2)
def test_which_copy_stays_is_another_order_of_a_runs_documents(
    corpus: Corpus, chosen: dict[str, Any], cut: int, keep: Any, sources: list[str | None]
) -> None:
    """With `keep`, each run decides as if its documents were given in that order; earlier runs come first."""
    making = {name: chosen[name] for name in DEFAULTS}
    ruling = {name: chosen[name] for name in RULES}
    cut = min(cut, len(corpus))

    def rank(document: int) -> int:
        if keep == "longest":
            return -sum(len(words(text)) for text in corpus[document])
        source = sources[document]
        return keep.index(source) if source in keep else len(keep)

    runs = [range(cut), range(cut, len(corpus))]
    order = [document for run_ in runs for document in sorted(run_, key=rank)]
    wanted: dict[int, list[tuple[Any, ...]]] = {}
    decided = iter(oracle([corpus[document] for document in order], numbers=order, **chosen))
    for document in order:
        rows = [next(decided) for _ in corpus[document]]
        wanted[document] = [
            (reason, witness and f"d{order[int(witness[1:])]:03}", *rest) for reason, witness, *rest in rows
        ]
    known = pl.DataFrame(
        {"document_id": [f"d{n:03}" for n in range(7)], "source": sources},
        schema_overrides={"source": pl.String},
    )
    index: list[FingerprintTable] = []
    found = []
    for these in runs:
        frame = frame_in_languages([corpus[n] for n in these], these.start)
        table = table_of(frame, **making)
        (mine,) = find_duplicates([table], index, **ruling, keep=keep, sources=known)
        found += decisions_of(duplicate.duplicate(frame, mine))
        index.append(kept(table, mine))
    assert found == [row for document in range(len(corpus)) for row in wanted[document]]


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


@pytest.mark.parametrize(
    "corpus",
    [
        # the second contains all of the third, the first most of it
        [
            ["lamb owl puma ant rat yak emu ibis bee pig orca"],
            ["lamb owl puma ant rat emu ibis bee pig orca yak lamb owl puma ant rat emu ibis bee pig orca"],
            ["lamb owl puma ant rat emu ibis bee pig orca"],
        ],
        # "ß" is written in another way when texts are compared, but a code in brackets must still be seen
        [
            ["ferry crews of the strait of Große Bucht (7.T) said on the pier at noon that they sail"],
            ["ferry crews of the strait of Große Bucht (7.t) said on the pier at noon that they sail"],
        ],
    ],
)
def test_what_contains_a_paragraph_is_found(corpus: Corpus) -> None:
    """A paragraph that an earlier one contains names the earliest, and no figure is taken for that of a code."""
    chosen = {"method": "exact", "measure": "containment", "same_facts": fact_words(LISTED)}
    chosen |= {"document_share": None, "min_words": None}
    assert decisions_of(run(corpus, **chosen)) == oracle(corpus, **chosen)
