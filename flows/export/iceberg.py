"""A table of Apache Iceberg, by the library pyiceberg.

What was exported of a run is in the properties of the table, which outlive snapshots: `copydesk.run.<id>` has the two
marks of a run, and is set by the transaction that writes its rows. The snapshots name the run, too.

pyiceberg commits an append again upon the snapshot of a faster writer. An export must not: that writer may have
appended the same run. So the number of retries is set to 0, in memory only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import EqualTo, In
from pyiceberg.schema import Schema
from pyiceberg.types import FloatType, ListType, LongType, NestedField, StringType, TimestamptzType

from flows.dataset.tables import SCHEMAS
from flows.errors import CopydeskError, UsageError
from flows.export.contents import Run
from flows.export.schemas import comments, description
from flows.export.target import Conflict, Marks, Stream, in_short

DATASET: Final = "copydesk.dataset"
TABLE: Final = "copydesk.table"
RUN: Final = "copydesk.run."
#: Bytes of rows in memory that become a file: so much does an export hold.
FILE: Final = 128 << 20
#: The catalog of a warehouse folder, named as in pyiceberg's own documentation.
CATALOG_FILE: Final = "pyiceberg_catalog.db"
CATALOG_NAME: Final = "default"

_TYPES: Final[dict[pl.DataType, Any]] = {
    pl.String(): StringType(),
    pl.UInt32(): LongType(),
    pl.Float32(): FloatType(),
    pl.Datetime("us", "UTC"): TimestamptzType(),
}
#: Where the exceptions come from that pyiceberg lets through.
_OF_LIBRARIES: Final = (
    "pyiceberg",
    "sqlalchemy",
    "requests",
    "botocore",
    "fsspec",
    "s3fs",
    "pyarrow",
    "google",
    "azure",
)


def catalog_of(name: str | None, warehouse: Path | None, *, make: bool = True) -> Catalog:
    """A catalog of pyiceberg's configuration by its name, or the one in a folder, which is made if it does not exist.

    If it may not be made, it is empty instead. Raises UsageError if pyiceberg's configuration has no such catalog.
    """
    if warehouse is not None:
        from pyiceberg.catalog.sql import SqlCatalog

        folder = warehouse.absolute()
        with _errors(str(warehouse)):
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            file = folder / CATALOG_FILE if make or (folder / CATALOG_FILE).exists() else ":memory:"
            return SqlCatalog(CATALOG_NAME, uri=f"sqlite:///{file}", warehouse=folder.as_uri())
    try:
        return load_catalog(name)
    except Exception as error:
        raise UsageError(
            f"the catalog {name or CATALOG_NAME!r} cannot be used: {in_short(error)}; name one of pyiceberg's "
            "configuration with --catalog, or a folder with --warehouse"
        ) from error


def iceberg_schema(table: str) -> Schema:
    """The columns of a table; all of them may be null."""
    fields = []
    for number, (name, dtype) in enumerate(SCHEMAS[table].items(), 1):
        kind = _TYPES.get(dtype) or ListType(1_000 + number, StringType(), element_required=False)
        fields.append(NestedField(number, name, kind, required=False, doc=comments(table)[name]))
    return Schema(*fields)


def check_name(identifier: str, table: str) -> None:
    """Raise UsageError if a table has no namespace."""
    if "." not in identifier.strip("."):
        raise UsageError(
            f"--to {identifier}: an Iceberg table has a namespace and a name, such as news.{table}"
        )


class IcebergTarget:
    """A table in a catalog; `dataset_id` is None if the dataset was never exported.

    `claim` says how a dataset gets an id back.
    """

    def __init__(
        self,
        catalog: Catalog,
        identifier: str,
        table: str,
        dataset_id: str | None,
        claim: Callable[[str], str],
    ) -> None:
        self._catalog = catalog
        self._name = identifier
        self._table = table
        self._dataset_id = dataset_id
        self._claim = claim
        self._iceberg: Any = None

    def rows_by_run(self) -> Mapping[str, int] | None:
        """How many rows the table has now of each run; None if there is none."""
        with _errors(self._name):
            try:
                self._iceberg = self._catalog.load_table(self._name)
            except NoSuchTableError:
                return None
            self._refuse_other_tables()
            return _rows_by_run(self._iceberg)

    def files_marks(self, expected: Mapping[str, int]) -> Mapping[str, int | None]:
        """The recorded files marks of these runs."""
        return {run_id: self._mark(run_id, 0) for run_id in expected}

    def rows_mark(self, run_id: str) -> int | None:
        """The rows mark of a run, None if it was never recorded."""
        return self._mark(run_id, 1)

    def _mark(self, run_id: str, which: int) -> int | None:
        try:
            return int(self._iceberg.properties[f"{RUN}{run_id}"].split()[which])
        except (KeyError, IndexError, ValueError):
            return None

    def create(self) -> None:
        """Make the table, without rows, and its namespace if need be."""
        with _errors(self._name):
            try:
                self._catalog.create_namespace_if_not_exists(self._name.rpartition(".")[0])
                self._iceberg = self._catalog.create_table(
                    self._name,
                    iceberg_schema(self._table),
                    properties={
                        "comment": description(self._table),
                        "write.target-file-size-bytes": str(FILE),
                        "write.parquet.compression-codec": "zstd",
                        DATASET: str(self._dataset_id),
                        TABLE: self._table,
                    },
                )
            except (TableAlreadyExistsError, NamespaceAlreadyExistsError) as error:
                raise Conflict("it was made just now") from error

    def append(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Append a run; memory holds one file of the table."""
        self._commit(
            lambda tx: tx.append(rows.reader, snapshot_properties=self._said([run.run_id])),
            {run.run_id: marks},
        )

    def replace(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Put these rows in the place of all that the table has of the run; readers see both snapshots or neither."""
        self._commit(
            lambda tx: tx.overwrite(
                rows.reader,
                EqualTo(term="run_id", value=run.run_id),
                snapshot_properties=self._said([run.run_id]),
            ),
            {run.run_id: marks},
        )

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete runs; files that have rows of no other run are only dropped."""
        self._commit(
            lambda tx: tx.delete(
                In(term="run_id", literals=run_ids), snapshot_properties=self._said(run_ids)
            ),
            {},
            forget=run_ids,
        )

    def note(self, marks: Mapping[str, Marks]) -> None:
        """Record the marks of runs whose rows have not changed; there is no new snapshot."""
        self._commit(lambda _tx: None, marks)

    def _commit(
        self, change: Callable[[Any], object], marks: Mapping[str, Marks], forget: Sequence[str] = ()
    ) -> None:
        with _errors(self._name):
            self._iceberg.metadata.properties["commit.retry.num-retries"] = "0"
            with self._iceberg.transaction() as transaction:
                change(transaction)
                known = [
                    f"{RUN}{run_id}" for run_id in forget if f"{RUN}{run_id}" in self._iceberg.properties
                ]
                if known:
                    transaction.remove_properties(*known)
                if marks:
                    transaction.set_properties(
                        {f"{RUN}{run_id}": f"{files} {rows}" for run_id, (files, rows) in marks.items()}
                    )

    def _said(self, run_ids: Sequence[str]) -> dict[str, str]:
        return {DATASET: str(self._dataset_id), "copydesk.runs": ",".join(run_ids)}

    def _refuse_other_tables(self) -> None:
        said = self._iceberg.properties
        if DATASET not in said:
            raise UsageError(f"{self._name} is a table that copydesk did not make: choose another name")
        if said[DATASET] != self._dataset_id:
            raise UsageError(
                f"{self._name} is the table of another dataset, {said[DATASET]}: choose another name; "
                f"if it is this one, which has lost its id: {self._claim(said[DATASET])}"
            )
        if said.get(TABLE) != self._table:
            raise UsageError(f"{self._name} is the table {said.get(TABLE)!r}: choose another name")
        types = {column.name: str(column.field_type) for column in iceberg_schema(self._table).fields}
        has = {column.name: str(column.field_type) for column in self._iceberg.schema().fields}
        if has != types:
            differ = sorted(name for name in {*has, *types} if has.get(name) != types.get(name))
            raise UsageError(f"{self._name} has another schema ({', '.join(differ)}): choose another name")


@contextmanager
def _errors(name: str) -> Iterator[None]:
    try:
        yield
    except (CopydeskError, Conflict):
        raise
    except (CommitFailedException, CommitStateUnknownException, ValidationException) as error:
        raise Conflict(in_short(error)) from error
    except Exception as error:
        if "database is locked" in str(error):
            raise Conflict(in_short(error)) from error
        if isinstance(error, OSError) or type(error).__module__.startswith(_OF_LIBRARIES):
            raise CopydeskError(f"{name} cannot be read or written: {in_short(error)}") from error
        raise


def _rows_by_run(iceberg: Any) -> dict[str, int]:
    """The rows of each run in a table: by the bounds of its files, or by reading `run_id` if one mixes runs."""
    field_id = iceberg.schema().find_field("run_id").field_id
    rows: dict[str, int] = {}
    for task in iceberg.scan().plan_files():
        lower, upper = task.file.lower_bounds.get(field_id), task.file.upper_bounds.get(field_id)
        if task.delete_files or lower is None or lower != upper:
            break
        run_id = lower.decode()
        rows[run_id] = rows.get(run_id, 0) + task.file.record_count
    else:
        return rows
    rows = {}
    for batch in iceberg.scan(selected_fields=("run_id",)).to_arrow_batch_reader():
        for one in batch.column("run_id").value_counts().to_pylist():
            rows[one["values"]] = rows.get(one["values"], 0) + one["counts"]
    return rows
