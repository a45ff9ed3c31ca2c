"""The comparison of a dataset with a table elsewhere, and the steps that make the table equal to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from flows.dataset import Dataset
from flows.errors import CopydeskError
from flows.export.contents import Contents, Run, read_contents
from flows.export.target import Conflict, Marks, Stream, Target

#: How often in a row an export may begin again without having done anything, and the seconds between.
ATTEMPTS: Final = 5
WAIT = 0.2
EXPORTING: Final = "exporting rows"

#: Called with what is done, how much of it, and of how much.
Report = Callable[[str, int, int], None]


@dataclass
class Changes:
    """What an export did, or would do: run -> rows."""

    appended: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    noted: list[str] = field(default_factory=list)  # runs in other files than before, with the same rows
    created: bool = False
    runs: int = 0  # that the table has at the end
    rows: int = 0

    @property
    def transactions(self) -> int:
        """How many there were so far."""
        return len(self.appended) + len(self.replaced) + len(self.deleted) + len(self.noted) + self.created


class _Moved(Exception):
    """The dataset could not be read: files were exchanged while they were read, or it is damaged."""


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, CopydeskError) as error:
        raise _Moved from error


def export(
    dataset: Dataset,
    target: Target,
    table: str,
    *,
    dry_run: bool = False,
    report: Report = lambda _stage, _done, _total: None,
) -> Changes:
    """Make a table elsewhere equal to a table of a dataset; what was done.

    With `dry_run`, nothing is written, and what would be done is returned. A command that changes the dataset in the
    meantime is waited for by beginning again. Raises CopydeskError; what was done until then stays, and the next export
    does the rest.
    """
    changes, failures = Changes(), 0
    while True:
        before = changes.transactions
        try:
            _follow(dataset, target, table, changes, report, dry_run=dry_run)
            return changes
        except (_Moved, Conflict) as error:
            failures = 1 if changes.transactions > before else failures + 1
            if failures == ATTEMPTS:
                if isinstance(error, _Moved) and error.__cause__:
                    raise error.__cause__ from None
                raise CopydeskError(
                    f"other writers were faster {ATTEMPTS} times; export again when they are done ({error})"
                ) from error
            time.sleep(WAIT * failures)


def _follow(
    dataset: Dataset, target: Target, table: str, changes: Changes, report: Report, *, dry_run: bool
) -> None:
    with _reading():
        contents = read_contents(dataset, table)
    rows = target.rows_by_run()
    if rows is None:
        if not dry_run:
            target.create()
        changes.created = True
        rows = {}
    counted = {
        run.run_id: run.files_mark for run in contents.runs.values() if rows.get(run.run_id) == run.rows
    }
    marks = target.files_marks(counted) if counted else {}
    new: list[Run] = []
    changed: list[Run] = []
    same: dict[str, Marks] = {}
    for run in contents.runs.values():
        if run.run_id not in rows:
            new.append(run)
        elif run.run_id not in counted:
            changed.append(run)
        elif (known := marks[run.run_id]) != run.files_mark:
            with _reading():
                mark = contents.rows_mark(run)
            if known is not None and mark == target.rows_mark(run.run_id):
                same[run.run_id] = Marks(run.files_mark, mark)
            else:
                changed.append(run)
    gone = {run_id: number for run_id, number in rows.items() if run_id not in contents.runs}
    changes.runs, changes.rows = len(contents.runs), contents.rows
    _make_equal(target, contents, (new, changed, same, gone), changes, report, dry_run=dry_run)


def _make_equal(
    target: Target,
    contents: Contents,
    steps: tuple[list[Run], list[Run], dict[str, Marks], dict[str, int]],
    changes: Changes,
    report: Report,
    *,
    dry_run: bool,
) -> None:
    """Delete what is gone, then replace, then append in the order of the runs; `changes` takes note of each step."""
    new, changed, same, gone = steps
    total = sum(run.rows for run in (*new, *changed))
    done = 0

    def write(step: Callable[[Run, Marks, Stream], None], run: Run) -> None:
        nonlocal done
        if dry_run:
            return
        with _reading():
            marks = Marks(run.files_mark, contents.rows_mark(run))

        def rows() -> Iterator[object]:
            nonlocal done
            for batch in contents.batches(run):
                yield batch
                done += len(batch)
                report(EXPORTING, min(done, total), total)

        stream = Stream(contents.table, rows)
        try:
            step(run, marks, stream)
        except Exception:
            if stream.error:
                with _reading():
                    raise stream.error from None
            raise

    if gone:
        if not dry_run:
            target.delete(list(gone))
        changes.deleted |= gone
    if same:
        if not dry_run:
            target.note(same)
        changes.noted += same
    for run in changed:
        write(target.replace, run)
        changes.replaced[run.run_id] = run.rows
    for run in new:
        write(target.append, run)
        changes.appended[run.run_id] = run.rows
