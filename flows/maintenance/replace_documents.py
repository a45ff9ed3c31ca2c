"""Older versions of documents taken out of `documents`, once the run that read the newer ones is published.

What was kept of an older version goes to `removed`, with the reason `replaced`, and out of the duplicate index. What
was removed because of it stays removed, and names it still: its text is in `removed`. It can be restored like all that
was removed, and is, if the run that replaced it is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from flows.dataset import Dataset, Span
from flows.dataset.exceptions import read_exceptions
from flows.dataset.exchange import exchange, require_exchange
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import Manifests, read_manifests
from flows.dataset.positions import in_order, kept, taken
from flows.dataset.summary import REPLACED, Counts
from flows.dataset.tables import conform
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, tell


def replace_older(dataset: Dataset, run_id: str, *, offline: bool = False) -> int:
    """Take out what a published run has replaced, if anything is still there; how many documents went.

    The caller holds the lock. Readers see the older documents until all are gone at once. Raises CopydeskError where
    the file system cannot exchange folders, unless `offline` says that nobody reads.
    """
    # an older version that was restored since stays
    exceptions = read_exceptions(dataset).filter(pl.col("reason") == REPLACED)
    pairs = _replaced(dataset, [run_id]).filter(~pl.col("older").is_in(exceptions["document_id"].implode()))
    spans = _spans(dataset, pairs["older"]) if len(pairs) else []
    if not spans:
        return 0
    require_exchange(dataset, offline=offline)
    empty_tree(dataset)
    gone = 0
    for span in dataset.spans():
        if span not in spans:
            keep_span(dataset, span)
            continue
        manifests = read_manifests(dataset, span)
        ledger = pl.read_parquet(
            dataset.parts("ledger", span), columns=["uri", "run_id"], hive_partitioning=False
        )
        changed: dict[str, Counts] = defaultdict(Counts)
        files = rewrite_span(
            dataset, span, manifests, partial(_part, pairs=pairs, ledger=ledger, changed=changed)
        )
        gone -= sum(counts.documents_kept for counts in changed.values())
        tell(dataset, span, Manifests(_counted(manifests.runs, changed), files, manifests.compacted))
    exchange(dataset, offline=offline)
    return gone


def replaced_by(dataset: Dataset, runs: Sequence[str]) -> list[str]:
    """The ids of the documents that these runs have replaced."""
    return _replaced(dataset, runs)["older"].to_list()


def _replaced(dataset: Dataset, runs: Sequence[str]) -> pl.DataFrame:
    """(document_id, older): what these runs have replaced, by which document."""
    parts = [
        path for span in {dataset.span(run_id) for run_id in runs} for path in dataset.parts("records", span)
    ]
    return (
        pl.scan_parquet(parts, hive_partitioning=False)
        .filter(pl.col("run_id").is_in(runs) & pl.col("replaces").is_not_null())
        .select("document_id", pl.col("replaces").alias("older"))
        .explode("older", empty_as_null=False, keep_nulls=False)
        .unique("older", keep="first", maintain_order=True)
        .collect()
    )


def _spans(dataset: Dataset, older: pl.Series) -> list[Span]:
    """The folders whose `documents` have any of these."""
    return [
        span
        for span in dataset.spans()
        if pl.scan_parquet(dataset.parts("documents", span), hive_partitioning=False)
        .filter(pl.col("document_id").is_in(older.implode()))
        .head(1)
        .collect()
        .height
    ]


def _part(
    kinds: Sequence[str],
    read: Read,
    *,
    pairs: pl.DataFrame,
    ledger: pl.DataFrame,
    changed: dict[str, Counts],
) -> dict[str, pl.DataFrame]:
    """What changes in the parts of one name if the older versions leave them."""
    if tuple(kinds) != SHARDED:
        return {}
    documents = read("documents")
    going = pl.col("document_id").is_in(pairs["older"].implode())
    older = documents.filter(going)
    if older.is_empty():
        return {}
    removed = read("removed")
    replaced = (
        kept(older, taken(removed, read("repaired")))
        .join(
            older.select("document_id", "uri", "run_id"), on="document_id", how="left", maintain_order="left"
        )
        .join(
            pairs.select("older", pl.format("new version: {}", "document_id").alias("rule")),
            left_on="document_id",
            right_on="older",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.lit(REPLACED).alias("reason"),
            pl.lit(None).alias("duplicate_of_document_id"),
            pl.lit(None).alias("duplicate_of_position"),
            pl.lit(None).alias("jaccard"),
        )
    )
    whole = older.with_columns(
        pl.lit("").alias("text"),
        pl.lit(0).alias("words"),
        (pl.col("removed_paragraphs") + pl.col("paragraphs")).alias("removed_paragraphs"),
        pl.lit(0).alias("paragraphs"),
    )
    for run_id, count, paragraphs, words in (
        older.group_by("run_id").agg(pl.len(), pl.col("paragraphs", "words").sum()).iter_rows()
    ):
        changed[run_id] += Counts(
            documents_kept=-count,
            paragraphs_kept=-paragraphs,
            words_kept=-words,
            removed={REPLACED: (count, paragraphs, words)},
        )
    return {
        "documents": documents.filter(~going),
        "removed": in_order(pl.concat([removed, conform("removed", replaced)]), ledger, "position"),
        "unpublished": in_order(pl.concat([read("unpublished"), conform("documents", whole)]), ledger),
        "index": read("index").filter(~going),
    }


def _counted(
    runs: Mapping[str, Mapping[str, Any]], changed: Mapping[str, Counts]
) -> dict[str, Mapping[str, Any]]:
    """The manifests with what has changed of the counts."""
    return {
        run_id: {**said, "counts": (Counts.from_json(said["counts"]) + changed[run_id]).to_json()}
        if run_id in changed
        else said
        for run_id, said in runs.items()
    }
