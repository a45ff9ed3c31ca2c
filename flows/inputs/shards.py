"""Files, folders, globs and URLs as a stream of documents, in shards of bounded size.

What cannot be read is no exception: it is a row in `rejected`, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import polars as pl

from flows.inputs.compression import Unreadable
from flows.inputs.formats import Input
from flows.inputs.records import Document, Rejected
from flows.inputs.tabular import read_csv, read_parquet
from flows.inputs.text_files import MEGABYTE, Row, read_jsonl, read_text
from flows.settings import Fields, Inputs

MAX_ROWS: Final = 100_000  # documents, or rejected records, in a shard

DOCUMENTS: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "record_id": pl.String(),
    "uri": pl.String(),
    "source": pl.String(),
    "url": pl.String(),
    "title": pl.String(),
    "published": pl.Datetime("us", "UTC"),
    "encoding": pl.String(),
    "text": pl.String(),
    "metadata": pl.String(),
}
REJECTED: Final[dict[str, pl.DataType]] = {"uri": pl.String(), "error": pl.String()}


class Shard(NamedTuple):
    """Some of the documents, in input order, and what was rejected among them."""

    documents: pl.DataFrame  # columns: DOCUMENTS
    rejected: pl.DataFrame  # columns: REJECTED


def read(
    inputs: Sequence[Input], settings: Inputs, fields: Fields, charsets: Mapping[str, str] | None = None
) -> Iterator[Shard]:
    """The documents of the inputs, in their order, and what had to be rejected.

    A shard is closed as soon as it holds `settings.shard_megabytes` of input or 100,000 rows; a document is never
    split. `charsets` names, for a source, the charset to prefer where the bytes of its files leave a doubt.
    """
    documents: list[tuple[Any, ...]] = []
    texts = _Texts()
    rejected: list[Rejected] = []
    size = 0
    for row, length in chain.from_iterable(
        _rows(given, settings, fields, charsets or {}) for given in inputs
    ):
        if isinstance(row, Document):
            documents.append(row[:-1])
            texts.append(row.text)
            size += length
        else:
            rejected.append(row)
        full = size >= settings.shard_megabytes * MEGABYTE
        if full or len(documents) >= MAX_ROWS or len(rejected) >= MAX_ROWS:
            yield _shard(documents, texts, rejected)
            documents, texts, rejected, size = [], _Texts(), [], 0
    if documents or rejected:
        yield _shard(documents, texts, rejected)


class _Texts:
    """A column of texts; they go over into Arrow's memory a few at a time, and Python's is used again."""

    def __init__(self) -> None:
        self._series = [pl.Series("text", [], pl.String)]
        self._waiting: list[bytes] = []
        self._size = 0

    def append(self, text: bytes) -> None:
        """One text more, in UTF-8."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= MEGABYTE:
            self._take_over()

    def series(self) -> pl.Series:
        """All texts."""
        self._take_over()
        return pl.concat(self._series, rechunk=True)

    def _take_over(self) -> None:
        self._series.append(pl.Series("text", self._waiting, pl.Binary).cast(pl.String))
        self._waiting, self._size = [], 0


def _rows(given: Input, settings: Inputs, fields: Fields, charsets: Mapping[str, str]) -> Iterator[Row]:
    """The rows of one input; the last is the input itself, rejected, where it could not be read to its end."""
    nothing = True
    try:
        for row in _read(given, settings, fields, charsets):
            nothing = False
            yield row
        if nothing:
            raise Unreadable("no text: the file holds no record")
    except Unreadable as error:
        yield Rejected(given.uri, str(error)), 0


def _read(given: Input, settings: Inputs, fields: Fields, charsets: Mapping[str, str]) -> Iterator[Row]:
    match given.format.name:
        case "text" | "markdown":
            return read_text(given, settings, fields, charsets)
        case "jsonl":
            return read_jsonl(given, settings, fields)
        case "csv" | "tsv":
            return read_csv(given, settings, fields)
        case "parquet":
            return read_parquet(given, settings, fields)
    raise Unreadable(given.format.problem)


def _shard(documents: list[tuple[Any, ...]], texts: _Texts, rejected: list[Rejected]) -> Shard:
    names = Document._fields[:-1]
    columns = zip(*documents, strict=True) if documents else ([] for _ in names)
    found = [
        pl.Series(name, values, pl.Int64() if name == "published" else DOCUMENTS[name]).cast(DOCUMENTS[name])
        for name, values in zip(names, columns, strict=True)
    ]
    # an error may quote half of a surrogate pair, which is no text
    errors = [(row.uri, row.error.encode("utf-8", "backslashreplace").decode()) for row in rejected]
    return Shard(
        pl.DataFrame([*found, texts.series()]).select(list(DOCUMENTS)),
        pl.DataFrame(errors, REJECTED, orient="row"),
    )
