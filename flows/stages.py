"""The stages of a run, each a plain function of the job and one item over files in the run's staging folder.

    read     inputs           -> documents and rejected, shard by shard
    clean    a shard          -> its paragraphs, repaired and with what needs no other document struck; the counts of
                                 its lines, and its shingles
    count    all shards       -> how often each source printed a line, in this run and the earlier ones
    strike   a shard          -> which of its lines are repeated; the shingles of what is left
    compare  all shards       -> which paragraphs are near-duplicates, and of what
    split    a shard          -> the parts of the published tables

A stage writes its files whole or not at all, reads only what the stages before it wrote, and gives the same bytes each
time: it can be done again, alone, on another machine that sees the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from cleaners.duplicate import duplicate, kept
from cleaners.paragraphs import remove, split_removed
from cleaners.phrases import Phrase
from cleaners.repeated_line import count, merge, repeated_line
from flows import inputs
from flows.dataset import Dataset
from flows.editing import compared, count_words, decide, edit, options, repaired, shingle_frame
from flows.settings import Settings
from flows.summary import Tally
from flows.tables import ROW_GROUP, conform, write_part


@dataclass(frozen=True)
class Job:
    """What every stage needs to know of its run."""

    run_id: str
    out: Path
    staging: Path
    settings: Settings
    phrases: tuple[Phrase, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)  # of the Parquet files
    charsets: Mapping[str, str] = field(default_factory=dict)  # that a source used in earlier runs
    #: uris of inputs that an earlier run has read, and that have changed since
    reread: frozenset[str] = frozenset()

    def path(self, kind: str, shard: str) -> Path:
        """Where the file of that kind of a shard lies."""
        return self.staging / "work" / kind / f"{shard}.arrow"

    def publish(self, table: str, shard: str) -> Path:
        """Where the part of a table that comes of a shard is staged."""
        return self.staging / "publish" / table / f"part-{shard}.parquet"


class Found(NamedTuple):
    """What came of a batch of inputs."""

    shards: list[str]  # their names, in order
    unopened: list[str]  # uris of inputs that could not be opened


def read_inputs(job: Job, batch: tuple[int, Sequence[inputs.Input]]) -> Found:
    """Read a batch of inputs into shards."""
    number, given = batch
    found = Found([], [])
    for n, shard in enumerate(inputs.read(given, job.settings.inputs, job.settings.fields, job.charsets)):
        name = f"{number:05d}-{n:05d}"
        documents, rejected = shard.documents, shard.rejected
        unopened = rejected.filter(pl.col("error").str.starts_with("cannot be read"))
        found.unopened.extend(unopened["uri"])
        if job.reread:
            documents, rejected = _unknown(job, documents, rejected)
        if len(documents) or len(rejected):
            _write(rejected, job.path("rejected", name))
            _write(documents, job.path("read", name))
            found.shards.append(name)
    return found


def _unknown(job: Job, documents: pl.DataFrame, rejected: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Without the rows that an earlier run has had of an input that has changed since."""
    uri = pl.col("uri")
    again = uri.is_in(list(job.reread)) | uri.str.replace(r"#\d+$", "").is_in(list(job.reread))
    if documents.filter(again).is_empty() and rejected.filter(again).is_empty():
        return documents, rejected
    dataset = Dataset(job.out)
    known = pl.concat(
        # a document of which repair left nothing is in `repaired` alone
        [
            dataset.scan(table).filter(again).select("document_id")
            for table in ("documents", "removed", "repaired")
        ]
    ).unique()
    told = dataset.scan("rejected").filter(again).select("uri", "error")
    return (
        documents.join(known.collect(), on="document_id", how="anti", maintain_order="left"),
        rejected.join(told.collect(), on=["uri", "error"], how="anti", maintain_order="left"),
    )


def clean(job: Job, shard: str) -> None:
    """Repair a shard's paragraphs and strike what needs no other document; count its lines, and shingle it."""
    documents, frame = edit(_read(job.path("read", shard)), job.settings, job.phrases)
    if job.settings.repeated_line.enabled:
        counted = count(frame, max_characters=job.settings.repeated_line.max_characters)
        _write(counted, job.path("lines", shard))
    shingled = shingle_frame(frame, job.settings)
    _write(shingled, job.path("shingles", shard), compression="uncompressed")
    _write(frame.with_columns(count_words(frame, shingled)), job.path("cleaned", shard))
    _write(documents.drop("text"), job.path("documents", shard))


def count_lines(job: Job, shards: Sequence[str]) -> None:
    """How often each source printed a line: in this run, to be kept, and with the earlier runs, to judge by."""
    here = merge([_read(job.path("lines", shard)) for shard in shards])
    write_part(here, job.publish("lines", "00000"), job.metadata)
    earlier = [pl.read_parquet(path, hive_partitioning=False) for path in Dataset(job.out).parts("lines")]
    known = merge([*earlier, here])
    least = job.settings.repeated_line.min_documents
    _write(known.filter(pl.col("line").is_null() | (pl.col("documents") >= least)), job.path("lines", "all"))


def strike_lines(job: Job, shard: str) -> None:
    """Strike a shard's repeated lines; the shingles and keys of the paragraphs that are left."""
    shingled = _read(job.path("shingles", shard))
    if job.settings.repeated_line.enabled:
        before = _read(job.path("cleaned", shard))
        after = repeated_line(before, _read(job.path("lines", "all")), **options(job.settings.repeated_line))
        shingled = shingled.filter(after.filter(before.select(compared()).to_series())["reason"].is_null())
        struck = after.filter(after["reason"].is_not_null() & before["reason"].is_null())
        _write(struck.select("document_id", "position", "rule"), job.path("struck", shard))
    _write(shingled, job.path("compared", shard), compression="uncompressed")


def compare(job: Job, shards: Sequence[str]) -> None:
    """Decide which paragraphs are near-duplicates of an earlier one, and which documents go whole."""
    index = [pl.scan_parquet(path, hive_partitioning=False) for path in Dataset(job.out).parts("index")]
    decisions = decide([_scan(job.path("compared", shard)) for shard in shards], index, job.settings)
    _write(decisions, job.path("decisions", "all"))


def split(job: Job, shard: str) -> Tally:
    """Write a shard's parts of the published tables and of the index; what was kept and struck."""
    documents, frame = _read(job.path("documents", shard)), _read(job.path("cleaned", shard))
    if job.settings.repeated_line.enabled:
        frame = _strike(frame, _read(job.path("struck", shard)))
    decisions = _read(job.path("decisions", "all"))
    frame = duplicate(frame, decisions)
    left, removed = split_removed(frame)
    left = left.filter(pl.col("text") != "")
    texts = left.group_by("document_id", maintain_order=True).agg(
        pl.col("text").str.join("\n\n"), pl.col("words").sum(), pl.len().alias("paragraphs")
    )
    gone = removed.group_by("document_id").agg(pl.len().alias("removed_paragraphs"))
    published = (
        documents.join(texts, on="document_id", how="inner", maintain_order="left")
        .join(gone, on="document_id", how="left", maintain_order="left")
        .with_columns(pl.col("removed_paragraphs").fill_null(0))
    )
    empty = documents.join(texts, on="document_id", how="anti", maintain_order="left").join(
        gone, on="document_id", how="anti", maintain_order="left"
    )
    rejected = pl.concat(
        [
            _read(job.path("rejected", shard)),
            empty.select("uri", pl.lit("no text: repair left nothing of it").alias("error")),
        ]
    )
    uris = documents.select("document_id", "uri")
    parts = {
        "documents": published,
        "removed": removed.join(uris, on="document_id", how="left", maintain_order="left"),
        "repaired": repaired(documents, frame).join(
            uris, on="document_id", how="left", maintain_order="left"
        ),
        "rejected": rejected,
    }
    for table, part in parts.items():
        whole = conform(table, part.with_columns(pl.lit(job.run_id).alias("run_id")))
        write_part(whole, job.publish(table, shard), job.metadata, ROW_GROUP[table])
    index = kept(_read(job.path("compared", shard)), decisions).collect()
    write_part(index, job.publish("index", shard), job.metadata, compression="uncompressed")
    return Tally.of(frame, published, rejected)


def _strike(frame: pl.DataFrame, struck: pl.DataFrame) -> pl.DataFrame:
    """The frame with the repeated lines of `struck` removed."""
    rules = frame.select("document_id", "position").join(
        struck, on=["document_id", "position"], how="left", maintain_order="left"
    )["rule"]
    return remove(frame, rules.is_not_null(), "repeated_line", rules)


def _write(frame: pl.DataFrame, path: Path, compression: Literal["lz4", "uncompressed"] = "lz4") -> None:
    """Write a file of the staging folder, which appears under its name once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    frame.write_ipc(partial, compression=compression)
    partial.replace(path)


def _read(path: Path) -> pl.DataFrame:
    return pl.read_ipc(path)


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_ipc(path)
