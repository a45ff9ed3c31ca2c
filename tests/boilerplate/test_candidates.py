"""What training knows of the candidates before they are scored."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from boilerplate.candidates import may_be_removed, must_be_sure, ngrams_of
from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.classify import features_of
from cleaners.boilerplate.line_classifier.ngrams import MAX_NGRAMS, line_ngrams, ngram_weights
from cleaners.phrases.search import search
from cleaners.text.utf8 import utf8
from flows.settings import Settings, phrases_of
from support import frame_of

PHRASES = phrases_of(Settings())
PROSE = [
    "The northern ferry will sail again on Monday, the harbour master told the council on Thursday evening.",
    "Crews had stayed ashore for nine days, after the company had cut their pay without a word to anybody.",
]
FOOTER = ["Share on Facebook", "Sign up for our newsletter"]


@given(
    texts=st.lists(st.text(alphabet="ab 1.|漢", max_size=12), min_size=1, max_size=6), seed=st.integers(0, 9)
)
def test_many_lines(texts: list[str], seed: int) -> None:
    """The n-grams of several lines are those of each line, one line after the other."""
    data, offsets = utf8(pl.Series(texts))
    rows = np.flatnonzero(np.random.default_rng(seed).integers(0, 2, len(texts)))
    keys, ends = ngrams_of(data, offsets, rows, *characters())
    out = np.zeros(MAX_NGRAMS, np.uint32)
    expected = [
        out[: line_ngrams(data, offsets[row], offsets[row + 1], *characters(), out)].tolist() for row in rows
    ]
    assert [keys[a:b].tolist() for a, b in pairwise(ends)] == expected


def test_which_must_be_sure() -> None:
    """Entries of lists must be sure; lines of the footer need not be."""
    entries = ["Friday 12 March", "Friday 19 March"]
    frame = frame_of([*PROSE, *entries, "Ada Finch", *FOOTER, "Harbour weekly"])
    rows, features = features_of(frame, search(frame, PHRASES), PHRASES, ngram_weights({}))
    sure, *_ = must_be_sure(frame, rows, features)
    assert frame["text"].gather(rows[sure]).to_list() == entries


def test_what_may_be_removed() -> None:
    """A quotation may not be removed whatever its score, a line of the footer may."""
    frame = frame_of([*PROSE, *FOOTER, "“Harbour weekly”"])
    found = search(frame, PHRASES)
    rows, features = features_of(frame, found, PHRASES, ngram_weights({}))
    of_article, _, _ = may_be_removed(frame, found, rows, features)
    may = dict(zip(frame["text"].gather(rows), of_article, strict=True))
    assert [bool(may[line]) for line in (*FOOTER, "“Harbour weekly”")] == [True, True, False]


def test_forms_by_wording() -> None:
    """A line that introduces a quotation may be removed only if it is worded like boilerplate."""
    frame = frame_of([*PROSE, "The mate:", "“Harbour weekly”", *FOOTER])
    found = search(frame, PHRASES)
    rows, features = features_of(frame, found, PHRASES, ngram_weights({}))
    may = may_be_removed(frame, found, rows, features)
    (place,) = np.flatnonzero(frame["text"].gather(rows) == "The mate:")
    assert may[:, place].tolist() == [False, True, True]
