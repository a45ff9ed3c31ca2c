"""Paragraphs that expired, and are the witnesses of duplicates that are still removed: their places, and no text.

_copydesk/witnesses/part-00000.parquet
"""

from __future__ import annotations

from typing import Final

import polars as pl

from flows.dataset import Layout

#: The table of a dataset, as a kind of state of its own.
WITNESSES: Final = "witnesses"
_PLACES: Final[dict[str, pl.DataType]] = {"document_id": pl.String(), "position": pl.UInt32()}


def read_expired_witnesses(layout: Layout) -> pl.DataFrame:
    """document_id and position of each."""
    path = layout.base(WITNESSES) / "part-00000.parquet"
    return pl.read_parquet(path, hive_partitioning=False) if path.exists() else pl.DataFrame(schema=_PLACES)
