"""By-lines, datelines and time stamps: lines that say who wrote an article, where and when.

A label says what a line is; whether the line is removed is another matter, and by default it is kept. A label depends
only on the form of the line and on the words of the lexicon. A line that says more than who, where or when has no
label. Every cleaner that asks for a by-line or a dateline asks here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import polars as pl

from cleaners.lexicon import Lexicon, any_name, any_of, any_pattern
from cleaners.text.matching import LETTERS, matches

#: The labels that a line can have.
LABELS: Final = ("by-line", "dateline", "time stamp")
#: The schema of a table of labelled lines.
LINE_LABELS: Final = {"document_id": pl.String(), "position": pl.UInt32(), "label": pl.String()}
#: Longer lines, in bytes, have no label.
MAX_BYTES: Final = 160
#: Longer lines, in bytes, are not searched for a date or a time of day.
MAX_TIME_BYTES: Final = 90

#: A letter, and a mark or white space, also where any case of the words around them counts.
_LETTER: Final = f"(?-i:[{LETTERS}])"
_MARK: Final = f"(?-i:[^{LETTERS}0-9_])"
_CAPITALISED: Final = rf"\p{{Lu}}[{LETTERS}'’.\-]*"
#: A date may follow some words ("Published on"), and a place, a time of day or a time zone may follow it.
_LEAD_IN: Final = rf"{_MARK}{{0,3}}(?:(?-i:[{LETTERS}.])+[\s,:|]+){{0,4}}?"
_PLACE: Final = rf"(?-i:\p{{Lu}}[{LETTERS}.'’-]{{1,20}})"
_PLACE_BEHIND: Final = rf"(?:,\s*{_PLACE}(?:\s{_PLACE}){{0,2}})?"
#: What every date has: a year, or two numbers with a mark between them. A prefilter, because `date` is slow.
_FIGURES_OF_DATE: Final = r"(?:19|20)[0-9][0-9]|[0-9]\s*[./-]\s*[0-9]"
_YEAR: Final = r"(?:19|20)\d\d"
#: What every time stamp with words before it has: a prefilter, because `update` is slow.
_FIGURES_OF_TIME: Final = r"[0-9](?:[:.h][0-9][0-9]|\s?[aApP]\.?[mM])"
#: "PORT STELL (AFP) -": a place in capitals, something in brackets, and a dash.
_PLACE_AND_DASH: Final = r"^\p{Lu}{3}[\p{Lu}\s.,'’-]*\(.{2,20}\)\s*[-–—]+$"


class _Patterns(NamedTuple):
    """The regular expressions of the labels."""

    begins_by_line: str  # how a by-line begins; also a prefilter, because `by_line` is slow
    by_line: str  # "By Jane Doe and John Roe, Staff Writers | 5 May 2020"
    other_by_line: str
    no_by_line: str  # "By the ...": a common noun follows, not a name
    agency_line: str  # "Paris (AFP) -"
    date: str  # "Published: 14.05.2019, 10:30 Uhr"
    time_stamp: str  # "14:05", "11 a.m. ET", "10.05 Uhr"
    update: str  # "Updated at 7:36 a.m.", "Actualizado a las 14:05", "Last updated Tuesday 6/4, 3:44 p.m. ET"


@functools.cache
def _patterns(lexicon: Lexicon) -> _Patterns:
    by, authors = _any_written(lexicon.by), f"(?i:{any_of(lexicon.authors)})"
    agencies = any_name(lexicon.agencies)
    name_word = rf"(?:{_CAPITALISED}|{any_of(lexicon.name_particles)})"
    more_names = rf"{name_word}(?:\s+{name_word}){{0,4}}"
    name = rf"(?:{_CAPITALISED}(?:\s+{name_word}){{1,4}}|{agencies})"
    separator = rf"(?:\s*,\s*|\s*&\s*|\s*/\s*|\s*,?\s+{any_of(lexicon.conjunctions)}\s+)"
    by_line = (
        rf"^{_MARK}{{0,3}}(?:{by}\s+{name}|{authors}\s?[:：|]\s*{more_names})(?:{separator}{more_names}){{0,4}}"
        r"(?:\s*[,|·•/–—-]\s*[^.!?]{0,70})?$"
    )
    month = month_of(lexicon)
    day = rf"\d{{1,2}}(?:{any_of(lexicon.ordinals)}|[º°ª.])?"
    links = [re.escape(link) + ("" if link.endswith(("'", "’")) else " ") for link in lexicon.date_links]
    link = rf"(?:{any_pattern(links)}|\W)?"
    at = any_of((*lexicon.before_time, "T"))
    time = rf"(?:{_MARK}{{0,5}}{at}?\s*\d{{1,2}}[:.h]\d{{2}}(?::\d{{2}})?(?-i:[{LETTERS}. ()+\d]){{0,16}})?"
    dates = (
        rf"{day}\s*{link}\s*{month}[\p{{L}}.]*[\s,]*{link}{_YEAR}",
        rf"{month}[\p{{L}}.]*\s+{day},?\s+{_YEAR}",
        rf"{day}\s*[./-]\s*\d{{1,2}}\s*[./-]\s*(?:19|20)?\d\d",
        rf"{_YEAR}\s*[./-]\s*\d{{1,2}}\s*[./-]\s*\d{{1,2}}",
        *lexicon.date_patterns,
    )
    after_time = any_of((*lexicon.after_time, *lexicon.time_zones))
    clock = (
        r"^\W{0,2}\d{1,2}(?:[:.h]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?|\s?[ap]\.?m\.?)"
        rf"(?:\s?{after_time})?{_MARK}{{0,3}}$"
    )
    short_clock = r"(?:[01]?\d|2[0-4])[:.h][0-5]\d(?::[0-5]\d)?"
    half_day = rf"(?:{short_clock}|\d{{1,2}})\s?[ap]\.?m\.?"
    gap = r"[\s,|·•–—-]+"
    day_in_figures = r"\d{1,2}[./-]\d{1,2}(?:[./-](?:\d\d){1,2})?\.?"
    day_of_time = rf"(?:{any_of(lexicon.days)}|{month}{_LETTER}*\.?|{day_in_figures})"
    beside_date = any_of((*lexicon.date_links, *lexicon.before_time))
    around_time = rf"(?:{day_of_time}|{day}|{_YEAR}|{beside_date}|{_LETTER}{{1,3}})"
    sure_time = (
        rf"(?:{half_day}|{short_clock}\s?{after_time}|{any_of(lexicon.before_time)}\s?{short_clock}"
        rf"|{day_of_time}{gap}(?:{_LETTER}{{1,3}}{gap})?{short_clock})"
    )
    update = (
        rf"^{_MARK}{{0,4}}(?:{_LETTER}+[\s:|]+(?:{_LETTER}{{1,2}}\s)?){{1,2}}?(?:{around_time}{gap})*?{sure_time}"
        rf"(?:\s?{after_time})?(?:{gap}{around_time})*{_MARK}{{0,3}}$"
        rf"|^{_MARK}{{0,4}}[\p{{Han}}\p{{Hiragana}}\p{{Katakana}}\p{{Hangul}}]{{1,6}}[\s:：]{{1,3}}{short_clock}{_MARK}{{0,3}}$"
    )
    return _Patterns(
        begins_by_line=rf"^{_MARK}{{0,3}}(?:{by}\s|{authors}\s?[:：|])",
        by_line=by_line,
        other_by_line=f"(?i){any_pattern(lexicon.by_line_patterns)}",
        no_by_line=rf"(?i)^{_MARK}{{0,3}}{any_of(lexicon.no_by_lines)}\s",
        agency_line=rf"^\p{{Lu}}[{LETTERS} .,'-]{{2,40}}\s*\({agencies}\)\s*[-–—]*$|{_PLACE_AND_DASH}",
        date=rf"(?i)^{_LEAD_IN}{any_pattern(dates)}\.?{time}{_PLACE_BEHIND}{_MARK}{{0,4}}$",
        time_stamp=f"(?i){any_pattern((clock, *lexicon.time_patterns))}",
        update=f"(?i){update}",
    )


def begins_like_by_line(text: pl.Series, lexicon: Lexicon) -> pl.Series:
    """Whether each text begins as by-lines do (Boolean, null for null), whatever follows: "By our correspondent".

    >>> begins_like_by_line(pl.Series(["By our correspondent", "Bylaws"]), Lexicon(by=("by",))).to_list()
    [True, False]
    """
    return matches(text, _patterns(lexicon).begins_by_line)


def _any_written(words: Iterable[str]) -> str:
    """A group that matches each of the words as it is written, with a capital, or in capitals."""
    return any_of(form for word in words for form in (word, word[:1].upper() + word[1:], word.upper()))


def month_of(lexicon: Lexicon) -> str:
    """A regular expression for how the name of a month begins: an abbreviation, or the name where there is none."""
    names = sorted({name.lower() for name in lexicon.months}, key=len)
    begins: list[str] = []
    for name in names:  # of "jan" and "january", the former is enough
        if not name.startswith(tuple(begins)):
            begins.append(name)
    return f"(?i:{any_of(begins)})"


def label_lines(text: pl.Series, lexicon: Lexicon) -> pl.Series:
    """The label of each text: one of `LABELS`, or null where it has none. A null text has none.

    A by-line begins with a word such as "by" before a full name or an agency, or with a word such as "author" before a
    colon and a name; other names, and what does not end a sentence, may follow. A dateline is a date, with a few words
    before it and a place or a time of day behind it, or a place with its agency. A time stamp is a time of day, by
    itself or with one or two words before it ("Updated at"), and with or without a day.

    >>> lexicon = Lexicon(by=("by",), months=("May",))
    >>> lines = ["By Nora Quill, Harbour Gazette", "14 May 2019", "14:05", "By noon all had gone."]
    >>> label_lines(pl.Series(lines), lexicon).to_list()
    ['by-line', 'dateline', 'time stamp', None]
    """
    patterns = _patterns(lexicon)
    size = text.str.len_bytes().fill_null(MAX_BYTES + 1)
    short = (size <= MAX_BYTES).arg_true()

    def those(rows: pl.Series, pattern: str) -> pl.Series:
        return rows.filter(matches(text.gather(rows), pattern))

    timed = those(short.filter(size.gather(short) <= MAX_TIME_BYTES), "[0-9]")
    by_lines = those(those(short, patterns.begins_by_line), patterns.by_line)
    # where two labels fit, the later one in this list wins
    labelled_rows = [
        ("time stamp", those(those(timed, _FIGURES_OF_TIME), patterns.update)),
        ("by-line", by_lines.filter(~matches(text.gather(by_lines), patterns.no_by_line))),
        ("by-line", those(short, patterns.other_by_line)),
        ("dateline", those(those(short, r"[)\-–—]$"), patterns.agency_line)),
        ("dateline", those(those(timed, _FIGURES_OF_DATE), patterns.date)),
        ("time stamp", those(timed, patterns.time_stamp)),
    ]
    labels = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    for label, rows in labelled_rows:
        labels = labels.scatter(rows, label) if len(rows) else labels
    return labels.alias("label")


def line_labels(frame: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The labelled lines of a frame with a `document_id`, removed ones included, with the columns of `LINE_LABELS`."""
    labels = label_lines(frame.get_column("text"), lexicon)
    return frame.select("document_id", "position", labels).filter(pl.col("label").is_not_null())
