"""Near-duplicate paragraphs, and documents that are removed whole because of them.

The corpus need not fit in memory. There are three steps:

- `fingerprint` makes a table for each frame;
- `find_duplicates` decides over all tables together, and over an index of what earlier runs kept;
- `duplicate` writes the decisions into each frame.

Tables may be files: `find_duplicates` reads them band by band. It reads the text of a paragraph only if the paragraph
has a key in common with another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from fractions import Fraction
from itertools import chain, pairwise
from typing import Final, Literal, NamedTuple, NotRequired, TypedDict, TypeVar, Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate import candidate_pairs, keep_rule
from cleaners.duplicate.buckets import Sets, may_have_match, plain_buckets, uncrowded_buckets
from cleaners.duplicate.fingerprints import Method, band_names, exact_hashes, fingerprint, fingerprint_schema
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs
from cleaners.kernels import I64, U32, U64
from cleaners.text.shingles import BITMAP_WORDS, count_tokens, shingle_sets, sketches
from cleaners.text.utf8 import starts_of

__all__ = [
    "DECISIONS",
    "FingerprintTable",
    "count_tokens",
    "duplicate",
    "eligible",
    "exact_hashes",
    "find_duplicates",
    "fingerprint",
    "fingerprint_schema",
    "fingerprint_table",
    "kept_fingerprints",
]

Result = TypeVar("Result")

#: Above this many shingles (128 MB), only the sets that may have a near-duplicate are kept in memory.
SHINGLES_AT_ONCE: Final = 1 << 24

#: What `find_duplicates` returns.
DECISIONS: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt32(),  # of the paragraph in its table of fingerprints
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "reason": pl.String(),  # duplicate, duplicate_document or too_short
    "rule": pl.String(),
    "detail": pl.String(),
    "duplicate_of_document_id": pl.String(),
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
}


class FingerprintTable(NamedTuple):
    """The fingerprints of some paragraphs, in order, and a function that returns their texts."""

    fingerprints: pl.LazyFrame
    texts: Callable[[I64], pl.Series]  # from row numbers to the texts of those rows


def eligible() -> pl.Expr:
    """Whether a paragraph may be a duplicate or a witness: no earlier cleaner removed it, and its text is not empty."""
    return pl.col("reason").is_null() & (pl.col("text") != "").fill_null(False)


def fingerprint_table(
    frame: pl.DataFrame,
    document_ids: pl.Series,
    *,
    n: int,
    threshold: float,
    min_tokens: int,
    short: Literal["keep", "exact"],
    method: Method = "minhash",
    frequencies: pl.DataFrame | None = None,
) -> FingerprintTable:
    """The fingerprints and texts of a frame's `eligible` paragraphs; `document_ids` has the id of each document.

    The parameters, and the ValueError for missing `frequencies`, are those of `fingerprints.fingerprint`.
    """
    paragraphs = frame.select("document", "position", "text", "reason").filter(eligible())
    paragraphs = paragraphs.with_columns(
        document_ids.gather(paragraphs.get_column("document")).alias("document_id")
    )
    prints = fingerprint(
        paragraphs,
        n=n,
        threshold=threshold,
        min_tokens=min_tokens,
        short=short,
        method=method,
        frequencies=frequencies,
    )
    return FingerprintTable(prints.lazy(), paragraphs.get_column("text").gather)


class Rules(TypedDict):
    """What `find_duplicates` decides by; its docstring says what they mean."""

    n: int
    threshold: float
    same_numbers: bool
    document_share: float | None
    min_words: int | None
    method: NotRequired[Method]


class Found(NamedTuple):
    """What `find` returns."""

    tables: list[pl.DataFrame]  # one for each table of this run, see `find_duplicates`
    documents: keep_rule.Documents
    before: I64  # for each document: the tokens of paragraphs with a witness in an earlier document
    left: I64  # for each document: the tokens of paragraphs without a witness


def find_duplicates(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    *,
    older: pl.DataFrame | None = None,
    workers: int = 1,
    **rules: Unpack[Rules],
) -> list[pl.DataFrame]:
    """The paragraphs to remove: one frame for each of `tables`, its rows in order, with the columns of `DECISIONS`.

    `tables` are the tables of this run, in order. No document may span two tables. `index` holds the paragraphs that
    earlier runs kept, in order; it may omit those that are never compared (see `kept_fingerprints`).

    A document is removed whole if paragraphs with a witness in earlier documents hold at least `document_share` of its
    tokens, or if fewer than `min_words` tokens are left. None switches the rule off.

    `older` has rows of (document_id, older): the first is a document of this run, the second an older version of it in
    the index. An older version is never a witness for its new version.

    `workers` bands are processed at once; their number does not change the result.
    """
    return find(tables, index, **rules, older=older, workers=workers).tables if tables else []


def find(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    documents: keep_rule.Documents | None = None,
    *,
    n: int,
    threshold: float,
    same_numbers: bool,
    document_share: float | None,
    min_words: int | None,
    method: Method = "minhash",
    older: pl.DataFrame | None = None,
    workers: int = 1,
) -> Found:
    """The decisions of `find_duplicates`, and what the document rules counted.

    `documents` are given if `tables`, one at least, have only some of their paragraphs, or if some are decided already.
    """
    all_tables = (*index, *tables)
    row_tables = RowTables([table.fingerprints for table in all_tables], len(index))
    documents = documents or _documents(row_tables)
    exact_duplicates, firsts = candidate_pairs.exact_duplicates(row_tables)
    row_tables.exclude(exact_duplicates[exact_duplicates != firsts])
    columns = ["rarest"] if method == "exact" else band_names(threshold)
    with ThreadPoolExecutor(workers) as pool:
        keys = candidate_pairs.key_partitions(row_tables, *columns, workers=workers)
        pairs = candidate_pairs.concatenate_pairs(
            chain.from_iterable(
                pool.map(
                    lambda key: candidate_pairs.rows_with_common_key(row_tables, key, same_numbers), keys
                )
            )
        )
        # rows with equal tokens share one set, stored under the first of them
        has_set = np.zeros(int(row_tables.starts[-1]), np.bool_)
        has_set[pairs.rows] = has_set[firsts] = True
        pairs = pairs._replace(rows=_compact_index(has_set)[pairs.rows])
        originals = np.flatnonzero(has_set)
        texts = _TextReader(all_tables, row_tables.starts, pool)
        numbers = row_tables.gather(originals, "numbers").get_column("numbers").to_numpy()
        if not same_numbers:
            numbers = np.zeros_like(numbers)
        tokens = row_tables.gather(originals, "tokens").get_column("tokens").to_numpy()
        threshold_fraction = keep_rule.as_fraction(threshold)
        # `pairs` is rebound so that the larger array before it can be freed
        pairs = _promising_pairs(pairs, texts, originals, tokens, numbers, n, threshold_fraction)
        sets = _sets(pairs, texts, originals, tokens, numbers, n)._replace(
            first_new=int(np.searchsorted(originals, row_tables.first_new))
        )
    del originals, tokens, numbers
    buckets = uncrowded_buckets(plain_buckets(pairs, len(sets.numbers)), sets, threshold_fraction)
    del pairs
    place = _compact_index(has_set)
    has_set[exact_duplicates] = True
    rows = np.flatnonzero(has_set)
    sets_of_rows = place[rows]
    sets_of_rows[np.searchsorted(rows, exact_duplicates)] = place[firsts]
    del has_set, place
    walk = keep_rule.Walk(
        first_new=int(np.searchsorted(rows, row_tables.first_new)),
        sets=sets_of_rows,
        places=rows[rows >= row_tables.first_new] - row_tables.first_new,
    )
    decisions = keep_rule.decide(
        walk,
        sets,
        buckets,
        documents,
        _older_versions(row_tables, rows, documents, older),
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
    duplicates = row_tables.gather(rows[witnesses], "document_id", "position").select(
        pl.col("document_id").alias("duplicate_of_document_id"),
        pl.col("position").alias("duplicate_of_position"),
        pl.Series("row", walk.places[repeats - walk.first_new], pl.Int64),
        pl.Series("common", np.where(same, 1, common), pl.Int64),
        pl.Series("union", np.where(same, 1, sizes[own] + sizes[theirs] - common), pl.Int64),
        pl.Series("same", same, pl.Boolean),
    )
    removed = np.flatnonzero(decisions.kinds)
    document = np.searchsorted(documents.starts, removed, side="right") - 1
    totals = documents.totals[document]
    removed_rows = (
        row_tables.gather(removed + row_tables.first_new, "document_id", "position")
        .with_columns(
            pl.Series("row", removed, pl.Int64),
            pl.Series("kind", decisions.kinds[removed], pl.UInt8),
            pl.Series("share", 100 * decisions.before[document] // np.maximum(totals, 1), pl.Int64),
            pl.Series("left", decisions.left[document], pl.Int64),
        )
        .join(duplicates, on="row", how="left", maintain_order="left")
        .pipe(_with_reasons, min_words or 0)
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
    )
    starts = row_tables.starts[len(index) :] - row_tables.first_new
    ends = np.searchsorted(removed, starts)
    found = [
        removed_rows[first:end].with_columns(pl.col("row") - int(start))
        for (first, end), start in zip(pairwise(ends), starts[:-1], strict=True)
    ]
    return Found(found, documents, decisions.before, decisions.left)


def _compact_index(which: NDArray[np.bool_]) -> U32:
    """For each True, how many True values precede it. The entries at False have no meaning."""
    return np.cumsum(which, dtype=np.uint32) - np.uint32(1)


class _TextReader(NamedTuple):
    """Reads the texts of rows, table by table."""

    tables: Sequence[FingerprintTable]
    starts: I64  # as in `RowTables`
    pool: Executor

    def map(self, make: Callable[[pl.Series, int], Result], rows: I64, n: int) -> Iterator[Result]:
        """`make(texts, n)` for each table in order, where `texts` are those of the given rows in that table."""

        def of_table(i: int) -> Result:
            return make(self.tables[i].texts(RowTables.local_rows(rows, *self.starts[i : i + 2])), n)

        return self.pool.map(of_table, range(len(self.tables)))


def _promising_pairs(
    pairs: Pairs,
    texts: _TextReader,
    originals: I64,
    tokens: U32,
    numbers: U64,
    n: int,
    threshold_fraction: Fraction,
) -> Pairs:
    """The pairs of set and key, without the sets that cannot have a near-duplicate.

    If there are at most SHINGLES_AT_ONCE shingles, all pairs are returned: their sets fit in memory.
    """
    with_keys = np.zeros(len(originals), np.bool_)
    with_keys[pairs.rows] = True
    left = np.flatnonzero(with_keys)
    if tokens[left].sum(dtype=np.int64) <= SHINGLES_AT_ONCE:
        return pairs
    sizes = np.zeros(len(originals), np.int64)
    bitmaps = np.zeros((len(originals), BITMAP_WORDS), np.uint64)
    for some_sizes, some_bitmaps in texts.map(sketches, originals[left], n):
        some, left = left[: len(some_sizes)], left[len(some_sizes) :]
        sizes[some], bitmaps[some] = some_sizes, some_bitmaps
    chosen = may_have_match(pairs, sizes, bitmaps, numbers, threshold_fraction)[pairs.rows]
    return Pairs(pairs.rows[chosen], pairs.keys[chosen])


def _sets(pairs: Pairs, texts: _TextReader, originals: I64, tokens: U32, numbers: U64, n: int) -> Sets:
    """The sets of the rows `originals`; a set without a key has no shingles."""
    with_keys = np.zeros(len(originals), np.bool_)
    with_keys[pairs.rows] = True
    # a text has at most as many shingles as tokens
    room = int(tokens[with_keys].sum(dtype=np.int64))
    shingles, counts = _concatenate_sets(texts.map(shingle_sets, originals[with_keys], n), room)
    sizes = np.zeros(len(originals), np.int64)
    sizes[with_keys] = counts
    return Sets(0, shingles, starts_of(sizes), numbers)


def _concatenate_sets(parts: Iterable[tuple[U64, I64]], room: int) -> tuple[U64, I64]:
    """(shingles, size of each set) of all parts, at most `room` shingles. Each part is freed once it is copied."""
    # the operating system allocates pages on first write, so unused room costs no memory
    shingles, end, counts = np.empty(room, np.uint64), 0, [np.zeros(0, np.int64)]
    for values, offsets in parts:
        shingles[end : end + len(values)] = values
        end += len(values)
        counts.append(np.diff(offsets))
    return shingles[:end], np.concatenate(counts)


def _documents(row_tables: RowTables) -> keep_rule.Documents:
    """Where each document of this run starts, and the token count of each of its rows."""
    firsts, tokens = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
    changes = pl.col("document_id") != pl.col("document_id").shift(1)
    new = slice(row_tables.indexed, None)
    for table, start in zip(row_tables.tables[new], row_tables.starts[new], strict=False):
        columns = table.select(changes.fill_null(True).alias("first"), "tokens").collect()
        firsts.append(columns.get_column("first").arg_true().to_numpy() + start - row_tables.first_new)
        tokens.append(columns.get_column("tokens").to_numpy())
    starts = np.concatenate((*firsts, [row_tables.new_rows])).astype(np.int64)
    return keep_rule.undecided(starts, np.concatenate(tokens))


def _older_versions(
    row_tables: RowTables, rows: I64, documents: keep_rule.Documents, older: pl.DataFrame | None
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
    for table, start in zip(row_tables.tables[: row_tables.indexed], row_tables.starts, strict=False):
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


def _with_reasons(removed: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The removed rows with reason, rule, detail and Jaccard."""
    kind = pl.col("kind")
    return removed.with_columns(
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("duplicate_document"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too_short"))
        .otherwise(pl.lit("duplicate"))
        .alias("reason"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("printed before"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too few words left"))
        .when("same")
        .then(pl.lit("same tokens"))
        .otherwise(pl.lit("near-duplicate"))
        .alias("rule"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.format("{} % of the document was printed before", "share"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.format("{} words left, {} wanted", "left", pl.lit(min_words)))
        .when(~pl.col("same"))
        .then(pl.format("{} of {} shingles", "common", "union"))
        .alias("detail"),
        (pl.col("common") / pl.col("union")).alias("jaccard"),
    )


def of_whole_documents(rows: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The `DECISIONS` on rows that are removed with their documents.

    `rows` has columns row, document_id, position, kind (DUPLICATE_DOCUMENT or TOO_SHORT), share (percent of the
    document's tokens with a witness in an earlier one) and left (its tokens without a witness).
    """
    no_witness = [
        *(pl.lit(None, DECISIONS[name]).alias(name) for name in DECISIONS if name.startswith("duplicate_of")),
        *(pl.lit(None, pl.Int64).alias(name) for name in ("common", "union")),
        pl.lit(None, pl.Boolean).alias("same"),
    ]
    with_all = _with_reasons(rows.with_columns(no_witness), min_words)
    return with_all.select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())


def kept_fingerprints(fingerprints: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that go into the index: those that can be compared and were not removed."""
    stays = pl.repeat(True, len(fingerprints), eager=True).scatter(decisions.get_column("row"), False)
    return fingerprints.filter(pl.col("exact_a").is_not_null() & stays)


def duplicate(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The frame with reason, rule, detail, witness and Jaccard filled from `decisions`; protected rows stay.

    The decisions must be those on the frame's own `fingerprint_table`.

    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "The swing bridge over the Wend will close on Monday for eleven weeks."
    >>> documents = pl.DataFrame({"text": [text, text.upper()], "title": [None] * 2, "source": [None] * 2,
    ...                           "language": [None] * 2})
    >>> frame = to_paragraphs(documents)
    >>> table = fingerprint_table(frame, pl.Series(["a", "b"]), n=3, threshold=0.8, min_tokens=10, short="keep")
    >>> rules = {"n": 3, "threshold": 0.8, "same_numbers": True, "document_share": None, "min_words": None}
    >>> (decisions,) = find_duplicates([table], **rules)
    >>> duplicate(frame, decisions).select("rule", "duplicate_of_document_id").rows()
    [(None, None), ('same tokens', 'a')]
    """
    decisions = without_protected(frame, decisions)
    rows = _rows_of(frame, decisions)
    return frame.with_columns(
        frame.get_column(name).scatter(rows, decisions.get_column(name))
        for name in (
            "reason",
            "rule",
            "detail",
            "duplicate_of_document_id",
            "duplicate_of_position",
            "jaccard",
        )
    )


def without_protected(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The decisions on rows of the frame that are not protected."""
    return decisions.filter(~frame.get_column("protected").gather(_rows_of(frame, decisions)))


def _rows_of(frame: pl.DataFrame, decisions: pl.DataFrame) -> pl.Series:
    """The rows of the frame that the decisions are about."""
    return frame.select(eligible()).to_series().arg_true().gather(decisions.get_column("row"))
