"""Rebuilds the duplicate index from `documents`, by other rules.

No row of a published table changes: what was removed by the former rules stays removed. Later runs are compared by the
new rules.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.duplicate.fingerprints import fingerprint
from cleaners.duplicate.rarest_shingles import count_shingles, merge_frequencies
from flows.dataset import Dataset, Span
from flows.dataset.damage import require_intact
from flows.dataset.exchange import exchange, require_exchange
from flows.dataset.index_parts import index_rules
from flows.dataset.layout import FIRST_PART, SHARDED
from flows.dataset.manifests import Manifests, describe_part, read_manifests
from flows.dataset.positions import kept, taken
from flows.dataset.tables import read_part
from flows.errors import CopydeskError
from flows.maintenance.rewrite_folders import Read, empty_tree, rewrite_span, write_like, write_span_manifests
from flows.settings.model import Duplicate, fingerprint_rules

_FREQUENCIES: Final = "shingle_frequencies"


def reindex(dataset: Dataset, settings: Duplicate, *, offline: bool = False) -> int:
    """Rebuild the index by the rules of `settings`; how many paragraphs it has.

    Parts are read one by one, so that memory is bounded by a part. With the method "exact" they are read twice, to
    count shingles again as well. Raises CopydeskError if the file system cannot exchange folders, unless `offline`:
    then the dataset must have no readers.
    """
    with dataset.writing():
        spans = dataset.spans()
        if not spans:
            return 0
        require_exchange(dataset, offline=offline)
        empty_tree(dataset)
        shutil.rmtree(dataset.tree.expired(_FREQUENCIES), ignore_errors=True)
        require_intact(dataset, ("documents",), spans)
        frequencies = _frequencies(dataset, settings) if settings.ranks_shingles else None
        rows = 0
        for span in spans:
            manifests = read_manifests(dataset, span)
            metadata = next(iter(manifests.files.values()))["metadata"]
            manifests = Manifests(
                _with_rules(manifests.runs, settings),
                {
                    name: entry
                    for name, entry in manifests.files.items()
                    if not name.startswith(f"{_FREQUENCIES}/")
                },
                manifests.compacted,
            )
            files = rewrite_span(
                dataset, span, manifests, partial(_part, settings=settings, frequencies=frequencies)
            )
            if frequencies is not None and span == spans[0]:
                files |= _write_frequencies(dataset, span, frequencies, metadata)
            rows += sum(entry["rows"] for name, entry in files.items() if name.startswith("index/"))
            write_span_manifests(dataset, span, Manifests(manifests.runs, files, manifests.compacted))
        exchange(dataset, offline=offline)
    return rows


def _part(
    kinds: Sequence[str], read: Read, *, settings: Duplicate, frequencies: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    """The new index of the parts of one name, if it differs from the old one."""
    if tuple(kinds) != SHARDED:
        return {}
    documents = read("documents")
    paragraphs = kept(documents, taken(read("removed"), read("repaired"))).join(
        read("labelled"), on=["document_id", "position"], how="anti", maintain_order="left"
    )
    fingerprints = fingerprint(paragraphs, **fingerprint_rules(settings), frequencies=frequencies)
    runs = documents.select("document_id", "run_id")
    index = fingerprints.join(runs, on="document_id", how="left", maintain_order="left").drop_nulls("exact_a")
    try:
        same = index.equals(read("index"))
    except CopydeskError:  # it is damaged: all the more reason to rebuild it
        same = False
    return {} if same else {"index": index}


def _frequencies(dataset: Dataset, settings: Duplicate) -> pl.DataFrame:
    """How often each shingle occurs in `documents`."""

    def counts(path: Path) -> pl.DataFrame:
        texts = read_part(path, ["text"])["text"]
        paragraphs = texts.str.split("\n\n").explode(empty_as_null=False, keep_nulls=False)
        return count_shingles(paragraphs, settings.n)

    return merge_frequencies(counts(path) for path in dataset.parts("documents"))


def _write_frequencies(
    dataset: Dataset, span: Span, frequencies: pl.DataFrame, metadata: Mapping[str, str]
) -> dict[str, Mapping[str, Any]]:
    """Write the frequencies into the first folder of runs; the part's entry for the manifest."""
    path = dataset.tree.folder(_FREQUENCIES, span) / FIRST_PART
    write_like(frequencies, path, _FREQUENCIES, metadata)
    return {f"{_FREQUENCIES}/{path.name}": {**describe_part(path), "metadata": dict(metadata)}}


def _with_rules(runs: Mapping[str, Mapping[str, Any]], settings: Duplicate) -> dict[str, Mapping[str, Any]]:
    """The manifests of runs, with the new rules of their index."""
    return {run_id: {**manifest, "index": index_rules(settings)} for run_id, manifest in runs.items()}
