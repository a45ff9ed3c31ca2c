"""What wordings teach: beside what the cleaner makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from boilerplate.scoring import Scored, after_rules
from boilerplate.sets import Document, LabelledSet
from boilerplate.wording import Wordings
from cleaners.boilerplate.line_classifier.classify import features_of
from cleaners.boilerplate.line_classifier.feature_names import FEATURE
from cleaners.boilerplate.line_classifier.ngrams import ngram_weights
from cleaners.phrases.search import search
from flows.settings import Settings, phrases_of

PROSE = "The ferry to the island sails again from Monday on, said the harbour master, who had counted the passengers."


def gazette(number: int) -> Document:
    """An article of a paper of its own, with a subhead and boilerplate that no phrase knows."""
    lines = [PROSE, "Tides and winds", PROSE, "Harbour dues", PROSE, "Zorble this page", "Quux zorble"]
    return Document(
        f"d{number}",
        f"paper-{number}.example",
        "en",
        None,
        lines,
        [line[:4] not in ("Zorb", "Quux") for line in lines],
    )


LABELLED = LabelledSet("gazettes", "real", [gazette(n) for n in range(12)])


@pytest.fixture(scope="module")
def lines() -> Scored:
    """The set after the rules."""
    return after_rules(LABELLED)


def fifth(scored: Scored) -> np.ndarray:
    """The lines of one document."""
    return np.asarray(scored.document == "d5")


def test_words_of_boilerplate(lines: Scored) -> None:
    """Words that several hands' boilerplate has weigh above 0, those of their articles below."""
    wording = Wordings([lines]).learn(lambda s: ~fifth(s)).wording["gazettes"]
    text = lines.text[lines.rows]
    assert (wording[text == "Quux zorble"] > 0.1).all()
    assert (wording[text == "Harbour dues"] < -0.1).all()


def test_a_hand_is_not_asked_of_itself() -> None:
    """Words that one hand alone has say nothing of its own lines, though they are learned from them."""
    alone = Document("own", "own.example", "en", None, [PROSE, *["Frobnicate"] * 4], [True, *[False] * 4])
    others = [gazette(n) for n in range(12)]
    lines = after_rules(LabelledSet("gazettes", "real", [*others, alone]))
    wording = Wordings([lines]).learn(lambda s: np.ones(len(s.keep), np.bool_)).wording["gazettes"]
    assert set(wording[lines.text[lines.rows] == "Frobnicate"]) == {0.0}


def test_as_the_cleaner_has_it(lines: Scored) -> None:
    """Of lines that were not learned from, the features are those that the cleaner makes with the same weights."""
    learned = Wordings([lines]).learn(lambda s: ~fifth(s))
    phrases = phrases_of(Settings())
    frame = LABELLED.frame()
    table = ngram_weights({key: weight * learned.scale for key, weight in learned.weights.items()})
    rows, features = features_of(frame, search(frame, phrases), phrases, table, accepted=True)
    mine = fifth(lines)[rows]
    assert rows.tolist() == lines.rows.tolist()
    assert learned.features(lines)[mine] == pytest.approx(features[mine], abs=1e-4)
    assert np.ptp(features[mine, FEATURE["wording"]]) > 0.1
