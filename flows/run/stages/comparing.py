"""The stage `compare`: the near-duplicates of a run and their witnesses, by one task."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.kernels import I64
from flows.dataset import Dataset
from flows.dataset.index import index_tables
from flows.dataset.index_parts import reference_parts
from flows.run import staged_files
from flows.run.clean_shard import decide
from flows.run.stages.counting import frequencies_of
from flows.run.stages.run import Run


def compare(run: Run, shards: Sequence[str]) -> None:
    """Decide which paragraphs are near-duplicates of an earlier one, and which documents are removed whole."""
    tables, index = compared(run, shards)
    documents = pl.concat([pl.scan_ipc(run.path("documents", shard), glob=False) for shard in shards])
    listed = isinstance(run.settings.duplicate.keep, tuple)
    sources = documents.select("document_id", "source").collect() if listed else None
    found = decide(tables, index, run.settings, older_versions(run, shards), sources, run.workers)
    for shard, decisions in zip(shards, found, strict=True):
        staged_files.write(decisions, run.path("decisions", shard))


def compared(
    run: Run, shards: Sequence[str], *, whole: bool = False
) -> tuple[list[FingerprintTable], list[FingerprintTable]]:
    """The fingerprints that are compared: those of these shards, and those of earlier runs that may match, or all."""
    tables = [_fingerprints(run, shard) for shard in shards]
    dataset, s = Dataset(run.out), run.settings.duplicate
    cache = (dataset.references if run.may_write else run.staging) / "fingerprints"
    references = (
        reference_parts(run.references, s, frequencies_of(run), cache, run.workers) if s.enabled else []
    )
    given = tables, s, run.workers, run.since, references
    return tables, index_tables(dataset, *given, whole=whole, may_write=run.may_write, report=run.report)


def older_versions(run: Run, shards: Sequence[str]) -> pl.DataFrame:
    """(document_id, older): each new version of a document with every known older one."""
    versions = [
        pl.scan_ipc(run.path("documents", shard), glob=False)
        .select("document_id", "older")
        .filter(pl.col("older").is_not_null())
        .collect()
        for shard in shards
    ]
    return pl.concat(versions).explode("older", empty_as_null=False, keep_nulls=False)


def _fingerprints(run: Run, shard: str) -> FingerprintTable:
    path = run.path("fingerprints", shard)

    def texts(rows: I64) -> pl.Series:
        places = staged_files.read(path, "row").get_column("row").gather(rows)
        return staged_files.read(run.path("paragraphs", shard), "text").get_column("text").gather(places)

    def languages(rows: I64) -> pl.Series:
        places = staged_files.read(path, "row").get_column("row").gather(rows)
        documents = (
            staged_files.read(run.path("paragraphs", shard), "document").get_column("document").gather(places)
        )
        return (
            staged_files.read(run.path("documents", shard), "language")
            .get_column("language")
            .gather(documents)
        )

    return FingerprintTable(pl.scan_ipc(path, glob=False), texts, languages)
