"""Tables of copies as they are shown in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
from rich.table import Table
from rich.text import Text

from flows.dataset.summary import share
from flows.printable import printable
from flows.report.copies.delays import in_words
from flows.report.copies.names import By

_Row = Mapping[str, Any]
#: Columns of a terminal that a text has at least: numbers without names say nothing.
_LEAST: Final = 10


def in_terminal(by: By, rows: pl.DataFrame) -> Table:
    """The first rows of a table of copies. Texts are cut where the terminal is too narrow for them."""
    texts, numbers, cells = _SHOWN[by]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in texts:
        table.add_column(name, min_width=_LEAST)
    for row in cells(rows.iter_rows(named=True)):
        # only the columns of texts give way, and no text takes a second line
        table.add_row(*(Text(printable(cell), no_wrap=True, overflow="ellipsis") for cell in row))
    return table


def _paragraphs(rows: Iterable[_Row]) -> Iterable[list[str]]:
    for row in rows:
        first = _where(row["first_source"], row["first_published"])
        yield [f"{row['prints']:,}", f"{row['documents']:,}", f"{len(row['sources']):,}", first, row["text"]]


def _pairs(rows: Iterable[_Row]) -> Iterable[list[str]]:
    for row in rows:
        numbers = [f"{row['words']:,}", _percent(row["share"]), in_words(row["hours"])]
        yield [*numbers, *(_document(row, prefix) for prefix in ("", "first_"))]


def _sources(rows: Iterable[_Row]) -> Iterable[list[str]]:
    for row in rows:
        numbers = [f"{row['documents']:,}", f"{row['words']:,}", _percent(row["share"])]
        first = "itself" if row["source"] == row["first_source"] else _name(row["first_source"])
        yield [*numbers, in_words(row["hours"]), _name(row["source"]), first]


def _clusters(rows: Iterable[_Row]) -> Iterable[list[str]]:
    for row in rows:
        is_first = row["document_id"] == row["cluster"]
        size = f"{row['cluster_size']:,}" if is_first else ""
        yield [
            size,
            *(["", ""] if is_first else [_percent(row["share"]), in_words(row["hours"])]),
            _document(row),
        ]


#: For each table: its columns of text, those before them, and the cells of its rows.
_SHOWN: Final[Mapping[By, tuple[tuple[str, ...], tuple[str, ...], Callable[..., Iterable[list[str]]]]]] = {
    By.PARAGRAPHS: (("first printed by", "text"), ("prints", "documents", "sources"), _paragraphs),
    By.PAIRS: (("document", "has text of"), ("words", "share", "how much later"), _pairs),
    By.SOURCES: (
        ("source", "copies from"),
        ("documents", "words", "share", "median delay"),
        _sources,
    ),
    By.CLUSTERS: (("document",), ("documents", "share", "how much later"), _clusters),
}


def _document(row: _Row, prefix: str = "") -> str:
    title = row[f"{prefix}title"] or row[f"{prefix}url"] or row[f"{prefix}uri"] or row[f"{prefix}document_id"]
    return f"{_where(row[f'{prefix}source'], row[f'{prefix}published'])}: {title}"


def _where(source: str | None, published: datetime | None) -> str:
    return f"{_name(source)}, {published:%Y-%m-%d}" if published else _name(source)


def _name(source: str | None) -> str:
    return source or "(without a source)"


def _percent(part: float) -> str:
    return share(round(part * 10**6), 10**6)
