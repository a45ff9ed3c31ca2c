"""What a comparison in groups compares, and the files in which its tasks leave what they found.

A file that many tasks ask is sorted by what they ask for, in a piece for each of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.duplicate import candidate_pairs
from cleaners.duplicate.candidate_pairs import KeyPartition
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.fingerprints import band_names
from cleaners.duplicate.near_duplicates import Rules
from cleaners.duplicate.row_tables import RowTables
from cleaners.kernels import I64
from flows.run.clean_shard import duplicate_rules
from flows.run.staged_files import read
from flows.run.stages import Run, compared

#: Slices of all tables, about. Each task of a slice opens a file of each partition or group.
SLICES: Final = 128
#: Keys of a partition, at most: a filter of 128 to 512 MB.
KEYS: Final = 1 << 27


class Piece(NamedTuple):
    """What one task does."""

    number: int  # of a partition, a slice or a group
    round: int = 0


Step = Callable[[Run, Piece], Any]


class Compared(NamedTuple):
    """What is compared: tables of references, then those of the index, then those of the shards."""

    shards: Sequence[str]
    tables: list[FingerprintTable]
    rows: RowTables
    rules: Rules
    exact_partitions: list[KeyPartition]  # of the hashes of token sequences
    partitions: list[KeyPartition]  # of the other keys
    slices: list[range]  # of consecutive tables, all of one kind
    keys: RowTables  # the same rows, with a table for each slice

    def rows_of(self, table: int) -> tuple[int, int]:
        """The first row of a table, and the one after its last."""
        return int(self.rows.starts[table]), int(self.rows.starts[table + 1])

    @property
    def edges(self) -> list[int]:
        """The first row of each slice, and the one after the last."""
        edges: list[int] = self.keys.starts.tolist()
        return edges

    def is_new(self, tables: range) -> bool:
        """Whether these tables are those of shards."""
        return tables.start >= self.rows.indexed


_LOCK: Final = threading.Lock()
_last: tuple[Path, Compared] | None = None


def compared_by(run: Run) -> Compared:
    """What a run compares; a process asks for it once."""
    global _last
    with _LOCK:
        if _last is None or _last[0] != run.staging:
            _last = run.staging, _compared(run)
        return _last[1]


def _compared(run: Run) -> Compared:
    shards = read(path_of(run, "shards", 0)).get_column("shard").to_list()
    tables, index = compared(run, shards, whole=True)
    every, rules = [*index, *tables], duplicate_rules(run.settings)
    rows = RowTables([table.fingerprints for table in every], len(index))
    columns = ["rarest"] if rules.get("method") == "exact" else band_names(rules["threshold"])
    kinds = [*(_kind(table) for table in index), *(_NEW for _ in tables)]
    some = slices(rows.starts, kinds, SLICES)
    indexed = sum(kinds[one.start] != _NEW for one in some)
    keys = RowTables([pl.concat([every[table].fingerprints for table in one]) for one in some], indexed)
    return Compared(
        shards,
        every,
        rows,
        rules,
        candidate_pairs.exact_partitions(keys, KEYS),
        candidate_pairs.key_partitions(keys, *columns, workers=run.workers, most=KEYS),
        some,
        keys,
    )


#: Kinds of tables, which have different columns where they are extracted.
_REFERENCE, _OWN, _NEW = range(3)


def _kind(indexed: FingerprintTable) -> int:
    return _OWN if indexed.uris is None else _REFERENCE


def slices(starts: I64, kinds: Sequence[int], most: int) -> list[range]:
    """Ranges of consecutive tables of one kind, with about as many rows each; `most` of them, and one for each kind.

    `starts` holds the number of the first row of each table, and the number of all rows at the end.

    >>> slices(np.array([0, 10, 13, 14, 30, 36]), [1, 1, 1, 2, 2], 3)
    [range(0, 2), range(2, 3), range(3, 4), range(4, 5)]
    """
    size = -(-int(starts[-1]) // most) or 1
    numbered = zip(kinds, (starts[:-1] // size).tolist(), strict=True)
    found = []
    for _, some in groupby(enumerate(numbered), key=lambda one: one[1]):
        tables = [table for table, _ in some]
        found.append(range(tables[0], tables[-1] + 1))
    return found


def folder_of(run: Run) -> Path:
    """The folder of all files of a comparison in groups."""
    return run.path("compare", "").parent


def path_of(run: Run, kind: str, number: int) -> Path:
    """The file that a task with this number writes."""
    return folder_of(run) / kind / f"{number:05d}.arrow"


def paths_of(run: Run, kind: str) -> list[Path]:
    """All files of a kind, in order."""
    return sorted((folder_of(run) / kind).glob("[!.]*.arrow"))


def parts(run: Run, kind: str) -> list[pl.DataFrame]:
    """What is in all files of a kind, in order."""
    return [read(path) for path in paths_of(run, kind)]


def path_in_round(run: Run, kind: str, piece: Piece) -> Path:
    """What a group writes in a round. No file changes, as a worker that was given up for lost may write one again."""
    return folder_of(run) / kind / f"{piece.number:05d}-{piece.round:03d}.arrow"


def latest(run: Run, kind: str, of_round: int) -> list[Path]:
    """What each group wrote last, up to a round."""
    paths: dict[str, Path] = {}
    for path in paths_of(run, kind):
        group, number = path.stem.split("-")
        if int(number) <= of_round:
            paths[group] = path
    return [*paths.values()]


def within(part: pl.DataFrame, name: str, first: int, end: int) -> pl.DataFrame:
    """The rows whose value is in [first, end), of a part that is sorted by it."""
    values = part.get_column(name).to_numpy()
    start, stop = np.searchsorted(values, np.array([first, end], values.dtype))
    return part[int(start) : int(stop)]
