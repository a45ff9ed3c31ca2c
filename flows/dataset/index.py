"""The duplicate index of a dataset: fingerprints of the paragraphs that earlier runs kept.

It holds no text. If one of its paragraphs is a candidate, the text is looked up in the part of `documents` with the
same name, by document and fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.duplicate.cleaner import FingerprintTable, exact_hashes
from cleaners.duplicate.fingerprints import FINGERPRINT_FORMAT, band_names
from cleaners.duplicate.index_prefilter import RunKeys
from cleaners.kernels import I64
from flows.dataset import Dataset, run_name
from flows.dataset.damage import require_part
from flows.dataset.manifests import read_files
from flows.dataset.tables import count_rows, scan_parts
from flows.errors import CopydeskError
from flows.settings.model import Duplicate, fingerprint_rules

_KEY: Final = ["document_id", "exact_a", "exact_b"]

#: A run of more paragraphs than this is compared band by band, so that the keys of all bands need not fit into memory.
FEW: Final = 1 << 20
#: Bytes of the index that a worker reads at once.
CHUNK: Final = 1 << 25


def index_rules(settings: Duplicate) -> dict[str, Any]:
    """What all compared paragraphs must have in common: settings, and the fingerprint format of this version."""
    return {**fingerprint_rules(settings), **FINGERPRINT_FORMAT}


def index_tables(
    dataset: Dataset,
    tables: Sequence[FingerprintTable],
    settings: Duplicate,
    workers: int = 1,
    since: str = "",
) -> list[FingerprintTable]:
    """The rows of the index that may match a paragraph of `tables`, this run's, in order.

    If these have many paragraphs (over FEW), it is the whole index. `since` is the first run to use; "" uses all.
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
        return [_part(*part, since, _Intact(dataset)) for part in parts]
    keys = RunKeys(
        fingerprints,
        ["exact_a", *(["rarest"] if settings.method == "exact" else band_names(settings.threshold))],
        same_numbers=settings.same_numbers,
    )

    def narrowed(chunk: pl.LazyFrame) -> pl.DataFrame:
        rows = chunk.collect()
        return rows.filter(pl.Series(keys.matching_rows(rows)))

    with ThreadPoolExecutor(workers) as pool:
        matching = pl.concat(pool.map(narrowed, _chunks([path for path, _ in parts], since)), rechunk=True)
    documents = {str(path): (path, texts) for path, texts in parts}
    intact = _Intact(dataset)

    def texts(rows: I64) -> pl.Series:
        wanted = matching.select(*_KEY, "part")[rows]
        found = [
            _texts(*documents[of_part["part"][0]], of_part.drop("part"), intact)
            for of_part in wanted.partition_by("part", maintain_order=True)
        ]
        return pl.concat(found) if found else pl.Series("text", [], pl.String)

    return [FingerprintTable(matching.drop("part").lazy(), texts)]


def _chunks(paths: Sequence[Path], since: str) -> Iterator[pl.LazyFrame]:
    """The rows of the index in order, with the path of their `part`: small parts together, a large one in slices."""
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
            rows = count_rows(path)
            step = max(1, rows * CHUNK // size)
            yield from (_scan([path], since, start, step) for start in range(0, rows, step))
            together, size = [], 0
    if together:
        yield _scan(together, since)


def _scan(paths: list[Path], since: str, start: int = 0, rows: int | None = None) -> pl.LazyFrame:
    found = scan_parts(paths, include_file_paths="part").slice(start, rows)
    return (found.filter(pl.col("run_id") >= since) if since else found).drop("run_id")


def _part(path: Path, documents: Path, since: str, intact: _Intact) -> FingerprintTable:
    """A whole part of the index."""
    fingerprints = scan_parts(path)
    if since:
        fingerprints = fingerprints.filter(pl.col("run_id") >= since)

    def texts(rows: I64) -> pl.Series:
        return _texts(path, documents, fingerprints.select(_KEY).collect()[rows], intact)

    return FingerprintTable(fingerprints, texts)


class _Intact:
    """The parts of `documents` that were found to be what was written: only those that are read are hashed, once."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._files: dict[str, Mapping[str, Any]] = {}
        self._seen: set[Path] = set()

    def require(self, part: Path) -> None:
        """Raise CopydeskError if this part is not what was written."""
        if part in self._seen:
            return
        span = part.parent.name.removeprefix("run=")
        if span not in self._files:
            self._files[span] = read_files(self._dataset, span)
        require_part(self._dataset, "documents", span, part.name, self._files[span])
        self._seen.add(part)


def _texts(path: Path, documents: Path, wanted: pl.DataFrame, intact: _Intact) -> pl.Series:
    """The texts of these rows of a part of the index; raises CopydeskError if `documents` does not have them."""
    if wanted.is_empty():
        return pl.Series("text", [], pl.String)
    intact.require(documents)
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
