"""The exceptions of copydesk, and the exit codes.

    CopydeskError              5  the run failed and nothing was published
    +-- UsageError             2  the arguments of a command are invalid
    |   +-- ConfigurationError 2  a configuration or phrase file is wrong; the message names file, line or key
    |   +-- InputMissing       2  an input does not exist
    +-- Held                   3  an anomaly guard holds this run or an earlier one
    +-- Locked                 4  another run is writing the dataset

A message has one line for each argument. As a string it is printable: whatever it quotes of an input, a file name or a
configuration can neither control a terminal nor start a line of its own, see `flows.printable`.

An input that cannot be read raises none of these: it becomes a row in `rejected`, and the run continues.
"""

from __future__ import annotations

import errno
from typing import Final

from flows.printable import printable

#: What each exit code of the command means.
EXIT_CODES: Final = {
    0: "done; also if nothing was new, and if a glob matches nothing",
    1: "of a dataset's first run, nothing could be read; with `--strict`, some inputs were rejected",
    2: "wrong usage or configuration, or an input that does not exist",
    3: "a guard holds this run or an earlier one, and nothing was published",
    4: "another run is writing the dataset",
    5: "failed, and nothing was published: disk full, no permission, a bug",
    6: "`verify` found damage",
    130: "interrupted, or answered with no",
}

_REMEDIES: Final = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "; free some space and try again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "; make it writable and try again"),
}


def remedy(error: OSError) -> str:
    """What the user can do about an error of the operating system, as the end of a sentence; "" if unknown."""
    return _REMEDIES.get(error.errno or 0, "")


def message_of(error: BaseException) -> str:
    """The message of any error, printable; its type if it has none."""
    return str(error) if isinstance(error, CopydeskError) else printable(str(error)) or type(error).__name__


class CopydeskError(Exception):
    """The run failed and nothing was published; the message says what to do."""

    exit_code = 5

    def __str__(self) -> str:
        """The message, a line for each argument."""
        return "\n".join(printable(str(line)) for line in self.args)


class UsageError(CopydeskError):
    """The arguments of a command are invalid."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration or phrase file is wrong; the message names the file and the line or key."""


class InputMissing(UsageError):
    """An input does not exist."""


class Locked(CopydeskError):
    """Another run is writing the dataset."""

    exit_code = 4


class Held(CopydeskError):
    """An anomaly guard holds a run: nothing else is published until that run is published or discarded."""

    exit_code = 3

    def __init__(self, *lines: str, outcome: object = None) -> None:
        super().__init__(*lines)
        self.outcome = outcome  # of the run, if it is this run that was held
