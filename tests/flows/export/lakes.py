"""Tables of both formats in a local folder, as tests export to them and as readers read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import deltalake
import polars as pl

from flows.dataset import Dataset
from flows.dataset.identity import give_identity, how_to_claim
from flows.dataset.tables import SCHEMAS
from flows.export import Changes, export
from flows.export.delta import DeltaTarget
from flows.export.iceberg import IcebergTarget, catalog_of
from flows.export.target import Target
from small_runs import plain

FORMATS = ("delta", "iceberg")
SHARE = "Share this article on Facebook"
SETTINGS = plain("boilerplate", "encoding") | {
    "inputs": {"on_change": "replace"},
    "report": False,
    "duplicate": {"action": "label"},
}


@dataclass(frozen=True)
class Lake:
    """A folder with tables of one format."""

    form: str
    folder: Path

    def target(self, dataset: Dataset, table: str = "documents") -> Target:
        """The table of that name, for an export."""
        identity, claim = give_identity(dataset), partial(how_to_claim, dataset)
        if self.form == "delta":
            return DeltaTarget(str(self.folder / table), table, identity, claim)
        return IcebergTarget(catalog_of(None, self.folder), f"news.{table}", table, identity, claim)

    def export(self, out: Path, table: str = "documents", **options: Any) -> Changes:
        """One export, as the command does it."""
        return export(Dataset(out), self.target(Dataset(out), table), table, **options)

    def arguments(self, table: str = "documents") -> list[str]:
        """The options of the command for that table."""
        if self.form == "delta":
            return ["--format", "delta", "--to", str(self.folder / table), "--table", table]
        return [
            *("--format", "iceberg", "--to", f"news.{table}", "--table", table),
            *("--warehouse", str(self.folder)),
        ]

    def iceberg(self, table: str = "documents") -> Any:
        """The table, as pyiceberg loads it."""
        return catalog_of(None, self.folder).load_table(f"news.{table}")

    def delta(self, table: str = "documents") -> Any:
        """The table, as deltalake loads it."""
        return deltalake.DeltaTable(str(self.folder / table))

    def read(self, table: str = "documents") -> pl.DataFrame:
        """All rows, as polars reads them."""
        scan = pl.scan_delta if self.form == "delta" else pl.scan_iceberg
        place = str(self.folder / table) if self.form == "delta" else self.iceberg(table)
        rows: pl.DataFrame = scan(place).collect()  # type: ignore[operator]
        return rows

    def versions(self, table: str = "documents") -> list[str]:
        """What each transaction since the table was made did, first to last."""
        if self.form == "delta":
            return [one["operation"] for one in reversed(self.delta(table).history())][1:]
        return [snapshot.summary.operation.value for snapshot in self.iceberg(table).snapshots()]

    def files(self, table: str = "documents") -> set[str]:
        """The data files of the present version."""
        if self.form == "delta":
            return set(self.delta(table).file_uris())
        return {task.file.file_path for task in self.iceberg(table).scan().plan_files()}


def rows_of(out: Path, table: str) -> list[str]:
    """The rows of a table of a dataset, in an order of their own."""
    return in_order(Dataset(out).scan(table).collect())


def in_order(rows: pl.DataFrame) -> list[str]:
    """Rows as text, sorted."""
    return sorted(map(str, rows.rows()))


def assert_equal(lake: Lake, out: Path, tables: Iterator[str] | tuple[str, ...] = tuple(SCHEMAS)) -> None:
    """The tables of the lake have exactly the rows of the dataset."""
    for table in tables:
        assert in_order(lake.read(table)) == rows_of(out, table), table


def dying(step: Callable[..., Any], at: int, *, after: bool = False) -> Callable[..., Any]:
    """A step that dies the n-th time that it is called, before or after it is done."""
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and not after:
            raise Died
        result = step(*arguments, **named)
        if calls == at:
            raise Died
        return result

    return wrapped


class Died(BaseException):
    """The process was killed here."""
