"""Publication dates, parsed from the many formats in use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = re.compile(r"-?\d{9,10}(?:\.\d+)?|-?\d{12,13}")
_ZULU: Final = re.compile(r"(?<=\d)\s*(?:[zZ]|UTC|GMT)$")
_MAIL: Final = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}[ -][A-Za-z]{3,9}[ -](?:\d{4}|\d{2})\s+\d{1,2}:\d{2}(?::\d{2})?"
    r"(?:\s+(?:[+-]\d{4}|UTC?|GMT|Z|[ECMP][SD]T))?(?:\s+\([^)]*\))?",
)
_MAX_SECONDS: Final = 1e11  # a larger number is milliseconds: 1e11 seconds is the year 5138, 1e11 ms is 1973


def microseconds(value: object) -> int | None:
    """Microseconds since 1970 in UTC, or None if `value` is not an unambiguous date.

    Accepted are ISO 8601 in its usual forms, the date formats of mail and HTTP (RFC 2822, RFC 850), seconds or
    milliseconds since 1970 as a number or as digits, and Python's date types. A time without a zone is taken as UTC.

    >>> microseconds("1970-01-01T01:00:01+01:00"), microseconds(1000), microseconds("last Tuesday")
    (1000000, 1000000000, None)
    """
    return _of_text(value) if isinstance(value, str) else _microseconds(value)


def _microseconds(value: object) -> int | None:
    try:
        moment = _moment(value)
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


#: Cached: many articles share a date.
_of_text: Final = lru_cache(maxsize=10_000)(_microseconds)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _EPOCH + timedelta(seconds=value / 1000 if abs(value) >= _MAX_SECONDS else value)
    if not isinstance(value, str):
        # a `date`: str() gives it in ISO 8601
        return datetime.fromisoformat(str(value)) if hasattr(value, "isoformat") else None
    text = value.strip()
    try:
        return datetime.fromisoformat(_ZULU.sub("+00:00", text))
    except ValueError:
        if _DIGITS.fullmatch(text):
            return _moment(float(text))
        return parsedate_to_datetime(text) if _MAIL.fullmatch(text) else None
