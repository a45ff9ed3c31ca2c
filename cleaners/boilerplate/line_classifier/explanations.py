"""Explanations of scores: what raised the score of a line, in words."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaners.boilerplate.line_classifier.context import BOILERPLATE_PHRASE
from cleaners.boilerplate.line_classifier.fast_accept import FEW_BOILERPLATE_WORDS
from cleaners.boilerplate.line_classifier.feature_names import FEATURE, FEATURES
from cleaners.boilerplate.line_classifier.model import LineModel, contributions, score
from cleaners.boilerplate.line_classifier.shape import (
    BEGIN_BULLET,
    BEGIN_SMALL,
    END_COLON,
    END_ELLIPSIS,
    END_STOP,
)
from cleaners.kernels import F32

MAX_EXPLAINED: Final = 3  # causes in one explanation

_SHORT_LINE_WORDS: Final = 10
#: Causes that are true of most lines: they are given only where there is no other.
_WEAK_EXPLANATIONS: Final = (
    "unlike the title",
    "document of prose",
    "amid the article",
    "wording",
    "no figures",
    "no phrase",
)
_BY_TOPIC: Final = {
    "length": ("words", "characters"),
    "ending": ("ending", "sentences", "short_words"),
    "beginning": ("beginning",),
    "capitals": ("capitalised", "upper"),
    "figures": ("digits", "figures"),
    "marks": ("symbols", "separators", "table", "commas", "quotes"),
    "address": ("address", "addresses_near"),
    "words": ("boilerplate_words", "wording"),
    "words near": ("boilerplate_words_near", "wording_near"),
    "body": ("shared", "word_length", "caseless"),
    "title": ("title",),
    "repeats": ("repeats", "repeats_near"),
    "phrase": ("mark",),
    "phrases near": ("mark_above", "mark_below", "marks_near", "marks_around", "mark_density"),
    "removed": ("removed_above", "removed_below"),
    "neighbours": (
        *("words_above", "words_below", "words_near", "prose_near", "ending_above", "ending_below"),
        *("run", "run_above", "run_words", "run_opening", "shared_near", "capitalised_near"),
    ),
    "alike": ("like_above", "like_below", "like_near"),
    "place": (
        *("to_prose_above", "to_prose_below", "prose_before", "prose_after"),
        *("place", "from_top", "from_bottom"),
    ),
    "document": ("lines", "prose_lines", "prose_words", "mean_words"),
}
_TOPICS: Final = tuple(_BY_TOPIC)
_TOPIC_OF: Final = {feature: topic for topic, features in _BY_TOPIC.items() for feature in features}
_FEATURE_IN_TOPIC: Final = np.array(
    [[_TOPIC_OF[f] == topic for topic in _TOPICS] for f in FEATURES], np.float32
)


def explain_scores(features: F32, odds: F32, model: LineModel) -> list[str]:
    """The explanation of each line: its score and up to three causes, such as "0.97: short, no sentence".

    `features` has the shape (lines, FEATURES), `odds` (lines,) are their log-odds under `model`. The causes are the
    topics whose features raised the log-odds most, the strongest first. The score is never given as 1.
    """
    raised = contributions(features, model) @ _FEATURE_IN_TOPIC
    order = np.argsort(-raised, axis=1, kind="stable")
    # single numbers are read faster from lists than from arrays
    rows = zip(odds, order.tolist(), raised.tolist(), features.tolist(), strict=True)
    return [
        f"{min(score(own), 0.99):.2f}: {', '.join(_explain_line(topics, by, line))}"
        for own, topics, by, line in rows
    ]


def _explain_line(topics: list[int], raised: list[float], line: list[float]) -> list[str]:
    """The causes that raised a score most, in words; weak ones only where there are no others."""
    much: dict[str, None] = {}  # dicts as ordered sets
    little: dict[str, None] = {}
    for topic in topics:
        if raised[topic] <= 0 or len(much) == MAX_EXPLAINED:
            break
        words = _explain_topic(_TOPICS[topic], line)
        (little if words in _WEAK_EXPLANATIONS else much)[words] = None
    return list(much or little)[:MAX_EXPLAINED] or ["in sum"]


def _explain_topic(topic: str, line: list[float]) -> str:
    """What the features of a topic say about a line, in words."""

    def of(name: str) -> float:
        return line[FEATURE[name]]

    match topic:
        case "length":
            return "short" if of("words") < _SHORT_LINE_WORDS else "long"
        case "ending":
            endings = {END_ELLIPSIS: "cut off", END_COLON: "ends with a colon", END_STOP: "few sentences"}
            return endings.get(int(of("ending")), "no sentence")
        case "beginning":
            beginnings = {BEGIN_BULLET: "bullet", BEGIN_SMALL: "begins in mid-sentence"}
            return beginnings.get(int(of("beginning")), "beginning of a label")
        case "capitals":
            return "capitals" if of("upper") > 0.5 or of("capitalised") > 0.5 else "few capitals"
        case "figures":
            return "figures" if of("digits") > 0 else "no figures"
        case "marks":
            return "separators" if of("separators") + of("symbols") > 0 else "no commas or quotes"
        case "address":
            return "address" if of("address") > 0 else "addresses near"
        case "words":
            if of("boilerplate_words") > FEW_BOILERPLATE_WORDS:
                return "words of boilerplate"
            return "worded like boilerplate" if of("wording") > 0 else "wording"
        case "words near":
            return "words of boilerplate near"
        case "body":
            return "nothing that the article speaks of" if of("shared") < 0.5 else "wording"
        case "title":
            return "like the title" if of("title") > 0.3 else "unlike the title"
        case "repeats":
            return "repeated" if of("repeats") > 1 else "repeated lines near"
        case "phrase":
            return "phrase found" if of("mark") >= BOILERPLATE_PHRASE else "no phrase"
        case "phrases near":
            return "phrases found near"
        case "removed":
            return "neighbours removed"
        case "neighbours":
            return "among short lines" if of("words_near") < 2 * _SHORT_LINE_WORDS else "beside long lines"
        case "alike":
            return "like the lines around"
        case "place":
            after, before = of("prose_before") > 0, of("prose_after") > 0
            if after and before:
                return "amid the article"
            return "after the article" if after else "before the article" if before else "no article around"
        case _:
            return "document of short lines" if of("prose_lines") < 0.5 else "document of prose"
