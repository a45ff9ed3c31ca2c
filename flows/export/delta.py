"""A table of Delta Lake, by the library deltalake.

What was exported of a run is in the table's application transactions: for each run one id for the files mark and one
for the rows mark, whose versions are the marks. They are committed with the rows, and checkpoints keep them for good.
To look one up, the log is read anew, so the sum of all files marks is there, too: if it is the expected one, nothing
has changed. As it is in every commit, of two exports that write at once one fails.

The dataset that a table belongs to is in the metadata of its column `run_id`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import deltalake
import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import CommitProperties, Transaction

from flows.dataset.tables import ROW_GROUP, SCHEMAS
from flows.errors import CopydeskError, UsageError
from flows.export.contents import Run
from flows.export.schemas import arrow_schema, comments, description
from flows.export.target import Conflict, Marks, Stream, in_short

#: Keys in the metadata of the column `run_id`.
DATASET: Final = "copydesk.dataset"
TABLE: Final = "copydesk.table"
#: The version of an application transaction that stands for no mark.
GONE: Final = -1
#: Columns of any length, by which no one looks for rows.
TEXTS: Final = ("title", "text", "metadata", "detail", "before", "after", "error")


class DeltaTarget:
    """A table of Delta Lake at a path or URL; `dataset_id` is None if the dataset was never exported.

    `claim` says how a dataset gets an id back.
    """

    def __init__(
        self, location: str, table: str, dataset_id: str | None, claim: Callable[[str], str]
    ) -> None:
        self._name = location
        self._uri = location if "://" in location else str(Path(location).absolute())
        self._table = table
        self._dataset_id = dataset_id
        self._claim = claim
        self._delta: Any = None
        self._rows: Mapping[str, int] = {}

    def rows_by_run(self) -> Mapping[str, int] | None:
        """How many rows the table has now of each run; None if there is none, and then the place is free."""
        if "://" not in self._uri and Path(self._uri).is_file():
            raise UsageError(f"{self._name} is a file: choose another place")
        with self._errors():
            try:
                self._delta = deltalake.DeltaTable(self._uri)
            except TableNotFoundError:
                self._refuse_other_folders()
                return None
            self._refuse_other_tables()
            self._rows = _rows_by_run(self._delta)
            return self._rows

    def files_marks(self, expected: Mapping[str, int]) -> Mapping[str, int | None]:
        """The recorded files marks of these runs; if all are the expected ones, the log is read once for their sum."""
        with self._errors():
            others = [self._version(run_id, "files") for run_id in self._rows if run_id not in expected]
            if self._version() == _sum(expected.values(), others):
                return expected
            return {run_id: self._version(run_id, "files") for run_id in expected}

    def rows_mark(self, run_id: str) -> int | None:
        """The rows mark of a run, None if it was never recorded."""
        with self._errors():
            return self._version(run_id, "rows")

    def create(self) -> None:
        """Make the table, without rows."""
        meant = {
            name: {"comment": text.replace("`", "")} for name, text in comments(self._table).items()
        }  # backticks would be SQL where tools copy comments into statements
        meant["run_id"] |= {DATASET: str(self._dataset_id), TABLE: self._table}
        schema = pa.schema([column.with_metadata(meant[column.name]) for column in arrow_schema(self._table)])
        with self._errors():
            try:
                self._delta = deltalake.DeltaTable.create(
                    self._uri,
                    schema,
                    mode="error",
                    name=self._table,
                    description=description(self._table),
                    configuration={"delta.dataSkippingStatsColumns": ",".join(_with_statistics(self._table))},
                    commit_properties=self._commit({}),
                )
            except DeltaError as error:
                if deltalake.DeltaTable.is_deltatable(self._uri):
                    raise Conflict("it was made just now") from error
                raise

    def append(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Append a run; memory holds one file of the table, some 100 MB."""
        self._write(run, marks, rows, mode="append")

    def replace(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Put these rows in the place of all that the table has of the run."""
        self._write(run, marks, rows, mode="overwrite", predicate=f"run_id = '{run.run_id}'")

    def _write(self, run: Run, marks: Marks, rows: Stream, **how: Any) -> None:
        with self._errors():
            deltalake.write_deltalake(
                self._delta,
                rows.reader,
                writer_properties=deltalake.WriterProperties(
                    compression="ZSTD", max_row_group_size=ROW_GROUP[self._table]
                ),
                commit_properties=self._commit({run.run_id: marks}),
                **how,
            )

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete runs; files that have rows of no other run are only dropped."""
        listed = ", ".join("'{}'".format(run_id.replace("'", "''")) for run_id in run_ids)
        with self._errors():
            self._delta.delete(
                f"run_id IN ({listed})",
                commit_properties=self._commit(dict.fromkeys(run_ids, Marks(GONE, GONE))),
            )

    def note(self, marks: Mapping[str, Marks]) -> None:
        """Record the marks of runs whose rows have not changed, by a commit without files."""
        with self._errors():
            deltalake.write_deltalake(
                self._delta,
                arrow_schema(self._table).empty_table(),
                mode="append",
                commit_properties=self._commit(marks),
            )

    def _commit(self, marks: Mapping[str, Marks]) -> Any:
        """What a commit says beside its rows: the new marks, and the sum of all files marks with them."""
        old = [self._version(run_id, "files") for run_id in marks]
        total = _sum([self._version(), *(files for files, _ in marks.values())], without=old)
        said = [Transaction(self._id(), total)]
        for run_id, (files, rows) in marks.items():
            said += [
                Transaction(self._id(run_id, "files"), files),
                Transaction(self._id(run_id, "rows"), rows),
            ]
        return CommitProperties(
            custom_metadata={"copydesk": {"dataset": str(self._dataset_id), "runs": list(marks)}},
            app_transactions=said,
        )

    def _version(self, *of: str) -> int | None:
        """A mark, or without arguments the sum of all files marks; None if there is none."""
        version = self._delta.transaction_version(self._id(*of)) if self._delta else None
        return None if version == GONE else version

    def _id(self, *of: str) -> str:
        return "/".join(("copydesk", str(self._dataset_id), *of))

    def _refuse_other_folders(self) -> None:
        if "://" in self._uri:
            return
        folder = Path(self._uri)
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{self._name} is not a Delta table and not empty: choose another place")

    def _refuse_other_tables(self) -> None:
        fields = {column["name"]: column for column in _json(self._delta.schema())["fields"]}
        said = fields.get("run_id", {}).get("metadata", {})
        if DATASET not in said:
            raise UsageError(
                f"{self._name} is a Delta table that copydesk did not make: choose another place"
            )
        if said[DATASET] != self._dataset_id:
            raise UsageError(
                f"{self._name} is the table of another dataset, {said[DATASET]}: choose another place; "
                f"if it is this one, which has lost its id: {self._claim(said[DATASET])}"
            )
        if said.get(TABLE) != self._table:
            raise UsageError(f"{self._name} is the table {said.get(TABLE)!r}: choose another place")
        expected = _json(deltalake.Schema.from_arrow(arrow_schema(self._table)))["fields"]
        types = {column["name"]: column["type"] for column in expected}
        if (has := {name: column["type"] for name, column in fields.items()}) != types:
            differ = sorted(name for name in {*has, *types} if has.get(name) != types.get(name))
            raise UsageError(f"{self._name} has another schema ({', '.join(differ)}): choose another place")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except CommitFailedError as error:
            raise Conflict(in_short(error)) from error
        except (DeltaError, OSError) as error:
            raise CopydeskError(f"{self._name} cannot be read or written: {in_short(error)}") from error


def _sum(
    marks: Iterable[int | None], more: Iterable[int | None] = (), without: Iterable[int | None] = ()
) -> int:
    """A sum of marks, as a mark; what is None or gone counts nothing."""
    total = sum(mark for mark in (*marks, *more) if mark and mark != GONE)
    return (total - sum(mark for mark in without if mark and mark != GONE)) % (1 << 63)


def _with_statistics(table: str) -> list[str]:
    """The columns whose least and greatest values are in the log, which would have whole texts otherwise."""
    return [name for name, dtype in SCHEMAS[table].items() if name not in TEXTS and not dtype.is_nested()]


def _json(schema: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(schema.to_json())
    return value


def _rows_by_run(delta: Any) -> dict[str, int]:
    """The rows of each run in a table: by the statistics of its files, or by reading `run_id` if one mixes runs."""
    files = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    rows: dict[str, int] = {}
    for one in files:
        run_id, number = one.get("min.run_id"), one["num_records"]
        if run_id is None or run_id != one.get("max.run_id") or number is None:
            found = deltalake.QueryBuilder().register("exported", delta)
            answer = found.execute(
                "select run_id, count(*) as number from exported group by run_id"
            ).read_all()
            return {row["run_id"]: row["number"] for row in pa.table(answer).to_pylist()}
        rows[run_id] = rows.get(run_id, 0) + number
    return rows
