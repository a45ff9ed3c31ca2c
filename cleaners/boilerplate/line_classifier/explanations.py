"""What moved the score of a line, in words."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaners.boilerplate.line_classifier.context import HIT
from cleaners.boilerplate.line_classifier.fast_accept import FEW_BOILERPLATE_WORDS
from cleaners.boilerplate.line_classifier.feature_names import FEATURE, FEATURES
from cleaners.boilerplate.line_classifier.model import LineModel, score, steps
from cleaners.boilerplate.line_classifier.shape import (
    BEGIN_BULLET,
    BEGIN_SMALL,
    END_COLON,
    END_ELLIPSIS,
    END_STOP,
)
from cleaners.boilerplate.line_classifier.vocabulary import F32

MOST: Final = 3  # things that a rule tells

_WORDS: Final = 10
#: What is true of most lines.
_LITTLE: Final = (
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
_MEMBER: Final = np.array([[_TOPIC_OF[f] == topic for topic in _TOPICS] for f in FEATURES], np.float32)


def rules(features: F32, odds: F32, model: LineModel) -> list[str]:
    """The rule of each removed line: its score, and the two or three things that raised it most."""
    raised = steps(features, model) @ _MEMBER
    order = np.argsort(-raised, axis=1, kind="stable")
    # of Python's own numbers one after the other is quickly looked at
    rows = zip(odds, order.tolist(), raised.tolist(), features.tolist(), strict=True)
    return [
        f"line score {min(score(own), 0.99):.2f}: {', '.join(_reasons(topics, by, line))}"
        for own, topics, by, line in rows
    ]


def _reasons(topics: list[int], raised: list[float], line: list[float]) -> list[str]:
    """What raised a score most, each in words; what says little only where there is nothing else."""
    much: dict[str, None] = {}  # in that order, and each once
    little: dict[str, None] = {}
    for topic in topics:
        if raised[topic] <= 0 or len(much) == MOST:
            break
        words = _in_words(_TOPICS[topic], line)
        (little if words in _LITTLE else much)[words] = None
    return list(much or little)[:MOST] or ["in sum"]


def _in_words(topic: str, line: list[float]) -> str:
    """What a topic's features say of a line."""

    def of(name: str) -> float:
        return line[FEATURE[name]]

    match topic:
        case "length":
            return "short" if of("words") < _WORDS else "long"
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
            return "phrase found" if of("mark") >= HIT else "no phrase"
        case "phrases near":
            return "phrases found near"
        case "removed":
            return "neighbours removed"
        case "neighbours":
            return "among short lines" if of("words_near") < 2 * _WORDS else "beside long lines"
        case "alike":
            return "like the lines around"
        case "place":
            after, before = of("prose_before") > 0, of("prose_after") > 0
            if after and before:
                return "amid the article"
            return "after the article" if after else "before the article" if before else "no article around"
        case _:
            return "document of short lines" if of("prose_lines") < 0.5 else "document of prose"
