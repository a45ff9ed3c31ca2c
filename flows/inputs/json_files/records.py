"""The bytes of a JSON object as a record, and whether it is one or holds some."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from flows.inputs.cutting import Cut
from flows.inputs.lines import text_of
from flows.inputs.records.documents import Refused
from flows.inputs.records.field_names import FieldNames, value_of
from flows.inputs.records.wrappers import has_text, unwrapped

_LONG_NUMBER: Final = re.compile(rb"[\s:,\[-]\d{19}")  # it may have more than 64 bits
MAX_LEVELS: Final = 6  # of objects around a list of records

LONG: Final = 100  # characters of a text that is no tag or caption

#: Members that hold records, even if these have nothing but a text, and even in an object with a title.
ENVELOPES: Final = frozenset(
    (
        "articles", "article", "data", "results", "result", "items", "item", "docs", "documents", "hits", "rows",
        "records", "entries", "entry", "news", "posts", "stories", "story", "response", "nodes", "pages", "list",
        "value", "values", "collection",
    )
)  # fmt: skip
#: Members that hold parts of an article, never an article.
PARTS: Final = frozenset(
    (
        "comments", "comment", "replies", "related", "related_articles", "relatedarticles", "recommended",
        "media", "images", "image", "photos", "videos", "video", "authors", "author", "user", "users", "byline",
        "tags", "keywords", "hashtags", "categories", "entities", "mentions", "links", "embeds", "quotes",
        "annotations", "sentences", "tokens", "highlight", "highlights", "source", "publisher", "paragraphs",
        "sections", "body", "blocks", "children", "captions", "questions",
    )
)  # fmt: skip

_CARRIAGE_RETURN: Final = ord("\r")
_TRAILING_COMMA: Final = re.compile(rb'("(?:[^"\\]++|\\.)*+")|,(?=\s*+[}\]])', re.DOTALL)


def parse(line: bytes | Cut, charset: str) -> tuple[dict[str, Any], bytes | memoryview, str]:
    """(record, its bytes without line end and byte order mark, their charset).

    Raises Refused, ValueError or RecursionError.
    """
    encoding = charset if charset.startswith("utf-") else "utf-8"
    if isinstance(line, Cut):
        try:
            record = _loads(line.rest)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            record[line.name] = line.text
            return record, line.line[:-1] if line.line[-1] == _CARRIAGE_RETURN else line.line, encoding
        line = bytes(line.line)
    # a byte order mark inside a file shows that files were concatenated
    line = line.removesuffix(b"\r").removeprefix(codecs.BOM_UTF8)
    try:
        record = _loads(line)
    except orjson.JSONDecodeError:
        # orjson is stricter about NaN, raw control characters, lone surrogates and charsets
        text, encoding = text_of(line, charset)
        try:
            record = json.loads(text, strict=False)
        except json.JSONDecodeError:
            if (fewer := _TRAILING_COMMA.sub(rb"\1", line)) == line:
                raise
            record = json.loads(text_of(fewer, charset).text, strict=False)
    if not isinstance(record, dict):
        raise Refused(f"expected an object, got {'a list' if isinstance(record, list) else 'a single value'}")
    return record, line, encoding


def is_article(record: dict[str, Any], fields: FieldNames, *, expected: bool) -> bool:
    """Whether an object among others is a record: it has a text, which is long or not alone if none is `expected`."""
    record = unwrapped(record, fields)
    values = (value_of(record, name) for name, _ in fields.choice(record).text)
    text = next((value for value in values if value), None)
    if text is None:
        return False
    return expected or _is_described(record, fields) or (isinstance(text, str) and len(text) >= LONG)


def holds_records(record: dict[str, Any], fields: FieldNames, *, expected: bool = False) -> bool:
    """Whether an object without a text has records in its members, or in theirs, down to `MAX_LEVELS`.

    >>> from flows.settings.model import Fields
    >>> holds_records({"status": "ok", "articles": [{"text": "No rain."}]}, FieldNames(Fields()))
    True
    """
    if is_flat(record) or has_text(unwrapped(record, fields), fields, teaser=False):
        return False
    is_described = _is_described(record, fields)
    level: list[tuple[Any, bool]] = [(record, expected)]
    for _ in range(MAX_LEVELS):
        inner: list[tuple[Any, bool]] = []
        for value, is_expected in level:
            if isinstance(value, list):
                inner.extend((one, is_expected) for one in value if isinstance(one, dict | list))
                continue
            if value is not record and is_article(value, fields, expected=is_expected):
                return True
            inner.extend(
                (one, is_expected or name.lower() in ENVELOPES)
                for name, one in value.items()
                if isinstance(one, dict | list)
                and may_hold(name)
                and (is_expected or not is_described or is_envelope(name))
            )
        level = inner
    return False


def is_flat(record: Mapping[str, Any]) -> bool:
    """Whether no member is an object or a list."""
    return {dict, list}.isdisjoint(map(type, record.values()))


def may_hold(name: str | None) -> bool:
    """Whether a member of that name may hold records."""
    return name is None or name.lower() not in PARTS


def is_envelope(name: str) -> bool:
    """Whether a member of that name holds records, whatever their fields."""
    return name.lower() in ENVELOPES


def _is_described(record: Mapping[str, Any], fields: FieldNames) -> bool:
    choice = fields.choice(record)
    return any(value_of(record, name) for name in (*choice.title, *choice.url, *choice.published))


def _loads(data: bytes | memoryview) -> Any:
    """The parsed JSON; integers of more than 64 bits keep all their digits."""
    value = orjson.loads(data)
    if isinstance(value, dict):
        kinds = set(map(type, value.values()))
        if (float in kinds or not kinds.isdisjoint((dict, list))) and _LONG_NUMBER.search(data):
            return json.loads(bytes(data))
    return value
