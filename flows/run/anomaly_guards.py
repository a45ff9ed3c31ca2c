"""Whether a run stays within its history: a pure decision from tallies, made before anything is published.

A run may be wrong as a whole although every step of it did as it was told: a site puts a consent page where its
articles were, and every document after the first goes as a duplicate; a new charset turns into mojibake; a parser
upstream breaks. What such runs have in common is a share that was never so high:

    removed               words that were removed, of all words; and so by each reason
    rejected             inputs that could not be read, of all inputs
    mojibake             paragraphs that were repaired, of all paragraphs
    cluster              documents in which one and the same paragraph was removed as a duplicate, of all documents

Each is judged for the whole run and for each source. A share `p` is held against those of the source's last runs:

- `m` is the median of the means of up to ten blocks of consecutive runs (Nemirovski and Yudin 1983; Lugosi and
  Mendelson 2019), so that neither one odd run moves it, nor many runs without any removal pull it to nothing.
- The n documents of a run give a share of `p` or more with a chance of at most `exp(-n KL(p, m))`, where
  `KL(p, m) = p ln(p / m) + (1 - p) ln((1 - p) / (1 - m))`: Hoeffding (1963), theorem 1, which holds for any share of
  words of a document, not only for all or nothing. As documents weigh by their words, n is Kish's effective size,
  `(sum w)^2 / sum w^2`.
- Real shares vary more than independent documents would. As in Laney's p' chart (2002), the spread of the history's
  standardised shares `z = (p_i - m) / sqrt(m (1 - m) / n_i)` tells how much: n is divided by
  `max(1, (1.4826 median |z|)^2)`, the median absolute deviation in place of Laney's moving range.

A run is held where such a chance is under `max_chance`, and the share is `min_rise` or more above `m` and above that of
every run of the history that has at least half its size. So a run that was held and then published by hand teaches the
guard: the next one like it is no surprise. A fall takes no text away, and is not held.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from flows.dataset.source_stats import KEY, MEASURES, shares
from flows.settings.model import Guards

BLOCKS: Final = 10
#: The least and the most that a history is taken to have, which a few runs without any removal do not prove.
FLOOR: Final = 0.01
MAD: Final = 1.4826  # times the median absolute deviation is the standard deviation of a normal distribution

_WORDS: Final = {
    "removed": "of words removed",
    "rejected": "of inputs rejected",
    "mojibake": "of paragraphs repaired",
    "cluster": "of documents repeat one and the same paragraph",
}


@dataclass(frozen=True)
class Anomaly:
    """A share for which a run is held."""

    source: str | None  # None: the whole run
    measure: str  # one of `source_stats.MEASURES`
    share: float
    documents: int  # of the source, or of the whole run
    usual: float | None  # what it is in the history, None where a configured bound was passed
    runs: int  # of the history
    bound: float | None  # that was passed

    def __str__(self) -> str:
        """As a person is told."""
        who = "the whole run" if self.source is None else self.source or "documents without a source"
        what = _WORDS.get(self.measure, f"of words removed as {self.measure}")
        past = (
            f"[guards.bounds] {self.measure} = {self.bound:g}"
            if self.usual is None
            else f"{self.usual:.1%} in its last {self.runs} runs"
        )
        return f"{who}: {self.share:.1%} {what} ({self.documents:,} documents); {past}"


def find_anomalies(history: pl.DataFrame, now: pl.DataFrame, guards: Guards) -> list[Anomaly]:
    """What of a run leaves its history or passes a bound, the whole run first, then by source.

    `history` and `now` have the columns of `source_stats.SCHEMA`; `history` is in the order of the runs and has of each
    source the last ones, as `source_stats.last_of_each` gives them, `now` is of this run alone.
    """
    if not guards.enabled:
        return []
    mine = shares(now)
    # nothing under the least rise is ever held, and of most sources nothing is over it
    high = mine.filter(pl.col("share") >= guards.min_rise)
    past = shares(_of(history, high, KEY))
    found = [*_past_bounds(mine, guards), *_past_history(_of(past, high, (*KEY, "measure")), high, guards)]
    first: dict[tuple[str | None, str], Anomaly] = {}
    for finding in found:
        first.setdefault((finding.source, finding.measure), finding)
    order = {measure: n for n, measure in enumerate(MEASURES)}
    return sorted(first.values(), key=lambda f: (f.source is not None, f.source or "", order[f.measure]))


def _of(rows: pl.DataFrame, some: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows, in their order, whose key is one of these."""
    return rows.join(some, on=key, how="semi", nulls_equal=True, maintain_order="left")


def _past_bounds(mine: pl.DataFrame, guards: Guards) -> Iterator[Anomaly]:
    bounds = pl.DataFrame(
        [
            (measure, getattr(guards.bounds, measure))
            for measure in MEASURES
            if hasattr(guards.bounds, measure)
        ],
        schema={"measure": pl.String, "bound": pl.Float64},
        orient="row",
    )
    past = mine.join(bounds, on="measure").filter(
        (pl.col("share") > pl.col("bound"))
        & (pl.col("whole") | (pl.col("documents") >= guards.bounds.min_documents))
    )
    for row in past.iter_rows(named=True):
        yield Anomaly(_named(row), row["measure"], row["share"], row["documents"], None, 0, row["bound"])


def _past_history(past: pl.DataFrame, mine: pl.DataFrame, guards: Guards) -> Iterator[Anomaly]:
    """What has a history that is long enough, and leaves it."""
    key = [*KEY, "measure"]
    p, m, n = pl.col("share"), pl.col("usual").clip(FLOOR, 1 - FLOOR), pl.col("size")
    # the means of blocks of consecutive runs, then their median
    of_key = past.with_columns(
        (pl.int_range(pl.len()) * BLOCKS // pl.len().clip(lower_bound=BLOCKS)).over(key).alias("block")
    )
    usual = (
        of_key.group_by([*key, "block"], maintain_order=True)
        .agg(((p * n).sum() / n.sum()).fill_nan(0).alias("usual"))
        .group_by(key, maintain_order=True)
        .agg(pl.col("usual").median())
    )
    known = past.join(usual, on=key, nulls_equal=True, maintain_order="left")
    z = (p - m) / (m * (1 - m) / n.clip(lower_bound=1)).sqrt()
    about = known.group_by(key, maintain_order=True).agg(
        pl.col("usual").first(),
        pl.len().alias("runs"),
        pl.col("documents").sum().alias("documents_before"),
        ((MAD * z.abs().median()) ** 2).clip(lower_bound=1).alias("dispersion"),
    )
    judged = (
        mine.join(about, on=key, nulls_equal=True)
        .filter(
            (pl.col("runs") >= guards.min_runs) | (pl.col("documents_before") >= guards.min_documents),
            p >= m + guards.min_rise,
        )
        .with_columns((n / pl.col("dispersion") * _divergence(p, m)).alias("surprise"))
        .filter(pl.col("surprise") > -math.log(guards.max_chance))
    )
    seen = (
        judged.select(*key, p.alias("now"), n.alias("size_now"))
        .join(past, on=key, nulls_equal=True)
        .filter(n >= pl.col("size_now") / 2, pl.col("now") < p + guards.min_rise)
    )
    for row in judged.join(seen, on=key, nulls_equal=True, how="anti").iter_rows(named=True):
        yield Anomaly(
            _named(row), row["measure"], row["share"], row["documents"], row["usual"], row["runs"], None
        )


def _divergence(p: pl.Expr, m: pl.Expr) -> pl.Expr:
    """KL(p, m) of two Bernoulli shares, in nats; `m` is neither 0 nor 1."""
    of = pl.when(p > 0).then(p * (p / m).log()).otherwise(0.0)
    rest = pl.when(p < 1).then((1 - p) * ((1 - p) / (1 - m)).log()).otherwise(0.0)
    return of + rest


def _named(row: dict[str, object]) -> str | None:
    """The source of a row: None for the whole run, "" where its documents name none."""
    return None if row["whole"] else str(row["source"] or "")
