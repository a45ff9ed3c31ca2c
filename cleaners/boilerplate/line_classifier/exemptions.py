"""Exemptions: which lines stay whatever their score, and what evidence a removal needs beside the score.

The functions take the features of the candidates, shape (lines, features), and return a boolean for each line. Those
with an argument `f` take them transposed: f[WORDS] is a column. A phrase found in a line overrules most exemptions,
because it says what the line is, while an exemption says only what it looks like.
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
    BOILERPLATE_WORDS,
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
    MARK_ABOVE,
    MARK_BELOW,
    MARK_DENSITY,
    MARKS_NEAR,
    PHRASE_STATE,
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
from cleaners.kernels import F32
from cleaners.text.prose import PROSE_WORDS, QUESTION_WORDS, SENTENCE_WORDS

Bools = NDArray[np.bool_]

#: A document is page-like if less than this share of its lines is prose, or if it has at least MIN_PAGE_LINES lines and
#: more than this share of them is marked.
MAX_PAGE_PROSE: Final = 0.25
MIN_PAGE_MARKS: Final = 0.03
MIN_PAGE_LINES: Final = 30
#: In a document with a lower share of prose most lines may be a list of the article, so the log-odds of a line must
#: exceed the threshold by CAUTION.
LITTLE_PROSE: Final = 0.08
CAUTION: Final = 1.5
#: The same for a line in a script without case that no phrase and no removed neighbour marks: it has fewer features.
CAUTION_WITHOUT_CASE: Final = 1.0
#: In a document without marked lines, nothing separates boilerplate from the rest if less than this share of the lines
#: is prose, or if there are fewer lines than FEW_LINES.
BARE_PROSE: Final = 0.1
FEW_LINES: Final = 12
ARTICLE_LINES: Final = 40  # lines of an article with what is left around it, at most
CASELESS_LETTERS: Final = 0.1  # share of letters; "渡輪 The Ferry" counts as caseless
CAPITAL_LETTERS: Final = 0.7  # share of letters
FEW_CAPITALS: Final = 0.2  # share of words
FEW_WORDS: Final = 6
MAX_NAME_WORDS: Final = 4
#: A short headline stands at most MAX_LINES_ABOVE_LEAD lines above the first paragraph of prose.
MIN_HEADLINE_WORDS, MIN_SHORT_HEADLINE_WORDS = 4, 2
MAX_LINES_ABOVE_LEAD: Final = 2
UNSTOPPED_SENTENCE_WORDS: Final = 8
SHORT_SENTENCE_WORDS: Final = 8  # a shorter sentence may be an answer: "Thank you."
MIN_REPEATS: Final = 3
MAX_ANSWER_LINES: Final = 3  # lines from the name of a speaker to the next prose
SAME_FORM: Final = 4  # likeness of two lines that agree in every way, see `context`
#: Feature `boilerplate_words` of a line that reads like boilerplate, more than.
MANY_BOILERPLATE_WORDS: Final = 0.5
TOP_LINES, BOTTOM_LINES = 3, 5  # lines at the edges of a document


def page_like(features: F32) -> Bools:
    """Whether a line is in the dump of a whole page rather than in an article."""
    f = features.T
    marked = (f[MARK_DENSITY] > MIN_PAGE_MARKS) & (f[LINES] >= MIN_PAGE_LINES)
    page: Bools = (f[PROSE_LINES] < MAX_PAGE_PROSE) | marked
    return page


def caution(features: F32) -> F32:
    """By how much log-odds must exceed the threshold, float32 of shape (lines,), 0 for most lines.

    It is CAUTION if next to no line of the document is prose, and CAUTION_WITHOUT_CASE in a script without case.
    """
    little = features.T[PROSE_LINES] < LITTLE_PROSE
    unmarked = _is_unmarked_without_case(features)
    beyond: F32 = np.float32(CAUTION) * little + np.float32(CAUTION_WITHOUT_CASE) * unmarked
    return beyond


def caseless(features: F32) -> Bools:
    """Whether a line is in a script without case."""
    without_case: Bools = features.T[CASELESS] > CASELESS_LETTERS
    return without_case


def amid_prose(features: F32) -> Bools:
    """Whether there is prose above a line and below it, at any distance."""
    f = features.T
    amid: Bools = (f[PROSE_BEFORE] > 0) & (f[PROSE_AFTER] > 0)
    return amid


def removable(features: F32) -> Bools:
    """Whether a line may be removed if its score says so.

    These lines stay in any document:

    - lines that a phrase of the action `keep` matches, and rows of tables;
    - what may be the headline;
    - measures ("200 g sugar") and names with figures, if the line above or below has the same form;
    - short sentences below the prose, in a document of fewer than ARTICLE_LINES lines;
    - in a document without marked lines, lines that end with a full stop, and all lines if there are at most two.

    On a whole page the score decides about all other lines. In an article a removal needs evidence as well, see
    `_has_evidence`. Even with evidence, these lines of an article stay: items of a list that a sentence or a colon
    introduces; sentences that have lost their full stop; a few words alone between two paragraphs of prose; and names
    that come again and again, as the speakers of a transcript do.

    Lines below the first prose of a document of fewer than MIN_PAGE_LINES lines are treated like an article's, and so
    are all lines of a document without marked lines that has few lines or hardly any prose, such as a poem.

    `lists` exempts further lines, by their texts and scores.
    """
    f = features.T
    kept = (f[PHRASE_STATE] == KEPT) | ((f[TABLE] > 0) & (f[CHARACTERS] > 1))  # "|" alone is no row
    kept |= _may_be_headline(f)
    unmarked = f[MARK_DENSITY] == 0
    kept |= unmarked & ((f[ENDING] == END_STOP) | (f[LINES] <= 2))
    kept |= _is_measure(f) | _is_name_with_figure(f) | _is_short_sentence(f)
    bare = unmarked & ((f[LINES] < FEW_LINES) | (f[PROSE_LINES] < BARE_PROSE))
    page = page_like(features) & ~bare & ~_is_below_prose_of_short_document(f)
    evident = _has_evidence(features, bare) & ~(
        _is_introduced_item(f) | _is_unstopped_sentence(f) | _is_alone(features) | _is_speaker(features)
    )
    allowed: Bools = ~kept & (page | evident)
    return allowed


def _has_evidence(features: F32, bare: Bools) -> Bools:
    """Whether there is evidence of boilerplate beside the score of a line.

    Evidence is a marked line, the line itself or one near it; an address; separators; capitals, but not those of a line
    with digits amid prose; many words of boilerplate, but not amid prose; and a place at the edge of the document or
    below all of its prose. The edge does not count amid the prose of a document of few lines, nor in a `bare` document
    that is page-like.
    """
    f = features.T
    amid = amid_prose(features)
    capitals = (f[UPPER] > CAPITAL_LETTERS) & ~((f[DIGITS] > 0) & amid)  # "SPD 31.2" is a result
    edge = (
        (f[FROM_TOP] < TOP_LINES)
        | (f[FROM_BOTTOM] < BOTTOM_LINES)
        | ((f[PROSE_AFTER] == 0) & (f[PROSE_BEFORE] > 0))
    )
    # every line of a short document is at an edge
    edge &= ~(bare & page_like(features)) & ~(amid & (f[LINES] < FEW_LINES))
    evident: Bools = (
        (f[PHRASE_STATE] > 0)
        | (f[MARKS_NEAR] > 0)
        | (f[ADDRESS] > 0)
        | (f[SEPARATORS] > 0)
        | capitals
        | ((f[BOILERPLATE_WORDS] > MANY_BOILERPLATE_WORDS) & ~amid)
        | edge
    )
    return evident


def _is_unmarked_without_case(features: F32) -> Bools:
    """Whether a line is in a script without case, has no phrase, and no removed line right beside it."""
    f = features.T
    beside = (f[REMOVED_ABOVE] > 0) | (f[REMOVED_BELOW] > 0)
    unknown: Bools = caseless(features) & (f[PHRASE_STATE] <= 0) & ~beside
    return unknown


def _may_be_headline(f: F32) -> Bools:
    """Whether a line may be the headline of its article, and has no phrase.

    It is the first line of the document, and long enough or close above the first paragraph of prose. Or it is below a
    menu in a short document, and both.
    """
    wording = (f[WORDS] >= MIN_HEADLINE_WORDS) & ~(f[BOILERPLATE_WORDS] > MANY_BOILERPLATE_WORDS)
    above_lead = (
        precedes_prose(f)
        & (f[TO_PROSE_BELOW] <= MAX_LINES_ABOVE_LEAD)
        & (f[WORDS] >= MIN_SHORT_HEADLINE_WORDS)
    )
    first = (f[FROM_TOP] == 0) & (wording | (above_lead & (f[ADDRESS] == 0)))
    below_menu = (f[PROSE_BEFORE] == 0) & (f[LINES] < ARTICLE_LINES) & wording & above_lead & is_plain(f)
    may_be: Bools = (f[PHRASE_STATE] <= 0) & (first | below_menu)
    return may_be


def _is_below_prose_of_short_document(f: F32) -> Bools:
    """Whether a line is below prose in a document of few lines, which may be an article with a list."""
    below: Bools = (f[PROSE_BEFORE] > 0) & (f[LINES] < MIN_PAGE_LINES)
    return below


def follows_prose(f: F32) -> Bools:
    """Whether there is prose within FAR lines above a line, and no marked line between the two."""
    follows: Bools = f[TO_PROSE_ABOVE] < np.minimum(f[MARK_ABOVE], FAR)
    return follows


def precedes_prose(f: F32) -> Bools:
    """Whether there is prose within FAR lines below a line, and no marked line between the two."""
    precedes: Bools = f[TO_PROSE_BELOW] < np.minimum(f[MARK_BELOW], FAR)
    return precedes


def is_prose_line(f: F32) -> Bools:
    """Whether a line is prose itself, as `cleaners.text.prose.is_prose` defines it."""
    sentence = (f[ENDING] == END_STOP) & (f[WORDS] >= SENTENCE_WORDS)
    question = (f[ENDING] == END_QUESTION) & (f[WORDS] >= QUESTION_WORDS)
    prose: Bools = (f[WORDS] >= PROSE_WORDS) | sentence | question
    return prose


def _is_introduced_item(f: F32) -> Bools:
    """Whether a line is an item of a list that a sentence or a colon introduces."""
    item = (f[BEGINNING] == BEGIN_BULLET) | (f[BEGINNING] == BEGIN_DIGIT)
    introduced = (f[RUN_OPENING] == END_COLON) | (f[RUN_OPENING] == END_STOP)
    listed: Bools = item & introduced & (f[MARKS_NEAR] == 0) & (f[PHRASE_STATE] <= 0)
    return listed


def _is_unstopped_sentence(f: F32) -> Bools:
    """Whether a line reads like a sentence that has lost its stop."""
    wording: Bools = (
        is_plain(f)
        & (f[WORDS] >= UNSTOPPED_SENTENCE_WORDS)
        & (f[CAPITALISED] < FEW_CAPITALS)
        & (f[ENDING] == END_NOTHING)
        & (f[BOILERPLATE_WORDS] <= MANY_BOILERPLATE_WORDS)
        & (f[DIGITS] == 0)
    )
    return wording


def _is_alone(features: F32) -> Bools:
    """Whether a line is a few words between two paragraphs of prose.

    Such lines are subheads, the names of speakers in an interview, or the sources of quotations.
    """
    f = features.T
    alone: Bools = (
        amid_prose(features)
        & is_plain(f)
        & (f[WORDS] <= FEW_WORDS)
        & (f[TO_PROSE_ABOVE] <= 1)
        & (f[TO_PROSE_BELOW] <= 1)
        & (f[DIGITS] == 0)
    )
    return alone


def _is_speaker(features: F32) -> Bools:
    """Whether a line is repeated in its document as the names of speakers in a transcript are."""
    f = features.T
    named = is_plain(f) & (f[WORDS] >= 1) & (f[REPEATS] >= MIN_REPEATS) & (f[DIGITS] == 0)
    amid = amid_prose(features) & (f[WORDS] <= FEW_WORDS) & (f[TO_PROSE_BELOW] <= 1)
    like_names = (
        (f[WORDS] <= MAX_NAME_WORDS) & (f[CAPITALISED] == 1) & (f[BOILERPLATE_WORDS] <= FEW_BOILERPLATE_WORDS)
    )
    # much of what is said between the names is too short to be prose
    between = follows_prose(f) & ((f[TO_PROSE_BELOW] <= MAX_ANSWER_LINES) | (f[UPPER] > CAPITAL_LETTERS))
    speaks: Bools = named & (amid | (like_names & between))
    return speaks


def _is_measure(f: F32) -> Bools:
    """Whether a line begins with a figure, and the line above or below has the same form: "200 g sugar"."""
    measures: Bools = (
        is_plain(f)
        & (f[BEGINNING] == BEGIN_DIGIT)
        & (f[WORDS] >= 2)
        & (f[ENDING] == END_NOTHING)
        & _has_similar_neighbour(f)
    )
    return measures


def _is_short_sentence(f: F32) -> Bools:
    """Whether a line is a short sentence ("Thank you.") below the prose of an article, with no marked line between.

    A line right below a short sentence counts, too: it may be another one that has lost its full stop.
    """
    below_one = (f[ENDING_ABOVE] == END_STOP) & (f[WORDS_ABOVE] < SHORT_SENTENCE_WORDS)
    answers: Bools = (
        is_plain(f)
        & ((f[ENDING] == END_STOP) | below_one)
        & (f[WORDS] >= 2)
        & (f[LINES] < ARTICLE_LINES)
        & follows_prose(f)
    )
    return answers


def _is_name_with_figure(f: F32) -> Bools:
    """Whether a line is a name and a figure, and a line beside it has the same form: results, prices, standings."""
    counts: Bools = (
        is_plain(f)
        & (f[BEGINNING] == BEGIN_CAPITAL)
        & (f[ENDING] == END_NOTHING)
        & (f[WORDS] >= 2)
        & (f[WORDS] <= FEW_WORDS)
        & (f[DIGITS] > 0)
        & (f[BOILERPLATE_WORDS] <= FEW_BOILERPLATE_WORDS)
        & _has_similar_neighbour(f)
    )
    return counts


def is_plain(f: F32) -> Bools:
    """Whether a line has no phrase, no address and no separator."""
    plain: Bools = (f[PHRASE_STATE] <= 0) & (f[ADDRESS] + f[SEPARATORS] == 0)
    return plain


def _has_similar_neighbour(f: F32) -> Bools:
    """Whether the line above or the line below has the same form."""
    beside: Bools = np.maximum(f[LIKE_ABOVE], f[LIKE_BELOW]) == SAME_FORM
    return beside
