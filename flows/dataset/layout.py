"""Where everything of a dataset lies, and which runs are in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.dataset.tables import TABLES
from flows.errors import CopydeskError, UsageError

#: Kinds of state that a run leaves in `_copydesk`, in folders like those of the tables.
STATE: Final = (
    *("ledger", "records", "unpublished", "index", "shingle_frequencies", "line_counts", "labels"),
    *("source_stats", "runs"),
)
#: Kinds that have a part for each shard, all of the same names.
SHARDED: Final = (*TABLES, "records", "unpublished", "index")
#: Kinds that stay, in the folder EXPIRED, when their run expires.
OUTLIVE: Final = ("ledger", "records", "line_counts", "shingle_frequencies")
UNSIGNED: Final = ("shingle_frequencies",)  # rows tell no run
EXPIRED: Final = "expired"
#: The last run that was ever taken back. Nothing else tells of it, so that it is written twice.
ROLLED_BACK: Final = "rolled_back.json"
ROLLED_BACK_IN: Final = ("runs", "ledger")
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
        """The span of a folder of that name; None where it is none of ours."""
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
        """Whether a run lies between the first and the last."""
        number = re.fullmatch(r"r(\d{6,})", run_id) if isinstance(run_id, str) else None
        return number is not None and self.first <= int(number[1]) <= self.last


class Layout:
    """The folders of a dataset in `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.state = self.root / "_copydesk"
        self.staging = self.state / "staging"
        self.held = self.state / "held"
        self.marker = self.state / "format.json"

    def exists(self) -> bool:
        """Whether a run has ever been published or begun here."""
        return self.marker.exists()

    def base(self, table: str) -> Path:
        """The folder of a table, or of a kind of state."""
        return (self.root if table in TABLES else self.state) / table

    def folder(self, table: str, run: str | Span) -> Path:
        """Where the parts of a span of runs, named or given by one of its runs, lie in a table or a kind of state."""
        return self.base(table) / f"run={self.span(run) if isinstance(run, str) else run}"

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
        try:  # of the numbers between first and last some may have been taken back, and are not given again
            told = set(json.loads((self.folder("runs", span) / "run.json").read_text())["runs"])
        except (OSError, ValueError, KeyError, TypeError):
            return numbered
        return [run_id for run_id in numbered if run_id in told]

    def held_runs(self) -> list[str]:
        """The ids of the runs that are held, first to last."""
        try:
            names = [entry.name for entry in self.held.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in names if re.fullmatch(r"r\d{6,}", name))

    def span(self, run_id: str) -> Span | str:
        """The span that holds a run; the run itself where none does."""
        if (self.root / "documents" / f"run={run_id}").is_dir():
            return run_id
        return next((span for span in self.spans() if run_id in span), run_id)

    def parts(self, table: str, run: str | Span | None = None) -> list[Path]:
        """The part files of a table, or of a kind of state, of one span or of all runs, in order.

        What outlives its run when that expires comes first.
        """
        if run is not None:
            return sorted(self.folder(table, run).glob("part-*.parquet"))
        folders = [self.base(table) / EXPIRED, *(self.folder(table, span) for span in self.spans())]
        return [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]


def rolled_back(layout: Layout) -> int:
    """The number of the last run that was ever taken back, which is not given again; 0 where none was."""
    return max(rolled_back_in(layout, kind) or 0 for kind in ROLLED_BACK_IN)


def rolled_back_in(layout: Layout, kind: str) -> int | None:
    """What one of the places tells of the last run that was taken back; raises CopydeskError where it is damaged."""
    path = layout.base(kind) / ROLLED_BACK
    try:
        return int(json.loads(path.read_text())["last"][1:])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CopydeskError(f"{path} is damaged: {error}") from error


def refuse_other_folders(root: Path) -> None:
    """Raise UsageError where `root` cannot become a dataset: a URL, a file, a folder of something else."""
    if "://" in str(root) or ":/" in str(root):
        raise UsageError(f"{root} is a URL: --out wants a folder of this machine")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file: --out wants a folder")
    if not (root / "_copydesk" / "format.json").exists():
        strange = [name for name in TABLES if (root / name).exists()]
        if strange:
            raise UsageError(
                f"{root} holds a folder {strange[0]!r} that copydesk did not write: name another folder"
            )
