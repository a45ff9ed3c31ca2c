"""CSV: one document per row, streamed. Damage is raised as `Unreadable`, after the rows before it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from cleaners.decoding.decoder import NotText, charset
from flows.inputs.bounds import MEGABYTE, ROW, Growth, Unreadable
from flows.inputs.csv_files.dialect import Dialect, Layout
from flows.inputs.csv_files.layout import SAMPLE, first_row, is_data, layout_of
from flows.inputs.csv_files.lines import Encoded, Lines, split_at_carriage_returns, unwrapped
from flows.inputs.csv_files.rows import Damaged, rows
from flows.inputs.lines import lines, text_of
from flows.inputs.reader import (
    Input,
    Options,
    Row,
    chunks_of,
    growth_of,
    too_large,
)
from flows.inputs.records.documents import Rejected
from flows.inputs.records.field_names import FieldNames
from flows.inputs.table_rows import require_text_column, to_row
from flows.inputs.tracing import HEAD, Trace

SHOWN_NAME: Final = 40  # characters of a column's name in an error


def read_csv(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per row. The header names the fields; the dialect is judged by the beginning of the file."""
    fields = options.fields
    csv.field_size_limit(sys.maxsize)  # the lines are bounded elsewhere
    growth = growth_of(0, options)  # of the rows: each repeats the names of the header
    number = 0
    names: list[str] = []
    enough: dict[int, bool] = {}

    def is_enough(length: int) -> bool:
        """Whether one of this many fields may be the text."""
        if length not in enough:
            enough[length] = fields.hold_text(names[:length])
        return enough[length]

    try:
        feed = _feed(given, options, trace, growth)
        layout = _layout(feed, fields)
        names = _distinct(layout.names)
        header = set(names)
        for row in rows(feed, layout):
            number += 1
            uri = f"{given.uri}#{number}"
            if isinstance(row, Damaged):
                yield Rejected(uri, f"row {number}: {row.why}"), 0
            elif 0 < len(row) < len(names) and not is_enough(len(row)):
                counts = f"{len(row)} fields where the header has {len(names)}"
                yield Rejected(uri, f"row {number}: {counts}"), 0
            elif row and row[0] in header and set(row) == header:
                names = [str(cell) for cell in row]  # of another part of a file that was concatenated
                enough.clear()
            elif row:
                found, length = to_row(dict(zip(names, row, strict=False)), fields, uri, feed.encoding)
                growth.add(length + ROW, "CSV")
                yield found, length
    except Unreadable as error:
        raise Unreadable(f"{error} after row {number}" if number else str(error)) from error


def dialect_of(given: Input, options: Options) -> Dialect:
    """The dialect of a file, without reading its rows; raises Unreadable if no row can be the header."""
    return _layout(_feed(given, options, Trace(), growth_of(0, options)), options.fields).dialect


def _feed(given: Input, options: Options, trace: Trace, growth: Growth) -> Lines:
    """The decoded lines of a file; raises Unreadable if its head is not text."""
    limit = options.settings.max_document_megabytes * MEGABYTE
    name, found = lines(_without_padding(chunks_of(given, options, trace)), limit)
    unicode = name.startswith("utf-")
    problem = f"a row {too_large(options.settings)}, perhaps because of an unclosed quote"

    def decoded() -> Iterator[str]:
        for data in found:
            if data is None:
                raise Unreadable(problem)
            growth.size += len(data)
            if unicode:
                try:
                    yield data.removesuffix(b"\r").decode() + "\n"
                    continue
                except UnicodeDecodeError:
                    pass  # the file may be concatenated from parts
            try:
                text, encoding = text_of(data, name)
            except NotText as error:
                raise Unreadable(str(error)) from error
            text = text.removesuffix("\r") + "\n"
            yield text if encoding == "utf-8" else Encoded(text, encoding)

    return Lines(decoded(), name if unicode else "utf-8", problem, limit)


def _without_padding(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; without NUL bytes, if the file is text but for these, as one that was exported with padding is."""
    first = next(chunks, b"")
    head = first[:HEAD]
    if b"\0" in head and not _is_text(head) and _is_text(head.replace(b"\0", b"")):
        return (chunk.replace(b"\0", b"") for chunk in chain([first], chunks))
    return chain([first], chunks)


def _is_text(data: bytes) -> bool:
    try:
        charset(data)
    except NotText:
        return False
    return True


def _layout(feed: Lines, fields: FieldNames) -> Layout:
    """The layout of a file, whose lines are left at the first row; raises Unreadable if no row can be the header."""

    def has_text(names: list[str]) -> bool:
        return _may_be_header(names, fields)

    sample, whole = feed.sample(SAMPLE)
    layout = layout_of(sample, whole=whole, has_text=has_text)
    if layout is None and (change := _change(sample)):
        feed.change(change)
        changed, whole = feed.sample(SAMPLE)
        layout = layout_of(changed, whole=whole, has_text=has_text)
        if layout is not None and layout.bad and layout.bad >= layout.good:
            layout = None
    if layout is None:
        feed.refuse_if_unreadable()
        raise Unreadable(_no_header(sample, fields))
    feed.skip(layout.first)
    return layout


def _change(sample: list[str]) -> Callable[[str], list[str]] | None:
    """What may make rows of the lines of a file that has no header as they are."""
    if any("\r" in line for line in sample):
        return split_at_carriage_returns
    if sample and sample[0].startswith('"') and sample[0].rstrip().endswith('"'):
        return unwrapped
    return None


def _may_be_header(names: list[str], fields: FieldNames) -> bool:
    """Whether a name may be that of the text, among a million that are not made distinct without need."""
    stripped = set(map(str.strip, names))
    return fields.hold_text(stripped) or (
        fields.text_has_number and len(stripped) < len(names) and fields.hold_text(_distinct(names))
    )


def _no_header(sample: list[str], fields: FieldNames) -> str:
    """Why no row of the sample can be the header, and what to do."""
    try:
        names = first_row(sample)
    except csv.Error as error:
        return f"not CSV: {error}"
    shown = [name if len(name) <= SHOWN_NAME else f"{name[:SHOWN_NAME]}..." for name in names]
    if any(map(is_data, set(names))):
        first = ", ".join(shown[:8])
        return (
            f"no header: the first row looks like data ({first}); write the names of the columns above it, "
            f'one of them "{fields.settings.text[0]}"'
        )
    try:
        if not _may_be_header(shown, fields):
            require_text_column(_distinct(shown[:8]), fields)  # the error shows no more
    except Unreadable as error:
        return str(error)
    return "not CSV: no row can be the header"


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
