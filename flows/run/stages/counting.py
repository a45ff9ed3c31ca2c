"""The stage `count`: how often each source printed a line, partition by partition, and how often each shingle is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.duplicate.rarest_shingles import merge_frequencies
from cleaners.repeated_line.cleaner import least_documents
from cleaners.repeated_line.count_tables import merge_counts
from flows.dataset import Dataset
from flows.dataset.line_totals import earlier_counts
from flows.dataset.tables import read_part, scan_parts, write_part
from flows.run import staged_files
from flows.run.stages.run import Run

#: Maximum lines in a partition, which take some 300 MB of memory.
LINES_AT_ONCE: Final = 1 << 21
#: Ranges of hashes in which the lines of a shard are staged; a partition is some of them.
LINE_RANGES: Final = 1 << 8


def line_ranges() -> list[int]:
    """The least hash of a line in each of the ranges."""
    return [_least_line(number) for number in range(LINE_RANGES)]


def _least_line(number: int) -> int:
    return number * 2**64 // LINE_RANGES


class Partition(NamedTuple):
    """The lines of these shards whose hashes are in part `number` of `of` about equal parts of the ranges."""

    number: int
    of: int
    shards: Sequence[str]

    @property
    def ranges(self) -> tuple[int, int]:
        """The first range of the partition, and the one after its last."""
        return self.number * LINE_RANGES // self.of, (self.number + 1) * LINE_RANGES // self.of

    def rows(self) -> pl.Expr:
        """The rows of a table of counts in this partition; rows without a line are in the first."""
        first, end = self.ranges
        within = pl.col("line").is_between(_least_line(first), _least_line(end) - 1)
        return within | pl.col("line").is_null() if self.number == 0 else within


def partitions(run: Run, shards: Sequence[str]) -> list[Partition]:
    """The partitions in which lines are counted, so that memory is bounded by one partition."""
    lines = sum(
        pl.scan_ipc(run.path("line_counts", shard), glob=False).select(pl.len()).collect().item()
        for shard in shards
    )
    of = min(1 + lines // LINES_AT_ONCE, LINE_RANGES)
    return [Partition(number, of, shards) for number in range(of)]


def count_lines(run: Run, partition: Partition) -> None:
    """Count how often each source printed a line: in this run, for later runs, and in all runs, to decide now."""
    tables = [
        staged_files.read_pieces(run.path("line_counts", shard), *partition.ranges)
        for shard in partition.shards
    ]
    here = merge_counts(tables) if len(tables) > 1 else tables[0].sort("source", "line")
    name = f"{partition.number:05d}"
    write_part(run.signed(here), run.publish("line_counts", name), run.metadata)
    # earlier counts matter only for lines that occur in this run
    lines = here.get_column("line").unique()
    if partition.of == 1:
        earlier = earlier_counts(Dataset(run.out), lines, may_write=run.may_write, report=run.report)
    else:
        wanted = pl.col("line").is_null() | pl.col("line").is_in(lines.implode())
        earlier = [
            scan_parts(path).filter(partition.rows()).filter(wanted).collect()
            for path in Dataset(run.out).parts("line_counts")
        ]
    known = merge_counts([*earlier, here]) if earlier else here
    least = least_documents(run.settings.repeated_line.min_documents)
    frequent = known.filter(pl.col("line").is_null() | (pl.col("documents") >= least))
    staged_files.write(frequent, run.path("frequent", name))


def merge_partitions(run: Run, shards: Sequence[str]) -> None:
    """Merge the frequent lines of all partitions, and remove the counts of the shards."""
    parts = [staged_files.read(path) for path in sorted(run.path("frequent", "").parent.glob("[!.]*"))]
    staged_files.write(pl.concat(parts).sort("line"), run.path("frequent_lines", "00000"))
    for shard in shards:
        staged_files.remove_pieces(run.path("line_counts", shard))


def frequent_lines(run: Run, keys: pl.DataFrame) -> pl.DataFrame:
    """The frequent lines among those with these keys, and the documents of all sources."""
    table = _read_once(run.path("frequent_lines", "00000"))
    line = table.get_column("line")
    nulls = line.null_count()
    wanted = keys.get_column("line").unique().to_numpy()
    first, end = (np.searchsorted(line.slice(nulls).to_numpy(), wanted, side) for side in ("left", "right"))
    rows = pl.int_ranges(pl.Series(nulls + first), pl.Series(nulls + end), eager=True).explode(
        empty_as_null=False
    )
    return pl.concat([table.head(nulls), table[rows]]).sort("source", "line")


@lru_cache(maxsize=1)
def _read_once(path: Path) -> pl.DataFrame:
    """A file that each shard asks for, some 2 MB for each gigabyte of input; each run has a folder of its own."""
    return staged_files.read(path)


def rank_shingles(run: Run, shards: Sequence[str]) -> None:
    """Rank the shingles for this dataset by their frequency in this run."""
    frequencies = merge_frequencies(
        staged_files.read(run.path("shingle_frequencies", shard)) for shard in shards
    )
    write_part(frequencies, run.publish("shingle_frequencies", "00000"), run.metadata)


def frequencies_of(run: Run) -> pl.DataFrame | None:
    """The shingle frequencies of this run or of an earlier one; None if the method needs none."""
    if not run.settings.duplicate.ranks_shingles:
        return None
    kind = "shingle_frequencies"
    path = run.publish(kind, "00000") if run.ranks_shingles else Dataset(run.out).parts(kind)[0]
    return read_part(path)
