"""Features of labelled sets as the cleaner sees them, and the measure: drop recall at a share of words kept."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate import boilerplate
from cleaners.line_judge import features_of, may_go
from cleaners.phrase_search import search
from cleaners.related_articles import related_articles
from cleaners.repeated_headline import repeated_headline
from flows.settings import Settings, phrases_of

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
    fold: NDArray[np.int64]  # of its group, so that lines of one hand are in one fold
    struck: NDArray[np.bool_]  # by rules
    rows: NDArray[np.int64]  # the candidates
    features: NDArray[np.float32]  # of the candidates
    guarded: NDArray[np.bool_]  # lines that no score strikes


def after_rules(labelled: LabelledSet) -> Scored:
    """What rules make of a labelled set, and what the scorer is to see of it."""
    phrases = phrases_of(Settings())
    frame = repeated_headline(labelled.frame())
    found = search(frame, phrases)
    frame = related_articles(frame, phrases=phrases, found=found)
    frame = boilerplate(frame, phrases=phrases, found=found)
    rows, features = features_of(frame, found, phrases)
    guarded = np.ones(len(frame), np.bool_)
    guarded[rows] = ~may_go(features)
    return Scored(
        labelled.name,
        labelled.kind,
        frame["text"].fill_null("").to_numpy(),
        labelled.keep(),
        labelled.words(),
        labelled.of_lines("language"),
        labelled.of_lines("name"),
        np.array([zlib.crc32(group.encode()) % FOLDS for group in labelled.of_lines("group")]),
        frame["reason"].is_not_null().to_numpy(),
        rows,
        features,
        guarded,
    )


@dataclass(frozen=True)
class Figures:
    """How a set fares: shares of lines to strike that went, of lines that went rightly, of the article's words kept."""

    lines: int
    precision: float
    recall: float
    kept: float


def figures(scored: Scored, odds: NDArray[np.float64], threshold: float, where: Any = slice(None)) -> Figures:
    """The figures of the lines of `where` if every line goes from a threshold on that rules or the score strike."""
    gone = (scored.struck | ((odds >= threshold) & ~scored.guarded))[where]
    keep, words = scored.keep[where], scored.words[where]
    return Figures(
        len(keep),
        float((gone & ~keep).sum() / max(gone.sum(), 1)),
        float(gone[~keep].mean()) if (~keep).any() else float("nan"),
        1 - float(words[gone & keep].sum() / max(words[keep].sum(), 1)),
    )


def threshold_for(scored: Scored, odds: NDArray[np.float64], kept: float, where: Any = slice(None)) -> float:
    """The lowest threshold at which such a share of the article's words is kept."""
    free = np.zeros(len(odds), np.bool_)
    free[where] = True
    free &= ~scored.struck & ~scored.guarded & (odds > NEVER)
    keep, words = scored.keep, scored.words
    total = words[where][keep[where]].sum()
    gone = words[where][keep[where] & scored.struck[where]].sum()
    order = np.flatnonzero(free)[np.argsort(-odds[free], kind="stable")]
    lost = gone + np.cumsum(np.where(keep[order], words[order], 0))
    n = int(np.searchsorted(lost, (1 - kept) * total, side="right"))
    return float(odds[order[n]]) + 1e-6 if n < len(order) else float(odds[order].min(initial=0.0))
