"""A dataset as its readers and its one writer see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import polars as pl

from flows.dataset import held
from flows.dataset.commit import commit
from flows.dataset.layout import Layout, Span, refuse_other_folders, rolled_back, run_name
from flows.dataset.manifests import read_manifest, read_manifests
from flows.dataset.tables import FORMAT, SCHEMAS
from flows.dataset.writing import writing
from flows.errors import CopydeskError


class Dataset(Layout):
    """A dataset in a folder, which need not exist yet.

    Raises UsageError where the path is a file, or a folder that holds tables of something else, and CopydeskError where
    the dataset is of another format.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        refuse_other_folders(root)
        try:
            found = json.loads(self.marker.read_text())["format"]
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
            raise CopydeskError(f"{self.marker} is damaged: {error}") from error
        if found != FORMAT:
            raise CopydeskError(
                f"{self.root} has format {found}, this version writes format {FORMAT}: run `copydesk migrate`"
            )

    def next_run(self) -> str:
        """The id of the run to come: one more than the last, and never one that was given before."""
        return run_name(self.next_number())

    def next_number(self) -> int:
        """The number of the run to come."""
        spans = self.spans()
        spans += [span for p in self.base("runs").glob("run=*") if (span := Span.of(p.name))]
        held = [int(run_id[1:]) for run_id in self.held_runs()]
        return 1 + max([rolled_back(self), *held, *(span.last for span in spans)])

    def manifest(self, run_id: str) -> dict[str, Any]:
        """What a published run wrote of itself; raises CopydeskError where that is damaged or missing."""
        return read_manifest(self, run_id)

    def manifests(self, *, newest_first: bool = False) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(run id, manifest) of all published runs, in order; raises CopydeskError where one is damaged."""
        for span in self.spans()[:: -1 if newest_first else 1]:
            runs = list(read_manifests(self, span).runs.items())
            yield from runs[:: -1 if newest_first else 1]

    def scan(self, table: str, run_id: str | None = None) -> pl.LazyFrame:
        """A published table, of one run or whole; without rows where there are none."""
        parts = self.parts(table, run_id)
        if not parts:
            return pl.LazyFrame(schema=SCHEMAS[table])
        rows = pl.scan_parquet(parts, hive_partitioning=False)
        return rows if run_id is None else rows.filter(pl.col("run_id") == run_id)

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lock, with the dataset made where it is not there yet, and rid of what a crash left.

        Raises Locked where another process holds it.
        """
        return writing(self)

    def commit(self, run_id: str, staged: Path) -> None:
        """Publish the folders `staged/<table>` and `staged/<state>` as `run_id`; the last rename is the commit.

        Every file in them must be on the disk already (`tables.write_part` sees to that).
        """
        commit(self, run_id, staged)

    def hold(self, run_id: str, staging: Path, reasons: Sequence[str]) -> None:
        """Put the run that is staged in `staging/publish` aside, for a person to release or to discard."""
        held.hold(self, run_id, staging, reasons)

    def held_for(self, run_id: str) -> list[str]:
        """Why a run is held, a line each; raises UsageError where it is not."""
        return held.reasons(self, run_id)

    def release(self, run_id: str) -> None:
        """Publish a held run; raises UsageError where it is not held, or something was published since."""
        held.release(self, run_id)

    def discard(self, run_id: str) -> None:
        """Drop a held run, whose inputs become new again; raises UsageError where it is not held."""
        held.discard(self, run_id)
