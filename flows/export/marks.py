"""Hashes by which a run is known again: of the files that have its rows, and of the rows themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

#: A mark has 63 bits: Delta Lake stores it as a signed number.
_BITS: Final = (1 << 63) - 1


def files_mark(checksums: Iterable[str]) -> int:
    """A hash (XXH3) of the checksums of files, in their order."""
    return xxhash.xxh3_64_intdigest(",".join(checksums).encode()) & _BITS


def rows_mark(batches: Iterable[Any]) -> int:
    """A hash (XXH3) of the values of all rows in their order, however they are cut into batches.

    The values of each column are hashed one after the other, as bytes, and beside them the length of each text and
    list, or -1 for null.

    >>> words = pa.array(["ferry", None, ""], pa.large_string())
    >>> whole = pa.record_batch([words], ["text"])
    >>> rows_mark([whole]) == rows_mark([whole.slice(0, 1), whole.slice(1)])
    True
    >>> rows_mark([whole]) in (rows_mark([whole.slice(1), whole.slice(0, 1)]), rows_mark([]))
    False
    """
    found: defaultdict[str, Any] = defaultdict(xxhash.xxh3_64)
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _add(found, name, column)
    each = "".join(f"{name}={one.hexdigest()};" for name, one in sorted(found.items()))
    return xxhash.xxh3_64_intdigest(each.encode()) & _BITS


def _add(found: defaultdict[str, Any], name: str, column: Any) -> None:
    if pa.types.is_large_list(column.type):
        found[f"{name} length"].update(_numbers(pc.fill_null(pc.list_value_length(column), -1)))
        _add(found, f"{name} item", pc.list_flatten(column))
    elif pa.types.is_large_string(column.type):
        found[f"{name} length"].update(_numbers(pc.fill_null(pc.binary_length(column), -1)))
        found[name].update(_texts(pc.fill_null(column, "")))
    else:
        found[f"{name} null"].update(_numbers(pc.cast(pc.is_null(column), pa.uint8())))
        found[name].update(_numbers(pc.fill_null(column, pa.scalar(0, pa.int64()).cast(column.type))))


def _numbers(column: Any) -> Any:
    """The bytes of an array of a fixed width without nulls."""
    width = column.type.bit_width // 8
    return memoryview(column.buffers()[1])[column.offset * width : (column.offset + len(column)) * width]


def _texts(column: Any) -> Any:
    """The bytes of an array of texts without nulls, one after the other."""
    if not pc.sum(pc.binary_length(column)).as_py():
        return b""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("q")
    return memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]
