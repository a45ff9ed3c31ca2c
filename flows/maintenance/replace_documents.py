"""Takes older versions of documents out of `documents`, once the run that read the newer ones is published.

The kept paragraphs of an older version go to `removed`, with the reason `replaced`, and leave the duplicate index. Text
that was removed as their duplicate stays removed and still names them as its witness: they are in `removed`. An older
version can be restored like all removed text, and is restored if the run that replaced it is rolled back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from flows.dataset import Dataset, Span
from flows.dataset.damage import require_intact, require_intact_beside
from flows.dataset.exceptions import read_exceptions
from flows.dataset.exchange import exchange, require_exchange
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import Manifests, read_files, read_manifest, read_manifests
from flows.dataset.positions import in_order, kept, taken
from flows.dataset.summary import REPLACED, Counts
from flows.dataset.tables import SCHEMAS, conform, scan_parts
from flows.errors import CopydeskError
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, write_span_manifests


def replace_older(dataset: Dataset, run_id: str, *, offline: bool = False) -> int:
    """Take out the documents that a published run replaced; how many were still there.

    The caller holds the lock. Readers see the older documents until all of them go at once. Raises CopydeskError if the
    file system cannot exchange folders, unless `offline`: then the dataset must have no readers.
    """
    pairs = replaced_documents(dataset, [run_id])
    if pairs.is_empty():
        return 0
    require_intact(dataset, ("records",), dataset.spans())
    spans = _spans(dataset, pairs["older"])
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
        changed: dict[str, Counts] = defaultdict(Counts)
        files = rewrite_span(dataset, span, manifests, partial(_part, pairs=pairs, changed=changed))
        gone -= sum(counts.documents_kept for counts in changed.values())
        runs = _with_counts(manifests.runs, changed)
        write_span_manifests(dataset, span, Manifests(runs, files, manifests.compacted))
    exchange(dataset, offline=offline)
    return gone


def replaced_documents(dataset: Dataset, runs: Sequence[str]) -> pl.DataFrame:
    """(document_id, older): the documents that these runs replaced, each with the one that replaced it.

    Older versions that were restored since then stay, and are left out.
    """
    require_intact_beside(dataset, ("exceptions",))
    exceptions = read_exceptions(dataset).filter(pl.col("reason") == REPLACED)
    replacing = [run_id for run_id in runs if _may_replace(dataset, run_id)]
    return _replaced(dataset, replacing).filter(~pl.col("older").is_in(exceptions["document_id"].implode()))


def replaced_by(dataset: Dataset, runs: Sequence[str]) -> list[str]:
    """The ids of the documents that these runs replaced.

    Of runs that could not replace any, nothing but the manifest is read: they may be damaged. Raises CopydeskError if
    the records of another run are.
    """
    replacing = [run_id for run_id in runs if _may_replace(dataset, run_id)]
    return _replaced(dataset, replacing)["older"].to_list()


def _may_replace(dataset: Dataset, run_id: str) -> bool:
    try:
        manifest = read_manifest(dataset, run_id)
    except CopydeskError:
        return bool(dataset.parts("records", run_id))
    return bool(manifest["settings"]["inputs"]["on_change"] == "replace")


def _replaced(dataset: Dataset, runs: Sequence[str]) -> pl.DataFrame:
    """(document_id, older): the documents that these runs replaced, each with the one that replaced it."""
    spans = {dataset.span(run_id) for run_id in runs}
    if not spans:
        return pl.DataFrame(schema={"document_id": pl.String(), "older": pl.String()})
    require_intact(dataset, ("records",), filter(partial(_has_manifest, dataset), spans))
    parts = [path for span in spans for path in dataset.parts("records", span)]
    return (
        scan_parts(parts)
        .filter(pl.col("run_id").is_in(runs) & pl.col("replaces").is_not_null())
        .select("document_id", pl.col("replaces").alias("older"))
        .explode("older", empty_as_null=False, keep_nulls=False)
        .unique("older", keep="first", maintain_order=True)
        .collect()
    )


def _has_manifest(dataset: Dataset, span: Span | str) -> bool:
    """Whether the manifest is intact; without it, nothing can say whether the files are."""
    try:
        read_files(dataset, span)
    except CopydeskError:
        return False
    return True


def _spans(dataset: Dataset, older: pl.Series) -> list[Span]:
    """The folders that have any of these documents."""
    possible = [
        span
        for span in dataset.spans()
        if scan_parts(dataset.parts("records", span))
        .filter(pl.col("document_id").is_in(older.implode()))
        .head(1)
        .collect()
        .height
    ]
    require_intact(dataset, ("documents",), possible)
    return [
        span
        for span in possible
        if scan_parts(dataset.parts("documents", span))
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
    changed: dict[str, Counts],
) -> dict[str, pl.DataFrame]:
    """The parts of one name that change, without the older versions."""
    if tuple(kinds) != SHARDED:
        return {}
    documents = read("documents")
    going = pl.col("document_id").is_in(pairs["older"].implode())
    older = documents.filter(going)
    if older.is_empty():
        return {}
    removed, records = read("removed"), read("records")
    lines = kept(older, taken(removed, read("repaired")))
    of_document = [name for name in SCHEMAS["removed"] if name in older.columns and name not in lines.columns]
    replaced = as_replaced(
        lines.join(
            older.select("document_id", *of_document),
            on="document_id",
            how="left",
            maintain_order="left",
        ),
        pairs,
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
        "removed": in_order(pl.concat([removed, replaced]), records, "position"),
        "unpublished": in_order(pl.concat([read("unpublished"), conform("documents", whole)]), records),
        "index": read("index").filter(~going),
    }


def as_replaced(paragraphs: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Paragraphs of older versions as rows of `removed`; `pairs` are as `replaced_documents` returns them."""
    newer = pairs.select("older", pl.format("of document {}", "document_id").alias("detail"))
    given = paragraphs.drop("detail", strict=False).join(
        newer, left_on="document_id", right_on="older", how="left", maintain_order="left"
    )
    return conform(
        "removed",
        given.with_columns(
            pl.lit(REPLACED).alias("reason"),
            pl.lit("new version").alias("rule"),
            pl.lit(None).alias("duplicate_of_document_id"),
            pl.lit(None).alias("duplicate_of_position"),
            pl.lit(None).alias("jaccard"),
        ),
    )


def _with_counts(
    runs: Mapping[str, Mapping[str, Any]], changed: Mapping[str, Counts]
) -> dict[str, Mapping[str, Any]]:
    """The manifests with these changes added to their counts."""
    return {
        run_id: {**manifest, "counts": (Counts.from_json(manifest["counts"]) + changed[run_id]).to_json()}
        if run_id in changed
        else manifest
        for run_id, manifest in runs.items()
    }
