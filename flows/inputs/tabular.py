"""CSV and Parquet: one document per row.

Both are streamed. Damage is raised as `Unreadable`, after the rows before it.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.decoding.decoder import NotText
from flows.inputs.compression import Unreadable, describe, opened
from flows.inputs.lines import lines, text_of
from flows.inputs.reader import MEGABYTE, Input, Options, Row, chunks_of, too_large
from flows.inputs.records import Refused, Rejected, as_json, to_document
from flows.inputs.tracing import Trace
from flows.settings.model import Fields, Inputs

DELIMITERS: Final = ",;\t|"
ROWS: Final = 2_000  # of a Parquet file held in memory at a time


def read_csv(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row. The header names the fields; the delimiter is the one of `DELIMITERS` it has most of."""
    settings, fields, _ = options
    csv.field_size_limit(sys.maxsize)  # the lines are bounded elsewhere
    number = 0
    try:
        feed = _CsvLines(given, settings, trace)
        first = next((line for line in feed if not line.isspace()), "")
        feed.pushed_back = first
        rows = csv.reader(feed, delimiter=max(DELIMITERS, key=first.count))
        try:
            names = _distinct(next(rows, []))
        except csv.Error as error:
            raise Unreadable(f"not CSV: {error}") from error
        _require_text_column(names, fields)
        while True:
            feed.begin_row()
            try:
                row = next(rows, None)
            except csv.Error as error:
                number += 1
                yield Rejected(f"{given.uri}#{number}", f"row {number}: not CSV: {error}"), 0
                continue
            if row is None:
                break
            if feed.exhausted:
                raise Unreadable("an unclosed quote")
            if row:
                number += 1
                uri = f"{given.uri}#{number}"
                if len(row) != len(names):
                    counts = f"{len(row)} fields where the header has {len(names)}"
                    yield Rejected(uri, f"row {number}: {counts}"), 0
                else:
                    yield _row(dict(zip(names, row, strict=True)), fields, uri, feed.encoding)
    except Unreadable as error:
        raise Unreadable(f"{error} after row {number}" if number else str(error)) from error


class _CsvLines:
    """The lines of a CSV file as text, for the csv module, which takes as many as a row spans."""

    def __init__(self, given: Input, settings: Inputs, trace: Trace) -> None:
        self._settings = settings
        self._limit = settings.max_document_megabytes * MEGABYTE
        self._charset, self._lines = lines(chunks_of(given, settings, trace), self._limit)
        self._unicode = self._charset.startswith("utf-")
        self.pushed_back = ""  # a line to return again
        self.exhausted = False  # whether a line was requested after the last
        self.begin_row()

    def begin_row(self) -> None:
        """Reset the size and the charset for a new row."""
        self._taken = 0
        self.encoding = self._charset if self._unicode else "utf-8"  # of the row

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.pushed_back:
            line, self.pushed_back = self.pushed_back, ""
            return line
        try:
            data = next(self._lines)
        except StopIteration:
            self.exhausted = True
            raise
        self._taken += len(data or b"")
        if data is None or self._taken > self._limit:
            raise Unreadable(f"a row {too_large(self._settings)}, perhaps because of an unclosed quote")
        if self._unicode:
            try:
                return data.removesuffix(b"\r").decode() + "\n"
            except UnicodeDecodeError:
                pass  # the file may be concatenated from parts
        try:
            text, encoding = text_of(data, self._charset)
        except NotText as error:
            raise Unreadable(str(error)) from error
        if encoding != "utf-8":
            self.encoding = encoding
        return text.removesuffix("\r") + "\n"


def read_parquet(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row, read in batches; a file behind a URL is first copied to a temporary file."""
    settings, fields, _ = options
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given.path)
        try:
            if "://" in given.path:
                path = Path(folder, "input.parquet")
                with path.open("wb") as copy:
                    copy.writelines(chunks_of(given, settings, trace))
            else:
                deque(chunks_of(given, settings, trace), maxlen=0)  # to compute its hash
            opened(str(path)).close()
            if not path.stat().st_size:
                raise Unreadable("no text: the file is empty")
        except OSError as error:
            raise Unreadable(describe(error)) from error
        try:
            table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            _require_text_column(table.collect_schema().names(), fields)
            for batch in table.collect_batches(chunk_size=ROWS, maintain_order=True):
                for record in batch.iter_rows(named=True):
                    number += 1
                    yield _row(record, fields, f"{given.uri}#{number}", "utf-8")
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            after = f" after row {number}" if number else ""
            raise Unreadable(f"damaged Parquet ({str(error).partition(chr(10))[0][:200]}){after}") from error


def _row(record: dict[str, Any], fields: Fields, uri: str, encoding: str) -> Row:
    content = as_json(dict(sorted(record.items())))
    try:
        return to_document(record, fields, uri=uri, content=content, encoding=encoding), len(content)
    except Refused as error:
        return Rejected(uri, str(error)), 0


def _require_text_column(names: list[str], fields: Fields) -> None:
    """Raise Unreadable if no column can be the text: one error for the file, not one for each row."""
    if not names:
        raise Unreadable("no text: the file is empty")
    if not any(name in names for name in fields.text):
        wanted = " or ".join(f'"{name}"' for name in fields.text)
        has = ", ".join(names[:8])
        raise Unreadable(f"no text: no column {wanted} (it has {has}; map it with [fields] text)")


def _distinct(names: list[str]) -> list[str]:
    """The names, stripped; a repeated one gets a number as suffix."""
    distinct: list[str] = []
    for name in map(str.strip, names):
        again = sum(other == name or other.startswith(f"{name}_") for other in distinct)
        distinct.append(f"{name}_{again + 1}" if name in distinct else name)
    return distinct
