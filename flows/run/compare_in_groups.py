"""The comparison of a large run, as tasks that exchange files in the staging folder.

No task holds all shingles, and none decides about all paragraphs. With N paragraphs in S shards, of which C have a key
in common with another one (2 % of news), the steps are

    same_tokens    a partition of hashes    -> paragraphs with the same tokens
    common_keys    a partition of keys      -> paragraphs with a key in common
    sketch         a table of fingerprints  -> sketches of those of its paragraphs, from their texts
    prune          a partition of keys      -> those that may be near-duplicates by their sketches (0.4 % of news)
    group          the whole                -> components of what is left, and groups of these: see
                                               `cleaners.duplicate.groups`
    extract        a table                  -> its paragraphs in groups, with their texts, group by group
    decide         a group                  -> decisions, with the buckets and the walk of `find_duplicates`
    settle         the whole                -> fates of documents in several groups; which groups decide again
    assemble       a shard                  -> its decisions

A run is large if it has more paragraphs than `Engine.compared_whole`. A step is one task for each item, which reads and
writes files; it can be repeated, as no file is written again with other bytes. What is sent to a task is its number.

A table is that of a shard, or a part of the index. A partition has 2**25 keys of a column, or fewer of several, and
reads its columns of all fingerprints, 12 bytes a row and band. Only `group` and `settle` are not divided: the one holds
16 bytes for each paragraph with the same tokens as another one, or a near-duplicate by its sketch, the other counts
for each document with some of those in several groups. A group has about GROUP tokens. Crowded templates cost what they
cost in `find_duplicates`, within their group; a component larger than GROUP is one group.

Rounds: groups are made in the order of the run, so that most documents have all their paragraphs in one, where they are
decided for good. The others take as many rounds as their fates depend on each other. After ROUNDS, the run is compared
by one task instead, as small ones are.

Limits: rows have 32-bit numbers, 4e9 in all. Keys of bands have 32 bits, so from 1.7e8 rows on more and more rows share
one by chance; `prune` drops those.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.duplicate import candidate_pairs
from cleaners.duplicate.candidate_pairs import KeyPartition
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.decisions import DECISIONS, of_whole_documents
from cleaners.duplicate.fingerprints import band_names
from cleaners.duplicate.groups import (
    COUNTS,
    FATES,
    components,
    fates_of,
    group_documents,
    group_numbers,
    links_of,
    promising,
    settle_fates,
)
from cleaners.duplicate.keep_rule import KEPT, as_fraction
from cleaners.duplicate.near_duplicates import Rules, find
from cleaners.duplicate.row_tables import RowTables
from cleaners.duplicate.shared_keys import Pairs
from cleaners.kernels import U32
from cleaners.text.shingles import BITMAP_WORDS, sketches
from flows.run.clean_shard import duplicate_rules
from flows.run.engine import Engine, Part
from flows.run.staged_files import read, write
from flows.run.stages import Run, compare, compared, older_versions

#: Tokens of the paragraphs in a group, which take some 500 MB of memory.
GROUP: Final = 1 << 24
#: Rounds after which the run is compared as a whole.
ROUNDS: Final = 40


#: `COUNTS` of a group, with what was assumed of the documents.
_COUNTS: Final = {**COUNTS, "shared": pl.Boolean(), "fate": pl.UInt8(), "group": pl.UInt32()}

#: `DECISIONS` of a group.
_OF_GROUPS: Final = {**DECISIONS, "table": pl.UInt32()}


class Piece(NamedTuple):
    """What one task does."""

    number: int  # of a partition, a table or a group
    round: int = 0


class _Compared(NamedTuple):
    """What is compared: first the tables of the index, then those of the shards."""

    shards: Sequence[str]
    tables: list[FingerprintTable]
    rows: RowTables
    rules: Rules
    partitions: list[KeyPartition]

    def texts(self, number: int, rows: U32) -> pl.Series:
        """The texts of these rows of all, which are in one table."""
        return self.tables[number].texts(rows.astype(np.int64) - self.rows.starts[number])


Step = Callable[[Run, Piece], Any]


def compare_shards(run: Run, shards: Sequence[str], engine: Engine) -> None:
    """Write the decisions on all shards: in groups if there are many paragraphs, else by one task.

    Groups need the documents in the order given and cannot count what stays of a document with its lead; nor are there
    partitions of the keys for containment. So runs with other settings than the defaults for these have one task.
    """
    s = run.settings.duplicate
    is_divisible = s.enabled and s.keep == "earliest" and not s.keep_leads and s.measure == "jaccard"
    if is_divisible and sum(_count(run, shard) for shard in shards) > engine.compared_whole:
        compare_in_groups(run, shards, engine)
    else:
        engine.each("compare", compare, run, [shards])


def _count(run: Run, shard: str) -> int:
    rows: int = pl.scan_ipc(run.path("fingerprints", shard), glob=False).select(pl.len()).collect().item()
    return rows


def compare_in_groups(run: Run, shards: Sequence[str], engine: Engine) -> None:
    """Write the decisions of `stages.compare`, the same ones."""

    def each(step: Step, numbers: Iterable[int], of_round: int = 0) -> list[Any]:
        pieces = [Piece(number, of_round) for number in numbers]
        return engine.each("compare", step, run, pieces, Part(STEPS.index(step), len(STEPS)))

    write(pl.DataFrame({"shard": shards}), _path(run, "shards", 0))
    (plan,) = each(count_partitions, [0])
    partitions, tables = range(plan.partitions), range(plan.tables)
    each(same_tokens, range(plan.exact_partitions))
    each(common_keys, partitions)
    each(sketch, tables)
    each(prune, partitions)
    (groups,) = each(group, [0])
    each(extract, tables)
    changed: Sequence[int] = range(groups)
    for number in range(ROUNDS):
        each(decide, changed, number)
        (changed,) = each(settle, [0], number)
        if not changed:
            each(assemble, tables[-len(shards) :], number)
            break
    else:
        engine.each("compare", compare, run, [shards])
    shutil.rmtree(_folder(run))


class Plan(NamedTuple):
    """How many tasks there are."""

    exact_partitions: int
    partitions: int
    tables: int


def count_partitions(run: Run, _piece: Piece) -> Plan:
    """How many tasks there are."""
    known = _compared(run)
    exact = candidate_pairs.exact_partitions(known.rows)
    return Plan(len(exact), len(known.partitions), len(known.tables))


def same_tokens(run: Run, piece: Piece) -> None:
    """Rows of a partition whose tokens equal those of another row, each with the first row that has them."""
    known = _compared(run)
    all_rows = known.rows
    which = candidate_pairs.exact_partitions(all_rows)[piece.number]
    rows, firsts = candidate_pairs.in_order(
        [candidate_pairs.rows_with_same_tokens(all_rows, which, known.rules["same_numbers"])]
    )
    write(pl.DataFrame({"row": rows, "first": firsts}), _path(run, "same_tokens", piece.number))


def common_keys(run: Run, piece: Piece) -> None:
    """Pairs of row and key, for keys of a partition that two rows have; the first one of those with the same tokens."""
    known = _compared(run)
    rows, firsts = candidate_pairs.in_order(_same_tokens(run))
    originals = RowTables([table.fingerprints for table in known.tables], known.rows.indexed)
    originals.exclude(rows[rows != firsts])
    which = known.partitions[piece.number]
    pairs = candidate_pairs.concatenate_pairs(
        candidate_pairs.rows_with_common_key(originals, which, known.rules["same_numbers"])
    )
    found = pl.DataFrame({"row": pairs.rows, "key": pairs.keys}).sort("row", maintain_order=True)
    write(found, _path(run, "common_keys", piece.number))


def sketch(run: Run, piece: Piece) -> None:
    """Sketches of the rows of a table that have a key in common with another one."""
    known = _compared(run)
    rows = [
        _of_table(part, known.rows, piece.number).get_column("row") for part in _parts(run, "common_keys")
    ]
    wanted = pl.concat(rows).unique().sort()
    sizes, bitmaps = sketches(known.texts(piece.number, wanted.to_numpy()), known.rules["n"])
    found = pl.DataFrame({"row": wanted, "size": sizes}).with_columns(
        pl.Series("bitmap", bitmaps, pl.Array(pl.UInt64, BITMAP_WORDS))
    )
    write(found, _path(run, "sketches", piece.number))


def prune(run: Run, piece: Piece) -> None:
    """The pairs of a partition, without the rows whose sketches rule out that they are near-duplicates."""
    known = _compared(run)
    found = read(_path(run, "common_keys", piece.number))
    pairs = Pairs(found.get_column("row").to_numpy(), found.get_column("key").to_numpy())
    rows = found.select(pl.col("row").unique().sort())
    parts = [part.filter(pl.col("row").is_in(rows["row"].implode())) for part in _parts(run, "sketches")]
    drawn = pl.concat(parts)
    numbers = known.rows.gather(rows["row"].to_numpy(), "numbers").get_column("numbers").to_numpy()
    left = promising(
        pairs,
        rows["row"].to_numpy(),
        drawn.get_column("size").cast(pl.Int64).to_numpy(),
        drawn.get_column("bitmap").to_numpy().reshape(-1, BITMAP_WORDS),
        numbers if known.rules["same_numbers"] else np.zeros_like(numbers),
        as_fraction(known.rules["threshold"]),
    )
    write(pl.DataFrame({"row": left.rows, "key": left.keys}), _path(run, "promising", piece.number))


def group(run: Run, _piece: Piece) -> int:
    """Write the group of each row that is in one; return the number of groups."""
    known = _compared(run)
    exact = [*_same_tokens(run)]
    pairs = [
        Pairs(*(part.get_column(name).to_numpy() for name in ("row", "key")))
        for part in _parts(run, "promising")
    ]
    near = np.unique(np.concatenate([one.rows for one in pairs]))
    rows = np.union1d(near, np.concatenate([one[0] for one in exact])).astype(np.uint32)
    weights = np.ones(len(rows), np.int64)
    tokens = known.rows.gather(near.astype(np.int64), "tokens").get_column("tokens")
    weights[np.searchsorted(rows, near)] += tokens.to_numpy()
    roots = components(rows, chain(exact, map(links_of, pairs)))
    numbers = group_numbers(roots, weights, GROUP)
    write(pl.DataFrame({"row": rows, "group": numbers}), _path(run, "groups", 0))
    write(older_versions(run, known.shards), _path(run, "older", 0))
    return len(np.unique(numbers))


def extract(run: Run, piece: Piece) -> None:
    """The rows of a table that are in groups, group by group, with their fingerprints and texts."""
    known, number = _compared(run), piece.number
    mine = _of_table(read(_path(run, "groups", 0)), known.rows, number)
    start = known.rows.starts[number]
    local = mine.get_column("row").to_numpy().astype(np.int64) - start
    prints = known.tables[number].fingerprints.collect()
    found = (
        prints[local]
        .drop("row", strict=False)
        .with_columns(
            pl.Series("row", local, pl.UInt32),
            mine.get_column("group"),
            known.tables[number].texts(local).alias("text"),
        )
    )
    if number >= known.rows.indexed:
        documents = _documents(prints, number)[local]
        is_shared = pl.col("group").n_unique().over("document") > 1
        found = found.hstack(documents).with_columns(
            is_shared.alias("shared"), known.tables[number].languages(local).alias("language")
        )
    write(found.sort("group", maintain_order=True), _path(run, "extracts", number))


def _documents(prints: pl.DataFrame, table: int) -> pl.DataFrame:
    """(document, total) of each row: a number that no other document has, and its tokens."""
    changes = (pl.col("document_id") != pl.col("document_id").shift(1)).fill_null(True)
    number = (changes.cum_sum() - 1).cast(pl.UInt64) + (table << 32)
    total = pl.col("tokens").cast(pl.Int64).sum().over("document")
    return prints.select(number.alias("document"), "tokens").select("document", total.alias("total"))


def decide(run: Run, piece: Piece) -> None:
    """The near-duplicates of a group, and its counts, with the fates of documents that are known in this round."""
    known = _compared(run)
    mine = [
        _within(read(_path(run, "extracts", number)), "group", piece.number, piece.number + 1)
        for number in range(len(known.tables))
    ]
    indexed = known.rows.indexed
    index = [_table_of(part, known.tables[number]) for number, part in enumerate(mine[:indexed]) if len(part)]
    numbers = [number for number, part in enumerate(mine) if number >= indexed and len(part)]
    tables = [_table_of(mine[number], known.tables[number]) for number in numbers]
    if not tables:  # rows of the index, of which none is near one of this run
        write(pl.DataFrame(schema=_OF_GROUPS), _decided(run, "of_groups", piece))
        write(pl.DataFrame(schema=_COUNTS), _decided(run, "counts", piece))
        return
    rows = pl.concat([mine[number].select("document", "tokens", "total", "shared") for number in numbers])
    fates = read(_path(run, "fates", piece.round)) if piece.round else pl.DataFrame(schema=FATES)
    documents = group_documents(rows, fates, known.rules["min_words"])
    older = read(_path(run, "older", 0))
    found = find(tables, index, documents, **known.rules, older=older, workers=1)
    decisions = [
        one.filter(pl.col("reason") == "duplicate").with_columns(
            mine[number]
            .get_column("row")
            .gather(one.filter(pl.col("reason") == "duplicate").get_column("row")),
            pl.lit(number, pl.UInt32).alias("table"),
        )
        for number, one in zip(numbers, found.tables, strict=True)
    ]
    write(pl.concat(decisions), _decided(run, "of_groups", piece))
    of_documents = rows.select("document", "shared")[documents.starts[:-1]].with_columns(
        pl.Series("total", documents.totals, pl.Int64),
        pl.Series("before", found.before, pl.Int64),
        pl.Series("removed", documents.totals - found.left, pl.Int64),
        pl.Series("fate", documents.fates, pl.UInt8),
        pl.lit(piece.number, pl.UInt32).alias("group"),
    )
    write(of_documents.select(*_COUNTS), _decided(run, "counts", piece))


def settle(run: Run, piece: Piece) -> list[int]:
    """Write the fates of documents in several groups; return the groups that assumed another fate of one of them."""
    rules = duplicate_rules(run.settings)
    counts = [part.filter("shared") for part in _latest(run, "counts", piece.round)]
    every = pl.concat([pl.DataFrame(schema=_COUNTS), *counts])
    fates = settle_fates(every.select(*COUNTS), rules["document_share"], rules["min_words"])
    write(fates, _path(run, "fates", piece.round + 1))
    assumed = every.select("document", "group", pl.col("fate").alias("assumed"))
    wrong = assumed.join(fates, on="document").filter(pl.col("fate") != pl.col("assumed"))
    return sorted(wrong.get_column("group").unique().to_list())


def assemble(run: Run, piece: Piece) -> None:
    """Write the decisions on a shard."""
    known, number = _compared(run), piece.number
    prints = known.tables[number].fingerprints.select("document_id", "position", "tokens").collect()
    mine = [_within(part, "table", number, number + 1) for part in _latest(run, "of_groups", piece.round)]
    duplicates = pl.concat([pl.DataFrame(schema=_OF_GROUPS), *mine]).select(*DECISIONS)
    edges = number << 32, number + 1 << 32
    counted = [_within(part, "document", *edges) for part in _latest(run, "counts", piece.round)]
    counts = pl.concat([pl.DataFrame(schema=_COUNTS), *counted]).select("document", "before", "removed")
    sums = counts.group_by("document").sum()
    of_rows = _documents(prints, number)
    documents = of_rows.unique(maintain_order=True).join(
        sums, on="document", how="left", maintain_order="left"
    )
    totals, before, removed = (
        documents.get_column(name).fill_null(0).to_numpy() for name in ("total", "before", "removed")
    )
    rules = known.rules
    fates = fates_of(totals, before, totals - removed, rules["document_share"], rules["min_words"])
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
    decisions = pl.concat([duplicates, of_whole_documents(rest, rules["min_words"] or 0)]).sort("row")
    write(decisions, run.path("decisions", known.shards[number - known.rows.indexed]))


#: The steps, in order.
STEPS: Final[tuple[Step, ...]] = (
    count_partitions,
    same_tokens,
    common_keys,
    sketch,
    prune,
    group,
    extract,
    decide,
    settle,
    assemble,
)


_LOCK: Final = threading.Lock()
_last: tuple[Path, _Compared] | None = None


def _compared(run: Run) -> _Compared:
    """What is compared; a process asks for it once."""
    global _last
    with _LOCK:
        if _last is None or _last[0] != run.staging:
            shards = read(_path(run, "shards", 0)).get_column("shard").to_list()
            tables, index = compared(run, shards, whole=True)
            every, rules = [*index, *tables], duplicate_rules(run.settings)
            rows = RowTables([table.fingerprints for table in every], len(index))
            columns = ["rarest"] if rules.get("method") == "exact" else band_names(rules["threshold"])
            partitions = candidate_pairs.key_partitions(rows, *columns, workers=run.workers)
            _last = run.staging, _Compared(shards, every, rows, rules, partitions)
        return _last[1]


def _folder(run: Run) -> Path:
    return run.path("compare", "").parent


def _path(run: Run, kind: str, number: int) -> Path:
    return _folder(run) / kind / f"{number:05d}.arrow"


def _parts(run: Run, kind: str) -> list[pl.DataFrame]:
    """All files of a kind, in order."""
    return [read(path) for path in sorted((_folder(run) / kind).glob("[!.]*"))]


def _decided(run: Run, kind: str, piece: Piece) -> Path:
    """What a group wrote in a round. No file changes, as a worker that was given up for lost may write one again."""
    return _folder(run) / kind / f"{piece.number:05d}-{piece.round:03d}.arrow"


def _latest(run: Run, kind: str, of_round: int) -> list[pl.DataFrame]:
    """What each group wrote last, up to a round."""
    latest: dict[str, Path] = {}
    for path in sorted((_folder(run) / kind).glob("[!.]*")):
        group, number = path.stem.split("-")
        if int(number) <= of_round:
            latest[group] = path
    return [read(path) for path in latest.values()]


def _same_tokens(run: Run) -> list[tuple[U32, U32]]:
    return [
        (part.get_column("row").to_numpy(), part.get_column("first").to_numpy())
        for part in _parts(run, "same_tokens")
    ]


def _of_table(part: pl.DataFrame, rows: RowTables, number: int) -> pl.DataFrame:
    """The rows of a table, of a part that is sorted by row."""
    return _within(part, "row", rows.starts[number], rows.starts[number + 1])


def _within(part: pl.DataFrame, name: str, first: int, end: int) -> pl.DataFrame:
    """The rows whose value is in [first, end), of a part that is sorted by it."""
    values = part.get_column(name).to_numpy()
    start, stop = np.searchsorted(values, np.array([first, end], values.dtype))
    return part[int(start) : int(stop)]


def _table_of(rows: pl.DataFrame, whole: FingerprintTable) -> FingerprintTable:
    """Rows that were extracted from a table."""
    found = FingerprintTable(rows.lazy(), rows.get_column("text").gather)
    if "language" in rows.columns:
        return found._replace(languages=rows.get_column("language").gather)
    uris, places = whole.uris, rows.get_column("row").to_numpy().astype(np.int64)
    return found if uris is None else found._replace(uris=lambda local: uris(places[local]))
