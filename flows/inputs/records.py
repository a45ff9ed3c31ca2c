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
from flows.inputs.cutting import Utf8
from flows.inputs.dates import microseconds
from flows.inputs.tracing import content_hash
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

    Unmapped fields go to `metadata`, and so does a publication date that cannot be parsed. Raises Refused if there is
    no text or a field has the wrong type.
    """
    text_name, text = _body(record, fields.text)
    if text is None:
        raise Refused(_no_text(record, fields))
    title_name, title = _text(record, fields.title)
    url_name, url = _text(record, fields.url)
    source_name, named = _text(record, fields.source)
    id_name, record_id = _id(record, fields.id)
    date_name, date = _first(record, fields.published)
    published = microseconds(date)
    taken = {
        text_name,
        title_name,
        url_name,
        source_name,
        id_name,
        date_name if published is not None else None,
    }
    return Document(
        document_id(uri, content),
        record_id,
        uri,
        named or host(url) or source,
        url,
        title,
        published,
        encoding,
        _metadata(record, taken, fields),
        content_hash(content),
        None,
        text,
    )


def names_to_cut(fields: Fields) -> tuple[str, ...]:
    """The names of the text field that no other field shares."""
    others = {name for field, names in fields if field != "text" for name in names}
    return tuple(name for name in fields.text if name not in others)


def refuse_surrogates(record: Mapping[str, Any], fields: Fields) -> None:
    """Raise Refused if a mapped field contains a lone surrogate, which UTF-8 cannot encode."""
    for name in _names(fields):
        try:
            str(record.get(name)).encode()
        except UnicodeEncodeError as error:
            code = ord(error.object[error.start])
            raise Refused(f'field "{name}": lone surrogate U+{code:04X}') from None


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


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, Any]:
    for name in names:
        value = record.get(name)
        if value is not None and value != "":
            return name, value
    return None, None


def _text(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, str | None]:
    name, value = _first(record, names)
    if name is None:
        return None, None
    if not isinstance(value, str):
        raise Refused(f'field "{name}": expected text, got {_kind(value)}')
    return name, None if value.isspace() else value


def _body(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, bytes | None]:
    name, value = _first(record, names)
    if isinstance(value, Utf8):
        return name, value
    name, text = _text(record, names)
    return name, None if text is None else text.encode()


def _id(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, str | None]:
    name, value = _first(record, names)
    if name is None:
        return None, None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(f'field "{name}": expected text or a number, got {_kind(value)}')
    return name, str(value)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return f"a truth value ({str(value).lower()})"
    if isinstance(value, int | float):
        return f"a number ({str(value)[:40]})"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, bytes):
        return "bytes"
    return f"{type(value).__name__} ({str(value)[:40]})"


def _no_text(record: Mapping[str, Any], fields: Fields) -> str:
    names = " or ".join(f'"{name}"' for name in fields.text)
    if any(name in record for name in fields.text):
        return f"no text: field {names} is empty"
    has = ", ".join(list(record)[:8]) or "none at all"
    return f"no text: no field {names} (it has {has}; map it with [fields] text)"


@lru_cache(maxsize=8)
def _names(fields: Fields) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in fields.model_dump().values() for name in names))


def _metadata(record: Mapping[str, Any], taken: set[str | None], fields: Fields) -> str | None:
    """The fields of `record` not in `taken`, as a JSON object; empty mapped fields are left out."""
    if taken.issuperset(record):
        return None
    left = {name: value for name, value in record.items() if name not in taken}
    for name in [name for name, value in left.items() if value is None or value == ""]:
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
