"""The dialect of a CSV file, and what its rows look like."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

MIN_TYPED: Final = 3  # cells that make a type of a column
MAX_TYPED: Final = 200  # columns
TYPED_SHARE: Final = 0.8  # of a column's cells that have its type
LONG_SHARE: Final = 0.05  # of the rows that span lines; damage makes fewer
MIN_SWALLOWED: Final = 6  # lines that look like rows, where no column has a type
DATE: Final = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.{0,30}"

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_MEANING: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "", **{mark: mark for mark in "\\\"'/,;|:"}}
_TYPES: Final = tuple(
    re.compile(pattern)
    for pattern in (r"[-+]?\d[\d.,]{0,40}", DATE, r"https?://[^\s,]+", r"(?=\D{0,80}\d)[^\s\"',]{1,80}")
)


class Dialect(NamedTuple):
    """How the cells of a row are delimited."""

    delimiter: str
    quote: str = '"'  # "" if nothing is quoted
    escapes: bool = False  # by backslashes, as MySQL, PostgreSQL and Spark write
    spaces: bool = False  # spaces between a delimiter and a quote are not part of the cell

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The rows of these lines; raises csv.Error where a quote is neither opened nor closed at a delimiter."""
        if self.spaces:
            closed = _closed(self.delimiter, self.quote)
            lines = (closed.sub(self.quote, line) if " " in line else line for line in lines)
        options: dict[str, Any] = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        if not self.escapes:
            return csv.reader(
                lines, delimiter=self.delimiter, strict=True, skipinitialspace=self.spaces, **options
            )
        kept = {self.delimiter, self.quote, "\n", "\r"}

        def protect(pair: re.Match[str]) -> str:
            # the csv module drops the backslash, which `unescaped` must see
            if pair[1] in kept:
                return pair[0]
            return "\\\\\\\\" if pair[1] == "\\" else "\\\\" + pair[1]

        protected = (_ESCAPED.sub(protect, line) if "\\" in line else line for line in lines)
        return csv.reader(
            protected,
            delimiter=self.delimiter,
            strict=True,
            escapechar="\\",
            skipinitialspace=self.spaces,
            **options,
        )

    def hidden(self, text: str) -> str:
        """The text of a row with characters in place of the escapes that concern its quotes and delimiters."""
        if not self.escapes or "\\" not in text:
            return text
        marks = {"\\": "\ufdd0", "\n": "\ufdd1", self.quote: "\ufdd2", self.delimiter: "\ufdd3"}
        return _ESCAPED.sub(lambda pair: marks.get(pair[1], pair[0]), text)

    def shown(self, cell: str) -> str:
        """The cell of a text that was `hidden`, as `reader` yields it."""
        if not self.escapes:
            return cell
        return cell.translate({0xFDD0: r"\\", 0xFDD1: "\n", 0xFDD2: self.quote, 0xFDD3: self.delimiter})

    def unescaped(self, row: list[str]) -> list[str | None]:
        r"""The cells of a row without their escapes; `\N` is null, and an escape that means nothing is left.

        >>> Dialect(",", escapes=True).unescaped([r"one\ntwo", r"C:\\x", r"\N", r"\d"])
        ['one\ntwo', 'C:\\x', None, '\\d']
        """
        return [
            None if cell == r"\N" else _ESCAPED.sub(_meaning, cell) if "\\" in cell else cell for cell in row
        ]


def _meaning(pair: re.Match[str]) -> str:
    return _MEANING.get(pair[1], pair[0])


class Scanned(NamedTuple):
    """The cells of a single line."""

    cells: list[str]
    is_open: bool  # the last cell opens a quote that the line does not close; it is not among the cells
    has_stray: bool  # a quote stands where none can open or close


class Layout:
    """A file's dialect, its columns, and what the rows of the sample look like."""

    def __init__(self, dialect: Dialect, names: list[str], first: int, rows: Sequence[list[str]]) -> None:
        self.dialect = dialect
        self.names = [name.strip() for name in names]
        self.first = first  # line of the sample that follows the header
        self.good = self.bad = 0  # rows of the sample
        #: Column -> whether a cell is of its type: a number, a date, a URL, a code.
        self.types = _types(rows, len(names))
        #: The same, and columns of few values. A new value there proves nothing against a row.
        self.types_and_values = {**_values(rows, len(names)), **self.types}
        long = sum(any("\n" in cell for cell in row) for row in rows)
        self.has_long_rows = long > LONG_SHARE * len(rows)
        #: Nearly every row spans lines, and so has a quoted cell; no column says which lines begin a row.
        self.begins_by_quotes = 2 * long > len(rows) and not self.types_and_values
        self._delimiters = len(names) - 1
        self._named = sum(map(bool, self.names))

    @cached_property
    def key(self) -> int | None:
        """The first column with a type; None if there is none."""
        return min(self.types, default=None)

    def fits(self, cells: Sequence[str]) -> bool | None:
        """Whether most of the cells that have a type are of it; None if no column of them has one."""
        return _fits(cells, self.types_and_values)

    def is_misfit(self, cells: Sequence[str]) -> bool:
        """Whether cells are not of the type that their column has."""
        return _fits(cells, self.types) is False

    def is_swallowed(self, lines: Sequence[str]) -> bool:
        """Whether the lines of one row look like that many rows: its quotes opened in one and closed in another."""
        delimiter, many = self.dialect.delimiter, self._delimiters
        if not many or len(lines) < 2 or lines[1].count(delimiter) != many:
            return False
        texts = [line for line in lines if not line.isspace()]
        if any(line.count(delimiter) != many for line in texts):
            return False
        if self.types_and_values:
            fitting = sum(self.fits(line.rstrip("\r\n").split(delimiter)) is True for line in texts)
            return fitting >= max(2, len(texts) - 1)  # one may be odd in other ways, too
        return len(texts) >= MIN_SWALLOWED and not self.has_long_rows

    def scan(self, line: str) -> Scanned:
        """The cells of a line, each delimited by its quotes if they can be those of a cell."""
        line, at, cells, stray = self.dialect.hidden(line.rstrip("\r\n")), 0, [], False
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        quoted, opened = _patterns(delimiter, quote)
        while True:
            if quote and line.startswith(quote, at) and (found := quoted.match(line, at)):
                cells.append(found[1].replace(quote * 2, quote))
                at = found.end()
            elif quote and line.startswith(quote, at) and opened.match(line, at):
                return Scanned(cells, True, stray)
            else:
                end = line.find(delimiter, at)
                cell = line[at:] if end < 0 else line[at:end]
                stray = stray or (bool(quote) and quote in cell)
                cells.append(cell)
                at += len(cell)
            if at >= len(line):
                return Scanned(cells, False, stray)
            at += 1

    def trimmed(self, row: list[str]) -> list[str] | None:
        """A row that has other than the header's number of fields, if it is whole all the same; else None.

        Its last fields may be missing, and there may be more than the header has if these are empty.
        """
        many = len(self.names)
        if len(row) > many:
            return None if any(row[many:]) else row[:many]
        fits = self.fits(row)
        enough = len(row) >= self._named or fits or (fits is None and 1 < len(row) > many / 2)
        return row if enough else None


@lru_cache(maxsize=64)
def _patterns(delimiter: str, quote: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a quoted cell, and of one whose quote is not closed."""
    d, q = re.escape(delimiter), re.escape(quote or '"')
    inner = rf"{q}([^{q}]*(?:{q}{q}[^{q}]*)*)"
    return re.compile(rf"{inner}{q}(?={d}|\Z)"), re.compile(rf"{inner}\Z")


@lru_cache(maxsize=64)
def _closed(delimiter: str, quote: str) -> re.Pattern[str]:
    """A closing quote with spaces after it."""
    return re.compile(rf"(?<!{quote}){quote} +(?={re.escape(delimiter)}|[\r\n])")


def _fits(cells: Sequence[str], types: Mapping[int, Callable[[str], Any]]) -> bool | None:
    judged = [bool(test(cells[at])) for at, test in types.items() if at < len(cells) and cells[at]]
    if not judged and not any(at < len(cells) for at in types):
        return None
    return sum(judged) * 2 > len(judged)


def _types(rows: Sequence[list[str]], many: int) -> dict[int, Callable[[str], Any]]:
    found: dict[int, Callable[[str], Any]] = {}
    for column, cells in _columns(rows, many):
        for pattern in _TYPES:
            if sum(map(bool, map(pattern.fullmatch, cells))) >= TYPED_SHARE * len(cells):
                found[column] = pattern.fullmatch
                break
    return found


def _values(rows: Sequence[list[str]], many: int) -> dict[int, Callable[[str], Any]]:
    found: dict[int, Callable[[str], Any]] = {}
    for column, cells in _columns(rows, many):
        values = frozenset(cells)
        if len(values) * 4 <= len(cells):
            found[column] = values.__contains__
    return found


def _columns(rows: Sequence[list[str]], many: int) -> Iterator[tuple[int, list[str]]]:
    """The columns that have enough cells to have a type, and these."""
    for column in range(min(many, MAX_TYPED)):
        cells = [row[column] for row in rows if column < len(row) and row[column]]
        if len(cells) >= MIN_TYPED:
            yield column, cells
