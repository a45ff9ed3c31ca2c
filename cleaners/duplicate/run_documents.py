"""The documents of a run as the keep rule takes them: where each starts, its source, and its older versions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from cleaners.duplicate import keep_rule
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.row_tables import RowTables
from cleaners.kernels import I64
from cleaners.text.utf8 import starts_of


def documents_of(row_tables: RowTables) -> keep_rule.Documents:
    """Where each document of this run starts, and the token count of each of its rows."""
    firsts, tokens, leads = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    changes = pl.col("document_id") != pl.col("document_id").shift(1)
    new = slice(row_tables.indexed, None)
    for table, start in zip(row_tables.tables[new], row_tables.starts[new], strict=False):
        compared = pl.col("exact_a").is_not_null().alias("compared")
        columns = table.select(changes.fill_null(True).alias("first"), "tokens", compared).collect()
        firsts.append(columns.get_column("first").arg_true().to_numpy() + start - row_tables.first_new)
        tokens.append(columns.get_column("tokens").to_numpy())
        leads.append(columns.get_column("compared").arg_true().to_numpy() + start - row_tables.first_new)
    starts = np.concatenate((*firsts, [row_tables.new_rows])).astype(np.int64)
    return keep_rule.undecided(starts, np.concatenate(tokens), np.concatenate(leads))


def sources_of(
    row_tables: RowTables, documents: keep_rule.Documents, sources: pl.DataFrame | None
) -> pl.Series | None:
    """The source of each document of this run, if they are known."""
    if sources is None:
        return None
    ids = row_tables.gather(documents.starts[:-1] + row_tables.first_new, "document_id")
    return ids.join(sources, on="document_id", how="left", maintain_order="left").get_column("source")


def older_versions(
    index: Sequence[FingerprintTable],
    row_tables: RowTables,
    rows: I64,
    documents: keep_rule.Documents,
    older: pl.DataFrame | None,
) -> keep_rule.Versions:
    """For each document of this run, the rows of the walk that belong to its older versions.

    `rows` are the row numbers of the walk.
    """
    count = len(documents.starts) - 1
    if older is None or older.is_empty():
        return keep_rule.Versions.none(count)
    mine = row_tables.gather(documents.starts[:-1] + row_tables.first_new, "document_id").with_row_index(
        "document"
    )
    ranges = [pl.DataFrame(schema={"older": pl.String, "first": pl.Int64, "stop": pl.Int64})]
    for one, table, start in zip(index, row_tables.tables, row_tables.starts, strict=False):
        if one.uris:  # a reference has no versions of this dataset's documents
            continue
        runs = table.select("document_id").collect().to_series().rle()
        stops = runs.struct.field("len").cast(pl.Int64).cum_sum() + int(start)
        firsts = stops - runs.struct.field("len")
        ranges.append(
            pl.DataFrame({"older": runs.struct.field("value"), "first": firsts, "stop": stops}).filter(
                pl.col("older").is_in(older["older"].implode())
            )
        )
    found = older.join(mine, on="document_id").join(pl.concat(ranges), on="older").sort("document")
    places = [np.searchsorted(rows, found[name].to_numpy()).astype(np.int64) for name in ("first", "stop")]
    starts = starts_of(np.bincount(found["document"].to_numpy(), minlength=count))
    return keep_rule.Versions(starts, *places)
