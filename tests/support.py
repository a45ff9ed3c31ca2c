"""What tests use by name: where the repository is, how a table is read, what a command answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    code: int
    out: str
    err: str


def table(out: Path, name: str) -> pl.DataFrame:
    """A published table, read as a reader does that knows nothing but its folder."""
    return pl.read_parquet(out / name, hive_partitioning=False)
