"""Dividing the comparison of a large run into groups of rows that can be decided alone.

Two rows belong together if they have the same tokens, or a key in common and sketches that allow for a near-duplicate.
What is so connected is a component, and a group is some components, as many as fit into memory. No row has a witness
outside its group.

Only the document rules reach across groups: a document goes whole by what all of its paragraphs say, and then none of
them is a witness. The groups therefore decide in rounds. A document with rows in one group is decided there, in the
walk. For every other one, a round assumes a fate; the counts of all groups then say which it has. The groups of
documents whose fate was another one decide again, until all were as assumed.

That is exact, and it ends: the counts of a document depend on the fates of earlier documents only. So if all fates
were as assumed, the first document has the right one, hence the second one, and so on. And with each round one more
document at least, the first whose fate was wrong, has it for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.buckets import may_have_match
from cleaners.duplicate.keep_rule import (
    DUPLICATE_DOCUMENT,
    KEPT,
    TOO_SHORT,
    UNDECIDED,
    Documents,
    as_fraction,
)
from cleaners.duplicate.shared_keys import Pairs
from cleaners.kernels import I64, U32, U64, Written, kernel
from cleaners.text.utf8 import starts_of

#: The fate of a document: KEPT, DUPLICATE_DOCUMENT or TOO_SHORT.
FATES: Final[dict[str, pl.DataType]] = {"document": pl.UInt64(), "fate": pl.UInt8()}

#: What a group counts for the document rules; one row for each of its documents.
COUNTS: Final[dict[str, pl.DataType]] = {
    "document": pl.UInt64(),
    "total": pl.Int64(),  # the tokens of the whole document
    "before": pl.Int64(),  # those of rows with a witness in an earlier document
    "removed": pl.Int64(),  # those of rows with any witness
}


def promising(pairs: Pairs, rows: U32, sizes: I64, bitmaps: U64, numbers: U64, threshold: Fraction) -> Pairs:
    """The pairs of row and key, without the rows that cannot be a near-duplicate of another with the same key.

    `rows` are the rows of the pairs, sorted and each once. `sizes` and `bitmaps` are their `shingles.sketches`,
    `numbers` the hashes of their numbers, or 0 everywhere.
    """
    places = np.searchsorted(rows, pairs.rows).astype(np.uint32)
    found = may_have_match(Pairs(places, pairs.keys), sizes, bitmaps, numbers, threshold, contains=False)
    chosen = found[places]
    return Pairs(pairs.rows[chosen], pairs.keys[chosen])


def components(rows: U32, links: Iterable[tuple[U32, U32]]) -> I64:
    """For each of the sorted `rows`, the place of the first row of its component.

    A link is two arrays of rows, which belong together one by one.
    """
    parents = np.arange(len(rows))
    for ones, others in links:
        _union(parents, np.searchsorted(rows, ones), np.searchsorted(rows, others))
    _to_roots(parents)
    return parents


def links_of(pairs: Pairs) -> tuple[U32, U32]:
    """Rows, and for each a row with the same key; all rows of a key are so connected."""
    _, first, which = np.unique(pairs.keys, return_index=True, return_inverse=True)
    return pairs.rows, pairs.rows[first][which]


def group_numbers(roots: I64, weights: I64, most: int) -> U32:
    """The group of each row, numbered from 0: components in order, until their weights exceed `most`.

    `roots` is what `components` returns. A heavier component is alone, or the last of its group.
    """
    of_components = np.bincount(roots, weights, minlength=len(roots)).astype(np.int64)
    _, numbers = np.unique(starts_of(of_components)[:-1][roots] // most, return_inverse=True)
    groups: U32 = numbers.astype(np.uint32)
    return groups


def group_documents(rows: pl.DataFrame, known: pl.DataFrame, min_words: int | None) -> Documents:
    """The documents of the rows of this run in a group.

    `rows` has columns document, tokens, total (the tokens of its document) and shared (whether its document has rows in
    other groups, too). `known` are the `FATES` of the shared documents, as far as they are known; the others are
    assumed to be kept, if they have `min_words`.
    """
    numbers = rows.get_column("document").to_numpy()
    firsts = np.flatnonzero(
        np.concatenate((np.ones(min(len(rows), 1), np.bool_), numbers[1:] != numbers[:-1]))
    )
    each = rows.select("document", "total", "shared")[firsts].join(
        known, on="document", how="left", maintain_order="left"
    )
    assumed = pl.when(pl.col("total") < (min_words or 0)).then(TOO_SHORT).otherwise(KEPT)
    fates = pl.when("shared").then(pl.coalesce("fate", assumed)).otherwise(UNDECIDED).cast(pl.UInt8)
    return Documents(
        np.concatenate((firsts, [len(rows)])).astype(np.int64),
        rows.get_column("tokens").to_numpy(),
        each.get_column("total").to_numpy(),
        each.select(fates.alias("fate")).to_series().to_numpy(),
        np.full(len(each), -1),
    )


def fates_of(
    totals: I64, before: I64, left: I64, document_share: float | None, min_words: int | None
) -> NDArray[np.uint8]:
    """The fate of each document by its counts: see `keep_rule.decide`."""
    share = as_fraction(document_share or 1)
    whole = (before > 0) & (before * share.denominator >= share.numerator * totals)
    whole &= document_share is not None
    fates: NDArray[np.uint8] = np.where(
        whole, DUPLICATE_DOCUMENT, np.where(left < (min_words or 0), TOO_SHORT, KEPT)
    ).astype(np.uint8)
    return fates


def settle_fates(counts: pl.DataFrame, document_share: float | None, min_words: int | None) -> pl.DataFrame:
    """The `FATES` of the documents in these `COUNTS` of all groups, sorted by document."""
    sums = counts.group_by("document").agg(pl.col("total").first(), pl.col("before", "removed").sum())
    sums = sums.sort("document")
    total, before, removed = (sums.get_column(name).to_numpy() for name in ("total", "before", "removed"))
    fates = fates_of(total, before, total - removed, document_share, min_words)
    return sums.select("document").with_columns(pl.Series("fate", fates, pl.UInt8))


@kernel
def _union(parents: Written[I64], ones: I64, others: I64) -> Any:
    """Connect places one by one; the root of a component is its least place."""
    for i in range(len(ones)):
        one, other = ones[i], others[i]
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        while parents[other] != other:
            parents[other] = parents[parents[other]]
            other = parents[other]
        if one < other:
            parents[other] = one
        else:
            parents[one] = other


@kernel
def _to_roots(parents: Written[I64]) -> Any:
    for i in range(len(parents)):  # parents come first, and have their root by then
        parents[i] = parents[parents[i]]
