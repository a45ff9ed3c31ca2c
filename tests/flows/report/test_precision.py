"""Precision by reason, with an interval that holds for few marks."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.report.precision import precision_by_reason, wilson


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # the values that Newcombe (1998) prints in his table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_published_values(hits: int, trials: int, low: float, high: float) -> None:
    """Examples of R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872."""
    assert tuple(round(bound, 4) for bound in wilson(hits, trials)) == (low, high)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(counts: tuple[int, int]) -> None:
    """It lies between 0 and 1 around the share, and is mirrored if right and wrong change places."""
    hits, trials = counts
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    assert low < high
    mirrored = wilson(trials - hits, trials)
    assert math.isclose(mirrored[0], 1 - high, abs_tol=1e-9)
    assert math.isclose(mirrored[1], 1 - low, abs_tol=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_share(hits: int, trials: int) -> None:
    """Without trials there is no interval."""
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, trials)


def test_reasons_are_counted_apart_and_together() -> None:
    """The most marked reason first, all of them last; with one reason there is no sum."""
    rows = [("b", "right")] * 3 + [("b", "wrong")] + [("a", "right")]
    marks = pl.DataFrame(rows, schema=["reason", "mark"], orient="row")
    assert [(row.reason, row.right, row.wrong, row.precision) for row in precision_by_reason(marks)] == [
        ("b", 3, 1, 0.75),
        ("a", 1, 0, 1.0),
        ("all", 4, 1, 0.8),
    ]
    assert len(precision_by_reason(marks.filter(reason="a"))) == 1
    assert precision_by_reason(marks.clear()) == []
