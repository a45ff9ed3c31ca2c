"""The log of a run: lines of text or JSON objects, in a file of the user's choice or on stderr.

Without one, nothing but warnings is logged. Records are printable, see `flows.printable.make_logs_printable`.
"""

from __future__ import annotations

import enum
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from flows.cli.home import expand_home
from flows.errors import UsageError
from flows.printable import printable_json


class LogFormat(enum.StrEnum):
    """How a record is written."""

    TEXT = "text"
    JSON = "json"


LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log-file",
        help="Append a log of the run to this file.",
        show_default=False,
        callback=expand_home,
    ),
]
LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(
        "--log-format",
        help="Log lines of text, or JSON objects, one a line; without --log-file, on stderr.",
        show_default="text, in the file only",
    ),
]


class JsonLines(logging.Formatter):
    """A JSON object for each record: time, level, logger, message, what its `event` has, and a traceback, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **printable_json(getattr(record, "event", {})),
        }
        if record.exc_text:
            fields["traceback"] = record.exc_text
        return json.dumps(fields, ensure_ascii=False)


def is_on_stderr() -> bool:
    """Whether the log is on stderr, so that nothing else should be there."""
    return any(isinstance(one, _OnStderr) for one in logging.getLogger().handlers)


class _OnStderr(logging.StreamHandler[TextIO]):
    """The handler for stderr."""


@contextmanager
def logging_to(file: Path | None, written: LogFormat | None, *, verbose: bool = False) -> Iterator[None]:
    """Log inside the block: to a file, or else to stderr if a format is given.

    Raises UsageError if the file cannot be written.
    """
    if file is None and written is None:
        yield
        return
    try:
        handler = _OnStderr(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--log-file {file}: {error.strerror}") from error
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(JsonLines() if written is LogFormat.JSON else text)
    root, ours = logging.getLogger(), logging.getLogger("flows")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        yield
    finally:
        ours.setLevel(level)
        root.removeHandler(handler)
        handler.close()
