"""Parquet: one document per row.

A crafted file can crash the native code that decodes it, or make it take any amount of memory. So that happens in
another process, which is kept for the next file: see `worker`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from flows.inputs.bounds import ROW, SMALL, STALL, Unreadable
from flows.inputs.child_process import Child, Task, lent
from flows.inputs.compression import describe, opened
from flows.inputs.parquet_files import worker as parquet_worker
from flows.inputs.reader import Input, Options, Row, growth_of, local_file
from flows.inputs.records.documents import Rejected
from flows.inputs.records.field_names import WRAPPERS
from flows.inputs.table_rows import require_text_column, to_row
from flows.inputs.tracing import Trace

#: Memory for decoding a file that needs none, in bytes.
BASE: Final = 256_000_000
TASK: Final = Task(
    parquet_worker.__file__,
    "decodes Parquet",
    STALL,
    "damaged Parquet (not decoded within {} seconds)",
    "damaged Parquet (decoding it ended with {}: it crashes the decoder, or takes too much memory)",
    # pandas writes zones such as "+05:30", which polars does not know
    {"POLARS_IGNORE_TIMEZONE_PARSE_ERROR": "1"},
)
#: The last bytes of a file; PARE if its footer is encrypted.
_ENDS: Final = (b"PAR1", b"PARE")


def read_parquet(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row, read in batches; what is compressed or behind a URL is first copied to a temporary file."""
    number = 0
    if given.path and "://" not in given.path and not trace.compression:
        _require_footer(given.path)
    with local_file(given, options, trace) as path:
        try:
            opened(path).close()
            size = Path(path).stat().st_size
        except OSError as error:
            raise Unreadable(describe(error)) from error
        if not size:
            raise Unreadable("no text: the file is empty")
        growth = growth_of(given.size if trace.compression else size, options)
        try:
            for record in _records(path, size, options):
                number += 1
                uri = f"{given.uri}#{number}"
                if isinstance(record, str):
                    yield Rejected(uri, f"row {number}: {record}"), 0
                    continue
                row, length = to_row(record, options.fields, uri, "utf-8")
                growth.add(length + ROW, "Parquet")
                yield row, length
        except Unreadable as error:
            raise Unreadable(f"{error} after row {number}" if number else str(error)) from error


def _require_footer(path: str) -> None:
    """Raise Unreadable if a file does not end as Parquet does, before all of it is read."""
    try:
        file = opened(path)
    except OSError as error:
        raise Unreadable(describe(error)) from error
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4))
        if size and file.read() not in _ENDS:
            raise Unreadable("damaged Parquet (it does not end with PAR1)")


def _records(path: str, size: int, options: Options) -> Iterator[dict[str, Any] | str]:
    """The rows; for one that cannot be decoded, what is wrong with it."""
    memory = BASE + 4 * max(SMALL, size * options.settings.max_ratio)
    with lent(TASK) as child:
        child.ask((memory, path))
        columns = _answer(child)
        names = list(columns)
        is_wrapped = any(options.fields.hold_text(columns[name]) for name in WRAPPERS if name in columns)
        is_wanted = is_wrapped or options.fields.hold_text(names)
        child.send(is_wanted)
        child.is_idle = not is_wanted
        if not is_wrapped:
            require_text_column(names, options.fields)
        while (rows := _answer(child)) is not None:
            for values in rows:
                yield values if isinstance(values, str) else dict(zip(names, values, strict=True))
        child.is_idle = True


def _answer(child: Child) -> Any:
    """The next answer; raises Unreadable if it is an error, which is the last answer to a request."""
    answer = child.answer()
    if isinstance(answer, str):
        child.is_idle = True
        raise Unreadable(answer)
    return answer
