"""The rows that are removed, with their witnesses and what differs: from the keep rule's arrays to frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate import keep_rule
from cleaners.duplicate.candidate_texts import FingerprintTable, TextReader
from cleaners.duplicate.decisions import DECISIONS, with_reasons
from cleaners.duplicate.differences import differences
from cleaners.duplicate.document_order import Reordered
from cleaners.duplicate.fingerprints import Measure
from cleaners.duplicate.row_tables import RowTables
from cleaners.kernels import I64

#: Pairs of a duplicate and its witness whose texts are in memory at once.
PAIRS_AT_ONCE: Final = 1 << 16


def duplicates_of(
    decisions: keep_rule.Decisions,
    ordered: Reordered,
    sizes: I64,
    texts: TextReader,
    row_tables: RowTables,
    index: Sequence[FingerprintTable],
) -> pl.DataFrame:
    """The rows that have a witness: `row` among those of this run, the witness, and how the two compare.

    `sizes` are those of the shingle sets.
    """
    walk, rows = ordered.walk, ordered.rows
    repeats = np.flatnonzero(decisions.witnesses >= 0)
    witnesses = decisions.witnesses[repeats]
    own, theirs = walk.sets[repeats], walk.sets[witnesses]
    same, common = own == theirs, decisions.common[repeats]
    return row_tables.gather(rows[witnesses], "document_id", "position").select(
        pl.col("document_id").alias("duplicate_of_document_id"),
        pl.col("position").alias("duplicate_of_position"),
        pl.Series("row", ordered.given(walk.places[repeats - walk.first_new]), pl.Int64),
        pl.Series("common", np.where(same, 1, common), pl.Int64),
        pl.Series("union", np.where(same, 1, sizes[own] + sizes[theirs] - common), pl.Int64),
        pl.Series("size", sizes[own], pl.Int64),
        pl.Series("same", same, pl.Boolean),
        _differences(texts, rows[repeats], rows[witnesses], ~same),
        _reference_uris(index, row_tables.starts, rows[witnesses]),
    )


def removed_rows(
    decisions: keep_rule.Decisions,
    leads: I64,
    duplicates: pl.DataFrame,
    documents: keep_rule.Documents,
    row_tables: RowTables,
    min_words: int,
    measure: Measure,
) -> list[pl.DataFrame]:
    """The `DECISIONS` on each table of this run: its rows that are removed, and the `leads` that stay."""
    removed = np.union1d(np.flatnonzero(decisions.kinds), leads)
    document = np.searchsorted(documents.starts, removed, side="right") - 1
    totals = documents.totals[document]
    rows = (
        row_tables.gather(removed + row_tables.first_new, "document_id", "position")
        .with_columns(
            pl.Series("row", removed, pl.Int64),
            pl.Series("kind", decisions.kinds[removed], pl.UInt8),
            pl.Series("share", 100 * decisions.before[document] // np.maximum(totals, 1), pl.Int64),
            pl.Series("left", decisions.left[document], pl.Int64),
        )
        .join(duplicates, on="row", how="left", maintain_order="left")
        .pipe(with_reasons, min_words, measure)
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
    )
    starts = row_tables.starts[row_tables.indexed :] - row_tables.first_new
    ends = np.searchsorted(removed, starts)
    return [
        rows[first:end].with_columns(pl.col("row") - int(start))
        for (first, end), start in zip(pairwise(ends), starts[:-1], strict=True)
    ]


def _differences(texts: TextReader, rows: I64, witnesses: I64, which: NDArray[np.bool_]) -> pl.Series:
    """`differences` between the rows and their witnesses, at the rows that are wanted; null elsewhere."""
    wanted = np.flatnonzero(which)
    parts = [pl.Series([], dtype=pl.String)]
    for first in range(0, len(wanted), PAIRS_AT_ONCE):
        some = wanted[first : first + PAIRS_AT_ONCE]
        both = texts.read(np.concatenate((rows[some], witnesses[some])))
        parts.append(differences(both[: len(some)], both[len(some) :]))
    nothing = pl.repeat(None, len(rows), dtype=pl.String, eager=True)
    return nothing.scatter(wanted, pl.concat(parts)).alias("differs")


def _reference_uris(index: Sequence[FingerprintTable], starts: I64, rows: I64) -> pl.Series:
    """The uri of the document of each row that is in a table of a reference, null for all others."""
    wanted, place = np.unique(rows, return_inverse=True)
    known = [pl.Series(dtype=pl.String)]
    for table, start, stop in zip(index, starts, starts[1:], strict=False):
        local = RowTables.local_rows(wanted, start, stop)
        nothing = pl.repeat(None, len(local), dtype=pl.String, eager=True)
        known.append(table.uris(local) if table.uris and len(local) else nothing)
    uris = pl.concat(known)
    return uris.extend_constant(None, len(wanted) - len(uris)).gather(place).alias("reference")
