"""The history that the anomaly guards compare a run with: the last `source_stats` of each source, in one file.

The file (`Layout.history_file`) is a cache. Its metadata names the last run that it covers; the stats of later runs are
read and added. If that run is no longer published, because runs were rolled back, all stats are read again. So a run
opens one file and the stats of one run, however many came before.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.dataset import Dataset
from flows.dataset.checksums import read_sealed_part, write_sealed_part
from flows.dataset.damage import require_intact
from flows.dataset.source_stats import SCHEMA, last_of_each
from flows.dataset.tables import read_part


def read_history(dataset: Dataset, window: int) -> pl.DataFrame:
    """The last `window` stats of each source and of whole runs, in the order of the runs (`source_stats.SCHEMA`).

    The caller holds the lock: the cache is brought up to date.
    """
    runs = dataset.runs()
    path = dataset.history_file
    cached, through = _cached(path, window)
    if through not in runs:
        cached, through = cached.clear(), ""
    since = [run_id for run_id in runs if run_id > through]
    if since:
        spans = dict.fromkeys(dataset.span(run_id) for run_id in since)
        require_intact(dataset, ("source_stats",), spans)
        parts = [part for span in spans for part in dataset.parts("source_stats", span)]
        new = [read_part(part) for part in parts]
        of_runs = pl.col("run_id").is_in(since)
        cached = last_of_each(
            pl.concat([cached, *(stats.filter(of_runs) for stats in new)], how="diagonal_relaxed"), window
        )
        write_sealed_part(cached, path, {"through": runs[-1], "window": str(window)})
    # stats that are older than a reason have no column for it: nothing was removed for it then
    return cached.with_columns(pl.col(pl.UInt32, pl.UInt64).fill_null(0))


def _cached(path: Path, window: int) -> tuple[pl.DataFrame, str]:
    """(stats, the last run that they cover); no rows and "" if the file is missing, damaged, or of another window."""
    nothing = pl.DataFrame(schema=SCHEMA)
    try:
        stats, metadata = read_sealed_part(path)
    except (FileNotFoundError, ValueError):
        return nothing, ""
    return (stats, metadata["through"]) if metadata["window"] == str(window) else (nothing, "")
