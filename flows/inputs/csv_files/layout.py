"""The layout of a CSV file, judged by its beginning: delimiter, quoting, escapes, and where its header is.

Each dialect that could be meant reads the same sample. The one whose rows have as many fields as the header, with
quotes that open and close at delimiters, is the file's; where two explain it as well, the more common one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from flows.inputs.csv_files.dialect import DATE, MIN_SWALLOWED, MIN_TYPED, Dialect, Layout
from flows.inputs.sniffing import SPACED

DELIMITERS: Final = ",;\t|:^~\x01\x1f"
COMMON_DELIMITERS: Final = ",;\t|"
SAMPLE: Final = 1 << 18  # characters at the beginning of a file by which it is judged
ABOVE: Final = 20  # rows that may stand above the header
MAX_HEADER: Final = 1 << 16  # characters of a header that spans lines, and
MAX_HEADER_LINES: Final = 20  # lines
LONG_NAME: Final = 64  # characters; the name of a column is not longer
MAX_BAD: Final = 200  # rows after which a dialect is given up

_NEVER: Final = "\x1f"  # the delimiter of a single column, whose cells contain all others
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_DATA: Final = re.compile(rf"[-+]?\d[\d.,]*|{DATE}|https?://\S+")


def layout_of(sample: Sequence[str], *, whole: bool, has_text: Callable[[list[str]], bool]) -> Layout | None:
    """The layout of a file that begins with these lines; None if no row can be the header.

    `has_text` says whether names of columns include one for the text. `whole` says that the file ends with the sample.
    """
    begin = next((at for at, line in enumerate(sample) if not line.isspace()), 0)
    delimiters: Sequence[str] = DELIMITERS
    if sample and (separator := _SEPARATOR.fullmatch(sample[begin])):
        begin, delimiters = begin + 1, separator[1]
    elif sample and SPACED.match(sample[begin]) and (spaced := _spaced(sample, begin, whole, has_text)):
        return spaced
    elif sample and (plain := _as_usual(sample, begin, whole, has_text)):
        return plain
    best: tuple[tuple[int, int, int], Layout] | None = None
    for dialect, names, first in _headers(sample, begin, delimiters, has_text):
        for bad, layout in _variants(sample[first:], dialect, names, first, whole):
            rank = (bad, -len(names), first)
            if best is None or rank < best[0]:
                best = rank, layout
    if best is not None and not best[1].good and best[1].bad:
        return _with_row_names(sample, best[1], whole)
    return best[1] if best else None


def _with_row_names(sample: Sequence[str], layout: Layout, whole: bool) -> Layout:
    """The layout of a table from R, where each row has a name, before its fields, and the header none for these."""
    lines = sample[layout.first :]
    if not all(line.startswith('"') for line in (sample[layout.first - 1], *lines)):
        return layout
    bad, named = _judge(lines, layout.dialect, ["", *layout.names], layout.first, whole)
    return layout if bad else named


def _spaced(
    sample: Sequence[str], begin: int, whole: bool, has_text: Callable[[list[str]], bool]
) -> Layout | None:
    """The layout of a table from R with spaces between its cells; None if it is none, or has no text.

    Its rows have names, before their fields, or none.
    """
    names = first_row(sample)
    if not has_text(names):
        return None
    best: tuple[int, Layout] | None = None
    for columns in (names, ["", *names])[len(names) == 1 :]:
        for escapes in (False, True):
            bad, layout = _judge(
                sample[begin + 1 :], Dialect(" ", escapes=escapes), columns, begin + 1, whole
            )
            if layout.good and (best is None or bad < best[0]):
                best = bad, layout
    return best[1] if best and best[0] < best[1].good else None


def _as_usual(
    sample: Sequence[str], begin: int, whole: bool, has_text: Callable[[list[str]], bool]
) -> Layout | None:
    """The layout if the first line is the header and standard quoting explains every row; else None."""
    dialect = Dialect(max(COMMON_DELIMITERS, key=sample[begin].count))
    if sample[begin].count('"') % 2:
        return None
    try:
        names = next(dialect.reader(iter(sample[begin : begin + 1])))
    except (csv.Error, StopIteration):
        return None
    if not has_text(names):
        return None
    if len(names) == 1:
        dialect = Dialect(_NEVER)
    bad, layout = _judge(sample[begin + 1 :], dialect, names, begin + 1, whole)
    text = "".join(sample)
    if bad or _has_escapes(text, dialect.delimiter) or _single_quotes(text, dialect.delimiter, len(names)):
        return None
    return layout


def _single_quotes(text: str, delimiter: str, many: int) -> int:
    """Half the number of cells that begin with a single quote; 0 if as many begin with a double one."""
    before = re.escape(delimiter) if many > 1 else r"\n"
    single, double = (len(re.findall(rf"{before}{quote}(?=\w)", "\n" + text)) for quote in "'\"")
    return single // 2 if single > 2 * double else 0


def _has_escapes(text: str, delimiter: str) -> bool:
    """Whether backslashes surely are escapes: some cell is the null of databases, or all quotes within cells have one.

    In standard quoting they would be doubled, and without any quoting they would be as they are.
    """
    if "\\" not in text:
        return False
    d = re.escape(delimiter)
    if r"\N" in text and re.search(rf'(?:^|{d})"?\\N"?(?:{d}|\r?$)', text, re.MULTILINE):
        return True
    text = "\n" + text
    escaped = len(re.findall(rf'\\"(?!["{d}\r\n])|\\""(?=[{d}\r\n])', text))
    others = escaped and len(re.findall(rf'(?<![\\\n{d}"])""?(?!["{d}\r\n])', text))
    return escaped > 10 * others


def _headers(
    sample: Sequence[str], begin: int, delimiters: Sequence[str], has_text: Callable[[list[str]], bool]
) -> Iterator[tuple[Dialect, list[str], int]]:
    """The rows near the beginning that can be the header: (dialect, names, line after it)."""
    seen = set()
    above = [_lines_of_header(sample, at) for at in range(begin, min(begin + ABOVE, len(sample)))]
    # delimiters that are nowhere make the same rows
    absent = [one for one in delimiters if not any(one in line for lines in above for line in lines)]
    for delimiter in (one for one in delimiters if one not in absent[1:]):
        for quote in ('"', "'"):
            for at, header in enumerate(above, start=begin):
                dialect = Dialect(delimiter, quote, spaces=True)
                lines = _Counted(header, 0)
                try:
                    names = next(dialect.reader(lines), [])
                except csv.Error:
                    continue
                if has_text(names) and not any(map(is_data, names)):
                    many = len(names) > 1
                    found = (delimiter if many else "", tuple(map(str.strip, names)), at + lines.at)
                    if found not in seen:
                        seen.add(found)
                        yield Dialect(delimiter if many else _NEVER), names, at + lines.at
                    break


def _lines_of_header(sample: Sequence[str], at: int) -> Sequence[str]:
    """The line at `at`, and those after it that may belong to the same header."""
    size, end = 0, at + 1
    while end < min(at + MAX_HEADER_LINES, len(sample)) and size + len(sample[end]) <= MAX_HEADER:
        size += len(sample[end])
        end += 1
    return sample[at:end]


def is_data(cell: str) -> bool:
    """Whether a cell cannot be the name of a column."""
    return len(cell) > LONG_NAME or bool(_DATA.fullmatch(cell.strip()))


def first_row(sample: Sequence[str]) -> list[str]:
    """The first row that is not blank, by the delimiter it has most of; raises csv.Error."""
    first = next((at for at, line in enumerate(sample) if not line.isspace()), len(sample))
    line = "".join(sample[first : first + 1])
    dialect = Dialect(" " if SPACED.match(line) else max(COMMON_DELIMITERS, key=line.count))
    return next(dialect.reader(iter(sample[first:])), [])


def _variants(
    lines: Sequence[str], dialect: Dialect, names: list[str], first: int, whole: bool
) -> Iterator[tuple[int, Layout]]:
    """The layouts that rows after this header can have, each with its number of bad rows; the usual ones first.

    A rarer one counts some rows worse, so that a row or two that are damaged do not make it the better.
    """
    delimiter = re.escape(dialect.delimiter)
    text = "".join(lines)
    escaped = _has_escapes(text, dialect.delimiter)
    handicap = int(escaped)
    single = _single_quotes(text, dialect.delimiter, len(names))
    if single:
        handicap += single  # such cells are no good rows of any other dialect
        for escapes in (False, True) if "\\'" in text else (False,):
            bad, layout = _judge(lines, dialect._replace(quote="'", escapes=escapes), names, first, whole)
            yield bad, layout
    bad, layout = _judge(lines, dialect, names, first, whole)
    yield bad + handicap, layout
    has_long_rows = layout.has_long_rows
    if escaped or '\\"' in text:
        bad, layout = _judge(lines, dialect._replace(escapes=True), names, first, whole)
        has_long_rows = has_long_rows or layout.has_long_rows
        yield bad + single + (not escaped), layout
    if re.search(rf'{delimiter} +"|" +(?:{delimiter}|$)', text, re.MULTILINE):
        bad, layout = _judge(lines, dialect._replace(spaces=True), names, first, whole)
        yield bad + handicap, layout
    if len(names) == 1 and has_long_rows:
        return  # without quotes, each line would be a row
    rarer = dialect.delimiter not in "\t\x01\x1f"
    for escapes in (False, True) if "\\" in text else (False,):
        bad, layout = _judge(lines, dialect._replace(quote="", escapes=escapes), names, first, whole)
        yield bad + single + rarer + (escapes != escaped), layout


def _judge(
    lines: Sequence[str], dialect: Dialect, names: list[str], first: int, whole: bool
) -> tuple[int, Layout]:
    """(number of bad rows, layout) of lines after a header, read in a dialect.

    Bad is a row that cannot be read, has too few or too many fields, or looks like several rows.
    """
    good: list[list[str]] = []
    short: list[list[str]] = []
    doubtful: list[Sequence[str]] = []
    bad, many, at = 0, len(names), 0
    while at < len(lines) and bad < MAX_BAD:
        counted = _Counted(lines, at)
        try:
            for row in dialect.reader(counted):
                spanned = counted.at - at
                if len(row) == many or (len(row) > many and not any(row[many:])):
                    good.append(row)
                    if spanned > 1:
                        doubtful.append(lines[at : counted.at])
                    elif not dialect.quote and any(len(c) > 1 and c[0] == '"' == c[-1] for c in row):
                        bad += 1
                elif row and not (len(row) == 1 and not row[0].strip()):
                    bad += 1
                    if len(row) < many:
                        short.append(row)
                    elif spanned > 1:
                        break
                at = counted.at
            else:
                break
        except csv.Error:
            if counted.at == len(lines) and not whole and not _are_rows(lines[at:], dialect, many):
                break  # a row that the sample cuts
            bad += 1
        at += 1
    layout = Layout(dialect, names, first, good if len(good) >= MIN_TYPED else good + short)
    if dialect.quote:
        bad += sum(map(layout.is_swallowed, doubtful))
    layout.good, layout.bad = len(good), bad
    return bad, layout


def _are_rows(lines: Sequence[str], dialect: Dialect, many: int) -> bool:
    return len(lines) >= MIN_SWALLOWED and all(
        line.count(dialect.delimiter) == many - 1 for line in lines if not line.isspace()
    )


class _Counted(Iterator[str]):
    """Lines from one on, and the number of the next."""

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self._lines, self.at = lines, at

    def __next__(self) -> str:
        if self.at >= len(self._lines):
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1]
