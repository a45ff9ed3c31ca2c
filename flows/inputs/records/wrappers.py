"""Records within others, as exports of databases have them: the fields of both are those of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flows.inputs.records.field_names import WRAPPERS, FieldNames

LEVELS: Final = 2  # of records around the one with the text
METADATA: Final = ("metadata", "meta")  # members with the fields of a text beside them, as corpora have them

_METADATA: Final = frozenset(METADATA)


def has_text(
    record: Mapping[str, Any], fields: FieldNames, *, teaser: bool = True, levels: int = LEVELS
) -> bool:
    """Whether the record has a text field, be it empty; without `teaser`, one that is no mere summary.

    A record within it, as in `{"article": {"title": ..., "text": ...}}`, is no text field.
    """
    return any(
        (teaser or not fields.is_teaser(rank)) and _inner(record, name, fields, levels) is None
        for name, rank in fields.choice(record).text
    )


def unwrapped(record: dict[str, Any], fields: FieldNames, levels: int = LEVELS) -> dict[str, Any]:
    """The record; one whose text is in a member named in `WRAPPERS` has the fields of that member, too.

    >>> from flows.settings.model import Fields
    >>> unwrapped({"_id": "7", "_source": {"text": "No rain."}}, FieldNames(Fields()))
    {'_id': '7', 'text': 'No rain.'}
    """
    if dict not in map(type, record.values()) or has_text(record, fields, levels=levels):
        return record
    for name in WRAPPERS:
        inner = _inner(record, name, fields, levels)
        if inner is not None:
            around = {key: value for key, value in record.items() if key != name}
            hidden = {key: value for key, value in around.items() if key in inner}
            return {**around, **inner, **({name: hidden} if hidden else {})}
    return record


def _inner(record: Mapping[str, Any], name: str, fields: FieldNames, levels: int) -> dict[str, Any] | None:
    """The record with a text that the field of that name holds; None if it does not, or holds just a text."""
    inner = record.get(name)
    if not levels or name not in WRAPPERS or not isinstance(inner, dict):
        return None
    inner = unwrapped(inner, fields, levels - 1)
    return inner if has_text(inner, fields, levels=levels - 1) else None


def with_metadata(record: Mapping[str, Any], fields: FieldNames) -> Mapping[str, Any]:
    """The record with those fields of its metadata that it lacks, but for texts.

    >>> from flows.settings.model import Fields
    >>> dict(with_metadata({"text": "No rain.", "meta": {"title": "Dry", "n": 1}}, FieldNames(Fields())))
    {'text': 'No rain.', 'meta': {'n': 1}, 'title': 'Dry'}
    """
    if _METADATA.isdisjoint(record):
        return record
    for name in METADATA:
        inner = record.get(name)
        if isinstance(inner, dict) and inner:
            own, choice = fields.choice(record), fields.choice(inner)
            taken = {
                key: inner[key]
                for there, has in (
                    (choice.title, own.title),
                    (choice.url, own.url),
                    (choice.source, own.source),
                    (choice.published, own.published),
                    (choice.created, own.published or own.created or choice.published),
                    (choice.id, own.id),
                )
                if not has
                for key in there
                if key in inner and key not in record
            }
            if taken:
                left = {key: value for key, value in inner.items() if key not in taken}
                around = {key: value for key, value in record.items() if key != name}
                record = {**around, **({name: left} if left else {}), **taken}
    return record
