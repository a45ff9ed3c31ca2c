"""Anomaly guards: whether a run is within its history. A pure function of counts, applied before publishing.

A run can be wrong as a whole although every step worked as designed. A site replaces its articles with a consent page,
and every document after the first is removed as a duplicate. A new charset turns into mojibake. A parser upstream
breaks. Such runs have in common that some share is higher than ever before:

    removed              removed words, of all words; also for each reason
    rejected             inputs that could not be read, of all inputs
    mojibake             repaired paragraphs, of all paragraphs
    cluster              documents that lost the same paragraph as a duplicate, of all documents

Each is tested for the whole run and for each source. A share `p` is compared with those of the source's last runs:

- `m` is the median of the means of up to ten blocks of consecutive runs (Nemirovski and Yudin 1983; Lugosi and
  Mendelson 2019). One odd run does not move it, and many runs without any removal do not pull it to zero.
- The probability that the n documents of a run give a share of `p` or more is at most `exp(-n KL(p, m))`, where
  `KL(p, m) = p ln(p / m) + (1 - p) ln((1 - p) / (1 - m))`: Hoeffding (1963), theorem 1. It holds for any share of a
  document's words, not only for all or none. Documents are weighted by their words, so n is Kish's effective sample
  size, `(sum w)^2 / sum w^2`.
- Real shares vary more than those of independent documents. As in Laney's p' chart (2002), the spread of the history's
  standardised shares `z = (p_i - m) / sqrt(m (1 - m) / n_i)` measures how much more: n is divided by
  `max(1, (1.4826 median |z|)^2)`, with the median absolute deviation in place of Laney's moving range.

A run is held if this probability is below `max_chance` and the share exceeds, by at least `min_rise`, both `m` and the
share of every run in the history that is at least half its size. A held run that is then published by hand becomes
history, so the next one like it passes. A lower share than usual removes no text, and is never held.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from flows.dataset import Dataset
from flows.dataset.source_stats import KEY, MEASURES, shares
from flows.errors import Held
from flows.settings.model import Guards

#: Reasons shown for a held run.
SHOWN: Final = 10
SHOWN_CHARACTERS: Final = 200  # of the name of a source
BLOCKS: Final = 10
#: The usual share is clipped to [FLOOR, 1 - FLOOR]: a few runs without any removal do not prove a share of zero.
FLOOR: Final = 0.01
MAD: Final = (
    1.4826  # factor from the median absolute deviation of a normal distribution to its standard deviation
)

_WORDS: Final = {
    "removed": "of words removed",
    "rejected": "of inputs rejected",
    "mojibake": "of paragraphs repaired",
    "cluster": "of documents repeat the same paragraph",
}


@dataclass(frozen=True)
class Anomaly:
    """A share because of which a run is held."""

    source: str | None  # None: the whole run
    measure: str  # one of `source_stats.MEASURES`
    share: float
    documents: int  # of the source, or of the whole run
    usual: float | None  # the share in the history; None if a configured bound was exceeded
    runs: int  # of the history
    bound: float | None  # the bound that was exceeded

    def __str__(self) -> str:
        """The anomaly as a message."""
        who = "the whole run" if self.source is None else self.source or "documents without a source"
        who = who if len(who) <= SHOWN_CHARACTERS else f"{who[:SHOWN_CHARACTERS]}..."
        what = _WORDS.get(self.measure, f"of words removed as {self.measure}")
        past = (
            f"[guards.bounds] {self.measure} = {self.bound:g}"
            if self.usual is None
            else f"{self.usual:.1%} in its last {self.runs} runs"
        )
        return f"{who}: {self.share:.1%} {what} ({self.documents:,} documents); {past}"


def find_anomalies(history: pl.DataFrame, now: pl.DataFrame, guards: Guards) -> list[Anomaly]:
    """The shares of a run that leave its history or exceed a bound: first those of the whole run, then by source.

    `history` and `now` have the columns of `source_stats.SCHEMA`. `history` is in run order and has the last runs of
    each source, as from `source_stats.last_of_each`; `now` has only this run.
    """
    if not guards.enabled:
        return []
    mine = shares(now)
    # a share below `min_rise` is never held, which excludes most sources
    high = mine.filter(pl.col("share") >= guards.min_rise)
    past = shares(_of(history, high, KEY))
    found = [
        *_beyond_bounds(mine, guards),
        *_beyond_history(_of(past, high, (*KEY, "measure")), high, guards),
    ]
    first: dict[tuple[str | None, str], Anomaly] = {}
    for finding in found:
        first.setdefault((finding.source, finding.measure), finding)
    order = {measure: n for n, measure in enumerate(MEASURES)}
    return sorted(first.values(), key=lambda f: (f.source is not None, f.source or "", order[f.measure]))


def _of(rows: pl.DataFrame, some: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows whose key occurs in `some`, in order."""
    return rows.join(some, on=key, how="semi", nulls_equal=True, maintain_order="left")


def _beyond_bounds(mine: pl.DataFrame, guards: Guards) -> Iterator[Anomaly]:
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


def _beyond_history(past: pl.DataFrame, mine: pl.DataFrame, guards: Guards) -> Iterator[Anomaly]:
    """The shares that have a long enough history and leave it."""
    key = [*KEY, "measure"]
    p, m, n = pl.col("share"), pl.col("usual").clip(FLOOR, 1 - FLOOR), pl.col("size")
    # median of the means of blocks of consecutive runs
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
    """KL(p, m) between two Bernoulli distributions, in nats; `m` is neither 0 nor 1."""
    of = pl.when(p > 0).then(p * (p / m).log()).otherwise(0.0)
    rest = pl.when(p < 1).then((1 - p) * ((1 - p) / (1 - m)).log()).otherwise(0.0)
    return of + rest


def _named(row: dict[str, object]) -> str | None:
    """The source of a row: None for the whole run, "" for documents without a source."""
    return None if row["whole"] else str(row["source"] or "")


def refuse_while_held(dataset: Dataset) -> None:
    """Raise Held where an earlier run waits for a decision."""
    for run_id in dataset.held_runs():
        raise Held(*held_message(dataset, run_id))


def held_message(dataset: Dataset, run_id: str) -> list[str]:
    """The lines of the message for a held run: why it is held, and how to proceed."""
    why = dataset.held_for(run_id)
    lines = [f"run {run_id} is held by a guard, and not published:"]
    lines += [f"  {reason}" for reason in why[:SHOWN]]
    if len(why) > SHOWN:
        lines.append(f"  and {len(why) - SHOWN:,} more, in {dataset.held_file(run_id)}")
    return [
        *lines,
        f"its tables are in {dataset.held_publish(run_id)}; nothing else is published until you decide:",
        f"  copydesk publish {dataset.root} {run_id}    if all is well with it; the guard learns from it",
        f"  copydesk discard {dataset.root} {run_id}    if not; its inputs are read again by the next run",
    ]
