"""Dates as people and programs write them: with names of months in any of many languages, with times and zones.

A text is read only if it is one whole date, with nothing else but a time, a zone, the weekday and little words such as
"on", and only if it can be read in one way: in 03/04/2019 either number can be the month. The year has four digits, but
in `14-May-19`. Names of months, weekdays and halves of the day are dateparser's, which is loaded when a name is not
English. A name of different months is none: `listopada` is November in Polish, and October in Croatian.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib import import_module
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

MAX_CHARACTERS: Final = 100
#: Languages of dateparser, which has the most common ones first; rarer ones share short names with them by chance.
LANGUAGES: Final = 60

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ENGLISH: Final = {name[:n]: number for number, name in enumerate(_MONTHS, 1) for n in {3, 4, len(name)}}
_WORDS: Final = frozenset(
    (
        "on",
        "at",
        "of",
        "the",
        "date",
        "published",
        "posted",
        "created",
        "t",
        "um",
        "uhr",
        "den",
        "der",
        "klo",
        "г",
        "d",
    )
)

#: Hours from UTC. Abbreviations of more than one zone are left out, such as IST.
_ZONES: Final = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1,
    "mesz": 2, "eet": 2, "eest": 3, "sast": 2, "msk": 3, "eat": 3, "pkt": 5, "wib": 7, "hkt": 8, "sgt": 8, "awst": 8,
    "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_PLACES: Final = {
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
}  # fmt: skip

_YEAR: Final = r"(?P<year>\d{4})(?!\d)"
_DAY: Final = r"(?P<day>\d{1,2})(?!\d)(?:(?:st|nd|rd|th|er|[oa°])(?![^\W\d]))?+"
_NAME: Final = r"(?P<name>[^\s\d.,/:()|-]{2,})"
_GAP: Final = r"(?:[\s.,/-]+|\s+(?:of|del?|di|m\.)\s+|\s+d['’])"
_DATES: Final = tuple(
    re.compile(rf"(?<![^\W_]){pattern}")
    for pattern in (
        rf"{_YEAR}(?P<sign>[-/.:])\s?(?P<month>\d{{1,2}})(?P=sign)\s?(?P<day>\d{{1,2}})(?!\d)",
        rf"{_YEAR}\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월]\s?(?P<day>\d{{1,2}})\s?[日号일]",
        rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}",
        rf"(?P<first>\d{{1,2}})(?P<sign>[-/])(?P<second>\d{{1,2}})(?P=sign){_YEAR}",
        rf"(?P<day>\d{{1,2}}) tháng (?P<month>\d{{1,2}})(?:,| năm) {_YEAR}",
        rf"{_DAY}{_GAP}?{_NAME}{_GAP}{_YEAR}",
        rf"{_NAME}{_GAP}{_DAY}[\s,.]+(?:(?P<zone>[a-z]{{2,4}})\s+)?{_YEAR}",
        rf"{_YEAR}{_GAP}{_NAME}{_GAP}{_DAY}",
        rf"(?P<day>\d{{1,2}})-{_NAME}-(?P<short>\d\d)(?!\d)",
    )
)
_CLOCK: Final = re.compile(
    r"(?<![\d:.])(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?(?![\d:])"
    r"(?P<zone>\s?\(?(?:utc|gmt)?\s?[+-]\d\d:?\d\d(?!\d)|\s?\(?(?:utc|gmt)[+-]\d\d?(?!\d))?"
)
_HOURS: Final = re.compile(
    r"(?<!\d)(?P<hour>\d\d?)(?:(?:\.|\s?[h時时点點시])\s?(?P<minute>\d\d)\s?[分분]?|\s?(?:h|uhr|時|时|点|點|시)(?!\w)"
    r"|(?=\s?[ap]m(?!\w)))(?!\d)"
)
_COMMENT: Final = re.compile(
    r"(?<=\d\d|\dz)\s?[(\[][a-z /_]+[)\]]$"
)  # "+0200 (Central European Summer Time)"
_INITIALS: Final = re.compile(r"(?<![^\W_])([^\W\d])\.\s?([^\W\d])\.")  # "p.m."
_NOT_A_WORD: Final = re.compile(r"[\s,.;|·•–—\-:()@/،]+")


class _Names(NamedTuple):
    """Names of many languages."""

    months: dict[str, set[int]]
    halves: dict[str, set[str]]  # of the day: "am" or "pm"
    others: set[str]  # weekdays and little words


def written_date(text: str) -> datetime | None:
    """The date in a text, or None if there is none, or more than that; without a zone if the text has none.

    >>> print(written_date("Wednesday January 18, 2017 11:44 am"), written_date("mardi 14 mai 2019 à 10h30 CEST"))
    2017-01-18 11:44:00 2019-05-14 10:30:00+02:00
    >>> print(written_date("3/4/2019"), written_date("14/5/2019"))
    None 2019-05-14 00:00:00
    """
    if len(text) > MAX_CHARACTERS or len(text := _fold(text)) > MAX_CHARACTERS:
        return None
    text = _INITIALS.sub(r"\1\2", _COMMENT.sub("", text))
    clock = _CLOCK.search(text)
    text = _without(text, clock)
    date = next((found for pattern in _DATES if (found := pattern.search(text)) and _month_of(found)), None)
    if date is None:
        return None
    text = _without(text, date) + f" {date.groupdict().get('zone') or ''}"
    if clock is None:
        clock = _HOURS.search(text)
        text = _without(text, clock)
    halves, zones = set(), []
    for word in filter(None, _NOT_A_WORD.split(text)):
        if clock and (half := _half(word)):
            halves.add(half)
        elif clock and word in (*_ZONES, *_PLACES):
            zones.append(word)
        elif not _may_stand_beside(word):
            return None
    try:
        return _at(_day(date), clock, halves, zones)
    except (ValueError, KeyError):  # no such day, or no data about zones on this machine
        return None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _without(text: str, found: re.Match[str] | None) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}" if found else text


def _month_of(date: re.Match[str]) -> int | None:
    """The month; None if it is unknown, or could be another."""
    of = date.groupdict()
    if "name" in of:
        return _month(of["name"])
    if "month" in of:
        return int(of["month"])
    first, second = int(of["first"]), int(of["second"])
    if first <= 12 and second <= 12 and first != second:
        return None
    return first if first <= 12 else second


def _day(date: re.Match[str]) -> datetime:
    """The day; raises ValueError if there is no such day."""
    of = date.groupdict()
    month = _month_of(date) or 0
    if "first" in of:
        of["day"] = of["second"] if int(of["first"]) == month else of["first"]
    if "short" in of:
        of["year"] = ("20" if of["short"] < "70" else "19") + of["short"]
    return datetime(int(of["year"]), month, int(of["day"]))


def _at(day: datetime, clock: re.Match[str] | None, halves: set[str], zones: list[str]) -> datetime | None:
    """That time of the day; None if it could be several. Raises ValueError if there is no such time, and KeyError."""
    if clock is None:
        return day
    of = clock.groupdict()
    hour, second, offset = int(of["hour"]), of.get("second"), of.get("zone")
    if halves == {"pm"} and hour < 12:
        hour += 12
    elif halves == {"am"} and hour == 12:
        hour = 0
    elif len(halves) > 1 or (halves == {"am"} and hour > 12):
        return None
    if len(set(zones)) > 1 or (offset and set(zones) - {"utc", "gmt"}):
        return None
    if offset and second is None and re.match(r"-\d\d:", offset):
        return None  # perhaps "10:30-11:30"
    part = int((of.get("part") or "").ljust(6, "0")[:6])
    moment = day.replace(hour=hour, minute=int(of["minute"] or 0), second=int(second or 0), microsecond=part)
    return moment.replace(tzinfo=_offset(offset) if offset else _zone(zones[0]) if zones else None)


def _offset(written: str) -> tzinfo:
    """The zone of an offset such as +02:00 or UTC-5; raises ValueError if it is too large."""
    digits = re.sub(r"\D", "", written)
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if "-" in written else minutes))


def _zone(name: str) -> tzinfo:
    """The zone with that abbreviation; raises KeyError if the machine has no data about it."""
    return ZoneInfo(_PLACES[name]) if name in _PLACES else timezone(timedelta(hours=_ZONES[name]))


def _month(name: str) -> int | None:
    if name in _ENGLISH:
        return _ENGLISH[name]
    found = _names().months.get(name, set())
    return next(iter(found)) if len(found) == 1 else None


def _half(word: str) -> str | None:
    if word in ("am", "pm"):
        return word
    if word in _ZONES or word in _PLACES or _may_stand_beside(word, load=False):
        return None
    found = _names().halves.get(word, set())
    return next(iter(found)) if len(found) == 1 else None


def _may_stand_beside(word: str, *, load: bool = True) -> bool:
    """Whether a date means the same with that word beside it."""
    is_weekday = len(word) > 2 and any(day.startswith(word) for day in _WEEKDAYS)
    return is_weekday or word in _WORDS or (load and word in _names().others)


@cache
def _names() -> _Names:
    """The names of dateparser's most common languages."""
    data = "dateparser.data.{}".format
    names = _Names({}, {}, set())
    for language in import_module(data("languages_info")).language_order[:LANGUAGES]:
        info = import_module(data(f"date_translation_data.{language}")).info
        for number, month in enumerate(_MONTHS, 1):
            for name in info.get(month, ()):
                names.months.setdefault(_fold(name).rstrip("."), set()).add(number)
        for half in ("am", "pm"):
            for name in info.get(half, ()):
                names.halves.setdefault(_fold(name).replace(".", ""), set()).add(half)
        for key in (*_WEEKDAYS, "skip"):
            names.others.update(word for name in info.get(key, ()) for word in _fold(name).split())
    return names
