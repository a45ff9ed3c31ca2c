"""The line classifier: which lines to remove, by their features, their scores and the exemptions.

A score says how much a line looks like boilerplate. Lists, tables and subheads of an article may look like it, too. So
a score alone is not enough: in an article a removal needs further evidence, and some lines are never removed; see
`exemptions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import label_lines
from cleaners.boilerplate.line_classifier.article_forms import stays_by_form
from cleaners.boilerplate.line_classifier.boilerplate_words import boilerplate_words
from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.context import BOILERPLATE_PHRASE, KEPT, MENU_PHRASE, NEAR, REMOVED
from cleaners.boilerplate.line_classifier.exemptions import (
    ARTICLE_LINES,
    Bools,
    amid_prose,
    caseless,
    caution,
    page_like,
    removable,
)
from cleaners.boilerplate.line_classifier.explanations import explain_scores
from cleaners.boilerplate.line_classifier.feature_names import LINES, MARKS_NEAR, PHRASE_STATE
from cleaners.boilerplate.line_classifier.features import line_features, set_wording
from cleaners.boilerplate.line_classifier.lists import in_lists
from cleaners.boilerplate.line_classifier.model import KINDS, LineModel, log_odds
from cleaners.boilerplate.line_classifier.ngrams import NgramWeights
from cleaners.kernels import F32, I8, I64, U8, Flags
from cleaners.lexicon import Lexicon
from cleaners.paragraphs import document_starts
from cleaners.phrases.phrase import Phrase
from cleaners.text.matching import LETTERS, matches
from cleaners.text.utf8 import utf8

RULE: Final = "line score"
BLOCK: Final = 1 << 14  # lines that are looked at together

#: Quoted mail; a line that is a quotation; a sound in a transcript: "[bells]".
_EXEMPT: Final = rf"^\|?>|^\[\p{{Ll}}[{LETTERS} ]{{2,30}}\]$|^(?:\"[^\"]+\"|“[^“”]+”|„[^„“”]+[“”]|«[^«»]+»)$"


def classify_lines(
    frame: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    lexicon: Lexicon,
    model: LineModel,
    strictness: float,
    texts: tuple[U8, I64] | None = None,
) -> pl.DataFrame:
    """The lines to remove by their score: row, rule, and detail such as "0.97: short, no sentence, neighbours removed".

    The rules of phrases and structure have been applied to `frame`, and `found` has the phrases found in it. The result
    depends on the texts, on `found` and on what those rules have removed, but not on what a score has removed. `texts`
    are the `utf8` of the texts (null as empty), if the caller has them already.
    """
    lines = _lines_of(frame, texts)
    states = phrase_states(frame, found)
    rows, features, short = _unworded_features(frame, states, phrases, lines, only_removable=True)
    may = places_allow(frame, found, states, rows, features)
    may &= frame.get_column("reason").is_null().to_numpy()[rows]
    # only the model asks for the wording
    set_wording(*lines, short, np.flatnonzero(may), rows, features, *characters(), *model.ngrams)
    needed = _needed(frame, rows[may], features[may], model, strictness)
    odds, beyond = np.full((2, len(rows)), -np.inf, np.float32)
    odds[may] = log_odds(features[may], model, needed.min(initial=np.inf))
    beyond[may] = odds[may] - needed
    removed = beyond >= 0
    removed[removed] = texts_allow(
        frame, rows[removed], features[removed], lexicon
    )  # slow, so only for the few that are left
    beyond[~removed] = -np.inf
    removed &= ~in_lists(frame, rows, features, beyond, lexicon)
    return pl.DataFrame(
        {
            "row": pl.Series(rows[removed], dtype=pl.UInt32),
            "rule": pl.Series([RULE] * int(removed.sum()), dtype=pl.String),
            "detail": pl.Series(explain_scores(features[removed], odds[removed], model), dtype=pl.String),
        }
    )


def _needed(
    frame: pl.DataFrame, rows: NDArray[np.int64], features: F32, model: LineModel, strictness: float
) -> F32:
    """The log-odds from which each line is removed, as float32 of shape (lines,)."""
    margin = np.where(_is_foreign(frame, model, rows, features), model.margin, 0)
    article, page = (model.threshold_at(strictness, kind) for kind in KINDS)
    needed: F32 = np.where(page_like(features), page, article) + margin + caution(features)
    return needed


def places_allow(
    frame: pl.DataFrame, found: pl.DataFrame, states: I8, rows: NDArray[np.int64], features: F32
) -> Bools:
    """Whether the features and phrases of each line allow its removal; see `texts_allow` for its text.

    `states` are the `phrase_states` of the frame. Beside the lines that are not `removable`, those stay amid the prose
    of an article whose only evidence is ambiguous: the phrases found in them, or near them, are ones that articles
    contain, too.
    """
    may = np.empty(len(features), np.bool_)
    for first in range(0, len(features), BLOCK):
        # by column, and few enough for the cache: this takes a third of the time
        may[first : first + BLOCK] = removable(np.asfortranarray(features[first : first + BLOCK]))
    ambiguous = _ambiguous_lines(found, len(frame))
    sure = (states > 0) & ~ambiguous
    vague = ambiguous[rows] | (
        (features[:, PHRASE_STATE] <= 0) & (features[:, MARKS_NEAR] > 0) & ~_near(sure, frame)[rows]
    )
    article = ~page_like(features) | (features[:, LINES] < ARTICLE_LINES)
    may &= ~(vague & article & amid_prose(features))
    return may


def texts_allow(frame: pl.DataFrame, rows: NDArray[np.int64], features: F32, lexicon: Lexicon) -> Bools:
    """Whether the text of each of these lines allows its removal; `features` are those of `rows`.

    By-lines, datelines, time stamps, quoted mail, quotations and sounds in brackets stay, and so do the kinds of lines
    that `article_forms` knows by their form.
    """
    text = frame.get_column("text").gather(rows)
    exempt = matches(text, _EXEMPT).fill_null(False) | label_lines(text, lexicon).is_not_null()
    allowed: Bools = ~(exempt.to_numpy() | stays_by_form(frame, rows, features))
    return allowed


def _near(lines: Bools, frame: pl.DataFrame) -> Bools:
    """Whether another of these lines is within NEAR lines of each row, in the same document."""
    document = frame.get_column("document").to_numpy()
    near = np.zeros(len(lines), np.bool_)
    for step in range(1, NEAR + 1):
        same = document[step:] == document[:-step]
        near[step:] |= lines[:-step] & same
        near[:-step] |= lines[step:] & same
    return near


def features_of(
    frame: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    ngrams: NgramWeights,
    texts: tuple[U8, I64] | None = None,
    *,
    accepted: bool = False,
) -> tuple[NDArray[np.int64], F32]:
    """The candidates of a frame, removed lines included: (rows, features).

    `rows` (int64) are their row numbers, `features` (float32) has the shape (candidates, FEATURES). Candidates are the
    lines that may be boilerplate; with `accepted` also those that `fast_accept` accepts, which training needs.
    """
    lines = _lines_of(frame, texts)
    states = phrase_states(frame, found)
    rows, features, short = _unworded_features(frame, states, phrases, lines, accepted=accepted)
    set_wording(*lines, short, np.arange(len(rows)), rows, features, *characters(), *ngrams)
    return rows, features


def _lines_of(frame: pl.DataFrame, texts: tuple[U8, I64] | None) -> tuple[U8, I64, I64]:
    """The texts of a frame as (bytes, offsets), and the first line of each document, then the number of lines."""
    return *(texts or utf8(frame.get_column("text").fill_null(""))), document_starts(frame)


def _unworded_features(
    frame: pl.DataFrame,
    states: I8,
    phrases: Sequence[Phrase],
    lines: tuple[U8, I64, I64],
    *,
    accepted: bool = False,
    only_removable: bool = False,
) -> tuple[I64, F32, Flags]:
    """What `line_features` returns for the lines of a frame, `_lines_of`."""
    titles = frame.get_column("title").gather(lines[-1][:-1]).fill_null("")
    words = boilerplate_words(tuple(phrases))
    answer: tuple[I64, F32, Flags] = line_features(
        *lines, *utf8(titles), states, *characters(), *words, accepted, only_removable
    )
    return answer


def phrase_states(frame: pl.DataFrame, found: pl.DataFrame) -> I8:
    """The phrase state of each line, KEPT to REMOVED, as int8 of shape (lines,)."""
    states = np.zeros(len(frame), np.int8)
    for kind, actions in (
        (MENU_PHRASE, ["menu"]),
        (BOILERPLATE_PHRASE, ["line", "teaser", "block", "tail"]),
        (KEPT, ["keep"]),
    ):
        states[found.filter(pl.col("action").is_in(actions)).get_column("row").to_numpy()] = kind
    gone = frame.get_column("reason").is_in(["related_articles", "boilerplate"])
    states[gone.fill_null(False).to_numpy()] = REMOVED
    return states


def _is_foreign(frame: pl.DataFrame, model: LineModel, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether the model was not trained on the language of each line's document.

    Where the language is not known, only a line in a script without case counts: hardly any such language is trained.
    """
    language = frame.get_column("language").gather(rows)
    trained = language.is_in(list(model.languages)).fill_null(False).to_numpy()
    foreign: Bools = ~trained & (language.is_not_null().to_numpy() | caseless(features))
    return foreign


def _ambiguous_lines(found: pl.DataFrame, size: int) -> Bools:
    """Whether all phrases found in a line are ones that articles contain, too, as subheads: "Overview", "Support"."""
    ambiguous = np.zeros(size, np.bool_)
    in_articles = (pl.col("action") == "menu") | ((pl.col("action") == "line") & pl.col("only_at_end"))
    rows = found.group_by("row").agg(in_articles.all()).filter("action").get_column("row")
    ambiguous[rows.to_numpy()] = True
    return ambiguous
