"""The first tasks of a comparison in groups: which paragraphs may be near-duplicates."""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from cleaners.duplicate import candidate_pairs
from cleaners.duplicate.groups import promising
from cleaners.duplicate.keep_rule import as_fraction
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs
from cleaners.kernels import U32
from cleaners.text.shingles import BITMAP_WORDS, sketches
from flows.run.comparison.compared import Compared, Piece, compared_by, parts, path_of, paths_of, within
from flows.run.staged_files import read, read_piece, write, write_pieces
from flows.run.stages import Run

#: Pairs whose sketches are in memory at once, some 300 MB.
PAIRS_AT_ONCE: Final = 1 << 22


def same_tokens(run: Run, piece: Piece) -> None:
    """Rows of a partition whose tokens equal those of another row, each with the first row that has them."""
    known = compared_by(run)
    which = known.exact_partitions[piece.number]
    rows, firsts = candidate_pairs.rows_with_same_tokens(known.keys, which, known.rules["same_numbers"])
    write(pl.DataFrame({"row": rows, "first": firsts}), path_of(run, "same_tokens", piece.number))


def merge_same_tokens(run: Run, _piece: Piece) -> None:
    """The same of all partitions in one file, sorted by row; in another one, those that are not the first."""
    pairs = pl.concat(parts(run, "same_tokens")).sort("row")
    write(pairs, path_of(run, "equal", 0))
    write(pairs.filter(pl.col("row") != pl.col("first")).select("row"), path_of(run, "repeats", 0))


def common_keys(run: Run, piece: Piece) -> None:
    """Pairs of row and key, for keys of a partition that two rows have; the first one of those with the same tokens."""
    known = compared_by(run)
    originals: RowTables = copy(known.keys)
    originals.exclude(read(path_of(run, "repeats", 0)).get_column("row").to_numpy())
    which = known.partitions[piece.number]
    pairs = candidate_pairs.concatenate_pairs(
        candidate_pairs.rows_with_common_key(originals, which, known.rules["same_numbers"])
    )
    found = pl.DataFrame({"row": pairs.rows, "key": pairs.keys}).sort("row", maintain_order=True)
    write_pieces(found, path_of(run, "common_keys", piece.number), "row", known.edges)


def sketch(run: Run, piece: Piece) -> None:
    """Sketches of the rows of a slice that have a key in common with another one."""
    known = compared_by(run)
    tables = known.slices[piece.number]
    rows = [read_piece(path, piece.number, "row") for path in paths_of(run, "common_keys")]
    wanted = pl.concat(rows).unique().sort("row")
    found = [
        _sketches(known, table, mine.to_series().to_numpy())
        for table in tables
        if len(mine := within(wanted, "row", *known.rows_of(table))) or table == tables[0]
    ]
    write(pl.concat(found), path_of(run, "sketches", piece.number))


def _sketches(known: Compared, table: int, rows: U32) -> pl.DataFrame:
    """Sketches of these rows of a table, and what else `prune` and `group` need of them."""
    local = rows.astype(np.int64) - known.rows.starts[table]
    sizes, bitmaps = sketches(known.tables[table].texts(local), known.rules["n"])
    fingerprints = known.tables[table].fingerprints.select("numbers", "tokens").collect()
    found: pl.DataFrame = fingerprints[local]
    return found.with_columns(
        pl.Series("row", rows),
        pl.Series("size", sizes),
        pl.Series("bitmap", bitmaps, pl.Array(pl.UInt64, BITMAP_WORDS)),
    )


def prune(run: Run, piece: Piece) -> None:
    """The pairs of a partition, without the rows whose sketches rule out that they are near-duplicates."""
    found = read(path_of(run, "common_keys", piece.number)).sort("key", maintain_order=True)
    rows, keys = found.get_column("row").to_numpy(), found.get_column("key").to_numpy()
    edges = np.searchsorted(keys, keys[::PAIRS_AT_ONCE])  # all pairs of a key come at once
    left = [
        _pruned(run, Pairs(rows[start:stop], keys[start:stop]))
        for start, stop in pairwise(np.unique([*edges, len(keys)]))
    ]
    pruned = [pl.DataFrame({"row": one.rows, "key": one.keys}) for one in left]
    schema = {"row": pl.UInt32, "key": pl.UInt32}
    write(pl.concat([pl.DataFrame(schema=schema), *pruned]), path_of(run, "promising", piece.number))


def _pruned(run: Run, pairs: Pairs) -> Pairs:
    known, rows = compared_by(run), np.unique(pairs.rows)
    drawn = sketched(run, rows)
    numbers = drawn.get_column("numbers").to_numpy()
    return promising(
        pairs,
        rows,
        drawn.get_column("size").cast(pl.Int64).to_numpy(),
        drawn.get_column("bitmap").to_numpy().reshape(-1, BITMAP_WORDS),
        numbers if known.rules["same_numbers"] else np.zeros_like(numbers),
        as_fraction(known.rules["threshold"]),
    )


def sketched(run: Run, rows: U32, *columns: str) -> pl.DataFrame:
    """What `sketch` wrote of these sorted rows."""
    edges = np.searchsorted(rows, np.array(compared_by(run).edges, rows.dtype))
    found = []
    for number, (start, stop) in enumerate(pairwise(edges)):
        part = read(path_of(run, "sketches", number))
        places = np.searchsorted(part.get_column("row").to_numpy(), rows[start:stop])
        found.append(part.select(columns or pl.all())[places])
    return pl.concat(found)
