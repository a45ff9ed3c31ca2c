"""Whether the index has what `documents` keeps, and every near-duplicate its witness.

A witness is kept, and earlier than its duplicate: it is in an earlier part, or in the same part and before it. So the
parts are gone through once, in order, and of what is kept only that is remembered which some duplicate names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.duplicate.fingerprints import exact_hashes, fingerprint
from cleaners.text.shingles import shingle_sets
from flows.dataset import Dataset
from flows.verify.table_checks import Finding, Part

PLACE: Final = ("document_id", "position")

#: Kept paragraphs that a duplicate names; `rank` is the place of the document in its part, -1 in an earlier part.
WITNESSES: Final[dict[str, pl.DataType]] = {
    "witness": pl.String(),
    "place": pl.UInt32(),
    "witness_text": pl.String(),
    "witness_numbers": pl.UInt64(),
    "witness_rank": pl.Int64(),
}


def named(dataset: Dataset) -> pl.DataFrame:
    """document_id and position of all paragraphs that the near-duplicates of a dataset name as witnesses."""
    return (
        dataset.scan("removed")
        .select(
            pl.col("duplicate_of_document_id").alias("document_id"),
            pl.col("duplicate_of_position").alias("position"),
        )
        .drop_nulls()
        .unique()
        .collect()
    )


def fingerprinted(
    paragraphs: pl.DataFrame, settings: Mapping[str, Any], frequencies: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Paragraphs (document_id, position, text) with their fingerprints, those that are not compared included.

    Without an order of shingles, which the method "exact" wants, their keys are not those of the index.
    """
    rules = {name: settings[name] for name in ("n", "threshold", "min_tokens", "short")}
    rules |= {"method": "exact" if frequencies is not None else "minhash", "shingle_frequencies": frequencies}
    return fingerprint(paragraphs, **rules).with_columns(paragraphs["text"])


def _with_shingles(paragraphs: pl.DataFrame, n: int) -> pl.DataFrame:
    """The paragraphs with their sets of shingles; those without a token have one of their own, of their text."""
    values, offsets = shingle_sets(paragraphs["text"], n)
    rows = np.repeat(np.arange(len(paragraphs), dtype=np.uint32), np.diff(offsets))
    sets = pl.DataFrame({"row": rows, "shingles": values}).group_by("row", maintain_order=True).all()
    return (
        paragraphs.with_row_index("row")
        .join(sets, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("shingles").fill_null(pl.concat_list("exact_a")))
        .drop("row")
    )


def words_agree(part: Part, kept: pl.DataFrame) -> Iterator[Finding]:
    """Whether `words` are the tokens of the kept paragraphs, as `fingerprinted` tells them."""
    tokens = kept.group_by("document_id").agg(pl.col("tokens").sum())
    documents = part.documents.join(tokens, on="document_id", how="left", maintain_order="left")
    wrong = documents.filter(pl.col("tokens").fill_null(0) != pl.col("words"))
    yield "documents: words are not those of the text", wrong["document_id"]


def index_agrees(index: pl.DataFrame, kept: pl.DataFrame) -> Iterator[Finding]:
    """Whether a part of the index is what `fingerprinted` gives of what is kept, row for row."""
    wanted = kept.drop_nulls("exact_a").drop("text")
    index = index.drop("run_id")
    if index.equals(wanted):
        return
    lost = wanted.join(index, on=PLACE, how="anti", maintain_order="left")
    yield "index: a kept paragraph is missing", lost["document_id"]
    strange = index.join(wanted, on=PLACE, how="anti", maintain_order="left", nulls_equal=True)
    yield "index: a paragraph that is not kept", strange["document_id"]
    yield "index: a paragraph is there twice", index.filter(pl.struct(PLACE).is_duplicated())["document_id"]
    both = index.join(wanted, on=PLACE, how="inner", maintain_order="left")
    values = wanted.columns[2:]
    other = both.filter(pl.any_horizontal(pl.col(v).ne_missing(pl.col(f"{v}_right")) for v in values))
    yield "index, documents: the index is not that of the text", other["document_id"]
    if len(index) == len(wanted) and lost.is_empty() and other.is_empty():
        yield (
            "index: paragraphs are in another order",
            index.filter(
                index["document_id"].ne_missing(wanted["document_id"])
                | index["position"].ne_missing(wanted["position"])
            )["document_id"],
        )


def remembered(kept: pl.DataFrame, ranks: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Of the kept paragraphs those that are asked for, with the columns of `WITNESSES`."""
    return (
        kept.join(asked, on=PLACE, how="semi", maintain_order="left")
        .join(ranks, on="document_id", how="left", maintain_order="left")
        .select(
            pl.col(name).alias(new)
            for name, new in zip((*PLACE, "text", "numbers", "rank"), WITNESSES, strict=True)
        )
    )


def witnesses_agree(
    part: Part,
    ranks: pl.DataFrame,
    witnesses: pl.DataFrame,
    settings: Mapping[str, Any],
    expired: pl.DataFrame,
) -> Iterator[Finding]:
    """Whether each near-duplicate of a part has a witness that is kept and earlier, with the Jaccard that is told.

    Of those that are `expired` nothing is left to tell it by.
    """
    duplicates = part.removed.filter(pl.col("reason") == "duplicate").drop_nulls("jaccard")
    own = fingerprinted(duplicates.select(*PLACE, "text"), settings).drop_nulls("exact_a")
    own = _with_shingles(own, settings["n"]).drop("text")
    brief = duplicates.join(own, on=PLACE, how="anti", maintain_order="left")
    yield "removed: a duplicate is too short to be compared", brief["document_id"]
    pairs = (
        duplicates.rename({"duplicate_of_document_id": "witness", "duplicate_of_position": "place"})
        .join(own, on=PLACE, how="inner", maintain_order="left")
        .join(ranks, on="document_id", how="left", maintain_order="left")
        .join(witnesses, on=["witness", "place"], how="left", maintain_order="left")
    )
    pairs = pairs.join(
        expired, left_on=["witness", "place"], right_on=list(PLACE), how="anti", maintain_order="left"
    )
    kept = pl.col("witness_text").is_not_null()
    yield "removed: the witness of a duplicate is not kept before it", pairs.filter(~kept)["document_id"]
    pairs = pairs.filter(kept)
    same = pl.col("witness_rank") == pl.col("rank")
    later = (pl.col("witness_rank") > pl.col("rank")) | (same & (pl.col("place") >= pl.col("position")))
    yield "removed: the witness of a duplicate is later", pairs.filter(later)["document_id"]
    if settings["same_numbers"]:
        other = pairs.filter(pl.col("numbers") != pl.col("witness_numbers"))
        yield "removed: the witness of a duplicate has other figures", other["document_id"]
    # runs may have been judged by shingles of another length than those before them
    texts = pairs["witness_text"].alias("text")
    theirs = _with_shingles(pl.DataFrame([texts, *exact_hashes(texts)]), settings["n"])["shingles"]
    pairs = pairs.with_columns(theirs.alias("witness_shingles"))
    common = pl.col("shingles").list.set_intersection("witness_shingles").list.len()
    union = pl.col("shingles").list.set_union("witness_shingles").list.len()
    measured = common / union
    wrong = (measured < settings["threshold"] - 1e-9) | ((measured - pl.col("jaccard")).abs() > 1e-6)
    yield "removed: the Jaccard of a duplicate is not what is told", pairs.filter(wrong)["document_id"]
