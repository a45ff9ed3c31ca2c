"""Patterns that are compiled once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_series_equal

from cleaners.text.matching import matches

TEXT = pl.Series("text", ["By Nora Quill", None, "", "14 May"])


@pytest.mark.parametrize("pattern", ["[0-9]", "^By ", "(?i)QUILL$", r"^\p{Lu}|^$"])
def test_matches_what_polars_matches(pattern: str) -> None:
    """The answer is that of polars, name and nulls included, for no text too."""
    assert_series_equal(matches(TEXT, pattern), TEXT.str.contains(pattern))
    assert_series_equal(matches(TEXT.clear(), pattern), TEXT.clear().str.contains(pattern))


def test_a_wrong_pattern_is_told() -> None:
    """What polars says of a pattern that is none comes through."""
    with pytest.raises(pl.exceptions.ComputeError):
        matches(TEXT, "(")


def test_from_several_threads() -> None:
    """Threads may ask at the same time."""
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda n: matches(TEXT, f"^{n % 2}4 May"), range(40)):
            assert len(found) == len(TEXT)
