"""What all commands share: consoles, common arguments, and the reporting of errors with exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import expanduser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from flows.errors import CopydeskError, UsageError, remedy
from flows.printable import printable_traceback
from flows.report.streams import Screen

if TYPE_CHECKING:
    from flows.dataset import Dataset

#: The order of commands in the help text.
COMMANDS: Final = (
    *("init", "run", "serve", "explain", "report", "runs", "verify"),
    *("rollback", "restore", "publish", "discard", "compact", "expire", "reindex", "warm"),
)


class OrderedCommands(TyperGroup):
    """The commands in the order of `COMMANDS`, not in the order of imports."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, in order."""
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


app = typer.Typer(
    name="copydesk",
    cls=OrderedCommands,
    help="Turn folders of scraped news text into a clean, deduplicated Parquet dataset.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
#: Without a terminal, rich would cut tables to 80 columns.
WIDTH: Final = None if sys.stdout is not None and sys.stdout.isatty() else 160

say = Screen(width=WIDTH)
warn = Screen(stderr=True)


def expand_home(given: Any) -> Any:
    """A path, a list of paths or None from the command line, with the home folder for `~`."""
    if isinstance(given, list | tuple):
        return [expand_home(each) for each in given]
    return given and type(given)(expanduser(str(given)))


Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Configuration file (TOML): what differs from the defaults.", callback=expand_home
    ),
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, globs or URLs: .txt, .jsonl, .csv, .parquet, .zip, .tar, .gz ..., by their content.",
        callback=expand_home,
    ),
]
Out = Annotated[Path, typer.Argument(help="Folder of a dataset.", show_default=False, callback=expand_home)]
NewOut = Annotated[
    Path,
    typer.Option("--out", help="Folder of the dataset; created if it does not exist.", callback=expand_home),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def open_dataset(out: Path) -> Dataset:
    """The dataset in a folder; raises UsageError if there is none."""
    from flows.dataset import Dataset

    dataset = Dataset(out)
    if not dataset.exists():
        raise UsageError(f"{out} is not a copydesk dataset")
    return dataset


def refuse_current_folder(out: Path) -> None:
    """Raise UsageError if `--out` names the current folder or its parent, as an empty shell variable would."""
    if not str(out).strip("."):
        raise UsageError("--out must name a folder of its own, not the current one")


@contextmanager
def report_errors(consequence: str = "") -> Iterator[None]:
    """Turn exceptions into a message and an exit code; a user's mistake gives no traceback.

    `consequence` says what the failure left undone.
    """
    end = f"; {consequence}" if consequence else ""
    try:
        yield
    except CopydeskError as error:
        warn.print(*f"copydesk: {error}".split("\n"))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        warn.print(f"copydesk: interrupted{end}")
        sys.exit(130)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        warn.print(f"copydesk: {error.strerror or error}{where}{end}{remedy(error)}")
        sys.exit(5)
    except Exception as error:
        warn.print(*printable_traceback(error).split("\n"))
        warn.print(f"copydesk: this is a bug in copydesk{end}")
        sys.exit(5)
