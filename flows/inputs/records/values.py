"""What a value of a record says, whatever its type.

Exports write the same field as text, number, list or object. One rule for all fields but the text: text is taken as it
is, a number as it is written, bytes as the text they encode, of an object the value of the first key that is usual for
such objects, and of a list the first item that says anything. NaN counts as null. Booleans and the rest say nothing,
and neither do the words of `MISSING`. What is not taken whole stays in the metadata as it was.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar

import orjson

from cleaners.decoding.decoder import NotText, decode
from flows.inputs.cutting import Utf8
from flows.inputs.records.dates import microseconds

#: Words that programs write where there is no value.
MISSING: Final = frozenset((
    "nan", "NaN", "NAN", "-nan", "null", "Null", "NULL", "None", "NONE", "NaT", "NA", "N/A", "n/a", "#N/A", "<NA>",
    r"\N", "undefined", "[removed]", "[deleted]", "ONLY AVAILABLE IN PAID PLANS",
))  # fmt: skip
#: The beginning, and all of it, of an object or list that Python shows; it writes no other escapes.
_SHOWN: Final = re.compile(
    r"(?:\{|\[\{?)['\"](?:[^\\]|\\(?:[\\'nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+"
)
_SHOWN_BYTES: Final = ("b'", 'b"')  # how bytes begin that Python shows, as in CSV files of pandas
_BYTES: Final = re.compile(r"""b(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+")""")
_LONGEST: Final = max(map(len, MISSING))
MAX_DEPTH: Final = 8  # of objects and lists that hold a value
MAX_LITERAL: Final = 100_000  # characters of a value that is written as Python shows it

#: Keys under which objects hold their value: of BSON, of XML as JSON, and of others.
_WRAPPED: Final = (
    "$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$symbol", "#text",
    "#cdata-section", "_text", "__text", "_cdata", "$t", "@value", "rendered", "value",
)  # fmt: skip
#: Field -> the keys of its objects.
KEYS: Final = {
    "title": ("main", "title", "headline", "name", "text", *_WRAPPED),
    "url": ("url", "href", "link", "canonical", "@id", *_WRAPPED),
    "source": ("name", "title", "domain", "hostname", "site", *_WRAPPED, "id", "uri", "url", "href"),
    "id": (*_WRAPPED, "id", "_id"),
    "published": (*_WRAPPED, "date", "iso", "utc", "datetime", "timestamp", "seconds", "_seconds"),
    "text": ("text", "content", "body", *_WRAPPED, "plain", "contents", "blocks", "data"),
}

_LANGUAGE: Final = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")  # a key of an object that has a text in each
_DAY: Final = {"year", "month", "day"}
#: Keys of objects that hold a text in parts, and of what is read before these.
_PARTS: Final = ("paragraphs", "sections")
_ABOVE_PARTS: Final = ("summary", "headline", "heading")

_Said = TypeVar("_Said")


class Body(NamedTuple):
    """A text, and what else its value held."""

    text: bytes  # UTF-8
    encoding: str | None = None  # of the value, if it was bytes
    rest: Any = None  # None if nothing is left


class Unusable(Exception):
    """A value is no text; the message says what it is."""


def is_missing(value: object) -> bool:
    """Whether a value is null, NaN, or a text without a character that can be seen."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_plain(value: object) -> TypeGuard[str]:
    """Whether a value is certainly a text that is taken as it is: a quick answer, for most values."""
    return (
        type(value) is str
        and value.isascii()
        and value != ""
        and value[0] > " "
        and value[0] not in "[{"
        and value[:2] not in _SHOWN_BYTES
        and value not in MISSING
    )


def as_text(value: object, field: str) -> tuple[str | None, bool]:
    """(text, whether it is all of the value); the text is None if there is none."""
    if type(value) is int or (isinstance(value, str) and value[:1] not in ("[", "{")):
        return _text(value), True
    return _unwrapped(value, KEYS[field], _text, 0)


def as_date(value: object) -> tuple[int | None, bool]:
    """(microseconds since 1970, whether that is all of the value); None if there is no date."""
    if isinstance(value, str) and value[:1] not in ("[", "{"):  # nearly always
        return microseconds(value), True
    if isinstance(value, dict) and value.keys() >= _DAY:
        date = "-".join(str(value[part]) for part in ("year", "month", "day"))
        return microseconds(date), len(value) == len(_DAY)
    return _unwrapped(value, KEYS["published"], microseconds, 0)


def as_body(value: object) -> Body | None:
    """The text in a value, its paragraphs separated by an empty line; None if there is none.

    A list holds paragraphs: texts, and objects that have one. Raises Unusable if the value is something else.
    """
    if isinstance(value, Utf8):
        is_plain = value[0] not in b"[{b" and len(value) > _LONGEST
        return Body(value) if is_plain else as_body(value.decode())
    if isinstance(value, str):
        if _text(value) is None:
            return None
        if value[0] in "[{" and (found := _parsed(value)) is not None:
            if not found:
                return None
            if body := _joined(found):
                return body
        if value[:2] in _SHOWN_BYTES and (shown := _bytes_shown(value)) is not None:
            return as_body(shown)
        return Body((value if value.isascii() else whole_characters(value)).encode())
    if isinstance(value, bytes):
        try:
            text, encoding = decode(value)
        except NotText as error:
            raise Unusable(f"bytes that are no text ({error})") from None
        found = as_body(text)
        return found and found._replace(encoding=encoding)
    if isinstance(value, list | tuple | dict):
        if (joined := _joined(value)) is None and value:
            if isinstance(value, dict) and all(str(key).isdecimal() for key in value):
                raise Unusable('a column of a table (pandas writes records with to_json(orient="records"))')
            keys = f" (it has {', '.join(map(str, list(value)[:8]))})" if isinstance(value, dict) else ""
            raise Unusable(f"{kind(value)} without text{keys}")
        return joined
    if is_missing(value):
        return None
    raise Unusable(kind(value))


def kind(value: object) -> str:
    """What a value is, in words."""
    match value:
        case bool():
            return f"a truth value ({str(value).lower()})"
        case int() | float() | Decimal():
            return f"a number ({str(value)[:40]})"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case bytes():
            return "bytes"
    return f"{type(value).__name__} ({str(value)[:40]})"


def whole_characters(text: str) -> str:
    """The text with a character for each pair of surrogates, and U+FFFD for each lone one: UTF-8 cannot encode them.

    >>> whole_characters("\\ud83d\\ude00"), whole_characters("cut \\ud83d")
    ('😀', 'cut \\ufffd')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _unwrapped(
    value: object, keys: tuple[str, ...], read: Callable[[object], _Said | None], depth: int
) -> tuple[_Said | None, bool]:
    """(what `read` makes of the value or of what it holds, whether that is all of it)."""
    if isinstance(value, Utf8):
        value = value.decode()
    elif isinstance(value, bytes):
        try:
            value = decode(value).text
        except NotText:
            return None, False
    if isinstance(value, str) and (parsed := _parsed(value)) is not None:
        said, _ = _unwrapped(parsed, keys, read, depth)
        if said is not None or not parsed:
            return said, False
    if depth > MAX_DEPTH or not isinstance(value, list | tuple | dict):
        return read(value), True
    if isinstance(value, dict):
        usual = [key for key in keys if key in value]
        inner = [value[key] for key in usual or filter(_LANGUAGE.fullmatch, map(str, value)) if key in value]
    else:
        inner = list(value)
    for one in inner:
        said, is_all = _unwrapped(one, keys, read, depth + 1)
        if said is not None:
            return said, is_all and sum(not is_missing(other) for other in _values(value)) == 1
    return None, not any(not is_missing(one) for one in _values(value))


def _values(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _text(value: object) -> str | None:
    if type(value) is int:
        return str(value)
    match value:
        case str():
            if (len(value) <= _LONGEST and value in MISSING) or is_missing(value):
                return None
            if value[:2] in _SHOWN_BYTES and (shown := _bytes_shown(value)) is not None:
                with suppress(NotText):
                    return decode(shown).text
            return value if value.isascii() else whole_characters(value)
        case bool():
            return None
        case Decimal():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
    return None


def _parsed(text: str) -> Any:
    """The object or list that a text is in JSON or as Python shows it; None if it is not one."""
    text = text.strip()
    if text[:1] + text[-1:] not in ("{}", "[]"):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        if len(text) > MAX_LITERAL or not _SHOWN.fullmatch(text):
            return None
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return None
        if repr(found) != text:
            return None  # numpy shows lists without commas, which Python reads as one text
    if isinstance(found, list) and not all(isinstance(one, str | dict | None) for one in found):
        return None
    return found


def _bytes_shown(text: str) -> bytes | None:
    """The bytes that a text is as Python shows them; None if it is not."""
    if not _BYTES.fullmatch(text):
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return found if isinstance(found, bytes) and repr(found) == text else None


def _joined(value: Any) -> Body | None:
    """The paragraphs that a value holds; None if there are none."""
    paragraphs: list[str] = []
    rest = _rest(value, paragraphs, 0)
    text = "\n\n".join(paragraphs)
    return None if not text or text.isspace() else Body(whole_characters(text).encode(), None, rest)


def _rest(value: Any, paragraphs: list[str], depth: int) -> Any:
    """What is left of a value without the paragraphs in it, which are added to the list; None if nothing is."""
    if isinstance(value, bytes):
        try:
            value = decode(value).text
        except NotText:
            return value
    if is_missing(value):
        return None
    if isinstance(value, str):
        paragraphs.append(value)
        return None
    if isinstance(value, list | tuple) and depth < MAX_DEPTH:
        pieces: list[
            str
        ] = []  # of one text, if texts are mixed with links and the like, as chats are exported
        is_mixed = {str, dict} == {type(one) for one in value} and all(
            "type" in one for one in value if type(one) is dict
        )
        left = [_rest(one, pieces if is_mixed else paragraphs, depth + 1) for one in value]
        if is_mixed:
            paragraphs.append("".join(pieces))
        return left if any(one is not None for one in left) else None
    if isinstance(value, dict) and depth < MAX_DEPTH and any(key in value for key in _PARTS):
        others = {name: one for name, one in value.items() if name not in (*_ABOVE_PARTS, *_PARTS)}
        for key in (*_ABOVE_PARTS, *_PARTS):
            if key in value and (left := _rest(value[key], paragraphs, depth + 1)) is not None:
                others[key] = left
        return others or None
    if isinstance(value, dict) and depth < MAX_DEPTH:
        before = len(paragraphs)
        for key in KEYS["text"]:
            if key not in value:
                continue
            left = _rest(value[key], paragraphs, depth + 1)
            if len(paragraphs) > before:
                others = {name: one for name, one in value.items() if name != key and not is_missing(one)}
                return (others | ({key: left} if left is not None else {})) or None
    return value
