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
from flows.dataset.tables import FORMAT, SCHEMAS, scan_parts
from flows.dataset.writing import writing
from flows.errors import CopydeskError


class Dataset(Layout):
    """A dataset in a folder, which need not exist yet.

    Raises UsageError if the path is a file, or a folder whose tables copydesk did not write, and CopydeskError if the
    dataset has another format.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        refuse_other_folders(root)
        try:
            found = json.loads(self.format_file.read_text())["format"]
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
            raise CopydeskError(f"{self.format_file} is damaged: {error}") from error
        if found != FORMAT:
            raise CopydeskError(
                f"{self.root} has format {found}, and this version reads and writes format {FORMAT}: "
                "run again over the inputs with another --out, or use the version of copydesk that wrote it"
            )

    def next_run(self) -> str:
        """The id of the next run; no id is ever given twice."""
        return run_name(self.next_number())

    def next_number(self) -> int:
        """The number of the next run."""
        spans = self.spans()
        spans += [span for p in self.base("runs").glob("run=*") if (span := Span.of(p.name))]
        held = [int(run_id[1:]) for run_id in self.held_runs()]
        return 1 + max([rolled_back(self), *held, *(span.last for span in spans)])

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

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lock of the dataset, which is created if need be, and cleaned of what a crash left.

        Raises Locked if another process holds the lock.
        """
        return writing(self)

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
