"""Line totals: how often each source printed a line, added up over parts of the line counts.

A run needs the counts of its own lines from all earlier runs. Common lines are in each of those, so that not only what
is looked through would grow with each run, but also what is found. Totals have each line of a source once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from cleaners.kernels import U64
from cleaners.repeated_line.count_tables import COUNTS, merge_counts
from cleaners.text.utf8 import starts_of
from flows.dataset.array_file import Array
from flows.dataset.dataset import Dataset
from flows.dataset.intact import IntactParts
from flows.dataset.layout import parts_in
from flows.dataset.reporting import Report, silent
from flows.dataset.segments import ROWS_AT_ONCE, Part, Segment, Segments
from flows.dataset.tables import scan_parts

#: The name of the stage in reports of progress.
ADDING_UP: Final = "adding up earlier lines, once"
#: A bucket has the rows with the same upper bits of the hash of their line.
_BUCKET_BITS: Final = 16
_BUCKETS: Final = 1 << _BUCKET_BITS
#: Of a row in a segment, the source is a number, that of its name among all. The rows without a line come first.
_ROW: Final = {**COUNTS, "source": pl.UInt32()}


def earlier_counts(
    dataset: Dataset, lines: pl.Series, *, may_write: bool, report: Report = silent
) -> list[pl.DataFrame]:
    """Tables with the counts of some distinct lines in all published runs, and of all documents of each source.

    They are read from totals, which are made where there are none yet, if the dataset `may_write`, and from the parts
    that these do not cover. Raises CopydeskError if a part that is read is not what was written.
    """
    intact = IntactParts(dataset)
    parts = [part for span in dataset.spans() for part in intact.of("line_counts", span)]
    segments = Segments(dataset.line_totals, {"columns": list(COUNTS)}, parts, partial(report, ADDING_UP))
    if may_write:
        cover(segments, lambda part: intact.read(part, "line_counts"))
    totals = totals_of(segments, lines.drop_nulls().to_numpy())
    wanted = pl.col("line").is_null() | pl.col("line").is_in(lines.implode())
    covered = segments.covered
    left = [part.path for part in parts if part.checksum not in covered]
    for path in left:
        intact.require(path, "line_counts")
    if uncovered := [*parts_in(dataset.expired("line_counts")), *left]:
        # one query: with a week of hourly parts, a query for each would take most of a small run's time
        totals.append(scan_parts(uncovered).select(*COUNTS).filter(wanted).collect())
    return totals


def cover(segments: Segments, read: Callable[[Part], pl.DataFrame]) -> None:
    """Make totals of the large parts that have none; see `Segments.cover`."""
    segments.cover(
        lambda parts: _pieces([merge_counts([read(part) for part in parts])]),
        lambda several: _pieces(_merged(several)),
    )


def totals_of(segments: Segments, lines: U64) -> list[pl.DataFrame]:
    """Tables of counts, with the totals of these lines, which are distinct, and of all documents of each source."""
    return segments.each(lambda segment: _totals_of(segment, lines))


def _pieces(tables: Iterator[pl.DataFrame] | Sequence[pl.DataFrame]) -> Iterator[tuple[str, Array]]:
    """What a segment holds, made of tables of counts whose lines are in ascending ranges."""
    counts, unlined = np.zeros(_BUCKETS, np.int64), 0
    numbers: dict[str, int] = {}
    for table in tables:
        for name in table.get_column("source").unique().sort().to_list():
            numbers.setdefault(name, len(numbers))
        codes = table.get_column("source").replace_strict(numbers, return_dtype=pl.UInt32)
        rows = table.with_columns(codes).sort("line", "source", nulls_last=False)
        lines = rows.get_column("line").drop_nulls().to_numpy()
        counts += np.bincount(_bucket_of(lines), minlength=_BUCKETS)
        unlined += len(rows) - len(lines)
        columns = [pl.col(name).fill_null(0).cast(dtype) for name, dtype in _ROW.items()]
        yield "rows", rows.select(columns).to_numpy(structured=True)
    yield "starts", starts_of(counts) + unlined
    names = [name.encode() for name in numbers]
    yield "names", np.frombuffer(b"".join(names), np.uint8)
    yield "name_starts", starts_of([len(name) for name in names])


def _bucket_of(lines: U64) -> Array:
    return (lines >> np.uint64(64 - _BUCKET_BITS)).astype(np.int64)


def _merged(several: Sequence[Segment]) -> Iterator[pl.DataFrame]:
    """The sum of the tables of segments, range by range."""
    tables = [(one.file, one.file.whole("starts"), _names(one)) for one in several]
    yield merge_counts(
        [_table(file.piece("rows", 0, starts[0]), names, has_line=False) for file, starts, names in tables]
    )
    rows = sum(one.rows for one in several)
    at_once = max(1, _BUCKETS * ROWS_AT_ONCE // max(rows, 1))
    for first in range(0, _BUCKETS, at_once):
        last = min(first + at_once, _BUCKETS)
        yield merge_counts(
            [_table(file.piece("rows", starts[first], starts[last]), names) for file, starts, names in tables]
        )


def _totals_of(segment: Segment, lines: U64) -> pl.DataFrame:
    wanted = np.unique(_bucket_of(lines))
    edges, at = segment.file.ranges("starts", np.append(wanted, 0), np.append(wanted, 0) + 2)
    firsts, stops = edges[at[:-1]], edges[at[:-1] + 1]
    unlined = int(edges[at[-1]])  # the rows without a line are before the first bucket
    rows, at = segment.file.ranges("rows", np.append(firsts, 0), np.append(stops, unlined))
    lengths = np.append(stops - firsts, unlined)
    places = np.repeat(at - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
    found = rows[places]
    with_line, without = found[: len(found) - unlined], found[len(found) - unlined :]
    names = _names(segment)
    return pl.concat(
        [
            _table(without, names, has_line=False),
            _table(with_line[np.isin(with_line["line"], lines)], names),
        ]
    )


def _names(segment: Segment) -> pl.Series:
    """The names of the sources, by their numbers."""
    data, starts = segment.file.whole("names").tobytes(), segment.file.whole("name_starts").tolist()
    names = [data[first:stop].decode() for first, stop in pairwise(starts)]
    return pl.Series("source", names, pl.String)


def _table(rows: Array, names: pl.Series, *, has_line: bool = True) -> pl.DataFrame:
    """A table of counts of some rows of a segment."""
    table = pl.from_numpy(np.ascontiguousarray(rows), schema=dict(_ROW))
    line = pl.col("line") if has_line else pl.lit(None, pl.UInt64).alias("line")
    return table.with_columns(names.gather(table.get_column("source")), line).select(*COUNTS)
