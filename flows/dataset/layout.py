"""Where the files of a dataset lie, and which runs are in it.

Other modules ask a `Layout`: they spell no path below `_copydesk` themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.dataset.checksums import read_json
from flows.dataset.names import (
    EXCHANGE,
    LINE_TOTALS,
    LOCK,
    POSTINGS,
    REFERENCES,
    REPORTS,
    STAGING,
    STATE_FOLDER,
    SUSPECTS,
)
from flows.dataset.remote import MARKER, fetch
from flows.dataset.tables import TABLES
from flows.errors import CopydeskError, UsageError

#: Kinds of state that a run leaves in `_copydesk`, in a folder for each run, as the tables have.
STATE: Final = (
    *("ledger", "records", "unpublished", "index", "shingle_frequencies", "line_counts", "labels"),
    *("source_stats", "runs"),
)
#: Kinds that have one part for each shard; the parts of a shard have the same name in all of them.
SHARDED: Final = (*TABLES, "records", "unpublished", "index")
#: Kinds whose parts are kept, in the folder `expired`, when their run expires.
OUTLIVE: Final = ("ledger", "records", "line_counts", "shingle_frequencies")
#: Kinds whose rows have no `run_id`.
WITHOUT_RUN_ID: Final = ("shingle_frequencies",)
#: Kinds of state that belong to no run: restored text, and the places of witnesses that expired.
OF_NO_RUN: Final = ("exceptions", "witnesses")
#: Where the last run that was ever rolled back is recorded. No other file has it, so it is written twice.
ROLLED_BACK_IN: Final = ("runs", "ledger")

#: Names of files and folders that lie in a folder of runs, of staging or of the exchange alike.
FIRST_PART: Final = "part-00000.parquet"
RUN_JSON: Final = "run.json"  # the manifest of a folder of runs
PARTS_JSON: Final = "parts.json"  # checksums of the parts of a folder that belongs to no run
HELD_JSON: Final = "held.json"  # why a run is held
PUBLISH: Final = "publish"  # the tables and state of a staged or held run

_RUN = re.compile(r"run=(r\d{6,})(?:\.\.(r\d{6,}))?")


def run_name(number: int) -> str:
    """The id of the run of that number: r000001 is the first."""
    return f"r{number:06d}"


@dataclass(frozen=True, order=True)
class Span:
    """The runs that one folder holds: one, or several that were compacted."""

    first: int
    last: int

    @classmethod
    def of(cls, folder: str) -> Span | None:
        """The span that a folder of this name holds; None if the name is not a run's."""
        match = _RUN.fullmatch(folder)
        if match is None:
            return None
        first = int(match[1][1:])
        span = cls(first, int(match[2][1:]) if match[2] else first)
        return span if f"run={span}" == folder and span.first <= span.last else None

    def __str__(self) -> str:
        first, last = run_name(self.first), run_name(self.last)
        return first if self.first == self.last else f"{first}..{last}"

    def __contains__(self, run_id: object) -> bool:
        """Whether a run lies between the first and the last, both included."""
        number = re.fullmatch(r"r(\d{6,})", run_id) if isinstance(run_id, str) else None
        return number is not None and self.first <= int(number[1]) <= self.last


class Folders:
    """The folders of the tables (in `root`) and of the kinds of state (in `state`), and the files beside the runs.

    A dataset has these folders, and so has the tree of folders that will be exchanged for them.
    """

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self.state = state

    def base(self, kind: str) -> Path:
        """The folder of a table, or of a kind of state."""
        return (self.root if kind in TABLES else self.state) / kind

    def folder(self, kind: str, span: Span) -> Path:
        """The folder of a span of runs in a table, or in a kind of state."""
        return self.base(kind) / f"run={span}"

    def expired(self, kind: str) -> Path:
        """The folder of the parts that outlived their runs."""
        return self.base(kind) / "expired"

    def rolled_back_file(self, kind: str) -> Path:
        """The record of the last run that was rolled back; `kind` is one of ROLLED_BACK_IN."""
        return self.base(kind) / "rolled_back.json"

    @property
    def seen_file(self) -> Path:
        """The inputs that were read after the last run and held nothing new."""
        return self.base("ledger") / "seen.parquet"

    @property
    def exceptions_file(self) -> Path:
        """The text that was restored."""
        return self.base("exceptions") / FIRST_PART

    @property
    def expired_witnesses_file(self) -> Path:
        """The places of expired paragraphs that duplicates still name."""
        return self.base("witnesses") / FIRST_PART


class Layout(Folders):
    """The files of a dataset in `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        root = root.absolute()
        super().__init__(root, root / STATE_FOLDER)
        self.format_file = self.state / "format.json"
        self.lock_file = self.state / LOCK
        self.identity_file = self.state / "identity.json"
        self.history_file = self.state / "history.parquet"
        self.inventory_file = self.state / "inventory.json"
        self.rollback_file = self.state / "rollback.json"
        self.culprits_file = self.state / "culprits.json"
        self.card_file = root / "README.md"
        self.card_facts_file = self.state / "card.json"
        self.postings = self.state / POSTINGS
        self.line_totals = self.state / LINE_TOTALS
        self.references = self.state / REFERENCES
        self.suspects = self.state / SUSPECTS
        self.reviews = self.state / "reviews"
        self.held = self.state / "held"
        self.reports = self.state / REPORTS
        self.staging = self.state / STAGING
        exchanged = self.staging / EXCHANGE
        self.tree = Folders(exchanged, exchanged)

    def exists(self) -> bool:
        """Whether the folder is a dataset: a run was started here, published or not."""
        return self.format_file.exists()

    def held_file(self, run_id: str) -> Path:
        """Why a run is held."""
        return self.held / run_id / HELD_JSON

    def held_publish(self, run_id: str) -> Path:
        """The tables and the state of a held run."""
        return self.held / run_id / PUBLISH

    def folder(self, kind: str, span: str | Span) -> Path:
        """The folder of a span of runs, or of the span that holds this run, in a table or in a kind of state."""
        return self.base(kind) / f"run={self.span(span) if isinstance(span, str) else span}"

    def report_file(self, run_id: str) -> Path:
        """The page of a run."""
        return self.reports / f"{run_id}.html"

    def spans(self) -> list[Span]:
        """The folders of published runs, first to last."""
        try:
            names = [entry.name for entry in (self.root / "documents").iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(span for name in names if (span := Span.of(name)))

    def runs(self) -> list[str]:
        """The ids of the published runs, first to last."""
        return [run_id for span in self.spans() for run_id in self._within(span)]

    def _within(self, span: Span) -> list[str]:
        numbered = [run_name(n) for n in range(span.first, span.last + 1)]
        if len(numbered) == 1:
            return numbered
        try:  # numbers of runs that were rolled back are missing between the first and the last
            published = set(read_json(self.folder("runs", span) / RUN_JSON)["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return numbered
        return [run_id for run_id in numbered if run_id in published]

    def held_runs(self) -> list[str]:
        """The ids of the held runs, first to last."""
        try:
            names = [entry.name for entry in self.held.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in names if re.fullmatch(r"r\d{6,}", name))

    def span(self, run_id: str) -> Span | str:
        """The span that holds a run; the run itself if none does."""
        if (self.root / "documents" / f"run={run_id}").is_dir():
            return run_id
        return next((span for span in self.spans() if run_id in span), run_id)

    def parts(self, kind: str, run: str | Span | None = None) -> list[Path]:
        """The part files of a table, or of a kind of state, of one span or of all runs, in order.

        With all runs, parts that outlived their runs come first.
        """
        if run is not None:
            return parts_in(self.folder(kind, run))
        folders = [self.expired(kind), *(self.folder(kind, span) for span in self.spans())]
        fetch(*folders)
        return [path for folder in folders for path in parts_in(folder)]


def is_dataset(folder: str) -> bool:
    """Whether a folder is a dataset."""
    return Layout(Path(folder)).exists()


def parts_in(folder: Path) -> list[Path]:
    """The part files of a folder, in order; of a dataset behind a URL they are fetched."""
    fetch(folder)
    return sorted(folder.glob("part-*.parquet"))


def rolled_back(layout: Layout) -> int:
    """The number of the last run that was ever rolled back, which is not given again; 0 if there is none.

    Raises CopydeskError if no record is intact.
    """
    numbers, damage = [], None
    for kind in ROLLED_BACK_IN:
        try:
            numbers.append(rolled_back_in(layout, kind) or 0)
        except CopydeskError as error:
            damage = error
    if damage and not any(numbers):
        raise damage
    return max(numbers)


def rolled_back_in(layout: Layout, kind: str) -> int | None:
    """The number of the last rolled-back run by one of its two records, None if that is missing.

    Raises CopydeskError if the record is damaged.
    """
    path = layout.rolled_back_file(kind)
    try:
        return int(read_json(path)["last"][1:])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CopydeskError(f"{path} is damaged: {error}") from error


def refuse_other_folders(root: Path) -> None:
    """Raise UsageError if `root` cannot become a dataset: a URL, a file, or a folder with other content."""
    if "://" in str(root) or ":/" in str(root):
        raise UsageError(
            f"{root} is a URL: a folder is needed here (`flows.dataset.remote.local_folder` gives one)"
        )
    if any("\ud800" <= character <= "\udfff" for character in str(root.absolute())):
        raise UsageError(f"{root} is not UTF-8: --out needs a folder whose path is")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file: --out needs a folder")
    if Layout(root).exists() or Layout(root).inventory_file.exists() or (root / MARKER).exists():
        return  # of a dataset behind a URL, it is the URL that must have no other content
    if (other := _other_content(Layout(root))) is not None:
        raise UsageError(
            f"{root} is not a copydesk dataset: it holds {other!r}, which copydesk did not write; choose another folder"
        )


def _other_content(layout: Layout) -> str | None:
    """The name of something in a folder that is not what a first run leaves if it is killed at once."""
    unfinished = {layout.lock_file, layout.state / f".{layout.format_file.name}.partial"}
    for folder, own in ((layout.root, {layout.state}), (layout.state, unfinished)):
        if folder.is_dir():
            for path in folder.iterdir():
                if path not in own:
                    return path.relative_to(layout.root).as_posix()
    return None
