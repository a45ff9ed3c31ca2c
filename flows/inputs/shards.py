"""Files, folders, globs and URLs as a stream of documents, in shards of bounded size.

What cannot be read is no exception: it is a row in `rejected`, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

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
    documents: list[Document] = []
    rejected: list[Rejected] = []
    size = 0
    for row, length in chain.from_iterable(
        _rows(given, settings, fields, charsets or {}) for given in inputs
    ):
        if isinstance(row, Document):
            documents.append(row)
            size += length
        else:
            rejected.append(row)
        full = size >= settings.shard_megabytes * MEGABYTE
        if full or len(documents) >= MAX_ROWS or len(rejected) >= MAX_ROWS:
            yield _shard(documents, rejected)
            documents, rejected, size = [], [], 0
    if documents or rejected:
        yield _shard(documents, rejected)


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


def _shard(documents: list[Document], rejected: list[Rejected]) -> Shard:
    columns = zip(*documents, strict=True) if documents else ([] for _ in DOCUMENTS)
    found = pl.DataFrame(
        [
            pl.Series(name, values, pl.Int64() if name == "published" else dtype).cast(dtype)
            for (name, dtype), values in zip(DOCUMENTS.items(), columns, strict=True)
        ]
    )
    # an error may quote half of a surrogate pair, which is no text
    errors = [(row.uri, row.error.encode("utf-8", "backslashreplace").decode()) for row in rejected]
    return Shard(found, pl.DataFrame(errors, REJECTED, orient="row"))
