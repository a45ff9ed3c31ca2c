"""The last tasks of a comparison in groups: what each group decides, and what follows for documents and shards."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.decisions import DECISIONS, of_whole_documents
from cleaners.duplicate.groups import COUNTS, FATES, fates_of, group_documents, settle_fates
from cleaners.duplicate.keep_rule import KEPT
from cleaners.duplicate.near_duplicates import find
from flows.run.clean_shard import duplicate_rules
from flows.run.comparison.compared import Compared, Piece, compared_by, latest, path_in_round, path_of, within
from flows.run.comparison.groups import documents_of
from flows.run.staged_files import read, read_piece, write, write_pieces
from flows.run.stages import Run

#: `COUNTS` of a group, with what was assumed of the documents.
_COUNTS: Final = {**COUNTS, "shared": pl.Boolean(), "fate": pl.UInt8(), "group": pl.UInt32()}


def decide(run: Run, piece: Piece) -> None:
    """The near-duplicates of a group, and its counts, with the fates of documents that are known in this round."""
    known = compared_by(run)
    index: list[pl.DataFrame] = []
    new: list[pl.DataFrame] = []
    for number, which in enumerate(known.slices):
        if len(mine := read_piece(path_of(run, "extracts", number), piece.number)):
            (new if known.is_new(which) else index).append(mine)
    if not new:  # rows of the index, of which none is near one of this run
        _write(run, piece, pl.DataFrame(schema=DECISIONS), pl.DataFrame(schema=_COUNTS))
        return
    rows = pl.concat([mine.select("document", "tokens", "total", "shared") for mine in new])
    fates = read(path_of(run, "fates", piece.round)) if piece.round else pl.DataFrame(schema=FATES)
    documents = group_documents(rows, fates, known.rules["min_words"])
    older = read(path_of(run, "older", 0))
    tables = [_table_of(mine) for mine in new]
    found = find(
        tables, [_table_of(mine) for mine in index], documents, **known.rules, older=older, workers=1
    )
    duplicates = [one.filter(pl.col("reason") == "duplicate") for one in found.tables]
    decisions = [
        one.with_columns(mine.get_column("row").gather(one.get_column("row")))
        for mine, one in zip(new, duplicates, strict=True)
    ]
    of_documents = rows.select("document", "shared")[documents.starts[:-1]].with_columns(
        pl.Series("total", documents.totals, pl.Int64),
        pl.Series("before", found.before, pl.Int64),
        pl.Series("removed", documents.totals - found.left, pl.Int64),
        pl.Series("fate", documents.fates, pl.UInt8),
        pl.lit(piece.number, pl.UInt32).alias("group"),
    )
    _write(run, piece, pl.concat(decisions), of_documents.select(*_COUNTS))


def _write(run: Run, piece: Piece, decisions: pl.DataFrame, counts: pl.DataFrame) -> None:
    """Write what a group decided, and what it counted, in a piece for each slice."""
    known = compared_by(run)
    documents = [*(tables.start << 32 for tables in known.slices), len(known.tables) << 32]
    write_pieces(decisions, path_in_round(run, "of_groups", piece), "row", known.edges)
    write_pieces(counts, path_in_round(run, "counts", piece), "document", documents)


def _table_of(extracted: pl.DataFrame) -> FingerprintTable:
    """Rows that were extracted from tables of one kind."""
    found = FingerprintTable(extracted.lazy(), extracted.get_column("text").gather)
    if "language" in extracted.columns:
        return found._replace(languages=extracted.get_column("language").gather)
    return found._replace(uris=extracted.get_column("uri").gather) if "uri" in extracted.columns else found


def settle(run: Run, piece: Piece) -> list[int]:
    """Write the fates of documents in several groups; return the groups that assumed another fate of one of them."""
    rules = duplicate_rules(run.settings)
    counts = [read(path).filter("shared") for path in latest(run, "counts", piece.round)]
    every = pl.concat([pl.DataFrame(schema=_COUNTS), *counts])
    fates = settle_fates(every.select(*COUNTS), rules["document_share"], rules["min_words"])
    write(fates, path_of(run, "fates", piece.round + 1))
    assumed = every.select("document", "group", pl.col("fate").alias("assumed"))
    wrong = assumed.join(fates, on="document").filter(pl.col("fate") != pl.col("assumed"))
    return sorted(wrong.get_column("group").unique().to_list())


def assemble(run: Run, piece: Piece) -> None:
    """Write the decisions on the shards of a slice."""
    known = compared_by(run)
    decided, counts = (
        [read_piece(path, piece.number) for path in latest(run, kind, piece.round)]
        for kind in ("of_groups", "counts")
    )
    for table in known.slices[piece.number]:
        rows = known.rows_of(table)
        mine = [within(part, "row", *rows) for part in decided]
        duplicates = pl.concat([pl.DataFrame(schema=DECISIONS), *mine])
        duplicates = duplicates.with_columns(pl.col("row") - rows[0])
        of_table = [within(part, "document", table << 32, table + 1 << 32) for part in counts]
        counted = pl.concat([pl.DataFrame(schema=_COUNTS), *of_table])
        decisions = _assembled(known, table, duplicates, counted)
        write(decisions, run.path("decisions", known.shards[table - known.rows.indexed]))


def _assembled(known: Compared, table: int, duplicates: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """The decisions on a table, by its near-duplicates and by what was counted of its documents."""
    prints = known.tables[table].fingerprints.select("document_id", "position", "tokens").collect()
    sums = counted.select("document", "before", "removed").group_by("document").sum()
    of_rows = documents_of(prints, table)
    documents = of_rows.unique(maintain_order=True).join(
        sums, on="document", how="left", maintain_order="left"
    )
    totals, before, removed = (
        documents.get_column(name).fill_null(0).to_numpy() for name in ("total", "before", "removed")
    )
    share, least = known.rules["document_share"], known.rules["min_words"]
    fates = fates_of(totals, before, totals - removed, share, least)
    of_whole = documents.select("document").with_columns(
        pl.Series("kind", fates, pl.UInt8),
        pl.Series("share", 100 * before // np.maximum(totals, 1), pl.Int64),
        pl.Series("left", totals - removed, pl.Int64),
    )
    rest = (
        prints.with_row_index("row")
        .hstack(of_rows.select("document"))
        .join(of_whole.filter(pl.col("kind") != KEPT), on="document")
        .join(duplicates, on="row", how="anti")
    )
    return pl.concat([duplicates, of_whole_documents(rest, least or 0)]).sort("row")
