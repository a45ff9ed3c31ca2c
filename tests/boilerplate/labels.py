"""Labels to learn from: those of aligned sets are noisy, and where they contradict each other they teach nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import label_lines
from flows.settings import Settings, lexicon_of

from .sets import LabelledSet, source_of

#: A line of at most SHORT words that at least SITES sites have is mislabelled where most sites label it otherwise:
#: where it is to be kept, and at most FEW of them keep it; where it is to be removed, and at least MOST keep it.
SHORT: Final = 8
SITES: Final = 5
FEW, MOST = 0.3, 0.7
#: A shorter line may begin as the title does by chance.
TITLE_CHARACTERS: Final = 20


def consistent(sets: Sequence[LabelledSet]) -> list[NDArray[np.bool_]]:
    """Of each set whether the label of each line is one to learn from.

    These are not: headlines, by-lines, datelines and time stamps, about which the sets differ and which the cleaner
    treats by rules; lines that are to be kept and to be removed on the same site; and short lines whose label differs
    from what most sites say of that line.
    """
    lexicon = lexicon_of(Settings())
    lines = pl.concat(
        pl.DataFrame(
            {
                "set": [number] * len(labelled.keep()),
                "source": source_of(labelled.name),
                "site": labelled.of_lines("group").astype(str),
                "text": [line for d in labelled.documents for line in d.lines],
                "title": [d.title or "" for d in labelled.documents for _ in d.lines],
                "keep": labelled.keep(),
                "words": labelled.words(),
            }
        )
        for number, labelled in enumerate(sets)
    ).with_columns(_letters("text").alias("letters"), _letters("title").alias("headline"))
    keep, letters = pl.col("keep"), pl.col("letters")
    by_site = lines.filter(pl.col("words") <= SHORT).group_by("letters", "site").agg(keep.mean())
    common = by_site.group_by("letters").agg(keep.mean().alias("kept"), pl.len().alias("sites"))
    common = common.filter(pl.col("sites") >= SITES).select("letters", "kept")
    lines = lines.join(common, on="letters", how="left", maintain_order="left")
    disputed = (keep.any() & ~keep.all()).over("source", "site", "letters")
    begins_title = (letters.str.len_chars() >= TITLE_CHARACTERS) & pl.col("headline").str.starts_with(letters)
    unusual = (keep & (pl.col("kept") <= FEW)) | (~keep & (pl.col("kept") >= MOST))
    unsure = disputed | begins_title | (letters == pl.col("headline")) | unusual.fill_null(False)
    labels = label_lines(lines["text"], lexicon).is_not_null()
    sure = lines.select("set", (~(unsure & (letters != "")) & ~pl.lit(labels)).alias("sure"))
    return [part["sure"].to_numpy() for part in sure.partition_by("set", maintain_order=True)]


def _letters(column: str) -> pl.Expr:
    """The letters and digits of a text, in lower case."""
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
