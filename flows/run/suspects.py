"""Finding out which of the inputs that a crashed run was at ends the process, by trying them in another one.

    python -P -m flows.run.suspects  < a pickled Trial

The process prints how many items it has done after each step. Where it crashes, the next one begins, in smaller steps,
until a single item is left.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from flows.dataset import Dataset
from flows.dataset.crashes import Culprits, convict, culprits, suspects
from flows.inputs import Input
from flows.printable import printable
from flows.run import stages
from flows.run.stages import ReadShard, Run

_STEPS: Final = 64  # that a first pass is divided into
_PATIENCE: Final = 1_800  # seconds for a process; what it is at then is left to the run
#: Signals by which native code ends its process.
_CRASHES: Final = {
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGILL,
    signal.SIGFPE,
}


class Trial(NamedTuple):
    """Items to process, `step` at a time."""

    run: Run
    items: Sequence[Input] | Path  # inputs to read, or a file with documents to clean
    start: int
    end: int
    step: int


def without_culprits(new: Sequence[Input], culprits: Culprits) -> list[Input]:
    """The inputs; those that are culprits have a problem, and will not be opened."""
    return [replace(one, problem=error) if (error := culprits.get(_key(one))) else one for one in new]


def find_culprits(dataset: Dataset, run: Run, new: Sequence[Input]) -> Culprits:
    """Everything that crashes this version; what crashed runs left as evidence is tried first.

    Inputs that this run is not given stay suspects, until a run is given them.
    """
    found: Culprits = {}
    tried = []
    for one in suspects(dataset):
        given = [i for i in new if printable(i.uri) in one.inputs]
        for number, how in crashing(run, given, len(given)):
            found[_key(given[number])] = _error("reading", how)
        for shard in one.shards:
            with suppress(pl.exceptions.PolarsError, OSError):
                documents = pl.read_ipc(shard, columns=["uri", "content"])
                for number, how in crashing(run, shard, len(documents)):
                    uri, content = documents.row(number)
                    found[printable(uri), content] = _error("cleaning", how)
        here = {printable(i.uri) for i in given}
        tried.append(one._replace(inputs=tuple(uri for uri in one.inputs if uri not in here)))
    convict(dataset, found, tried)
    return culprits(dataset)


def _key(given: Input) -> tuple[str, str]:
    """How an input is known among the culprits, as it is now."""
    return printable(given.uri), _state(given)


def _state(given: Input) -> str:
    """What shows whether an input is still the same."""
    return f"{given.size} bytes of {given.modified_ns}"


def _error(what: str, how: str) -> str:
    return f"crashes native code ({what} it ended with {how}); please report it to copydesk"


def crashing(run: Run, items: Sequence[Input] | Path, count: int) -> list[tuple[int, str]]:
    """(number, signal) of each item that ends a process that handles it alone."""
    found = []
    start, end, step = 0, count, max(1, count // _STEPS)
    while start < count:
        done, how = _try(Trial(run, items, start, end, step))
        if how and step > 1:
            start, end = done, min(done + step, count)
            step = max(1, step // _STEPS)
            continue
        if how:
            found.append((done, how))
        # what crashed only together with others is left, and what failed in another way is for the run to report
        start = done + 1 if how else min(done + step, end)
        end, step = (end, step) if how and start < end else (count, max(1, count // _STEPS))
    return found


def _try(trial: Trial) -> tuple[int, str | None]:
    """(the first item that was not done, the signal that ended the process or None)."""
    command = [sys.executable, "-P", "-m", "flows.run.suspects"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            output, _ = process.communicate(pickle.dumps(trial), timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    reached = output.split()
    how = signal.Signals(-process.returncode) if process.returncode < 0 else None
    return int(reached[-1]) if reached else trial.start, how.name if how in _CRASHES else None


def main() -> None:
    """Process the items of a trial."""
    trial: Trial = pickle.load(sys.stdin.buffer)
    items = pl.read_ipc(trial.items) if isinstance(trial.items, Path) else trial.items
    for start in range(trial.start, trial.end, trial.step):
        end = min(start + trial.step, trial.end)
        with tempfile.TemporaryDirectory(dir=trial.run.staging) as folder:
            run = replace(trial.run, staging=Path(folder))
            if isinstance(items, pl.DataFrame):
                _clean(run, items[start:end])
            else:
                _read(run, items[start:end])
        sys.stdout.write(f"{end}\n")
        sys.stdout.flush()


def _read(run: Run, inputs: Sequence[Input]) -> None:
    deque(stages.read_inputs(run, stages.Batch(0, inputs)), maxlen=0)


def _clean(run: Run, documents: pl.DataFrame) -> None:
    path = run.path("read", "0")
    path.parent.mkdir(parents=True)
    documents.write_ipc(path)
    stages.clean(run, ReadShard("0", "0", {}, ()))


if __name__ == "__main__":
    main()
