"""Trees grown by LightGBM, and what they say of lines they were not grown on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.feature_names import FEATURES

from .scoring import FOLDS, NEVER, Scored, Where
from .wording import Learned, Wordings

TREES = 240
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.04,
    "min_data_in_leaf": 200,
    "min_sum_hessian_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    # the same trees, bit for bit, whatever the machine
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
#: What a line to remove weighs beside a word to keep, and how many words of the article a set weighs.
DROP_WEIGHT = 3.0
SET_WEIGHT = 1e5


def grow(
    sets: Sequence[Scored], learned: Learned, where: Where, drop_weights: Mapping[str, float]
) -> lightgbm.Booster:
    """A forest grown on the lines of the sets that are in `where` and that no rule removes.

    Every set weighs the same. A line to keep weighs as many words as it has, since that is what is lost with it; a
    line to remove weighs what `drop_weights` says of its set, or 1, times DROP_WEIGHT. Lines that a guard keeps teach,
    too: they look like others that none does.
    """
    parts = []
    for scored in sets:
        wanted = (where(scored) & scored.sure & ~scored.removed)[scored.rows]
        rows = scored.rows[wanted]
        drop, words = ~scored.keep[rows], np.maximum(scored.words[rows], 1)
        if not len(rows):
            continue
        scale = SET_WEIGHT / scored.words[where(scored) & scored.keep].sum()
        weight = np.where(drop, DROP_WEIGHT * drop_weights.get(scored.name, 1.0), words) * scale
        parts.append((learned.features(scored)[wanted], drop, weight))
    features, drop, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    data = lightgbm.Dataset(features, drop.astype(np.float32), weight=weight, feature_name=list(FEATURES))
    return lightgbm.train(dict(PARAMETERS), data, TREES)


def odds(
    booster: lightgbm.Booster, learned: Learned, scored: Scored, where: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The log-odds of every line of `where`, less what they must have beyond the threshold; else NEVER."""
    answer = np.full(len(scored.keep), NEVER)
    wanted = (where & ~scored.guarded)[scored.rows]
    if wanted.any():
        features = learned.features(scored)[wanted]
        predicted = booster.predict(features, raw_score=True, num_threads=1)
        answer[scored.rows[wanted]] = predicted - scored.careful[wanted]
    return answer


@dataclass(frozen=True)
class Unseen:
    """Lines that are looked at by a forest which has not seen them, and what that forest is grown on."""

    lines: Where
    learned: Learned


def everything(scored: Scored) -> NDArray[np.bool_]:
    """Every line of a set."""
    return np.ones(len(scored.keep), np.bool_)


def without(wordings: Wordings, lines: Where) -> Unseen:
    """What wordings teach without these lines."""
    return Unseen(lines, wordings.learn(lambda scored: ~lines(scored)))


def unseen_documents(wordings: Wordings) -> list[Unseen]:
    """The lines of each fold of the documents."""
    return [without(wordings, lambda s, fold=fold: s.fold == fold) for fold in range(FOLDS)]  # type: ignore[misc]


def unseen_sets(wordings: Wordings, family: Callable[[str], str]) -> list[Unseen]:
    """The sets of each family."""
    return [
        without(wordings, lambda s, name=name: np.full(len(s.keep), family(s.name) == name))  # type: ignore[misc]
        for name in sorted({family(s.name) for s in wordings.sets})
    ]


def unseen_languages(wordings: Wordings) -> list[Unseen]:
    """The lines of each language."""
    languages = sorted({str(code) for s in wordings.sets for code in np.unique(s.language)})
    return [without(wordings, lambda s, code=code: s.language == code) for code in languages]  # type: ignore[misc]


def odds_of_unseen(
    sets: Sequence[Scored], parts: Sequence[Unseen], drop_weights: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """The log-odds of every line under a forest that was grown without the lines of its part."""
    answer = {scored.name: np.full(len(scored.keep), NEVER) for scored in sets}
    for part in parts:
        booster = grow(sets, part.learned, lambda s, lines=part.lines: ~lines(s), drop_weights)  # type: ignore[misc]
        for scored in sets:
            mine = part.lines(scored)
            if mine.any():
                answer[scored.name][mine] = odds(booster, part.learned, scored, mine)[mine]
    return answer


def trees_of(booster: lightgbm.Booster) -> list[dict[str, Any]]:
    """The trees as `model_file.write_model` takes them."""

    def node(of: dict[str, Any]) -> dict[str, Any]:
        if "leaf_value" in of:
            return {"value": of["leaf_value"]}
        # a feature is a 32-bit number, and so is the threshold that it is compared with; never round it down
        threshold = np.float32(of["threshold"])
        if float(threshold) < of["threshold"]:
            threshold = np.nextafter(threshold, np.float32(np.inf))
        return {
            "feature": of["split_feature"],
            "threshold": float(threshold),
            "value": of["internal_value"],
            "left": node(of["left_child"]),
            "right": node(of["right_child"]),
        }

    return [node(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
