"""Where the rows of documents are: in a dataset, in a run that a guard holds, in the staging folder of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.attributes import LINE_LABELS
from flows.dataset import Dataset
from flows.dataset.layout import parts_in
from flows.dataset.ledger import RECORDS
from flows.dataset.tables import SCHEMAS, scan_parts

#: What is read of each kind, whether or not there is a part that has it.
_SCHEMAS: Final[dict[str, Any]] = {
    **SCHEMAS,
    "unpublished": SCHEMAS["documents"],
    "records": {**RECORDS, "run_id": pl.String()},
    "labels": {**LINE_LABELS, "run_id": pl.String()},
}


@dataclass(frozen=True)
class Tables:
    """The published tables and some kinds of state of one place, or of several together."""

    parts: Callable[[str], Sequence[Path]]

    def scan(self, kind: str) -> pl.LazyFrame:
        """The rows of a table or a kind of state: "unpublished", "records", "labels"."""
        parts = list(self.parts(kind))
        return scan_parts(parts) if parts else pl.LazyFrame(schema=_SCHEMAS[kind])

    def rows(self, kind: str, document_ids: Iterable[str]) -> pl.DataFrame:
        """The rows of these documents."""
        wanted = pl.Series("id", list(document_ids), dtype=pl.String).implode()
        return self.scan(kind).filter(pl.col("document_id").is_in(wanted)).collect()

    def __add__(self, other: Tables) -> Tables:
        """The tables of both places; what is in both is there once."""
        return Tables(lambda kind: list(dict.fromkeys([*self.parts(kind), *other.parts(kind)])))


def published_tables(dataset: Dataset) -> Tables:
    """The tables of all published runs."""
    return Tables(
        lambda kind: [part for span in dataset.spans() for part in parts_in(dataset.folder(kind, span))]
    )


def tables_in(folder: Path) -> Tables:
    """The tables of a run that is staged or held: `folder` has a folder for each kind."""
    return Tables(lambda kind: parts_in(folder / kind))
