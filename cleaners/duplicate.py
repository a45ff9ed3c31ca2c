"""Near-duplicate paragraphs, and documents that go whole because of them.

Three functions, for a corpus that does not fit in memory: `shingle` makes a table of hashes of each frame, `find`
decides over all tables together, and over an index of what earlier runs kept, and `duplicate` writes the decisions
into each frame. Between them, tables may lie in files: `find` takes lazy frames and looks twice at the keys of every
row, but at the shingles only of rows that share a key with another.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners import keep_rule, minhash
from cleaners.candidates import KeyFilter, Rows, plain_buckets, shared_keys, uncrowded_buckets
from cleaners.minhash import I64, U8, U64

#: What `shingle` returns.
SHINGLED: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "tokens": pl.UInt32(),
    "numbers": pl.UInt64(),
    "shingles": pl.List(pl.UInt64()),  # null where the paragraph is not compared
    "keys": pl.List(
        pl.UInt64()
    ),  # of the whole sequence of tokens, then of each band; null where not compared
}

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


def shingle(
    frame: pl.DataFrame, *, n: int, threshold: float, min_tokens: int, short: Literal["keep", "exact"]
) -> pl.DataFrame:
    """One row for each paragraph without a reason, in order, with the columns of `SHINGLED`.

    Shingles have `n` tokens (1 to 16); the bands of the keys find pairs whose Jaccard is `threshold` or more. A
    paragraph of fewer than `min_tokens` tokens is not compared with `short = "keep"`. With "exact" it has the one key
    of its whole sequence of tokens, and a second hash of that for its one shingle. Tables of other settings do not go
    together.
    """
    kept = frame.filter(pl.col("reason").is_null())
    data, offsets = _normalised(kept.get_column("text").fill_null(""))
    hashes = minhash.hash_texts(data, offsets, n)
    long = np.flatnonzero(hashes.tokens >= min_tokens)
    keys = minhash.band_keys(
        minhash.signatures(hashes.shingles, hashes.offsets, long), *minhash.bands(threshold)
    )
    keys = np.column_stack((hashes.exact[long, 0], keys))
    columns = {
        "shingles": (long, _lists(hashes.shingles, hashes.offsets[long], hashes.offsets[long + 1])),
        "keys": (long, _rows(keys)),
    }
    if short == "exact":
        brief = np.flatnonzero(hashes.tokens < min_tokens)
        for name, which in (("shingles", 1), ("keys", 0)):
            rows, lists = columns[name]
            columns[name] = (
                np.concatenate((rows, brief)),
                lists.append(_rows(hashes.exact[brief, which, None])),
            )
    return kept.select("document_id", "position").with_columns(
        pl.Series("tokens", hashes.tokens),
        pl.Series("numbers", hashes.numbers),
        *(_placed(name, len(kept), rows, lists) for name, (rows, lists) in columns.items()),
    )


def _rows(matrix: U64) -> pl.Series:
    """A list for each row of a matrix."""
    return pl.Series(np.ascontiguousarray(matrix).ravel()).reshape(matrix.shape).arr.to_list()


def _lists(values: U64, starts: I64, stops: I64) -> pl.Series:
    """A list for each slice of `values`."""
    if not len(starts):
        return pl.Series(dtype=pl.List(pl.UInt64))
    whole = pl.lit(pl.Series(values).implode()).first()
    return (
        pl.DataFrame({"start": starts, "length": stops - starts})
        .select(whole.list.slice("start", "length"))
        .to_series()
    )


def _placed(name: str, height: int, rows: NDArray[np.int64], lists: pl.Series) -> pl.Series:
    """A column of `height` rows with the lists where `rows` says, and null elsewhere."""
    places = np.full(height, len(lists), np.uint32)
    places[rows] = np.arange(len(rows))
    nothing = pl.Series([None], dtype=SHINGLED[name])
    return lists.cast(SHINGLED[name]).append(nothing).gather(pl.Series(places)).alias(name)


def _normalised(text: pl.Series) -> tuple[U8, I64]:
    """The texts in NFKC and casefolded, as bytes and the offsets between them.

    Texts of only those characters for which that comes to lower case, which is nearly all text, stay in polars.
    """
    special = (text.str.len_bytes() != text.str.len_chars()).arg_true()
    special = special.filter(text.gather(special).str.contains(f"[^{_lower_case_is_enough()}]"))
    lowered = text.str.to_lowercase()
    if len(special):
        folded = [unicodedata.normalize("NFKC", t).casefold() for t in text.gather(special)]
        lowered = lowered.scatter(special, pl.Series(folded, dtype=pl.String))
    offsets = np.zeros(len(lowered) + 1, np.int64)
    np.cumsum(lowered.str.len_bytes().to_numpy(), out=offsets[1:])
    return np.frombuffer(lowered.str.join("").cast(pl.Binary).item(), np.uint8), offsets


@functools.cache
def _lower_case_is_enough() -> str:
    """The inside of a character class: characters that tokenise alike lower-cased, and in NFKC and casefolded.

    Letters and numbers that NFKC leaves alone, with one lower-case form that is also the casefolded one; separators
    that NFKC makes into separators. Not among them: marks, jamo and whatever else NFKC may join with its neighbour,
    and the capital sigma, whose lower case depends on its place.
    """
    classes = minhash.character_classes()
    separators = (minhash.SEPARATOR, minhash.SPACE)
    enough = []
    for code in (*range(0xD800), *range(0xF900, 0x10000), *range(0x1F000, 0x1FB00)):
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cn", "Co", "Mn", "Mc", "Me") or character == "Σ":
            continue
        if 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F or 0xD7B0 <= code <= 0xD7FF:
            continue
        normal = unicodedata.normalize("NFKC", character)
        if classes[code] in separators:
            fits = all(classes[ord(c)] in separators for c in normal)
        else:
            fits = (
                normal == character
                and character.lower() == character.casefold()
                and len(character.lower()) == 1
            )
        if fits:
            enough.append(code)
    codes = np.array(enough)
    breaks = np.flatnonzero(np.diff(codes) != 1)
    firsts, lasts = codes[np.r_[0, breaks + 1]], codes[np.r_[breaks, -1]]
    return "".join(f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in zip(firsts, lasts, strict=True))


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
    documents = _documents(new, starts[len(index) :] - first_new)
    limit = (int(starts[-1]) - first_new) * (minhash.bands(threshold)[0] + 1)
    pairs = _pairs(
        everything, starts, len(index), same_numbers, limit, partitions or 1 + limit // KEYS_AT_ONCE
    )
    pair_rows, pair_keys = shared_keys(*pairs, first_new)
    sharing, pair_rows = np.unique(pair_rows, return_inverse=True)

    details = _gather(
        everything, starts, sharing, "numbers", "shingles", pl.col("keys").list.first().alias("exact")
    )
    offsets = _starts(details.get_column("shingles").list.len().to_numpy())
    numbers = details.get_column("numbers").to_numpy()
    rows = Rows(
        first_new=int(np.searchsorted(sharing, first_new)),
        shingles=_flat(details.get_column("shingles")),
        offsets=offsets,
        numbers=numbers if same_numbers else np.zeros_like(numbers),
        places=sharing[sharing >= first_new] - first_new,
    )
    buckets = uncrowded_buckets(
        plain_buckets(pair_rows, pair_keys, len(sharing)), rows, keep_rule.as_fraction(threshold)
    )
    decided = keep_rule.decide(
        rows, buckets, documents, threshold=threshold, document_share=document_share, min_words=min_words
    )

    struck = np.flatnonzero(decided.kinds)
    repeats = np.flatnonzero(decided.witnesses >= 0)
    witnesses = decided.witnesses[repeats]
    sizes, common = np.diff(offsets), decided.common[repeats]
    exact = details.get_column("exact").to_numpy()
    duplicates = (
        _gather(everything, starts, sharing[witnesses], "document_id", "position")
        .rename({"document_id": "duplicate_of_document_id", "position": "duplicate_of_position"})
        .with_columns(
            pl.Series("row", sharing[repeats] - first_new, pl.Int64),
            pl.Series("common", common, pl.Int64),
            pl.Series("union", sizes[repeats] + sizes[witnesses] - common, pl.Int64),
            pl.Series("same", exact[repeats] == exact[witnesses], pl.Boolean),
        )
    )
    document = np.searchsorted(documents.starts, struck, side="right") - 1
    totals = _totals(documents)
    share = 100 * decided.before[document] // np.maximum(totals[document], 1)
    reason = pl.col("kind").replace_strict(
        {
            keep_rule.DUPLICATE: "duplicate",
            keep_rule.DUPLICATE_DOCUMENT: "duplicate_document",
            keep_rule.TOO_SHORT: "too_short",
        },
        return_dtype=pl.String,
    )
    return (
        _gather(new, starts[len(index) :] - first_new, struck, "document_id", "position")
        .with_columns(
            pl.Series("row", struck, pl.Int64),
            pl.Series("kind", decided.kinds[struck], pl.UInt8),
            pl.Series("share", share, pl.Int64),
            pl.Series("left", decided.left[document], pl.Int64),
        )
        .join(duplicates, on="row", how="left", maintain_order="left")
        .with_columns(
            reason.alias("reason"),
            (pl.col("common") / pl.col("union")).cast(pl.Float32).alias("jaccard"),
        )
        .with_columns(
            pl.when(pl.col("reason") == "duplicate_document")
            .then(pl.format("{} % of the document was printed before", "share"))
            .when(pl.col("reason") == "too_short")
            .then(pl.format("{} words left, {} wanted", "left", pl.lit(min_words or 0)))
            .when(pl.col("same"))
            .then(pl.lit("same tokens"))
            .otherwise(pl.format("near-duplicate, {} of {} shingles", "common", "union"))
            .alias("rule")
        )
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
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


def _totals(documents: keep_rule.Documents) -> I64:
    return np.diff(_starts(documents.tokens)[documents.starts])


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


def count_tokens(text: pl.Series) -> pl.Series:
    """How many tokens each text has (UInt32), 0 where it is null.

    >>> count_tokens(pl.Series(["It rained, twice.", "雨だ", "***", None])).to_list()
    [3, 2, 0, 0]
    """
    data, offsets = _normalised(text.fill_null(""))
    return pl.Series("tokens", minhash.hash_texts(data, offsets, 1).tokens)
