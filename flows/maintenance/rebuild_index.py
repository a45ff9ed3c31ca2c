"""The duplicate index built anew, by other rules, from what `documents` holds.

No row of a published table changes, and nothing is judged again: what was removed by the former rules stays removed.
Later runs are compared by the new ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.duplicate.fingerprints import fingerprint
from cleaners.duplicate.rarest_shingles import count_shingles, merge_frequencies
from flows.dataset import Dataset, Span
from flows.dataset.exchange import exchange, require_exchange, tree
from flows.dataset.index import index_rules
from flows.dataset.layout import EXPIRED, SHARDED
from flows.dataset.manifests import Manifests, described, read_manifests
from flows.dataset.positions import kept, taken
from flows.maintenance.rewrite_folders import Read, empty_tree, rewrite_span, tell, write_like
from flows.settings.model import Duplicate, fingerprint_rules


def reindex(dataset: Dataset, settings: Duplicate, *, offline: bool = False) -> int:
    """Build the index anew by the rules of `settings`; how many paragraphs are in it.

    Parts are read one by one, so that memory is bounded by one of them. With the method "exact" they are read twice:
    the order of shingles is made anew as well. Raises CopydeskError where the file system cannot exchange folders,
    unless `offline` says that nobody reads.
    """
    with dataset.writing():
        spans = dataset.spans()
        if not spans:
            return 0
        require_exchange(dataset, offline=offline)
        empty_tree(dataset)
        shutil.rmtree(tree(dataset) / "shingle_frequencies" / EXPIRED, ignore_errors=True)
        frequencies = _frequencies(dataset, settings) if settings.method == "exact" else None
        rows = 0
        for span in spans:
            manifests = read_manifests(dataset, span)
            metadata = next(iter(manifests.files.values()))["metadata"]
            manifests = Manifests(
                _by_new_rules(manifests.runs, settings),
                {name: told for name, told in manifests.files.items() if not name.startswith("order/")},
                manifests.compacted,
            )
            files = rewrite_span(
                dataset, span, manifests, partial(_part, settings=settings, frequencies=frequencies)
            )
            if frequencies is not None and span == spans[0]:
                files |= _written(dataset, span, frequencies, metadata)
            rows += sum(told["rows"] for name, told in files.items() if name.startswith("index/"))
            tell(dataset, span, Manifests(manifests.runs, files, manifests.compacted))
        exchange(dataset, offline=offline)
    return rows


def _part(
    kinds: Sequence[str], read: Read, *, settings: Duplicate, frequencies: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    """The index of the parts of one name."""
    if tuple(kinds) != SHARDED:
        return {}
    documents = read("documents")
    paragraphs = kept(documents, taken(read("removed"), read("repaired")))
    made = fingerprint(paragraphs, **fingerprint_rules(settings), frequencies=frequencies)
    runs = documents.select("document_id", "run_id")
    index = made.join(runs, on="document_id", how="left", maintain_order="left").drop_nulls("exact_a")
    return {} if index.equals(read("index")) else {"index": index}


def _frequencies(dataset: Dataset, settings: Duplicate) -> pl.DataFrame:
    """How rare the shingles of what `documents` holds are."""

    def counts(path: Path) -> pl.DataFrame:
        texts = pl.read_parquet(path, columns=["text"], hive_partitioning=False)["text"]
        paragraphs = texts.str.split("\n\n").explode(empty_as_null=False, keep_nulls=False)
        return count_shingles(paragraphs, settings.n)

    return merge_frequencies(counts(path) for path in dataset.parts("documents"))


def _written(
    dataset: Dataset, span: Span, frequencies: pl.DataFrame, metadata: Mapping[str, str]
) -> dict[str, Mapping[str, Any]]:
    """The order of shingles, written into the first folder of runs; what is told of it."""
    path = tree(dataset) / "shingle_frequencies" / f"run={span}" / "part-00000.parquet"
    write_like(frequencies, path, "shingle_frequencies", metadata)
    return {f"order/{path.name}": {**described(path), "metadata": dict(metadata)}}


def _by_new_rules(runs: Mapping[str, Mapping[str, Any]], settings: Duplicate) -> dict[str, Mapping[str, Any]]:
    return {run_id: {**said, "index": index_rules(settings)} for run_id, said in runs.items()}
