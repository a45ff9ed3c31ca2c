"""The model: the log-odds that a line is boilerplate, from gradient-boosted decision trees.

The trees (Friedman 2001, "Greedy function approximation") are trained elsewhere and evaluated here. The log-odds of a
line are the sum of the leaves that it reaches; `score` is the logistic function of them. `contributions` says how far
each feature moved the log-odds: the difference in value between a node and its child belongs to the feature that the
node tests (Saabas 2014, "Interpreting random forests").
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Final, NamedTuple

import numpy as np

from cleaners.boilerplate.line_classifier.feature_names import FEATURES
from cleaners.boilerplate.line_classifier.ngrams import NgramWeights, ngram_weights
from cleaners.kernels import F32, F64, I16, I64, U32, Rows, helper, kernel

#: Levels of `strictness` for which the model has a threshold; between them it is interpolated linearly.
LEVELS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Kinds of documents, each with its own thresholds: articles, and dumps of whole pages.
KINDS: Final = ("article", "page")


class LineModel(NamedTuple):
    """The trees as arrays of nodes, with the thresholds and weights that belong to them.

    The nodes of a tree are in preorder. A node tests whether a feature is at most its threshold; a leaf has feature -1.
    """

    roots: I64  # the first node of each tree
    feature: I16
    threshold: F32
    left: I64  # the child if the test is true
    right: I64  # the child if it is false
    value: F32  # log-odds: what a leaf adds, or the mean of the leaves below any other node
    thresholds: dict[str, tuple[float, ...]]  # log-odds needed at each of LEVELS, for each of KINDS
    languages: tuple[str, ...]  # of the training data
    margin: float  # by which log-odds must exceed the threshold in other languages
    ngrams: NgramWeights  # for the feature `wording`
    about: dict[str, Any]  # what the model was trained on, and its quality

    def threshold_at(self, strictness: float, kind: str) -> float:
        """The log-odds from which a line in a kind of document is removed; infinity at strictness 0."""
        if strictness <= 0:
            return float("inf")
        return float(np.interp(strictness, LEVELS, self.thresholds[kind]))


def read_model(text: str) -> LineModel:
    """The model in the text of a model file. Raises ValueError for any other text, and says what is wrong.

    The file is JSON; `tests/boilerplate/model_file.py` writes it. `nodes` and `ngrams` are compressed by zlib, encoded
    in base 85, and broken into lines. `ngrams` has the sorted keys, then as many weights. A key is stored as its
    difference from the one before (uint32; all lowest bytes first, then all second bytes, and so on). A weight is an
    int8, to be multiplied by `ngram_scale`.
    """
    try:
        content = json.loads(text)
        features, thresholds, about = content["features"], content["thresholds"], content["about"]
        languages, margin = tuple(map(str, content["languages"])), float(content["margin"])
        thresholds = {kind: tuple(map(float, thresholds[kind])) for kind in KINDS}
        packed = np.frombuffer(_unpacked(content["nodes"]), NODE)
        ngrams = _ngrams(_unpacked(content["ngrams"]), float(content["ngram_scale"]))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"not a model of the line classifier: {error}") from None
    if features != list(FEATURES):
        raise ValueError(
            "the model was trained on other features than this version of copydesk has; train it again"
        )
    nodes, roots = np.arange(len(packed)), np.flatnonzero(packed["root"])
    model = LineModel(
        roots.astype(np.int64),
        packed["feature"].astype(np.int16),
        packed["threshold"].astype(np.float32),
        nodes + 1,  # the left child comes right after its parent
        (nodes + packed["right"]).astype(np.int64),
        packed["value"].astype(np.float32),
        thresholds,
        languages,
        margin,
        ngrams,
        about,
    )
    inner = model.feature >= 0
    if not (
        len(packed)
        and packed["root"][0]
        and (model.feature < len(FEATURES)).all()
        and (model.right[inner] < len(packed)).all()
        and (packed["right"][inner] > 1).all()
        and not inner[-1]
        and all(len(of_kind) == len(LEVELS) for of_kind in model.thresholds.values())
    ):
        raise ValueError("the trees of the model are damaged")
    return model


#: A node in the file. The nodes of a tree are in preorder: the left child follows its parent, and `right` is the
#: distance from the parent to the right child. A leaf has the feature -1.
NODE: Final = np.dtype(
    [("root", "u1"), ("feature", "i1"), ("right", "<u2"), ("threshold", "<f4"), ("value", "<f2")]
)
_ROUNDING: Final = 0.001
#: The lowest bits of a node in `_nodes`: its feature.
_FEATURE_BITS: Final = 8
_FEATURE_MASK: Final = (1 << _FEATURE_BITS) - 1


def _unpacked(lines: list[str]) -> bytes:
    return zlib.decompress(base64.b85decode("".join(lines)))


def _ngrams(packed: bytes, scale: float) -> NgramWeights:
    """The n-gram table of a model file. Raises ValueError unless there are as many weights as keys."""
    count, rest = divmod(len(packed), 5)
    if rest:
        raise ValueError("the n-grams are damaged")
    key_deltas = np.frombuffer(packed[: 4 * count], np.uint8).reshape(4, -1).T.copy().view("<u4")[:, 0]
    keys = np.cumsum(key_deltas.astype(np.int64))
    weights = np.frombuffer(packed[4 * count :], np.int8) * scale
    return ngram_weights(dict(zip(keys.tolist(), weights.tolist(), strict=True)))


def log_odds(features: F32, model: LineModel, least: float = -np.inf) -> F32:
    """The log-odds that each line is boilerplate, as float32 of shape (lines,).

    `features` has the shape (lines, FEATURES). A line whose log-odds cannot reach `least` may get minus infinity: that
    is faster, because it does not take all trees.
    """
    most = np.maximum.reduceat(np.where(model.feature < 0, model.value, -np.inf), model.roots)
    answer: F32 = _log_odds(
        features,
        model.roots,
        _nodes(model),
        model.threshold,
        model.value,
        # after each tree, the sum from which the highest leaves of the rest can reach `least`, less rounding errors
        np.float64(least) - _ROUNDING - (most.sum() - np.cumsum(most)),
    )
    return answer


def _nodes(model: LineModel) -> U32:
    """The feature of each node and the distance to its right child in one number; 0 for a leaf.

    The left child follows its parent. So the trees take as little of the processor's cache as they can.
    """
    leaf = model.feature < 0
    to_right = model.right - np.arange(len(leaf))
    return np.where(leaf, 0, to_right << _FEATURE_BITS | model.feature).astype(np.uint32)


def score(log_odds: float) -> float:
    """The probability that a line with these log-odds is boilerplate, by the model."""
    return float(1 / (1 + np.exp(-log_odds)))


def contributions(features: F32, model: LineModel) -> F32:
    """How far each feature moved the log-odds of each line, as float32 of shape (lines, FEATURES).

    The contributions of a line and the values of the roots sum to its log-odds.
    """
    answer: F32 = _contributions(features, model.roots, _nodes(model), model.threshold, model.value)
    return answer


@kernel
def _log_odds(
    features: Rows[F32],
    roots: I64,
    nodes: U32,
    threshold: F32,
    value: F32,
    needed: F64,
) -> Any:
    """The sum of the leaves that each line reaches.

    Four lines are evaluated at once. If after a tree the sums of all four are below `needed`, they get minus infinity.
    """
    answer = np.zeros(len(features), np.float32)
    end = len(features) - 1
    # four lines at once hide the latency of memory
    for row in range(0, len(features), 4):
        rows = (row, min(row + 1, end), min(row + 2, end), min(row + 3, end))
        a, b, c, d = features[rows[0]], features[rows[1]], features[rows[2]], features[rows[3]]
        of_a, of_b, of_c, of_d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for tree in range(len(roots)):
            at_a = at_b = at_c = at_d = roots[tree]
            on = True
            while on:
                next_a = _next(a, at_a, nodes, threshold)
                next_b = _next(b, at_b, nodes, threshold)
                next_c = _next(c, at_c, nodes, threshold)
                next_d = _next(d, at_d, nodes, threshold)
                on = (next_a != at_a) | (next_b != at_b) | (next_c != at_c) | (next_d != at_d)
                at_a, at_b, at_c, at_d = next_a, next_b, next_c, next_d
            of_a += value[at_a]
            of_b += value[at_b]
            of_c += value[at_c]
            of_d += value[at_d]
            if max(max(of_a, of_b), max(of_c, of_d)) < needed[tree]:
                of_a = of_b = of_c = of_d = np.float32(-np.inf)
                break
        answer[rows[3]], answer[rows[2]], answer[rows[1]], answer[rows[0]] = of_d, of_c, of_b, of_a
    return answer


@helper
def _next(line: F32, at: int, nodes: U32, threshold: F32) -> Any:
    """The child of a node for a line, or the leaf itself; without a branch, because nothing could predict it."""
    node = nodes[np.uint64(at)]
    to_right = np.int64(node >> np.uint32(_FEATURE_BITS))
    feature = node & np.uint32(_FEATURE_MASK)
    goes_right = np.int64(line[feature] > threshold[np.uint64(at)])
    to_left = np.int64(to_right > 0)
    return at + to_left + goes_right * (to_right - to_left)


@kernel
def _contributions(features: Rows[F32], roots: I64, nodes: U32, threshold: F32, value: F32) -> Any:
    answer = np.zeros(features.shape, np.float32)
    for root in roots:
        for row in range(len(features)):
            line = features[row]
            node = root
            while nodes[node] != 0:
                child = _next(line, node, nodes, threshold)
                answer[row, nodes[node] & np.uint32(_FEATURE_MASK)] += value[child] - value[node]
                node = child
    return answer
