"""The guards of a removal: which lines stay whatever their score, and what else a line must have to go.

They are asked of the lines that `fast_accept` does not clear, by their features, shape (lines, features),
and answer with a boolean for each line. A phrase that is found in a line overrules most of them: it says what the line
is, and they only what it looks like.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.context import FAR, KEPT
from cleaners.boilerplate.line_classifier.fast_accept import FEW_BOILERPLATE_WORDS
from cleaners.boilerplate.line_classifier.feature_names import (
    ADDRESS,
    BEGINNING,
    BOILERPLATE,
    CAPITALISED,
    CASELESS,
    CHARACTERS,
    DIGITS,
    ENDING,
    ENDING_ABOVE,
    FROM_BOTTOM,
    FROM_TOP,
    LIKE_ABOVE,
    LIKE_BELOW,
    LINES,
    MARK,
    MARK_ABOVE,
    MARK_BELOW,
    MARK_DENSITY,
    MARKS_NEAR,
    PROSE_AFTER,
    PROSE_BEFORE,
    PROSE_LINES,
    REMOVED_ABOVE,
    REMOVED_BELOW,
    REPEATS,
    RUN_OPENING,
    SEPARATORS,
    TABLE,
    TO_PROSE_ABOVE,
    TO_PROSE_BELOW,
    UPPER,
    WORDS,
    WORDS_ABOVE,
)
from cleaners.boilerplate.line_classifier.shape import (
    BEGIN_BULLET,
    BEGIN_CAPITAL,
    BEGIN_DIGIT,
    END_COLON,
    END_NOTHING,
    END_QUESTION,
    END_STOP,
)
from cleaners.boilerplate.line_classifier.shape import LONG as BODY_WORDS
from cleaners.boilerplate.line_classifier.shape import SENTENCE as BODY_SENTENCE
from cleaners.boilerplate.line_classifier.vocabulary import F32

Bools = NDArray[np.bool_]

#: Of the lines of an article so many are prose at the least, and of a longer one phrases mark no more than so many.
PAGE_PROSE: Final = 0.25
PAGE_MARKS: Final = 0.03
PAGE_LINES: Final = 30
#: On a page with less prose, most of what is there may be the article's list, so that its lines go only if their
#: log-odds are so much higher.
LITTLE_PROSE: Final = 0.08
CAUTION: Final = 1.5
#: In a document without a phrase of which fewer lines are prose, nothing tells boilerplate from the rest.
BARE_PROSE: Final = 0.1
FEW_LINES: Final = 12
ARTICLE_LINES: Final = 40  # of an article and what is left around it
CASELESS_LETTERS: Final = 0.1  # of the letters of a line, so that "渡輪 The Ferry" is a line of its script
CAPITAL_LETTERS: Final = 0.7  # of the letters
FEW_CAPITALS: Final = 0.2  # of the words
FEW_WORDS: Final = 6
NAMES: Final = 4  # words
HEADLINE, SHORT_HEADLINE = 4, 2  # words; the latter above the first paragraph,
LEAD: Final = 2  # lines above it at most
SENTENCE: Final = 8  # words
AGAIN: Final = 3  # times
ALIKE: Final = 4  # ways
#: What share of a line's words boilerplate has rather than articles, of a line of boilerplate.
OF_BOILERPLATE: Final = 0.5
TOP, BOTTOM = 3, 5  # lines that are a document's edges


def page_like(features: F32) -> Bools:
    """Whether a line stands in the dump of a whole page rather than in an article."""
    f = features.T
    marked = (f[MARK_DENSITY] > PAGE_MARKS) & (f[LINES] >= PAGE_LINES)
    page: Bools = (f[PROSE_LINES] < PAGE_PROSE) | marked
    return page


def caution(features: F32) -> F32:
    """What the log-odds of a line must have beyond the threshold, in a document with next to no prose."""
    little = features.T[PROSE_LINES] < LITTLE_PROSE
    beyond: F32 = np.where(little, np.float32(CAUTION), np.float32(0))
    return beyond


def caseless(features: F32) -> Bools:
    """Whether a line is in a script without case, on which nothing was trained."""
    without_case: Bools = features.T[CASELESS] > CASELESS_LETTERS
    return without_case


def amid_prose(features: F32) -> Bools:
    """Whether prose stands somewhere above a line and somewhere below it."""
    f = features.T
    amid: Bools = (f[PROSE_BEFORE] > 0) & (f[PROSE_AFTER] > 0)
    return amid


def may_go(features: F32) -> Bools:
    """Whether the guards let a line go if its score says so.

    Always kept are: what a phrase keeps; rows of tables; lines that measure out one thing after the other; names with
    figures, one after the other; in a document of few lines short sentences below the prose; the first line of a
    document, if it may be its headline; in a document in which no phrase is found, what ends as a sentence does, and
    the lines if there are but two; and in scripts without case, on which nothing was trained, whatever has no phrase
    on it and no removed line right beside it. In an article a few words alone between two paragraphs of prose stay,
    unless a phrase, an address, separators or figures are in them, and so do those that come again and again, as the
    names of who speaks. In an article, below the first prose of a document of few lines, and in a document with
    hardly any prose or of a few lines in which no phrase is found, as in a poem, a removal needs evidence: a phrase
    near, an address, separators, capitals, words of boilerplate, or, in an article, a place at the edge of the document
    or of its prose. Capitals of a line with figures, and words of boilerplate, are none amid prose, nor is the place in
    a document of a few lines. Items of a list that a sentence or a colon introduces stay, and what reads like a
    sentence without its stop.

    What else stays of lists, by the texts and by the scores, is told by `lists`.
    """
    f = features.T
    kept = (f[MARK] == KEPT) | ((f[TABLE] > 0) & (f[CHARACTERS] > 1))  # "|" alone is no row
    kept |= _of_no_known_script(features) | _may_be_headline(f)
    unmarked = f[MARK_DENSITY] == 0
    kept |= unmarked & ((f[ENDING] == END_STOP) | (f[LINES] <= 2))
    kept |= _measures(f) | _counts(f) | _answers(f)
    bare = unmarked & ((f[LINES] < FEW_LINES) | (f[PROSE_LINES] < BARE_PROSE))
    page = page_like(features) & ~bare & ~_below_in_short(f)
    evident = _evident(features, bare) & ~(_listed(f) | _wording(f) | _alone(features) | _speaks(features))
    allowed: Bools = ~kept & (page | evident)
    return allowed


def _evident(features: F32, bare: Bools) -> Bools:
    """Whether there is more against a line than its score."""
    f = features.T
    amid = amid_prose(features)
    capitals = (f[UPPER] > CAPITAL_LETTERS) & ~((f[DIGITS] > 0) & amid)  # "SPD 31.2" is a result
    edge = (f[FROM_TOP] < TOP) | (f[FROM_BOTTOM] < BOTTOM) | ((f[PROSE_AFTER] == 0) & (f[PROSE_BEFORE] > 0))
    # of a short document every line is at an edge
    edge &= ~(bare & page_like(features)) & ~(amid & (f[LINES] < FEW_LINES))
    evident: Bools = (
        (f[MARK] > 0)
        | (f[MARKS_NEAR] > 0)
        | (f[ADDRESS] > 0)
        | (f[SEPARATORS] > 0)
        | capitals
        | ((f[BOILERPLATE] > OF_BOILERPLATE) & ~amid)
        | edge
    )
    return evident


def _of_no_known_script(features: F32) -> Bools:
    """Whether a line is in a script without case, with no phrase in it and nothing removed right beside it."""
    f = features.T
    beside = (f[REMOVED_ABOVE] > 0) | (f[REMOVED_BELOW] > 0)
    unknown: Bools = caseless(features) & (f[MARK] <= 0) & ~beside
    return unknown


def _may_be_headline(f: F32) -> Bools:
    """Whether a line is the first, or stands between the menu and the first paragraph of an article."""
    wording = (f[WORDS] >= HEADLINE) & ~(f[BOILERPLATE] > OF_BOILERPLATE)
    above_lead = precedes_prose(f) & (f[TO_PROSE_BELOW] <= LEAD) & (f[WORDS] >= SHORT_HEADLINE)
    first = (f[FROM_TOP] == 0) & (wording | (above_lead & (f[ADDRESS] == 0)))
    below_menu = (f[PROSE_BEFORE] == 0) & (f[LINES] < ARTICLE_LINES) & wording & above_lead & plain(f)
    may_be: Bools = (f[MARK] <= 0) & (first | below_menu)
    return may_be


def _below_in_short(f: F32) -> Bools:
    """Whether a line stands below prose in a document of few lines, which may be an article with a list."""
    below: Bools = (f[PROSE_BEFORE] > 0) & (f[LINES] < PAGE_LINES)
    return below


def follows_prose(f: F32) -> Bools:
    """Whether no phrase is found, and nothing removed, between a line and the last paragraph of prose above it."""
    follows: Bools = f[TO_PROSE_ABOVE] < np.minimum(f[MARK_ABOVE], FAR)
    return follows


def precedes_prose(f: F32) -> Bools:
    """Whether no phrase is found, and nothing removed, between a line and the next paragraph of prose below it."""
    precedes: Bools = f[TO_PROSE_BELOW] < np.minimum(f[MARK_BELOW], FAR)
    return precedes


def of_body(f: F32) -> Bools:
    """Whether a line is prose itself, as `shape.is_body` says."""
    ends = (f[ENDING] == END_STOP) | (f[ENDING] == END_QUESTION)
    body: Bools = (f[WORDS] >= BODY_WORDS) | ((f[WORDS] >= BODY_SENTENCE) & ends)
    return body


def _listed(f: F32) -> Bools:
    """Whether a line is an item of a list that a sentence or a colon introduces."""
    item = (f[BEGINNING] == BEGIN_BULLET) | (f[BEGINNING] == BEGIN_DIGIT)
    introduced = (f[RUN_OPENING] == END_COLON) | (f[RUN_OPENING] == END_STOP)
    listed: Bools = item & introduced & (f[MARKS_NEAR] == 0) & (f[MARK] <= 0)
    return listed


def _wording(f: F32) -> Bools:
    """Whether a line reads like a sentence that has lost its stop."""
    wording: Bools = (
        plain(f)
        & (f[WORDS] >= SENTENCE)
        & (f[CAPITALISED] < FEW_CAPITALS)
        & (f[ENDING] == END_NOTHING)
        & (f[BOILERPLATE] <= OF_BOILERPLATE)
        & (f[DIGITS] == 0)
    )
    return wording


def _alone(features: F32) -> Bools:
    """Whether a line of a few words stands by itself between two paragraphs of prose.

    So stand subheads, the names of those who speak in an interview, and of those whom a quotation is of.
    """
    f = features.T
    alone: Bools = (
        amid_prose(features)
        & plain(f)
        & (f[WORDS] <= FEW_WORDS)
        & (f[TO_PROSE_ABOVE] <= 1)
        & (f[TO_PROSE_BELOW] <= 1)
        & (f[DIGITS] == 0)
    )
    return alone


def _speaks(features: F32) -> Bools:
    """Whether a line of a few words comes again and again in an article, as the names in a transcript do."""
    f = features.T
    named = plain(f) & (f[WORDS] >= 1) & (f[REPEATS] >= AGAIN) & (f[DIGITS] == 0)
    amid = amid_prose(features) & (f[WORDS] <= FEW_WORDS) & (f[TO_PROSE_BELOW] <= 1)
    like_names = (f[WORDS] <= NAMES) & (f[CAPITALISED] == 1) & (f[BOILERPLATE] <= FEW_BOILERPLATE_WORDS)
    # of what is said between them, much is too short for prose
    between = follows_prose(f) & ((f[TO_PROSE_BELOW] <= AGAIN) | (f[UPPER] > CAPITAL_LETTERS))
    speaks: Bools = named & (amid | (like_names & between))
    return speaks


def _measures(f: F32) -> Bools:
    """Whether a line begins with a figure, as the line above or below it does that is like it: "200 g sugar"."""
    measures: Bools = (
        plain(f)
        & (f[BEGINNING] == BEGIN_DIGIT)
        & (f[WORDS] >= 2)
        & (f[ENDING] == END_NOTHING)
        & _beside_its_like(f)
    )
    return measures


def _answers(f: F32) -> Bools:
    """Whether a line is a short sentence ("Thank you.") below the prose of an article, with no phrase between.

    Or it stands right below such a sentence, as one of several that has lost its stop.
    """
    below_one = (f[ENDING_ABOVE] == END_STOP) & (f[WORDS_ABOVE] < BODY_SENTENCE)
    answers: Bools = (
        plain(f)
        & ((f[ENDING] == END_STOP) | below_one)
        & (f[WORDS] >= 2)
        & (f[LINES] < ARTICLE_LINES)
        & follows_prose(f)
    )
    return answers


def _counts(f: F32) -> Bools:
    """Whether a line is a name and a figure, as the line above or below it is: results, prices, standings."""
    counts: Bools = (
        plain(f)
        & (f[BEGINNING] == BEGIN_CAPITAL)
        & (f[ENDING] == END_NOTHING)
        & (f[WORDS] >= 2)
        & (f[WORDS] <= FEW_WORDS)
        & (f[DIGITS] > 0)
        & (f[BOILERPLATE] <= FEW_BOILERPLATE_WORDS)
        & _beside_its_like(f)
    )
    return counts


def plain(f: F32) -> Bools:
    """Whether there is no phrase, no address and no separator in a line."""
    plain: Bools = (f[MARK] <= 0) & (f[ADDRESS] + f[SEPARATORS] == 0)
    return plain


def _beside_its_like(f: F32) -> Bools:
    """Whether the line above or the line below is of the same form."""
    beside: Bools = np.maximum(f[LIKE_ABOVE], f[LIKE_BELOW]) == ALIKE
    return beside
