"""Task runs: one stage of one item each, that has a name, and is tried again if a file system or network failed."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from flows.run.stages import Batch, ReadShard

RETRY_DELAYS: Final[list[float]] = [1, 15]  # seconds
#: Task runs at a time that wait for a worker, each in a thread.
MOST: Final = 2_000

#: File system errors for which a retry is pointless.
_PERMANENT: Final = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT}


def is_transient(error: BaseException) -> bool:
    """Whether a retry may help: after file or network errors, but not after a bug or with a full disk."""
    return isinstance(error, OSError) and error.errno not in _PERMANENT


def name_of(stage: str, item: object) -> str:
    """The name of a task run: the stage, and the shard or the number of the batch."""
    match item:
        case str() | ReadShard(str()):
            return f"{stage} {item if isinstance(item, str) else item.shard}"
        case (_, Batch(number)) | Batch(number):
            return f"{stage} {number:05d}"
        case _:
            return stage


class TaskRun(Protocol):
    """A task run that was submitted."""

    def result(self) -> Any:
        """What it returns, once it is done; raises what it raises."""

    def add_done_callback(self, function: Callable[[Any], None], /) -> None:
        """Call the function when it is done."""


class Record(AbstractContextManager["Record"], Protocol):
    """What keeps a record of task runs; it is a context, in which they are executed in threads."""

    def connect(self, address: str, seconds: float) -> AbstractContextManager[Any]:
        """A client of the scheduler with this address, which must answer within `seconds`.

        Raises OSError or ValueError if it does not.
        """

    def start(self, run_id: str) -> None:
        """Note that a run begins."""

    def submit(self, stage: str, item: Any, function: Callable[[], Any]) -> TaskRun:
        """Begin a task run, which calls the function, and again after an error that may be transient."""


class NoRecord:
    """Executes task runs without keeping a record; see `Record`."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST)

    def __enter__(self) -> NoRecord:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def connect(self, address: str, seconds: float) -> AbstractContextManager[Any]:
        """See `Record`."""
        from distributed import Client

        make: Callable[..., AbstractContextManager[Any]] = Client
        return make(address, timeout=seconds, set_as_default=False)

    def start(self, run_id: str) -> None:
        """See `Record`."""

    def submit(self, stage: str, item: Any, function: Callable[[], Any]) -> TaskRun:  # noqa: ARG002
        """See `Record`."""
        return self._pool.submit(_tried_again, function)


def _tried_again(function: Callable[[], Any]) -> Any:
    for delay in RETRY_DELAYS:
        try:
            return function()
        except OSError as error:
            if not is_transient(error):
                raise
        time.sleep(delay)
    return function()
