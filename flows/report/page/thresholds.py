"""Similarities of the duplicates of a run, the chance that a pair is compared, and what other settings would remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from flows.report.page.reading import RunTables
from flows.report.page.sampling import least_score

BIN: Final = 0.01  # of Jaccard similarities


class Similarities(NamedTuple):
    """How similar the near-duplicates of a run are to their witnesses."""

    threshold: float
    bins: tuple[
        tuple[float, int], ...
    ]  # (lower bound of the bin, paragraphs); the last bin has the identical ones
    near_duplicates: int
    same_tokens: int
    kept: tuple[tuple[float, int], ...]  # bins of kept paragraphs that are about as similar to another one
    bands: tuple[int, int] | None  # of MinHash: bands and rows of each; None for the method "exact"
    others: tuple[
        tuple[float, int], ...
    ]  # (threshold, paragraphs that it would have removed; about, if it is lower)


def similarities(run: RunTables, settings: Mapping[str, Any], near: Mapping[int, float]) -> Similarities:
    """The Jaccard similarities of removed and labelled duplicates, binned, and what other thresholds would find.

    `near` is `NearMisses.bins`: hundredths of Jaccard -> kept paragraphs. What lower thresholds would have removed is
    estimated from it, without the paragraphs that would have lost their witness.
    """
    threshold = float(settings["duplicate"]["threshold"])
    jaccard = pl.col("jaccard").cast(pl.Float64)
    # a similarity is a fraction of whole numbers: 0.8 is not below 0.80, whatever its last bit
    place = ((jaccard + 1e-6) / BIN).floor().cast(pl.Int32).alias("bin")
    rows = (
        run.found()
        .filter(pl.col("jaccard").is_not_null())
        .group_by(place, pl.col("rule").str.starts_with("same tokens").alias("same"))
        .len()
        .collect()
    )
    same = int(rows.filter("same")["len"].sum())
    counts: dict[int, int] = {}
    for at, number in rows.filter(~pl.col("same")).select("bin", "len").iter_rows():
        counts[at] = counts.get(at, 0) + number
    first = round(threshold / BIN)
    bins = tuple((round(n * BIN, 4), counts.get(n, 0)) for n in range(min([first, *counts]), round(1 / BIN)))
    near_duplicates = sum(counts.values())
    kept = tuple((at / 100, round(number)) for at, number in sorted(near.items()) if at < first)

    def removed_at(value: float) -> int:
        at = round(value / BIN)
        more = sum(n for place, n in near.items() if at <= place < first)
        return same + round(more) + sum(n for place, n in counts.items() if place >= at)

    lowest = threshold - 0.2 if near else threshold
    grid = sorted({threshold, *(n / 20 for n in range(21) if n / 20 >= lowest - 1e-9)})
    others = tuple((value, removed_at(value)) for value in grid)
    return Similarities(threshold, bins, near_duplicates, same, kept, bands_of(settings), others)


def bands_of(settings: Mapping[str, Any]) -> tuple[int, int] | None:
    """(bands, rows of each band) with which a run looked for candidates; None if it did so without MinHash."""
    from cleaners.duplicate.fingerprints import uses_bands
    from cleaners.duplicate.minhash import bands

    if not uses_bands(settings["duplicate"]["method"], settings["duplicate"]["measure"]):
        return None
    return bands(float(settings["duplicate"]["threshold"]))


def chance(similarity: float, bands: int, rows: int) -> float:
    """The chance that a pair of this Jaccard similarity shares a band, so that it is compared: 1 - (1 - s^r)^b.

    Leskovec, Rajaraman and Ullman: Mining of Massive Datasets, 3.4.2.

    >>> round(chance(0.5, 25, 5), 3)
    0.548
    """
    return float(1 - (1 - similarity**rows) ** bands)


class Scores(NamedTuple):
    """The scores of the lines that the line classifier removed."""

    strictness: float
    bins: tuple[tuple[float, int], ...]  # (score to two decimals, lines)
    removed: int
    others: tuple[
        tuple[float, int], ...
    ]  # (this strictness or a lower one, lines that it would have removed)
    least: Mapping[str, float]  # kind of document -> the lowest score for which a line is removed


def scores(run: RunTables, settings: Mapping[str, Any]) -> Scores | None:
    """The scores of removed and labelled lines, and what lower strictness would find; None if nothing has a score."""
    score = pl.col("detail").str.extract(r"^(\d\.\d+):", 1).cast(pl.Float64, strict=False)
    rows = (
        run.found()
        .filter(pl.col("rule") == "line score")
        .group_by((score * 100).round().cast(pl.Int32).alias("score"))
        .len()
        .drop_nulls()
        .collect()
        .sort("score")
    )
    if rows.is_empty():
        return None
    strictness = float(settings["boilerplate"]["strictness"])
    counts = {int(at): int(number) for at, number in rows.iter_rows()}
    others = tuple((value, _removed_at(value, strictness, counts)) for value in _levels(strictness))
    bins = tuple((n / 100, counts.get(n, 0)) for n in range(min(counts), 100))
    least = {kind: least_score(strictness, kind) for kind in ("article", "page")}
    return Scores(strictness, bins, sum(counts.values()), others, least)


def _levels(strictness: float) -> list[float]:
    return [*(n / 10 for n in range(1, 10) if n / 10 < strictness - 1e-9), strictness]


def _removed_at(value: float, strictness: float, counts: Mapping[int, int]) -> int:
    """How many lines of these scores a lower strictness removes.

    A line whose score is too low for an article is one of a document that is a whole page.
    """
    article, page = (least_score(strictness, kind) for kind in ("article", "page"))
    needed = {"article": least_score(value, "article"), "page": least_score(value, "page")}
    of_article = {at: at / 100 >= round(article, 2) or page >= article for at in counts}
    return sum(
        number
        for at, number in counts.items()
        if value >= strictness or at / 100 >= round(needed["article" if of_article[at] else "page"], 2)
    )
