"""The duplicate index of a dataset: fingerprints of the paragraphs that earlier runs kept.

It holds no text. If one of its paragraphs is a candidate, the text is looked up in the part of `documents` with the
same name, by document and fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.containment import looked_for
from cleaners.duplicate.fingerprints import band_names, fingerprint_schema
from cleaners.duplicate.index_prefilter import RunKeys
from cleaners.kernels import I64
from flows.dataset import Dataset, postings
from flows.dataset.index_parts import KEY, IndexPart, index_rules, own_parts, texts_of, uris_of
from flows.dataset.reporting import Report, silent
from flows.dataset.segments import Part, Segments
from flows.dataset.tables import count_rows, scan_parts
from flows.settings.model import Duplicate

#: A run of more paragraphs than this is compared band by band, so that the keys of all bands need not fit into memory.
FEW: Final = 1 << 20
#: Bytes of the index that a worker reads at once.
CHUNK: Final = 1 << 25
#: Rows of a part are read one by one if there is one of them or fewer for this number of rows.
FEW_ROWS: Final = 1 << 12


def index_tables(
    dataset: Dataset,
    tables: Sequence[FingerprintTable],
    settings: Duplicate,
    workers: int = 1,
    since: str = "",
    references: Sequence[IndexPart] = (),
    *,
    whole: bool = False,
    may_write: bool = True,
    report: Report = silent,
) -> list[FingerprintTable]:
    """The rows of the index that may match a paragraph of `tables`, this run's, in order; those of `references` first.

    If these have many paragraphs (over FEW), or with `whole`, it is the whole index. Otherwise postings lead to the
    rows; they are made where there are none yet, if the dataset `may_write`. `since` is the first run to use; "" uses
    all. Raises CopydeskError if a part that is read is not what was written.
    """
    if not settings.enabled:
        return []
    own = own_parts(dataset, since)
    parts = [*references, *own]
    fingerprints = [table.fingerprints for table in tables]
    few = sum(table.select(pl.len()).collect().item() for table in fingerprints) <= FEW
    if not parts or whole or not few:
        for one in parts:
            one.require()
        return [*(_whole(one, "", True) for one in references), *(_whole(one, since, False) for one in own)]
    same_numbers = settings.same_numbers
    if settings.measure == "containment":  # a paragraph looks for its rarest shingles, and is found by all
        fingerprints = [looked_for(table, settings.threshold) for table in fingerprints]
        same_numbers = False
    keys = RunKeys(
        fingerprints,
        ["exact_a", *(["rarest"] if settings.ranks_shingles else band_names(settings.threshold))],
        same_numbers=same_numbers,
    )
    rules = {**index_rules(settings), "same_numbers": same_numbers}
    advance = partial(report, postings.INDEXING)
    segments = Segments(dataset.postings, rules, [one.part for one in parts], advance)
    by_path = {one.part.path: one for one in parts}
    if may_write:
        postings.cover(segments, lambda part: by_path[part.path].read(), keys.hashes_of)
    found = postings.rows_with(segments, keys.hashes())

    def narrowed(chunk: pl.LazyFrame) -> pl.DataFrame:
        rows = chunk.collect()
        return rows.filter(pl.Series(keys.matching_rows(rows)))

    none = pl.DataFrame(
        schema={
            **fingerprint_schema(settings.threshold, settings.method, settings.measure),
            "part": pl.String,
        }
    )
    with ThreadPoolExecutor(workers) as pool:

        def matching(some: Sequence[IndexPart], since: str, in_reference: bool) -> FingerprintTable:
            chunks = _chunks(some, found, segments.covered, since)
            return _table(some, pl.concat([none, *pool.map(narrowed, chunks)], rechunk=True), in_reference)

        return [
            *([matching(references, "", True)] if references else []),
            *([matching(own, since, False)] if own else []),
        ]


def _table(parts: Sequence[IndexPart], matching: pl.DataFrame, in_reference: bool) -> FingerprintTable:
    """Rows of these parts, which have the path of their `part`."""
    known = matching.select(*KEY, "part")
    return FingerprintTable(
        matching.drop("part").lazy(),
        lambda rows: texts_of(parts, known[rows]),
        uris=(lambda rows: uris_of(parts, known[rows])) if in_reference else None,
    )


def _chunks(
    parts: Sequence[IndexPart], found: Mapping[str, I64], covered: Set[str], since: str
) -> Iterator[pl.LazyFrame]:
    """The rows of the index that may match, in order, with the path of their `part`.

    Small parts come together, a large one in slices, or only the rows that were found in it.
    """
    together: list[Path] = []
    size = 0
    for one in parts:
        part = one.part
        if part.checksum in covered:
            if part.checksum not in found:
                continue
            if together:
                yield _scan(together, since)
                together, size = [], 0
            one.require()
            yield _rows(part, found[part.checksum], since)
            continue
        one.require()
        here = part.path.stat().st_size
        if together and size + here > CHUNK:
            yield _scan(together, since)
            together, size = [], 0
        together.append(part.path)
        size += here
        if size > CHUNK:
            rows = count_rows(part.path)
            step = max(1, rows * CHUNK // size)
            yield from (_scan([part.path], since, start, step) for start in range(0, rows, step))
            together, size = [], 0
    if together:
        yield _scan(together, since)


def _rows(part: Part, rows: I64, since: str) -> pl.LazyFrame:
    """Some rows of a part."""
    if len(rows) * FEW_ROWS < part.rows:
        some = [scan_parts([part.path], include_file_paths="part").slice(row, 1) for row in rows.tolist()]
        found = pl.concat(some)
    else:
        here = pl.int_range(pl.len()).is_in(rows.tolist())
        found = scan_parts([part.path], include_file_paths="part").filter(here)
    return _of_runs(found, since)


def _scan(paths: list[Path], since: str, start: int = 0, rows: int | None = None) -> pl.LazyFrame:
    return _of_runs(scan_parts(paths, include_file_paths="part").slice(start, rows), since)


def _of_runs(found: pl.LazyFrame, since: str) -> pl.LazyFrame:
    return (found.filter(pl.col("run_id") >= since) if since else found).drop("run_id")


def _whole(one: IndexPart, since: str, in_reference: bool) -> FingerprintTable:
    """A whole part of the index."""
    fingerprints = _of_runs(scan_parts(one.part.path), since)

    def rows_of(rows: I64) -> pl.DataFrame:
        return fingerprints.select(KEY).collect()[rows]

    return FingerprintTable(
        fingerprints,
        lambda rows: one.texts(rows_of(rows)),
        uris=(lambda rows: one.uris(rows_of(rows))) if in_reference else None,
    )
