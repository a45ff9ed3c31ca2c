"""What every stage knows of its run, and where it finds its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from cleaners.lexicon import Lexicon
from cleaners.phrases.phrase import Phrase
from flows.dataset import Dataset
from flows.dataset.crashes import Culprits
from flows.dataset.exceptions import EXCEPTIONS
from flows.dataset.layout import PUBLISH
from flows.dataset.reporting import Report, silent
from flows.settings import Settings


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
