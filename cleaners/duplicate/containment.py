"""Containment: candidates, buckets and figures for `measure = "containment"`.

A later set of m shingles, of which a witness has at least ceil(t * m), has one in common with it among any
m - ceil(t * m) + 1 of its shingles, however long the witness is. So a paragraph looks for the rarest of its shingles,
its *prefix*, and is found by all of its shingles (the prefix filter of Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins", 2006, with a prefix on one side only). So the index has all shingles of a paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate.buckets import Buckets
from cleaners.duplicate.figures import without_codes
from cleaners.duplicate.keep_rule import as_fraction
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import NO_HIGH, KeyFilter, Keys, SidedPairs, shared_keys
from cleaners.kernels import I64, U32, U64
from cleaners.text.tokens import MULTIPLIER
from cleaners.text.utf8 import starts_of

#: Keys of this run that go through a filter at once, which then takes up to 128 MB.
KEYS_AT_ONCE: Final = 1 << 25

#: Digits of scripts in which every character is a token: each is a figure by itself.
_SINGLE: Final = r"\u0e50-\u0e59\u0ed0-\u0ed9\u1040-\u1049\u1090-\u1099\u17e0-\u17e9"
_FIGURE: Final = rf"[{_SINGLE}]|[\p{{Nd}}&&[^{_SINGLE}]]+"


def looked_for(fingerprints: pl.LazyFrame, threshold: float) -> pl.LazyFrame:
    """The fingerprints with only the prefix of each list of keys."""
    p, q = as_fraction(threshold).as_integer_ratio()
    keys = pl.col("rarest")
    count = keys.list.len().cast(pl.Int64)
    return fingerprints.with_columns(keys.list.head(count - (p * count + q - 1) // q + 1))


def sided_pairs(row_tables: RowTables, threshold: Fraction) -> SidedPairs:
    """The pairs whose key a row of this run has in its prefix, and another row has at all."""
    new = row_tables.tables[row_tables.indexed :]
    lengths = pl.col("rarest").list.len().sum()
    total = sum(table.select(lengths).collect().item() or 0 for table in new)
    partitions = 1 + total // KEYS_AT_ONCE
    parts, count = [], 0
    for partition in range(partitions):
        part = _pairs_of(row_tables, threshold, partition, partitions, total // partitions)
        parts.append(part._replace(keys=part.keys + np.uint32(count)))
        count += int(part.keys.max(initial=0)) + 1
    return SidedPairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _pairs_of(
    row_tables: RowTables, threshold: Fraction, partition: int, partitions: int, expected: int
) -> SidedPairs:
    p, q = threshold.as_integer_ratio()

    def read(new: bool) -> Iterator[tuple[U32, U64, NDArray[np.bool_]]]:
        for rows, columns in row_tables.keys("rarest", new=new):
            column = columns.get_column("rarest")
            counts = column.list.len().to_numpy().astype(np.int64)
            owners, keys = (
                np.repeat(rows, counts),
                column.explode(empty_as_null=False, keep_nulls=False).to_numpy(),
            )
            places = np.arange(len(keys)) - np.repeat(starts_of(counts)[:-1], counts)
            looks = places < np.repeat(counts - -(-p * counts // q) + 1, counts)
            if partitions > 1:
                upper = keys * np.uint64(MULTIPLIER) >> np.uint64(33)
                inside: NDArray[np.bool_] = upper % np.uint64(partitions) == partition
                owners, keys, looks = owners[inside], keys[inside], looks[inside]
            yield owners, keys, looks

    seen = KeyFilter(expected)
    for _, keys, looks in read(new=True):
        seen.mark(Keys(keys[looks], NO_HIGH))
    found: list[tuple[NDArray[Any], ...]] = []
    for new in (False, True):
        for rows, keys, looks in read(new):
            some = seen.pass_index(Keys(keys, NO_HIGH))
            found.append((rows[some], keys[some], looks[some] & new))
    rows, keys, looks = (np.concatenate(columns) for columns in zip(*found, strict=True))
    # not only in one set, and at least once in a prefix
    pairs, which = shared_keys(rows, keys, row_tables.first_new)
    looks = looks[which]
    wanted = np.zeros(int(pairs.keys.max(initial=0)) + 1, np.bool_)
    wanted[pairs.keys[looks]] = True
    numbers = np.cumsum(wanted, dtype=np.uint32) - np.uint32(1)
    mine = np.flatnonzero(wanted[pairs.keys])
    return SidedPairs(pairs.rows[mine], numbers[pairs.keys[mine]], looks[mine])


def sided_buckets(pairs: SidedPairs, set_count: int) -> Buckets:
    """The buckets of pairs of set and key: a set is added to those of all its keys, and searches those of its prefix.

    Bucket 2k has the sets with key k, and no set searches by it: its partner is the last bucket, which is empty. Bucket
    2k + 1 is that of the sets that look for key k: its partner is 2k.
    """
    count = int(pairs.keys.max(initial=0)) + 1
    rows = np.concatenate((pairs.rows, pairs.rows[pairs.looks]))
    buckets = np.concatenate((2 * pairs.keys, 2 * pairs.keys[pairs.looks] + np.uint32(1)))
    order = np.argsort(rows, kind="stable")
    offsets = starts_of(np.bincount(rows, minlength=set_count))
    partners = np.full(2 * count + 1, 2 * count, np.uint32)
    partners[1::2] = np.arange(0, 2 * count, 2)
    starts = starts_of(np.bincount(buckets, minlength=2 * count + 1))
    mine = buckets[order].astype(np.uint32)
    return Buckets(offsets, mine, offsets, mine, starts, partners, len(partners))


def figure_sets(text: pl.Series) -> tuple[U64, I64]:
    """(figures, offsets): the distinct figures of text r are `figures[offsets[r]:offsets[r + 1]]`, hashed and sorted.

    >>> values, offsets = figure_sets(pl.Series(["7 of 12, or 7", "none", "12 of them (7203.T)"]))
    >>> offsets.tolist(), bool(values[2] in values[:2])
    ([0, 2, 2, 3], True)
    """
    rows, plain = without_codes(text)
    plain = text.clone().scatter(rows, plain) if len(rows) else text
    found = plain.str.normalize("NFKC").str.extract_all(_FIGURE)
    counts = found.list.len()
    values = found.explode(empty_as_null=False, keep_nulls=False)
    frame = pl.DataFrame(
        {
            "row": pl.Series(np.repeat(np.arange(len(text), dtype=np.uint32), counts.to_numpy())),
            "figure": values.hash(),
        }
    )
    frame = frame.unique().sort("row", "figure")
    starts = starts_of(np.bincount(frame.get_column("row").to_numpy(), minlength=len(text)))
    return frame.get_column("figure").to_numpy(), starts
