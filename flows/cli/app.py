"""What all commands share: the screen, the arguments that come again, and errors told with their exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from typer.core import TyperGroup

from flows.errors import CopydeskError, UsageError, way_out

if TYPE_CHECKING:
    from flows.dataset import Dataset

#: In the order of a day's work; help shows commands so.
COMMANDS: Final = (
    *("run", "serve", "explain", "runs", "verify"),
    *("rollback", "restore", "publish", "discard", "compact", "expire", "reindex"),
)


class InOrder(TyperGroup):
    """The commands in the order of `COMMANDS`, whichever module was loaded first."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands."""
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


app = typer.Typer(
    name="copydesk",
    cls=InOrder,
    help="Turn folders of scraped news text into a clean, deduplicated Parquet dataset.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
#: A table written to a file or a pipe is not cut to the width of a terminal that is not there.
WIDTH: Final = None if sys.stdout.isatty() else 160


class Screen(Console):
    """A console that a closed pipe silences and does not stop: a run goes on when nobody listens to it."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())


say = Screen(highlight=False, soft_wrap=True, width=WIDTH)
warn = Screen(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[
    Path | None, typer.Option("--config", help="Configuration (TOML): what differs from the defaults.")
]
Out = Annotated[Path, typer.Argument(help="Folder of a dataset.", show_default=False)]


def open_dataset(out: Path) -> Dataset:
    """The dataset in a folder; raises UsageError where there is none."""
    from flows.dataset import Dataset

    dataset = Dataset(out)
    if not dataset.exists():
        raise UsageError(f"{out} is no dataset of copydesk")
    return dataset


@contextmanager
def report_errors(consequence: str = "") -> Iterator[None]:
    """Turn what is raised into a message and the exit code that belongs to it; no traceback for a user's mistake."""
    end = f"; {consequence}" if consequence else ""
    try:
        yield
    except CopydeskError as error:
        warn.print(f"copydesk: {error}", markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        warn.print(f"copydesk: interrupted{end}")
        sys.exit(130)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        warn.print(f"copydesk: {error.strerror or error}{where}{end}{way_out(error)}", markup=False)
        sys.exit(5)
    except Exception:
        warn.print(traceback.format_exc(), markup=False)
        warn.print(f"copydesk: this is a fault in copydesk{end}")
        sys.exit(5)
