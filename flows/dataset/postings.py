"""Postings: in which rows of the index a key occurs, so that a few keys are looked up without reading the index.

An hourly run compares a few paragraphs with all that earlier runs kept. It would read the whole index for that, which
grows and grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from cleaners.duplicate.postings import (
    WIDTH,
    EntriesOf,
    bucket_of,
    enter,
    find,
    merged_entries,
    merged_starts,
)
from cleaners.kernels import I64, U32, U64
from flows.dataset.array_file import Array
from flows.dataset.segments import Part, Segment, Segments

#: The name of the stage in reports of progress.
INDEXING: Final = "indexing earlier paragraphs, once"
#: Keys that are looked up at once: what is read for them takes some 64 MB of memory, if the segment is large.
KEYS_AT_ONCE: Final = 1 << 12
#: (rows, keys): for each key of some rows, the number of its row, and its hash.
KeysOf = Callable[[pl.DataFrame], tuple[U32, U64]]


def cover(segments: Segments, read: Callable[[Part], pl.DataFrame], keys_of: KeysOf) -> None:
    """Make postings of the large parts that have none; see `Segments.cover`."""

    def made(parts: Sequence[Part]) -> Iterator[tuple[str, Array]]:
        found, first = [], 0
        for part in parts:
            rows, keys = keys_of(read(part))
            found.append((rows + np.uint32(first), keys))
            first += part.rows
        yield from enter(found)._asdict().items()

    segments.cover(made, _merged)


def _merged(several: Sequence[Segment]) -> Iterator[tuple[str, Array]]:
    buckets = [(one.file.whole("starts"), _entries_of(one)) for one in several]
    added = np.cumsum([0, *(one.rows for one in several[:-1])]).tolist()
    yield "starts", merged_starts([starts for starts, _ in buckets])
    yield from (("entries", piece) for piece in merged_entries(buckets, added))


def _entries_of(segment: Segment) -> EntriesOf:
    return lambda start, stop: segment.file.piece("entries", WIDTH * start, WIDTH * stop)


def rows_with(segments: Segments, keys: U64) -> dict[str, I64]:
    """The rows of each covered part, by its checksum, that have one of the keys."""
    found = segments.each(lambda segment: _rows_with(segment, keys))
    return {checksum: rows for of_one in found for checksum, rows in of_one}


def _rows_with(segment: Segment, keys: U64) -> list[tuple[str, I64]]:
    in_order = np.sort(keys)  # those that come together are in blocks that do
    parts = [
        _found(segment, in_order[first : first + KEYS_AT_ONCE]) for first in range(0, len(keys), KEYS_AT_ONCE)
    ]
    found = np.unique(np.concatenate([np.zeros(0, np.uint32), *parts]))
    ends = np.cumsum([rows for _, rows in segment.parts])
    cuts = np.searchsorted(found, np.concatenate(([0], ends)))
    return [
        (checksum, found[first:stop].astype(np.int64) - (end - rows))
        for (checksum, rows), end, first, stop in zip(segment.parts, ends, cuts, cuts[1:], strict=False)
        if first < stop
    ]


def _found(segment: Segment, keys: U64) -> U32:
    """The rows of a segment that have one of the keys."""
    numbers = bucket_of(keys)
    starts, at = segment.file.ranges("starts", numbers, numbers + 2)
    firsts, stops = (WIDTH * starts[place].astype(np.int64) for place in (at, at + 1))
    entries, at = segment.file.ranges("entries", firsts, stops)
    return find(entries, at, at + stops - firsts, keys)
