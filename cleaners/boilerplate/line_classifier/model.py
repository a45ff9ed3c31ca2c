"""The score of a line: how much rather boilerplate it is than the article's, by a small forest of decision trees.

The trees are gradient-boosted (Friedman 2001, "Greedy function approximation"); they were grown elsewhere, and are
walked here. A leaf's value is an addend of the log-odds, `score` is their logistic function. What moved a score is told
by the values of the nodes on the way: the step from a node to its child belongs to the feature that the node asks for
(Saabas 2014, "Interpreting random forests").
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.feature_names import FEATURES
from cleaners.boilerplate.line_classifier.ngrams import NgramWeights, ngram_weights
from cleaners.boilerplate.line_classifier.vocabulary import F32
from cleaners.text.tokens import I64, kernel

I16 = NDArray[np.int16]
F64 = NDArray[np.float64]

#: Levels of `strictness` for which the file holds a threshold; between them it is interpolated.
LEVELS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Kinds of documents: articles, and dumps of whole pages.
KINDS: Final = ("article", "page")


class LineModel(NamedTuple):
    """A forest, node by node: the root of a tree, then all that lies below it.

    A node asks whether a feature is at most its threshold; a leaf has the feature -1.
    """

    roots: I64  # the first node of each tree
    feature: I16
    threshold: F32
    left: I64  # the node to go to if so; that to go to if not is `right`
    right: I64
    value: F32  # log-odds: of a leaf what it adds, of any other node the mean of what is below it
    thresholds: dict[str, tuple[float, ...]]  # log-odds of a removal at each of LEVELS, for each of KINDS
    languages: tuple[str, ...]  # that the forest was grown on,
    margin: float  # and what the log-odds of lines in others must have beyond the threshold
    ngrams: NgramWeights  # for the features of wording
    about: dict[str, Any]  # what the model was grown on and how good it was

    def threshold_at(self, strictness: float, kind: str) -> float:
        """The log-odds from which a line of a kind of document is removed; infinite at a strictness of 0."""
        if strictness <= 0:
            return float("inf")
        return float(np.interp(strictness, LEVELS, self.thresholds[kind]))


def read_model(text: str) -> LineModel:
    """The model of a file that `write_model` wrote. Raises ValueError for any other text, and says what is wrong."""
    try:
        content = json.loads(text)
        features, thresholds, about = content["features"], content["thresholds"], content["about"]
        languages, margin = tuple(map(str, content["languages"])), float(content["margin"])
        thresholds = {kind: tuple(map(float, thresholds[kind])) for kind in KINDS}
        packed = np.frombuffer(_unpacked(content["nodes"]), _NODE)
        ngrams = _ngrams(_unpacked(content["ngrams"]), float(content["ngram_scale"]))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"this is no model of line scores: {error}") from None
    if features != list(FEATURES):
        raise ValueError(
            "the model was grown on other features than this version of copydesk has; train it again"
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


_NODE: Final = np.dtype(
    [("root", "u1"), ("feature", "i1"), ("right", "<u2"), ("threshold", "<f4"), ("value", "<f2")]
)
_LINE: Final = 110  # characters
_ROUNDING: Final = 0.001


def write_model(
    trees: Sequence[dict[str, Any]],
    thresholds: dict[str, Sequence[float]],
    about: dict[str, Any],
    languages: Sequence[str] = (),
    margin: float = 0.0,
    ngrams: Mapping[int, int] = MappingProxyType({}),
    ngram_scale: float = 1.0,
) -> str:
    """The text of a model's file: JSON, what it is about first.

    A tree is a dict with `value` and, unless it is a leaf, `feature` (its number), `threshold`, `left` and `right`. The
    weight of an n-gram is a whole number from -127 to 127 times `ngram_scale`.
    """
    rows: list[list[Any]] = []

    def add(node: dict[str, Any], root: bool) -> None:
        place = len(rows)
        rows.append([root, node.get("feature", -1), 0, node.get("threshold", 0.0), node["value"]])
        if "left" in node:
            add(node["left"], False)
            rows[place][2] = len(rows) - place
            add(node["right"], False)

    for tree in trees:
        add(tree, True)
    packed = np.array([tuple(row) for row in rows], _NODE).tobytes()
    keys = np.array(sorted(ngrams), np.int64)
    # the steps from key to key, all lowest bytes first: these pack better
    steps_of_keys = np.diff(keys, prepend=0).astype("<u4").view(np.uint8).reshape(-1, 4).T
    weights = np.array([ngrams[key] for key in keys.tolist()], np.int8)
    content = {
        "about": about,
        "thresholds": {kind: list(thresholds[kind]) for kind in KINDS},
        "languages": list(languages),
        "margin": margin,
        "features": list(FEATURES),
        "nodes": _packed(packed),
        "ngram_scale": ngram_scale,
        "ngrams": _packed(steps_of_keys.tobytes() + weights.tobytes()),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _packed(data: bytes) -> list[str]:
    text = base64.b85encode(zlib.compress(data, 9)).decode()
    return [text[at : at + _LINE] for at in range(0, len(text), _LINE)]


def _unpacked(lines: list[str]) -> bytes:
    return zlib.decompress(base64.b85decode("".join(lines)))


def _ngrams(packed: bytes, scale: float) -> NgramWeights:
    """The table of a file's n-grams. Raises ValueError where the keys and the weights are not as many."""
    count, rest = divmod(len(packed), 5)
    if rest:
        raise ValueError("the n-grams are damaged")
    steps_of_keys = np.frombuffer(packed[: 4 * count], np.uint8).reshape(4, -1).T.copy().view("<u4")[:, 0]
    keys = np.cumsum(steps_of_keys.astype(np.int64))
    weights = np.frombuffer(packed[4 * count :], np.int8) * scale
    return ngram_weights(dict(zip(keys.tolist(), weights.tolist(), strict=True)))


def log_odds(features: F32, model: LineModel, least: float = -np.inf) -> F32:
    """The log-odds of each row of features (a column for each of FEATURES) that its line is boilerplate.

    Of a line that cannot come to `least` they are told as minus infinity, which takes but some of the trees.
    """
    places, leaf = np.arange(len(model.feature)), model.feature < 0
    most = np.maximum.reduceat(np.where(leaf, model.value, -np.inf), model.roots)
    answer: F32 = _log_odds(
        features,
        model.roots,
        np.where(leaf, 0, model.feature),
        model.threshold,
        np.where(leaf, places, model.left),
        np.where(leaf, places, model.right),
        model.value,
        # what a sum must have come to by then, less what is lost by rounding
        least - _ROUNDING - (most.sum() - np.cumsum(most)),
    )
    return answer


def score(log_odds: float) -> float:
    """The share of boilerplate among lines of these log-odds, as the model believes."""
    return float(1 / (1 + np.exp(-log_odds)))


def steps(features: F32, model: LineModel) -> F32:
    """How far each feature moved the log-odds of each row (float32, a column for each feature)."""
    answer: F32 = _steps(
        features, model.roots, model.feature, model.threshold, model.left, model.right, model.value
    )
    return answer


@kernel
def _log_odds(
    features: F32, roots: I64, feature: I16, threshold: F32, left: I64, right: I64, value: F32, needed: F64
) -> Any:
    """The sums of the leaves that each row comes to; a leaf has itself to the left and to the right.

    Minus infinity where the sum is less after a tree than `needed`, of all four lines that are summed up at once.
    """
    answer = np.zeros(len(features), np.float32)
    end = len(features) - 1
    # four lines at once: what one waits for, the others use
    for row in range(0, len(features), 4):
        rows = (row, min(row + 1, end), min(row + 2, end), min(row + 3, end))
        a, b, c, d = features[rows[0]], features[rows[1]], features[rows[2]], features[rows[3]]
        of_a, of_b, of_c, of_d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for tree in range(len(roots)):
            at_a = at_b = at_c = at_d = roots[tree]
            on = True
            while on:
                next_a = _next(a, at_a, feature, threshold, left, right)
                next_b = _next(b, at_b, feature, threshold, left, right)
                next_c = _next(c, at_c, feature, threshold, left, right)
                next_d = _next(d, at_d, feature, threshold, left, right)
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


@kernel
def _next(line: F32, node: int, feature: I16, threshold: F32, left: I64, right: I64) -> Any:
    """The node after this one; without a branch, which could not be foreseen."""
    goes_right = np.int64(line[feature[node]] > threshold[node])
    return left[node] + goes_right * (right[node] - left[node])


@kernel
def _steps(features: F32, roots: I64, feature: I16, threshold: F32, left: I64, right: I64, value: F32) -> Any:
    answer = np.zeros(features.shape, np.float32)
    for row in range(len(features)):
        line = features[row]
        for root in roots:
            node = root
            while feature[node] >= 0:
                child = left[node] if line[feature[node]] <= threshold[node] else right[node]
                answer[row, feature[node]] += value[child] - value[node]
                node = child
    return answer
