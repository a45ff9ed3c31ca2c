"""Pairs of kept paragraphs that a lower threshold would have taken for duplicates.

The tables do not have them, because nothing was removed. But the index has the bands of every kept paragraph: two that
share one are similar. A few bands are enough for a sample, and the chance that a pair of some similarity shares one of
them says how many such pairs there are (Horvitz and Thompson 1952).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64
from flows.report.page.documents import Documents
from flows.report.page.reading import RunTables
from flows.report.page.sampling import MOST_PARTS
from flows.report.page.thresholds import bands_of

#: Bands that are looked at.
BANDS: Final = 3
#: Keys of a band that are looked at, about.
MOST_KEYS: Final = 100_000
#: How far below the threshold a pair is still a near miss.
BELOW: Final = 0.25
_PAIR: Final = ["document_id", "position", "other_id", "other_position"]


class Odds(NamedTuple):
    """How likely it is that something is looked at."""

    of_pair: float = 1.0  # a pair of rows that have a key in common
    of_key: float = 1.0  # a key


def close_pairs(run: RunTables, settings: Mapping[str, Any], most: int) -> tuple[pl.DataFrame, Odds]:
    """(pairs of kept paragraphs that share a band, the odds that such a pair is among them).

    The columns are document_id and position of the later paragraph, other_id and other_position of the earlier one, and
    same_numbers: whether both have the same figures. At most `most` pairs, the same ones for the same documents.
    """
    nothing = pl.DataFrame(
        schema={**dict.fromkeys(("document_id", "other_id"), pl.String), "position": pl.UInt32}
        | {"other_position": pl.UInt32, "same_numbers": pl.Boolean}
    )
    parts = run.parts("index")
    step = max(1, -(-len(parts) // MOST_PARTS))
    if not settings["duplicate"]["enabled"] or bands_of(settings) is None or not parts:
        return nothing, Odds()
    rows = run.scan("index", parts[::step])
    names = [name for name in rows.collect_schema().names() if name.startswith("band_")]
    bands = names[:: max(1, len(names) // BANDS)][:BANDS]
    index = rows.select("document_id", "position", "numbers", *bands).collect()
    share = min(1.0, MOST_KEYS / max(len(index), 1))
    pairs = np.concatenate([_neighbours(index[band], share) for band in bands])
    pairs = np.unique(pairs, axis=0)
    if not len(pairs):
        return nothing, Odds()
    # spread evenly over the run
    some = pairs[:: -(-len(pairs) // most)]
    later, earlier = (index.select("document_id", "position", "numbers")[some[:, side]] for side in (0, 1))
    both = later.select(
        "document_id",
        "position",
        earlier["document_id"].alias("other_id"),
        earlier["position"].alias("other_position"),
        (later["numbers"] == earlier["numbers"]).alias("same_numbers"),
    )
    return both, Odds(len(some) / len(pairs) / step, share)


def _neighbours(keys: pl.Series, share: float) -> I64:
    """(later row, earlier row) of each two rows with the same key that have none with it between them.

    Only this share of all keys is looked at; a key is a hash of 32 bits.
    """
    rows = (keys <= int(share * (2**32 - 1))).fill_null(False).arg_true()
    # key and row in one number: it is sorted much faster than rows by their keys
    order = np.sort(keys.gather(rows).to_numpy().astype(np.uint64) << 32 | rows.to_numpy())
    same = np.flatnonzero(order[1:] >> 32 == order[:-1] >> 32)
    return (order[np.stack([same + 1, same], axis=1)] & (2**32 - 1)).astype(np.int64)


class NearMisses(NamedTuple):
    """Pairs of kept paragraphs with their similarity, the most similar first."""

    pairs: pl.DataFrame  # as `close_pairs` returns them, with text, other_text and jaccard
    bins: Mapping[
        int, float
    ]  # hundredths of Jaccard -> about how many paragraphs a threshold there would also remove


def near_misses(
    pairs: pl.DataFrame,
    odds: Odds,
    documents: Documents,
    settings: Mapping[str, Any],
    bands: Sequence[int] | None,
) -> NearMisses:
    """The similarity of each pair, and about how many kept paragraphs are as similar to another."""
    texts = documents.paragraphs.filter(pl.col("reason").is_null()).select("document_id", "position", "text")
    with_texts = pairs.join(texts, on=["document_id", "position"]).join(
        texts.rename({"document_id": "other_id", "position": "other_position", "text": "other_text"}),
        on=["other_id", "other_position"],
    )
    if with_texts.is_empty() or bands is None:
        return NearMisses(with_texts.with_columns(pl.lit(0.0).alias("jaccard")).head(0), {})
    jaccard = _jaccard(with_texts["text"], with_texts["other_text"], settings["duplicate"]["n"])
    threshold = float(settings["duplicate"]["threshold"])
    close = with_texts.with_columns(jaccard).filter(pl.col("jaccard") >= threshold - BELOW)
    counted = close.filter(pl.col("same_numbers") | pl.lit(not settings["duplicate"]["same_numbers"]))
    best = counted.group_by("document_id", "position").agg(pl.col("jaccard").max())["jaccard"]
    bins: dict[int, float] = {}
    for value in best:
        at = int(100 * value + 1e-6)
        chance = 1 - (1 - odds.of_key * value ** bands[1]) ** min(BANDS, bands[0])
        bins[at] = bins.get(at, 0.0) + 1 / (odds.of_pair * chance)
    order = close.sort("jaccard", *_PAIR, descending=[True, *[False] * len(_PAIR)])
    return NearMisses(order.unique(["document_id", "position"], keep="first", maintain_order=True), bins)


def _jaccard(texts: pl.Series, others: pl.Series, n: int) -> pl.Series:
    """The exact Jaccard similarity of each text to the other one."""
    from cleaners.text.shingles import shingle_sets

    (a, a_at), (b, b_at) = shingle_sets(texts, n), shingle_sets(others, n)
    found = np.zeros(len(texts))
    for row in range(len(texts)):
        one, other = a[a_at[row] : a_at[row + 1]], b[b_at[row] : b_at[row + 1]]
        common = len(np.intersect1d(one, other, assume_unique=True))
        found[row] = common / max(len(one) + len(other) - common, 1)
    return pl.Series("jaccard", found)
