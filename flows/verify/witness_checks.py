"""Checks of the index and the witnesses: the index has the kept paragraphs, and every near-duplicate has its witness.

A witness is kept and comes before its duplicate: in an earlier part, or earlier in the same part. So one pass over the
parts, in order, is enough, and only the kept paragraphs that a duplicate names have to stay in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.duplicate.containment import figure_sets
from cleaners.duplicate.decisions import IN_REFERENCE
from cleaners.duplicate.facts import FactWords, fact_words
from cleaners.duplicate.fingerprints import exact_hashes, fingerprint
from cleaners.duplicate.restated import states_nothing_new
from cleaners.kernels import I64, U64
from cleaners.text.shingles import shingle_sets
from flows.dataset import Dataset
from flows.settings.fact_files import fact_lists
from flows.verify.manifest_checks import Promise
from flows.verify.table_checks import Finding, Part

PLACE: Final = ("document_id", "position")

IN_A_REFERENCE: Final = "near-duplicates, because their witness is in a reference"
EXPIRED: Final = "near-duplicates, because their witness has expired"
OTHER_WORDS: Final = (
    "near-duplicates for number words, days, months and negations, because `config/facts` has other ones now for their "
    "language"
)
#: Findings that are no damage: what cannot be checked with what the dataset has.
UNCHECKED: Final = (IN_A_REFERENCE, EXPIRED, OTHER_WORDS)

#: Kept paragraphs that a duplicate names; `witness_rank` is the rank of the document in its part, -1 in earlier parts.
WITNESSES: Final[dict[str, pl.DataType]] = {
    "witness": pl.String(),
    "place": pl.UInt32(),
    "witness_text": pl.String(),
    "witness_numbers": pl.UInt64(),
    "witness_rank": pl.Int64(),
}


def named_witnesses(dataset: Dataset) -> pl.DataFrame:
    """document_id and position of all paragraphs that near-duplicates name as their witnesses."""
    named = [
        dataset.scan(table).select(
            pl.col("duplicate_of_document_id").alias("document_id"),
            pl.col("duplicate_of_position").alias("position"),
        )
        for table in ("removed", "labelled")
    ]
    return pl.concat(named).drop_nulls().unique().collect()


def with_fingerprints(
    paragraphs: pl.DataFrame, settings: Mapping[str, Any], frequencies: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Paragraphs (document_id, position, text) with their fingerprints, also those that are too short to be compared.

    Without `frequencies`, which ranked shingles need, the keys are not those of an index with such.
    """
    rules = {name: settings[name] for name in ("n", "threshold", "min_tokens", "short")}
    if frequencies is not None:
        rules |= {name: settings[name] for name in ("method", "measure")} | {"frequencies": frequencies}
    return fingerprint(paragraphs, **rules).with_columns(paragraphs["text"])


def _lists(values: U64, offsets: I64) -> pl.Series:
    """A list for each row: `values[offsets[row]:offsets[row + 1]]`, null if that is empty."""
    every = pl.DataFrame({"row": np.arange(len(offsets) - 1)})
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    lists = pl.DataFrame({"row": rows, "values": values}).group_by("row", maintain_order=True).all()
    return every.join(lists, on="row", how="left", maintain_order="left").get_column("values")


def _with_shingles(paragraphs: pl.DataFrame, n: int) -> pl.DataFrame:
    """The paragraphs with their sets of shingles; one without a token gets the hash of its text as only shingle."""
    shingles = _lists(*shingle_sets(paragraphs["text"], n)).alias("shingles")
    return paragraphs.with_columns(shingles).with_columns(
        pl.col("shingles").fill_null(pl.concat_list("exact_a"))
    )


def _lacks_figures(own: pl.Series, other: pl.Series) -> pl.Series:
    """Whether the other text of each pair lacks a figure of the own one."""
    figures = pl.DataFrame({"own": _lists(*figure_sets(own)), "other": _lists(*figure_sets(other))})
    lacks = pl.col("own").list.set_difference(pl.col("other").fill_null([])).list.len() > 0
    return figures.select(lacks.fill_null(False)).to_series()


def words_agree(part: Part, kept: pl.DataFrame) -> Iterator[Finding]:
    """Whether `words` is the number of tokens in the kept paragraphs (`kept`: as `with_fingerprints` gives them)."""
    tokens = kept.group_by("document_id").agg(pl.col("tokens").sum())
    documents = part.documents.join(tokens, on="document_id", how="left", maintain_order="left")
    wrong = documents.filter(pl.col("tokens").fill_null(0) != pl.col("words"))
    yield "documents: `words` does not match the text", wrong["document_id"]


def index_agrees(index: pl.DataFrame, kept: pl.DataFrame) -> Iterator[Finding]:
    """Whether a part of the index has the fingerprints of the kept paragraphs, row for row."""
    wanted = kept.drop_nulls("exact_a").drop("text")
    index = index.drop("run_id")
    if index.equals(wanted):
        return
    lost = wanted.join(index, on=PLACE, how="anti", maintain_order="left")
    yield "index: a kept paragraph is missing", lost["document_id"]
    extra = index.join(wanted, on=PLACE, how="anti", maintain_order="left", nulls_equal=True)
    yield "index: a paragraph that is not kept", extra["document_id"]
    yield "index: a paragraph is listed twice", index.filter(pl.struct(PLACE).is_duplicated())["document_id"]
    both = index.join(wanted, on=PLACE, how="inner", maintain_order="left")
    values = wanted.columns[2:]
    other = both.filter(pl.any_horizontal(pl.col(v).ne_missing(pl.col(f"{v}_right")) for v in values))
    yield "index, documents: a fingerprint does not match the text", other["document_id"]
    if len(index) == len(wanted) and lost.is_empty() and other.is_empty():
        yield (
            "index: paragraphs are not in the order of `documents`",
            index.filter(
                index["document_id"].ne_missing(wanted["document_id"])
                | index["position"].ne_missing(wanted["position"])
            )["document_id"],
        )


def select_witnesses(kept: pl.DataFrame, ranks: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The kept paragraphs that are `named` as witnesses, with the columns of `WITNESSES`."""
    return (
        kept.join(named, on=PLACE, how="semi", maintain_order="left")
        .join(ranks, on="document_id", how="left", maintain_order="left")
        .select(
            pl.col(name).alias(new)
            for name, new in zip((*PLACE, "text", "numbers", "rank"), WITNESSES, strict=True)
        )
    )


def _references_agree(table: str, duplicates: pl.DataFrame, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether duplicates of paragraphs in references can be such: the reference is named, the Jaccard is enough."""
    if not settings["against"]:
        yield f"{table}: a witness in a reference, but the run had none", duplicates["document_id"]
    unnamed = duplicates.filter(~pl.col("detail").str.contains(r"(?:^|; )in .").fill_null(False))
    yield f"{table}: a witness in a reference that is not named", unnamed["document_id"]
    jaccard = pl.col("jaccard").cast(pl.Float64)
    same = pl.col("rule").str.starts_with("same tokens")
    least = 0.0 if settings["measure"] == "containment" else settings["threshold"]
    wrong = duplicates.filter(~jaccard.is_between(least - 1e-6, 1 + 1e-6) | (same & (jaccard != 1)))
    yield f"{table}: the Jaccard of a duplicate is wrong", wrong["document_id"]


@functools.cache
def _words() -> FactWords:
    return fact_words(fact_lists())


def _facts_agree(table: str, pairs: pl.DataFrame, part: Part, promise: Promise) -> Iterator[Finding]:
    """Whether the witnesses state all that their duplicates do.

    `pairs` have the text, the `witness_text`, and whether their tokens are the `same`. The language of every document
    is in the dataset: in `documents`, or in `unpublished` for one that went whole.
    """
    languages = pl.concat(
        [rows.select("document_id", "language") for rows in (part.documents, part.unpublished)]
    )
    pairs = pairs.join(languages.unique("document_id"), on="document_id", how="left", maintain_order="left")
    language = pl.col("language")
    other_words = pairs.filter(
        ~pl.col("same") & language.is_in(list(promise.changed_languages)).fill_null(False)
    )
    yield OTHER_WORDS, other_words["document_id"]
    listed = pl.when(language.is_in(list(promise.fact_languages))).then(language)
    languages_of = pairs.select(listed.alias("language")).to_series()
    nothing_new = states_nothing_new(
        pairs["text"], pairs["witness_text"], languages_of, n=promise.duplicate["n"], words=_words()
    )
    yield f"{table}: a duplicate states what its witness does not", pairs.filter(~nothing_new)["document_id"]


def witnesses_agree(
    table: str,
    part: Part,
    ranks: pl.DataFrame,
    witnesses: pl.DataFrame,
    promise: Promise,
    expired: pl.DataFrame,
) -> Iterator[Finding]:
    """Whether each near-duplicate has a kept, earlier witness, with the Jaccard that its row gives, and all its facts.

    The near-duplicates are those of a part of `table`, `removed` or `labelled`. `witnesses` has no labelled paragraphs:
    they are no witnesses. Witnesses in `expired` cannot be checked: their text is gone. Nor can those in references,
    which are not of this dataset; but the run must have had some. Both are among the findings, as `UNCHECKED`.
    """
    settings, rows = promise.duplicate, getattr(part, table)
    duplicates = rows.filter(pl.col("reason") == "duplicate").drop_nulls("jaccard")
    outside = pl.col("rule").str.ends_with(IN_REFERENCE).fill_null(False)
    yield from _references_agree(table, duplicates.filter(outside), settings)
    yield IN_A_REFERENCE, duplicates.filter(outside)["document_id"]
    duplicates = duplicates.filter(~outside)
    own = with_fingerprints(duplicates.select(*PLACE, "text"), settings).drop_nulls("exact_a")
    own = _with_shingles(own, settings["n"]).drop("text")
    short = duplicates.join(own, on=PLACE, how="anti", maintain_order="left")
    yield f"{table}: a duplicate is too short to be compared", short["document_id"]
    pairs = (
        duplicates.rename({"duplicate_of_document_id": "witness", "duplicate_of_position": "place"})
        .join(own, on=PLACE, how="inner", maintain_order="left")
        .join(ranks, on="document_id", how="left", maintain_order="left")
        .join(
            witnesses.unique(["witness", "place"], keep="last"),
            on=["witness", "place"],
            how="left",
            maintain_order="left",
        )
    )
    on = {"left_on": ["witness", "place"], "right_on": list(PLACE)}
    yield EXPIRED, pairs.join(expired, how="semi", **on)["document_id"]
    pairs = pairs.join(expired, how="anti", maintain_order="left", **on)
    kept = pl.col("witness_text").is_not_null()
    yield f"{table}: the witness of a duplicate is not kept before it", pairs.filter(~kept)["document_id"]
    pairs = pairs.filter(kept)
    same = pl.col("witness_rank") == pl.col("rank")
    later = (pl.col("witness_rank") > pl.col("rank")) | (same & (pl.col("place") >= pl.col("position")))
    later |= (pl.col("witness") == pl.col("document_id")) & (pl.col("place") >= pl.col("position"))
    yield f"{table}: the witness of a duplicate comes after it", pairs.filter(later)["document_id"]
    contains = settings["measure"] == "containment"
    if settings["same_numbers"]:
        differ = pairs["numbers"] != pairs["witness_numbers"]
        if contains:
            differ = _lacks_figures(pairs["text"], pairs["witness_text"])
        other = pairs.filter(differ)
        yield f"{table}: the witness of a duplicate has other figures", other["document_id"]
    # a run may use shingles of another length than the run of its witness
    texts = pairs["witness_text"].alias("text")
    theirs = _with_shingles(pl.DataFrame([texts, *exact_hashes(texts)]), settings["n"])
    pairs = pairs.with_columns(
        theirs["shingles"].alias("witness_shingles"),
        ((pairs["exact_a"] == theirs["exact_a"]) & (pairs["exact_b"] == theirs["exact_b"])).alias("same"),
    )
    common = pl.col("shingles").list.set_intersection("witness_shingles").list.len()
    union = pl.col("shingles").list.set_union("witness_shingles").list.len()
    wrong = (common / union - pl.col("jaccard")).abs() > 1e-6
    yield f"{table}: the Jaccard of a duplicate is wrong", pairs.filter(wrong)["document_id"]
    share = common / (pl.col("shingles").list.len() if contains else union)
    unlike = pairs.filter(share < settings["threshold"] - 1e-9)
    yield f"{table}: a duplicate is not similar enough to its witness", unlike["document_id"]
    if settings["same_facts"]:
        yield from _facts_agree(table, pairs, part, promise)
