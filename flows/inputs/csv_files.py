"""CSV: one document per row, streamed. Damage is raised as `Unreadable`, after the rows before it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import Final

from cleaners.decoding.decoder import NotText
from flows.inputs.bounds import MEGABYTE, ROW, Unreadable
from flows.inputs.lines import lines, text_of
from flows.inputs.reader import (
    Input,
    Options,
    Row,
    chunks_of,
    growth_of,
    require_text_column,
    to_row,
    too_large,
)
from flows.inputs.records import Rejected
from flows.inputs.tracing import Trace

DELIMITERS: Final = ",;\t|"


def read_csv(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row. The header names the fields; the delimiter is the one of `DELIMITERS` it has most of."""
    fields = options.fields
    csv.field_size_limit(sys.maxsize)  # the lines are bounded elsewhere
    number = 0
    try:
        feed = _CsvLines(given, options, trace)
        first = next((line for line in feed if not line.isspace()), "")
        feed.pushed_back = first
        rows = csv.reader(feed, delimiter=max(DELIMITERS, key=first.count))
        try:
            names = _distinct(next(rows, []))
        except csv.Error as error:
            raise Unreadable(f"not CSV: {error}") from error
        require_text_column(names, fields)
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
                    record = dict(zip(names, row, strict=True))
                    found, length = to_row(record, fields, uri, feed.encoding)
                    feed.growth.add(length + ROW, "CSV")
                    yield found, length
    except Unreadable as error:
        raise Unreadable(f"{error} after row {number}" if number else str(error)) from error


class _CsvLines:
    """The lines of a CSV file as text, for the csv module, which takes as many as a row spans."""

    def __init__(self, given: Input, options: Options, trace: Trace) -> None:
        self._settings = options.settings
        self._limit = options.settings.max_document_megabytes * MEGABYTE
        self.growth = growth_of(0, options)  # of the rows: each repeats the names of the header
        self._charset, self._lines = lines(chunks_of(given, options, trace), self._limit)
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
        self.growth.size += len(data or b"")
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


def _distinct(names: list[str]) -> list[str]:
    """The names, stripped; a repeated one gets a number as suffix."""
    taken: dict[str, int] = {}  # name -> the last number tried as its suffix
    for name in map(str.strip, names):
        if name in taken:
            number = taken[name] + 1
            while f"{name}_{number}" in taken:
                number += 1
            taken[name] = number
            name = f"{name}_{number}"
        taken[name] = 1
    return list(taken)
