"""The rows of several tables under one numbering, read column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from cleaners.kernels import I64, U32
from cleaners.text.utf8 import starts_of


class RowTables:
    """Tables whose rows are numbered in order: first those of the index, then those of this run.

    `starts` holds the number of the first row of each table, and the total number of rows at the end. The first
    `indexed` tables belong to the index; `first_new` is the first row of this run.
    """

    def __init__(self, tables: Sequence[pl.LazyFrame], indexed: int) -> None:
        self.tables = tables
        self.indexed = indexed
        self.starts = starts_of([table.select(pl.len()).collect().item() for table in tables])
        self.first_new = int(self.starts[indexed])
        self._excluded = np.zeros(0, np.uint32)

    @property
    def new_rows(self) -> int:
        """The number of rows of this run."""
        return int(self.starts[-1]) - self.first_new

    def exclude(self, rows: U32) -> None:
        """Skip these rows in `keys` from now on. They must be sorted."""
        self._excluded = rows

    def keys(self, name: str, *others: str, new: bool) -> Iterator[tuple[U32, pl.DataFrame]]:
        """(row numbers, columns) for each table: the rows that are not excluded and whose column `name` is not null.

        With `new` they are the tables of this run, otherwise those of the index.
        """
        first, last = (self.indexed, len(self.tables)) if new else (0, self.indexed)
        for table, start, stop in zip(
            self.tables[first:last], self.starts[first:last], self.starts[first + 1 :], strict=False
        ):
            columns = table.select(name, *others).collect()
            wanted = columns.get_column(name).is_not_null().to_numpy().copy()
            wanted[self.local_rows(self._excluded, start, stop)] = False
            yield (np.flatnonzero(wanted) + start).astype(np.uint32), columns.filter(pl.Series(wanted))

    @staticmethod
    def local_rows(rows: I64 | U32, start: int, stop: int) -> I64:
        """The sorted `rows` that lie in [start, stop), counted from `start`."""
        first, end = np.searchsorted(rows, np.array([start, stop], rows.dtype))
        return rows[first:end].astype(np.int64) - start

    def gather(self, rows: I64, *columns: str) -> pl.DataFrame:
        """The given columns of the given rows, in the order of `rows`; rows may repeat."""
        wanted, place = np.unique(rows, return_inverse=True)
        parts = [
            table.select(*columns).collect()[local]
            for table, start, stop in zip(self.tables, self.starts, self.starts[1:], strict=False)
            if len(local := self.local_rows(wanted, start, stop))
        ]
        if not parts:
            return self.tables[0].select(*columns).head(0).collect()
        gathered = pl.concat(parts)
        return gathered if len(place) == len(wanted) and (np.diff(place) == 1).all() else gathered[place]
