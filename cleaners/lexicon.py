"""Words by language: what a by-line begins with, the names of months, words for a picture, and the like.

A cleaner knows no word of a language itself, but for what single publishing systems print ("Media playback is ...").
The words of each language are in its file in `config/phrases`, and the cleaners take those of all selected languages as
one `Lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

#: A pattern that matches nothing, for an empty list of words.
NOTHING: Final = r"[^\s\S]"


class Opening(NamedTuple):
    """A kind of sentence or notice inside a paragraph: how it may begin, and how it goes on."""

    begins: tuple[str, ...]  # plain text, as written or in capitals
    continues: str  # a regular expression of Python's `re`
    after_sentence: bool = False  # whether a sentence must have ended before it


@dataclass(frozen=True)
class Lexicon:
    """The words of the selected languages, by their role in a line.

    Words are plain text. They count in any case, unless the comment says otherwise: "as written" means as written or in
    capitals. Names that end in `patterns` hold regular expressions in the syntax of Rust's `regex`, which count in any
    case, too. All of them are empty by default: a language that has no words for a role takes no part in it.
    """

    # by-lines
    by: tuple[str, ...] = ()  # before a name, as written or with a capital: "by", "written by"
    authors: tuple[str, ...] = ()  # before a colon and a name: "Author"
    conjunctions: tuple[str, ...] = ()  # between names, in this case only: "and"
    name_particles: tuple[str, ...] = ()  # within names, in this case only: "van", "de"
    no_by_lines: tuple[str, ...] = ()  # what begins a sentence, although it begins like a by-line: "By the"
    by_line_patterns: tuple[str, ...] = ()  # by-lines of other forms
    # dates and times
    agencies: tuple[str, ...] = ()  # of news, in datelines and by-lines; as written
    months: tuple[str, ...] = ()  # in every form that stands in a date, abbreviations included
    days: tuple[str, ...] = ()  # of the week, and "today", "yesterday"
    ordinals: tuple[str, ...] = ()  # endings of a day's number: "st"
    date_links: tuple[str, ...] = ()  # between the day, the month and the year: "of"
    date_patterns: tuple[str, ...] = ()  # dates of other forms, without the time of day
    before_time: tuple[str, ...] = ()  # "at"
    after_time: tuple[str, ...] = ()  # "h", "Uhr"
    time_zones: tuple[str, ...] = ()
    time_patterns: tuple[str, ...] = ()  # whole lines that are a time of day
    # image credits
    credit_agencies: tuple[str, ...] = ()  # of pictures and news, in credits; as written
    picture_agencies: tuple[str, ...] = ()  # those whose name alone is a credit; as written
    pictures: tuple[str, ...] = ()  # "photo"
    after_picture: tuple[str, ...] = ()  # between "photo" and a name, without a colon: "by"
    credit_links: tuple[str, ...] = ()  # between a name and an agency: "for"
    picture_sources: tuple[str, ...] = ()  # between "photo" and a colon: "credit"
    credit_labels: tuple[str, ...] = ()  # before a colon, without a word for a picture
    # notes on the author
    author_mentions: tuple[str, ...] = ()  # "The author"; two words or more
    professions: tuple[str, ...] = ()
    copulas: tuple[str, ...] = ()  # "is", in this case only
    contact_patterns: tuple[str, ...] = ()  # how to reach somebody, or what they write about
    # share bars
    share_services: tuple[str, ...] = ()
    share_buttons: tuple[str, ...] = ()
    # boilerplate inside paragraphs
    plea_patterns: tuple[str, ...] = ()  # in a last sentence that asks for something, in lower case
    speech_verbs: tuple[str, ...] = ()  # in a last sentence that quotes somebody
    related_labels: tuple[str, ...] = ()  # in brackets, before a colon and a teaser; as written
    inline_pleas: tuple[Opening, ...] = ()  # last sentences that ask for a click
    inline_notices: tuple[Opening, ...] = ()  # "Story continues below"
    advertisement_marks: tuple[str, ...] = ()  # before or after such a notice
    closing_credits: tuple[str, ...] = ()  # before names, in brackets at the end: "Reporting by"
    # lines that articles repeat
    subject_labels: tuple[str, ...] = ()  # before a colon, in mail: "Subject"
    # lists in articles
    currencies: tuple[str, ...] = ()  # after an amount


def any_of(words: Iterable[str]) -> str:
    """A regular expression, as one group, that matches each of the words.

    Longer words come first, so that Python's `re` prefers them.

    >>> any_of(["Foto", "Foto von", "fot."])
    '(?:Foto\\\\ von|Foto|fot\\\\.)'
    """
    return any_pattern(map(re.escape, _longest_first(words)))


def any_pattern(patterns: Iterable[str]) -> str:
    """A regular expression, as one group, that matches what one of the patterns matches; nothing if there is none."""
    return f"(?:{'|'.join(patterns) or NOTHING})"


#: The border of a word of ASCII for polars, whose engine is slow where a border depends on all of Unicode.
ASCII_BORDER: Final = r"(?-u:\b)"


def any_name(names: Iterable[str], border: str = ASCII_BORDER) -> str:
    """A regular expression, as one group, for names as they are written or in capitals, as whole words.

    `border` stands beside letters and digits of ASCII, scripts without spaces have none. Python's `re` needs `\\b`.

    >>> any_name(["Getty", "共同"], r"\\b")
    '(?:\\\\bGETTY\\\\b|\\\\bGetty\\\\b|共同)'
    """

    def beside(character: str) -> str:
        return border if character.isascii() and character.isalnum() else ""

    return any_pattern(
        beside(form[0]) + re.escape(form) + beside(form[-1]) for form in _longest_first(name_forms(names))
    )


def name_forms(names: Iterable[str]) -> set[str]:
    """Each name as it is written, and in capitals."""
    return {form for name in names for form in (name, name.upper())}


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (-len(word), word))


def spellings(words: Iterable[str]) -> list[str]:
    """Each word as written, in lower case, with a capital, and in capitals: needles for a search that minds case."""
    found = {
        form for word in words for form in (word, word.lower(), word[:1].upper() + word[1:], word.upper())
    }
    return sorted(found)


def shortest(needles: Iterable[str]) -> list[str]:
    """The needles without those that contain another: what holds one of them holds the other.

    >>> shortest(["photo", "photos", "Getty Images", "Getty"])
    ['Getty', 'photo']
    """
    kept: list[str] = []
    for needle in sorted(set(needles), key=len):
        if not any(other in needle for other in kept):
            kept.append(needle)
    return sorted(kept)
