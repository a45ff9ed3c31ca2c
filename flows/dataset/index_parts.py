"""The parts of the index: fingerprints of kept paragraphs, and where their texts are. Also those of references.

A reference is another dataset, of which a run only reads what it keeps. Its own index serves, if it was made by the
same rules. Otherwise fingerprints are made of its texts, and kept in a cache of the dataset that is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners.duplicate.fingerprints import FINGERPRINT_FORMAT, exact_hashes, fingerprint
from flows.dataset.checksums import checksum
from flows.dataset.dataset import Dataset
from flows.dataset.intact import IntactParts
from flows.dataset.layout import Span, run_name
from flows.dataset.manifests import read_manifests
from flows.dataset.positions import kept, taken
from flows.dataset.segments import Part
from flows.dataset.tables import count_rows, read_part, scan_parts, write_part
from flows.errors import CopydeskError
from flows.settings.model import Duplicate, fingerprint_rules

#: What a paragraph of a part is known by.
KEY: Final = ["document_id", "exact_a", "exact_b"]


class IndexPart(NamedTuple):
    """A part of the index, and the part of `documents` with the texts of its paragraphs."""

    part: Part
    documents: Path
    intact: IntactParts

    def require(self) -> None:
        """Raise CopydeskError if this part is not what was written."""
        self.intact.require(self.part.path, "index")

    def read(self) -> pl.DataFrame:
        """The rows of this part; raises what `require` raises."""
        self.require()
        return read_part(self.part.path)

    def texts(self, wanted: pl.DataFrame) -> pl.Series:
        """The texts of these rows (`KEY`); raises CopydeskError if `documents` does not have them."""
        if wanted.is_empty():
            return pl.Series("text", [], pl.String)
        self.intact.require(self.documents, "documents")
        paragraphs = (
            scan_parts(self.documents)
            .select("document_id", "text")
            .filter(pl.col("document_id").is_in(wanted.get_column("document_id").unique().implode()))
            .select("document_id", pl.col("text").str.split("\n\n"))
            .explode("text", empty_as_null=True, keep_nulls=True)
            .collect()
        )
        paragraphs = paragraphs.hstack(exact_hashes(paragraphs.get_column("text"))).unique(KEY)
        found = wanted.join(paragraphs, on=KEY, how="left", maintain_order="left")
        lost = found.filter(pl.col("text").is_null())
        if len(lost):
            raise CopydeskError(
                f"{self.part.path} has a paragraph of document {lost['document_id'][0]} that {self.documents} does not "
                "have: the dataset is damaged; `copydesk verify` shows more"
            )
        return found.get_column("text")

    def uris(self, wanted: pl.DataFrame) -> pl.Series:
        """The uris of the documents of these rows."""
        ids = wanted.select("document_id")
        uris = (
            scan_parts(self.documents)
            .select("document_id", "uri")
            .filter(pl.col("document_id").is_in(ids.get_column("document_id").unique().implode()))
            .collect()
        )
        return ids.join(uris, on="document_id", how="left", maintain_order="left").get_column("uri")


def index_rules(settings: Duplicate) -> dict[str, Any]:
    """What all compared paragraphs must have in common: settings, and the fingerprint format of this version."""
    return {**fingerprint_rules(settings), **FINGERPRINT_FORMAT}


def own_parts(dataset: Dataset, since: str = "") -> list[IndexPart]:
    """The parts of a dataset's index, in order, from the run `since` on.

    Raises CopydeskError if a manifest is damaged or a part is missing.
    """
    intact = IntactParts(dataset)
    spans = [span for span in dataset.spans() if run_name(span.last) >= since]
    return [one for span in spans for one in _parts(dataset, span, intact)]


def _parts(dataset: Dataset, span: Span, intact: IntactParts) -> list[IndexPart]:
    documents = dataset.folder("documents", span)
    return [IndexPart(part, documents / part.path.name, intact) for part in intact.of("index", span)]


def _has_rules(dataset: Dataset, span: Span, rules: Mapping[str, Any]) -> bool:
    """Whether a part of the index was made by these rules."""
    return all(manifest.get("index") == rules for manifest in read_manifests(dataset, span).runs.values())


def reference_parts(
    references: Sequence[Path],
    settings: Duplicate,
    frequencies: pl.DataFrame | None,
    cache: Path,
    workers: int = 1,
) -> list[IndexPart]:
    """The parts of the indexes of references, datasets in these folders, in order.

    Fingerprints that must be made, because an index was made by other rules, are kept in the folder `cache`; those that
    are no longer needed are removed. `frequencies` are those that the method "exact" needs. Raises CopydeskError if a
    reference is damaged, or has changed while it was read.
    """
    rules = index_rules(settings)
    key = hashlib.blake2b(json.dumps(rules, sort_keys=True).encode(), digest_size=16)
    if frequencies is not None:
        key.update(frequencies.get_column("seen").to_numpy().tobytes())
    found: list[IndexPart] = []
    used = set()
    for root in references:
        try:
            dataset = Dataset(root)
            cached = _Cached(dataset, settings, frequencies, cache, key)
            with ThreadPoolExecutor(workers) as pool:
                for span in dataset.spans():
                    parts = _parts(dataset, span, cached)
                    # if shingles are ranked, each dataset ranks them by those of its first run
                    if settings.ranks_shingles or not _has_rules(dataset, span, rules):
                        parts = list(pool.map(cached.fingerprinted, parts))
                        used |= {one.part.path for one in parts}
                    found += parts
        except (CopydeskError, FileNotFoundError) as error:
            raise CopydeskError(
                f"[duplicate] against: {root} is damaged, or has changed while it was read: {error}",
                f"try again; `copydesk verify {root}` shows more",
            ) from error
    for path in cache.glob("*.parquet"):
        if path not in used:
            path.unlink(missing_ok=True)
    return found


class _Cached(IntactParts):
    """The parts of a reference, with fingerprints in a cache. The name of a file there ends with its checksum."""

    def __init__(
        self,
        dataset: Dataset,
        settings: Duplicate,
        frequencies: pl.DataFrame | None,
        cache: Path,
        key: hashlib.blake2b,
    ) -> None:
        """`key` has the rules by which fingerprints are made."""
        super().__init__(dataset)
        self._dataset, self._cache, self._key = dataset, cache, key
        self._rules = {**fingerprint_rules(settings), "frequencies": frequencies}

    def fingerprinted(self, one: IndexPart) -> IndexPart:
        """The part with fingerprints from the cache, which are made if they are not there."""
        key = self._key.copy()
        for table in ("documents", "labelled"):  # a label may go without a change of the text
            key.update(self.checksum(self._beside(one, table), table).encode())
        name = key.hexdigest()
        if there := sorted(self._cache.glob(f"{name}-*.parquet")):
            path = there[0]
        else:
            path = self._made(one, self._cache / name)
        return one._replace(part=Part(path, path.stem, count_rows(path)))

    def _made(self, one: IndexPart, path: Path) -> Path:
        tables = {}
        for table in ("documents", "removed", "labelled", "repaired"):
            beside = self._beside(one, table)
            self.require(beside, table)
            tables[table] = read_part(beside)
        # a labelled paragraph is no witness
        paragraphs = kept(tables["documents"], taken(tables["removed"], tables["repaired"])).join(
            tables["labelled"], on=["document_id", "position"], how="anti", maintain_order="left"
        )
        made = fingerprint(paragraphs, **self._rules).drop_nulls("exact_a")
        write_part(made.with_columns(pl.lit("").alias("run_id")), path, {}, compression="uncompressed")
        return path.rename(f"{path}-{checksum(path)}.parquet")

    def _beside(self, one: IndexPart, table: str) -> Path:
        """The part of a table that has what belongs to the documents of a part."""
        span = one.documents.parent.name.removeprefix("run=")
        return self._dataset.folder(table, span) / one.documents.name

    def require(self, part: Path, kind: str) -> None:
        """See `IntactParts.require`."""
        if part.parent != self._cache:
            super().require(part, kind)
        elif part not in self._seen:
            if checksum(part) != part.stem.partition("-")[2]:
                part.unlink(missing_ok=True)
                raise CopydeskError(
                    f"{part} was damaged, and is removed: it is a cache; run again to make it anew"
                )
            self._seen.add(part)


def texts_of(parts: Sequence[IndexPart], rows: pl.DataFrame) -> pl.Series:
    """The texts of rows of these parts, which have `KEY` and the path of their `part`; rows of a part are together."""
    return _by_part(parts, rows, IndexPart.texts, "text")


def uris_of(parts: Sequence[IndexPart], rows: pl.DataFrame) -> pl.Series:
    """The uris of the documents of such rows."""
    return _by_part(parts, rows, IndexPart.uris, "uri")


def _by_part(
    parts: Sequence[IndexPart],
    rows: pl.DataFrame,
    look: Callable[[IndexPart, pl.DataFrame], pl.Series],
    name: str,
) -> pl.Series:
    known = {str(one.part.path): one for one in parts}
    found = [
        look(known[some["part"][0]], some.drop("part"))
        for some in rows.partition_by("part", maintain_order=True)
    ]
    return pl.concat(found) if found else pl.Series(name, [], pl.String)
