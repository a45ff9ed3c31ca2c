"""Columns that are written as folders: `source=pell-post/date=2019-05-14/part-0.parquet`, as Hive and Spark write them.

They fill what a document lacks. They are not part of its content: its id is the same as without them, and moving a file
to another folder makes no new document.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from flows.inputs.names import Partitions
from flows.inputs.records.documents import Document, as_json, host
from flows.inputs.records.field_names import FieldNames
from flows.inputs.records.values import as_date, as_text


class Columns(NamedTuple):
    """What the folders of a file say about its documents."""

    source: str | None
    others: dict[str, Any]  # title, url and published by the name of the column of a document
    folder: str  # the innermost one, which is the source of a text file
    outer: str | None  # the next one that is no column
    used: dict[str, tuple[str, ...]]  # column of a document -> the folders that it comes from
    values: dict[str, str]  # all that are not null


def columns_of(partitions: Partitions, uri: str, fields: FieldNames) -> Columns:
    """What the folders of the file `uri` say."""
    values = {name: value for name, value in partitions if value is not None}
    choice = fields.choice(values)
    used: dict[str, tuple[str, ...]] = {}
    found: dict[str, Any] = {}
    for column, names in (
        ("title", choice.title),
        ("url", choice.url),
        ("source", (*choice.source, *choice.hosts)),
    ):
        for name in names:
            if column not in found and (text := as_text(values[name], column)[0]) is not None:
                found[column], used[column] = text, (name,)
    dates: list[tuple[str, tuple[str, ...]]] = [
        (values[name], (name,)) for name in choice.published if name in values
    ]
    if {"year", "month", "day"} <= values.keys():
        day = "-".join(values[part].zfill(2) for part in ("year", "month", "day"))
        dates.append((day, ("year", "month", "day")))
    for written, of in dates:
        if "published" not in found and (date := as_date(written)[0]) is not None:
            found["published"], used["published"] = date, of
    folders = [folder.replace(r"\x23", "#") for folder in uri.split("/")[:-1]]
    plain = [folder for folder in folders if "=" not in folder]
    source = found.pop("source", None)
    return Columns(source, found, (folders or [""])[-1], (plain or [""])[-1] or None, used, values)


def filled(document: Document, columns: Columns) -> Document:
    """The document with what it lacks from its folders; columns that fill nothing are in its metadata."""
    new = {name: value for name, value in columns.others.items() if getattr(document, name) is None}
    own = document.source if document.source not in (columns.folder, host(document.url)) else None
    if own is None and columns.source is not None:
        new["source"] = columns.source
    elif own is None and document.source == columns.folder and "=" in columns.folder:
        new["source"] = columns.outer
    taken = {name for column in new for name in columns.used.get(column, ())}
    known = orjson.loads(document.metadata) if document.metadata else {}
    left = {name: value for name, value in columns.values.items() if name not in taken and name not in known}
    if left:
        more = as_json(left).decode()
        new["metadata"] = more if document.metadata is None else f"{document.metadata[:-1]},{more[1:]}"
    return document._replace(**new)
