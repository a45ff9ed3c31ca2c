"""Pairs of kept paragraphs that a lower threshold would have taken for duplicates.

The tables do not have them, because nothing was removed. But the index has the bands of every kept paragraph: two that
share one are similar. A few bands are enough for a sample, and the chance that a pair of some similarity shares one of
them says how many such pairs there are (Horvitz and Thompson 1952).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from flows.report.page.documents import Documents
from flows.report.page.reading import RunTables
from flows.report.page.sampling import MOST_PARTS

#: Bands that are looked at.
BANDS: Final = 5
#: How far below the threshold a pair is still a near miss.
BELOW: Final = 0.25
_PAIR: Final = ["document_id", "position", "other_id", "other_position"]


def close_pairs(run: RunTables, settings: Mapping[str, Any], most: int) -> tuple[pl.DataFrame, float]:
    """(pairs of kept paragraphs that share a band, by how much a count of them must be multiplied).

    The columns are document_id and position of the later paragraph, other_id and other_position of the earlier one, and
    same_numbers: whether both have the same figures. At most `most` pairs, the same ones for the same documents.
    """
    nothing = pl.DataFrame(
        schema={**dict.fromkeys(("document_id", "other_id"), pl.String), "position": pl.UInt32}
        | {"other_position": pl.UInt32, "same_numbers": pl.Boolean}
    )
    parts = run.parts("index")
    step = max(1, -(-len(parts) // MOST_PARTS))
    if not settings["duplicate"]["enabled"] or settings["duplicate"]["method"] != "minhash" or not parts:
        return nothing, 1.0
    rows = run.scan("index", parts[::step])
    names = [name for name in rows.collect_schema().names() if name.startswith("band_")]
    bands = names[:: max(1, len(names) // BANDS)][:BANDS]
    index = rows.select("document_id", "position", "numbers", *bands).collect().with_row_index("row")
    found = []
    for band in bands:
        keys = index.select("row", band).drop_nulls().sort(band, "row")
        same = keys[band] == keys[band].shift(1)
        found.append(keys.select("row", pl.col("row").shift(1).alias("other")).filter(same))
    pairs = pl.concat(found).unique()
    if pairs.is_empty():
        return nothing, 1.0
    of = index.select("row", "document_id", "position", "numbers")
    both = (
        pairs.join(of, on="row")
        .join(of.rename({"row": "other"}), on="other", suffix="_other")
        .select(
            "document_id",
            "position",
            pl.col("document_id_other").alias("other_id"),
            pl.col("position_other").alias("other_position"),
            (pl.col("numbers") == pl.col("numbers_other")).alias("same_numbers"),
        )
        .sort(_PAIR)
    )
    return both.head(most), step * len(both) / min(most, len(both))


@dataclass(frozen=True)
class NearMisses:
    """Pairs of kept paragraphs with their similarity, the most similar first."""

    pairs: pl.DataFrame  # as `close_pairs` returns them, with text, other_text and jaccard
    bins: Mapping[
        int, float
    ]  # hundredths of Jaccard -> about how many paragraphs a threshold there would also remove


def near_misses(
    pairs: pl.DataFrame,
    scale: float,
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
        chance = 1 - (1 - value ** bands[1]) ** min(BANDS, bands[0])
        bins[at] = bins.get(at, 0.0) + scale / chance
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
