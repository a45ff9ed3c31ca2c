"""A look at a bounded sample of the inputs, before the first run: what is in them, and what copydesk makes of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.language.identifier import language_of_documents
from cleaners.paragraphs import document_starts, to_paragraphs
from flows import inputs
from flows.inputs.bounds import Reserve, Unreadable
from flows.inputs.compression import COMPRESSIONS
from flows.inputs.csv_files.dialect import Dialect
from flows.inputs.csv_files.reader import dialect_of
from flows.inputs.reader import Input, Options
from flows.inputs.records.field_names import FieldNames
from flows.settings.model import Fields, Inputs

FILES: Final = 100  # spread evenly over the inputs
MEGABYTES: Final = 1  # of documents from each file
DOCUMENTS: Final = 200  # from each file
SHOWN: Final = 6  # names, sources, errors
MAX_DOCUMENT: Final = 16  # megabytes; a larger text file is not looked at

_NUMBERS: Final = re.compile(r"\d+")


@dataclass
class Survey:
    """What the sample shows; counts are of documents unless they say otherwise."""

    files: int  # found
    bytes: int  # of these, as far as known
    looked_at: int = 0  # files
    documents: int = 0
    endings: Counter[str] = field(default_factory=Counter)  # of all files found
    fields: dict[str, Counter[str]] = field(
        default_factory=dict
    )  # field of the settings -> its names in records
    others: Counter[str] = field(default_factory=Counter)  # fields that only the metadata has
    dialects: Counter[str] = field(default_factory=Counter)  # of CSV files
    charsets: Counter[str] = field(default_factory=Counter)
    languages: Counter[str | None] = field(default_factory=Counter)
    sources: Counter[str | None] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)  # columns that are null
    hard_wrapped: int = 0  # documents whose lines are joined to paragraphs
    markup: int = 0  # documents with tags of HTML
    rejected: Counter[str] = field(default_factory=Counter)  # an example of an error -> files and records
    examples: dict[str, str] = field(default_factory=dict)  # error without its numbers -> the example


def survey(found: Sequence[Input]) -> Survey:
    """Look at a sample of the inputs, with the default settings."""
    result = Survey(len(found), sum(one.size for one in found))
    for one in found:
        result.endings[_ending(one.uri)] += 1
    step = max(1, -(-len(found) // FILES))
    for one in found[::step]:
        result.looked_at += 1
        _look_at(one, result)
    return result


def _ending(uri: str) -> str:
    """The ending of a file's name, with that of its compression.

    >>> _ending("/news/a.JSONL.gz"), _ending("/news/2019")
    ('.jsonl.gz', '')
    """
    parts = uri.rpartition("/")[2].lower().split(".")[1:]
    return "".join(
        f".{part}" for part in parts[-2 if parts[-1:] and f".{parts[-1]}" in COMPRESSIONS else -1 :]
    )


def _look_at(one: Input, result: Survey) -> None:
    settings = Inputs(shard_megabytes=MEGABYTES, max_document_megabytes=MAX_DOCUMENT)
    if _ending(one.uri).startswith((".csv", ".tsv")):
        with suppress(Unreadable):
            dialect = dialect_of(one, Options(settings, FieldNames(Fields()), {}, Reserve(), Counter()))
            result.dialects[_in_words(dialect)] += 1
    shards = inputs.read([one], settings, Fields())
    shard = next(shards, None)
    if shard is None:
        return
    for error in shard.rejected["error"]:
        result.rejected[result.examples.setdefault(_NUMBERS.sub("", error), error)] += 1
    for (name, written), number in shard.fields.items():
        result.fields.setdefault(name, Counter())[written] += number
    documents = shard.documents.head(DOCUMENTS)
    if documents.is_empty():
        return
    result.documents += len(documents)
    result.charsets.update(documents["encoding"].to_list())
    result.sources.update(documents["source"].to_list())
    for column in ("title", "published", "source", "url"):
        result.missing[column] += documents[column].null_count()
    for metadata in documents["metadata"].drop_nulls():
        result.others.update(_keys(metadata))
    result.markup += result.others.pop("markup", 0)  # see `flows.inputs.markup.in_records`
    frame = to_paragraphs(documents.with_columns(pl.lit(None, pl.String).alias("language")))
    starts = document_starts(frame)
    paragraphs = pl.Series(np.diff(starts))
    result.languages.update(language_of_documents(frame.get_column("text"), paragraphs).to_list())
    lines = documents.get_column("text").str.count_matches(r"(?m)^.*\S.*$")
    of_document = frame.get_column("document").gather(starts[:-1])
    result.hard_wrapped += int((lines.gather(of_document) > paragraphs).sum())


def _in_words(dialect: Dialect) -> str:
    """A dialect in words.

    >>> _in_words(Dialect("\\t", "", escapes=True))
    'delimiter "\\\\t", nothing quoted, escapes by backslashes'
    """
    quotes = (
        "" if dialect.quote == '"' else f", quotes {dialect.quote}" if dialect.quote else ", nothing quoted"
    )
    escapes = ", escapes by backslashes" if dialect.escapes else ""
    return f"delimiter {json.dumps(dialect.delimiter)}{quotes}{escapes}"


def _keys(metadata: str) -> Iterator[str]:
    value: Any = json.loads(metadata)
    return islice(value, 100)


def lines(result: Survey) -> Iterator[str]:
    """What the sample shows, line by line."""
    yield (
        f"looked at {result.looked_at:,} of {result.files:,} files ({result.bytes / 1e6:,.1f} MB), "
        f"{result.documents:,} documents"
    )
    yield f"files: {_listed(result.endings, {'': 'without an ending'})}"
    if result.dialects:
        yield f"CSV: {_listed(result.dialects)}"
    if result.fields:
        of = "; ".join(
            f"{name} from {_listed(names, quoted=True)}" for name, names in result.fields.items() if names
        )
        yield f"fields: {of}"
    if result.others:
        yield f"kept in metadata: {_listed(result.others, quoted=True)}"
    if result.documents:
        yield f"sources: {_listed(result.sources, {None: 'none'})}"
        yield f"charsets: {_listed(result.charsets)}"
        yield f"languages: {_listed(result.languages, {None: 'unsure'})}"
        without = [f"{column} {number:,}" for column, number in result.missing.items() if number]
        if without:
            yield f"documents without: {', '.join(without)}"
    if result.hard_wrapped:
        yield f"hard-wrapped: {result.hard_wrapped:,} documents, whose lines are joined to paragraphs"
    if result.markup:
        yield f"markup: {result.markup:,} documents had tags of HTML, and are the text between them"
    for error, number in result.rejected.most_common(SHOWN):
        yield f"rejected: {number:,} x {error}"


def _listed(counts: Counter[Any], names: dict[Any, str] | None = None, *, quoted: bool = False) -> str:
    """The most common ones with their numbers."""
    shown = [
        f"{(names or {}).get(name, json.dumps(name, ensure_ascii=False) if quoted else name)} {number:,}"
        for name, number in counts.most_common(SHOWN)
    ]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
