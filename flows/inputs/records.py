"""Records of any format as documents: fields are mapped, types are checked, ids are hashed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from flows.inputs.bounds import MAX_DEPTH, too_deep
from flows.inputs.tracing import content_hash
from flows.inputs.values import Body, Unusable, as_body, as_date, as_text, is_missing
from flows.settings.model import Fields

#: A plain URL, whose host can be read without the special cases of `urlsplit`.
_PLAIN_URL: Final = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")
_COPY: Final = re.compile(r"\Ahttps?://web\.archive\.org/web/\d+[a-z_]*/(?=https?://)")


class Document(NamedTuple):
    """A document as read; its fields are the columns of a shard's `documents`, the text last."""

    document_id: str
    record_id: str | None
    uri: str
    source: str | None
    url: str | None
    title: str | None
    published: int | None  # microseconds since 1970, UTC
    encoding: str
    metadata: str | None  # a JSON object; None if there is nothing to store
    content: str  # hash, see `tracing.content_hash`
    older: tuple[str, ...] | None  # ids of the documents that this is a new version of
    text: bytes  # UTF-8


class Rejected(NamedTuple):
    """An input or a record that could not be read; its fields are the columns of a shard's `rejected`."""

    uri: str
    error: str


class Refused(Exception):
    """A record cannot be a document; the message says why."""


def document_id(uri: str, content: bytes | memoryview) -> str:
    """The hash of a document's uri and content (BLAKE2b, 128 bits, hexadecimal)."""
    digest = hashlib.blake2b(b"%b\0" % uri.encode(), digest_size=16)
    digest.update(content)
    return digest.hexdigest()


def to_document(
    record: Mapping[str, Any],
    fields: Fields,
    *,
    uri: str,
    content: bytes | memoryview,
    encoding: str,
    source: str | None = None,
) -> Document:
    """The document in `record`. `content` is hashed for the id; `source` is the default for a record without one.

    Only a text that cannot be used costs a document: Refused is raised. All other fields are null if their value says
    nothing (see `values`). Unmapped fields go to `metadata`, and so does what is not taken of a mapped one.
    """
    taken: set[str] = set()
    name, (text, charset, rest) = _body(record, fields)
    taken.add(name)
    title = _text(record, fields.title, "title", taken)
    url = _text(record, fields.url, "url", taken)
    named = _text(record, fields.source, "source", taken)
    record_id = _text(record, fields.id, "id", taken)
    published = _date(record, fields.published, taken)
    left = record if rest is None else {**record, name: rest}
    if rest is not None:
        taken.remove(name)
    return Document(
        document_id(uri, content),
        record_id,
        uri,
        named or host(url) or source,
        url,
        title,
        published,
        charset or encoding,
        _metadata(left, taken, fields),
        content_hash(content),
        None,
        text,
    )


def names_to_cut(fields: Fields) -> tuple[str, ...]:
    """The names of the text field that no other field shares."""
    others = {name for field, names in fields if field != "text" for name in names}
    return tuple(name for name in fields.text if name not in others)


def host(url: str | None) -> str | None:
    """The host of a URL in lower case, without port and leading "www."; None if there is none.

    For a copy in the Internet Archive's Wayback Machine it is the host of the original page.

    >>> host("https://www.Example.org:8080/news")
    'example.org'
    """
    if not url:
        return None
    url = _COPY.sub("", url, count=1)
    if plain := _PLAIN_URL.match(url):
        name: str | None = plain[1]
    else:
        try:
            name = urlsplit(url).hostname
        except ValueError:
            return None
    return name.removeprefix("www.") or None if name else None


def as_json(value: Mapping[str, Any]) -> bytes:
    """Any mapping as JSON, in the order of its keys; values that JSON cannot express become strings.

    Raises Refused if it is nested too deep.
    """
    try:
        if _is_finite(value):
            return orjson.dumps(value, default=_plain)
    except TypeError:
        pass
    value = _expressible(value)
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # integers beyond 64 bits
        return json.dumps(value, default=_plain, separators=(",", ":")).encode()


def _body(record: Mapping[str, Any], fields: Fields) -> tuple[str, Body]:
    """(the field that holds the text, what it holds); raises Refused if none does."""
    problem = None
    for name in fields.text:
        try:
            if (body := as_body(record.get(name))) is not None:
                return name, body
        except Unusable as error:
            problem = problem or f'field "{name}": expected text, got {error}'
    raise Refused(problem or _no_text(record, fields))


def _text(record: Mapping[str, Any], names: tuple[str, ...], field: str, taken: set[str]) -> str | None:
    """The first text among the fields of these names; those that it is all of, or that are blank, are `taken`."""
    for name in names:
        value = record.get(name)
        if value is None:
            continue
        text, is_all = as_text(value, field)
        if (text is not None and is_all) or is_missing(value):
            taken.add(name)
        if text is not None:
            return text
    return None


def _date(record: Mapping[str, Any], names: tuple[str, ...], taken: set[str]) -> int | None:
    """The first date among the fields of these names; one that is all of its value is `taken`."""
    for name in names:
        value = record.get(name)
        if value is None:
            continue
        date, is_all = as_date(value)
        if date is not None:
            if is_all:
                taken.add(name)
            return date
    return None


def _no_text(record: Mapping[str, Any], fields: Fields) -> str:
    names = " or ".join(f'"{name}"' for name in fields.text)
    if any(name in record for name in fields.text):
        return f"no text: field {names} is empty"
    has = ", ".join(list(record)[:8]) or "none at all"
    return f"no text: no field {names} (it has {has}; map it with [fields] text)"


@lru_cache(maxsize=8)
def _names(fields: Fields) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in fields.model_dump().values() for name in names))


def _metadata(record: Mapping[str, Any], taken: set[str], fields: Fields) -> str | None:
    """The fields of `record` not in `taken`, as a JSON object; empty mapped fields are left out."""
    if taken.issuperset(record):
        return None
    left = {name: value for name, value in record.items() if name not in taken}
    for name in [name for name, value in left.items() if is_missing(value)]:
        if name in _names(fields):
            del left[name]
    return as_json(left).decode() if left else None


def _plain(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _is_finite(record: Mapping[str, Any]) -> bool:
    """Whether it contains no NaN and no infinity, which orjson writes as null; raises Refused if it is too deep."""
    level: list[Any] = [record]
    is_finite, depth = True, -1
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Refused(too_deep("a value"))
        inner = []
        for outer in level:
            for value in outer if isinstance(outer, list) else outer.values():
                if isinstance(value, float):
                    is_finite = is_finite and math.isfinite(value)
                elif isinstance(value, dict | list):
                    inner.append(value)
        level = inner
    return is_finite


def _expressible(value: Any) -> Any:
    """The value with strings where JSON has no equivalent: NaN and infinities by name, lone surrogates escaped."""
    match value:
        case dict():
            return {_expressible(str(name)): _expressible(of) for name, of in value.items()}
        case list():
            return [_expressible(of) for of in value]
        case str():
            return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
