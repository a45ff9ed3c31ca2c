"""The rows of several tables, numbered one after the other, and read column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from cleaners.text.tokens import I64, U32
from cleaners.text.utf8 import starts_of


class RowTables:
    """Tables whose rows are numbered in their order: those of the index first, then those of this run.

    `starts` has the number of each table's first row, and the number of rows in all; the first `indexed` tables are the
    index's, and `first_new` is the first row that is not.
    """

    def __init__(self, tables: Sequence[pl.LazyFrame], indexed: int) -> None:
        self.tables = tables
        self.indexed = indexed
        self.starts = starts_of([table.select(pl.len()).collect().item() for table in tables])
        self.first_new = int(self.starts[indexed])
        self._left_out = np.zeros(0, np.uint32)

    @property
    def new(self) -> int:
        """How many rows are this run's."""
        return int(self.starts[-1]) - self.first_new

    def leave_out(self, rows: U32) -> None:
        """Take no keys of these rows, which are in order, from now on."""
        self._left_out = rows

    def keys(self, name: str, *others: str, new: bool) -> Iterator[tuple[U32, pl.DataFrame]]:
        """(rows, columns) of each table: those rows whose column `name` is not null and that are not left out.

        They are this run's tables where `new` is true, else the index's.
        """
        first, last = (self.indexed, len(self.tables)) if new else (0, self.indexed)
        for table, start, stop in zip(
            self.tables[first:last], self.starts[first:last], self.starts[first + 1 :], strict=False
        ):
            columns = table.select(name, *others).collect()
            wanted = columns.get_column(name).is_not_null().to_numpy().copy()
            wanted[self.local(self._left_out, start, stop)] = False
            yield (np.flatnonzero(wanted) + start).astype(np.uint32), columns.filter(pl.Series(wanted))

    @staticmethod
    def local(rows: I64 | U32, start: int, stop: int) -> I64:
        """Of rows in order those from `start` to before `stop`, counted from `start`."""
        first, end = np.searchsorted(rows, np.array([start, stop], rows.dtype))
        return rows[first:end].astype(np.int64) - start

    def gather(self, rows: I64, *columns: str) -> pl.DataFrame:
        """These columns of the rows of those numbers, in the order of `rows`."""
        wanted, place = np.unique(rows, return_inverse=True)
        parts = [
            table.select(*columns).collect()[local]
            for table, start, stop in zip(self.tables, self.starts, self.starts[1:], strict=False)
            if len(local := self.local(wanted, start, stop))
        ]
        if not parts:
            return self.tables[0].select(*columns).head(0).collect()
        gathered = pl.concat(parts)
        return gathered if len(place) == len(wanted) and (np.diff(place) == 1).all() else gathered[place]
