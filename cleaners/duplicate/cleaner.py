"""Near-duplicate paragraphs, and documents that go whole because of them.

For a corpus that does not fit in memory: `fingerprint` makes a table of each frame, `find` decides over all tables
together, and over an index of what earlier runs kept, and `duplicate` writes the decisions into each frame. Tables may
lie in files: `find` goes through them band by band, and asks for the texts only of those paragraphs that have a band in
common with another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate import candidate_pairs, keep_rule
from cleaners.duplicate.buckets import Sets, may_have_match, plain_buckets, uncrowded_buckets
from cleaners.duplicate.fingerprints import Method, band_names, exact_hashes, fingerprint, fingerprint_schema
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs
from cleaners.text.shingles import WORDS, count_tokens, shingle_sets, sketches
from cleaners.text.tokens import I64, U32, U64
from cleaners.text.utf8 import starts_of

__all__ = [
    "DECISIONS",
    "Table",
    "count_tokens",
    "duplicate",
    "eligible",
    "exact_hashes",
    "find",
    "fingerprint",
    "fingerprint_schema",
    "kept",
    "table_of",
]

Made = TypeVar("Made")

#: Where there may be more shingles than so many, only sets that may have a near-duplicate are kept in memory.
SHINGLES_AT_ONCE: Final = 1 << 22

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


class Table(NamedTuple):
    """The fingerprints of some paragraphs, in order, and a way to their texts."""

    fingerprints: pl.LazyFrame
    texts: Callable[[I64], pl.Series]  # of the rows of those numbers


def eligible() -> pl.Expr:
    """The paragraphs of a frame that may be duplicates or witnesses: neither removed before nor emptied by repair."""
    return pl.col("reason").is_null() & (pl.col("text") != "").fill_null(False)


def table_of(
    frame: pl.DataFrame,
    *,
    n: int,
    threshold: float,
    min_tokens: int,
    short: Literal["keep", "exact"],
    method: Method = "minhash",
    frequencies: pl.DataFrame | None = None,
) -> Table:
    """The fingerprints of a frame's paragraphs that are `eligible`; see `fingerprints.fingerprint`."""
    paragraphs = frame.filter(eligible())
    made = fingerprint(
        paragraphs,
        n=n,
        threshold=threshold,
        min_tokens=min_tokens,
        short=short,
        method=method,
        frequencies=frequencies,
    )
    return Table(made.lazy(), paragraphs.get_column("text").gather)


def find(
    tables: Sequence[Table],
    index: Sequence[Table] = (),
    *,
    n: int,
    threshold: float,
    same_numbers: bool,
    document_share: float | None,
    min_words: int | None,
    method: Method = "minhash",
    older: pl.DataFrame | None = None,
    workers: int = 1,
) -> list[pl.DataFrame]:
    """Of each of `tables` the paragraphs that go, in order, with the columns of `DECISIONS`.

    `tables` are this run's, in order; no document is cut by the end of a table. `index` has the paragraphs that earlier
    runs kept, in order; those that are not compared may be left out of it (`kept`). A document goes whole if paragraphs
    with a witness in earlier documents hold `document_share` of its tokens or more, or if fewer than `min_words` are
    left; None switches the rule off. `older` tells in rows of (document_id, older) which documents of this run are new
    versions of which documents of the index: these are no witnesses for them. So many bands are gone through at once as
    there are `workers`, which changes nothing in what is found.
    """
    if not tables:
        return []
    given = (*index, *tables)
    everything = RowTables([table.fingerprints for table in given], len(index))
    documents = _documents(everything)
    exact_duplicates, firsts = candidate_pairs.exact_duplicates(everything)
    everything.leave_out(exact_duplicates[exact_duplicates != firsts])
    columns = ["rarest"] if method == "exact" else band_names(threshold)
    with ThreadPoolExecutor(workers) as pool:
        keys = candidate_pairs.all_keys(everything, *columns)
        pairs = candidate_pairs.joined(
            pool.map(lambda key: candidate_pairs.rows_with_common_key(everything, key, same_numbers), keys)
        )
        # rows with the same tokens have one set, that of the first of them
        has_set = np.zeros(int(everything.starts[-1]), np.bool_)
        has_set[pairs.rows] = has_set[firsts] = True
        pairs = pairs._replace(rows=_numbered(has_set)[pairs.rows])
        originals = np.flatnonzero(has_set)
        texts = _Texts(given, everything.starts, pool)
        numbers = everything.gather(originals, "numbers").get_column("numbers").to_numpy()
        if not same_numbers:
            numbers = np.zeros_like(numbers)
        tokens = everything.gather(originals, "tokens").get_column("tokens").to_numpy()
        least = keep_rule.as_fraction(threshold)
        # each takes the place of what it is made of, which is let go of
        pairs = _promising_pairs(pairs, texts, originals, tokens, numbers, n, least)
        sets = _sets(pairs, texts, originals, tokens, numbers, n)._replace(
            first_new=int(np.searchsorted(originals, everything.first_new))
        )
    del originals, tokens, numbers
    buckets = uncrowded_buckets(plain_buckets(pairs, len(sets.numbers)), sets, least)
    del pairs
    place = _numbered(has_set)
    has_set[exact_duplicates] = True
    rows = np.flatnonzero(has_set)
    walked = place[rows]
    walked[np.searchsorted(rows, exact_duplicates)] = place[firsts]
    del has_set, place
    walk = keep_rule.Walk(
        first_new=int(np.searchsorted(rows, everything.first_new)),
        sets=walked,
        places=rows[rows >= everything.first_new] - everything.first_new,
    )
    decisions = keep_rule.decide(
        walk,
        sets,
        buckets,
        documents,
        _versions(everything, rows, documents, older),
        threshold=threshold,
        document_share=document_share,
        min_words=min_words,
    )
    sizes = np.diff(sets.offsets)
    del sets, buckets  # most of the memory

    repeats = np.flatnonzero(decisions.witnesses >= 0)
    witnesses = decisions.witnesses[repeats]
    own, theirs = walk.sets[repeats], walk.sets[witnesses]
    same, common = own == theirs, decisions.common[repeats]
    duplicates = everything.gather(rows[witnesses], "document_id", "position").select(
        pl.col("document_id").alias("duplicate_of_document_id"),
        pl.col("position").alias("duplicate_of_position"),
        pl.Series("row", walk.places[repeats - walk.first_new], pl.Int64),
        pl.Series("common", np.where(same, 1, common), pl.Int64),
        pl.Series("union", np.where(same, 1, sizes[own] + sizes[theirs] - common), pl.Int64),
        pl.Series("same", same, pl.Boolean),
    )
    removed = np.flatnonzero(decisions.kinds)
    document = np.searchsorted(documents.starts, removed, side="right") - 1
    totals = np.diff(starts_of(documents.tokens)[documents.starts])[document]
    told = (
        everything.gather(removed + everything.first_new, "document_id", "position")
        .with_columns(
            pl.Series("row", removed, pl.Int64),
            pl.Series("kind", decisions.kinds[removed], pl.UInt8),
            pl.Series("share", 100 * decisions.before[document] // np.maximum(totals, 1), pl.Int64),
            pl.Series("left", decisions.left[document], pl.Int64),
        )
        .join(duplicates, on="row", how="left", maintain_order="left")
        .pipe(_in_words, min_words or 0)
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
    )
    ends = np.searchsorted(removed + everything.first_new, everything.starts[len(index) :])
    return [told[start:end] for start, end in pairwise(ends)]


def _numbered(which: NDArray[np.bool_]) -> U32:
    """For each that is there how many are before it."""
    return np.cumsum(which, dtype=np.uint32) - np.uint32(1)


class _Texts(NamedTuple):
    """The way to the texts of rows, table by table."""

    tables: Sequence[Table]
    starts: I64  # as those of `RowTables`
    pool: Executor

    def each(self, make: Callable[[pl.Series, int], Made], rows: I64, n: int) -> Iterator[Made]:
        """What `make` makes of the texts of these rows and of `n`, for each table in turn."""

        def of_table(i: int) -> Made:
            return make(self.tables[i].texts(RowTables.local(rows, *self.starts[i : i + 2])), n)

        return self.pool.map(of_table, range(len(self.tables)))


def _promising_pairs(
    pairs: Pairs, texts: _Texts, originals: I64, tokens: U32, numbers: U64, n: int, least: Fraction
) -> Pairs:
    """The pairs of set and key without sets that cannot have a near-duplicate, where they are many."""
    with_keys = np.zeros(len(originals), np.bool_)
    with_keys[pairs.rows] = True
    left = np.flatnonzero(with_keys)
    if tokens[left].sum(dtype=np.int64) <= SHINGLES_AT_ONCE:
        return pairs
    sizes = np.zeros(len(originals), np.int64)
    bitmaps = np.zeros((len(originals), WORDS), np.uint64)
    for some_sizes, some_bitmaps in texts.each(sketches, originals[left], n):
        some, left = left[: len(some_sizes)], left[len(some_sizes) :]
        sizes[some], bitmaps[some] = some_sizes, some_bitmaps
    chosen = may_have_match(pairs, sizes, bitmaps, numbers, least)[pairs.rows]
    return Pairs(pairs.rows[chosen], pairs.keys[chosen])


def _sets(pairs: Pairs, texts: _Texts, originals: I64, tokens: U32, numbers: U64, n: int) -> Sets:
    """The sets of the rows `originals`, with their shingles if they have a key."""
    with_keys = np.zeros(len(originals), np.bool_)
    with_keys[pairs.rows] = True
    # no text has more shingles than tokens
    room = int(tokens[with_keys].sum(dtype=np.int64))
    shingles, counts = _flat(texts.each(shingle_sets, originals[with_keys], n), room)
    sizes = np.zeros(len(originals), np.int64)
    sizes[with_keys] = counts
    return Sets(0, shingles, starts_of(sizes), numbers)


def _flat(parts: Iterable[tuple[U64, I64]], room: int) -> tuple[U64, I64]:
    """(shingles, how many of each set) of all parts, `room` shingles at most, each part let go of once it is copied."""
    # memory that is not touched is not there: only what is copied counts
    shingles, end, counts = np.empty(room, np.uint64), 0, [np.zeros(0, np.int64)]
    for values, offsets in parts:
        shingles[end : end + len(values)] = values
        end += len(values)
        counts.append(np.diff(offsets))
    return shingles[:end], np.concatenate(counts)


def _documents(everything: RowTables) -> keep_rule.Documents:
    """The documents of this run, and the tokens of its rows."""
    firsts, tokens = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    changes = pl.col("document_id") != pl.col("document_id").shift(1)
    new = slice(everything.indexed, None)
    for table, start in zip(everything.tables[new], everything.starts[new], strict=False):
        columns = table.select(changes.fill_null(True).alias("first"), "tokens").collect()
        firsts.append(columns.get_column("first").arg_true().to_numpy() + start - everything.first_new)
        tokens.append(columns.get_column("tokens").to_numpy())
    starts = np.concatenate((*firsts, [everything.new])).astype(np.int64)
    return keep_rule.Documents(starts, np.concatenate(tokens))


def _versions(
    everything: RowTables, rows: I64, documents: keep_rule.Documents, older: pl.DataFrame | None
) -> keep_rule.Versions:
    """The rows of the walk, of which `rows` has the numbers, that are no witnesses for the documents of this run."""
    count = len(documents.starts) - 1
    if older is None or older.is_empty():
        return keep_rule.Versions.none(count)
    mine = everything.gather(documents.starts[:-1] + everything.first_new, "document_id").with_row_index(
        "document"
    )
    ranges = [pl.DataFrame(schema={"older": pl.String, "first": pl.Int64, "stop": pl.Int64})]
    for table, start in zip(everything.tables[: everything.indexed], everything.starts, strict=False):
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


def _in_words(removed: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The removed rows with reason, rule and Jaccard."""
    kind = pl.col("kind")
    return removed.with_columns(
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


def kept(fingerprints: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """What of a table of this run goes into the index: the rows that are compared and not removed."""
    return fingerprints.filter(pl.col("exact_a").is_not_null()).join(
        decisions, on=["document_id", "position"], how="anti", maintain_order="left"
    )


def duplicate(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The frame with reason, rule, witness and Jaccard where `decisions` has them and no cleaner removed before."""
    names = list(DECISIONS)[2:]
    decided = frame.select("document_id", "position").join(
        decisions, on=["document_id", "position"], how="left", maintain_order="left"
    )
    free = frame.get_column("reason").is_null() & decided.get_column("reason").is_not_null()
    return frame.with_columns(
        pl.when(free).then(decided.get_column(name)).otherwise(pl.col(name)).alias(name) for name in names
    )
