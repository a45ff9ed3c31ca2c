"""The judge of lines: features of the lines that nobody has decided on, their scores, and what the guards say.

A score alone removes nothing. It says how boilerplate looks; what looks so may belong to the article nevertheless: its
lists, its tables, its subheads. So a removal needs evidence beside the score, and some lines are never removed; see
`exemptions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import label_lines
from cleaners.boilerplate.line_classifier.boilerplate_words import boilerplate_words
from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.context import ENTRY, HIT, KEPT, NEAR, REMOVED
from cleaners.boilerplate.line_classifier.exemptions import (
    ARTICLE_LINES,
    Bools,
    amid_prose,
    caseless,
    caution,
    may_go,
    page_like,
)
from cleaners.boilerplate.line_classifier.explanations import rules
from cleaners.boilerplate.line_classifier.feature_names import LINES, MARK, MARKS_NEAR
from cleaners.boilerplate.line_classifier.features import line_features
from cleaners.boilerplate.line_classifier.lists import in_lists
from cleaners.boilerplate.line_classifier.model import KINDS, LineModel, log_odds
from cleaners.boilerplate.line_classifier.ngrams import NgramWeights
from cleaners.boilerplate.line_classifier.vocabulary import F32
from cleaners.phrases.phrase import Phrase
from cleaners.text.matching import matches
from cleaners.text.tokens import I64, U8
from cleaners.text.utf8 import starts_of, utf8

RULE: Final = "line score"

#: Quoted mail; a line that is a quotation; a note of what is heard: "[bells]".
_STAYS: Final = r"^\|?>|^\[\p{Ll}[\p{L} ]{2,30}\]$|^(?:\"[^\"]+\"|“[^“”]+”|„[^„“”]+[“”]|«[^«»]+»)$"


def classify_lines(
    frame: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    model: LineModel,
    strictness: float,
    texts: tuple[U8, I64] | None = None,
) -> pl.DataFrame:
    """(row, rule) of the lines that go by their score, as "line score 0.97: short, no sentence, neighbours removed".

    `frame` has been through the rules of phrases and structure, and `found` is what its phrases say. The answer depends
    on the frame's texts, on `found` and on what these rules have removed, and on nothing that a score has removed.
    `texts` are the `utf8` of the frame's texts, where these are known already, empty where there is none.
    """
    rows, features = features_of(frame, found, phrases, model.ngrams, texts)
    may = _places_allow(frame, found, rows, features)
    may &= frame.get_column("reason").is_null().to_numpy()[rows]
    needed = _needed(frame, rows[may], features[may], model, strictness)
    odds, beyond = np.full((2, len(rows)), -np.inf, np.float32)
    odds[may] = log_odds(features[may], model, needed.min(initial=np.inf))
    beyond[may] = odds[may] - needed
    removed = beyond >= 0
    removed[removed] = _texts_allow(frame, rows[removed])  # of few lines these must be looked at
    beyond[~removed] = -np.inf
    removed &= ~in_lists(frame.get_column("text"), rows, features, beyond)
    return pl.DataFrame(
        {
            "row": pl.Series(rows[removed], dtype=pl.UInt32),
            "rule": pl.Series(rules(features[removed], odds[removed], model), dtype=pl.String),
        }
    )


def _needed(
    frame: pl.DataFrame, rows: NDArray[np.int64], features: F32, model: LineModel, strictness: float
) -> F32:
    """The log-odds from which each line is removed."""
    # nothing was trained on scripts without case, whatever is known of the language
    foreign = _is_foreign(frame, model)[rows] | caseless(features)
    margin = np.where(foreign, model.margin, 0)
    article, page = (model.threshold_at(strictness, kind) for kind in KINDS)
    needed: F32 = np.where(page_like(features), page, article) + margin + caution(features)
    return needed


def may_be_removed(frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether the guards let these lines of a frame go if their scores say so.

    Beside what `may_go` keeps stay, in any document, by-lines, datelines, time stamps and quoted mail; and amid the
    prose of an article a line in which, or near which, phrases find only what subheads and lists of articles say, too.
    """
    may = _places_allow(frame, found, rows, features)
    may[may] = _texts_allow(frame, rows[may])
    return may


def _places_allow(frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether `may_go` lets the lines go, and none of them has nothing but an article's phrases amid prose."""
    may = may_go(features)
    either = _of_either(found, len(frame))
    sure = (_marks(frame, found) > 0) & ~either
    vague = either[rows] | (
        (features[:, MARK] <= 0) & (features[:, MARKS_NEAR] > 0) & ~_near(sure, frame)[rows]
    )
    article = ~page_like(features) | (features[:, LINES] < ARTICLE_LINES)
    may &= ~(vague & article & amid_prose(features))
    return may


def _texts_allow(frame: pl.DataFrame, rows: NDArray[np.int64]) -> Bools:
    """Whether these lines are neither labelled nor quoted, which is nobody's boilerplate, nor notes in brackets."""
    text = frame.get_column("text").gather(rows)
    stays = matches(text, _STAYS).fill_null(False) | label_lines(text).is_not_null()
    allowed: Bools = (~stays).to_numpy()
    return allowed


def _near(lines: Bools, frame: pl.DataFrame) -> Bools:
    """Whether one of these lines is NEAR a row, in its document."""
    document = frame.get_column("document_id").rle_id().to_numpy()
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
    """(rows, features) of the lines of a frame that may be boilerplate, removed ones included.

    With `accepted` the lines that the cheap test clears are among them, see `fast_accept`.
    """
    runs = frame.get_column("document_id").rle()  # a document's paragraphs are together
    firsts = starts_of(runs.struct.field("len").to_numpy())
    titles = frame.get_column("title").gather(firsts[:-1]).fill_null("")
    words = boilerplate_words(tuple(phrases))
    rows, features = line_features(
        *(texts or utf8(frame.get_column("text").fill_null(""))),
        firsts,
        *utf8(titles),
        _marks(frame, found),
        *characters(),
        *words,
        *ngrams,
        accepted,
    )
    return rows, features


def _marks(frame: pl.DataFrame, found: pl.DataFrame) -> NDArray[np.int8]:
    """What is known of each line before it is scored."""
    marks = np.zeros(len(frame), np.int8)
    for kind, actions in ((ENTRY, ["menu"]), (HIT, ["line", "teaser", "block", "tail"]), (KEPT, ["keep"])):
        marks[found.filter(pl.col("action").is_in(actions)).get_column("row").to_numpy()] = kind
    gone = frame.get_column("reason").is_in(["related_articles", "boilerplate"])
    marks[gone.fill_null(False).to_numpy()] = REMOVED
    return marks


def _is_foreign(frame: pl.DataFrame, model: LineModel) -> Bools:
    """Whether the document of a row is known to be in a language that the model was not grown on."""
    language = frame.get_column("language")
    return (language.is_not_null() & ~language.is_in(list(model.languages))).to_numpy()


def _of_either(found: pl.DataFrame, size: int) -> Bools:
    """Whether phrases find in a line only what articles have, too, as subheads and in lists: "Overview", "Support"."""
    either = np.zeros(size, np.bool_)
    ambiguous = (pl.col("action") == "menu") | ((pl.col("action") == "line") & pl.col("only_at_end"))
    rows = found.group_by("row").agg(ambiguous.all()).filter("action").get_column("row")
    either[rows.to_numpy()] = True
    return either
