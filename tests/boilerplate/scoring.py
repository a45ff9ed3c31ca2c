"""Features of labelled sets as the cleaner sees them, and the measure: drop recall at a share of words kept."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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

from .candidates import WORDINGS, may_be_removed, must_be_sure, ngrams_of
from .sets import LabelledSet, kind_of, source_of

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
    guarded: NDArray[np.bool_]  # candidates that no score removes, a row for each of WORDINGS
    careful: NDArray[np.float32]  # by how much their log-odds must be beyond the threshold, a row for each
    page: NDArray[np.bool_]  # lines of whole pages


Where = Callable[[Scored], NDArray[np.bool_]]


def after_rules(labelled: LabelledSet, sure: NDArray[np.bool_] | None = None) -> Scored:
    """What rules make of a labelled set, and what the scorer is to see of it.

    `sure` says which labels are ones to learn from; None: all are.
    """
    sure = np.ones(len(labelled.keep()), np.bool_) if sure is None else sure
    phrases, lexicon = phrases_of(Settings()), lexicon_of(Settings())
    frame = repeated_headline(labelled.frame(), lexicon=lexicon)
    found = search(frame, phrases)
    frame = related_articles(frame, phrases=phrases, found=found)
    frame = boilerplate(frame, phrases=phrases, lexicon=lexicon, found=found)
    rows, features = features_of(frame, found, phrases, ngram_weights({}), accepted=True)
    asked, features_of_asked = features_of(frame, found, phrases, ngram_weights({}))
    among = np.searchsorted(rows, asked)
    guarded = np.ones((len(WORDINGS), len(rows)), np.bool_)
    guarded[:, among] = ~may_be_removed(frame, found, asked, features_of_asked)
    careful = np.tile(caution(features), (len(WORDINGS), 1))
    careful[:, among] += SURE * must_be_sure(frame, asked, features_of_asked)
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
        sure & labelled.sure() & ~labelled.by_chance(),
        rows,
        features,
        *ngrams_of(*utf8(frame["text"].fill_null("")), rows, *characters()),
        guarded,
        careful,
        page,
    )


@dataclass(frozen=True)
class Figures:
    """How lines fare: shares of lines to remove that went, of lines that went rightly, of the article's words kept."""

    lines: int
    precision: float
    recall: float
    kept: float


#: Shares of the article's words that the default may lose, by kind of text; LOST of any other kind.
LOST: Final = 0.003
LOST_OF_KIND: Final = {
    "clean text": 0.001, "by hand": 0.005, "whole page": 0.005, "text nodes": 0.005, "resiliparse": 0.007,
}  # fmt: skip
#: What share of that scores may lose whatever rules lose: where those lose much, mostly the labels are at fault.
OF_SCORES: Final = 0.5
#: Sets with fewer words to keep are judged together with others of their kind.
LARGE: Final = 30_000
#: Families with fewer do not decide about thresholds: a line or two would.
DECISIVE: Final = 100_000
#: Of the lines to keep that a score would remove, this share is boilerplate by reading: the gold of dragnet keeps
#: credits, "Related" and "Follow us" in 29 of 60.
MISLABELLED: Final = {"dragnet": 0.5}
#: These do not decide either: the gold of one is the output of a program, the other has lost letters.
UNRELIABLE: Final = ("readability", "googletrends")


@dataclass(frozen=True)
class Family:
    """Lines that are judged together, with their log-odds, NaN where a line is not among them."""

    name: str
    sets: Sequence[Scored]
    odds: Sequence[NDArray[np.float64]]
    may_lose: float  # share of the article's words, by default
    decides: bool = True  # about thresholds

    @property
    def least_kept(self) -> float:
        """The share of the article's words that the default is to keep."""
        by_rules = self.figures((-NEVER, -NEVER)).kept
        return min(1 - self.may_lose, by_rules - OF_SCORES * self.may_lose)

    def figures(self, thresholds: tuple[float, float]) -> Figures:
        """The figures, where rules remove lines, and scores from a threshold on: for articles, and for whole pages."""
        gone, keep, words = [], [], []
        for s, odds in zip(self.sets, self.odds, strict=True):
            where = ~np.isnan(odds)
            least = np.where(s.page, thresholds[1], thresholds[0])
            gone.append((s.removed | (odds >= least))[where])
            keep.append(s.keep[where])
            words.append(s.words[where])
        return _figures(np.concatenate(gone), np.concatenate(keep), np.concatenate(words))


def _figures(gone: NDArray[np.bool_], keep: NDArray[np.bool_], words: NDArray[np.int64]) -> Figures:
    return Figures(
        len(keep),
        float((gone & ~keep).sum() / max(gone.sum(), 1)),
        float(gone[~keep].mean()) if (~keep).any() else float("nan"),
        1 - float(words[gone & keep].sum() / max(words[keep].sum(), 1)),
    )


def families(sets: Sequence[Scored], odds: Mapping[str, NDArray[np.float64]]) -> list[Family]:
    """The sets by kind of text and source of pages; small ones of a kind together, as "kind of others"."""
    members: dict[str, list[Scored]] = {}
    for s in sets:
        judged = ~np.isnan(odds[s.name])
        source = source_of(s.name) if s.words[judged & s.keep].sum() >= LARGE else "others"
        if (s.keep & judged).any():
            members.setdefault(f"{kind_of(s.name)} of {source}", []).append(s)
    return [
        Family(
            name,
            of,
            [odds[s.name] for s in of],
            LOST_OF_KIND.get(kind_of(of[0].name), LOST),
            name.endswith("of others") or source_of(of[0].name) not in UNRELIABLE,
        )
        for name, of in sorted(members.items())
    ]


#: Thresholds that are tried.
GRID: Final = np.arange(-3.0, 6.01, 0.0625)


def best_thresholds(judged: Sequence[Family], factor: float, least: float) -> tuple[float, float]:
    """The thresholds for articles and for whole pages with the highest mean recall that keep enough in every family.

    A family may lose `factor` times what the default may. No threshold is below `least`. Lines of sets that are often
    MISLABELLED are lost in part.
    """
    allowed = np.minimum.outer(GRID, GRID) >= least
    recall = np.zeros((len(GRID), len(GRID)))
    for family in judged:
        lost, won = np.zeros((2, 2, len(GRID)))
        words = drops = of_rules = 0
        for s, odds in zip(family.sets, family.odds, strict=True):
            where = ~np.isnan(odds)
            words += s.words[s.keep & where].sum()
            drops += (~s.keep & where).sum()
            honest = np.where(s.keep, s.words * (1 - MISLABELLED.get(source_of(s.name), 0.0)), 0.0)
            of_rules += honest[where & s.removed].sum()
            for n, kind in enumerate((~s.page, s.page)):
                free = np.flatnonzero(where & kind & ~s.removed)
                free = free[np.argsort(odds[free])]
                first = np.searchsorted(odds[free], GRID)  # of those that go at each threshold
                keep = np.append(0, np.cumsum(honest[free]))
                drop = np.append(0, np.cumsum(~s.keep[free]))
                lost[n] += keep[-1] - keep[first]
                won[n] += drop[-1] - drop[first]
        budget = factor * max(family.may_lose - of_rules / words, OF_SCORES * family.may_lose)
        if family.decides and words >= DECISIVE:
            allowed &= np.add.outer(lost[0], lost[1]) <= budget * words
        recall += np.add.outer(won[0], won[1]) / max(drops, 1)
    article, page = np.unravel_index(np.argmax(np.where(allowed, recall, -1)), recall.shape)
    return float(GRID[article]), float(GRID[page])
