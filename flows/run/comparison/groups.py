"""The middle of a comparison in groups: the groups, and what is compared in each."""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from cleaners.duplicate.groups import components, group_numbers, links_of
from cleaners.duplicate.shared_keys import Pairs
from flows.run.comparison.candidates import sketched
from flows.run.comparison.compared import Compared, Piece, compared_by, parts, path_of, within
from flows.run.staged_files import read, read_piece, write, write_pieces
from flows.run.stages import Run, older_versions

#: Tokens of the paragraphs in a group, which take some 400 MB of memory.
GROUP: Final = 1 << 24
#: Tokens that a paragraph counts for, beside its own; of one that only equals others, the own ones are not read.
ROW: Final = 32


def group(run: Run, _piece: Piece) -> int:
    """Write the group of each row that is in one; return the number of groups."""
    known = compared_by(run)
    equal = read(path_of(run, "equal", 0))
    exact = equal.get_column("row").to_numpy(), equal.get_column("first").to_numpy()
    pairs = [
        Pairs(*(part.get_column(name).to_numpy() for name in ("row", "key")))
        for part in parts(run, "promising")
    ]
    near = np.unique(np.concatenate([one.rows for one in pairs]))
    rows = np.union1d(near, exact[0]).astype(np.uint32)
    weights = np.full(len(rows), ROW, np.int64)
    weights[np.searchsorted(rows, near)] += sketched(run, near, "tokens").get_column("tokens").to_numpy()
    roots = components(rows, chain([exact], map(links_of, pairs)))
    numbers = group_numbers(roots, weights, GROUP)
    found = pl.DataFrame({"row": rows, "group": numbers})
    write_pieces(found, path_of(run, "groups", 0), "row", known.edges)
    write(older_versions(run, known.shards), path_of(run, "older", 0))
    return len(np.unique(numbers))


def extract(run: Run, piece: Piece) -> None:
    """The rows of a slice that are in groups, group by group, with their fingerprints and texts."""
    known, groups = compared_by(run), read_piece(path_of(run, "groups", 0), piece.number)
    tables = known.slices[piece.number]
    found = [
        _extracted(known, table, mine)
        for table in tables
        if len(mine := within(groups, "row", *known.rows_of(table))) or table == tables[0]
    ]
    by_group = pl.concat(found).sort("group", maintain_order=True)
    last = by_group.get_column("group").max()
    edges = range(1 + last) if isinstance(last, int) else [0]
    write_pieces(by_group, path_of(run, "extracts", piece.number), "group", edges)


def _extracted(known: Compared, number: int, mine: pl.DataFrame) -> pl.DataFrame:
    """These rows of a table: row, group, fingerprints and text.

    Of a shard also document, total, shared and language, and of a reference the uri.
    """
    table = known.tables[number]
    local = mine.get_column("row").to_numpy().astype(np.int64) - known.rows.starts[number]
    prints = table.fingerprints.collect()
    found: pl.DataFrame = prints[local].drop("row", strict=False).hstack(mine)
    found = found.with_columns(table.texts(local).alias("text"))
    if number < known.rows.indexed:
        return found if table.uris is None else found.with_columns(table.uris(local).alias("uri"))
    is_shared = pl.col("group").n_unique().over("document") > 1
    return found.hstack(documents_of(prints, number)[local]).with_columns(
        is_shared.alias("shared"), table.languages(local).alias("language")
    )


def documents_of(prints: pl.DataFrame, table: int) -> pl.DataFrame:
    """(document, total) of each row of a table: a number that no other document has, and its tokens."""
    changes = (pl.col("document_id") != pl.col("document_id").shift(1)).fill_null(True)
    number = (changes.cum_sum() - 1).cast(pl.UInt64) + (table << 32)
    total = pl.col("tokens").cast(pl.Int64).sum().over("document")
    return prints.select(number.alias("document"), "tokens").select("document", total.alias("total"))
