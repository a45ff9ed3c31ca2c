"""Lists in articles: dates and venues, prices, results, facts about a person, line by line.

Taken one by one, such lines look like boilerplate. Three things identify them: their form (a time of day, a price,
"Born: 1962") beside other lines with such forms; prose that continues below them; and neighbours that do not look like
boilerplate. All of this is evidence, not proof: a line whose score is far beyond the threshold is removed all the same.
"""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import month_of
from cleaners.boilerplate.line_classifier.article_forms import may_stay_by_form
from cleaners.boilerplate.line_classifier.context import FAR, MENU_PHRASE
from cleaners.boilerplate.line_classifier.exemptions import (
    ARTICLE_LINES,
    MIN_REPEATS,
    Bools,
    follows_prose,
    is_plain,
    is_prose_line,
    precedes_prose,
)
from cleaners.boilerplate.line_classifier.feature_names import (
    ADDRESS,
    BEGINNING,
    FROM_BOTTOM,
    FROM_TOP,
    LINES,
    MARK_BELOW,
    PHRASE_STATE,
    PROSE_BEFORE,
    REPEATS,
    RUN,
    WORDS,
)
from cleaners.boilerplate.line_classifier.shape import BEGIN_BULLET
from cleaners.kernels import F32, I64
from cleaners.lexicon import Lexicon, any_of
from cleaners.text.matching import LETTERS, matches

#: Log-odds beyond the threshold from which a line is removed although it is in a list, or although its stretch stays.
SURE: Final = 2.0
SURE_OF_STRETCH: Final = 0.5
#: A stretch of at least this many lines stays whole if scores would remove at most this share of it.
MIN_STRETCH_LINES: Final = 4
MAX_STRETCH_SHARE: Final = 0.25
#: Lines of a list between two paragraphs, at least.
MIN_LIST_LINES: Final = 3
#: In a document of fewer lines a list may stand below marked lines.
SHORT_DOCUMENT_LINES: Final = 60
#: Words of an entry of a list, and of its heading, at most.
MAX_ENTRY_WORDS: Final = 12
MAX_HEADING_WORDS: Final = 4

#: The forms of entries of lists in articles that need no word of a language.
FORMS: Final = {
    "temperature": r"(?:^|\s)[+−–-]\d{1,2}(?:\s|°|$)|\d\s?°",
    "telephone": r"(?:\d[ /.()-]{0,2}){7,}",
    "label and value": rf"^\p{{Lu}}[{LETTERS} '’/&().-]{{1,30}}\s?: ?[\p{{L}}\p{{N}}£€$«“\"„”'‘(-].*[^{{}};,=(\[]$",
    "score": r"\d{1,3}\s?[-–:/]\s?\d{1,3}",
    "rank": r"^\d{1,3}[.)º°]\s|^\d{1,3}\s+\p{Lu}",
    "year": r"^(?:1[5-9]|20)\d\d(?:$|\P{N})|\b(?:1[5-9]|20)\d\d$",
    "name and figure": r"^\p{Lu}.*[\p{L})],? \d{1,5}(?:[.,]\d+)? ?%?$",
}
#: Separators and ornaments in the entries of menus.
_ORNAMENT: Final = r"[|¦•·∙●○▪■□▶►▸▹→←⇒↑↓★☆✓✔✕✖®™\\_~<>=]"


@functools.cache
def forms(lexicon: Lexicon) -> dict[str, str]:
    """`FORMS`, and those with the words of a lexicon: regular expressions by name."""
    month = month_of(lexicon)
    ordinal, link = any_of((*lexicon.ordinals, ".", "º")), any_of((*lexicon.date_links, "d'"))
    after_time = any_of((*lexicon.after_time, "am", "pm"))
    return FORMS | {
        "time of day": r"(?i)\b\d{1,2}[.:h]\s?\d{2}\b"
        rf"|\b\d{{1,2}}\s?{after_time}\b|\b{any_of(lexicon.before_time)} ?\d{{1,2}}\b",
        "price": rf"(?i)[£€$]\s?\d|\d\s?(?:€|£|\$|{any_of(lexicon.currencies)}\b)",
        "day": rf"(?i)\b\d{{1,2}}{ordinal}?\s+(?:{link} ?)?{month}|\b{month}\p{{L}}*\.? \d{{1,2}}\b"
        rf"|\b\d{{1,2}}\.\s?\d{{1,2}}\.|^(?-i:[{LETTERS}]){{2,10}}[.,]* \d{{1,2}}(?:$|\D)",
    }


@functools.cache
def _any_form(lexicon: Lexicon) -> str:
    return "|".join(f"(?:{form})" for form in forms(lexicon).values())


class Candidates(NamedTuple):
    """The candidates of a frame, in its order."""

    rows: NDArray[np.int64]
    features: NDArray[Any]  # transposed: a row for each feature
    beyond: F32  # by how much log-odds exceed the threshold; negative where a line stays anyway
    stretch: I64  # number of its stretch: adjacent candidates with no marked line or prose between them


def in_lists(
    frame: pl.DataFrame, rows: NDArray[np.int64], features: F32, beyond: F32, lexicon: Lexicon
) -> Bools:
    """Whether each candidate stays because it is in a list of an article or has an article's form, shape (candidates,).

    `rows`, `features` and `beyond` are of all candidates; `beyond` is by how much
    the log-odds exceed the threshold, negative where a line stays anyway.
    """
    if not (beyond >= 0).any():
        return np.zeros(len(rows), np.bool_)
    lines = candidates(rows, features, beyond)
    stays = is_in_list(frame, lines, lexicon)
    return stays | _in_stretches_that_stay(lines, stays)


def is_in_list(frame: pl.DataFrame, lines: Candidates, lexicon: Lexicon) -> Bools:
    """Whether each doubtful candidate is in a list: by the forms beside it, or by prose that continues below it.

    Or it has another form of an article's lines, see `article_forms`.
    """
    formed = np.zeros(len(lines.rows), np.bool_)
    doubtful = np.flatnonzero((lines.beyond >= 0) & (lines.beyond < SURE))
    formed[doubtful] = may_stay_by_form(frame, lines.rows[doubtful], lines.features[:, doubtful].T)
    return formed | _among_forms(frame.get_column("text"), lines, lexicon) | _above_sentences(lines)


def candidates(rows: NDArray[np.int64], features: F32, beyond: F32) -> Candidates:
    """The candidates with the numbers of their stretches; the arguments are those of `in_lists`."""
    f = features.T
    ends = is_prose_line(f) | (f[PHRASE_STATE] > 0)
    begins = (_gaps(rows) != 1) | (f[FROM_TOP] == 0) | ends | np.concatenate(([True], ends[:-1]))
    return Candidates(rows, f, beyond, np.cumsum(begins) - 1)


def _among_forms(text: pl.Series, lines: Candidates, lexicon: Lexicon) -> Bools:
    """Whether a doubtful line and one near it look like entries, or the line is between such entries or heads them."""
    rows, f = lines.rows, lines.features
    entry = _may_be_entry(f)
    below = follows_prose(f) | ((f[PROSE_BEFORE] > 0) & (f[LINES] < SHORT_DOCUMENT_LINES))
    doubtful = (lines.beyond >= 0) & (lines.beyond < SURE)
    asked = np.flatnonzero(
        doubtful & entry & below & (f[PHRASE_STATE] <= MENU_PHRASE) & (f[BEGINNING] != BEGIN_BULLET)
    )
    near = np.unique(np.add.outer(asked, np.arange(-2, 4)))
    near = near[(near >= 0) & (near < len(rows))]
    near = near[entry[near] & (f[PHRASE_STATE, near] <= 0)]
    texts = text.gather(rows[near])
    formed = np.zeros(len(rows), np.bool_)
    formed[near] = (matches(texts, _any_form(lexicon)) & ~matches(texts, _ORNAMENT)).to_numpy()
    begins = f[FROM_TOP] < _gaps(rows)  # a document: no candidate before this one is in it
    document = np.cumsum(begins)

    def at(step: int) -> Bools:
        """Whether the line `step` lines below has the form of an entry."""
        there = np.minimum(np.searchsorted(rows, rows[asked] + step), len(rows) - 1)
        beside = (rows[there] == rows[asked] + step) & (document[there] == document[asked])
        found: Bools = formed[there] & beside
        return found

    above, under = at(-1) | at(-2), at(1) | at(2)
    listed = (f[PHRASE_STATE, asked] <= 0) & ((at(0) & (above | under)) | (above & under))
    heads = (f[WORDS, asked] <= MAX_HEADING_WORDS) & (at(1).astype(np.int8) + at(2) + at(3) >= 2)
    among = np.zeros(len(rows), np.bool_)
    among[asked] = listed | heads
    return among


def _above_sentences(lines: Candidates) -> Bools:
    """Whether the article continues below a doubtful line, with no marked line between, in a document of few lines.

    It continues with prose, or right below the stretch with a line that is not a candidate, such as a short sentence.
    """
    f = lines.features
    last = np.flatnonzero(np.diff(lines.stretch, append=lines.stretch[-1] + 1))  # of each stretch
    below_is_none = _gaps(lines.rows)[(last + 1) % len(lines.rows)] != 1
    goes_on = below_is_none & (f[FROM_BOTTOM, last] > 0) & (f[MARK_BELOW, last] > 1)
    doubtful = (lines.beyond >= 0) & (lines.beyond < SURE) & (f[LINES] < ARTICLE_LINES)
    above: Bools = (
        doubtful
        & _may_be_entry(f)
        & is_plain(f)
        & follows_prose(f)
        & (goes_on[lines.stretch] | (precedes_prose(f) & (f[RUN] >= MIN_LIST_LINES)))
    )
    return above


def _in_stretches_that_stay(lines: Candidates, stays: Bools) -> Bools:
    """Whether a doubtful line stays because hardly any line of its stretch is removed: similar lines stay together."""
    f = lines.features
    removed = (lines.beyond >= 0) & ~stays
    size = np.bincount(lines.stretch)
    whole = (size >= MIN_STRETCH_LINES) & (np.bincount(lines.stretch, removed) <= MAX_STRETCH_SHARE * size)
    doubtful = removed & (lines.beyond < SURE_OF_STRETCH) & (f[REPEATS] == 1)
    torn: Bools = doubtful & _may_be_entry(f) & is_plain(f) & follows_prose(f) & whole[lines.stretch]
    return torn


def _may_be_entry(f: NDArray[Any]) -> Bools:
    """Whether a line is short, not prose, not repeated, and has no address."""
    entry: Bools = (
        (f[ADDRESS] == 0) & ~is_prose_line(f) & (f[WORDS] <= MAX_ENTRY_WORDS) & (f[REPEATS] < MIN_REPEATS)
    )
    return entry


def _gaps(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many lines each candidate is below the one before it; FAR or more for the first."""
    return np.diff(rows, prepend=-FAR)
