"""The tables and the manifest of a run, whether it is published or held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset import Dataset
from flows.dataset.checksums import read_json
from flows.dataset.layout import RUN_JSON, parts_in
from flows.dataset.tables import scan_parts
from flows.errors import CopydeskError, UsageError

#: Earlier runs whose numbers are shown beside those of this one.
EARLIER_RUNS: Final = 49


@dataclass(frozen=True)
class RunTables:
    """What a run wrote; `held` are the reasons why a guard holds it, empty if it is published."""

    dataset: Dataset
    run_id: str
    held: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Dataset, run_id: str) -> RunTables:
        """The tables of a run; raises UsageError if there is no such run."""
        if run_id in dataset.held_runs():
            return cls(dataset, run_id, tuple(dataset.held_for(run_id)))
        published = dataset.runs()
        if run_id not in published:
            there = f"the last one is {published[-1]}" if published else "none is published"
            raise UsageError(f"{dataset.root} has no run {run_id!r}: {there}")
        return cls(dataset, run_id, ())

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest; raises CopydeskError if it is damaged or missing."""
        if not self.held:
            return self.dataset.manifest(self.run_id)
        path = self.dataset.held_publish(self.run_id) / "runs" / RUN_JSON
        try:
            return read_json(path)
        except (OSError, ValueError) as error:
            raise CopydeskError(f"the manifest {path} cannot be read: {error}") from error

    def parts(self, kind: str) -> list[Path]:
        """The part files of a table, or of a kind of state, in order; with compacted runs they hold others, too."""
        if self.held:
            return parts_in(self.dataset.held_publish(self.run_id) / kind)
        return self.dataset.parts(kind, self.run_id)

    def scan(self, kind: str, parts: Iterable[Path] | None = None) -> pl.LazyFrame:
        """The rows of this run in a table or a kind of state, in all parts or in these."""
        found = self.parts(kind) if parts is None else list(parts)
        return scan_parts(found).filter(pl.col("run_id") == self.run_id)

    def found(self, parts: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows of this run in `removed` and `labelled`, with `labelled`: whether the paragraph stays in the text.

        `parts` are the names of the parts to read; all if there are none given.
        """
        names = None if parts is None else set(parts)
        return pl.concat(
            self.scan(table, [p for p in self.parts(table) if names is None or p.name in names]).with_columns(
                pl.lit(table == "labelled").alias("labelled")
            )
            for table in ("removed", "labelled")
        )

    @cached_property
    def whole_runs(self) -> pl.DataFrame:
        """The `source_stats` of this run and of up to `EARLIER_RUNS` runs before it, as wholes, in order."""
        spans = [span for span in self.dataset.spans() if f"{span}" < self.run_id or self.run_id in span]
        earlier = [p for span in spans[-EARLIER_RUNS - 1 :] for p in self.dataset.parts("source_stats", span)]
        own = self.parts("source_stats") if self.held else []
        these = pl.col("whole") & (pl.col("run_id") <= self.run_id)
        stats = pl.collect_all([scan_parts(part).filter(these) for part in (*earlier, *own)])
        if not stats:
            raise CopydeskError(f"{self.dataset.root}: the statistics of {self.run_id} are missing")
        together = pl.concat(stats, how="diagonal_relaxed").sort("run_id").tail(EARLIER_RUNS + 1)
        return together.with_columns(pl.col(pl.UInt32, pl.UInt64).fill_null(0))

    @cached_property
    def sources(self) -> pl.DataFrame:
        """The `source_stats` of each source in this run."""
        return self.scan("source_stats").filter(~pl.col("whole")).collect().sort("source", nulls_last=True)
