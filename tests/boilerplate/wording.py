"""What words and pairs of words weigh in lines of boilerplate, learned from labelled lines."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from cleaners.boilerplate.line_classifier.context import NEAR
from cleaners.boilerplate.line_classifier.feature_names import FEATURE

from .scoring import Scored, Where

F32 = NDArray[np.float32]

#: An n-gram is looked at if it stands in lines of so many hands, and kept if it is among those that weigh most.
HANDS, KEPT = 3, 20_000
#: How much weights are held back, and how many steps the search for them takes.
RIDGE, STEPS = 1e-5, 40
PARTS = 3


@dataclass(frozen=True)
class Learned:
    """The weights of n-grams, and what they say of the lines of every set: a number for each candidate.

    What is said of a line that the weights were learned from comes of weights that were learned without its hand's.
    """

    weights: Mapping[int, int]  # from -127 to 127,
    scale: float  # times this
    wording: Mapping[str, F32]

    def features(self, scored: Scored) -> F32:
        """The features of a set's candidates, with those of wording."""
        features = scored.features.copy()
        own = self.wording[scored.name]
        features[:, FEATURE["wording"]] = own
        features[:, FEATURE["wording_near"]] = _near(scored, own)
        return features


class Wordings:
    """The n-grams of the candidates of labelled sets.

    Sets of the same pages have many lines in common. So a text is one row, whose weights are those of all its lines.
    """

    def __init__(self, sets: Sequence[Scored]) -> None:
        self.sets = sets
        hands = np.unique(np.concatenate([s.group.astype(str) for s in sets]))
        pairs = []
        for s in sets:
            hand = np.searchsorted(hands, s.group[s.rows].astype(str))
            sure = np.repeat(s.sure[s.rows], np.diff(s.ngram_ends))
            of_hands = np.repeat(hand, np.diff(s.ngram_ends))[sure]
            pairs.append(np.unique(s.ngrams[sure].astype(np.int64) * len(hands) + of_hands))
        keys, times = np.unique(np.unique(np.concatenate(pairs)) // len(hands), return_counts=True)
        self.keys = keys[times >= HANDS]
        text = pl.concat([pl.Series(s.text[s.rows], dtype=pl.String) for s in sets])
        number = (text.rank("dense") - 1).to_numpy().astype(np.int64)
        _, first = np.unique(number, return_index=True)
        starts = np.cumsum([0, *(len(s.rows) for s in sets)])
        #: Of each candidate of each set the number of its text, which is the row of the text in the matrix.
        self.texts = [number[a:b] for a, b in pairwise(starts)]
        matrices = [
            self._matrix(s, np.sort(first[(first >= a) & (first < b)]) - a)
            for s, (a, b) in zip(sets, pairwise(starts), strict=True)
        ]
        order = np.argsort(number[np.sort(first)])
        self.matrix = sp.vstack(matrices).tocsr()[order]
        self.parts = [
            np.array([zlib.crc32(f"part of {group}".encode()) % PARTS for group in s.group[s.rows]])
            for s in sets
        ]

    def _matrix(self, s: Scored, lines: NDArray[np.int64]) -> sp.csr_matrix:
        """A row for each of some candidates, a column for each n-gram; as `ngrams.wording` adds weights up."""
        begins, count = s.ngram_ends[lines], np.diff(s.ngram_ends)[lines]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        ngrams = s.ngrams[np.repeat(begins, count) + within]
        column = np.searchsorted(self.keys, ngrams)
        known = self.keys[np.minimum(column, len(self.keys) - 1)] == ngrams
        row = np.repeat(np.arange(len(count)), count)[known]
        value = (1 / np.sqrt(np.maximum(count, 1)))[row]
        return sp.csr_matrix((value, (row, column[known])), shape=(len(count), len(self.keys)))

    def learn(self, where: Where) -> Learned:
        """The weights that the lines of `where` teach."""
        wanted = [where(s)[s.rows] for s in self.sets]
        weights, scale = self._fit(wanted)
        by_text = self.matrix @ (weights * scale)
        said = [by_text[texts] for texts in self.texts]
        for part in range(PARTS):
            others, step = self._fit([w & (of != part) for w, of in zip(wanted, self.parts, strict=True)])
            by_text = self.matrix @ (others * step)
            for mine, w, of, texts in zip(said, wanted, self.parts, self.texts, strict=True):
                mine[w & (of == part)] = by_text[texts[w & (of == part)]]
        kept = np.flatnonzero(weights)
        return Learned(
            dict(zip(self.keys[kept].tolist(), weights[kept].tolist(), strict=True)),
            scale,
            {s.name: words.astype(np.float32) for s, words in zip(self.sets, said, strict=True)},
        )

    def _fit(self, wanted: Sequence[NDArray[np.bool_]]) -> tuple[NDArray[np.int64], float]:
        """(weights, scale) of a logistic regression with a ridge; every set weighs the same."""
        share, of_drop = np.zeros((2, self.matrix.shape[0]))
        for s, texts, w in zip(self.sets, self.texts, wanted, strict=True):
            mine = w & s.sure[s.rows]
            drop = mine & ~s.keep[s.rows]
            for of, lines in ((share, mine), (of_drop, drop)):
                of += np.bincount(texts[lines], minlength=len(of)) / max(mine.sum(), 1)
        rows = np.flatnonzero(share)
        x, of_drop, share = self.matrix[rows], of_drop[rows] / share.sum(), share[rows] / share.sum()
        transposed = x.T.tocsr()

        def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            z = x @ b[:-1] + b[-1]
            wrong = share / (1 + np.exp(-z)) - of_drop
            slope = np.append(transposed @ wrong + RIDGE * b[:-1], wrong.sum())
            return float(
                (share * np.logaddexp(0, z) - of_drop * z).sum() + RIDGE / 2 * (b[:-1] ** 2).sum()
            ), slope

        start = np.zeros(x.shape[1] + 1)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x[:-1]
        if len(found) > KEPT:
            found[np.abs(found) < np.partition(np.abs(found), -KEPT)[-KEPT]] = 0
        scale = round(float(np.abs(found).max()) / 127, 6)
        return np.rint(found / scale).astype(np.int64), scale


def _near(scored: Scored, own: F32) -> F32:
    """The mean of the lines around each candidate, as `line_classifier.context.set_place_features` has it."""
    lines = np.zeros(len(scored.keep), np.float64)
    lines[scored.rows] = own
    begins = np.flatnonzero(np.append(True, scored.document[1:] != scored.document[:-1]))
    sizes = np.diff(np.append(begins, len(lines)))
    first, stop = np.repeat(begins, sizes), np.repeat(begins + sizes, sizes)
    low = np.maximum(np.arange(len(lines)) - NEAR, first)
    high = np.minimum(np.arange(len(lines)) + NEAR + 1, stop)
    total = np.append(0, np.cumsum(lines))
    near = (total[high] - total[low] - lines) / np.maximum(high - low - 1, 1)
    answer: F32 = near[scored.rows].astype(np.float32)
    return answer
