"""The history that the guards judge by: the last tallies of each source, gathered in one file.

`_copydesk/history.parquet` is made from the tallies of the published runs and says in its metadata up to which of them.
Runs since then are read and added; where that run is no longer published, because runs were taken back, all tallies are
read again. So a run opens one file and the tallies of one run, however many came before.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.dataset import Dataset
from flows.dataset.source_stats import SCHEMA, last_of_each
from flows.dataset.tables import write_part


def read_history(dataset: Dataset, window: int) -> pl.DataFrame:
    """The last `window` tallies of each source and of whole runs, in the order of the runs (`source_stats.SCHEMA`).

    To be called with the lock held: the gathered file is brought up to date.
    """
    runs = dataset.runs()
    path = dataset.state / "history.parquet"
    gathered, through = _gathered(path, window)
    if through not in runs:
        gathered, through = gathered.clear(), ""
    since = [run_id for run_id in runs if run_id > through]
    if since:
        spans = dict.fromkeys(dataset.span(run_id) for run_id in since)
        parts = [part for span in spans for part in dataset.parts("source_stats", span)]
        new = [pl.read_parquet(part, hive_partitioning=False) for part in parts]
        of_runs = pl.col("run_id").is_in(since)
        gathered = last_of_each(
            pl.concat([gathered, *(counts.filter(of_runs) for counts in new)], how="diagonal_relaxed"), window
        )
        write_part(gathered, path, {"through": runs[-1], "window": str(window)})
    # a reason that is newer than a tally was not removed then
    return gathered.with_columns(pl.col(pl.UInt32, pl.UInt64).fill_null(0))


def _gathered(path: Path, window: int) -> tuple[pl.DataFrame, str]:
    """(what is gathered, the last run of it); nothing where there is no such file, or of another window."""
    nothing = pl.DataFrame(schema=SCHEMA)
    try:
        said = pl.read_parquet_metadata(path)
        if said.get("window") != str(window):
            return nothing, ""
        return pl.read_parquet(path, hive_partitioning=False), said["through"]
    except (pl.exceptions.PolarsError, OSError, KeyError):
        return nothing, ""
