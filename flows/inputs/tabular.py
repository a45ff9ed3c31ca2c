"""Tables as documents: CSV and Parquet, a document a row.

Both stream. What ends a file before its end is raised as `Unreadable`, after the rows before it were given.
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
from flows.inputs.compression import Unreadable, opened, told
from flows.inputs.formats import Input
from flows.inputs.lines import lines, text_of
from flows.inputs.records import Refused, Rejected, as_json, to_document
from flows.inputs.text_files import MEGABYTE, Row, pieces_of, too_large
from flows.inputs.tracing import Trace
from flows.settings.model import Fields, Inputs

DELIMITERS: Final = ",;\t|"
ROWS: Final = 2_000  # of a Parquet file that are held at a time


def read_csv(given: Input, settings: Inputs, fields: Fields, trace: Trace) -> Iterator[Row]:
    """A document a row, its fields named by the header, divided by what the header has most of: , ; | or a tab."""
    csv.field_size_limit(sys.maxsize)  # the lines are bounded already
    number = 0
    try:
        feed = _CsvLines(given, settings, trace)
        first = next((line for line in feed if not line.isspace()), "")
        feed.again = first
        rows = csv.reader(feed, delimiter=max(DELIMITERS, key=first.count))
        try:
            names = _distinct(next(rows, []))
        except csv.Error as error:
            raise Unreadable(f"not CSV: {error}") from error
        _ask_for_text(names, fields)
        while True:
            feed.begin()
            try:
                row = next(rows, None)
            except csv.Error as error:
                number += 1
                yield Rejected(f"{given.uri}#{number}", f"row {number}: not CSV: {error}"), 0
                continue
            if row is None:
                break
            if feed.ended:
                raise Unreadable("a quote that is never closed,")
            if row:
                number += 1
                uri = f"{given.uri}#{number}"
                if len(row) != len(names):
                    counts = f"{len(row)} fields where the header has {len(names)}"
                    yield Rejected(uri, f"row {number}: {counts}"), 0
                else:
                    yield _row(dict(zip(names, row, strict=True)), fields, uri, feed.encoding)
    except Unreadable as error:
        raise Unreadable(f"{error} after row {number}" if number else str(error).rstrip(",")) from error


class _CsvLines:
    """The lines of a CSV file as text, for the csv module, which takes as many as a row has."""

    def __init__(self, given: Input, settings: Inputs, trace: Trace) -> None:
        self._settings = settings
        self._limit = settings.max_document_megabytes * MEGABYTE
        self._charset, self._lines = lines(pieces_of(given, settings, trace), self._limit)
        self._unicode = self._charset.startswith("utf-")
        self.again = ""  # a line that is given once more
        self.ended = False  # whether more lines were asked for than there are
        self.begin()

    def begin(self) -> None:
        """Begin a row."""
        self._taken = 0
        self.encoding = self._charset if self._unicode else "utf-8"  # of the row: of its lines that tell one

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.again:
            line, self.again = self.again, ""
            return line
        try:
            data = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self._taken += len(data or b"")
        if data is None or self._taken > self._limit:
            raise Unreadable(f"a row {too_large(self._settings)}, perhaps by a quote that is never closed,")
        if self._unicode:
            try:
                return data.removesuffix(b"\r").decode() + "\n"
            except UnicodeDecodeError:
                pass  # glued together from parts
        try:
            text, encoding = text_of(data, self._charset)
        except NotText as error:
            raise Unreadable(str(error)) from error
        if encoding != "utf-8":
            self.encoding = encoding
        return text.removesuffix("\r") + "\n"


def read_parquet(given: Input, settings: Inputs, fields: Fields, trace: Trace) -> Iterator[Row]:
    """A document a row, read in batches; a file behind a URL is copied to a temporary file first."""
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(given.path)
        try:
            if "://" in given.path:
                path = Path(folder, "input.parquet")
                with path.open("wb") as copy:
                    copy.writelines(pieces_of(given, settings, trace))
            else:
                deque(pieces_of(given, settings, trace), maxlen=0)  # for the hash
            opened(str(path)).close()
            if not path.stat().st_size:
                raise Unreadable("no text: the file is empty")
        except OSError as error:
            raise Unreadable(told(error)) from error
        try:
            table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            _ask_for_text(table.collect_schema().names(), fields)
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


def _ask_for_text(names: list[str], fields: Fields) -> None:
    """Raise Unreadable where no column can be the text: one word for the file, not one for every row."""
    if not names:
        raise Unreadable("no text: the file is empty")
    if not any(name in names for name in fields.text):
        wanted = " or ".join(f'"{name}"' for name in fields.text)
        has = ", ".join(names[:8])
        raise Unreadable(f"no text: no column {wanted} (it has {has}; map it with [fields] text)")


def _distinct(names: list[str]) -> list[str]:
    """The names without white space around them, those that came before with a number behind."""
    distinct: list[str] = []
    for name in map(str.strip, names):
        again = sum(other == name or other.startswith(f"{name}_") for other in distinct)
        distinct.append(f"{name}_{again + 1}" if name in distinct else name)
    return distinct
