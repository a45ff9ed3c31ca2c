"""What tests let processes do in the place of stages: they import it by name."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
from typing import Any, NoReturn

from flows.errors import CopydeskError


def process_of(_run: Any, item: int) -> tuple[int, int]:
    """The item, with the id of the process."""
    return item, os.getpid()


def fail(_run: Any, item: str) -> NoReturn:
    """Raise the error that the item names."""

    class Local(Exception):
        """Cannot be pickled."""

    raise {
        "disk": OSError(errno.ENOSPC, "No space left on device", "part-00000.parquet"),
        "copydesk": CopydeskError("the part is damaged"),
        "local": Local("of a function"),
    }[item]


def logged(_run: Any, item: str) -> str:
    """What this process would log of the item."""
    return logging.getLogRecordFactory()(
        "flows", logging.WARNING, "", 0, "reading %s", (item,), None
    ).getMessage()


def crash(_run: Any, _item: object) -> None:
    """Let native code end the process."""
    ctypes.string_at(0)
