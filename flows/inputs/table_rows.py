"""Rows of tables as documents: what the readers of CSV, Parquet and feeds share."""

from __future__ import annotations

from typing import Any

from flows.inputs.bounds import Unreadable
from flows.inputs.reader import Row
from flows.inputs.records.documents import Refused, Rejected, as_json, no_text, to_document
from flows.inputs.records.field_names import FieldNames


def to_row(record: dict[str, Any], fields: FieldNames, uri: str, encoding: str) -> Row:
    """The document in a record of a table, or why there is none."""
    try:
        content = as_json(dict(sorted(record.items())))
        return to_document(record, fields, uri=uri, content=content, encoding=encoding), len(content)
    except Refused as error:
        return Rejected(uri, str(error)), sum(
            len(value) for value in record.values() if isinstance(value, str)
        )


def require_text_column(names: list[str], fields: FieldNames) -> None:
    """Raise Unreadable if no column can be the text: one error for the file, not one for each row."""
    if not names:
        raise Unreadable("no text: the file is empty")
    if not fields.hold_text(names):
        raise Unreadable(no_text(names, fields, "column"))
