"""Trees grown by LightGBM, and what they say of lines they were not grown on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from cleaners.lines.columns import FEATURES
from cleaners.lines.judge import caution

from .scoring import FOLDS, NEVER, Scored

TREES = 120
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.08,
    "min_data_in_leaf": 100,
    "min_sum_hessian_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
    # the same trees, bit for bit, whatever the machine
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
#: What a line to strike weighs beside a word to keep, and how many words of the article a set weighs.
DROP_WEIGHT = 3.0
SET_WEIGHT = 1e5

Where = Callable[[Scored], NDArray[np.bool_]]


def grow(sets: Sequence[Scored], where: Where, drop_weights: Mapping[str, float]) -> lightgbm.Booster:
    """A forest grown on the lines of the sets that are in `where` and that no rule strikes and no guard keeps.

    Every set weighs the same. A line to keep weighs as many words as it has, since that is what is lost with it; a
    line to strike weighs what `drop_weights` says of its set, or 1, times DROP_WEIGHT.
    """
    parts = []
    for scored in sets:
        wanted = (where(scored) & scored.sure & ~scored.struck & ~scored.guarded)[scored.rows]
        rows = scored.rows[wanted]
        drop, words = ~scored.keep[rows], np.maximum(scored.words[rows], 1)
        if not len(rows):
            continue
        scale = SET_WEIGHT / scored.words[where(scored) & scored.keep].sum()
        weight = np.where(drop, DROP_WEIGHT * drop_weights.get(scored.name, 1.0), words) * scale
        parts.append((scored.features[wanted], drop, weight))
    features, drop, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    data = lightgbm.Dataset(features, drop.astype(np.float32), weight=weight, feature_name=list(FEATURES))
    return lightgbm.train(dict(PARAMETERS), data, TREES)


def odds(
    booster: lightgbm.Booster, scored: Scored, where: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """The log-odds of every line of `where`, or of all, less their caution; NEVER of those that are no candidates."""
    answer = np.full(len(scored.keep), NEVER)
    wanted = ~scored.guarded[scored.rows]
    if where is not None:
        wanted &= where[scored.rows]
    if wanted.any():
        features = scored.features[wanted]
        predicted = booster.predict(features, raw_score=True, num_threads=1)
        answer[scored.rows[wanted]] = predicted - caution(features)
    return answer


def odds_of_unseen_documents(
    sets: Sequence[Scored], drop_weights: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """The log-odds of every line under trees grown on all sets, but without the documents of its fold."""
    answer = {scored.name: np.full(len(scored.keep), NEVER) for scored in sets}
    for fold in range(FOLDS):
        booster = grow(sets, lambda scored, fold=fold: scored.fold != fold, drop_weights)  # type: ignore[misc]
        for scored in sets:
            mine = scored.fold == fold
            answer[scored.name][mine] = odds(booster, scored, mine)[mine]
    return answer


def odds_of_unseen_sets(
    sets: Sequence[Scored], family: Callable[[str], str], drop_weights: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """The same without any set of its family."""
    answer = {}
    for unseen in sorted({family(scored.name) for scored in sets}):
        others = [scored for scored in sets if family(scored.name) != unseen]
        booster = grow(others, lambda scored: np.ones(len(scored.keep), np.bool_), drop_weights)
        answer |= {scored.name: odds(booster, scored) for scored in sets if family(scored.name) == unseen}
    return answer


def odds_of_unseen_languages(
    sets: Sequence[Scored], drop_weights: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """The same without any line of its language."""
    answer = {scored.name: np.full(len(scored.keep), NEVER) for scored in sets}
    for language in sorted({str(code) for scored in sets for code in np.unique(scored.language)}):
        booster = grow(sets, lambda scored, code=language: scored.language != code, drop_weights)  # type: ignore[misc]
        for scored in sets:
            mine = scored.language == language
            if mine.any():
                answer[scored.name][mine] = odds(booster, scored, mine)[mine]
    return answer


def trees_of(booster: lightgbm.Booster) -> list[dict[str, Any]]:
    """The trees as `cleaners.line_score.write_model` takes them."""

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
