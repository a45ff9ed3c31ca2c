"""The ledger: which inputs runs have read, how far, and which documents came of them.

    _copydesk/ledger/run=<id>/    the inputs that a run has read, each with its `Reading`
    _copydesk/ledger/seen.parquet inputs that were looked at since, and held nothing to publish
    _copydesk/records/run=<id>/   the documents that a run has read, by input, id and content

An input whose size and time of change are those of the ledger is not opened. One that was touched, or moved, costs the
hash of its bytes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any, Final, NamedTuple

import polars as pl

from flows.dataset import Dataset
from flows.dataset.tables import write_part
from flows.inputs import INPUTS, Earlier, Input, Lookup, Reading, content_of

RECORDS: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),  # the uri of the input
    "document_id": pl.String(),
    "uri": pl.String(),
    "record_id": pl.String(),
    "content": pl.String(),
    "replaces": pl.List(
        pl.String()
    ),  # ids of the older versions that it has replaced; null where there are none
}


class ChangedInputs(NamedTuple):
    """What of the inputs is to be read."""

    new: list[Input]  # those that no run has read as they are now, each with its last `Reading`
    same: (
        pl.DataFrame
    )  # of those that were only touched or moved, what the ledger is to know; columns: INPUTS
    too_recent: int  # how many wait because they were changed a moment ago


def changed_inputs(
    dataset: Dataset, found: Sequence[Input], *, min_age: float = 0, retry_rejected: bool = False
) -> ChangedInputs:
    """The inputs that are to be read.

    An input is known by its uri. It is read if its size or its time of change are not those of the ledger, unless the
    hash of its bytes is; if its last line was waited for; and with `retry_rejected`, if it or a record of it was
    rejected. One that changed less than `min_age` seconds ago waits for a later run; storage that tells no time is not
    waited for. An unknown input is one that was moved if its bytes are those of a known one that does not exist any
    more, and of which nothing was rejected.
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
    again = pl.col("incomplete_tail") | (pl.col("rejected") > 0 if retry_rejected else pl.lit(False))
    asked = known.filter(~(same & ~again).fill_null(False))
    young_since = time.time_ns() - int(min_age * 1e9)
    moved = _Moved(ledger, found, asked.filter(pl.col("known").is_null())["size_now"])
    new: list[Input] = []
    noted: list[tuple[Any, ...]] = []
    too_recent = 0
    for row in asked.iter_rows(named=True):
        given = found[row["input"]]
        if min_age and given.modified_ns > young_since:
            too_recent += 1
            continue
        last = _reading(row) if row["known"] else moved.reading(given)
        if last is None:
            new.append(given)
            continue
        incomplete_tail, rejected = last.incomplete_tail, retry_rejected and last.rejected > 0
        unchanged = not row["known"] or (given.size, given.modified_ns) == (last.size, last.modified_ns)
        if not unchanged and given.size == last.size and last.content is not None:
            unchanged = content_of(given) == last.content
        if not unchanged:
            new.append(replace(given, last=last))
        elif rejected:
            new.append(replace(given, last=replace(last, end=None, prefix_hash=None), waited=incomplete_tail))
        elif incomplete_tail:
            new.append(replace(given, last=last, waited=True))
        else:
            noted.append((given.uri, *astuple(replace(last, modified_ns=given.modified_ns))))
    return ChangedInputs(new, pl.DataFrame(noted, INPUTS, orient="row"), too_recent)


class _Moved:
    """The inputs that are gone, of which unknown ones may be the later whereabouts.

    One that was moved already is where it went, as long as that is there; and it goes to one place, so that of two
    unknown inputs with its bytes the second is another input.
    """

    def __init__(self, ledger: pl.DataFrame, found: Sequence[Input], sizes: pl.Series) -> None:
        """`sizes` are those of the inputs that are not known."""
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
        """How an input was read under its former uri, which no other is asked for then; None where it had none."""
        candidates = self._gone.get(given.size, [])
        content = content_of(given) if candidates else None
        for row in candidates:
            if row["content"] == content:
                candidates.remove(row)
                former = (*(row["moved_from"] or ()), row["uri"])
                return replace(_reading(row), moved_from=former)
        return None


def _exists(uri: str) -> bool:
    """Whether there is such an input, or may be."""
    if "://" not in uri:
        return "\\x" in uri or os.path.lexists(
            uri
        )  # a name whose bytes are no UTF-8 cannot be told from its uri
    from fsspec.core import url_to_fs

    try:
        storage, path = url_to_fs(uri)
        return bool(storage.exists(path))
    except (ImportError, ValueError, OSError):
        return True


def _reading(row: dict[str, Any]) -> Reading:
    values = {name: row[name] for name in INPUTS if name != "uri"}
    return Reading(**{**values, "moved_from": tuple(row["moved_from"]) if row["moved_from"] else None})


def _last_readings(dataset: Dataset) -> pl.DataFrame:
    """Of every input that a run has read how it was read last; columns: INPUTS and run_id."""
    parts = dataset.parts("ledger")
    read = pl.scan_parquet(parts, hive_partitioning=False).collect() if parts else _nothing()
    seen = _seen(dataset)
    if len(seen):
        order = pl.concat([read.select("run_id"), seen.select("run_id")])["run_id"].arg_sort()
        read = pl.concat([read, seen])[order]
    return read.unique("uri", keep="last", maintain_order=True)


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={**INPUTS, "run_id": pl.String()})


def _seen(dataset: Dataset) -> pl.DataFrame:
    """What was seen after runs that are published still; `run_id` is that of the last run before it."""
    path = dataset.base("ledger") / "seen.parquet"
    if not path.exists():
        return _nothing()
    return pl.read_parquet(path, hive_partitioning=False).filter(
        (pl.col("run_id") == "") | pl.col("run_id").is_in(dataset.runs())
    )


def remember(dataset: Dataset, inputs: pl.DataFrame) -> None:
    """Note inputs (columns: INPUTS) that were looked at and held nothing new, so that it need not be done again."""
    if inputs.is_empty():
        return
    last = dataset.runs()[-1:]
    seen, noted = _seen(dataset), inputs.with_columns(pl.lit(last[0] if last else "").alias("run_id"))
    together = pl.concat([seen, noted]).unique("uri", keep="last", maintain_order=True)
    if not together.equals(seen, null_equal=True):
        write_part(together, dataset.base("ledger") / "seen.parquet", {})


def earlier_of(dataset: Dataset, inputs: Sequence[Input]) -> Lookup:
    """Looks up what earlier runs have read of these inputs, under whatever uri; read when it is first asked for."""
    former = {i.uri: [i.uri, *(i.last.moved_from or ())] for i in inputs if i.last is not None}
    found: dict[str, pl.DataFrame] = {}

    def look_up(uri: str) -> Sequence[Earlier]:
        if not found:
            files = pl.Series(sorted({file for files in former.values() for file in files}))
            parts = dataset.parts("records")
            records = (
                pl.scan_parquet(parts, hive_partitioning=False)
                .filter(pl.col("file").is_in(files.implode()))
                .collect()
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
