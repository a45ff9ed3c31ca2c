"""The search for near-duplicates over the tables of a run and an index of what earlier runs kept.

Tables may be files: they are read band by band. The text of a paragraph is read only if the paragraph has a key in
common with another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from fractions import Fraction
from itertools import chain
from typing import NamedTuple, NotRequired, TypedDict, Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate import candidate_pairs, keep_rule
from cleaners.duplicate.buckets import Buckets, Sets, plain_buckets, uncrowded_buckets
from cleaners.duplicate.candidate_texts import (
    Candidates,
    FingerprintTable,
    TextReader,
    promising_pairs,
    read_texts,
)
from cleaners.duplicate.containment import sided_buckets, sided_pairs
from cleaners.duplicate.document_order import Keep, order_of, reordered
from cleaners.duplicate.facts import FactWords
from cleaners.duplicate.fingerprints import Measure, Method, band_names, uses_bands
from cleaners.duplicate.pair_rule import Compared
from cleaners.duplicate.removed_rows import duplicates_of, removed_rows
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.run_documents import documents_of, older_versions, sources_of
from cleaners.duplicate.shared_keys import Pairs, SidedPairs
from cleaners.kernels import I64, U32


class Rules(TypedDict):
    """What `find_duplicates` decides by; its docstring says what they mean."""

    n: int
    threshold: float
    same_numbers: bool
    same_facts: NotRequired[FactWords | None]
    document_share: float | None
    min_words: int | None
    method: NotRequired[Method]
    measure: NotRequired[Measure]
    keep: NotRequired[Keep]
    keep_leads: NotRequired[bool]


class Found(NamedTuple):
    """What `find` returns."""

    tables: list[pl.DataFrame]  # one for each table of this run, see `find_duplicates`
    documents: keep_rule.Documents
    before: I64  # for each document: the tokens of paragraphs with a witness in an earlier document
    left: I64  # for each document: the tokens of paragraphs that stay, unless it is removed whole


def find_duplicates(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    *,
    older: pl.DataFrame | None = None,
    sources: pl.DataFrame | None = None,
    workers: int = 1,
    **rules: Unpack[Rules],
) -> list[pl.DataFrame]:
    """The paragraphs to remove: one frame for each of `tables`, its rows in order, with the columns of `DECISIONS`.

    `tables` are the tables of this run, in order. No document may span two tables. `index` holds the paragraphs of
    references, whose tables have `uris`, and those that earlier runs kept, in order; it may omit those that are never
    compared (see `kept_fingerprints`).

    With `same_facts`, the words of each language, a near-duplicate states nothing that its witness does not (see
    `cleaners.duplicate.facts`); without it, numbers and Jaccard decide.

    A document is removed whole if paragraphs with a witness in earlier documents hold at least `document_share` of its
    tokens, or if fewer than `min_words` tokens are left. None switches the rule off.

    With `measure = "containment"`, a paragraph is a near-duplicate of one that has at least `threshold` of its shingles
    and, with `same_numbers`, all its figures.

    With `keep_leads`, a document's first paragraph that is compared stays although it has a witness, if at least half
    of the document's tokens stay with it. Its row has no reason.

    `older` has rows of (document_id, older): the first is a document of this run, the second an older version of it in
    the index. An older version is never a witness for its new version.

    `keep` says which of the copies in this run stays: that of the earliest document, of the longest one, by its tokens
    in `tables`, or of the best source, by a list. A list needs `sources`, which has rows of (document_id, source), and
    raises ValueError without. What earlier runs kept stays in any case.

    `workers` bands are processed at once; their number does not change the result.
    """
    return (
        find(tables, index, **rules, older=older, sources=sources, workers=workers).tables if tables else []
    )


def find(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    documents: keep_rule.Documents | None = None,
    *,
    n: int,
    threshold: float,
    same_numbers: bool,
    same_facts: FactWords | None = None,
    document_share: float | None,
    min_words: int | None,
    method: Method = "minhash",
    measure: Measure = "jaccard",
    older: pl.DataFrame | None = None,
    keep: Keep = "earliest",
    keep_leads: bool = False,
    sources: pl.DataFrame | None = None,
    workers: int = 1,
) -> Found:
    """The decisions of `find_duplicates`, and what the document rules counted.

    `documents` are given if `tables`, one at least, have only some of their paragraphs, or if some are decided already.
    """
    all_tables = (*index, *tables)
    row_tables = RowTables([table.fingerprints for table in all_tables], len(index))
    documents = documents or documents_of(row_tables)
    fraction = keep_rule.as_fraction(threshold)
    with ThreadPoolExecutor(workers) as pool:
        exact, firsts = candidate_pairs.exact_duplicates(row_tables, same_numbers)
        row_tables.exclude(exact[exact != firsts])
        if measure == "containment":
            pairs: Pairs | SidedPairs = sided_pairs(row_tables, fraction)
        else:
            columns = band_names(threshold) if uses_bands(method, measure) else ["rarest"]
            pairs = _pairs_with_common_key(row_tables, columns, same_numbers, pool, workers)
        # `pairs` is rebound so that the larger array before it can be freed
        pairs, originals, rows, sets = _sets_of(pairs, exact, firsts, int(row_tables.starts[-1]))
        texts = TextReader(all_tables, row_tables.starts, pool)
        candidates = _candidates(row_tables, originals, same_numbers)
        pairs = promising_pairs(pairs, texts, candidates, n, fraction)
        first_new = int(np.searchsorted(rows, row_tables.first_new))
        compared, variants = read_texts(
            *(candidates, pairs, texts, rows[first_new:], sets[first_new:], n, fraction, same_facts),
            same_numbers=same_numbers,
        )
    first_new_set = int(np.searchsorted(originals, row_tables.first_new))
    del originals, candidates
    buckets = _buckets(pairs, compared, first_new_set, fraction)
    del pairs
    walk = keep_rule.Walk(first_new, sets, variants, rows[first_new:] - row_tables.first_new)
    versions = older_versions(index, row_tables, rows, documents, older)
    order = order_of(keep, documents, sources_of(row_tables, documents, sources))
    ordered = reordered(walk, documents, versions, rows, order)
    decisions = keep_rule.decide(
        *(ordered.walk, compared, buckets, ordered.documents, ordered.versions),
        document_share=document_share,
        min_words=min_words,
        keep_leads=keep_leads,
    )
    sizes = compared.sizes
    del compared, buckets  # most of the memory
    decisions = ordered.back(decisions)
    duplicates = duplicates_of(decisions, ordered, sizes, texts, row_tables, index)
    leads = ordered.given(ordered.walk.places[decisions.leads - first_new])
    found = removed_rows(decisions, leads, duplicates, documents, row_tables, min_words or 0, measure)
    return Found(found, documents, decisions.before, decisions.left)


def _pairs_with_common_key(
    row_tables: RowTables, columns: Sequence[str], same_numbers: bool, pool: Executor, workers: int
) -> Pairs:
    """The pairs of row and key of all columns, for keys that two rows have."""
    keys = candidate_pairs.key_partitions(row_tables, *columns, workers=workers)
    parts = pool.map(lambda key: candidate_pairs.rows_with_common_key(row_tables, key, same_numbers), keys)
    return candidate_pairs.concatenate_pairs(chain.from_iterable(parts))


def _sets_of(
    pairs: Pairs | SidedPairs, exact: U32, firsts: U32, count: int
) -> tuple[Pairs | SidedPairs, I64, I64, U32]:
    """(pairs, originals, rows, sets): what is compared of `count` rows, with the sets of shingles numbered from 0.

    Rows with equal tokens have one set, which is stored under the first of them. `exact` are the rows whose tokens
    equal those of another one, and `firsts` has the first row with the tokens of each.

    `pairs` of row and key become pairs of set and key. `originals` has the row of each set, `rows` the rows that are
    compared, in order, and `sets` the set of each of these.
    """
    which = np.zeros(count, np.bool_)
    which[pairs.rows] = which[firsts] = True
    originals, set_of = np.flatnonzero(which), _numbered(which)
    which[exact] = True
    rows = np.flatnonzero(which)
    sets = set_of[rows]
    sets[np.searchsorted(rows, exact)] = set_of[firsts]
    return pairs._replace(rows=set_of[pairs.rows]), originals, rows, sets


def _numbered(which: NDArray[np.bool_]) -> U32:
    """For each True, how many True values precede it. The entries at False have no meaning."""
    return np.cumsum(which, dtype=np.uint32) - np.uint32(1)


def _candidates(row_tables: RowTables, originals: I64, same_numbers: bool) -> Candidates:
    """What the fingerprints say of the rows of the sets."""
    tokens, numbers = (
        row_tables.gather(originals, name).get_column(name).to_numpy() for name in ("tokens", "numbers")
    )
    return Candidates(originals, tokens, numbers if same_numbers else np.zeros_like(numbers))


def _buckets(pairs: Pairs | SidedPairs, compared: Compared, first_new: int, threshold: Fraction) -> Buckets:
    """The sets that may be near-duplicates of each other; the first set of this run is `first_new`."""
    count = len(compared.sizes)
    if isinstance(pairs, SidedPairs):
        return sided_buckets(pairs, count)
    sets = Sets(compared.shingles, compared.offsets, compared.numbers)
    return uncrowded_buckets(plain_buckets(pairs, count), sets, first_new, threshold)
