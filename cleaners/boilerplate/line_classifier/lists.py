"""Lists of articles: dates and venues, prices, results, facts of a person, line by line.

One by one such lines look like boilerplate. What tells them is their form (a time of day, a price, "Born: 1962") among
others of such forms, prose that goes on below them, and that hardly any line beside them looks like boilerplate. All of
this is evidence and no proof: a line whose score is far beyond the threshold goes nevertheless.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import MONTH
from cleaners.boilerplate.line_classifier.context import ENTRY, FAR
from cleaners.boilerplate.line_classifier.exemptions import (
    AGAIN,
    ARTICLE_LINES,
    Bools,
    follows_prose,
    of_body,
    plain,
    precedes_prose,
)
from cleaners.boilerplate.line_classifier.feature_names import (
    ADDRESS,
    BEGINNING,
    FROM_BOTTOM,
    FROM_TOP,
    LINES,
    MARK,
    MARK_BELOW,
    PROSE_BEFORE,
    REPEATS,
    RUN,
    WORDS,
)
from cleaners.boilerplate.line_classifier.shape import BEGIN_BULLET
from cleaners.boilerplate.line_classifier.vocabulary import F32
from cleaners.text.matching import matches
from cleaners.text.tokens import I64

#: Log-odds beyond the threshold from which a line goes although it is in a list, and although its stretch stays.
SURE: Final = 2.0
SURE_OF_STRETCH: Final = 0.5
#: A stretch of so many lines stays whole if scores remove no larger share of it.
STRETCH: Final = 4
FEW_OF_STRETCH: Final = 0.25
#: So many lines between paragraphs are a list.
LIST: Final = 3
#: In a document of fewer lines a list may stand after lines in which phrases are found.
SHORT_DOCUMENT: Final = 60
#: A longer line is no entry of a list, nor is a longer one its heading.
ENTRY_WORDS: Final = 12
HEADING_WORDS: Final = 4

#: What entries of lists in articles have.
FORMS: Final = {
    "time of day": r"(?i)\b\d{1,2}[.:h]\s?\d{2}\b|\b\d{1,2}\s?(?:am|pm|uhr|h)\b"
    r"|\b(?:klo|kl\.|godz\.|ore|às|à|saat) ?\d{1,2}\b",
    "price": r"(?i)[£€$]\s?\d|\d\s?(?:€|£|\$|(?:euros?|kr|kronor|zł|руб|TL)\b)",
    "temperature": r"(?:^|\s)[+−–-]\d{1,2}(?:\s|°|$)|\d\s?°",
    "telephone": r"(?:\d[ /.()-]{0,2}){7,}",
    "day": rf"(?i)\b\d{{1,2}}(?:st|nd|rd|th|\.|º)?\s+(?:de |d')?{MONTH}|\b{MONTH}\p{{L}}*\.? \d{{1,2}}\b"
    r"|\b\d{1,2}\.\s?\d{1,2}\.|^\p{L}{2,10}[.,]* \d{1,2}(?:$|\D)",
    "label and value": r"^\p{Lu}[\p{L}\p{M} '’/&().-]{1,30}\s?: ?[\p{L}\p{N}£€$«“\"„”'‘(-].*[^{};,=(\[]$",
    "score": r"\d{1,3}\s?[-–:/]\s?\d{1,3}",
    "rank": r"^\d{1,3}[.)º°]\s|^\d{1,3}\s+\p{Lu}",
    "year": r"^(?:1[5-9]|20)\d\d(?:$|\P{N})|\b(?:1[5-9]|20)\d\d$",
    "name and figure": r"^\p{Lu}.*[\p{L})],? \d{1,5}(?:[.,]\d+)? ?%?$",
}
_FORM: Final = "|".join(f"(?:{form})" for form in FORMS.values())
#: What parts or adorns the entries of menus.
_ORNAMENT: Final = r"[|¦•·∙●○▪■□▶►▸▹→←⇒↑↓★☆✓✔✕✖®™\\_~<>=]"


class Candidates(NamedTuple):
    """What is asked of all candidates: those of a document are together, in its order."""

    rows: NDArray[np.int64]
    features: NDArray[Any]  # a row for each feature
    beyond: F32  # by how much its log-odds exceed the threshold, negative where a line stays anyhow
    stretch: I64  # the number of the lines that neither a phrase nor a paragraph of prose parts


def in_lists(text: pl.Series, rows: NDArray[np.int64], features: F32, beyond: F32) -> Bools:
    """Which of the candidates stay since they are in a list of an article, of those that would go.

    `rows` and `features` are those of all candidates, `text` the column of the frame; `beyond` is by how much the
    log-odds of each exceed the threshold, negative where it stays anyhow.
    """
    if not (beyond >= 0).any():
        return np.zeros(len(rows), np.bool_)
    lines = _candidates(rows, features, beyond)
    stays = _of_list(text, lines)
    return stays | _in_stretches_that_stay(lines, stays)


def must_be_sure(text: pl.Series, rows: NDArray[np.int64], features: F32) -> Bools:
    """Which of the candidates go only if their log-odds are SURE beyond the threshold, whatever goes beside them."""
    lines = _candidates(rows, features, np.zeros(len(rows), np.float32))
    return _of_list(text, lines)


def _of_list(text: pl.Series, lines: Candidates) -> Bools:
    """Whether a doubtful line is in a list by its form and those beside it, or by the article that goes on below."""
    return _among_forms(text, lines) | _above_sentences(lines)


def _candidates(rows: NDArray[np.int64], features: F32, beyond: F32) -> Candidates:
    f = features.T
    ends = of_body(f) | (f[MARK] > 0)
    begins = (_steps(rows) != 1) | (f[FROM_TOP] == 0) | ends | np.concatenate(([True], ends[:-1]))
    return Candidates(rows, f, beyond, np.cumsum(begins) - 1)


def _among_forms(text: pl.Series, lines: Candidates) -> Bools:
    """Whether a line has the form of an entry and one near it has, too; or stands between such, or heads them."""
    rows, f = lines.rows, lines.features
    entry = _may_be_entry(f)
    below = follows_prose(f) | ((f[PROSE_BEFORE] > 0) & (f[LINES] < SHORT_DOCUMENT))
    doubtful = (lines.beyond >= 0) & (lines.beyond < SURE)
    asked = np.flatnonzero(doubtful & entry & below & (f[MARK] <= ENTRY) & (f[BEGINNING] != BEGIN_BULLET))
    near = np.unique(np.add.outer(asked, np.arange(-2, 4)))
    near = near[(near >= 0) & (near < len(rows))]
    near = near[entry[near] & (f[MARK, near] <= 0)]
    texts = text.gather(rows[near])
    formed = np.zeros(len(rows), np.bool_)
    formed[near] = (matches(texts, _FORM) & ~matches(texts, _ORNAMENT)).to_numpy()
    begins = f[FROM_TOP] < _steps(rows)  # a document: none of the candidates before is in it
    document = np.cumsum(begins)

    def at(step: int) -> Bools:
        """Whether the line so many lines below has the form of an entry."""
        there = np.minimum(np.searchsorted(rows, rows[asked] + step), len(rows) - 1)
        beside = (rows[there] == rows[asked] + step) & (document[there] == document[asked])
        found: Bools = formed[there] & beside
        return found

    above, under = at(-1) | at(-2), at(1) | at(2)
    listed = (f[MARK, asked] <= 0) & ((at(0) & (above | under)) | (above & under))
    heads = (f[WORDS, asked] <= HEADING_WORDS) & (at(1).astype(np.int8) + at(2) + at(3) >= 2)
    among = np.zeros(len(rows), np.bool_)
    among[asked] = listed | heads
    return among


def _above_sentences(lines: Candidates) -> Bools:
    """Whether the article goes on below a line, with no phrase between, in a document of few lines.

    It does so with prose, or right below the stretch with a line that is no candidate: a shorter sentence.
    """
    f = lines.features
    last = np.flatnonzero(np.diff(lines.stretch, append=lines.stretch[-1] + 1))  # of each stretch
    below_is_none = _steps(lines.rows)[(last + 1) % len(lines.rows)] != 1
    goes_on = below_is_none & (f[FROM_BOTTOM, last] > 0) & (f[MARK_BELOW, last] > 1)
    doubtful = (lines.beyond >= 0) & (lines.beyond < SURE) & (f[LINES] < ARTICLE_LINES)
    above: Bools = (
        doubtful
        & _may_be_entry(f)
        & plain(f)
        & follows_prose(f)
        & (goes_on[lines.stretch] | (precedes_prose(f) & (f[RUN] >= LIST)))
    )
    return above


def _in_stretches_that_stay(lines: Candidates, stays: Bools) -> Bools:
    """Whether next to nothing goes of the stretch of a line: what is alike is not torn apart for a doubt."""
    f = lines.features
    removed = (lines.beyond >= 0) & ~stays
    size = np.bincount(lines.stretch)
    whole = (size >= STRETCH) & (np.bincount(lines.stretch, removed) <= FEW_OF_STRETCH * size)
    doubtful = removed & (lines.beyond < SURE_OF_STRETCH) & (f[REPEATS] == 1)
    torn: Bools = doubtful & _may_be_entry(f) & plain(f) & follows_prose(f) & whole[lines.stretch]
    return torn


def _may_be_entry(f: NDArray[Any]) -> Bools:
    entry: Bools = (f[ADDRESS] == 0) & ~of_body(f) & (f[WORDS] <= ENTRY_WORDS) & (f[REPEATS] < AGAIN)
    return entry


def _steps(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many lines each candidate stands below the one before it."""
    return np.diff(rows, prepend=-FAR)
