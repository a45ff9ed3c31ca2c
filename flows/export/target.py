"""What an export asks of a table elsewhere, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import pyarrow as pa

from flows.export.contents import Run
from flows.export.schemas import arrow_schema

#: Characters of a library's message that are shown.
SHOWN: Final = 400


class Conflict(Exception):
    """Another writer was faster, and nothing was written: the table has to be looked at again."""


class Marks(NamedTuple):
    """What is recorded of a run beside its rows."""

    files: int
    rows: int


class Stream:
    """Batches of rows on their way through a library that hides the errors of their source."""

    def __init__(self, table: str, batches: Callable[[], Iterator[Any]]) -> None:
        self._batches = batches
        self.error: Exception | None = None
        self.reader = pa.RecordBatchReader.from_batches(arrow_schema(table), self._kept())

    def _kept(self) -> Iterator[Any]:
        try:
            yield from self._batches()
        except Exception as error:
            self.error = error
            raise


class Target(Protocol):
    """A table elsewhere. Each method that changes it is one transaction, which has happened wholly or not at all.

    All raise CopydeskError if the table cannot be used, and those that change it raise Conflict.
    """

    def rows_by_run(self) -> Mapping[str, int] | None:
        """How many rows the table has now of each run; None if there is no table. It is asked first."""

    def files_marks(self, expected: Mapping[str, int]) -> Mapping[str, int | None]:
        """The recorded files marks of some runs; `expected` has those of the dataset, most likely the same."""

    def rows_mark(self, run_id: str) -> int | None:
        """The rows mark of a run, None if it was never recorded."""

    def create(self) -> None:
        """Make the table, without rows."""

    def append(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Append a run."""

    def replace(self, run: Run, marks: Marks, rows: Stream) -> None:
        """Put these rows in the place of all that the table has of the run."""

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete runs."""

    def note(self, marks: Mapping[str, Marks]) -> None:
        """Record the marks of runs whose rows have not changed."""


def in_short(error: BaseException) -> str:
    """The message of a library, on one line, without colours, and not longer than people read."""
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m|[↳│├╰]", "", str(error)).split()) or type(error).__name__
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
