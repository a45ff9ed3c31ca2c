"""Whether one text states all facts of another: the rule of `facts` for pairs that are known already."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from cleaners.duplicate.facts import (
    Facts,
    FactWords,
    has_new_clause,
    has_required,
    required_tokens,
    tokens_and_order,
)
from cleaners.kernels import I64, U64, kernel
from cleaners.text.shingles import BITMAP_WORDS, shingle_sets
from cleaners.text.tokens import longest


def states_nothing_new(
    later: pl.Series, earlier: pl.Series, language: pl.Series, *, n: int, words: FactWords
) -> pl.Series:
    """For each pair of texts, whether the earlier one has all facts of the later one, as a Boolean column.

    Two String columns without null, of the same length; `language` is that of the later texts, null where unknown.

    >>> from cleaners.duplicate.facts import fact_words
    >>> earlier = pl.Series(["The board heard that six boats had sunk."] * 2)
    >>> later = pl.Series(["The board heard that nine boats had sunk.", "The board heard how six boats had sunk."])
    >>> words = fact_words({"en": ["six", "nine"]})
    >>> states_nothing_new(later, earlier, pl.Series(["en", "en"]), n=3, words=words).to_list()
    [False, True]
    """
    pairs = len(later)
    texts = pl.concat([later, earlier])
    shingles, offsets = shingle_sets(texts, n)
    (tokens, token_starts), (order, order_starts) = tokens_and_order(texts, n, shingles, offsets)
    required, required_starts, _ = required_tokens(later, language, words)
    maps = np.zeros((0, BITMAP_WORDS), np.uint64)
    facts = Facts(tokens, token_starts, maps, order, order_starts, required, required_starts, maps)
    return pl.Series(_state_nothing_new(facts, shingles, offsets, pairs), dtype=pl.Boolean)


@kernel
def _state_nothing_new(facts: Facts, shingles: U64, offsets: I64, pairs: int) -> Any:
    """For each of the first `pairs` sets, whether the set `pairs` places later states all that it does."""
    known, found = np.empty(longest(offsets) + 1, np.bool_), np.empty(pairs, np.bool_)
    for own in range(pairs):
        other = own + pairs
        found[own] = has_required(facts, own, other) and not has_new_clause(
            facts, shingles, offsets, own, other, known
        )
    return found
