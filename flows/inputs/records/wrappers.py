"""Records within others, as exports of databases have them: the fields of both are those of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flows.inputs.records.field_names import FieldNames

#: Members that hold a record whose other fields are around it, as exports of databases have them.
WRAPPERS: Final = (
    "_source", "doc", "document", "article", "post", "story", "news", "item", "node", "data", "fields", "attributes",
)  # fmt: skip


def has_text(record: Mapping[str, Any], fields: FieldNames, *, teaser: bool = True) -> bool:
    """Whether the record has a text field, be it empty; without `teaser`, one that is no mere summary.

    A record within it, as in `{"article": {"title": ..., "text": ...}}`, is no text field.
    """
    return any(
        (teaser or not fields.is_teaser(rank)) and not _is_wrapper(record, name, fields)
        for name, rank in fields.choice(record).text
    )


def unwrapped(record: dict[str, Any], fields: FieldNames) -> dict[str, Any]:
    """The record; one whose text is in a member named in `WRAPPERS` has the fields of that member, too.

    >>> from flows.settings.model import Fields
    >>> unwrapped({"_id": "7", "_source": {"text": "No rain."}}, FieldNames(Fields()))
    {'_id': '7', 'text': 'No rain.'}
    """
    if dict not in map(type, record.values()) or has_text(record, fields):
        return record
    for name in WRAPPERS:
        inner = record.get(name)
        if isinstance(inner, dict) and has_text(inner, fields):
            around = {key: value for key, value in record.items() if key != name}
            hidden = {key: value for key, value in around.items() if key in inner}
            return {**around, **inner, **({name: hidden} if hidden else {})}
    return record


def _is_wrapper(record: Mapping[str, Any], name: str, fields: FieldNames) -> bool:
    """Whether the field of that name holds a record, and not just a text."""
    inner = record.get(name)
    return isinstance(inner, dict) and name in WRAPPERS and has_text(inner, fields)
