"""The stage `count`: how often each source printed a line, partition by partition, and how often each shingle is."""

from __future__ import annotations

from collections.abc import Sequence
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

#: Maximum lines in a partition, which take some 150 MB of memory.
LINES_AT_ONCE: Final = 1 << 20


class Partition(NamedTuple):
    """The lines of these shards whose hashes are in range `number` of `of` equal ranges."""

    number: int
    of: int
    shards: Sequence[str]

    def rows(self) -> pl.Expr:
        """The rows of a table of counts in this partition; rows without a line are in the first."""
        within = pl.col("line").is_between(self._bound(self.number), self._bound(self.number + 1) - 1)
        return within | pl.col("line").is_null() if self.number == 0 else within

    def slice_of(self, counts: pl.DataFrame) -> pl.DataFrame:
        """The same of a table that is sorted by line, those without one first."""
        line = counts.get_column("line")
        nulls = line.null_count()
        inner = np.array([self._bound(n) for n in range(1, self.of)], np.uint64)
        edges = [0, *(np.searchsorted(line.slice(nulls).to_numpy(), inner) + nulls).tolist(), len(counts)]
        return counts[edges[self.number] : edges[self.number + 1]]

    def _bound(self, number: int) -> int:
        """The least hash of a partition."""
        return number * 2**64 // self.of


def partitions(run: Run, shards: Sequence[str]) -> list[Partition]:
    """The partitions in which lines are counted, so that memory is bounded by one partition."""
    lines = sum(
        pl.scan_ipc(run.path("line_counts", shard), glob=False).select(pl.len()).collect().item()
        for shard in shards
    )
    of = 1 + lines // LINES_AT_ONCE
    return [Partition(number, of, shards) for number in range(of)]


def count_lines(run: Run, partition: Partition) -> None:
    """Count how often each source printed a line: in this run, for later runs, and in all runs, to decide now."""
    tables = [
        partition.slice_of(staged_files.read(run.path("line_counts", shard))) for shard in partition.shards
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
        run.path("line_counts", shard).unlink(missing_ok=True)


def frequent_lines(run: Run, keys: pl.DataFrame) -> pl.DataFrame:
    """The frequent lines among those with these keys, and the documents of all sources."""
    table = staged_files.read(run.path("frequent_lines", "00000"))
    line = table.get_column("line")
    nulls = line.null_count()
    wanted = keys.get_column("line").unique().to_numpy()
    first, end = (np.searchsorted(line.slice(nulls).to_numpy(), wanted, side) for side in ("left", "right"))
    rows = pl.int_ranges(pl.Series(nulls + first), pl.Series(nulls + end), eager=True).explode(
        empty_as_null=False
    )
    return pl.concat([table.head(nulls), table[rows]]).sort("source", "line")


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
