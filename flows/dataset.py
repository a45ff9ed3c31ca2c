"""The published dataset on disk: its layout, its lock, and the one rename that commits a run.

    OUT/documents/run=<id>/part-*.parquet   and the same for removed, repaired, rejected: what readers read
    OUT/_copydesk/format.json               the format of the dataset
    OUT/_copydesk/lock                      held by the process that writes
    OUT/_copydesk/staging/                  a run before its commit
    OUT/_copydesk/ledger/run=<id>/          the input files that a run has read
    OUT/_copydesk/ledger/seen.parquet       input files that were read since, and held nothing new
    OUT/_copydesk/index/run=<id>/           fingerprints of the paragraphs that a run kept
    OUT/_copydesk/order/run=<id>/           how rare shingles are, where the method is "exact": of the first run alone
    OUT/_copydesk/lines/run=<id>/           how often each source printed a line
    OUT/_copydesk/runs/run=<id>/run.json    the manifest

A run counts, in every one of these folders, only if `documents/run=<id>` exists. That folder is renamed into place
last of all, after everything else is in place and on the disk: before that instant the dataset is as it was, after it
the run is there whole. What a crash leaves is swept when the next run takes the lock.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
from filelock import FileLock, Timeout

from flows.errors import CopydeskError, Locked, UsageError
from flows.tables import FORMAT, SCHEMAS, TABLES, sync, write_part

STATE: Final = ("ledger", "index", "order", "lines", "runs")
_RUN = re.compile(r"run=(r\d{6,})(?:\.\.(r\d{6,}))?")


class Dataset:
    """A dataset in a folder, which need not exist yet.

    Raises UsageError where the path is a file, or a folder that holds tables of something else, and CopydeskError where
    the dataset is of another format.
    """

    def __init__(self, root: Path) -> None:
        if "://" in str(root) or ":/" in str(root):
            raise UsageError(f"{root} is a URL: --out wants a folder of this machine")
        self.root = root.absolute()
        self.state = self.root / "_copydesk"
        self.staging = self.state / "staging"
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{self.root} is a file: --out wants a folder")
        try:
            found = json.loads((self.state / "format.json").read_text())["format"]
        except FileNotFoundError:
            strange = [name for name in TABLES if (self.root / name).exists()]
            if strange:
                raise UsageError(
                    f"{self.root} holds a folder {strange[0]!r} that copydesk did not write: name another folder"
                ) from None
        except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
            raise CopydeskError(f"{self.state / 'format.json'} is damaged: {error}") from error
        else:
            if found != FORMAT:
                raise CopydeskError(
                    f"{self.root} has format {found}, this version writes format {FORMAT}: run `copydesk migrate`"
                )

    def exists(self) -> bool:
        """Whether a run has ever been published or begun here."""
        return (self.state / "format.json").exists()

    def folder(self, table: str, run_id: str) -> Path:
        """Where the parts of one run of a table, or of a kind of state, lie."""
        return (self.state if table in STATE else self.root) / table / f"run={run_id}"

    def runs(self) -> list[str]:
        """The ids of the published runs, first to last."""
        found = []
        for folder in (self.root / "documents").glob("run=*"):
            if match := _RUN.fullmatch(folder.name):
                first, last = match[1], match[2] or match[1]
                found += [run_name(n) for n in range(int(first[1:]), int(last[1:]) + 1)]
        return sorted(found)

    def next_run(self) -> str:
        """The id of the run to come: one more than the last, and never one that was given before."""
        ids = self.runs() + [
            m[1] for p in (self.state / "runs").glob("run=*") if (m := _RUN.fullmatch(p.name))
        ]
        return run_name(1 + max((int(i[1:]) for i in ids), default=0))

    def manifest(self, run_id: str) -> dict[str, Any]:
        """What a published run wrote of itself; raises CopydeskError where that is damaged or missing."""
        path = self.folder("runs", run_id) / "run.json"
        try:
            value = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CopydeskError(f"the manifest {path} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise CopydeskError(f"the manifest {path} is no JSON object")
        return value

    def parts(self, table: str, run_id: str | None = None) -> list[Path]:
        """The part files of a table, or of a kind of state, of one run or of all published runs, in order."""
        ids = self.runs() if run_id is None else [run_id]
        return [path for i in ids for path in sorted(self.folder(table, i).glob("part-*.parquet"))]

    def read_inputs(self) -> dict[str, tuple[int, int]]:
        """The input files that runs have read: uri -> (size, modification time in ns) when it was last read."""
        paths = self.parts("ledger")
        if self._seen.exists():
            paths.append(self._seen)
        known: dict[str, tuple[int, int]] = {}
        for path in paths:
            for uri, size, modified in pl.read_parquet(path, hive_partitioning=False).iter_rows():
                known[uri] = size, modified
        return known

    def remember(self, ledger: pl.DataFrame) -> None:
        """Note inputs that were read since the last run and held nothing new, so that they need not be read again."""
        if self._seen.exists():
            ledger = pl.concat([pl.read_parquet(self._seen), ledger]).unique(
                "uri", keep="last", maintain_order=True
            )
        write_part(ledger, self._seen, {})

    @property
    def _seen(self) -> Path:
        return self.state / "ledger" / "seen.parquet"

    def scan(self, table: str, run_id: str | None = None) -> pl.LazyFrame:
        """A published table, of one run or whole; without rows where there are none."""
        parts = self.parts(table, run_id)
        if not parts:
            return pl.LazyFrame(schema=SCHEMAS[table])
        return pl.scan_parquet(parts, hive_partitioning=False)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock, with the dataset made where it is not there yet, and rid of what a crash left.

        Raises Locked where another process holds it.
        """
        try:
            self.state.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CopydeskError(f"cannot make the output folder {self.root}: {error.strerror}") from error
        lock = FileLock(self.state / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Locked(f"another run is writing {self.root}; wait for it to end, and run again") from None
        except OSError as error:
            raise CopydeskError(f"cannot write to the output folder {self.root}: {error.strerror}") from error
        try:
            self._begin()
            yield
        finally:
            lock.release()

    def _begin(self) -> None:
        marker = self.state / "format.json"
        if not marker.exists():
            partial = marker.with_suffix(".partial")
            partial.write_text(json.dumps({"format": FORMAT}) + "\n")
            sync(partial)
            partial.replace(marker)
            sync(self.state)
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir()
        published = set(self.runs())
        for table in (*TABLES[1:], *STATE):
            base = (self.state if table in STATE else self.root) / table
            for folder in base.glob("run=*"):
                match = _RUN.fullmatch(folder.name)
                if match and match[1] not in published:
                    shutil.rmtree(folder)

    def commit(self, run_id: str, staged: Path) -> None:
        """Publish the folders `staged/<table>` and `staged/<state>` as `run_id`; the last rename is the commit.

        Every file in them must be on the disk already (`tables.write_part` sees to that).
        """
        for table in (*STATE, *TABLES[::-1]):
            source, target = staged / table, self.folder(table, run_id)
            if table in STATE and not source.exists():
                continue  # what no cleaner that is switched on has a use for
            target.parent.mkdir(parents=True, exist_ok=True)
            sync(source)
            if table == "documents":
                # the commit is written only when all that belongs to it is
                bases = {self.folder(t, run_id).parent for t in (*STATE, *TABLES)} | {self.root, self.state}
                for base in filter(Path.exists, bases):
                    sync(base)
            source.rename(target)
        sync(self.root / "documents")


def run_name(number: int) -> str:
    """The id of the run of that number: r000001 is the first."""
    return f"r{number:06d}"
