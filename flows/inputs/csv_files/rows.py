"""The rows of a CSV file. Where quotes do not match, the damage costs its row, and reading resumes at the next.

The csv module reads as long as all goes well, strictly. A row is read anew where it fails, where its fields are not as
many as the header's, or where its lines look like rows themselves. The next line that begins a row is where the damaged
one ends. If its lines can be read as the header's number of fields in one way only, that is the row; else it is
rejected.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from flows.inputs.csv_files.dialect import Dialect, Layout
from flows.inputs.csv_files.lines import Lines, Swallowed

LOOK_AHEAD: Final = 10_000  # lines searched for the end of a damaged row,
LOOK_AHEAD_SIZE: Final = 1 << 23  # or characters
FOLLOWING: Final = 3  # rows that must follow where no column has a type
FOLLOWING_LINES: Final = 200  # lines that these may take each
CLOSINGS: Final = 8  # quotes that are tried as the end of a cell


class Damaged(NamedTuple):
    """Why there is no row; the message says where."""

    why: str


#: A row: its cells, as many as the header has or fewer; or why there is none.
Cells: TypeAlias = "list[str] | list[str | None] | Damaged"


def rows(lines: Lines, layout: Layout) -> Iterator[Cells]:
    """The rows after the header; an empty list for one that counts but holds no data.

    Raises Unreadable where the file cannot be read further.
    """
    lines.layout = layout
    dialect, many, key = layout.dialect, len(layout.names), layout.key
    test = layout.types[key] if key is not None and layout.has_long_rows else None
    trusted = 0  # lines that do not look like rows, up to this one, are rows nevertheless
    reader = dialect.reader(iter(lines))
    while True:
        lines.begin_row()
        try:
            row = next(reader, None)
        except (csv.Error, Swallowed) as error:
            problem = "quotes that do not match" if isinstance(error, Swallowed) else _plain(error)
            yield _mended(lines, layout, [], problem)
            reader = dialect.reader(iter(lines))
            continue
        if row is None:
            return
        if not row:
            continue
        span = len(lines.taken)
        if len(row) == many:
            if span == 1:
                if (
                    (test is None or not row[key or 0] or test(row[key or 0]))
                    and not (layout.begins_by_quotes and dialect.quote not in lines.taken[0])
                ) or lines.number <= trusted:
                    yield _finished(row, dialect, layout.names)
                    continue
                end = _end(lines, layout)
                if end == 1 or all(_has_fields(line, layout) for line in lines.taken[:end]):
                    trusted = lines.number - len(lines.taken) + end
                    lines.give_back(1)
                    yield _finished(row, dialect, layout.names)
                else:
                    lines.give_back(end)
                    yield _damaged(lines, "lines that are no rows, perhaps of a text without its quotes")
                reader = dialect.reader(iter(lines))
                continue
            if not layout.is_swallowed(lines.taken):
                yield _finished(row, dialect, layout.names)
                continue
        elif span == 1:
            if len(row) == 1 and not row[0].strip():
                yield []
                continue
            if (trimmed := layout.trimmed(row)) is not None:
                yield _finished(trimmed, dialect, layout.names)
                continue
        yield _mended(lines, layout, row, f"{len(row)} fields where the header has {many}")
        reader = dialect.reader(iter(lines))


def _finished(row: list[str], dialect: Dialect, header: list[str]) -> Cells:
    if row[0].strip() == header[0] and [cell.strip() for cell in row] == header:
        return []  # the header again, in a file that was concatenated
    return dialect.unescaped(row) if dialect.escapes else row


def _plain(error: Exception) -> str:
    """Why the csv module fails, in other words."""
    text = str(error)
    if "expected after" in text:
        return "a quote within a quoted field"
    if "unexpected end" in text:
        return "a quote that is never closed"
    if "new-line character" in text:
        return "a carriage return outside of quotes"
    return f"not CSV: {text}"


def _damaged(lines: Lines, why: str) -> Damaged:
    last = lines.number
    first = last - len(lines.taken) + 1
    where = f"line {last}" if first == last else f"lines {first} to {last}"
    return Damaged(f"{why} ({where})")


def _mended(lines: Lines, layout: Layout, row: list[str], problem: str) -> Cells:
    """The damaged row at which `lines` are; they are left at the next row.

    `row` are its cells if its quotes match, but it has other than the header's number of fields.
    """
    span = len(lines.taken)
    if (
        span > 1
        and row
        and len(row) != len(layout.names)
        and (trimmed := layout.trimmed(row))
        and _end(lines, layout, span) == span
    ):
        return _finished(trimmed, layout.dialect, layout.names)
    quote = layout.dialect.quote
    alone = span == 1 and not (quote and quote in lines.taken[0]) and "\r" not in lines.taken[0][:-1]
    if alone and not (layout.has_long_rows and layout.types_and_values):
        return Damaged(problem)
    end = _end(lines, layout)
    if end >= LOOK_AHEAD:
        end = max(end, span)  # nothing here looks like a row, as far as the quote reaches
    lines.give_back(end)
    text = "".join(lines.taken).rstrip("\r\n")
    dialect = layout.dialect
    if not alone and (found := _only_parse(dialect.hidden(text), layout)):
        return _finished([dialect.shown(cell) for cell in found], dialect, layout.names)
    if dialect.escapes and (found := _only_parse(text, layout)):
        return _finished(found, dialect._replace(escapes=False), layout.names)
    return Damaged(problem) if alone and end == 1 else _damaged(lines, problem)


def _end(lines: Lines, layout: Layout, most: int = LOOK_AHEAD) -> int:
    """How many of the next lines, from the first of the current row, come before one that begins a row; or `most`."""
    at = 1
    while at < most and lines.size < LOOK_AHEAD_SIZE:
        if at == len(lines.taken) and lines.take() is None:
            return at
        if not lines.taken[at].isspace() and _begins_row(lines, layout, at):
            return at
        at += 1
    return at


def _begins_row(lines: Lines, layout: Layout, at: int) -> bool:
    """Whether a line looks like the beginning of a row, judged by the types of its cells or by the rows after it."""
    found = layout.scan(lines.taken[at])
    many = len(layout.names)
    if found.is_open:
        if len(found.cells) >= many:
            return False
    elif (
        not found.has_stray
        and len(found.cells) != many
        and (len(found.cells) < many or any(found.cells[many:]))
    ):
        return False
    if (fits := layout.fits(found.cells)) is not None:
        return fits
    quote = layout.dialect.quote
    if layout.begins_by_quotes or (many == 1 and layout.has_long_rows):
        line = lines.taken[at]
        return (
            bool(quote)
            and not found.has_stray
            and (found.is_open or (quote in line and len(found.cells) == many))
        )
    if layout.good and not layout.has_long_rows and not found.is_open:
        return _only_parse(layout.dialect.hidden(lines.taken[at].rstrip("\r\n")), layout) is not None
    if found.has_stray:
        return False
    for _ in range(FOLLOWING):
        follower = _Following(lines, at)
        try:
            row = next(layout.dialect.reader(islice(follower, FOLLOWING_LINES)), None)
        except csv.Error:
            return False
        if row is None:
            return True
        if row and len(row) != many:
            return False
        at = follower.at
    return True


class _Following(Iterator[str]):
    """The lines from one on, taken as they are needed."""

    def __init__(self, lines: Lines, at: int) -> None:
        self._lines, self.at = lines, at

    def __next__(self) -> str:
        if self.at == len(self._lines.taken) and self._lines.take() is None:
            raise StopIteration
        self.at += 1
        return self._lines.taken[self.at - 1]


def _has_fields(line: str, layout: Layout) -> bool:
    found = layout.scan(line)
    return (
        not line.isspace()
        and not found.is_open
        and not found.has_stray
        and len(found.cells) == len(layout.names)
    )


def _only_parse(text: str, layout: Layout) -> list[str] | None:
    """The cells of a row in which quotes stray; None if they are not as many as the header's, or not in one way only.

    A quote closes a cell only before a delimiter or the end, and not each that stands there must. A quote that nothing
    closes is part of its cell.
    """
    delimiter, quote, many = layout.dialect.delimiter, layout.dialect.quote, len(layout.names)
    best: list[list[str]] = []
    least = -1
    work = 20 * len(text) + 10_000
    pending: list[tuple[int, list[str], int]] = [
        (0, [], 0)
    ]  # (where the next cell begins, cells, stray quotes)
    while pending and work > 0:
        at, cells, stray = pending.pop()
        if at > len(text):
            if len(cells) == many and not layout.is_misfit(cells):
                if least < 0 or stray < least:
                    best, least = [cells], stray
                elif stray == least and cells not in best:
                    best.append(cells)
            continue
        if len(cells) == many or (0 <= least < stray):
            continue
        end = text.find(delimiter, at)
        end = len(text) if end < 0 else end
        options = []
        if quote and text.startswith(quote, at):
            for inner, after in _quoted(text, at, layout.dialect):
                strays = inner.replace(quote * 2, "").count(quote)
                if strays and inner.count("\\" + quote) == inner.count(quote):
                    inner, strays = inner.replace("\\" + quote, quote), 0
                options.append((after + 1, inner.replace(quote * 2, quote), strays))
        raw = text[at:end]
        if "\n" not in raw:
            options.append((end + 1, raw, raw.count(quote) if quote else 0))
        for after, cell, more in reversed(options):
            work -= len(cell) + 10
            pending.append((after, [*cells, cell], stray + more))
    return best[0] if len(best) == 1 and work > 0 else None


def _quoted(text: str, at: int, dialect: Dialect) -> Iterator[tuple[str, int]]:
    """(what is quoted, where it ends) for each quote after `at` that can close the cell which begins there."""
    for found in islice(_closing(dialect.delimiter, dialect.quote).finditer(text, at + 1), CLOSINGS):
        if len(found[1]) % 2:
            yield text[at + 1 : found.end(1) - 1], found.end()


@lru_cache(maxsize=64)
def _closing(delimiter: str, quote: str) -> re.Pattern[str]:
    """A run of quotes before a delimiter or the end of the row."""
    quote = re.escape(quote)
    return re.compile(rf"({quote}+) *(?={re.escape(delimiter)}|\Z)")
