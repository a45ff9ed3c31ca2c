"""What all commands share: consoles, common arguments, and the reporting of errors with exit codes."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from flows.cli.home import dataset_folder, expand_home
from flows.cli.logs import is_on_stderr
from flows.errors import CopydeskError, UsageError, remedy
from flows.printable import printable, printable_traceback
from flows.report.streams import Screen

if TYPE_CHECKING:
    from flows.dataset import Dataset

#: The order of commands in the help text.
COMMANDS: Final = (
    *("init", "run", "serve", "explain", "report", "copies", "runs", "files", "verify"),
    *(
        "rollback",
        "restore",
        "relabel",
        "review",
        "publish",
        "discard",
        "compact",
        "expire",
        "reindex",
        "export",
        "warm",
    ),
)


class OrderedCommands(TyperGroup):
    """The commands in the order of `COMMANDS`, not in the order of imports."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, in order."""
        return sorted(super().list_commands(ctx), key=COMMANDS.index)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C is answered by all of them alike."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _fail("interrupted", 130)


_log: Final = logging.getLogger(__name__)


def examples(*commands: str) -> str:
    """The end of a help text: commands that people may copy, a line each."""
    return "\b\n" + "\n".join(("Examples:", *(f"  {command}" for command in commands)))


app = typer.Typer(
    name="copydesk",
    cls=OrderedCommands,
    help="Turn folders of scraped news text into a clean, deduplicated Parquet dataset.",
    epilog=examples(
        "copydesk init /data/scraped",
        "copydesk run /data/scraped --out /data/news",
        "copydesk runs /data/news",
        "copydesk COMMAND --help",
    ),
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
#: Without a terminal, rich would cut tables to 80 columns.
WIDTH: Final = None if sys.stdout is not None and sys.stdout.isatty() else 160

say = Screen(width=WIDTH)
warn = Screen(stderr=True)


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
Out = Annotated[
    Path, typer.Argument(help="Folder or URL of a dataset.", show_default=False, callback=dataset_folder)
]
NewOut = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        help="Folder of the dataset, or a URL such as s3://bucket/news; it is made if it does not exist.",
        callback=dataset_folder,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask. Without a terminal, nothing is asked anyway.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more, and log more.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say.print(f"copydesk {version('copydesk')}")
        raise typer.Exit


@app.callback()
def _options_of_all(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Turn folders of scraped news text into a clean, deduplicated Parquet dataset."""


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


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object in one line."""
    sys.stdout.write(f"{json.dumps(value, ensure_ascii=False)}\n")
    sys.stdout.flush()


def ask(*what: Any, yes: bool, otherwise: str) -> None:
    """Show what is about to happen, and go on only if the person at the terminal agrees; exit with 130 if not.

    With `yes`, and where there is no terminal, as in scripts, nothing is shown or asked. `otherwise` says what a "no"
    leaves as it was.
    """
    if yes or not (sys.stdin and sys.stdin.isatty() and say.is_terminal):
        return
    say.print(*what)
    try:
        answer = input("Go on? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        say.print(otherwise)
        sys.exit(130)


@contextmanager
def report_errors(
    consequence: str = "", answer: Callable[[str, int], object] = lambda _message, _code: None
) -> Iterator[None]:
    """Turn exceptions into a message and an exit code; a user's mistake gives no traceback.

    `consequence` says what the failure left undone. `answer` is called with the message and the exit code, too.
    """
    end = f"; {consequence}" if consequence else ""
    try:
        yield
    except CopydeskError as error:
        _fail(str(error), error.exit_code, answer)
    except KeyboardInterrupt:
        _fail(f"interrupted{end}", 130, answer)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}{end}{remedy(error)}", 5, answer)
    except Exception as error:
        if not is_on_stderr():
            warn.print(*printable_traceback(error).split("\n"))
        if _log.hasHandlers():
            _log.error("a bug in copydesk", exc_info=error)
        _fail(f"this is a bug in copydesk{end}", 5, answer)


def _fail(
    message: str, code: int, answer: Callable[[str, int], object] = lambda _message, _code: None
) -> NoReturn:
    lines = [printable(line) for line in message.split("\n")]
    answer("\n".join(lines), code)
    if not is_on_stderr():
        warn.print(*f"copydesk: {message}".split("\n"))
    if _log.hasHandlers():  # Python would print it again
        text = " ".join(line.strip() for line in lines)
        _log.error("%s", text, extra={"event": {"event": "end", "exit_code": code}})
    sys.exit(code)
