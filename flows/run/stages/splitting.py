"""The stage `split`: from a shard and the decisions on it to the parts of the published tables."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from cleaners.attributes import line_labels
from cleaners.duplicate.cleaner import duplicate, kept_fingerprints, without_protected
from flows.dataset.actions import is_labelled
from flows.dataset.ledger import RECORDS
from flows.dataset.rejections import RejectionKind, rejection_kinds
from flows.dataset.source_stats import merge_source_stats, stats_of_shard
from flows.dataset.summary import Counts
from flows.dataset.tables import ROW_GROUP, conform, scan_parts, whole_file, write_part
from flows.run import staged_files
from flows.run.clean_shard import repaired, with_texts
from flows.run.stages.paragraphs import is_done, read_paragraphs
from flows.run.stages.run import Run


def split(run: Run, shard: str) -> Counts:
    """Write a shard's parts of the published tables and of the index; return its counts."""
    counts = run.path("counts", shard).with_suffix(".json")
    if not is_done(run.path("paragraphs", shard), counts):
        counted = _split(run, shard)
        counts.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(counts) as partial:
            partial.write_text(json.dumps(counted.to_json()), encoding="utf-8")
        for kind in ("paragraphs", "fingerprints", "decisions"):
            run.path(kind, shard).unlink(missing_ok=True)
    return Counts.from_json(json.loads(counts.read_text(encoding="utf-8")))


def _split(run: Run, shard: str) -> Counts:
    documents = staged_files.read(run.path("documents", shard))
    frame = read_paragraphs(run, "paragraphs", shard, documents)
    decisions = without_protected(frame, staged_files.read(run.path("decisions", shard)))
    names = documents.get_column("document_id").gather(frame.get_column("document"))
    frame = duplicate(frame, decisions).with_columns(names)
    frame = frame.with_columns(is_labelled(frame, run.settings.labels, "document"))
    whole = with_texts(documents, frame)
    has_text, has_removed = pl.col("text").is_not_null(), pl.col("removed_paragraphs") > 0
    published = whole.filter(has_text)
    unpublished = whole.filter(~has_text & has_removed).with_columns(pl.lit("").alias("text"))
    empty = whole.filter(~has_text & ~has_removed)
    rejected = pl.concat(
        [
            staged_files.read(run.path("rejected", shard)),
            empty.select("uri", pl.lit("no text: repair left nothing of it").alias("error")),
        ]
    )
    found = frame.filter(pl.col("reason").is_not_null())
    found = found.hstack(documents.select("uri", "url")[found.get_column("document")])
    parts = {
        "documents": published,
        "removed": found.filter(~pl.col("labelled")),
        "labelled": found.filter("labelled"),
        "repaired": repaired(documents, frame),
        "rejected": rejected,
    }
    replaces = pl.col("older") if run.settings.inputs.on_change == "replace" else pl.lit(None)
    records = documents.with_columns(replaces.alias("replaces")).select(
        pl.col(name).cast(dtype) for name, dtype in RECORDS.items()
    )
    write_part(run.signed(records), run.publish("records", shard), run.metadata)
    write_part(run.signed(line_labels(frame, run.lexicon)), run.publish("labels", shard), run.metadata)
    for table, part in parts.items():
        write_part(
            conform(table, run.signed(part)), run.publish(table, shard), run.metadata, ROW_GROUP[table]
        )
    write_part(conform("documents", run.signed(unpublished)), run.publish("unpublished", shard), run.metadata)
    index = kept_fingerprints(staged_files.read(run.path("fingerprints", shard)).drop("row"), decisions)
    write_part(run.signed(index), run.publish("index", shard), run.metadata, compression="uncompressed")
    counts, clusters = stats_of_shard(frame, rejected)
    staged_files.write(counts, run.path("source_stats", shard))
    staged_files.write(clusters, run.path("clusters", shard))
    return Counts.of(frame, published, rejected, leads=decisions.get_column("reason").null_count())


def rejections(run: Run, shards: Sequence[str]) -> tuple[RejectionKind, ...]:
    """What the run rejects, by kind."""
    parts = [run.publish("rejected", shard) for shard in shards]
    return rejection_kinds(scan_parts(parts)) if parts else ()


def write_source_stats(run: Run, shards: Sequence[str]) -> pl.DataFrame:
    """Merge and write the statistics of each source that `split` counted."""
    counts = merge_source_stats(
        run.run_id,
        [staged_files.read(run.path("source_stats", shard)) for shard in shards],
        [staged_files.read(run.path("clusters", shard)) for shard in shards],
    )
    write_part(counts, run.publish("source_stats", "00000"), run.metadata)
    return counts
