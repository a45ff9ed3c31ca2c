"""What a worker of Dask does: one stage of one item.

A task carries names and paths only, a few kB. What all tasks of a run share lies in the run's staging folder, and is
read once by each worker process.

Dask executes a task again if it loses the worker, also if that had just finished; and a worker that was given up for
lost may go on. So two workers may do the same at the same time. Both write the same bytes, each in a folder of its own
until a file is complete. A worker that finds its run over, because it was published or swept, removes what it has
written since.
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from flows.dataset.crashes import watched
from flows.dataset.tables import PARTIALS, whole_file
from flows.errors import CopydeskError
from flows.kernels import compile_kernels, processors
from flows.run.stages import Batch, Run

#: The environment variable of a worker that says where it finds paths: "/data=/mnt/data", several separated by ":".
PATHS: Final = "COPYDESK_PATHS"
_log: Final = logging.getLogger(__name__)


class Work(NamedTuple):
    """One stage of one item."""

    function: Callable[[Run, Any], Any]
    item: Any
    topic: str = ""  # of Dask's events, by which each product of `function` is announced; "": it makes none
    number: int = 0  # of the item, in these events


def store(run: Run, number: int) -> Path:
    """Write what all tasks share into the staging folder, under this number; its path."""
    path = run.staging / "work" / f"run-{number}.pickle"
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(pickle.dumps(run))
    return path


def perform(stored: str, pickled: bytes) -> Any:
    """Execute a pickled `Work` for a run that is stored there; a list if it makes products.

    Raises CopydeskError if the run is over or this worker does not see its folder, and what the stage raises.
    """
    file, work = Path(here(stored)), pickle.loads(pickled)
    run = _read(file)
    if not file.exists():
        raise _over(run)
    _ready()
    own = file.parent / "partial" / uuid.uuid4().hex
    own.mkdir(parents=True)
    token = PARTIALS.set(own)
    try:
        with _watched(run.staging):
            try:
                return _execute(run, work)
            except FileNotFoundError:
                if not file.exists():
                    raise _over(run) from None
                # another worker has just done the same, and removed what it needed
                return _execute(run, work)
    finally:
        PARTIALS.reset(token)
        shutil.rmtree(own if file.exists() else run.staging, ignore_errors=True)


def _over(run: Run) -> CopydeskError:
    return CopydeskError(f"run {run.run_id} of {run.out} has ended, or was given up and swept")


def _execute(run: Run, work: Work) -> Any:
    item = _with_paths(work.item)
    return list(_announced(run, item, work)) if work.topic else work.function(run, item)


def _announced(run: Run, item: Any, work: Work) -> Iterator[Any]:
    """The products; each is announced when it is made, with the bytes read so far, so that work on it can begin."""
    from distributed import get_worker

    read = 0

    def advance(size: int) -> None:
        nonlocal read
        read += size

    for number, product in enumerate(work.function(replace(run, advance=advance), item)):
        get_worker().log_event(work.topic, pickle.dumps((work.number, number, product, read)))
        yield product


@lru_cache(maxsize=2)
def _read(file: Path) -> Run:
    """The run of a file, with its paths as they are here."""
    try:
        run: Run = pickle.loads(file.read_bytes())
    except FileNotFoundError:
        raise CopydeskError(
            f"a worker on {socket.gethostname()} does not see {file}: the run is over, or its --out is not on a file "
            f"system that all workers share"
        ) from None
    out, staging = (Path(here(str(path))) for path in (run.out, run.staging))
    return replace(run, out=out, staging=staging, workers=run.settings.workers or processors())


def here(path: str) -> str:
    """Where a path of the machine that started the run is found on this machine, see PATHS."""
    for pair in os.environ.get(PATHS, "").split(os.pathsep):
        there, _, mine = (part.rstrip("/") for part in pair.partition("="))
        if mine and (path == there or path.startswith(f"{there}/")):
            return mine + path[len(there) :]
    return path


def _with_paths(item: Any) -> Any:
    """An item; the inputs of a batch are opened where they are found here, and keep their uris."""
    match item:
        case Batch():
            there = [one if "://" in one.path else replace(one, path=here(one.path)) for one in item.inputs]
            return item._replace(inputs=there)
        case _:
            return item


@lru_cache(maxsize=1)
def _ready() -> None:
    """Compile the kernels if this machine has not; one process does it, the others wait."""
    if compile_kernels(lambda _stage, _done, _total: None):
        _log.warning("kernels were compiled on %s; `copydesk warm` does it beforehand", socket.gethostname())


_watching: Final = threading.Lock()
_watchers: dict[Path, tuple[int, ExitStack]] = {}


@contextmanager
def _watched(staging: Path) -> Iterator[None]:
    """Let Python write down in the staging folder which signal ends this process, while any thread works for it."""
    with _watching:
        number, stack = _watchers.get(staging, (0, ExitStack()))
        if number == 0 and not _watchers:  # a process can write into one file only
            stack.enter_context(watched(staging, f"-{socket.gethostname()}-{os.getpid()}"))
        _watchers[staging] = number + 1, stack
    try:
        yield
    finally:
        with _watching, suppress(OSError):
            number, stack = _watchers.pop(staging)
            if number > 1:
                _watchers[staging] = number - 1, stack
            else:
                stack.close()
