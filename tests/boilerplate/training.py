"""The scorer of lines, grown from labelled lines and written to its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.model import KINDS, LEVELS

from .growing import (
    Unseen,
    everything,
    grow,
    odds_of_unseen,
    trees_of,
    unseen_documents,
    unseen_languages,
    unseen_sets,
)
from .model_file import write_model
from .scoring import Scored, after_rules, best_thresholds, figures, threshold_for
from .sets import LabelledSet, cropped, labelled_sets, repeated_on_sites
from .wording import Wordings

#: The share of the article's words that a level of strictness is to keep of the worst set, of unseen documents.
KEPT: Final = dict(zip(LEVELS[1:], (0.9985, 0.9960, 0.990, 0.97), strict=True))
DEFAULT: Final = 0.5
#: Up to the default, a line goes only if it is rather boilerplate than not.
LEAST: Final = 0.0
STYLES: Final = ("sparse", "dense")
ROUNDS: Final = 4
#: How far a round goes towards a weight, and between which weights: else the few lines to remove of a set outweigh all.
STEP: Final = 0.7
LIGHTEST, HEAVIEST = 0.1, 10.0
SEED: Final = 1
SITES: Final = ("allsides.jsonl.zst", 3000)


def family(name: str) -> str:
    """What a set shares its documents with: other forms of the same pages."""
    return name.split(".")[0]


def labelled_and_cropped(shared: Path) -> list[LabelledSet]:
    """The sets of the folder, and of whole pages what extractors might have left."""
    real = labelled_sets(shared)
    whole = [labelled for labelled in real if "fullpage" in labelled.name]
    return real + [cropped(labelled, style, SEED) for labelled in whole for style in STYLES]


def train(shared: Path, out: Path) -> None:
    """Grow the trees, find the thresholds on documents that they were not grown on, and write all to a file."""
    measured = [after_rules(labelled) for labelled in labelled_and_cropped(shared)]
    name, documents = SITES
    sets = [*measured, after_rules(repeated_on_sites(shared / "data" / "news" / name, documents, SEED))]
    wordings = Wordings(sets)
    weights, unseen = balanced(measured, sets, unseen_documents(wordings))
    points = [
        best_thresholds(measured, unseen, kept, LEAST if level <= DEFAULT else -np.inf)
        for level, kept in KEPT.items()
    ]
    default = points[list(KEPT).index(DEFAULT)]
    # a stricter level never removes less, and from the first level down to 0 less and less goes
    points = [tuple(np.minimum.accumulate(points, axis=0)[n]) for n in range(len(points))]
    levels = [tuple(t + 3 for t in points[0]), *points]
    of_languages = odds_of_unseen(sets, unseen_languages(wordings), weights)
    several = [s for s in measured if len(np.unique(s.language)) > 1]
    beyond = [threshold_for(s, of_languages[s.name], KEPT[DEFAULT]) - max(default) for s in several]
    margin = round(max(*beyond, 0.0), 4)
    learned = wordings.learn(everything)
    booster = grow(sets, learned, everything, weights)
    held_out = {
        "unseen documents": unseen,
        "unseen sets": less_for_languages(
            sets, odds_of_unseen(sets, unseen_sets(wordings, family), weights), margin
        ),
        "unseen languages": of_languages,
    }
    about = {
        "what": "line scores of copydesk: log-odds that a line is boilerplate; written by make train-boilerplate",
        "version": 2,
        "data": {s.name: f"{len(s.keep)} lines" for s in sets},
        "drop_weights": {name: round(w, 3) for name, w in weights.items()},
        "drop_recall_and_words_kept": {
            how: {
                s.name: "{0.recall:.3f} {0.kept:.4f}".format(figures(s, odds[s.name], default))
                for s in measured
            }
            for how, odds in held_out.items()
        },
    }
    thresholds = {kind: [round(float(t[n]), 4) for t in levels] for n, kind in enumerate(KINDS)}
    languages = sorted({str(code) for s in sets for code in np.unique(s.language)})
    trees = trees_of(booster)
    text = write_model(trees, thresholds, about, languages, margin, learned.weights, learned.scale)
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {len(text) / 1000:.0f} kB")
    print("\n".join(text.splitlines()[: text.splitlines().index(' "features": [')]))


def less_for_languages(
    sets: Sequence[Scored], odds: Mapping[str, NDArray[np.float64]], margin: float
) -> dict[str, NDArray[np.float64]]:
    """The log-odds of sets whose family was not grown on, less the margin where no other family has the language."""
    return {
        s.name: odds[s.name]
        - margin
        * ~np.isin(
            s.language, [code for o in sets if family(o.name) != family(s.name) for code in o.language]
        )
        for s in sets
    }


def balanced(
    measured: Sequence[Scored], sets: Sequence[Scored], parts: Sequence[Unseen]
) -> tuple[Mapping[str, float], dict[str, NDArray[np.float64]]]:
    """(weights, odds): what lines to remove weigh in each set, and the log-odds of documents that were not grown on.

    Kinds of text differ in how much there is to remove. The weights are such that one threshold keeps about the same
    share of the article's words in every set.
    """
    weights = {scored.name: 1.0 for scored in sets}
    for round_ in range(ROUNDS):
        unseen = odds_of_unseen(sets, parts, weights)
        if round_ + 1 < ROUNDS:
            for scored in measured:
                at = threshold_for(scored, unseen[scored.name], KEPT[DEFAULT])
                weight = weights[scored.name] * np.exp(-STEP * np.clip(at, -1.5, 3.0))
                weights[scored.name] = float(np.clip(weight, LIGHTEST, HEAVIEST))
    return weights, unseen
