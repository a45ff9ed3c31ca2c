"""The scorer of lines, grown from labelled lines and written to its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.model import KINDS, LEVELS

from .growing import (
    everything,
    grow,
    odds,
    odds_of_unseen,
    trees_of,
    unseen_extractors,
    unseen_languages,
    unseen_sites,
)
from .labels import consistent
from .model_file import write_model
from .scoring import Family, Scored, after_rules, best_thresholds, families
from .sets import CLEAN, SHARES, clean_texts, labelled_sets, repeated_on_sites
from .wording import Wordings

#: How much of the article a level of strictness may lose, beside the default.
LOSSES: Final = dict(zip(LEVELS[1:], (0.4, 1.0, 2.5, 8.0), strict=True))
DEFAULT: Final = 0.5
#: Up to the default, a line goes only if it is clearly rather boilerplate than not. Of 60 lines of news with log-odds
#: from 0.1 to 1, half were the article's by reading: they are short, so a share of words kept hardly shows it.
LEAST: Final = 1.0
SEED: Final = 1
SITES: Final = ("allsides.jsonl.zst", 3000)
CLEAN_DOCUMENTS: Final = 1000
SITES_OF_LANGUAGE: Final = 10
LOST_OF_LANGUAGE: Final = 0.005  # share of its words, by default

Odds = Mapping[str, NDArray[np.float64]]


def measured_sets(shared: Path) -> list[Scored]:
    """The labelled sets of the folder, after the rules."""
    sets = labelled_sets(shared, SHARES)
    return [after_rules(labelled, sure) for labelled, sure in zip(sets, consistent(sets), strict=True)]


def train(shared: Path, out: Path) -> None:
    """Train on the shared data, and write the model to a file."""
    name, documents = SITES
    of_news = after_rules(repeated_on_sites(shared / "data" / "news" / name, documents, SEED))
    of_clean = [clean_texts(shared / "data" / "news" / f, language, CLEAN_DOCUMENTS) for f, language in CLEAN]
    clean = [after_rules(labelled, np.zeros(len(labelled.keep()), np.bool_)) for labelled in of_clean]
    text = trained(measured_sets(shared), of_news, clean)
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {len(text) / 1000:.0f} kB")
    print("\n".join(text.splitlines()[: text.splitlines().index(' "features": [')]))


def trained(measured: Sequence[Scored], of_news: Scored, clean: Sequence[Scored] = ()) -> str:
    """The text of a model's file: trees, and thresholds found on lines that the trees were not grown on.

    The thresholds hold for the worst family, be it of sites that no forest has seen, or of extractors that none has,
    and for clean texts, of which nothing is learned.
    """
    sets = [*measured, of_news]
    wordings = Wordings([*sets, *clean])
    of_sites = unseen_sites(wordings)
    held_out: dict[str, Odds] = {
        "unseen sites": odds_of_unseen(sets, of_sites),
        "unseen extractors and sites": odds_of_unseen(sets, unseen_extractors(of_sites)),
        "unseen languages": odds_of_unseen(sets, unseen_languages(wordings)),
    }
    judged = {how: families(measured, odds) for how, odds in held_out.items()}
    learned = wordings.learn(everything)
    booster = grow(sets, learned, everything)
    judged["clean texts"] = families(clean, {s.name: odds(booster, learned, s, everything(s)) for s in clean})
    deciding = [f for how in judged if how != "unseen languages" for f in judged[how]]
    points = [
        best_thresholds(deciding, factor, LEAST if level <= DEFAULT else -np.inf)
        for level, factor in LOSSES.items()
    ]
    default = points[list(LOSSES).index(DEFAULT)]
    margin = max(
        0.0, *(beyond(family, default) for family in of_each_language(measured, held_out["unseen languages"]))
    )
    # a stricter level never removes less, and from the first level down to 0 less and less goes
    points = [tuple(np.minimum.accumulate(points, axis=0)[n]) for n in range(len(points))]
    levels = [tuple(t + 3 for t in points[0]), *points]
    about = {
        "what": "line scores of copydesk: log-odds that a line is boilerplate; written by make train-boilerplate",
        "version": 3,
        "data": {s.name: f"{len(s.keep)} lines" for s in sets},
        "precision_recall_and_words_kept": {how: quality(judged[how], default) for how in judged},
    }
    thresholds = {kind: [round(float(t[n]), 4) for t in levels] for n, kind in enumerate(KINDS)}
    languages = trained_languages(sets)
    return write_model(
        trees_of(booster), thresholds, about, languages, round(margin, 4), learned.weights, learned.scale
    )


def trained_languages(sets: Sequence[Scored]) -> list[str]:
    """The languages of which the sets have lines of at least SITES_OF_LANGUAGE sites."""
    sites = {(str(code), str(group)) for s in sets for code, group in zip(s.language, s.group, strict=True)}
    count = Counter(code for code, _ in sites if code != "?")
    return sorted(code for code, number in count.items() if number >= SITES_OF_LANGUAGE)


def quality(judged: Sequence[Family], thresholds: tuple[float, float]) -> dict[str, str]:
    """Drop precision, drop recall and words kept of each family, the worst first."""
    of_family = {family.name: family.figures(thresholds) for family in judged}
    worst_first = sorted(of_family, key=lambda name: of_family[name].kept)
    return {
        name: "{0.precision:.3f} {0.recall:.3f} {0.kept:.4f}".format(of_family[name]) for name in worst_first
    }


def of_each_language(sets: Sequence[Scored], odds: Odds) -> list[Family]:
    """The judged lines of each language, of all sets together."""
    languages = sorted({str(code) for s in sets for code in np.unique(s.language[~np.isnan(odds[s.name])])})
    return [
        Family(
            code, sets, [np.where(s.language == code, odds[s.name], np.nan) for s in sets], LOST_OF_LANGUAGE
        )
        for code in languages
    ]


def beyond(family: Family, thresholds: tuple[float, float]) -> float:
    """How much higher both thresholds must be for a family to keep what the default is to keep of it."""
    shifts = np.arange(0, 4.01, 0.125).tolist()
    least = family.least_kept
    enough = (
        shift
        for shift in shifts
        if family.figures((thresholds[0] + shift, thresholds[1] + shift)).kept >= least
    )
    return float(next(enough, shifts[-1]))
