"""The duplicate index of a dataset: fingerprints of the paragraphs that earlier runs kept.

It holds no text. If one of its paragraphs is a candidate, the text is looked up in the part of `documents` with the
same name, by document and fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners.duplicate.cleaner import FingerprintTable, exact_hashes
from cleaners.duplicate.fingerprints import FINGERPRINT_FORMAT, band_names, fingerprint_schema
from cleaners.duplicate.index_prefilter import RunKeys
from cleaners.kernels import I64
from flows.dataset import Dataset, postings, run_name
from flows.dataset.intact import IntactParts
from flows.dataset.segments import Part, Segments
from flows.dataset.tables import count_rows, scan_parts
from flows.errors import CopydeskError
from flows.settings.model import Duplicate, fingerprint_rules

_KEY: Final = ["document_id", "exact_a", "exact_b"]

#: A run of more paragraphs than this is compared band by band, so that the keys of all bands need not fit into memory.
FEW: Final = 1 << 20
#: Bytes of the index that a worker reads at once.
CHUNK: Final = 1 << 25
#: Rows of a part are read one by one if there is one of them or fewer for this number of rows.
FEW_ROWS: Final = 1 << 12


class IndexPart(NamedTuple):
    """A part of the index, and the part of `documents` with the texts of its paragraphs."""

    part: Part
    documents: Path


def index_rules(settings: Duplicate) -> dict[str, Any]:
    """What all compared paragraphs must have in common: settings, and the fingerprint format of this version."""
    return {**fingerprint_rules(settings), **FINGERPRINT_FORMAT}


def index_tables(
    dataset: Dataset,
    tables: Sequence[FingerprintTable],
    settings: Duplicate,
    workers: int = 1,
    since: str = "",
    *,
    whole: bool = False,
    may_write: bool = True,
) -> list[FingerprintTable]:
    """The rows of the index that may match a paragraph of `tables`, this run's, in order.

    If these have many paragraphs (over FEW), or with `whole`, it is the whole index. Otherwise postings lead to the
    rows; they are made where there are none yet, if the dataset `may_write`. `since` is the first run to use; "" uses
    all. Raises CopydeskError if a part that is read is not what was written.
    """
    if not settings.enabled:
        return []
    intact = IntactParts(dataset)
    parts = [
        IndexPart(part, dataset.folder("documents", span) / part.path.name)
        for span in dataset.spans()
        if run_name(span.last) >= since
        for part in intact.of("index", span)
    ]
    fingerprints = [table.fingerprints for table in tables]
    few = sum(table.select(pl.len()).collect().item() for table in fingerprints) <= FEW
    if not parts or whole or not few:
        for one in parts:
            intact.require(one.part.path, "index")
        return [_part(one.part.path, one.documents, since, intact) for one in parts]
    keys = RunKeys(
        fingerprints,
        ["exact_a", *(["rarest"] if settings.method == "exact" else band_names(settings.threshold))],
        same_numbers=settings.same_numbers,
    )
    rules = {**index_rules(settings), "same_numbers": settings.same_numbers}
    segments = Segments(dataset.postings, rules, [one.part for one in parts])
    if may_write:
        postings.cover(segments, lambda part: intact.read(part, "index"), keys.hashes_of)
    found = postings.rows_with(segments, keys.hashes())

    def narrowed(chunk: pl.LazyFrame) -> pl.DataFrame:
        rows = chunk.collect()
        return rows.filter(pl.Series(keys.matching_rows(rows)))

    with ThreadPoolExecutor(workers) as pool:
        chunks = _chunks([one.part for one in parts], found, segments.covered, since, intact)
        none = pl.DataFrame(
            schema={**fingerprint_schema(settings.threshold, settings.method), "part": pl.String}
        )
        matching = pl.concat([none, *pool.map(narrowed, chunks)], rechunk=True)
    documents = {str(one.part.path): (one.part.path, one.documents) for one in parts}

    def texts(rows: I64) -> pl.Series:
        wanted = matching.select(*_KEY, "part")[rows]
        found = [
            _texts(*documents[of_part["part"][0]], of_part.drop("part"), intact)
            for of_part in wanted.partition_by("part", maintain_order=True)
        ]
        return pl.concat(found) if found else pl.Series("text", [], pl.String)

    return [FingerprintTable(matching.drop("part").lazy(), texts)]


def _chunks(
    parts: Sequence[Part], found: Mapping[str, I64], covered: Set[str], since: str, intact: IntactParts
) -> Iterator[pl.LazyFrame]:
    """The rows of the index that may match, in order, with the path of their `part`.

    Small parts come together, a large one in slices, or only the rows that were found in it.
    """
    together: list[Path] = []
    size = 0
    for part in parts:
        if part.checksum in covered:
            if part.checksum not in found:
                continue
            if together:
                yield _scan(together, since)
                together, size = [], 0
            intact.require(part.path, "index")
            yield _rows(part, found[part.checksum], since)
            continue
        intact.require(part.path, "index")
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


def _part(path: Path, documents: Path, since: str, intact: IntactParts) -> FingerprintTable:
    """A whole part of the index."""
    fingerprints = scan_parts(path)
    if since:
        fingerprints = fingerprints.filter(pl.col("run_id") >= since)

    def texts(rows: I64) -> pl.Series:
        return _texts(path, documents, fingerprints.select(_KEY).collect()[rows], intact)

    return FingerprintTable(fingerprints, texts)


def _texts(path: Path, documents: Path, wanted: pl.DataFrame, intact: IntactParts) -> pl.Series:
    """The texts of these rows of a part of the index; raises CopydeskError if `documents` does not have them."""
    if wanted.is_empty():
        return pl.Series("text", [], pl.String)
    intact.require(documents, "documents")
    paragraphs = (
        scan_parts(documents)
        .select("document_id", "text")
        .filter(pl.col("document_id").is_in(wanted.get_column("document_id").unique().implode()))
        .select("document_id", pl.col("text").str.split("\n\n"))
        .explode("text", empty_as_null=True, keep_nulls=True)
        .collect()
    )
    paragraphs = paragraphs.hstack(exact_hashes(paragraphs.get_column("text"))).unique(_KEY)
    found = wanted.join(paragraphs, on=_KEY, how="left", maintain_order="left")
    lost = found.filter(pl.col("text").is_null())
    if len(lost):
        raise CopydeskError(
            f"{path} has a paragraph of document {lost['document_id'][0]} that {documents} does not have: "
            "the dataset is damaged; `copydesk verify` shows more"
        )
    return found.get_column("text")
