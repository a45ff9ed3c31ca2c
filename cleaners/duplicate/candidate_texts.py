"""What is read from the texts of candidates: their shingle sets and the facts they state.

Texts are read only for paragraphs that have a key in common with another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.buckets import may_have_match
from cleaners.duplicate.containment import figure_sets
from cleaners.duplicate.facts import (
    Facts,
    FactWords,
    required_tokens,
    token_maps,
    tokens_and_order,
)
from cleaners.duplicate.pair_rule import Compared, Figures, compared, no_figures
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs, SidedPairs, number_pairs
from cleaners.kernels import I64, U32, U64
from cleaners.text.shingles import BITMAP_WORDS, shingle_sets, sketches
from cleaners.text.utf8 import starts_of

Result = TypeVar("Result")

#: Above this many shingles (128 MB), only the sets that may have a near-duplicate are kept in memory.
SHINGLES_AT_ONCE: Final = 1 << 24


def unknown_languages(rows: I64) -> pl.Series:
    """Null for each row."""
    return pl.repeat(None, len(rows), dtype=pl.String, eager=True)


class FingerprintTable(NamedTuple):
    """The fingerprints of some paragraphs, in order, and functions that return more about some of them."""

    fingerprints: pl.LazyFrame
    texts: Callable[[I64], pl.Series]  # from row numbers to the texts of those rows
    #: from row numbers to the languages of those rows, which count only in this run; null where unknown
    languages: Callable[[I64], pl.Series] = unknown_languages
    uris: Callable[[I64], pl.Series] | None = None  # the uris of their documents, in a table of a reference


class Candidates(NamedTuple):
    """The rows under which the sets are stored: the first row with their tokens."""

    rows: I64
    tokens: U32  # the number of tokens
    numbers: U64  # the hash of the numbers; 0 where they do not count


class TextReader(NamedTuple):
    """Reads the texts of rows, table by table."""

    tables: Sequence[FingerprintTable]
    starts: I64  # as in `RowTables`
    pool: Executor

    def map(self, make: Callable[[FingerprintTable, I64, int], Result], rows: I64) -> Iterator[Result]:
        """`make(table, rows of that table, its first row)` for each table in order, for those of the sorted `rows`."""

        def of_table(i: int) -> Result:
            start, stop = self.starts[i : i + 2].tolist()
            return make(self.tables[i], RowTables.local_rows(rows, start, stop), start)

        return self.pool.map(of_table, range(len(self.tables)))

    def read(self, rows: I64) -> pl.Series:
        """The texts of rows, in the order given; rows may repeat."""
        wanted, place = np.unique(rows, return_inverse=True)
        parts = [
            table.texts(local)
            for table, start, stop in zip(self.tables, self.starts, self.starts[1:], strict=False)
            if len(local := RowTables.local_rows(wanted, start, stop))
        ]
        return pl.concat(parts).gather(place)


def promising_pairs(
    pairs: Pairs | SidedPairs, texts: TextReader, candidates: Candidates, n: int, threshold: Fraction
) -> Pairs | SidedPairs:
    """The pairs of set and key, without the sets that cannot have a near-duplicate.

    If there are at most SHINGLES_AT_ONCE shingles, all pairs are returned: their sets fit in memory.
    """
    count = len(candidates.rows)
    with_keys = np.zeros(count, np.bool_)
    with_keys[pairs.rows] = True
    left = np.flatnonzero(with_keys)
    if candidates.tokens[left].sum(dtype=np.int64) <= SHINGLES_AT_ONCE:
        return pairs
    sizes, bitmaps = np.zeros(count, np.int64), np.zeros((count, BITMAP_WORDS), np.uint64)
    parts = texts.map(lambda table, rows, _: sketches(table.texts(rows), n), candidates.rows[left])
    for some_sizes, some_bitmaps in parts:
        some, left = left[: len(some_sizes)], left[len(some_sizes) :]
        sizes[some], bitmaps[some] = some_sizes, some_bitmaps
    contains = isinstance(pairs, SidedPairs)
    found = may_have_match(pairs, sizes, bitmaps, candidates.numbers, threshold, contains=contains)
    chosen = found[pairs.rows]
    if isinstance(pairs, SidedPairs):
        return SidedPairs(pairs.rows[chosen], pairs.keys[chosen], pairs.looks[chosen])
    return Pairs(pairs.rows[chosen], pairs.keys[chosen])


class ReadTexts(NamedTuple):
    """What the texts of the candidates say."""

    compared: Compared
    variants: I64  # for each row of this run, see `keep_rule.Walk`


def read_texts(
    candidates: Candidates,
    pairs: Pairs | SidedPairs,
    texts: TextReader,
    new_rows: I64,
    sets_of_new: U32,
    n: int,
    threshold: Fraction,
    words: FactWords | None,
    *,
    same_numbers: bool,
) -> ReadTexts:
    """The shingle sets of the candidates that have keys, and with `words` what they state and require.

    `new_rows` are the rows of this run that may be removed, and `sets_of_new` the set of each. Pairs that are sided ask
    for containment, and then figures count one by one, unless `same_numbers` is off.
    """
    with_keys = np.zeros(len(candidates.rows), np.bool_)
    with_keys[pairs.rows] = True
    contains = isinstance(pairs, SidedPairs)

    def read_sets(table: FingerprintTable, rows: I64, _: int) -> tuple[tuple[U64, I64], tuple[U64, I64]]:
        text = table.texts(rows)
        return shingle_sets(text, n), figure_sets(text) if contains and same_numbers else no_figures(
            len(text)
        )

    # a text has at most as many shingles as tokens
    room = int(candidates.tokens[with_keys].sum(dtype=np.int64))
    shingles, figures = _Lists(np.empty(room, np.uint64)), _Lists(np.empty(room, np.uint64))
    for of_table, figures_of_table in texts.map(read_sets, candidates.rows[with_keys]):
        shingles.append(*of_table)
        figures.append(*figures_of_table)
    rule = compared(
        *shingles.spread(with_keys),
        candidates.numbers,
        threshold,
        Figures(*figures.spread(with_keys)) if contains else None,
    )
    if words is None:
        return ReadTexts(rule, np.where(with_keys[sets_of_new], sets_of_new.astype(np.int64), -1))
    # few sets that share a key have a near-duplicate, so it pays to read the texts of those once more
    near = with_keys & may_have_match(
        pairs, rule.sizes, rule.bitmaps, rule.numbers, threshold, contains=contains
    )
    firsts, asked = candidates.rows[near], new_rows[near[sets_of_new]]

    def read(table: FingerprintTable, rows: I64, start: int) -> _Read:
        text, of_table = table.texts(rows), rows + start
        first, own = (pl.Series(np.isin(of_table, some, assume_unique=True)) for some in (firsts, asked))
        sets = text.filter(first)
        required = required_tokens(text.filter(own), table.languages(rows[own.to_numpy()]), words)
        return _Read(*tokens_and_order(sets, n, *shingle_sets(sets, n)), required)

    room = int(candidates.tokens[near].sum(dtype=np.int64))
    tokens, order = _Lists(np.empty(room, np.uint64)), _Lists(np.empty(room, np.uint32))
    lists: list[tuple[U64, I64, U64]] = []
    for some in texts.map(read, np.union1d(firsts, asked)):
        tokens.append(*some.tokens)
        order.append(*some.order)
        lists.append(some.required)
    variants, required, starts = _variants(lists, sets_of_new[near[sets_of_new]])
    all_tokens, token_starts = tokens.spread(near)
    facts = Facts(
        all_tokens,
        token_starts,
        token_maps(all_tokens, token_starts),
        *order.spread(near),
        required,
        starts,
        token_maps(required, starts),
    )
    of_rows = np.full(len(new_rows), -1)
    of_rows[near[sets_of_new]] = variants
    return ReadTexts(rule._replace(facts=facts, same_facts=True), of_rows)


class _Read(NamedTuple):
    """What is read of some texts: of those that stand for a set, and of those of this run."""

    tokens: tuple[U64, I64]
    order: tuple[U32, I64]
    required: tuple[U64, I64, U64]


def _variants(parts: Sequence[tuple[U64, I64, U64]], sets: U32) -> tuple[I64, U64, I64]:
    """(variants, required, starts): the variant of each row, and what each variant requires, as in `Facts`.

    `parts` are what `required_tokens` returns for consecutive rows, and `sets` the set of each row.
    """
    values, hashes = (np.concatenate([part[i] for part in parts]) for i in (0, 2))
    counts = np.concatenate([np.diff(part[1]) for part in parts])
    _, first, variants = np.unique(
        number_pairs(sets.astype(np.uint64), hashes), return_index=True, return_inverse=True
    )
    starts = starts_of(counts[first])
    places = np.repeat(starts_of(counts)[first] - starts[:-1], counts[first]) + np.arange(starts[-1])
    return variants, values[places], starts


class _Lists:
    """Lists of values, one after the other; each part that is appended can then be freed."""

    def __init__(self, room: NDArray[Any]) -> None:
        # the operating system allocates pages on first write, so unused room costs no memory
        self._values, self._end = room, 0
        self._counts = [np.zeros(0, np.int64)]

    def append(self, values: NDArray[Any], starts: I64) -> None:
        """Append lists; list i is `values[starts[i]:starts[i + 1]]`."""
        self._values[self._end : self._end + len(values)] = values
        self._end += len(values)
        self._counts.append(np.diff(starts))

    def spread(self, which: NDArray[np.bool_]) -> tuple[NDArray[Any], I64]:
        """(values, starts) with an empty list at each place where `which` is false."""
        counts = np.zeros(len(which), np.int64)
        counts[which] = np.concatenate(self._counts)
        return self._values[: self._end], starts_of(counts)
