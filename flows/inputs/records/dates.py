"""Publication dates: the moment that a value of a record stands for, if that is an unambiguous date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from flows.inputs.records.written_dates import written_date

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: Years that an article can be of. Others are mistakes: `0001-01-01`, other calendars, numbers that are no dates.
_FIRST: Final = (datetime(1600, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST: Final = (datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
#: A number is a time since 1970 in the first of these units in which it is less than the limit. Smaller ones than
#: `_SMALLEST` are years, serial numbers of a spreadsheet, or nothing.
_SMALLEST: Final = 10**8  # seconds: March 1973
_UNITS: Final = ((10**11, 10**6, 1), (10**14, 10**3, 1), (10**17, 1, 1), (10**20, 1, 10**3))
#: Numbers of digits of a date YYYYMMDD, and of one with hours, minutes and seconds. Of hours alone it is not read,
#: because it could be seconds of the years 2030 to 2036 as well.
_HOUR: Final = 10
_CALENDAR: Final = (8, _HOUR, 12, 14)
_NUMBER: Final = re.compile(r"-?\d{1,20}(?:\.\d{1,9})?", re.ASCII)
_OF_DOTNET: Final = re.compile(r"\\?/Date\((-?\d{1,14})(?:[+-]\d{4})?\)\\?/")
_WEEK: Final = re.compile(r"\d{4}-?W\d")
_ZULU: Final = re.compile(r"(?<=\d)\s*(?:[zZ]|UTC|GMT)$")


def microseconds(value: object) -> int | None:
    """Microseconds since 1970 in UTC, or None if `value` is not an unambiguous date of the years 1600 to 2099.

    Read are Python's date types, ISO 8601, a day as the number 20190514 or with its time as 20190514103000, seconds,
    milliseconds, microseconds or nanoseconds since 1970 by their size, and what `written_date` reads. A time without a
    zone is taken as UTC. Not dates are a bare year, serial numbers of spreadsheets, 0, 03/04/2019, and "yesterday".

    >>> microseconds("1970-01-01T01:00:01+01:00"), microseconds(1_557_829_800), microseconds("last Tuesday")
    (1000000, 1557829800000000, None)
    """
    return _of_text(value) if isinstance(value, str) else _plausible(value)


def _plausible(value: object) -> int | None:
    try:
        found = _microseconds(value)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and _FIRST <= found < _LAST else None


#: Cached: many articles share a date.
_of_text: Final = lru_cache(maxsize=10_000)(_plausible)


def _microseconds(value: object) -> int | None:
    match value:
        case str():
            text = value.strip()
            return _of_number(text) if _NUMBER.fullmatch(text) else _since_1970(_moment(text))
        case bool() | None:
            return None
        case int():
            return _of_number(str(value))
        case float() | Decimal():
            return _of_number(f"{value:f}")
        case datetime():
            return _since_1970(value)
        case _ if hasattr(value, "isoformat"):  # a `date`: str() gives it in ISO 8601
            return _since_1970(datetime.fromisoformat(str(value)))
    return None


def _since_1970(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def _of_number(number: str) -> int | None:
    if not _NUMBER.fullmatch(number):
        return None
    whole, _, fraction = number.partition(".")
    if len(whole) in _CALENDAR and not fraction.strip("0"):
        try:
            hour, minute, second = (int(whole[at : at + 2] or 0) for at in (8, 10, 12))
            day = datetime(int(whole[:4]), int(whole[4:6]), int(whole[6:8]), hour, minute, second)
        except ValueError:
            pass  # seconds or milliseconds
        else:
            return _since_1970(day) if len(whole) != _HOUR else None
    size = abs(int(whole))
    if size < _SMALLEST:
        return None
    for limit, factor, divisor in _UNITS:
        if size < limit:
            part = int(fraction[:6].ljust(6, "0")) * factor // 10**6
            return (int(whole) * factor + (-part if number[0] == "-" else part)) // divisor
    return None


def _moment(text: str) -> datetime | None:
    if found := _OF_DOTNET.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    if _WEEK.match(text):
        return None  # Python takes its Monday
    try:
        return datetime.fromisoformat(_ZULU.sub("+00:00", text))
    except ValueError:
        return written_date(text)
