"""A dataset as its readers and its one writer see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import polars as pl

from flows.dataset import held
from flows.dataset.commit import commit
from flows.dataset.inventory import last_number
from flows.dataset.layout import Layout, Span, refuse_other_folders, run_name
from flows.dataset.manifests import read_manifest, read_manifests
from flows.dataset.remote import open_to_read
from flows.dataset.tables import FORMAT, SCHEMAS, scan_parts
from flows.dataset.writing import read_format, rewrite_format, writing
from flows.errors import CopydeskError


class Dataset(Layout):
    """A dataset in a folder, which need not exist yet.

    Raises UsageError if the path is a file, or a folder whose tables copydesk did not write, and CopydeskError if the
    dataset has another format.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        open_to_read(self.root)
        refuse_other_folders(root)
        try:
            found = read_format(self)
        except (OSError, ValueError) as error:
            raise CopydeskError(f"{error}; {rewrite_format(self)}") from error
        if found is None and self.inventory_file.exists() and self.spans():
            raise CopydeskError(f"{self.format_file} is missing; {rewrite_format(self)}")
        if found not in (None, FORMAT):
            raise CopydeskError(
                f"{self.root} has format {found}, and this version reads and writes format {FORMAT}: "
                "run again over the inputs with another --out, or use the version of copydesk that wrote it"
            )

    def next_run(self) -> str:
        """The id of the next run; no id is ever given twice."""
        return run_name(self.next_number())

    def next_number(self) -> int:
        """The number of the next run."""
        unfinished = [span.last for p in self.base("runs").glob("run=*") if (span := Span.of(p.name))]
        return 1 + max(last_number(self), *unfinished, 0)

    def manifest(self, run_id: str) -> dict[str, Any]:
        """The manifest of a published run; raises CopydeskError if it is damaged or missing."""
        return read_manifest(self, run_id)

    def manifests(self, *, newest_first: bool = False) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(run id, manifest) of all published runs, in order; raises CopydeskError if one is damaged."""
        for span in self.spans()[:: -1 if newest_first else 1]:
            runs = list(read_manifests(self, span).runs.items())
            yield from runs[:: -1 if newest_first else 1]

    def scan(self, table: str, run_id: str | None = None) -> pl.LazyFrame:
        """A published table, of one run or of all; empty if no run is published."""
        parts = self.parts(table, run_id)
        if not parts:
            return pl.LazyFrame(schema=SCHEMAS[table])
        rows = scan_parts(parts)
        return rows if run_id is None else rows.filter(pl.col("run_id") == run_id)

    def writing(self, *, without_lost_runs: bool = False) -> AbstractContextManager[None]:
        """Hold the lock of the dataset, which is created if need be, and cleaned of what a crash left.

        Raises Locked if another process holds the lock, and CopydeskError if something was lost that a command needs,
        such as a published run, unless the command takes lost runs out.
        """
        return writing(self, without_lost_runs=without_lost_runs)

    def commit(self, run_id: str, staged: Path) -> None:
        """Publish the folders `staged/<table>` and `staged/<state>` as `run_id`; the last rename is the commit.

        Every file in them must be on the disk already (`tables.write_part` sees to that).
        """
        commit(self, run_id, staged)

    def hold(self, run_id: str, staging: Path, reasons: Sequence[str]) -> None:
        """Set the run that is staged in `staging/publish` aside, for a person to release or to discard."""
        held.hold(self, run_id, staging, reasons)

    def held_for(self, run_id: str) -> list[str]:
        """Why a run is held, a line each; raises UsageError if it is not held."""
        return held.reasons(self, run_id)

    def release(self, run_id: str) -> None:
        """Publish a held run; raises UsageError if it is not held, or if the dataset has changed since."""
        held.release(self, run_id)

    def discard(self, run_id: str) -> None:
        """Drop a held run; its inputs are new again. Raises UsageError if it is not held."""
        held.discard(self, run_id)
