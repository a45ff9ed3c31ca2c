"""Parsing of publication dates."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs.dates import microseconds

NOON = 1474372800_000000  # 2016-09-20 12:00 UTC


@pytest.mark.parametrize(
    "written",
    [
        "2016-09-20T12:00:00Z",
        "2016-09-20t12:00:00z",
        "2016-09-20 12:00",
        "2016-09-20 12:00:00 UTC",
        "2016-09-20T14:00:00+02:00",
        "2016-09-20T14:00:00.000+0200",
        "2016-09-20 12:00:00.000000000 +0000",
        "20160920T120000Z",
        "  2016-09-20T12:00:00  ",
        "Tue, 20 Sep 2016 12:00:00 GMT",
        "20 Sep 2016 08:00 -0400",
        "Tue, 20 Sep 2016 08:00:00 EDT",
        "Tuesday, 20-Sep-16 12:00:00 GMT",
        "1474372800",
        "1474372800000",
        1474372800,
        1474372800.0,
        1474372800000,
        dt.datetime(2016, 9, 20, 12),
        dt.datetime(2016, 9, 20, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    ],
)
def test_the_ways_to_write_noon(written: object) -> None:
    """ISO 8601, mail dates, epoch seconds and milliseconds give the same moment; without a zone it is UTC."""
    assert microseconds(written) == NOON


def test_a_day_is_its_midnight() -> None:
    """A date without a time is midnight in UTC."""
    assert microseconds("2016-09-20") == microseconds(dt.date(2016, 9, 20)) == NOON - 43200_000000


@pytest.mark.parametrize(
    "written",
    [
        None, "", "soon", "2016-13-01", "2016-02-30", "31 Feb 2016 10:00 GMT", "20 Sep 2016 12:00 CEST", "2016", "12",
        "10/09/2016", True, float("nan"), float("inf"), 10**30, [2016, 9, 20], {"$date": 1},
    ],
)  # fmt: skip
def test_ambiguous_dates_are_not_guessed(written: object) -> None:
    """Ambiguous order of day and month, unknown zones and nonsense are not dates."""
    assert microseconds(written) is None


ZONES = st.integers(-1439, 1439).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES | st.none()))
def test_iso_round_trip(moment: dt.datetime) -> None:
    """Python's ISO 8601 output parses to the same moment, within the years 1 to 9999 in UTC."""
    messages = microseconds(moment.isoformat())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if messages is not None:
        assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=messages) == aware


@given(st.text() | st.floats() | st.integers())
def test_nothing_breaks_it(written: object) -> None:
    """Any value gives a number or None."""
    assert isinstance(microseconds(written), int | None)
