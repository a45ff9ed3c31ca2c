"""What can go wrong, and the exit code that says so.

    CopydeskError              5  the run failed and nothing was published
    +-- UsageError             2  the command was given something that cannot be
    |   +-- ConfigurationError 2  a configuration or phrase file is wrong; the text names file, line or key
    |   +-- InputMissing       2  an input that was named does not exist
    +-- Held                   3  a guard holds this run or an earlier one
    +-- Locked                 4  another run is writing the dataset

An input that cannot be read is no exception here: it is a row in `rejected`, and the run goes on.
"""

from __future__ import annotations

import errno
from typing import Final

_WAYS_OUT: Final = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "; make room, and do it again"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "; see that it may be written, and do it again"
    ),
}


def way_out(error: OSError) -> str:
    """What to do about an error of the system that is not copydesk's to mend, as the end of a sentence, or nothing."""
    return _WAYS_OUT.get(error.errno or 0, "")


class CopydeskError(Exception):
    """A run that failed, told so that the person at the keyboard knows what to do; nothing was published."""

    exit_code = 5


class UsageError(CopydeskError):
    """The command was given something that cannot be."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration or phrase file is wrong; the text names the file and the line or key."""


class InputMissing(UsageError):
    """An input that was named does not exist."""


class Locked(CopydeskError):
    """Another run is writing the dataset."""

    exit_code = 4


class Held(CopydeskError):
    """A guard holds a run of the dataset: nothing more is published until somebody releases or discards it."""

    exit_code = 3

    def __init__(self, message: str, outcome: object = None) -> None:
        super().__init__(message)
        self.outcome = outcome  # of the run, where it is this one that was held
