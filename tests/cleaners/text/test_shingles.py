"""Shingles of texts."""

from __future__ import annotations

import polars as pl

from cleaners.duplicate.containment import figure_sets
from cleaners.text.shingles import shingle_sets


def test_texts_are_only_read() -> None:
    """Texts that are normalised before they are compared stay as they were for whoever gave them."""
    texts = ["Die Straße (7.T) liegt im ﬁnsteren Tal.", "It rained on ①."]
    given = pl.Series(texts)
    shingle_sets(given, 3)
    figure_sets(given)
    assert given.to_list() == texts
