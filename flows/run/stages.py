"""The stages of a run, each a plain function of the job and one item over files in the run's staging folder.

    read     inputs           -> documents and rejected, shard by shard
    clean    a shard          -> its paragraphs, repaired and with what needs no other document struck; the counts of
                                 its lines, and of its shingles where there is to be an order of these
    count    a share of lines -> how often each source printed a line, in this run and the earlier ones
    strike   a shard          -> which of its lines are repeated, and what is repeated within others; the fingerprints
                                 of what is left
    compare  all shards       -> which paragraphs are near-duplicates, and of what
    split    a shard          -> the parts of the published tables

A stage writes its files whole or not at all, reads only what the stages before it wrote, and gives the same bytes each
time: it can be done again, alone, on another machine that sees the folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cleaners.attributes import labelled
from cleaners.duplicate.cleaner import Table, compared, duplicate, kept
from cleaners.duplicate.rarest_shingles import count_shingles, merge_counts
from cleaners.paragraphs import remove, split_removed
from cleaners.phrases.phrase import Phrase
from cleaners.repeated_line.cleaner import least_documents, repeated_line
from cleaners.repeated_line.count_tables import merge
from cleaners.repeated_line.inline_boilerplate import repeated_splice, rewritten
from cleaners.repeated_line.line_counts import count
from cleaners.repeated_line.line_keys import line_marks
from cleaners.text.tokens import I64
from flows import inputs
from flows.dataset import Dataset
from flows.dataset.exceptions import read_exceptions, spare
from flows.dataset.index import index_tables
from flows.dataset.ledger import RECORDS, earlier_of
from flows.dataset.source_stats import count_sources, merge_tallies
from flows.dataset.summary import Tally
from flows.dataset.tables import ROW_GROUP, conform, telling_errors, write_part
from flows.run.clean_shard import count_words, decide, edit, fingerprints_of, repaired
from flows.settings.model import Settings

#: Lines that are counted at once: some 150 MB of memory.
LINES_AT_ONCE: Final = 1 << 20


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
    orders: bool = False  # whether the dataset is to be given an order of its shingles
    workers: int = 1  # threads of a stage that has one item
    since: str = ""  # the first run whose paragraphs are witnesses

    def path(self, kind: str, shard: str) -> Path:
        """Where the file of that kind of a shard lies."""
        return self.staging / "work" / kind / f"{shard}.arrow"

    def publish(self, table: str, shard: str) -> Path:
        """Where the part of a table that comes of a shard is staged."""
        return self.staging / "publish" / table / f"part-{shard}.parquet"

    def signed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the run's id: rows tell whose they are, also where runs are compacted."""
        return frame.with_columns(pl.lit(self.run_id).alias("run_id"))


class Read(NamedTuple):
    """What came of some of the inputs."""

    name: str
    shard: str | None  # its name, None where there was nothing new


def read_inputs(job: Job, batch: tuple[int, Sequence[inputs.Input]]) -> Iterator[Read]:
    """Read a batch of inputs into shards."""
    number, given = batch
    s, dataset = job.settings, Dataset(job.out)
    again = {i.uri for i in given if i.last is not None}
    found = inputs.read(given, s.inputs, s.fields, job.charsets, earlier_of(dataset, given))
    for n, shard in enumerate(found):
        name = f"{number:05d}-{n:05d}"
        rejected = _untold(dataset, shard.rejected, again)
        _write(shard.inputs, job.path("inputs", name))
        if len(shard.documents) or len(rejected):
            _write(rejected, job.path("rejected", name))
            _write(shard.documents, job.path("read", name))
            yield Read(name, name)
        else:
            yield Read(name, None)


def _untold(dataset: Dataset, rejected: pl.DataFrame, again: set[str]) -> pl.DataFrame:
    """Without what an earlier run has rejected already of inputs that are read again."""
    uri = pl.col("uri")
    mine = uri.is_in(list(again)) | uri.str.replace(r"#\d+$", "").is_in(list(again))
    asked = rejected.filter(mine)
    if asked.is_empty():
        return rejected
    told = dataset.scan("rejected").filter(uri.is_in(asked["uri"].implode())).select("uri", "error")
    return rejected.join(told.collect(), on=["uri", "error"], how="anti", maintain_order="left")


def ledger(job: Job, read: Sequence[Read]) -> pl.DataFrame:
    """The inputs that were read, in order; columns: `inputs.INPUTS`."""
    parts = [_read(job.path("inputs", one.name)) for one in read]
    return pl.concat(parts) if parts else pl.DataFrame(schema=inputs.INPUTS)


def clean(job: Job, read: Read) -> None:
    """Repair a shard's paragraphs and strike what needs no other document; count its lines."""
    if (shard := read.shard) is None:
        return
    documents, frame = edit(_read(job.path("read", shard)), job.settings, job.phrases)
    frame = spare(frame, documents, read_exceptions(Dataset(job.out)))
    if job.settings.repeated_line.enabled:
        marks = line_marks(frame, max_characters=job.settings.repeated_line.max_characters)
        _write(marks, job.path("marks", shard))
        _write(count(frame, documents, marks=marks), job.path("lines", shard))
    if job.orders:
        texts = frame.filter(compared()).get_column("text")
        _write(count_shingles(texts, job.settings.duplicate.n), job.path("order", shard))
    _write(frame, job.path("cleaned", shard))
    _write(documents.drop("text"), job.path("documents", shard))
    job.path("read", shard).unlink()


class Share(NamedTuple):
    """The lines whose hashes lie in one of so many equal ranges, of these shards."""

    number: int
    of: int
    shards: Sequence[str]

    def rows(self) -> pl.Expr:
        """The rows of a table of counts that belong to it; those without a line belong to the first."""
        first, end = (n * 2**64 // self.of for n in (self.number, self.number + 1))
        within = pl.col("line").is_between(first, end - 1)
        return within | pl.col("line").is_null() if self.number == 0 else within


def shares(job: Job, shards: Sequence[str]) -> list[Share]:
    """The shares in which lines are counted, so that memory is bounded by one of them."""
    lines = sum(pl.scan_ipc(job.path("lines", shard)).select(pl.len()).collect().item() for shard in shards)
    of = 1 + lines // LINES_AT_ONCE
    return [Share(number, of, shards) for number in range(of)]


def count_lines(job: Job, share: Share) -> None:
    """How often each source printed a line: in this run, to be kept, and with the earlier runs, to judge by."""
    here = merge(
        [pl.scan_ipc(job.path("lines", shard)).filter(share.rows()).collect() for shard in share.shards]
    )
    name = f"{share.number:05d}"
    write_part(job.signed(here), job.publish("lines", name), job.metadata)
    # of what earlier runs have seen only that matters which this one has seen too
    wanted = pl.col("line").is_null() | pl.col("line").is_in(here.get_column("line").implode())
    earlier = [
        pl.scan_parquet(path, hive_partitioning=False).filter(share.rows()).filter(wanted).collect()
        for path in Dataset(job.out).parts("lines")
    ]
    known = merge([*earlier, here]) if earlier else here
    least = least_documents(job.settings.repeated_line.min_documents)
    frequent = known.filter(pl.col("line").is_null() | (pl.col("documents") >= least))
    _write(frequent, job.path("frequent", name))


def _frequent_lines(job: Job) -> pl.DataFrame:
    """What `count_lines` found of all shares."""
    return merge([_read(path) for path in sorted(job.path("frequent", "").parent.glob("[!.]*"))])


def order_shingles(job: Job, shards: Sequence[str]) -> None:
    """The order of shingles that this dataset shall have, by how often this run has seen them."""
    order = merge_counts(_read(job.path("order", shard)) for shard in shards)
    write_part(order, job.publish("order", "00000"), job.metadata)


def _order(job: Job) -> pl.DataFrame | None:
    """The order of shingles, this run's or that of an earlier one; None where the method needs none."""
    if job.settings.duplicate.method != "exact":
        return None
    path = job.publish("order", "00000") if job.orders else Dataset(job.out).parts("order")[0]
    return pl.read_parquet(path, hive_partitioning=False)


def strike_lines(job: Job, shard: str) -> None:
    """Strike a shard's repeated lines, take out what is repeated in others; fingerprint what is left, count words."""
    frame = _read(job.path("cleaned", shard))
    rules = pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    text = frame.get_column("text")
    if job.settings.repeated_line.enabled:
        s, lines, marks = job.settings.repeated_line, _frequent_lines(job), _read(job.path("marks", shard))
        struck = repeated_line(
            frame,
            lines,
            marks=marks,
            min_documents=s.min_documents,
            min_share=s.min_share,
            min_words=s.min_words,
        )
        struck = spare(struck, _read(job.path("documents", shard)), read_exceptions(Dataset(job.out)))
        rules = struck.select(
            pl.when(pl.lit(frame["reason"].is_null()) & pl.col("reason").is_not_null()).then("rule")
        ).to_series()
        frame = struck
        if job.settings.takes_out_splices:
            frame = repeated_splice(frame, lines, marks=marks, min_share=s.min_share)
    changed = frame.get_column("text").ne_missing(text)
    spliced = frame.select("text").with_row_index("row").filter(changed)
    _write(spliced, job.path("spliced", shard))
    fingerprints = fingerprints_of(frame, job.settings, _order(job)).fingerprints.collect()
    rows = frame.select(compared()).to_series().arg_true()
    _write(fingerprints.with_columns(rows.alias("row")), job.path("fingerprints", shard))
    _write(pl.DataFrame([rules.alias("rule"), count_words(frame, fingerprints)]), job.path("struck", shard))


def compare(job: Job, shards: Sequence[str]) -> None:
    """Decide which paragraphs are near-duplicates of an earlier one, and which documents go whole."""
    tables = [_fingerprints(job, shard) for shard in shards]
    index = index_tables(Dataset(job.out), tables, job.settings.duplicate, job.workers, job.since)
    found = decide(tables, index, job.settings, _older(job, shards), job.workers)
    for shard, decisions in zip(shards, found, strict=True):
        _write(decisions, job.path("decisions", shard))


def _older(job: Job, shards: Sequence[str]) -> pl.DataFrame:
    """(document_id, older): the documents that are new versions, each with every older one that is known."""
    versions = [
        pl.scan_ipc(job.path("documents", shard))
        .select("document_id", "older")
        .filter(pl.col("older").is_not_null())
        .collect()
        for shard in shards
    ]
    return pl.concat(versions).explode("older", empty_as_null=False, keep_nulls=False)


def _fingerprints(job: Job, shard: str) -> Table:
    path = job.path("fingerprints", shard)

    def texts(rows: I64) -> pl.Series:
        places = _read(path, "row").get_column("row").gather(rows)
        text = _read(job.path("cleaned", shard), "text").get_column("text")
        spliced = _read(job.path("spliced", shard))
        return text.scatter(spliced["row"], spliced["text"]).gather(places)

    return Table(pl.scan_ipc(path), texts)


def split(job: Job, shard: str) -> Tally:
    """Write a shard's parts of the published tables and of the index; what was kept and struck."""
    documents, frame = _read(job.path("documents", shard)), _read(job.path("cleaned", shard))
    struck = _read(job.path("struck", shard))
    frame = remove(frame, struck["rule"].is_not_null(), "repeated_line", struck["rule"])
    spliced = _read(job.path("spliced", shard))
    frame = rewritten(frame, spliced["row"], spliced["text"])
    decisions = _sparing(job, frame, documents, _read(job.path("decisions", shard)))
    frame = duplicate(frame, decisions).with_columns(struck["words"])
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
    unpublished = (
        documents.join(texts, on="document_id", how="anti", maintain_order="left")
        .join(gone, on="document_id", how="inner", maintain_order="left")
        .with_columns(pl.lit("").alias("text"), pl.lit(0).alias("words"), pl.lit(0).alias("paragraphs"))
    )
    parts = {
        "documents": published,
        "removed": removed.join(uris, on="document_id", how="left", maintain_order="left"),
        "repaired": repaired(documents, frame).join(
            uris, on="document_id", how="left", maintain_order="left"
        ),
        "rejected": rejected,
    }
    replaces = pl.col("older") if job.settings.inputs.on_change == "replace" else pl.lit(None)
    records = documents.with_columns(replaces.alias("replaces")).select(
        pl.col(name).cast(dtype) for name, dtype in RECORDS.items()
    )
    write_part(job.signed(records), job.publish("records", shard), job.metadata)
    write_part(job.signed(labelled(frame)), job.publish("labels", shard), job.metadata)
    for table, part in parts.items():
        whole = conform(table, job.signed(part))
        write_part(whole, job.publish(table, shard), job.metadata, ROW_GROUP[table])
    whole = conform("documents", job.signed(unpublished))
    write_part(whole, job.publish("unpublished", shard), job.metadata)
    index = kept(_read(job.path("fingerprints", shard)).drop("row"), decisions)
    write_part(job.signed(index), job.publish("index", shard), job.metadata, compression="uncompressed")
    tally, clusters = count_sources(frame, rejected)
    _write(tally, job.path("tallies", shard))
    _write(clusters, job.path("clusters", shard))
    return Tally.of(frame, published, rejected)


def tally_sources(job: Job, shards: Sequence[str]) -> pl.DataFrame:
    """What the run did to each source, by what `split` counted; written as the part that is kept of it."""
    tally = merge_tallies(
        job.run_id,
        [_read(job.path("tallies", shard)) for shard in shards],
        [_read(job.path("clusters", shard)) for shard in shards],
    )
    write_part(tally, job.publish("tallies", "00000"), job.metadata)
    return tally


def _sparing(job: Job, frame: pl.DataFrame, documents: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The decisions without those on paragraphs that an exception keeps."""
    exceptions = read_exceptions(Dataset(job.out))
    if exceptions.is_empty():
        return decisions
    struck = duplicate(frame, decisions)
    spared = struck.filter(
        struck["reason"].is_not_null() & spare(struck, documents, exceptions)["reason"].is_null()
    )
    return decisions.join(spared, on=["document_id", "position"], how="anti", maintain_order="left")


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a file of the staging folder, which appears under its name once it is whole.

    Uncompressed, so that it can be mapped into memory.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with telling_errors(path):
        frame.write_ipc(partial, compression="uncompressed")
    partial.replace(path)


def _read(path: Path, *columns: str) -> pl.DataFrame:
    """A file of the staging folder, or these columns of it, mapped into memory (`read_ipc` would copy it)."""
    return pl.scan_ipc(path).select(columns or pl.all()).collect(engine="in-memory")
