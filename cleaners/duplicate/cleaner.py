"""Near-duplicate paragraphs, and documents that are removed whole because of them.

The corpus need not fit in memory. There are three steps:

- `fingerprint` makes a table for each frame;
- `find_duplicates` decides over all tables together, and over an index of what earlier runs kept;
- `duplicate` writes the decisions into each frame.

Tables may be files: `find_duplicates` reads them band by band. It reads the text of a paragraph only if the paragraph
has a key in common with another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from typing import Final, Literal, NamedTuple, NotRequired, TypedDict, Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.duplicate import candidate_pairs, keep_rule
from cleaners.duplicate.buckets import Sets, plain_buckets, uncrowded_buckets
from cleaners.duplicate.candidate_texts import (
    Candidates,
    FingerprintTable,
    TextReader,
    promising_pairs,
    read_texts,
)
from cleaners.duplicate.containment import sided_buckets, sided_pairs
from cleaners.duplicate.differences import differences
from cleaners.duplicate.document_order import Keep, order_of, reordered
from cleaners.duplicate.facts import FactWords
from cleaners.duplicate.fingerprints import (
    Measure,
    Method,
    band_names,
    exact_hashes,
    fingerprint,
    fingerprint_schema,
    uses_bands,
)
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs, SidedPairs
from cleaners.kernels import I64, U32
from cleaners.text.shingles import count_tokens
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

#: Pairs of a duplicate and its witness whose texts are in memory at once.
PAIRS_AT_ONCE: Final = 1 << 16

#: How a rule ends whose witness is in a reference; `detail` then ends with its uri: see `uri_in_reference`.
IN_REFERENCE: Final = " in a reference"

#: What `find_duplicates` returns.
DECISIONS: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt32(),  # of the paragraph in its table of fingerprints
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "reason": pl.String(),  # duplicate, duplicate_document or too_short; null for a lead, which stays
    "rule": pl.String(),
    "detail": pl.String(),
    "duplicate_of_document_id": pl.String(),
    "duplicate_of_position": pl.UInt32(),
    "jaccard": pl.Float32(),
}


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
    measure: Measure = "jaccard",
    frequencies: pl.DataFrame | None = None,
) -> FingerprintTable:
    """The fingerprints and texts of a frame's `eligible` paragraphs; `document_ids` has the id of each document.

    A frame without the column `language` is of unknown languages.

    The parameters, and the ValueError for missing `frequencies`, are those of `fingerprints.fingerprint`.
    """
    columns = [
        name for name in ("document", "position", "text", "reason", "language") if name in frame.columns
    ]
    paragraphs = frame.select(columns).filter(eligible())
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
        measure=measure,
        frequencies=frequencies,
    )
    table = FingerprintTable(prints.lazy(), paragraphs.get_column("text").gather)
    if "language" not in columns:
        return table
    return table._replace(languages=paragraphs.get_column("language").gather)


class Rules(TypedDict):
    """What `find_duplicates` decides by; its docstring says what they mean."""

    n: int
    threshold: float
    same_numbers: bool
    same_facts: NotRequired[FactWords | None]
    document_share: float | None
    min_words: int | None
    method: NotRequired[Method]
    measure: NotRequired[Measure]
    keep: NotRequired[Keep]
    keep_leads: NotRequired[bool]


class Found(NamedTuple):
    """What `find` returns."""

    tables: list[pl.DataFrame]  # one for each table of this run, see `find_duplicates`
    documents: keep_rule.Documents
    before: I64  # for each document: the tokens of paragraphs with a witness in an earlier document
    left: I64  # for each document: the tokens of paragraphs that stay, unless it is removed whole


def find_duplicates(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    *,
    older: pl.DataFrame | None = None,
    sources: pl.DataFrame | None = None,
    workers: int = 1,
    **rules: Unpack[Rules],
) -> list[pl.DataFrame]:
    """The paragraphs to remove: one frame for each of `tables`, its rows in order, with the columns of `DECISIONS`.

    `tables` are the tables of this run, in order. No document may span two tables. `index` holds the paragraphs of
    references, whose tables have `uris`, and those that earlier runs kept, in order; it may omit those that are never
    compared (see `kept_fingerprints`).

    With `same_facts`, the words of each language, a near-duplicate states nothing that its witness does not (see
    `cleaners.duplicate.facts`); without it, numbers and Jaccard decide.

    A document is removed whole if paragraphs with a witness in earlier documents hold at least `document_share` of its
    tokens, or if fewer than `min_words` tokens are left. None switches the rule off.

    With `measure = "containment"`, a paragraph is a near-duplicate of one that has at least `threshold` of its shingles
    and, with `same_numbers`, all its figures.

    With `keep_leads`, a document's first paragraph that is compared stays although it has a witness, if at least half
    of the document's tokens stay with it. Its row has no reason.

    `older` has rows of (document_id, older): the first is a document of this run, the second an older version of it in
    the index. An older version is never a witness for its new version.

    `keep` says which of the copies in this run stays: that of the earliest document, of the longest one, by its tokens
    in `tables`, or of the best source, by a list. A list needs `sources`, which has rows of (document_id, source), and
    raises ValueError without. What earlier runs kept stays in any case.

    `workers` bands are processed at once; their number does not change the result.
    """
    return (
        find(tables, index, **rules, older=older, sources=sources, workers=workers).tables if tables else []
    )


def find(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable] = (),
    documents: keep_rule.Documents | None = None,
    *,
    n: int,
    threshold: float,
    same_numbers: bool,
    same_facts: FactWords | None = None,
    document_share: float | None,
    min_words: int | None,
    method: Method = "minhash",
    measure: Measure = "jaccard",
    older: pl.DataFrame | None = None,
    keep: Keep = "earliest",
    keep_leads: bool = False,
    sources: pl.DataFrame | None = None,
    workers: int = 1,
) -> Found:
    """The decisions of `find_duplicates`, and what the document rules counted.

    `documents` are given if `tables`, one at least, have only some of their paragraphs, or if some are decided already.
    """
    all_tables = (*index, *tables)
    row_tables = RowTables([table.fingerprints for table in all_tables], len(index))
    documents = documents or _documents(row_tables)
    exact_duplicates, firsts = candidate_pairs.exact_duplicates(row_tables, same_numbers)
    row_tables.exclude(exact_duplicates[exact_duplicates != firsts])
    threshold_fraction = keep_rule.as_fraction(threshold)
    with ThreadPoolExecutor(workers) as pool:
        if measure == "containment":
            pairs: Pairs | SidedPairs = sided_pairs(row_tables, threshold_fraction)
        else:
            columns = band_names(threshold) if uses_bands(method, measure) else ["rarest"]
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
        place = _compact_index(has_set)
        pairs = pairs._replace(rows=place[pairs.rows])
        originals = np.flatnonzero(has_set)
        has_set[exact_duplicates] = True
        rows = np.flatnonzero(has_set)
        sets_of_rows = place[rows]
        sets_of_rows[np.searchsorted(rows, exact_duplicates)] = place[firsts]
        del has_set, place
        texts = TextReader(all_tables, row_tables.starts, pool)
        candidates = Candidates(
            originals,
            **{
                name: row_tables.gather(originals, name).get_column(name).to_numpy()
                for name in ("tokens", "numbers")
            },
        )
        if not same_numbers:
            candidates = candidates._replace(numbers=np.zeros_like(candidates.numbers))
        # `pairs` is rebound so that the larger array before it can be freed
        pairs = promising_pairs(pairs, texts, candidates, n, threshold_fraction)
        first_new = int(np.searchsorted(rows, row_tables.first_new))
        rule, variants = read_texts(
            *(candidates, pairs, texts, rows[first_new:], sets_of_rows[first_new:]),
            *(n, threshold_fraction, same_facts),
            same_numbers=same_numbers,
        )
    first_new_set = int(np.searchsorted(originals, row_tables.first_new))
    del originals, candidates
    if isinstance(pairs, SidedPairs):
        buckets = sided_buckets(pairs, len(rule.sizes))
    else:
        sets = Sets(rule.shingles, rule.offsets, rule.numbers)
        buckets = uncrowded_buckets(
            plain_buckets(pairs, len(rule.sizes)), sets, first_new_set, threshold_fraction
        )
    del pairs
    walk = keep_rule.Walk(
        first_new=first_new,
        sets=sets_of_rows,
        variants=variants,
        places=rows[first_new:] - row_tables.first_new,
    )
    versions = _older_versions(index, row_tables, rows, documents, older)
    order = order_of(keep, documents, _sources(row_tables, documents, sources))
    ordered = reordered(walk, documents, versions, rows, order)
    walk, rows = ordered.walk, ordered.rows
    decisions = keep_rule.decide(
        walk,
        rule,
        buckets,
        ordered.documents,
        ordered.versions,
        document_share=document_share,
        min_words=min_words,
        keep_leads=keep_leads,
    )
    decisions = ordered.back(decisions)
    sizes = rule.sizes
    del rule, buckets  # most of the memory

    repeats = np.flatnonzero(decisions.witnesses >= 0)
    witnesses = decisions.witnesses[repeats]
    own, theirs = walk.sets[repeats], walk.sets[witnesses]
    same, common = own == theirs, decisions.common[repeats]
    duplicates = row_tables.gather(rows[witnesses], "document_id", "position").select(
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
    leads = ordered.given(walk.places[decisions.leads - walk.first_new])
    removed = np.union1d(np.flatnonzero(decisions.kinds), leads)
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
        .pipe(_with_reasons, min_words or 0, measure)
        .select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())
    )
    starts = row_tables.starts[len(index) :] - row_tables.first_new
    ends = np.searchsorted(removed, starts)
    found = [
        removed_rows[first:end].with_columns(pl.col("row") - int(start))
        for (first, end), start in zip(pairwise(ends), starts[:-1], strict=True)
    ]
    return Found(found, documents, decisions.before, decisions.left)


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


def _compact_index(which: NDArray[np.bool_]) -> U32:
    """For each True, how many True values precede it. The entries at False have no meaning."""
    return np.cumsum(which, dtype=np.uint32) - np.uint32(1)


def _documents(row_tables: RowTables) -> keep_rule.Documents:
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


def _sources(
    row_tables: RowTables, documents: keep_rule.Documents, sources: pl.DataFrame | None
) -> pl.Series | None:
    """The source of each document of this run, if they are known."""
    if sources is None:
        return None
    ids = row_tables.gather(documents.starts[:-1] + row_tables.first_new, "document_id")
    return ids.join(sources, on="document_id", how="left", maintain_order="left").get_column("source")


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


def _older_versions(
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


def _with_reasons(removed: pl.DataFrame, min_words: int, measure: Measure) -> pl.DataFrame:
    """The removed rows with reason, rule, detail and Jaccard."""
    kind = pl.col("kind")
    shingles = pl.format("{} of {} shingles", "common", "union")
    if measure == "containment":
        shingles = pl.format("{} of its {} shingles", "common", "size")
    return removed.with_columns(
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("duplicate_document"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too_short"))
        .when(kind == keep_rule.DUPLICATE)
        .then(pl.lit("duplicate"))
        .alias("reason"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.lit("printed before"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.lit("too few words left"))
        .when(kind == keep_rule.DUPLICATE)
        .then(
            pl.concat_str(
                pl.when("same").then(pl.lit("same tokens")).otherwise(pl.lit("near-duplicate")),
                pl.when(pl.col("reference").is_not_null()).then(pl.lit(IN_REFERENCE)),
                ignore_nulls=True,
            )
        )
        .alias("rule"),
        pl.when(kind == keep_rule.DUPLICATE_DOCUMENT)
        .then(pl.format("{} % of the document was printed before", "share"))
        .when(kind == keep_rule.TOO_SHORT)
        .then(pl.format("{} words left, {} wanted", "left", pl.lit(min_words)))
        .otherwise(
            pl.concat_str(
                pl.when(~pl.col("same")).then(pl.format("{}; {}", shingles, "differs")),
                pl.format("in {}", "reference"),
                separator="; ",
                ignore_nulls=True,
            )
        )
        .replace("", None)
        .alias("detail"),
        (pl.col("common") / pl.col("union")).alias("jaccard"),
    )


def of_whole_documents(rows: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The `DECISIONS` on rows that are removed with their documents.

    `rows` has columns row, document_id, position, kind (DUPLICATE_DOCUMENT or TOO_SHORT), share (percent of the
    document's tokens with a witness in an earlier one) and left (its tokens without a witness).
    """
    no_witness = {
        **{name: dtype for name, dtype in DECISIONS.items() if name.startswith("duplicate_of")},
        **dict.fromkeys(("common", "union", "size"), pl.Int64()),
        **dict.fromkeys(("differs", "reference"), pl.String()),
        "same": pl.Boolean(),
    }
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in no_witness.items()]
    with_all = _with_reasons(rows.with_columns(nothing), min_words, "jaccard")
    return with_all.select(pl.col(name).cast(dtype) for name, dtype in DECISIONS.items())


def uri_in_reference(rule: str | None, detail: str | None) -> str | None:
    """The uri of the document with the witness, if that is in a reference.

    >>> uri_in_reference("near-duplicate in a reference", "31 of 37 shingles; in /data/benchmark.jsonl#12")
    '/data/benchmark.jsonl#12'
    """
    if not (rule or "").endswith(IN_REFERENCE):
        return None
    return f"; {detail}".partition("; in ")[2]


def kept_fingerprints(fingerprints: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that go into the index: those that can be compared and were not removed."""
    removed = decisions.filter(pl.col("reason").is_not_null()).get_column("row")
    stays = pl.repeat(True, len(fingerprints), eager=True).scatter(removed, False)
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
