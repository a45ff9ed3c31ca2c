"""Postings as arrays, against a plain search."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.duplicate.postings import (
    BUCKET_BITS,
    WIDTH,
    Buckets,
    bucket_of,
    enter,
    find,
    merged_entries,
    merged_starts,
)

# few buckets, and few values of what is compared in them
KEY = st.builds(
    lambda bucket, compared, rest: (bucket << 64 - BUCKET_BITS) | (compared << 48 - BUCKET_BITS) | rest,
    st.sampled_from([0, 1, 2**BUCKET_BITS - 1]),
    st.sampled_from([0, 1, 2**16 - 1]),
    st.integers(0, 1),
)
ROWS = st.lists(st.tuples(st.integers(0, 2**31), KEY), max_size=12)


def entered(rows: list[tuple[int, int]]) -> Buckets:
    """The buckets of these rows and keys, in two parts."""
    parts = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    return enter(
        [(np.array([r for r, _ in p], np.uint32), np.array([k for _, k in p], np.uint64)) for p in parts]
    )


def rows_with(buckets: Buckets, keys: list[int]) -> list[int]:
    """The rows that are found for some keys."""
    given = np.array(keys, np.uint64)
    numbers = bucket_of(given)
    starts = buckets.starts.astype(np.int64)
    assert len(buckets.entries) == WIDTH * starts[-1]
    return find(buckets.entries, WIDTH * starts[numbers], WIDTH * starts[numbers + 1], given).tolist()


def expected(rows: list[tuple[int, int]], keys: list[int]) -> list[int]:
    """The rows with the bits of a key that are looked at."""
    wanted = {key >> 48 - BUCKET_BITS for key in keys}
    return sorted({row for row, key in rows if key >> 48 - BUCKET_BITS in wanted})


@given(rows=ROWS, keys=st.lists(KEY, max_size=4))
def test_every_row_with_a_key_is_found(rows: list[tuple[int, int]], keys: list[int]) -> None:
    """Those whose key has the same upper 36 bits, and no others."""
    assert rows_with(entered(rows), keys) == expected(rows, keys)


@given(several=st.lists(ROWS, min_size=1, max_size=3), keys=st.lists(KEY, max_size=4))
def test_merged_postings_find_the_rows_of_all(several: list[list[tuple[int, int]]], keys: list[int]) -> None:
    """The rows of each are numbered after those that were added."""
    added = [1000 * number for number in range(len(several))]
    parts = [entered(rows) for rows in several]
    starts = merged_starts([part.starts for part in parts])
    readers = [(part.starts, lambda a, b, part=part: part.entries[WIDTH * a : WIDTH * b]) for part in parts]
    merged = Buckets(starts, np.concatenate([*merged_entries(readers, added)]))
    together = [(row + more, key) for rows, more in zip(several, added, strict=True) for row, key in rows]
    assert rows_with(merged, keys) == expected(together, keys)
