"""The duplicate index of a dataset: fingerprints of the paragraphs that earlier runs kept.

It holds no text, since `documents` does: where a paragraph of the index turns out to be a candidate, its text is looked
up there, in the part of the same name, by document and fingerprint.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cleaners.duplicate import Table, exact_hashes
from cleaners.tokens import I64
from flows.dataset import Dataset
from flows.errors import CopydeskError

_KEY = ["document_id", "exact_a", "exact_b"]


def index_tables(dataset: Dataset) -> list[Table]:
    """The parts of the index, first run to last."""
    return [
        _table(path, dataset.folder("documents", span) / path.name)
        for span in dataset.spans()
        for path in dataset.parts("index", span)
    ]


def _table(path: Path, documents: Path) -> Table:
    return Table(pl.scan_parquet(path, hive_partitioning=False), lambda rows: _texts(path, documents, rows))


def _texts(path: Path, documents: Path, rows: I64) -> pl.Series:
    """The texts of these rows of a part of the index; raises CopydeskError where `documents` does not have them."""
    if not len(rows):
        return pl.Series("text", [], pl.String)
    wanted = pl.read_parquet(path, columns=_KEY, hive_partitioning=False)[rows]
    paragraphs = (
        pl.scan_parquet(documents, hive_partitioning=False)
        .select("document_id", "text")
        .filter(pl.col("document_id").is_in(wanted.get_column("document_id").unique().implode()))
        .select("document_id", pl.col("text").str.split("\n\n"))
        .explode("text", empty_as_null=True, keep_nulls=True)
        .collect()
    )
    paragraphs = paragraphs.hstack(exact_hashes(paragraphs.get_column("text"))).unique(_KEY)
    found = wanted.join(paragraphs, on=_KEY, how="left", maintain_order="left")
    lost = found.filter(pl.col("text").is_null())
    if len(lost):
        raise CopydeskError(
            f"{documents} does not hold what {path} has of document {lost['document_id'][0]}: "
            "the dataset is damaged; `copydesk verify` tells more"
        )
    return found.get_column("text")
