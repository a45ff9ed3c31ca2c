"""How the process that decodes Parquet files answers: see `child_script`.

It is given a path. It answers with the columns, and is sent whether their rows are wanted. If so, it answers with lists
of rows, each a tuple of Python values or a text that says what is wrong with it, then with None. Instead of any answer,
there can be a text that says what is wrong with the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, Final

import polars as pl

ROWS: Final = 2_000  # rows decoded at a time,
BYTES: Final = 4_000_000  # and bytes of text sent at a time
MAX_DEPTH: Final = 200  # of nested types

_LENGTHS: Final[dict[Any, Callable[[pl.Expr], pl.Expr]]] = {
    pl.String: lambda column: column.str.len_bytes(),
    pl.Binary: lambda column: column.bin.size(),
    pl.Categorical: lambda column: column.cat.len_bytes(),
    pl.Enum: lambda column: column.cat.len_bytes(),
}


def answer(connection: Connection, path: str) -> None:
    """Answer one request."""
    try:
        for one in _answers(path, connection):
            connection.send(one)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, MemoryError, OSError) as error:
        connection.send(f"damaged Parquet ({str(error).partition(chr(10))[0][:200]})")


def _answers(path: str, connection: Connection) -> Iterator[Any]:
    try:
        path.encode()
    except UnicodeEncodeError:  # polars takes only names in UTF-8
        path = f"/dev/fd/{os.open(path, os.O_RDONLY)}"
    table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    schema = table.collect_schema()
    if any(_is_deep(dtype) for dtype in schema.dtypes()):
        yield f"columns nested more than {MAX_DEPTH} levels deep"
        return
    yield {name: _names(dtype) for name, dtype in schema.items()}
    if not connection.recv():
        return
    table = table.with_columns(
        pl.col(name).cast(pl.Int64).cast(pl.Datetime(dtype.time_unit, "UTC"))
        for name, dtype in schema.items()
        if isinstance(dtype, pl.Datetime) and (dtype.time_zone or "").startswith(("+", "-"))
    )
    for batch in table.collect_batches(chunk_size=ROWS, maintain_order=True):
        for piece in _pieces(batch):
            yield _rows(piece)
    yield None


def _rows(piece: pl.DataFrame) -> list[tuple[Any, ...] | str]:
    """The rows as tuples; for one that Python cannot express, such as a date of the year 100,000, what is wrong."""
    try:
        return [*piece.rows()]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OverflowError) as error:
        if len(piece) == 1:
            return [f"damaged Parquet ({str(error).partition(chr(10))[0][:200]})"]
    half = len(piece) // 2
    return _rows(piece[:half]) + _rows(piece[half:])


def _is_deep(dtype: pl.DataType) -> bool:
    inner, depth = [dtype], 0
    while inner and depth <= MAX_DEPTH:
        inner = [one for outer in inner for one in _inner(outer)]
        depth += 1
    return bool(inner)


def _inner(dtype: pl.DataType) -> list[Any]:
    if isinstance(dtype, pl.Struct):
        return [field.dtype for field in dtype.fields]
    return [dtype.inner] if isinstance(dtype, pl.List | pl.Array) else []


def _names(dtype: pl.DataType) -> list[str]:
    """The names of the fields of a struct; none of another type."""
    return [field.name for field in dtype.fields] if isinstance(dtype, pl.Struct) else []


def _pieces(batch: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The batch in pieces of about `BYTES`: rows can share one long text, and become many when they are sent."""
    of = {name: _LENGTHS.get(dtype.base_type()) for name, dtype in batch.schema.items()}
    lengths = [length(pl.col(name)) for name, length in of.items() if length is not None]
    if not lengths:
        yield batch
        return
    sizes = batch.select(pl.sum_horizontal(one.cast(pl.Int64) for one in lengths)).to_series().to_list()
    start = total = 0
    for row, size in enumerate(sizes):
        if total and total + size > BYTES:
            yield batch[start:row]
            start, total = row, 0
        total += size
    yield batch[start:]
