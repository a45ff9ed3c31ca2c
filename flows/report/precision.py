"""How many removals are right, by reason, as far as a person has looked at them."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import polars as pl

from flows.dataset.reviews import RIGHT, WRONG

CONFIDENCE: Final = 0.95


class Precision(NamedTuple):
    """The marks of one reason, and its precision with the interval."""

    reason: str
    right: int
    wrong: int
    precision: float
    low: float
    high: float


def precision_by_reason(marks: pl.DataFrame) -> list[Precision]:
    """The precision of each reason that was marked, the most marked first; then of all, if there are several.

    `marks` has the columns reason and mark.
    """
    counted = marks.group_by("reason").agg(
        (pl.col("mark") == RIGHT).sum().alias("right"), (pl.col("mark") == WRONG).sum().alias("wrong")
    )
    counted = counted.sort(-(pl.col("right").cast(pl.Int64) + pl.col("wrong")), "reason")
    rows = [_precision(*row) for row in counted.iter_rows()]
    if len(rows) > 1:
        rows.append(_precision("all", sum(row.right for row in rows), sum(row.wrong for row in rows)))
    return rows


def _precision(reason: str, right: int, wrong: int) -> Precision:
    return Precision(reason, right, wrong, right / (right + wrong), *wilson(right, right + wrong))


def wilson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval in which a share lies with this confidence, if `hits` of `trials` were found.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212. Unlike the usual p +- z sqrt(p (1 - p) / n), it holds
    for few trials, and for shares near 0 and 1. Raises ValueError without trials.

    >>> [round(bound, 4) for bound in wilson(9, 10)]
    [0.5958, 0.9821]
    >>> [round(bound, 4) for bound in wilson(10, 10)]
    [0.7225, 1.0]
    """
    if not 0 <= hits <= trials or not trials:
        raise ValueError(f"{hits} of {trials} is no share")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == trials else middle + half)
