"""Postings: in which rows of some parts a key occurs, so that a few keys are looked up without reading the parts.

An hourly run compares a few paragraphs with all that earlier runs kept. It would read the whole index for that, which
grows and grows. Postings are a cache beside it: they are made from parts that are large enough to stay as they are, are
known by the checksums of these parts, and are dropped with them. What they do not cover is read as a whole.

A segment covers some parts. Segments of about the same size are merged, four into one (a log-structured merge tree:
O'Neil and others, 1996), so that there are few of them, and each row is written again only a few times.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.duplicate.postings import (
    WIDTH,
    Buckets,
    bucket_of,
    enter,
    find,
    merged_entries,
    merged_starts,
)
from cleaners.kernels import I64, U16, U32, U64
from flows.dataset.array_file import ArrayFile, array_files, remove_arrays, writing_arrays

_log: Final = logging.getLogger(__name__)

#: Rows of a segment that is made from parts, which take up to 100 MB of memory for 26 keys each.
ROWS_AT_ONCE: Final = 1 << 19
#: Segments that are merged into one; a larger one than MOST_ROWS is not made.
MERGED: Final = 4
MOST_ROWS: Final = 1 << 25

#: (rows, keys): for each key of some rows, the number of its row, and its hash.
KeysOf = Callable[[pl.DataFrame], tuple[U32, U64]]


class Part(NamedTuple):
    """A part file."""

    path: Path
    checksum: str
    rows: int


class Segment:
    """A file of postings."""

    def __init__(self, path: Path, rules: Mapping[str, Any]) -> None:
        """Open it. Raises OSError if there is none, ValueError if it is damaged, or made by other rules."""
        self._file = ArrayFile(path)
        self.path = path
        if self._file.details.get("rules") != rules:
            raise ValueError(f"{path} was made by other rules")
        self.parts: list[tuple[str, int]] = [(one, rows) for one, rows in self._file.details["parts"]]
        self.rows = sum(rows for _, rows in self.parts)

    def buckets(self) -> Buckets:
        """All entries, mapped into memory. Raises ValueError if any of them is damaged."""
        return Buckets(self._file.whole("starts"), self._file.whole("entries"))

    def find(self, keys: U64) -> list[tuple[str, I64]]:
        """(checksum, rows) of each part in which some rows have one of the keys. Raises ValueError if it is damaged."""
        numbers = bucket_of(keys)
        starts = self._file.ranges("starts", numbers, numbers + 2)
        firsts, stops = starts[numbers].astype(np.int64), starts[numbers + 1].astype(np.int64)
        found = find(self._file.ranges("entries", WIDTH * firsts, WIDTH * stops), firsts, stops, keys)
        ends = np.cumsum([rows for _, rows in self.parts])
        cuts = np.searchsorted(found, np.concatenate(([0], ends)))
        return [
            (checksum, found[first:stop].astype(np.int64) - (end - rows))
            for (checksum, rows), end, first, stop in zip(self.parts, ends, cuts, cuts[1:], strict=False)
            if first < stop
        ]


class Postings:
    """The segments in a folder that cover some of the given parts."""

    def __init__(self, folder: Path, rules: Mapping[str, Any], parts: Sequence[Part]) -> None:
        """Open the segments that were made by these rules and cover nothing but these parts."""
        self._folder = folder
        self._rules = dict(rules)
        self._segments: list[Segment] = []
        self.covered: set[str] = set()
        there = {part.checksum for part in parts}
        for path in array_files(folder):
            try:
                segment = Segment(path, self._rules)
            except (OSError, ValueError):
                continue
            own = {checksum for checksum, _ in segment.parts}
            if own <= there and not own & self.covered:
                self._segments.append(segment)
                self.covered |= own

    def find(self, keys: U64) -> dict[str, I64]:
        """The rows of each covered part, by its checksum, that have one of the keys. Damaged segments cover nothing."""
        found: dict[str, I64] = {}
        for segment in list(self._segments):
            try:
                found.update(segment.find(keys))
            except ValueError as error:
                _log.warning("%s; it is a cache, and is made again", error)
                self._drop([segment])
        return found

    def cover(self, parts: Sequence[Part], read: Callable[[Part], pl.DataFrame], keys_of: KeysOf) -> None:
        """Make segments of parts, and merge what has become many. A full disk is no error: they are a cache."""
        try:
            for group in _groups(parts):
                self._keep(self._made(group, read, keys_of))
            while several := self._alike():
                try:
                    merged = self._merged(several)
                except ValueError as error:
                    _log.warning("%s; it is a cache, and is made again", error)
                    self._drop(several)
                else:
                    self._drop(several)
                    self._keep(merged)
        except OSError as error:
            _log.warning("%s cannot be written (%s): runs are slower without", self._folder, error.strerror)

    def sweep(self) -> None:
        """Remove the files of segments that are not used."""
        used = {segment.path for segment in self._segments}
        for path in self._folder.glob("segment-*"):
            if path.with_suffix(".bin") not in used:
                remove_arrays(path.with_suffix(".bin"))

    def _keep(self, segment: Segment) -> None:
        self._segments.append(segment)
        self.covered |= {checksum for checksum, _ in segment.parts}

    def _drop(self, segments: Sequence[Segment]) -> None:
        self._segments = [one for one in self._segments if one not in segments]
        self.covered -= {checksum for segment in segments for checksum, _ in segment.parts}

    def _made(self, parts: Sequence[Part], read: Callable[[Part], pl.DataFrame], keys_of: KeysOf) -> Segment:
        """A segment of these parts."""
        found, first = [], 0
        for part in parts:
            rows, keys = keys_of(read(part))
            found.append((rows + np.uint32(first), keys))
            first += part.rows
        buckets = enter(found)
        del found
        return self._written(
            [(part.checksum, part.rows) for part in parts], buckets.starts, [buckets.entries]
        )

    def _merged(self, segments: Sequence[Segment]) -> Segment:
        """A segment of the parts of several."""
        several = [segment.buckets() for segment in segments]
        added = np.cumsum([0, *(segment.rows for segment in segments[:-1])]).tolist()
        parts = [part for segment in segments for part in segment.parts]
        return self._written(parts, merged_starts(several), merged_entries(several, added))

    def _written(self, parts: Sequence[tuple[str, int]], starts: U32, entries: Iterable[U16]) -> Segment:
        numbers = [int(path.stem.removeprefix("segment-")) for path in self._folder.glob("segment-*.bin")]
        path = self._folder / f"segment-{max(numbers, default=0) + 1:06d}.bin"
        with writing_arrays(path, {"rules": self._rules, "parts": parts}) as file:
            file.write("starts", starts)
            for piece in entries:
                file.write("entries", piece)
        return Segment(path, self._rules)

    def _alike(self) -> list[Segment]:
        """Segments of about the same size, enough to merge; none if there are too few."""
        by_size = defaultdict(list)
        for segment in self._segments:
            by_size[int(math.log(max(segment.rows, 1), MERGED))].append(segment)
        for _, segments in sorted(by_size.items()):
            some = segments[:MERGED]
            if len(some) == MERGED and sum(one.rows for one in some) <= MOST_ROWS:
                return some
        return []


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Consecutive parts with about ROWS_AT_ONCE rows together."""
    group: list[Part] = []
    rows = 0
    for part in parts:
        if group and rows + part.rows > ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
        group.append(part)
        rows += part.rows
    if group:
        yield group
