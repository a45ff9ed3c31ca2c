"""Segments: files beside the parts of a kind of state, by which a run finds what it needs without reading all of them.

They are a cache. A segment covers some parts, known by their checksums: it is made of them, and dropped with them. Only
parts that are large enough to stay as they are have segments; small ones are read as a whole.

Segments of about the same size are merged, eight into one (a log-structured merge tree: O'Neil and others, 1996), so
that there are few of them, and each row is written again only once or twice. Of what is merged, a small range of each
segment is in memory at a time.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from flows.dataset.array_file import Array, ArrayFile, array_files, remove_arrays, writing_arrays

Result = TypeVar("Result")

_log: Final = logging.getLogger(__name__)

#: Rows of the smallest part that is covered: a smaller one is likely to be merged with others.
LARGE_PART: Final = 1 << 14
#: Rows of such parts together from which on a segment is made.
ENOUGH: Final = 1 << 17
#: Rows of the parts of which a segment is made at once; of postings, they take up to 300 MB of memory.
ROWS_AT_ONCE: Final = 1 << 19
#: Segments that are merged into one; a larger one than MOST_ROWS is not made.
MERGED: Final = 8
MOST_ROWS: Final = 1 << 24


class Part(NamedTuple):
    """A part file."""

    path: Path
    checksum: str
    rows: int


class Segment:
    """A file that covers some parts."""

    def __init__(self, path: Path, rules: Mapping[str, Any]) -> None:
        """Open it. Raises OSError if there is none, ValueError if it is damaged, or made by other rules."""
        self.file = ArrayFile(path)
        self.path = path
        if self.file.details.get("rules") != rules:
            raise ValueError(f"{path} was made by other rules")
        self.parts: list[tuple[str, int]] = [(one, rows) for one, rows in self.file.details["parts"]]
        self.rows = sum(rows for _, rows in self.parts)


#: What a segment holds: (name of an array, the next piece of it).
Pieces = Iterable[tuple[str, Array]]


class Segments:
    """The segments in a folder that cover some of the given parts."""

    def __init__(
        self,
        folder: Path,
        rules: Mapping[str, Any],
        parts: Sequence[Part],
        advance: Callable[[int, int], object] = max,
    ) -> None:
        """Open the segments that were made by these rules and cover nothing but these parts.

        `advance` is called while segments are made, with the rows that are covered, and how many will be.
        """
        self._folder = folder
        self._advance = advance
        self._rules = dict(rules)
        self._segments: list[Segment] = []
        self._parts = parts
        there = {part.checksum for part in parts}
        for path in array_files(folder):
            try:
                segment = Segment(path, self._rules)
            except (OSError, ValueError):
                continue
            own = {checksum for checksum, _ in segment.parts}
            if own <= there and not own & self.covered:
                self._segments.append(segment)

    @property
    def covered(self) -> set[str]:
        """The checksums of the parts that are covered."""
        return {checksum for segment in self._segments for checksum, _ in segment.parts}

    def each(self, look: Callable[[Segment], Result]) -> list[Result]:
        """What `look` returns for each segment. One that it finds damaged, by a ValueError, covers nothing any more."""
        found = []
        for segment in list(self._segments):
            try:
                found.append(look(segment))
            except ValueError as error:
                self._drop([segment], error)
        return found

    def cover(
        self, made: Callable[[Sequence[Part]], Pieces], merged: Callable[[Sequence[Segment]], Pieces]
    ) -> None:
        """Make segments of the large parts that have none, if they are enough, and merge what has become many.

        Files of segments that are not used are removed. A full disk is no error.
        """
        covered = self.covered
        left = [part for part in self._parts if part.rows >= LARGE_PART and part.checksum not in covered]
        total = sum(part.rows for part in left)
        done = 0
        try:
            for group in _groups(left) if total >= ENOUGH else ():
                self._advance(done, total)
                parts = [(part.checksum, part.rows) for part in group]
                self._segments.append(self._written(parts, made(group)))
                self._merge(merged)
                done += sum(rows for _, rows in parts)
            self._merge(merged)
            used = {segment.path for segment in self._segments}
            for path in self._folder.glob("segment-*"):
                if path.with_suffix(".bin") not in used:
                    remove_arrays(path.with_suffix(".bin"))
        except OSError as error:
            _log.warning("%s cannot be written (%s): runs are slower without", self._folder, error.strerror)
        finally:
            if total >= ENOUGH:
                self._advance(total, total)

    def _merge(self, merged: Callable[[Sequence[Segment]], Pieces]) -> None:
        """Merge segments of about the same size, as long as there are enough of them."""
        while several := self._alike():
            parts = [part for segment in several for part in segment.parts]
            try:
                together = self._written(parts, merged(several))
            except ValueError as error:
                self._drop(several, error)
            else:
                self._segments = [one for one in self._segments if one not in several]
                self._segments.append(together)
                for one in several:
                    remove_arrays(one.path)

    def _drop(self, segments: Sequence[Segment], error: ValueError) -> None:
        """Do without some segments, of which one is damaged: what they covered is read as a whole."""
        _log.warning("%s; it is a cache, and is made again", error)
        self._segments = [one for one in self._segments if one not in segments]

    def _written(self, parts: Sequence[tuple[str, int]], pieces: Pieces) -> Segment:
        numbers = [int(path.stem.removeprefix("segment-")) for path in self._folder.glob("segment-*.bin")]
        path = self._folder / f"segment-{max(numbers, default=0) + 1:06d}.bin"
        with writing_arrays(path, {"rules": self._rules, "parts": parts}) as file:
            for name, piece in pieces:
                file.write(name, piece)
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
