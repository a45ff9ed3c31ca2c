"""Features of labelled sets as the cleaner sees them, and the measure: drop recall at a share of words kept."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.classify import features_of
from cleaners.boilerplate.line_classifier.exemptions import caution, page_like
from cleaners.boilerplate.line_classifier.lists import SURE
from cleaners.boilerplate.line_classifier.ngrams import ngram_weights
from cleaners.phrases.search import search
from cleaners.related_articles import related_articles
from cleaners.repeated_headline import repeated_headline
from cleaners.text.utf8 import utf8
from flows.settings import Settings, lexicon_of, phrases_of

from .candidates import may_be_removed, must_be_sure, ngrams_of
from .sets import LabelledSet

FOLDS = 3
NEVER = -99.0  # log-odds of a line that is no candidate


@dataclass(frozen=True)
class Scored:
    """A labelled set after the rules: of each line what is known of it, of each candidate its features."""

    name: str
    kind: str
    text: NDArray[Any]
    keep: NDArray[np.bool_]
    words: NDArray[np.int64]
    language: NDArray[Any]
    document: NDArray[Any]
    group: NDArray[Any]
    fold: NDArray[np.int64]  # of its group, so that lines of one hand are in one fold
    removed: NDArray[np.bool_]  # by rules
    sure: NDArray[np.bool_]  # whether the label is one to learn from
    rows: NDArray[np.int64]  # the candidates
    features: NDArray[np.float32]  # of the candidates
    ngrams: NDArray[np.uint32]  # of the candidates, one after the other,
    ngram_ends: NDArray[np.int64]  # and where those of each end
    guarded: NDArray[np.bool_]  # lines that no score removes
    careful: NDArray[np.float32]  # by how much the log-odds of the candidates must be beyond the threshold
    page: NDArray[np.bool_]  # lines of whole pages


Where = Callable[[Scored], NDArray[np.bool_]]


def after_rules(labelled: LabelledSet) -> Scored:
    """What rules make of a labelled set, and what the scorer is to see of it."""
    phrases, lexicon = phrases_of(Settings()), lexicon_of(Settings())
    frame = repeated_headline(labelled.frame(), lexicon=lexicon)
    found = search(frame, phrases)
    frame = related_articles(frame, phrases=phrases, found=found)
    frame = boilerplate(frame, phrases=phrases, lexicon=lexicon, found=found)
    rows, features = features_of(frame, found, phrases, ngram_weights({}), accepted=True)
    asked, features_of_asked = features_of(frame, found, phrases, ngram_weights({}))
    guarded = np.ones(len(frame), np.bool_)
    guarded[asked] = ~may_be_removed(frame, found, asked, features_of_asked)
    careful = caution(features)
    careful[np.searchsorted(rows, asked)] += SURE * must_be_sure(frame, asked, features_of_asked)
    page = np.zeros(len(frame), np.bool_)
    page[rows] = page_like(features)
    return Scored(
        labelled.name,
        labelled.kind,
        frame["text"].fill_null("").to_numpy(),
        labelled.keep(),
        labelled.words(),
        labelled.of_lines("language"),
        labelled.of_lines("name"),
        labelled.of_lines("group"),
        np.array([zlib.crc32(group.encode()) % FOLDS for group in labelled.of_lines("group")]),
        frame["reason"].is_not_null().to_numpy(),
        labelled.sure() & ~labelled.by_chance(),
        rows,
        features,
        *ngrams_of(*utf8(frame["text"].fill_null("")), rows, *characters()),
        guarded,
        careful,
        page,
    )


@dataclass(frozen=True)
class Figures:
    """How a set fares: shares of lines to remove that went, of lines that went rightly, of the article's words kept."""

    lines: int
    precision: float
    recall: float
    kept: float


def figures(
    scored: Scored, odds: NDArray[np.float64], thresholds: tuple[float, float], where: Any = slice(None)
) -> Figures:
    """The figures of the lines of `where`, of which those go that rules remove, or scores from a threshold on.

    The first of the thresholds is for articles, the second for whole pages.
    """
    least = np.where(scored.page, thresholds[1], thresholds[0])
    gone = (scored.removed | ((odds >= least) & ~scored.guarded))[where]
    keep, words = scored.keep[where], scored.words[where]
    return Figures(
        len(keep),
        float((gone & ~keep).sum() / max(gone.sum(), 1)),
        float(gone[~keep].mean()) if (~keep).any() else float("nan"),
        1 - float(words[gone & keep].sum() / max(words[keep].sum(), 1)),
    )


def threshold_for(scored: Scored, odds: NDArray[np.float64], kept: float) -> float:
    """The lowest threshold at which such a share of the article's words is kept, one for all kinds of documents."""
    free = ~scored.removed & ~scored.guarded & (odds > NEVER)
    keep, words = scored.keep, scored.words
    order = np.flatnonzero(free)[np.argsort(-odds[free], kind="stable")]
    lost = words[keep & scored.removed].sum() + np.cumsum(np.where(keep[order], words[order], 0))
    n = int(np.searchsorted(lost, (1 - kept) * words[keep].sum(), side="right"))
    return float(odds[order[n]]) + 1e-6 if n < len(order) else float(odds[order].min(initial=0.0))


#: Thresholds that are tried, and what scores may lose in any case of a set in which rules lose much.
GRID = np.arange(-3.0, 4.01, 0.0625)
ALLOWANCE = 0.0004


def best_thresholds(
    sets: Sequence[Scored], odds: Mapping[str, NDArray[np.float64]], kept: float, least: float
) -> tuple[float, float]:
    """The thresholds for articles and for whole pages with the highest mean recall that keep enough in every set.

    None is below `least`.
    """
    allowed = np.minimum.outer(GRID, GRID) >= least
    recall = np.zeros((len(GRID), len(GRID)))
    for scored in sets:
        free = ~scored.removed & ~scored.guarded
        total = scored.words[scored.keep].sum()
        budget = max(1 - kept - scored.words[scored.keep & scored.removed].sum() / total, ALLOWANCE)
        lost, won = [], []
        for kind in (~scored.page, scored.page):
            gone = [free & kind & (odds[scored.name] >= threshold) for threshold in GRID]
            lost.append([scored.words[g & scored.keep].sum() / total for g in gone])
            won.append([(g & ~scored.keep).sum() / (~scored.keep).sum() for g in gone])
        allowed &= np.add.outer(lost[0], lost[1]) <= budget
        recall += np.add.outer(won[0], won[1])
    article, page = np.unravel_index(np.argmax(np.where(allowed, recall, -1)), recall.shape)
    return float(GRID[article]), float(GRID[page])
