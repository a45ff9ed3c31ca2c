"""Removed text put back where it stood, and remembered, so that no later run removes it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from cleaners.duplicate.fingerprints import fingerprint
from cleaners.text.folding import line_hashes
from cleaners.text.shingles import count_tokens
from flows.dataset import Dataset, Span
from flows.dataset.exceptions import EXCEPTIONS, KIND, read_exceptions
from flows.dataset.exchange import exchange, require_exchange, tree
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import Manifests, read_manifests, seal
from flows.dataset.positions import in_order, kept, taken
from flows.dataset.summary import REPLACED, Counts
from flows.dataset.tables import conform, write_part
from flows.errors import CopydeskError, UsageError
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, tell
from flows.settings.model import FINGERPRINTED_BY


class Restored(NamedTuple):
    """What was put back."""

    documents: int  # that had gone whole, and are rows again
    paragraphs: int
    words: int


@dataclass
class _Change:
    """What a restoration did to the runs of a folder."""

    source_stats: dict[str, Counts] = field(
        default_factory=lambda: defaultdict(Counts)
    )  # to be added to those of the runs
    exceptions: list[pl.DataFrame] = field(default_factory=list)


def restore(
    dataset: Dataset,
    *,
    document: str | None = None,
    reason: str | None = None,
    rule: str | None = None,
    run: str | None = None,
    offline: bool = False,
) -> Restored:
    """Put back the rows of `removed` that have this document id, reason, rule and run id, as far as they are given.

    The text stands in its document again, in its place, a document that had gone whole is a row again, and the rows of
    `removed` are gone. All of it is in the duplicate index from now on. Later runs do not remove it: not in the source
    that printed it, or, where a document was named or has no source, not in a document of that uri. What else had been
    removed stays removed, also if only what was restored was the cause. Raises UsageError where nothing is named, or
    nothing was removed that is named so.
    """
    names = {"document_id": document, "reason": reason, "rule": rule, "run_id": run}
    asked = [pl.col(name) == value for name, value in names.items() if value is not None]
    if not asked:
        raise UsageError("restore wants to know what: a document, a reason, a rule or a run")
    wanted = pl.all_horizontal(asked)
    with dataset.writing():
        hits = _hits(dataset, wanted)
        if not hits:
            told = " and ".join(f"{name} = {value!r}" for name, value in names.items() if value is not None)
            raise UsageError(f"nothing was removed in {dataset.root} with {told}")
        changes = _put_back(
            dataset, wanted, hits, by_document=document is not None, is_protected=True, offline=offline
        )
    total = Counts.total(counts for change in changes for counts in change.source_stats.values())
    return Restored(total.documents_kept, total.paragraphs_kept, total.words_kept)


def restore_replaced(dataset: Dataset, documents: Sequence[str], *, offline: bool = False) -> None:
    """Put back these documents as far as they are replaced by new versions; the caller holds the lock."""
    wanted = pl.col("document_id").is_in(list(documents)) & (pl.col("reason") == REPLACED)
    if hits := _hits(dataset, wanted):
        _put_back(dataset, wanted, hits, by_document=True, is_protected=False, offline=offline)


def _put_back(
    dataset: Dataset,
    wanted: pl.Expr,
    hits: Set[Span],
    *,
    by_document: bool,
    is_protected: bool,
    offline: bool,
) -> list[_Change]:
    """Write the folders with hits anew, and exchange all; where it is `is_protected`, no later run removes it again."""
    require_exchange(dataset, offline=offline)
    empty_tree(dataset)
    changes = []
    for span in dataset.spans():
        if span in hits:
            changes.append(
                _restore_span(dataset, span, wanted, by_document=by_document, is_protected=is_protected)
            )
        else:
            keep_span(dataset, span)
    if is_protected:
        exceptions = pl.concat(
            [read_exceptions(dataset), *(e for change in changes for e in change.exceptions)]
        )
        exceptions = exceptions.unique(
            ["source", "uri", "line", "document_id"], keep="first", maintain_order=True
        )
        write_part(exceptions, tree(dataset) / KIND / "part-00000.parquet", {})
        seal(tree(dataset) / KIND)
    exchange(dataset, offline=offline)
    return changes


def _hits(dataset: Dataset, wanted: pl.Expr) -> set[Span]:
    """The folders in which there is something to restore."""
    found = set()
    for span in dataset.spans():
        parts = dataset.parts("removed", span)
        if parts and pl.scan_parquet(parts, hive_partitioning=False).filter(wanted).head(1).collect().height:
            found.add(span)
    return found


def _restore_span(
    dataset: Dataset, span: Span, wanted: pl.Expr, *, by_document: bool, is_protected: bool
) -> _Change:
    manifests = read_manifests(dataset, span)
    ledger = pl.read_parquet(
        dataset.parts("ledger", span), columns=["uri", "run_id"], hive_partitioning=False
    )
    ranks_shingles = dataset.parts("shingle_frequencies")
    frequencies = pl.read_parquet(ranks_shingles[0], hive_partitioning=False) if ranks_shingles else None
    index = next(iter(manifests.runs.values()))["index"]  # not its settings: it may have been made anew since
    rules = {name: index[name] for name in FINGERPRINTED_BY} | {"shingle_frequencies": frequencies}
    change = _Change()
    restored = partial(
        _restore_part, wanted=wanted, ledger=ledger, rules=rules, change=change, by_document=by_document
    )
    files = rewrite_span(dataset, span, manifests, restored)
    runs: dict[str, Mapping[str, Any]] = {}
    for run_id, said in manifests.runs.items():
        if run_id in change.source_stats:
            added = change.source_stats[run_id]
            said = {**said, "counts": (Counts.from_json(said["counts"]) + added).to_json()}
            if is_protected:
                said["restored"] = said.get("restored", 0) + added.paragraphs_kept
        runs[run_id] = said
    tell(dataset, span, Manifests(runs, files, manifests.compacted))
    return change


def _restore_part(
    kinds: Sequence[str],
    read: Read,
    *,
    wanted: pl.Expr,
    ledger: pl.DataFrame,
    rules: Mapping[str, Any],
    change: _Change,
    by_document: bool,
) -> dict[str, pl.DataFrame]:
    """What changes in the parts of one name if the paragraphs that are wanted are put back."""
    if tuple(kinds) != SHARDED:
        return {}
    removed = read("removed")
    hits = removed.filter(wanted)
    if hits.is_empty():
        return {}
    documents, unpublished = read("documents"), read("unpublished")
    touched = hits.select("document_id").unique()
    left = removed.join(hits, on=["document_id", "position"], how="anti", maintain_order="left")
    paragraphs = pl.concat(
        [
            kept(
                documents.join(touched, on="document_id", how="semi", maintain_order="left"),
                taken(removed, read("repaired")),
            ),
            hits.select("document_id", "position", "text"),
        ]
    ).sort("document_id", "position")
    back = unpublished.join(touched, on="document_id", how="semi", maintain_order="left")
    told = _told(paragraphs, left)
    new = conform(
        "documents",
        pl.concat([documents, back])
        .join(told, on="document_id", how="left", maintain_order="left", suffix="_new")
        .with_columns(pl.coalesce(f"{name}_new", name).alias(name) for name in told.columns[1:]),
    )
    if lost := set(touched["document_id"]) - set(new["document_id"]):
        raise CopydeskError(f"nothing is known of document {min(lost)}: the dataset is damaged")
    if len(back):
        new = in_order(new, ledger)
    index = _index(read("index"), hits, new, rules)
    change.exceptions.append(_exceptions(hits, new, by_document=by_document))
    _count(change, removed, left, back)
    return {
        "documents": new,
        "removed": left,
        "unpublished": unpublished.join(back, on="document_id", how="anti", maintain_order="left"),
        "index": index,
    }


def _told(paragraphs: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    """Of every document its text and what `documents` counts, of its kept paragraphs in order."""
    gone = removed.group_by("document_id").agg(pl.len().cast(pl.UInt32).alias("removed_paragraphs"))
    return (
        paragraphs.with_columns(count_tokens(paragraphs["text"]).cast(pl.UInt32).alias("words"))
        .group_by("document_id", maintain_order=True)
        .agg(
            pl.col("text").str.join("\n\n"),
            pl.col("words").sum(),
            pl.len().cast(pl.UInt32).alias("paragraphs"),
        )
        .join(gone, on="document_id", how="left", maintain_order="left")
        .with_columns(pl.col("removed_paragraphs").fill_null(0))
    )


def _index(
    index: pl.DataFrame, hits: pl.DataFrame, documents: pl.DataFrame, rules: Mapping[str, Any]
) -> pl.DataFrame:
    """The index with the fingerprints of the paragraphs that are back, in the order of the documents."""
    added = fingerprint(hits.select("document_id", "position", "text"), **rules).with_columns(hits["run_id"])
    places = documents.select("document_id").with_row_index("place")
    return (
        pl.concat([index, added.drop_nulls("exact_a").select(index.columns)])
        .join(places, on="document_id", how="left", maintain_order="left")
        .sort("place", "position", maintain_order=True)
        .drop("place")
    )


def _exceptions(hits: pl.DataFrame, documents: pl.DataFrame, *, by_document: bool) -> pl.DataFrame:
    sources = documents.select("document_id", "source")
    own = pl.lit(by_document) | pl.col("source").is_null()
    return (
        hits.join(sources, on="document_id", how="left", maintain_order="left")
        .with_columns(
            line_hashes(hits["text"]).alias("line"),
            pl.when(own).then("uri").alias("uri"),
            pl.when(~own).then("source").alias("source"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in EXCEPTIONS.items())
    )


def _count(change: _Change, removed: pl.DataFrame, left: pl.DataFrame, back: pl.DataFrame) -> None:
    """Note what must be added to the tallies of the runs."""
    before, after = _removed(removed), _removed(left)
    for run_id, reasons in before.items():
        by_reason = {
            reason: tuple(
                b - a for a, b in zip(counts, after.get(run_id, {}).get(reason, (0, 0, 0)), strict=True)
            )
            for reason, counts in reasons.items()
        }
        by_reason = {reason: counts for reason, counts in by_reason.items() if any(counts)}
        if by_reason:
            change.source_stats[run_id] += Counts(
                documents_kept=back.filter(pl.col("run_id") == run_id).height,
                paragraphs_kept=-sum(counts[1] for counts in by_reason.values()),
                words_kept=-sum(counts[2] for counts in by_reason.values()),
                removed=by_reason,  # type: ignore[arg-type]
            )


def _removed(removed: pl.DataFrame) -> dict[str, dict[str, tuple[int, int, int]]]:
    """Of each run and reason (documents, paragraphs, words)."""
    counted = (
        removed.with_columns(count_tokens(removed["text"]).alias("words"))
        .group_by("run_id", "reason")
        .agg(pl.col("document_id").n_unique(), pl.len(), pl.col("words").sum())
    )
    found: dict[str, dict[str, tuple[int, int, int]]] = {}
    for run_id, reason, documents, paragraphs, words in counted.iter_rows():
        found.setdefault(run_id, {})[reason] = documents, paragraphs, words
    return found
