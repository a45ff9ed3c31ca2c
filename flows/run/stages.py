"""The stages of a run: plain functions of the run and one item, which exchange files in the run's staging folder.

    read     inputs           -> documents and rejected, shard by shard
    clean    a shard          -> its paragraphs, repaired and cleaned as far as no other document is needed; counts of
                                 its lines and, if shingles are ranked, of its shingles
    count    a partition      -> how often each source printed a line, in this run and in earlier ones
    remove   a shard          -> its repeated lines and inline boilerplate; fingerprints of the remaining paragraphs
    compare  all shards       -> the near-duplicates and their witnesses
    split    a shard          -> the parts of the published tables

A stage writes each file whole or not at all, reads only what earlier stages wrote, and is deterministic. So it can be
repeated, alone, on any machine that shares the folder. What no later stage reads is removed, so that the folder holds
every text once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.attributes import line_labels
from cleaners.duplicate.cleaner import (
    FingerprintTable,
    duplicate,
    eligible,
    kept_fingerprints,
    without_protected,
)
from cleaners.duplicate.rarest_shingles import count_shingles, merge_frequencies
from cleaners.kernels import I64
from cleaners.lexicon import Lexicon
from cleaners.paragraphs import SCHEMA
from cleaners.phrases.phrase import Phrase
from cleaners.repeated_line.cleaner import least_documents
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from flows import inputs
from flows.dataset import Dataset
from flows.dataset.actions import is_labelled
from flows.dataset.crashes import Culprits, noting_inputs, noting_shard
from flows.dataset.exceptions import EXCEPTIONS, protect
from flows.dataset.index import index_tables
from flows.dataset.index_parts import reference_parts
from flows.dataset.layout import PUBLISH
from flows.dataset.ledger import RECORDS, earlier_of
from flows.dataset.line_totals import earlier_counts
from flows.dataset.positions import file_of
from flows.dataset.rejections import RejectionKind, rejection_kinds
from flows.dataset.reporting import Report, silent
from flows.dataset.source_stats import merge_source_stats, stats_of_shard
from flows.dataset.summary import Counts
from flows.dataset.tables import ROW_GROUP, conform, read_part, scan_parts, whole_file, write_part
from flows.run.clean_shard import (
    clean_shard,
    count_words,
    decide,
    fingerprints_of,
    repaired,
    with_texts,
    without_repeated_lines,
)
from flows.run.staged_files import read as _read
from flows.run.staged_files import read_pieces, remove_pieces, write_pieces
from flows.run.staged_files import write as _write
from flows.settings import Settings

#: Maximum lines in a partition, which take some 300 MB of memory.
LINES_AT_ONCE: Final = 1 << 21
#: Ranges of hashes in which the lines of a shard are staged; a partition is some of them.
LINE_RANGES: Final = 1 << 8

#: The columns of paragraphs that staged ones lack: their document has them, or only `split` fills them.
_OF_DOCUMENT: Final = ("source", "title", "language")
_OF_DUPLICATE: Final = ("duplicate_of_document_id", "duplicate_of_position", "jaccard")


@dataclass(frozen=True)
class Run:
    """What every stage needs to know about its run."""

    run_id: str
    out: Path
    staging: Path
    settings: Settings
    phrases: tuple[Phrase, ...]
    lexicon: Lexicon
    metadata: Mapping[str, str] = field(default_factory=dict)  # of the Parquet files
    charsets: Mapping[str, str] = field(default_factory=dict)  # that a source used in earlier runs
    ranks_shingles: bool = False  # whether this run ranks the shingles for the dataset
    workers: int = 1  # threads of a stage that has one item
    since: str = ""  # the first run whose paragraphs can be witnesses
    references: Sequence[Path] = ()  # datasets that are only read, and whose paragraphs can be witnesses
    culprits: Culprits = field(default_factory=dict)  # records that crash native code
    limit: int = 0  # new records that are read at most; 0: all
    advance: Callable[[int], object] = (
        abs  # called with the bytes that were read, if the engine is in this process
    )
    report: Report = silent  # of what a stage does beside its work, if the engine is in this process
    exceptions: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema=EXCEPTIONS)
    )  # restored text, never removed again

    @property
    def may_write(self) -> bool:
        """Whether the run will be published in its dataset, and may write caches there."""
        return self.staging.is_relative_to(Dataset(self.out).staging)

    def path(self, kind: str, shard: str) -> Path:
        """The path of a shard's file of that kind."""
        return self.staging / "work" / kind / f"{shard}.arrow"

    def publish(self, table: str, shard: str) -> Path:
        """The path where a shard's part of a table is staged."""
        return self.staging / PUBLISH / table / f"part-{shard}.parquet"

    def signed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the run's id, which identifies rows even after runs are compacted."""
        return frame.with_columns(pl.lit(self.run_id).alias("run_id"))


class Batch(NamedTuple):
    """Consecutive inputs that are read by one worker."""

    number: int
    inputs: Sequence[inputs.Input]
    following: int = 0  # bytes of the inputs of the batches after it


class ReadShard(NamedTuple):
    """A part of the inputs that was read."""

    name: str
    shard: str | None  # the name of its shard; None if there was nothing new
    skipped: Mapping[str, int]  # kind of junk -> files of archives that were skipped
    fields: tuple[tuple[str, str, int], ...]  # each field, its name in records, and the number of documents
    is_cut: bool = False  # whether reading ended here because of `Run.limit`


def read_inputs(run: Run, batch: Batch) -> Iterator[ReadShard]:
    """Read a batch of inputs into shards."""
    number, given, following = batch
    s, dataset = run.settings, Dataset(run.out)
    again = {i.uri for i in given if i.last is not None}
    with noting_inputs(run.staging, number) as note:
        found = inputs.read(
            given,
            s.inputs,
            s.fields,
            run.charsets,
            earlier_of(dataset, given),
            run.culprits,
            note,
            run.advance,
            run.limit,
            following,
        )
        for n, shard in enumerate(found):
            name = f"{number:05d}-{n:05d}"
            rejected = _without_known(dataset, shard.rejected, again)
            _write(shard.inputs, run.path("inputs", name))
            is_new = bool(len(shard.documents) or len(rejected))
            if is_new:
                _write(rejected, run.path("rejected", name))
                _write(shard.documents, run.path("read", name))
            fields = tuple((*names, number) for names, number in shard.fields.items())
            yield ReadShard(name, name if is_new else None, shard.skipped, fields, shard.is_cut)


def _without_known(dataset: Dataset, rejected: pl.DataFrame, again: set[str]) -> pl.DataFrame:
    """The rejected rows, without those that an earlier run already published of inputs that are read again."""
    uri = pl.col("uri")
    mine = uri.is_in(list(again)) | file_of(uri).is_in(list(again))
    asked = rejected.filter(mine)
    if asked.is_empty():
        return rejected
    known = dataset.scan("rejected").filter(uri.is_in(asked["uri"].implode())).select("uri", "error")
    return rejected.join(known.collect(), on=["uri", "error"], how="anti", maintain_order="left")


def ledger(run: Run, read: Sequence[ReadShard]) -> pl.DataFrame:
    """The inputs that were read, in order; columns: `inputs.INPUTS`."""
    parts = [_read(run.path("inputs", one.name)) for one in read]
    return pl.concat(parts) if parts else pl.DataFrame(schema=inputs.INPUTS)


def clean(run: Run, read: ReadShard) -> None:
    """Repair and clean a shard as far as no other document is needed; count its lines."""
    if read.shard is not None:
        with noting_shard(run.staging, read.shard):
            _clean(run, read.shard)


def _clean(run: Run, shard: str) -> None:
    if _is_done(run.path("read", shard), run.path("documents", shard)):
        return
    read = _read(run.path("read", shard))
    documents, frame = clean_shard(read, run.settings, run.phrases, run.lexicon, run.exceptions)
    if run.settings.repeated_line.enabled:
        keys = line_keys(frame, lexicon=run.lexicon, max_characters=run.settings.repeated_line.max_characters)
        _write(keys, run.path("line_keys", shard))
        counts = count_source_lines(frame, documents["published"], keys=keys)
        ranges = [_least_line(number) for number in range(LINE_RANGES)]
        by_line = counts.sort("line", maintain_order=True)
        write_pieces(by_line, run.path("line_counts", shard), "line", ranges)
    if run.ranks_shingles:
        texts = frame.filter(eligible()).get_column("text")
        _write(count_shingles(texts, run.settings.duplicate.n), run.path("shingle_frequencies", shard))
    _write_paragraphs(frame, run.path("cleaned", shard))
    _write(documents.drop("text"), run.path("documents", shard))
    run.path("read", shard).unlink(missing_ok=True)


def _is_done(source: Path, last: Path) -> bool:
    """Whether a stage has ended that writes `last` at its end and then removes its source.

    So it is if the worker that has done it was lost before it could say so.
    """
    return not source.exists() and last.exists()


def _least_line(number: int) -> int:
    """The least hash of a line in a range of them."""
    return number * 2**64 // LINE_RANGES


class Partition(NamedTuple):
    """The lines of these shards whose hashes are in part `number` of `of` about equal parts of the ranges."""

    number: int
    of: int
    shards: Sequence[str]

    @property
    def ranges(self) -> tuple[int, int]:
        """The first range of the partition, and the one after its last."""
        return self.number * LINE_RANGES // self.of, (self.number + 1) * LINE_RANGES // self.of

    def rows(self) -> pl.Expr:
        """The rows of a table of counts in this partition; rows without a line are in the first."""
        first, end = self.ranges
        within = pl.col("line").is_between(_least_line(first), _least_line(end) - 1)
        return within | pl.col("line").is_null() if self.number == 0 else within


def partitions(run: Run, shards: Sequence[str]) -> list[Partition]:
    """The partitions in which lines are counted, so that memory is bounded by one partition."""
    lines = sum(
        pl.scan_ipc(run.path("line_counts", shard), glob=False).select(pl.len()).collect().item()
        for shard in shards
    )
    of = min(1 + lines // LINES_AT_ONCE, LINE_RANGES)
    return [Partition(number, of, shards) for number in range(of)]


def count_lines(run: Run, partition: Partition) -> None:
    """Count how often each source printed a line: in this run, for later runs, and in all runs, to decide now."""
    tables = [read_pieces(run.path("line_counts", shard), *partition.ranges) for shard in partition.shards]
    here = merge_counts(tables) if len(tables) > 1 else tables[0].sort("source", "line")
    name = f"{partition.number:05d}"
    write_part(run.signed(here), run.publish("line_counts", name), run.metadata)
    # earlier counts matter only for lines that occur in this run
    lines = here.get_column("line").unique()
    if partition.of == 1:
        earlier = earlier_counts(Dataset(run.out), lines, may_write=run.may_write, report=run.report)
    else:
        wanted = pl.col("line").is_null() | pl.col("line").is_in(lines.implode())
        earlier = [
            scan_parts(path).filter(partition.rows()).filter(wanted).collect()
            for path in Dataset(run.out).parts("line_counts")
        ]
    known = merge_counts([*earlier, here]) if earlier else here
    least = least_documents(run.settings.repeated_line.min_documents)
    frequent = known.filter(pl.col("line").is_null() | (pl.col("documents") >= least))
    _write(frequent, run.path("frequent", name))


def merge_partitions(run: Run, shards: Sequence[str]) -> None:
    """Merge the frequent lines of all partitions, and remove the counts of the shards."""
    parts = [_read(path) for path in sorted(run.path("frequent", "").parent.glob("[!.]*"))]
    _write(pl.concat(parts).sort("line"), run.path("frequent_lines", "00000"))
    for shard in shards:
        remove_pieces(run.path("line_counts", shard))


def _frequent_lines(run: Run, keys: pl.DataFrame) -> pl.DataFrame:
    """The frequent lines among those with these keys, and the documents of all sources."""
    table = _read_once(run.path("frequent_lines", "00000"))
    line = table.get_column("line")
    nulls = line.null_count()
    wanted = keys.get_column("line").unique().to_numpy()
    first, end = (np.searchsorted(line.slice(nulls).to_numpy(), wanted, side) for side in ("left", "right"))
    rows = pl.int_ranges(pl.Series(nulls + first), pl.Series(nulls + end), eager=True).explode(
        empty_as_null=False
    )
    return pl.concat([table.head(nulls), table[rows]]).sort("source", "line")


@lru_cache(maxsize=1)
def _read_once(path: Path) -> pl.DataFrame:
    """A file of a run that each shard asks for, some 2 MB for each gigabyte of input."""
    return _read(path)


def rank_shingles(run: Run, shards: Sequence[str]) -> None:
    """Rank the shingles for this dataset by their frequency in this run."""
    frequencies = merge_frequencies(_read(run.path("shingle_frequencies", shard)) for shard in shards)
    write_part(frequencies, run.publish("shingle_frequencies", "00000"), run.metadata)


def _frequencies(run: Run) -> pl.DataFrame | None:
    """The shingle frequencies of this run or of an earlier one; None if the method needs none."""
    if not run.settings.duplicate.ranks_shingles:
        return None
    kind = "shingle_frequencies"
    path = run.publish(kind, "00000") if run.ranks_shingles else Dataset(run.out).parts(kind)[0]
    return read_part(path)


def remove_repeated(run: Run, shard: str) -> None:
    """Remove a shard's repeated lines and inline boilerplate, fingerprint the remaining paragraphs, count words."""
    if _is_done(run.path("cleaned", shard), run.path("paragraphs", shard)):
        return
    documents = _read(run.path("documents", shard))
    frame = _paragraphs(run, "cleaned", shard, documents)
    if run.settings.repeated_line.enabled:
        keys = _read(run.path("line_keys", shard))
        cleaned = without_repeated_lines(frame, _frequent_lines(run, keys), keys, run.settings, run.lexicon)
        frame = protect(cleaned, documents, run.exceptions, since=frame)
    fingerprints = fingerprints_of(frame, documents, run.settings, _frequencies(run)).fingerprints.collect()
    rows = frame.select(eligible()).to_series().arg_true()
    _write(fingerprints.with_columns(rows.alias("row")), run.path("fingerprints", shard))
    _write_paragraphs(frame.with_columns(count_words(frame, fingerprints)), run.path("paragraphs", shard))
    for kind in ("cleaned", "line_keys"):
        run.path(kind, shard).unlink(missing_ok=True)


def compare(run: Run, shards: Sequence[str]) -> None:
    """Decide which paragraphs are near-duplicates of an earlier one, and which documents are removed whole."""
    tables, index = compared(run, shards)
    documents = pl.concat([pl.scan_ipc(run.path("documents", shard), glob=False) for shard in shards])
    listed = isinstance(run.settings.duplicate.keep, tuple)
    sources = documents.select("document_id", "source").collect() if listed else None
    found = decide(tables, index, run.settings, older_versions(run, shards), sources, run.workers)
    for shard, decisions in zip(shards, found, strict=True):
        _write(decisions, run.path("decisions", shard))


def compared(
    run: Run, shards: Sequence[str], *, whole: bool = False
) -> tuple[list[FingerprintTable], list[FingerprintTable]]:
    """The fingerprints that are compared: those of these shards, and those of earlier runs that may match, or all."""
    tables = [_fingerprints(run, shard) for shard in shards]
    dataset, s = Dataset(run.out), run.settings.duplicate
    cache = (dataset.references if run.may_write else run.staging) / "fingerprints"
    references = (
        reference_parts(run.references, s, _frequencies(run), cache, run.workers) if s.enabled else []
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
        places = _read(path, "row").get_column("row").gather(rows)
        return _read(run.path("paragraphs", shard), "text").get_column("text").gather(places)

    def languages(rows: I64) -> pl.Series:
        places = _read(path, "row").get_column("row").gather(rows)
        documents = _read(run.path("paragraphs", shard), "document").get_column("document").gather(places)
        return _read(run.path("documents", shard), "language").get_column("language").gather(documents)

    return FingerprintTable(pl.scan_ipc(path, glob=False), texts, languages)


def split(run: Run, shard: str) -> Counts:
    """Write a shard's parts of the published tables and of the index; return its counts."""
    counts = run.path("counts", shard).with_suffix(".json")
    if not _is_done(run.path("paragraphs", shard), counts):
        counted = _split(run, shard)
        counts.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(counts) as partial:
            partial.write_text(json.dumps(counted.to_json()), encoding="utf-8")
        for kind in ("paragraphs", "fingerprints", "decisions"):
            run.path(kind, shard).unlink(missing_ok=True)
    return Counts.from_json(json.loads(counts.read_text(encoding="utf-8")))


def _split(run: Run, shard: str) -> Counts:
    documents = _read(run.path("documents", shard))
    frame = _paragraphs(run, "paragraphs", shard, documents)
    decisions = without_protected(frame, _read(run.path("decisions", shard)))
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
            _read(run.path("rejected", shard)),
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
    index = kept_fingerprints(_read(run.path("fingerprints", shard)).drop("row"), decisions)
    write_part(run.signed(index), run.publish("index", shard), run.metadata, compression="uncompressed")
    counts, clusters = stats_of_shard(frame, rejected)
    _write(counts, run.path("source_stats", shard))
    _write(clusters, run.path("clusters", shard))
    return Counts.of(frame, published, rejected, leads=decisions.get_column("reason").null_count())


def rejections(run: Run, shards: Sequence[str]) -> tuple[RejectionKind, ...]:
    """What the run rejects, by kind."""
    parts = [run.publish("rejected", shard) for shard in shards]
    return rejection_kinds(scan_parts(parts)) if parts else ()


def write_source_stats(run: Run, shards: Sequence[str]) -> pl.DataFrame:
    """Merge and write the statistics of each source that `split` counted."""
    counts = merge_source_stats(
        run.run_id,
        [_read(run.path("source_stats", shard)) for shard in shards],
        [_read(run.path("clusters", shard)) for shard in shards],
    )
    write_part(counts, run.publish("source_stats", "00000"), run.metadata)
    return counts


def _write_paragraphs(frame: pl.DataFrame, path: Path) -> None:
    """Write paragraphs for `_paragraphs` to read."""
    _write(frame.drop(*_OF_DOCUMENT, *_OF_DUPLICATE), path)


def _paragraphs(run: Run, kind: str, shard: str, documents: pl.DataFrame) -> pl.DataFrame:
    """The paragraphs of a shard, with what the staging folder has once for each document, or not yet at all."""
    frame = _read(run.path(kind, shard))
    return frame.hstack(documents.select(_OF_DOCUMENT)[frame.get_column("document")]).with_columns(
        pl.lit(None, SCHEMA[name]).alias(name) for name in _OF_DUPLICATE
    )
