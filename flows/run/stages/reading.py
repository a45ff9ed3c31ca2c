"""The stage `read`: from inputs to shards of documents, with what was rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from flows import inputs
from flows.dataset import Dataset
from flows.dataset.crashes import noting_inputs
from flows.dataset.ledger import earlier_of
from flows.dataset.positions import file_of
from flows.run import staged_files
from flows.run.stages.run import Run


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
            staged_files.write(shard.inputs, run.path("inputs", name))
            is_new = bool(len(shard.documents) or len(rejected))
            if is_new:
                staged_files.write(rejected, run.path("rejected", name))
                staged_files.write(shard.documents, run.path("read", name))
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
    parts = [staged_files.read(run.path("inputs", one.name)) for one in read]
    return pl.concat(parts) if parts else pl.DataFrame(schema=inputs.INPUTS)
