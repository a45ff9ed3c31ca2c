"""The model that scores lines: its file, its scores, and their explanations."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest
from boilerplate.model_file import write_model
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate.line_classifier.explanations import explain_scores
from cleaners.boilerplate.line_classifier.feature_names import FEATURE, FEATURES
from cleaners.boilerplate.line_classifier.model import (
    LEVELS,
    LineModel,
    contributions,
    log_odds,
    read_model,
    score,
)

ABOUT = {"what": "a test"}
THRESHOLDS = {"article": (9.0, 3.0, 2.0, 1.0, 0.0), "page": (9.0, 4.0, 3.0, 2.0, 1.0)}


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    """Trees of a few levels, with numbers that the file stores exactly."""
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
    """What a tree adds to the log-odds of a line, in plain Python."""
    while "left" in tree:
        tree = tree["left" if line[tree["feature"]] <= tree["threshold"] else "right"]
    return float(tree["value"])


@given(forest=st.lists(trees(), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_round_trip(forest: list[dict[str, Any]], seed: int) -> None:
    """A model that is read back gives the scores of the trees that were written, and has the same metadata."""
    text = write_model(forest, THRESHOLDS, ABOUT)
    model = read_model(text)
    features = np.random.default_rng(seed).integers(-2, 4, (8, len(FEATURES))).astype(np.float32)
    expected = [sum(walked(tree, line) for tree in forest) for line in features]
    assert log_odds(features, model).tolist() == pytest.approx(expected)
    assert (model.thresholds, model.about) == (THRESHOLDS, ABOUT)
    assert write_model(forest, THRESHOLDS, ABOUT) == text


@given(forest=st.lists(trees(), min_size=1, max_size=6), seed=st.integers(0, 99), least=st.integers(-96, 96))
def test_early_exit(forest: list[dict[str, Any]], seed: int, least: int) -> None:
    """Minus infinity is returned only for lines below `least`; all other log-odds are unchanged."""
    model = read_model(write_model(forest, THRESHOLDS, ABOUT))
    features = np.random.default_rng(seed).integers(-2, 4, (seed % 11, len(FEATURES))).astype(np.float32)
    odds, bounded = log_odds(features, model), log_odds(features, model, least / 16)
    excluded = np.isneginf(bounded)
    assert (bounded[~excluded] == odds[~excluded]).all()
    assert (odds[excluded] < least / 16).all()


@given(ngrams=st.dictionaries(st.integers(1, 2**32 - 1), st.integers(-127, 127), max_size=40))
def test_ngrams_round_trip(ngrams: dict[int, int]) -> None:
    """The weights of n-grams are read back as they were written, multiplied by the scale."""
    model = read_model(write_model([{"value": 1.0}], THRESHOLDS, ABOUT, ngrams=ngrams, ngram_scale=0.25))
    there = model.ngrams.keys > 0
    found = dict(zip(model.ngrams.keys[there].tolist(), model.ngrams.weights[there].tolist(), strict=True))
    assert found == {key: weight / 4 for key, weight in ngrams.items()}


@given(forest=st.lists(trees(), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_contributions_add_up(forest: list[dict[str, Any]], seed: int) -> None:
    """The contributions of all features and the values of the roots sum to the log-odds."""
    model = read_model(write_model(forest, THRESHOLDS, ABOUT))
    features = np.random.default_rng(seed).integers(-2, 4, (8, len(FEATURES))).astype(np.float32)
    start = sum(tree["value"] for tree in forest)
    assert (start + contributions(features, model).sum(axis=1)).tolist() == pytest.approx(
        log_odds(features, model).tolist(), abs=1e-4
    )


def stump(feature: str = "words") -> LineModel:
    """A model of one tree with one test: of the number of words, or of another feature."""
    tree = {
        "value": 0.0,
        "feature": FEATURE[feature],
        "threshold": 5.0,
        "left": {"value": 4.0},
        "right": {"value": -4.0},
    }
    return read_model(write_model([tree], THRESHOLDS, ABOUT))


def test_strictness() -> None:
    """The threshold falls from level to level, linearly between them, and is infinite at strictness 0."""
    model = stump()
    for kind, thresholds in THRESHOLDS.items():
        assert [model.threshold_at(level, kind) for level in LEVELS[1:]] == list(thresholds[1:])
        assert model.threshold_at(0, kind) == float("inf")
    assert model.threshold_at(0.375, "article") == pytest.approx(2.5)


def test_explanation() -> None:
    """An explanation gives the score with two digits, never 1, and what raised it."""
    features = np.zeros((1, len(FEATURES)), np.float32)
    assert explain_scores(features, log_odds(features, stump()), stump()) == ["0.98: short"]
    assert explain_scores(features, np.array([20.0], np.float32), stump()) == ["0.99: short"]
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
def test_explanations_are_true(feature: str, line: dict[str, float], words: str) -> None:
    """A cause is worded by what is true of the line, not only by its topic."""
    features = np.zeros((1, len(FEATURES)), np.float32)
    for name, value in line.items():
        features[0, FEATURE[name]] = value
    model = stump(feature)
    assert explain_scores(features, log_odds(features, model), model) == [f"0.98: {words}"]


def _changed(key: str, value: object) -> str:
    content = json.loads(write_model([{"value": 1.0}], THRESHOLDS, ABOUT))
    content[key] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a model"),
        ("[]", "not a model"),
        ("{}", "not a model"),
        (_changed("nodes", ["nonsense"]), "not a model"),
        (_changed("nodes", []), "not a model"),
        (_changed("ngrams", ["nonsense"]), "not a model"),
        (_changed("ngrams", [base64.b85encode(zlib.compress(b"1234")).decode()]), "not a model"),
        (_changed("features", ["length"]), "other features"),
        (_changed("thresholds", [1.0]), "not a model"),
        (_changed("thresholds", {"article": [1.0], "page": [1.0]}), "damaged"),
    ],
)
def test_other_files(text: str, says: str) -> None:
    """A file that is not a model, or a model of other features, is refused with a reason."""
    with pytest.raises(ValueError, match=says):
        read_model(text)
