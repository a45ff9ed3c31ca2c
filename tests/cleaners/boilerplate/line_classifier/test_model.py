"""The forest that scores lines: its file, its scores, and what it says of them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate.line_classifier.explanations import rules
from cleaners.boilerplate.line_classifier.feature_names import FEATURE, FEATURES
from cleaners.boilerplate.line_classifier.model import (
    LEVELS,
    LineModel,
    log_odds,
    read_model,
    score,
    steps,
    write_model,
)

ABOUT = {"what": "a test"}
THRESHOLDS = {"article": (9.0, 3.0, 2.0, 1.0, 0.0), "page": (9.0, 4.0, 3.0, 2.0, 1.0)}


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    """Trees of a few levels whose numbers are exact in the file."""
    value = draw(st.integers(-64, 64)) / 16
    if not depth or draw(st.booleans()):
        return {"value": value}
    below = trees(depth=depth - 1)
    return {
        "value": value,
        "feature": draw(st.integers(0, len(FEATURES) - 1)),
        "threshold": float(draw(st.integers(-2, 3))),
        "left": draw(below),
        "right": draw(below),
    }


def walked(tree: dict[str, Any], line: Any) -> float:
    """What a tree adds to the log-odds of a line."""
    while "left" in tree:
        tree = tree["left" if line[tree["feature"]] <= tree["threshold"] else "right"]
    return float(tree["value"])


@given(forest=st.lists(trees(), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_round_trip(forest: list[dict[str, Any]], seed: int) -> None:
    """What is read back scores as the trees that were written do, and tells the same of itself."""
    text = write_model(forest, THRESHOLDS, ABOUT)
    model = read_model(text)
    features = np.random.default_rng(seed).integers(-2, 4, (8, len(FEATURES))).astype(np.float32)
    expected = [sum(walked(tree, line) for tree in forest) for line in features]
    assert log_odds(features, model).tolist() == pytest.approx(expected)
    assert (model.thresholds, model.about) == (THRESHOLDS, ABOUT)
    assert write_model(forest, THRESHOLDS, ABOUT) == text


@given(forest=st.lists(trees(), min_size=1, max_size=6), seed=st.integers(0, 99), least=st.integers(-96, 96))
def test_lines_given_up(forest: list[dict[str, Any]], seed: int, least: int) -> None:
    """Only lines are given up that stay under what is asked for, and the others score as ever."""
    model = read_model(write_model(forest, THRESHOLDS, ABOUT))
    features = np.random.default_rng(seed).integers(-2, 4, (seed % 11, len(FEATURES))).astype(np.float32)
    odds, told = log_odds(features, model), log_odds(features, model, least / 16)
    given_up = np.isneginf(told)
    assert (told[~given_up] == odds[~given_up]).all()
    assert (odds[given_up] < least / 16).all()


@given(ngrams=st.dictionaries(st.integers(1, 2**32 - 1), st.integers(-127, 127), max_size=40))
def test_ngrams_round_trip(ngrams: dict[int, int]) -> None:
    """The weights of n-grams are read back as they were written, in steps of the scale."""
    model = read_model(write_model([{"value": 1.0}], THRESHOLDS, ABOUT, ngrams=ngrams, ngram_scale=0.25))
    there = model.ngrams.keys > 0
    found = dict(zip(model.ngrams.keys[there].tolist(), model.ngrams.weights[there].tolist(), strict=True))
    assert found == {key: weight / 4 for key, weight in ngrams.items()}


@given(forest=st.lists(trees(), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_steps_add_up(forest: list[dict[str, Any]], seed: int) -> None:
    """The steps of all features lead from the values of the roots to the log-odds."""
    model = read_model(write_model(forest, THRESHOLDS, ABOUT))
    features = np.random.default_rng(seed).integers(-2, 4, (8, len(FEATURES))).astype(np.float32)
    start = sum(tree["value"] for tree in forest)
    assert (start + steps(features, model).sum(axis=1)).tolist() == pytest.approx(
        log_odds(features, model).tolist(), abs=1e-4
    )


def stump(feature: str = "words") -> LineModel:
    """A forest of one question: whether the line is short, or what another feature says."""
    tree = {
        "value": 0.0,
        "feature": FEATURE[feature],
        "threshold": 5.0,
        "left": {"value": 4.0},
        "right": {"value": -4.0},
    }
    return read_model(write_model([tree], THRESHOLDS, ABOUT))


def test_strictness() -> None:
    """The threshold falls from level to level, steadily between them, and nothing reaches that of strictness 0."""
    model = stump()
    for kind, thresholds in THRESHOLDS.items():
        assert [model.threshold_at(level, kind) for level in LEVELS[1:]] == list(thresholds[1:])
        assert model.threshold_at(0, kind) == float("inf")
    assert model.threshold_at(0.375, "article") == pytest.approx(2.5)


def test_rule_in_words() -> None:
    """A rule gives the score with two digits, never 1, and what raised it."""
    features = np.zeros((1, len(FEATURES)), np.float32)
    assert rules(features, log_odds(features, stump()), stump()) == ["line score 0.98: short"]
    assert rules(features, np.array([20.0], np.float32), stump()) == ["line score 0.99: short"]
    assert score(0) == 0.5


@pytest.mark.parametrize(
    ("feature", "line", "words"),
    [
        ("from_top", {"prose_before": 1, "prose_after": 1}, "amid the article"),
        ("from_top", {"prose_before": 1}, "after the article"),
        ("from_top", {"prose_after": 1}, "before the article"),
        ("from_top", {}, "no article around"),
        ("boilerplate_words", {"boilerplate_words": 0.5}, "words of boilerplate"),
        ("boilerplate_words", {"boilerplate_words": 0.1, "wording": 0.2}, "worded like boilerplate"),
        ("boilerplate_words", {"boilerplate_words": 0.1, "wording": -0.2}, "wording"),
    ],
)
def test_rules_say_what_is_true(feature: str, line: dict[str, float], words: str) -> None:
    """What raised a score is told by what holds of the line, whatever else its topic may say."""
    features = np.zeros((1, len(FEATURES)), np.float32)
    for name, value in line.items():
        features[0, FEATURE[name]] = value
    model = stump(feature)
    assert rules(features, log_odds(features, model), model) == [f"line score 0.98: {words}"]


def _changed(key: str, value: object) -> str:
    content = json.loads(write_model([{"value": 1.0}], THRESHOLDS, ABOUT))
    content[key] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no model"),
        ("[]", "no model"),
        ("{}", "no model"),
        (_changed("nodes", ["nonsense"]), "no model"),
        (_changed("nodes", []), "no model"),
        (_changed("ngrams", ["nonsense"]), "no model"),
        (_changed("ngrams", [base64.b85encode(zlib.compress(b"1234")).decode()]), "no model"),
        (_changed("features", ["length"]), "other features"),
        (_changed("thresholds", [1.0]), "no model"),
        (_changed("thresholds", {"article": [1.0], "page": [1.0]}), "damaged"),
    ],
)
def test_other_files(text: str, says: str) -> None:
    """A file that is no model, or one of other features, is refused in words."""
    with pytest.raises(ValueError, match=says):
        read_model(text)
