"""Records of any format as documents: fields are mapped, types are checked, ids are hashed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import orjson

from flows.inputs.bounds import MAX_DEPTH, too_deep
from flows.inputs.records.field_names import Choice, FieldNames, value_of, without
from flows.inputs.records.values import Body, Unusable, as_body, as_date, as_text, is_missing, is_plain
from flows.inputs.records.wrappers import unwrapped, with_metadata
from flows.inputs.tracing import content_hash
from flows.printable import shortened

#: A plain URL, whose host can be read without the special cases of `urlsplit`.
_PLAIN_URL: Final = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")
_URL: Final = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//|\s*www\.", re.IGNORECASE)
_PAGE: Final = re.compile(r"\s*https?://[^\s<>]+\s*", re.IGNORECASE)
#: What a news service writes where it has cut a text.
_CUT_SHORT: Final = re.compile(rb"(?:\.\.\.|\xe2\x80\xa6)? \[\+\d+ chars\]\Z")
_WORD: Final = 40  # bytes; something shorter without a space is no article, if there is another text
#: An address, a number, a code: all that there is, in ASCII and without a space.
_CODE: Final = re.compile(rb"\s*(?:[a-z]{2,8}://[!-~]+|(?=[!-~]{0,199}\d)[!-~]{1,200}|[!-~]{24,200})\s*")
_FINITE: Final = frozenset((str, int, bool, type(None)))  # types of values that hold no float
_ONE_WORD: Final = re.compile(rb"\s*[!-~]{1,40}\s*")  # such as a label
_COPY: Final = re.compile(r"\Ahttps?://web\.archive\.org/web/\d+[a-z_]*/(?=https?://)")


#: The names that the text, title, url, source, date and id of a document have in its record; None without one.
Names: TypeAlias = tuple[str | None, ...]


class Document(NamedTuple):
    """A document as read; its fields but the last are the columns of a shard's `documents`."""

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
    names: Names = ()  # none for a file that is one text


class Rejected(NamedTuple):
    """An input or a record that could not be read; its fields are the columns of a shard's `rejected`."""

    uri: str
    error: str


class Refused(Exception):
    """A record cannot be a document; the message says why."""


def document_id(uri: str, content: str) -> str:
    """The hash of a document's uri and `tracing.content_hash` (BLAKE2b, 128 bits, hexadecimal).

    The content is hashed once, at the speed of memory, and this hashes a few dozen bytes.
    """
    return hashlib.blake2b(f"{uri}\0{content}".encode(), digest_size=16).hexdigest()


def to_document(
    record: Mapping[str, Any],
    fields: FieldNames,
    *,
    uri: str,
    content: bytes | memoryview,
    encoding: str,
    source: str | None = None,
) -> Document:
    """The document in `record`. `content` is hashed; `source` is the default for a record without one.

    Only a text that cannot be used costs a document: Refused is raised. All other fields are null if their value says
    nothing (see `values`). Unmapped fields go to `metadata`, and so does what is not taken of a mapped one.
    """
    record = with_metadata(record, fields)
    choice = fields.choice(record)
    if not choice.text or isinstance(record.get(choice.text[0][0]), dict):
        record = unwrapped(dict(record), fields)
        choice = fields.choice(record)
    text_name, (text, charset, rest) = _body(record, choice, fields)
    taken = {text_name} if rest is None else set()
    title_name, title = _text(record, choice.title, "title", taken)
    of_url = _text if len(choice.url) < 2 else _url
    url_name, url = of_url(record, choice.url, "url", taken)
    source_name, named = _text(record, choice.source, "source", taken)
    if named is not None and "://" in named and fields.guesses_source and _PAGE.fullmatch(named):
        source_name, named, url_name, url = _other_source(
            record, choice, source_name, named, url_name, url, taken
        )
    named = named or host(url)
    if named is None and choice.hosts:
        source_name, named = _text(record, choice.hosts, "source", taken)
    id_name, record_id = _text(record, choice.id, "id", taken)
    date_name, published = _date(record, choice.published, taken)
    if (
        published is None
        and choice.created
        and all(is_missing(value_of(record, one)) for one in choice.published)
    ):
        date_name, published = _date(record, choice.created, taken)
    hashed = content_hash(content)
    return Document(
        document_id(uri, hashed),
        record_id,
        uri,
        named or source,
        url,
        title,
        published,
        charset or encoding,
        _metadata(record if rest is None else {**record, text_name: rest}, taken, choice),
        hashed,
        None,
        text,
        (text_name, title_name, url_name, source_name, date_name, id_name),
    )


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


def _body(record: Mapping[str, Any], choice: Choice, fields: FieldNames) -> tuple[str, Body]:
    """(the field that holds the text, what it holds); raises Refused if none does, or if it could be another."""
    problem = best = None
    best_rank = 0
    for name, rank in choice.text:
        if best is not None and rank != best_rank:
            break
        try:
            body = as_body(value_of(record, name))
        except Unusable as error:
            problem = problem or f'field "{name}": expected text, got {error}'
            continue
        if body is not None and fields.is_vague(rank) and _CODE.fullmatch(body.text):
            problem = problem or f'field "{name}": expected text, got "{body.text[:40].decode("ascii")}"'
        elif body is not None:
            best, best_rank = (name, body) if best is None else _better(best, (name, body)), rank
    if problem if best is None else fields.is_vague(best_rank) and _ONE_WORD.fullmatch(best[1].text):
        best = _teaser(record, choice) or best
    if best is None:
        names = " or ".join(f'"{name}"' for name, _ in choice.text)
        raise Refused(
            problem
            or (f"no text: field {names} is empty" if names else no_text(_listed(record, fields), fields))
        )
    return best


def _teaser(record: Mapping[str, Any], choice: Choice) -> tuple[str, Body] | None:
    """What stands for a text that is a code or a label: the first summary of more than a word; None without one."""
    for name, _ in choice.teasers:
        with suppress(Unusable):
            body = as_body(value_of(record, name))
            if body is not None and len(body.text) >= _WORD and not _CODE.fullmatch(body.text):
                return name, body
    return None


def _listed(record: Mapping[str, Any], fields: FieldNames) -> Mapping[str, Any]:
    """The first record of the only list in a record, in which a text was looked for as well; else the record.

    It is the record where those in the list have a text, but are no articles, such as comments.
    """
    lists = [value for value in record.values() if isinstance(value, list) and value]
    if len(lists) != 1 or not isinstance(lists[0][0], dict) or fields.choice(lists[0][0]).text:
        return record
    return lists[0][0]


def _better(one: tuple[str, Body], other: tuple[str, Body]) -> tuple[str, Body]:
    """The one of two that holds the other, or more than a word where the other is one; raises Refused if neither."""
    mine, theirs = (_CUT_SHORT.sub(b"", b" ".join(body.text.split())) for _, body in (one, other))
    if theirs in mine or (len(theirs) < _WORD and b" " not in theirs):
        return one
    if mine in theirs or (len(mine) < _WORD and b" " not in mine):
        return other
    raise Refused(
        f'two texts: field "{one[0]}" and field "{other[0]}" differ; name the one to read with [fields] text'
    )


def _text(
    record: Mapping[str, Any], names: Iterable[str], field: str, taken: set[str]
) -> tuple[str | None, str | None]:
    """(name, text) of the first field that says any; those that it is all of, or that are blank, are `taken`."""
    for name in names:
        value = record.get(name)
        if is_plain(value):
            taken.add(name)
            return name, value
        if value is None:
            value = value_of(record, name)
        text, is_all = as_text(value, field)
        if (text is not None and is_all) or is_missing(value):
            taken.add(name)
        if text is not None:
            return name, text
    return None, None


def _url(
    record: Mapping[str, Any], names: Iterable[str], field: str, taken: set[str]
) -> tuple[str | None, str | None]:
    """(name, text) of the first field that holds a URL, or else of the first that holds a text."""
    for name in names:
        text, _ = as_text(value_of(record, name), field)
        if text is not None and _URL.match(text):
            return _text(record, (name,), field, taken)
    return _text(record, names, field, taken)


def _other_source(
    record: Mapping[str, Any],
    choice: Choice,
    source_name: str | None,
    source: str,
    url_name: str | None,
    url: str | None,
    taken: set[str],
) -> tuple[str | None, str | None, str | None, str | None]:
    """(name, source, name, url) where the source is a URL: of the article, as extractors write it, or of its site."""
    for name in choice.source:
        other, _ = as_text(value_of(record, name), "source")
        if other is not None and not _PAGE.fullmatch(other):
            taken.discard(source_name or "")
            found = _text(record, (name,), "source", taken)
            break
    else:
        found = source_name, host(source)
    if url is None:
        taken.add(source_name or "")
        return *found, source_name, source
    if url != source:
        taken.discard(source_name or "")
    return *found, url_name, url


def _date(record: Mapping[str, Any], names: Iterable[str], taken: set[str]) -> tuple[str | None, int | None]:
    """(name, date) of the first field that says one; it is `taken` if that is all of it."""
    for name in names:
        date, is_all = as_date(value_of(record, name))
        if date is not None:
            if is_all:
                taken.add(name)
            return name, date
    return None, None


def no_text(names: Iterable[str], fields: FieldNames, what: str = "field") -> str:
    """The error of a record or table in which no name is one of the text."""
    names = list(names)
    usual = fields.guesses_text
    if usual and (list_of := fields.choice(names).list_of):
        has = ", ".join(shortened(name) for name in names[:8])
        return (
            f"no text: this is a list of {list_of} ({has}), without the texts of the pages; fetch these first"
        )
    wanted = (
        '"text", "content", "body" or another usual name'
        if usual
        else " or ".join(f'"{name}"' for name in fields.settings.text)
    )
    has = ", ".join(shortened(name) for name in names[:8]) or "none at all"
    return f"no text: no {what} {wanted} (it has {has}; map it with [fields] text)"


def _metadata(record: Mapping[str, Any], taken: set[str], choice: Choice) -> str | None:
    """The fields of `record` not in `taken`, as a JSON object; empty mapped fields are left out."""
    if taken.issuperset(record):
        return None
    left = {name: value for name, value in record.items() if name not in taken}
    for name in taken.difference(record):
        left = without(left, name)
    for name in [name for name, value in left.items() if name in choice.mapped and is_missing(value)]:
        del left[name]
    return as_json(left).decode() if left else None


def _plain(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _is_finite(record: Mapping[str, Any]) -> bool:
    """Whether it contains no NaN and no infinity, which orjson writes as null; raises Refused if it is too deep."""
    if _FINITE.issuperset(map(type, record.values())):  # nearly always
        return True
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
