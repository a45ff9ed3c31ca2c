"""Trees grown by LightGBM, and what they say of lines they were not grown on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.feature_names import FEATURE, FEATURES

from .candidates import interval_of
from .scoring import FOLDS, NEVER, Scored, Where
from .sets import kind_of
from .wording import Learned, Wordings

if TYPE_CHECKING:
    import lightgbm

TREES = 160
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.06,
    "min_data_in_leaf": 200,
    "min_sum_hessian_in_leaf": 5,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    # the same trees, bit for bit, whatever the machine
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
#: What a kind of text weighs beside others: text labelled by hand is right most often.
KIND_WEIGHTS: Final = {"by hand": 3.0, "whole page": 2.0}
#: What the lines to remove of a set weigh in all, beside its words to keep; a single one is worth so many words. The
#: shares are such that one threshold loses about the same in every kind. They decide how much is found: trees find most
#: where the log-odds of most lines are near the threshold.
DROPS: Final = {"by hand": 0.1, "whole page": 0.016, "text nodes": 0.012, "resiliparse": 0.06}
DROPS_OF_OTHERS: Final = 0.12
LIGHTEST, HEAVIEST = 0.1, 30.0
#: A longer line to keep weighs no more.
MOST_WORDS: Final = 40


def grow(sets: Sequence[Scored], learned: Learned, where: Where) -> lightgbm.Booster:
    """A forest grown on the lines of the sets that are in `where` and that no rule removes.

    Every kind of text weighs the same, but for KIND_WEIGHTS; larger sets of a kind weigh more than smaller ones, by the
    square root of their size. A line to keep weighs as many words as it has, since that is what is lost with it. Lines
    that a guard keeps teach, too: they look like others that none does.
    """
    words_of = {s.name: int(s.words[where(s) & s.keep].sum()) for s in sets}
    of_kinds: Counter[str] = Counter()
    for name, words in words_of.items():
        of_kinds[kind_of(name)] += math.sqrt(words)  # type: ignore[assignment]
    parts = []
    for scored in sets:
        kind, total = kind_of(scored.name), words_of[scored.name]
        wanted = (where(scored) & scored.sure & ~scored.removed)[scored.rows]
        rows = scored.rows[wanted]
        if not len(rows) or not total:
            continue
        drop = ~scored.keep[rows]
        of_drop = DROPS.get(kind, DROPS_OF_OTHERS) * total / max(drop.sum(), 1)
        weight = np.where(
            drop, np.clip(of_drop, LIGHTEST, HEAVIEST), np.clip(scored.words[rows], 1, MOST_WORDS)
        )
        of_set = KIND_WEIGHTS.get(kind, 1.0) * math.sqrt(total) / of_kinds[kind]
        parts.append((learned.features(scored)[wanted], drop, weight * of_set / total))
    features, drop, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    weight *= len(weight) / weight.sum()
    import lightgbm  # an extra, which tests do without

    data = lightgbm.Dataset(features, drop.astype(np.float32), weight=weight, feature_name=list(FEATURES))
    return lightgbm.train(dict(PARAMETERS), data, TREES)


def odds(
    booster: lightgbm.Booster, learned: Learned, scored: Scored, where: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The log-odds of every line of `where`, less what they must have beyond the threshold; else NEVER."""
    answer = np.full(len(scored.keep), NEVER)
    features = learned.features(scored)
    number, interval = np.arange(len(scored.rows)), interval_of(features[:, FEATURE["wording"]])
    wanted = where[scored.rows] & ~scored.guarded[interval, number]
    if wanted.any():
        predicted = booster.predict(features[wanted], raw_score=True, num_threads=1)
        answer[scored.rows[wanted]] = predicted - scored.careful[interval, number][wanted]
    return answer


@dataclass(frozen=True)
class Unseen:
    """Lines that are looked at by a forest which has not seen them: what it is grown on, with which wording."""

    lines: Where
    grown_on: Where
    learned: Learned


def everything(scored: Scored) -> NDArray[np.bool_]:
    """Every line of a set."""
    return np.ones(len(scored.keep), np.bool_)


def unseen_sites(wordings: Wordings) -> list[Unseen]:
    """The lines of each fold of the sites."""
    parts = []
    for fold in range(FOLDS):
        of_fold: Where = lambda s, fold=fold: s.fold == fold  # type: ignore[misc] # noqa: E731
        others: Where = lambda s, fold=fold: s.fold != fold  # type: ignore[misc] # noqa: E731
        parts.append(Unseen(of_fold, others, wordings.learn(others)))
    return parts


#: Kinds of text that are held out together.
EXTRACTORS: Final = (
    ("newspaper4k", "goose3"),
    ("boilerpy3", "justext"),
    ("readability", "trafilatura"),
    ("resiliparse", "whole page", "text nodes"),
)


def unseen_extractors(of_sites: Sequence[Unseen]) -> list[Unseen]:
    """The lines of each part of EXTRACTORS on the sites of one fold: neither extractors nor sites have been seen."""
    parts = []
    for number, kinds in enumerate(EXTRACTORS):
        fold = of_sites[number % FOLDS]

        def lines(s: Scored, kinds: Sequence[str] = kinds, fold: Unseen = fold) -> NDArray[np.bool_]:
            return fold.lines(s) & (kind_of(s.name) in kinds)

        def others(s: Scored, kinds: Sequence[str] = kinds, fold: Unseen = fold) -> NDArray[np.bool_]:
            return fold.grown_on(s) & (kind_of(s.name) not in kinds)

        parts.append(Unseen(lines, others, fold.learned))
    return parts


#: Languages that are held out together: more of one family would not be unseen.
LANGUAGES: Final = (("zh", "ja", "th"), ("sv", "de", "fi"), ("fr", "es", "pt"))


def unseen_languages(wordings: Wordings) -> list[Unseen]:
    """The lines of each part of LANGUAGES."""
    parts = []
    for codes in LANGUAGES:
        lines: Where = lambda s, codes=codes: np.isin(s.language, codes)  # type: ignore[misc] # noqa: E731
        others: Where = lambda s, codes=codes: ~np.isin(s.language, codes)  # type: ignore[misc] # noqa: E731
        parts.append(Unseen(lines, others, wordings.learn(others)))
    return parts


def odds_of_unseen(sets: Sequence[Scored], parts: Sequence[Unseen]) -> dict[str, NDArray[np.float64]]:
    """The log-odds of every line under the forest that has not seen it; NaN where there is none."""
    answer = {scored.name: np.full(len(scored.keep), np.nan) for scored in sets}
    for part in parts:
        booster = grow(sets, part.learned, part.grown_on)
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
