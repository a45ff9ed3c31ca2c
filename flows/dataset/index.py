"""The duplicate index of a dataset: fingerprints of the paragraphs that earlier runs kept.

It holds no text, since `documents` does: where a paragraph of the index turns out to be a candidate, its text is looked
up there, in the part of the same name, by document and fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.duplicate.cleaner import Table, exact_hashes
from cleaners.duplicate.fingerprints import MADE_BY, band_names
from cleaners.duplicate.index_prefilter import Keys
from cleaners.text.tokens import I64
from flows.dataset import Dataset, run_name
from flows.errors import CopydeskError
from flows.settings.model import Duplicate, fingerprint_rules

_KEY: Final = ["document_id", "exact_a", "exact_b"]

#: A run of more paragraphs goes through the index band by band, so that memory need not hold the keys of all bands.
FEW: Final = 1 << 20
#: Bytes of the index that a worker looks at at once.
CHUNK: Final = 1 << 25


def index_rules(settings: Duplicate) -> dict[str, Any]:
    """What must be the same of all paragraphs that are compared: settings, and how this version makes fingerprints."""
    return {**fingerprint_rules(settings), **MADE_BY}


def index_tables(
    dataset: Dataset, tables: Sequence[Table], settings: Duplicate, workers: int = 1, since: str = ""
) -> list[Table]:
    """What of the index may meet the paragraphs of `tables`, this run's, in order; all of it where these are many.

    Only runs from `since` on are looked at, or all of them.
    """
    parts = [
        (path, dataset.folder("documents", span) / path.name)
        for span in dataset.spans()
        if run_name(span.last) >= since
        for path in dataset.parts("index", span)
    ]
    fingerprints = [table.fingerprints for table in tables]
    few = sum(table.select(pl.len()).collect().item() for table in fingerprints) <= FEW
    if not parts or not settings.enabled or not few:
        return [_part(*part, since) for part in parts]
    keys = Keys(
        fingerprints,
        ["exact_a", *(["rarest"] if settings.method == "exact" else band_names(settings.threshold))],
        same_numbers=settings.same_numbers,
    )

    def narrowed(chunk: pl.LazyFrame) -> pl.DataFrame:
        rows = chunk.collect()
        return rows.filter(pl.Series(keys.meet(rows)))

    with ThreadPoolExecutor(workers) as pool:
        met = pl.concat(pool.map(narrowed, _chunks([path for path, _ in parts], since)), rechunk=True)
    documents = {str(path): (path, texts) for path, texts in parts}

    def texts(rows: I64) -> pl.Series:
        wanted = met.select(*_KEY, "part")[rows]
        found = [
            _texts(*documents[of_part["part"][0]], of_part.drop("part"))
            for of_part in wanted.partition_by("part", maintain_order=True)
        ]
        return pl.concat(found) if found else pl.Series("text", [], pl.String)

    return [Table(met.drop("part").lazy(), texts)]


def _chunks(paths: Sequence[Path], since: str) -> Iterator[pl.LazyFrame]:
    """The rows of the index in order, with the path of their `part`; small parts together, a large one by and by."""
    together: list[Path] = []
    size = 0
    for path in paths:
        here = path.stat().st_size
        if together and size + here > CHUNK:
            yield _scan(together, since)
            together, size = [], 0
        together.append(path)
        size += here
        if size > CHUNK:
            rows = pl.scan_parquet(path, hive_partitioning=False).select(pl.len()).collect().item()
            step = max(1, rows * CHUNK // size)
            yield from (_scan([path], since, start, step) for start in range(0, rows, step))
            together, size = [], 0
    if together:
        yield _scan(together, since)


def _scan(paths: list[Path], since: str, start: int = 0, rows: int | None = None) -> pl.LazyFrame:
    found = pl.scan_parquet(paths, hive_partitioning=False, include_file_paths="part").slice(start, rows)
    return (found.filter(pl.col("run_id") >= since) if since else found).drop("run_id")


def _part(path: Path, documents: Path, since: str) -> Table:
    """A part of the index as it is."""
    fingerprints = pl.scan_parquet(path, hive_partitioning=False)
    if since:
        fingerprints = fingerprints.filter(pl.col("run_id") >= since)

    def texts(rows: I64) -> pl.Series:
        return _texts(path, documents, fingerprints.select(_KEY).collect()[rows])

    return Table(fingerprints, texts)


def _texts(path: Path, documents: Path, wanted: pl.DataFrame) -> pl.Series:
    """The texts of these rows of a part of the index; raises CopydeskError where `documents` does not have them."""
    if wanted.is_empty():
        return pl.Series("text", [], pl.String)
    paragraphs = (
        pl.scan_parquet(documents, hive_partitioning=False)
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
            f"{documents} does not hold what {path} has of document {lost['document_id'][0]}: "
            "the dataset is damaged; `copydesk verify` tells more"
        )
    return found.get_column("text")
