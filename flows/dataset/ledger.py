"""The ledger: which inputs the runs have read, how far, and which documents these inputs held.

    ledger/run=<id>/     the inputs that a run read, each with its `Reading`
    ledger/seen.parquet  inputs that were read since and held nothing to publish
    records/run=<id>/    the documents that a run read, by input, id and content

An input whose size and modification time match the ledger is not opened. One that was touched or moved is hashed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from flows.dataset import Dataset
from flows.dataset.checksums import read_sealed_part, write_sealed_part
from flows.dataset.tables import scan_parts
from flows.inputs import INPUTS, Earlier, Input, Lookup, Reading, content_of, path_of

RECORDS: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),  # the uri of the input
    "document_id": pl.String(),
    "uri": pl.String(),
    "record_id": pl.String(),
    "content": pl.String(),
    "replaces": pl.List(pl.String()),  # ids of the older versions that it replaced; null if none
}


LEDGER: Final[dict[str, pl.DataType]] = {**INPUTS, "run_id": pl.String()}


class ChangedInputs(NamedTuple):
    """Which inputs have to be read."""

    new: list[Input]  # not read by any run as they are now, each with its last `Reading`
    same: pl.DataFrame  # only touched or moved: what the ledger must record; columns: INPUTS
    too_recent: int  # how many were changed too recently and are left to a later run
    waits: pl.DataFrame  # the unchanged ones that wait for a setting or an extra; columns: uri, waits_for


def changed_inputs(
    dataset: Dataset,
    found: Sequence[Input],
    *,
    decided_by: str = "",
    min_age: float = 0,
    retry_rejected: bool = False,
) -> ChangedInputs:
    """The inputs that have to be read.

    An input is known by its uri. It is read if its size or modification time differ from the ledger and the hash of its
    bytes does, too; if its last line was incomplete; and if it or one of its records was rejected by other settings or
    without an extra that is there now (`decided_by`, see `inputs.deciding`), or in any case with `retry_rejected`. An
    input that changed less than `min_age` seconds ago is left to a later run, unless its storage has no modification
    times. An unknown input counts as moved if it has the bytes of a known one that no longer exists and of which
    nothing was rejected.
    """
    ledger = _last_readings(dataset)
    columns = pl.DataFrame(
        {
            "uri": [i.uri for i in found],
            "size_now": [i.size for i in found],
            "modified_now": [i.modified_ns for i in found],
        },
        schema_overrides={"uri": pl.String, "size_now": pl.Int64, "modified_now": pl.Int64},
    )
    known = columns.with_row_index("input").join(
        ledger.with_columns(pl.lit(True).alias("known")), on="uri", how="left", maintain_order="left"
    )
    same = (pl.col("size") == pl.col("size_now")) & (pl.col("modified_ns") == pl.col("modified_now"))
    other = pl.lit(True) if retry_rejected else pl.col("decided_by").ne_missing(decided_by)
    retried = (pl.col("rejected") > 0) & other
    is_candidate = ~(same & ~pl.col("incomplete_tail") & ~retried).fill_null(False)
    candidates = known.filter(is_candidate)
    waits = known.filter(~is_candidate & pl.col("waits_for").is_not_null()).select("uri", "waits_for")
    recent_from = time.time_ns() - int(min_age * 1e9)
    moved = _Moved(ledger, found, candidates.filter(pl.col("known").is_null())["size_now"])
    new: list[Input] = []
    noted: list[tuple[Any, ...]] = []
    too_recent = 0
    for row in candidates.iter_rows(named=True):
        given = found[row["input"]]
        if min_age and given.modified_ns > recent_from:
            too_recent += 1
            continue
        last = _reading(row) if row["known"] else moved.reading(given)
        if last is None:
            new.append(given)
            continue
        incomplete_tail = last.incomplete_tail
        rejected = last.rejected > 0 and (retry_rejected or last.decided_by != decided_by)
        unchanged = not row["known"] or (given.size, given.modified_ns) == (last.size, last.modified_ns)
        if not unchanged and given.size == last.size and last.content is not None:
            unchanged = content_of(given) == last.content
        if rejected:
            last = last._replace(end=None, prefix_hash=None)  # read from the start
            new.append(replace(given, last=last, tail_is_final=unchanged and incomplete_tail))
        elif not unchanged:
            new.append(replace(given, last=last))
        elif incomplete_tail:
            new.append(replace(given, last=last, tail_is_final=True))
        else:
            noted.append((given.uri, *last._replace(modified_ns=given.modified_ns)))
    seen = pl.DataFrame(noted, INPUTS, orient="row")
    waits = pl.concat([waits, waiting(seen)])
    return ChangedInputs(new, seen, too_recent, waits)


def waiting(readings: pl.DataFrame) -> pl.DataFrame:
    """The inputs among some rows of the ledger that wait for a setting or an extra; columns: uri, waits_for."""
    return readings.filter(pl.col("waits_for").is_not_null()).select("uri", "waits_for")


class _Moved:
    """The known inputs that are gone, to which an unknown input may have been moved.

    An input that was already moved is not gone while its new place exists. Each is moved to one place only: of two
    unknown inputs with its bytes, the second is a new input.
    """

    def __init__(self, ledger: pl.DataFrame, found: Sequence[Input], sizes: pl.Series) -> None:
        """`sizes` are the sizes of the unknown inputs."""
        self._gone: dict[int, list[dict[str, Any]]] = {}
        if sizes.is_empty():
            return
        alike = ledger.filter(
            pl.col("size").is_in(sizes.unique().implode()) & pl.col("content").is_not_null()
        )
        here = pl.DataFrame({"uri": [i.uri for i in found]}, schema={"uri": pl.String})
        unseen = alike.filter(pl.col("rejected") == 0).join(here, on="uri", how="anti", maintain_order="left")
        gone = [row for row in unseen.iter_rows(named=True) if not _exists(row["uri"])]
        if not gone:
            return
        there = set(here["uri"])
        contents = dict(alike.select("uri", "content").iter_rows())
        later: dict[str, list[str]] = {}
        moved = alike.select("uri", "moved_from").explode("moved_from", empty_as_null=False, keep_nulls=False)
        for uri, former in moved.iter_rows():
            later.setdefault(former, []).append(uri)
        for row in gone:
            elsewhere = (*later.get(row["uri"], ()), *(row["moved_from"] or ()))
            if not any(
                contents.get(uri) == row["content"] and (uri in there or _exists(uri)) for uri in elsewhere
            ):
                self._gone.setdefault(row["size"], []).append(row)

    def reading(self, given: Input) -> Reading | None:
        """The `Reading` of an input under its former uri, which is then used up; None if it was not moved."""
        candidates = self._gone.get(given.size, [])
        content = content_of(given) if candidates else None
        for row in candidates:
            if row["content"] == content:
                candidates.remove(row)
                former = (*(row["moved_from"] or ()), row["uri"])
                return _reading(row)._replace(moved_from=former)
        return None


def _exists(uri: str) -> bool:
    """Whether this input exists, or may exist."""
    name = path_of(uri)
    if "://" not in name:
        return os.path.lexists(name)
    if "***" in name:
        return True  # a masked password opens nothing
    from fsspec.core import url_to_fs

    try:
        storage, path = url_to_fs(name)
        return bool(storage.exists(path))
    except Exception:  # each storage has exceptions of its own
        return True


def _reading(row: dict[str, Any]) -> Reading:
    values = {name: row[name] for name in INPUTS if name != "uri"}
    return Reading(**{**values, "moved_from": tuple(row["moved_from"]) if row["moved_from"] else None})


def _last_readings(dataset: Dataset) -> pl.DataFrame:
    """How each input was last read; columns: INPUTS and run_id."""
    parts = dataset.parts("ledger")
    read = read_ledger(parts) if parts else _nothing()
    seen = _seen(dataset)
    if len(seen):
        order = pl.concat([read.select("run_id"), seen.select("run_id")])["run_id"].arg_sort()
        read = pl.concat([read, seen])[order]
    return read.unique("uri", keep="last", maintain_order=True)


def read_ledger(parts: Sequence[Path]) -> pl.DataFrame:
    """The rows of parts of the ledger, in their order; columns that earlier versions lacked are null there."""
    return scan_parts(list(parts), schema=LEDGER).collect()


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=LEDGER)


def _seen(dataset: Dataset) -> pl.DataFrame:
    """The inputs that were seen after a run that is still published; `run_id` is that run's, or "" before the first."""
    if not dataset.seen_file.exists():
        return _nothing()
    seen, _ = read_sealed_part(dataset.seen_file)
    seen = pl.concat([_nothing(), seen], how="diagonal")  # with the columns that earlier versions lacked
    return seen.filter((pl.col("run_id") == "") | pl.col("run_id").is_in(dataset.runs()))


def remember(dataset: Dataset, inputs: pl.DataFrame) -> None:
    """Record inputs (columns: INPUTS) that were read and held nothing new, so that they are not read again."""
    if inputs.is_empty():
        return
    last = dataset.runs()[-1:]
    seen, noted = _seen(dataset), inputs.with_columns(pl.lit(last[0] if last else "").alias("run_id"))
    together = pl.concat([seen, noted]).unique("uri", keep="last", maintain_order=True)
    if not together.equals(seen, null_equal=True):
        write_sealed_part(together, dataset.seen_file, {})


def earlier_of(dataset: Dataset, inputs: Sequence[Input]) -> Lookup:
    """A lookup of what earlier runs read of these inputs, under any uri; it reads its tables when first called."""
    former = {i.uri: [i.uri, *(i.last.moved_from or ())] for i in inputs if i.last is not None}
    found: dict[str, pl.DataFrame] = {}

    def look_up(uri: str) -> Sequence[Earlier]:
        if not found:
            files = pl.Series(sorted({file for files in former.values() for file in files}))
            parts = dataset.parts("records")
            records = (
                scan_parts(parts).filter(pl.col("file").is_in(files.implode())).collect()
                if parts
                else pl.DataFrame(schema=RECORDS)
            )
            replaced = records["replaces"].explode(empty_as_null=False, keep_nulls=False)
            records = records.with_columns(pl.col("document_id").is_in(replaced.implode()).alias("replaced"))
            found.update(
                {str(key[0]): part for key, part in records.partition_by("file", as_dict=True).items()}
            )
            found.setdefault("", records.clear())
        return [
            Earlier(*row)
            for file in former.get(uri, ())
            if file in found
            for row in found[file].select(*Earlier._fields).iter_rows()
        ]

    return look_up
