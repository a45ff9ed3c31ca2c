"""What a dataset has of a table, run by run, read as any reader would: without the lock of the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.compute
import pyarrow.parquet

from flows.dataset import Dataset
from flows.dataset.checksums import SEAL
from flows.dataset.exchange import is_unfinished
from flows.dataset.intact import IntactParts
from flows.dataset.inventory import lost
from flows.dataset.manifests import read_files
from flows.dataset.remote import fetch
from flows.dataset.tables import scan_parts
from flows.dataset.writing import without_run
from flows.errors import CopydeskError
from flows.export.marks import files_mark, rows_mark
from flows.export.schemas import arrow_schema

#: Rows that are read at once: 1,024 articles of 2 MB each are as much as one Arrow array of text can be cast.
BATCH: Final = 1_024


@dataclass(frozen=True)
class Run:
    """The rows of one run in a table."""

    run_id: str
    rows: int
    files_mark: int  # of the checksums of the parts that have them
    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Contents:
    """The runs that have rows in a table of a dataset."""

    dataset: Dataset
    table: str
    runs: Mapping[str, Run]
    intact: IntactParts

    @property
    def rows(self) -> int:
        """Of all runs."""
        return sum(run.rows for run in self.runs.values())

    def batches(self, run: Run) -> Iterator[Any]:
        """The rows of a run as pyarrow.RecordBatch of `arrow_schema`; memory holds one row group at a time."""
        schema = arrow_schema(self.table)
        for path in run.parts:
            with pyarrow.parquet.ParquetFile(path) as file:
                groups = [n for n in range(file.num_row_groups) if _may_have(file.metadata.row_group(n), run)]
                for batch in file.iter_batches(BATCH, row_groups=groups, columns=schema.names):
                    own = batch.filter(pyarrow.compute.equal(batch.column("run_id"), run.run_id))
                    if len(own):
                        yield own.select(schema.names).cast(schema)

    def rows_mark(self, run: Run) -> int:
        """The hash of the rows of a run, whatever parts they are in.

        Raises CopydeskError if a part is not what was written.
        """
        for part in run.parts:
            self.intact.require(part, self.table)
        return rows_mark(self.batches(run))


def _may_have(row_group: Any, run: Run) -> bool:
    """Whether a row group can have rows of a run, by the statistics of its last column, `run_id`."""
    statistics = row_group.column(row_group.num_columns - 1).statistics
    return not (statistics and statistics.has_min_max) or statistics.min <= run.run_id <= statistics.max


def read_contents(dataset: Dataset, table: str) -> Contents:
    """What a dataset has of a table.

    Of runs that were compacted, the column `run_id` is read; of others nothing but the manifest. Raises
    FileNotFoundError if files are exchanged at this moment, and CopydeskError if a run was lost or a manifest is
    damaged.
    """
    if missing := lost(dataset).published:
        raise CopydeskError(f"{dataset.folder('documents', missing[0])} was lost; {without_run(dataset)}")
    if not dataset.base("documents").is_dir() and is_unfinished(dataset):
        raise CopydeskError(f"folders of {dataset.root} are being exchanged; export again when that is done")
    of_runs: dict[str, list[tuple[Path, int, str]]] = {}
    for span in dataset.spans():
        for name, entry in sorted(read_files(dataset, span).items()):
            kind, _, part = name.partition("/")
            if kind != table or not entry["rows"]:
                continue
            path = dataset.folder(table, span) / part
            rows = {str(span): entry["rows"]} if span.first == span.last else _rows_by_run(path)
            for run_id, number in rows.items():
                checksum = entry.get(SEAL) or entry.get("blake2b", "")
                of_runs.setdefault(run_id, []).append((path, number, checksum))
    runs = {
        run_id: Run(
            run_id,
            sum(number for _, number, _ in parts),
            files_mark(checksum for _, _, checksum in parts),
            tuple(path for path, _, _ in parts),
        )
        for run_id, parts in sorted(of_runs.items(), key=lambda one: int(one[0][1:]))
    }
    return Contents(dataset, table, runs, IntactParts(dataset))


def _rows_by_run(path: Path) -> dict[str, int]:
    fetch(path)
    return dict(scan_parts(path).group_by("run_id").len().collect().iter_rows())
