"""The published tables in Arrow, for tables that have no unsigned numbers: what is UInt32 here is Int64 there."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import pyarrow as pa

from flows.dataset.tables import MEANINGS, ROWS, SCHEMAS

#: Arrow has each type of the published tables but unsigned numbers, which neither Delta Lake nor Iceberg has.
ARROW: Final[dict[pl.DataType, Any]] = {
    pl.String(): pa.large_string(),
    pl.UInt32(): pa.int64(),
    pl.Float32(): pa.float32(),
    pl.Datetime("us", "UTC"): pa.timestamp("us", "UTC"),
    pl.List(pl.String()): pa.large_list(pa.large_string()),
}


def arrow_schema(table: str) -> Any:
    """The columns of a table, as a pyarrow.Schema; all of them may be null."""
    return pa.schema([pa.field(name, ARROW[dtype]) for name, dtype in SCHEMAS[table].items()])


def comments(table: str) -> dict[str, str]:
    """Column -> a sentence on it."""
    return {name: MEANINGS[table][name] for name in SCHEMAS[table]}


def description(table: str) -> str:
    """A sentence on a table."""
    return f"The table {table} of a copydesk dataset: a row is {ROWS[table]}."
