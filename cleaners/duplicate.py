"""Near-duplicate paragraphs, and documents that go whole because of them.

Three functions, for a corpus that does not fit in memory: `shingle` makes a table of hashes of each frame, `find`
decides over all tables together, and over an index of what earlier runs kept, and `duplicate` writes the decisions
into each frame. Between them, tables may lie in files: `find` takes lazy frames and looks twice at the keys of every
row, but at the shingles only of rows that share a key with another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners import keep_rule, minhash
from cleaners.candidates import KeyFilter, Rows, plain_buckets, shared_keys, uncrowded_buckets
from cleaners.shingles import SHINGLED, count_tokens, shingle
from cleaners.tokens import I64, U64

__all__ = ["DECISIONS", "SHINGLED", "count_tokens", "duplicate", "find", "kept", "shingle"]

#: What `find` returns.
DECISIONS: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "reason": pl.String(),  # duplicate, duplicate_document or too_short
    "rule": pl.String(),
    "duplicate_of_document_id": pl.String(),
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
}

Table = pl.LazyFrame | pl.DataFrame

#: `find` goes through the keys once more for every so many of them.
KEYS_AT_ONCE: Final = 1 << 27


def find(
    tables: Sequence[Table],
    index: Sequence[Table] = (),
    *,
    threshold: float,
    same_numbers: bool,
    document_share: float | None,
    min_words: int | None,
    partitions: int | None = None,
) -> pl.DataFrame:
    """The paragraphs that go, in order, with the columns of `DECISIONS`.

    `tables` are this run's, as `shingle` makes them, in order; no document is cut by the end of a table. `index` has
    the paragraphs that earlier runs kept, in order; those without keys may be left out of it (`kept`). A document goes
    whole if paragraphs with a witness in earlier documents hold `document_share` of its tokens or more, or if fewer
    than `min_words` are left; None switches the rule off. `partitions` bounds the memory for keys, and changes nothing
    in what is found.
    """
    new = [t.lazy() for t in tables]
    everything = [*(t.lazy() for t in index), *new]
    starts = _starts([t.select(pl.len()).collect().item() for t in everything])
    first_new = int(starts[len(index)])
    new_starts = starts[len(index) :] - first_new
    documents = _documents(new, new_starts)
    limit = int(new_starts[-1]) * (minhash.bands(threshold)[0] + 1)
    parts = partitions or 1 + limit // KEYS_AT_ONCE
    pair_rows, pair_keys, _ = shared_keys(
        *_pairs(everything, starts, len(index), same_numbers, limit, parts), first_new
    )

    sharing, pair_rows = np.unique(pair_rows, return_inverse=True)
    exact = pl.col("keys").list.first().alias("exact")
    details = _gather(everything, starts, sharing, "numbers", "shingles", exact)
    numbers = details.get_column("numbers").to_numpy()
    rows = Rows(
        first_new=int(np.searchsorted(sharing, first_new)),
        shingles=_flat(details.get_column("shingles")),
        offsets=_starts(details.get_column("shingles").list.len().to_numpy()),
        numbers=numbers if same_numbers else np.zeros_like(numbers),
        places=sharing[sharing >= first_new] - first_new,
    )
    buckets = uncrowded_buckets(
        plain_buckets(pair_rows, pair_keys, len(sharing)), rows, keep_rule.as_fraction(threshold)
    )
    decisions = keep_rule.decide(
        rows, buckets, documents, threshold=threshold, document_share=document_share, min_words=min_words
    )

    repeats = np.flatnonzero(decisions.witnesses >= 0)
    witnesses = decisions.witnesses[repeats]
    common, sizes = decisions.common[repeats], np.diff(rows.offsets)
    same = details.get_column("exact").to_numpy()
    duplicates = _gather(everything, starts, sharing[witnesses], "document_id", "position").select(
        pl.col("document_id").alias("duplicate_of_document_id"),
        pl.col("position").alias("duplicate_of_position"),
        pl.Series("row", sharing[repeats] - first_new, pl.Int64),
        pl.Series("common", common, pl.Int64),
        pl.Series("union", sizes[repeats] + sizes[witnesses] - common, pl.Int64),
        pl.Series("same", same[repeats] == same[witnesses], pl.Boolean),
    )
    struck = np.flatnonzero(decisions.kinds)
    document = np.searchsorted(documents.starts, struck, side="right") - 1
    totals = np.diff(_starts(documents.tokens)[documents.starts])[document]
    return (
        _gather(new, new_starts, struck, "document_id", "position")
        .with_columns(
            pl.Series("row", struck, pl.Int64),
            pl.Series("kind", decisions.kinds[struck], pl.UInt8),
            pl.Series("share", 100 * decisions.before[document] // np.maximum(totals, 1), pl.Int64),
            pl.Series("left", decisions.left[document], pl.Int64),
        )
        .join(duplicates, on="row", how="left", maintain_order="left")
        .pipe(_in_words, min_words or 0)
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
    )


def _in_words(struck: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The struck rows with reason, rule and Jaccard."""
    kind = pl.col("kind")
    return struck.with_columns(
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("duplicate_document"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too_short"))
        .otherwise(pl.lit("duplicate"))
        .alias("reason"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.format("{} % of the document was printed before", "share"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.format("{} words left, {} wanted", "left", pl.lit(min_words)))
        .when("same")
        .then(pl.lit("same tokens"))
        .otherwise(pl.format("near-duplicate, {} of {} shingles", "common", "union"))
        .alias("rule"),
        (pl.col("common") / pl.col("union")).alias("jaccard"),
    )


def _starts(counts: Sequence[int] | NDArray[np.integer]) -> I64:
    """Where each of some parts begins in the whole, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))


def _flat(lists: pl.Series) -> U64:
    """The values of a column of lists, none of them null or empty."""
    return lists.explode().to_numpy() if len(lists) else np.zeros(0, np.uint64)


def _documents(tables: Sequence[pl.LazyFrame], starts: I64) -> keep_rule.Documents:
    firsts, tokens = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    changes = pl.col("document_id") != pl.col("document_id").shift(1)
    for table, start in zip(tables, starts, strict=False):
        columns = table.select(changes.fill_null(True).alias("first"), "tokens").collect()
        firsts.append(columns.get_column("first").arg_true().to_numpy() + start)
        tokens.append(columns.get_column("tokens").to_numpy())
    return keep_rule.Documents(
        np.concatenate((*firsts, starts[-1:])).astype(np.int64), np.concatenate(tokens)
    )


def _keys(tables: Sequence[pl.LazyFrame], starts: I64, same_numbers: bool) -> Iterator[tuple[I64, U64]]:
    """(rows, keys) of each table: every key of every row, with the row's number among all.

    With `same_numbers`, keys stand for the numbers too, so that rows with different ones never meet.
    """
    for table, start in zip(tables, starts, strict=False):
        columns = table.select("keys", "numbers").with_row_index("row").drop_nulls("keys").collect()
        counts = columns.get_column("keys").list.len().to_numpy()
        keys = _flat(columns.get_column("keys"))
        if same_numbers:
            keys = keys ^ np.repeat(columns.get_column("numbers").to_numpy(), counts)
        yield np.repeat(columns.get_column("row").to_numpy() + start, counts), keys


def _pairs(
    tables: Sequence[pl.LazyFrame], starts: I64, indexed: int, same_numbers: bool, limit: int, partitions: int
) -> tuple[I64, U64]:
    """(rows, keys), by row: all the keys that two rows have, one of them of this run, and a few others.

    The first `indexed` tables are the index's; `limit` is how many keys this run has at most.
    """
    found: list[tuple[I64, U64]] = [(np.zeros(0, np.int64), np.zeros(0, np.uint64))]
    for partition in range(partitions):
        seen = KeyFilter(limit // partitions)
        for _, keys in _keys(tables[indexed:], starts[indexed:], same_numbers):
            seen.mark(keys[keys % partitions == partition] if partitions > 1 else keys)
        for i, (rows, keys) in enumerate(_keys(tables, starts, same_numbers)):
            passed = seen.pass_index(keys) if i < indexed else seen.pass_new(keys)
            if partitions > 1:
                passed &= keys % partitions == partition
            found.append((rows[passed], keys[passed]))
    rows, keys = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if partitions > 1:
        order = np.argsort(rows, kind="stable")
        rows, keys = rows[order], keys[order]
    return rows, keys


def _gather(tables: Sequence[pl.LazyFrame], starts: I64, rows: I64, *columns: str | pl.Expr) -> pl.DataFrame:
    """These columns of the rows of those numbers, in the order of `rows`."""
    wanted, place = np.unique(rows, return_inverse=True)
    parts = [pl.DataFrame(schema=SHINGLED).select(*columns)]
    for table, start, stop in zip(tables, starts, starts[1:], strict=False):
        local = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, stop)] - start
        if len(local):
            parts.append(table.select(*columns).collect()[local])
    gathered = pl.concat(parts)
    return gathered if len(place) == len(wanted) and (np.diff(place) == 1).all() else gathered[place]


def kept(table: Table, decisions: pl.DataFrame) -> pl.LazyFrame:
    """What of a table of this run goes into the index: the rows that are compared and not struck."""
    struck = decisions.lazy().select("document_id", "position")
    return (
        table.lazy()
        .filter(pl.col("keys").is_not_null())
        .join(struck, on=["document_id", "position"], how="anti", maintain_order="left")
    )


def duplicate(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The frame with reason, rule, witness and Jaccard where `decisions` has them and no cleaner struck before."""
    names = list(DECISIONS)[2:]
    decided = frame.select("document_id", "position").join(
        decisions, on=["document_id", "position"], how="left", maintain_order="left"
    )
    free = frame.get_column("reason").is_null() & decided.get_column("reason").is_not_null()
    return frame.with_columns(
        pl.when(free).then(decided.get_column(name)).otherwise(pl.col(name)).alias(name) for name in names
    )
