"""Parsing of publication dates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs.records.dates import microseconds

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
        "1474372800.0",
        1474372800,
        1474372800.0,
        1474372800000,
        1474372800000000,
        1474372800000000000,
        "1474372800000000000",
        Decimal(1474372800),
        20160920120000,
        "20160920120000",
        201609201200,
        "/Date(1474372800000)/",
        "2016-09-20T14:00:00+02:00[Europe/Berlin]",
        "2016:09:20 12:00:00",
        "2016/09/20 12:00",
        "2016-9-20 12:00 PM",
        "20.09.2016 12:00",
        "20.9.2016 klo 12.00",
        "20/09/2016, 12:00",
        "9/20/2016 12:00:00.000 pm",
        "Tuesday September 20, 2016 12:00 p.m.",
        "Sept. 20th, 2016 at 8 am EDT",
        "Published: September 20, 2016 8:00 AM ET",
        "12:00 20 September 2016",
        "Tue Sep 20 12:00:00 2016",
        "Tue Sep 20 08:00:00 -0400 2016",
        "Tue Sep 20 08:00:00 EDT 2016",
        "Tue Sep 20 2016 14:00:00 GMT+0200 (Central European Summer Time)",
        "20 Sep 2016 14:00 CEST",
        "20-SEP-16 12:00",
        "20. September 2016, 14:00 Uhr MESZ",
        "mardi 20 septembre 2016 à 12h00",
        "martes, 20 de septiembre de 2016 12:00",
        "20 сентября 2016 г. в 12:00",
        "wtorek, 20 września 2016 12:00",
        "2016. szeptember 20. 12:00",
        "20 tháng 9, 2016 19:00 (GMT+7)",
        "٢٠ سبتمبر ٢٠١٦ ١٢:٠٠",
        "2016年9月20日 12時00分",
        "2016년 9월 20일 오후 12:00",
        dt.datetime(2016, 9, 20, 12),
        dt.datetime(2016, 9, 20, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    ],
)
def test_the_ways_to_write_noon(written: object) -> None:
    """ISO 8601, mail dates, epoch seconds and milliseconds give the same moment; without a zone it is UTC."""
    assert microseconds(written) == NOON


def test_a_day_is_its_midnight() -> None:
    """A date without a time is midnight in UTC."""
    for written in (
        "2016-09-20",
        dt.date(2016, 9, 20),
        20160920,
        20160920.0,
        "20160920",
        "Sep 20, 2016",
        "20/9/2016",
    ):
        assert microseconds(written) == NOON - 43200_000000


@pytest.mark.parametrize(
    "written",
    [
        None, "", "soon", "2016-13-01", "2016-02-30", "31 Feb 2016 10:00 GMT", "20 Sep 2016 12:00 IST", "2016", "12",
        "10/09/2016", "10-09-2016", "20.09.16", True, float("nan"), float("inf"), 10**30, [2016, 9, 20], {"$date": 1},
        2016, 0, "0", -1, 42633, 42633.5, 160920, 2016092012, 20161332, "2016-09", "2016-W38-2", "September 2016",
        "20 September", "yesterday", "last Tuesday", "2 days ago", "20 September 2016 or later", "20-21 September 2016",
        "20 September 2016 14:00 am", "20 Sep 2016 12:00 EST PST", "before 20 Sep 2016", "20 listopada 2016",
        "20 " * 30,
    ],
)  # fmt: skip
def test_ambiguous_dates_are_not_guessed(written: object) -> None:
    """Ambiguous order of day and month, parts of dates, relative dates, unknown zones and nonsense are not dates."""
    assert microseconds(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00",
        dt.datetime(1, 1, 1),
        "1599-12-31",
        "2562-09-20",
        26090920,
        4102444800,
        "2609-10-24",
    ],
)
def test_years_that_no_article_is_of_are_mistakes(written: object) -> None:
    """Placeholders, other calendars and numbers that are no dates fall outside of the years 1600 to 2099."""
    assert microseconds(written) is None


@pytest.mark.parametrize("name", ["gennaio", "janvier", "enero", "января", "ocak", "stycznia", "1月"])
def test_names_of_months_are_read_in_many_languages(name: str) -> None:
    """January by its name in a language of dateparser's most common ones."""
    assert microseconds(f"3 {name} 2016") == (microseconds("2016-01-03") if name != "1月" else None)


ZONES = st.integers(-1439, 1439).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES | st.none()))
def test_iso_round_trip(moment: dt.datetime) -> None:
    """Python's ISO 8601 output parses to the same moment, within the years 1600 to 2099 in UTC."""
    found = microseconds(moment.isoformat())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if found is not None:
        assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=found) == aware
    else:
        assert not 1601 <= moment.year <= 2098


FORMS = [
    "%Y%m%d", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y/%m/%d %H:%M", "%d.%m.%Y", "%B %d, %Y", "%d %b %Y", "%A, %d %B %Y", "%c",
    "%a %b %d %H:%M:%S %Y", "%d-%b-%Y %I:%M %p", "%b. %d, %Y at %I:%M %p",
]  # fmt: skip


@given(st.datetimes(dt.datetime(1902, 1, 1), dt.datetime(2098, 1, 1)), st.sampled_from(FORMS))
def test_a_date_is_read_as_it_was_written(moment: dt.datetime, form: str) -> None:
    """Whatever the form, it is the same day, and the same minute if it is written."""
    written = moment.strftime(form)
    found = microseconds(written)
    read = moment.strptime(written, form).replace(tzinfo=dt.UTC)
    assert found is not None
    assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=found) == read


PIECES = [
    "14", "2019", "may", "mai", "mar", "10:30", "pm", "utc", "+02:00", "de", "of", ".", ",", "-", "/", "(", "5", "19",
    "年", "月", "à",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_pieces_of_dates_in_any_order_break_nothing(pieces: list[str]) -> None:
    """Any mixture gives a number or None, joined by spaces or not."""
    for written in (" ".join(pieces), "".join(pieces)):
        assert isinstance(microseconds(written), int | None)


@given(st.text() | st.floats() | st.integers())
def test_nothing_breaks_it(written: object) -> None:
    """Any value gives a number or None."""
    assert isinstance(microseconds(written), int | None)
