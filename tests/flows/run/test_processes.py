"""Stages in processes: the same bytes, errors that arrive, and no process that is left."""

from __future__ import annotations

import errno
import json
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_tasks import crash, fail, logged, process_of

from cleaners.lexicon import Lexicon
from flows.dataset.tables import TABLES
from flows.errors import CopydeskError
from flows.run.plan import execute_run
from flows.run.processes import Local, Processes
from flows.run.stages import Run
from flows.settings import Settings
from small_runs import story


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with an empty staging folder."""
    return Run("r000001", tmp_path, tmp_path, Settings(), (), Lexicon())


@pytest.fixture
def two(run: Run) -> Iterator[Processes]:
    """Two processes."""
    with Processes(2, quiet, run) as processes:
        yield processes


def test_a_large_run_publishes_the_same_bytes(tmp_path: Path) -> None:
    """Whether threads or processes clean, remove and split its shards."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("a", "b", "c"):
        texts = ["\n".join(story(7 * n + m) for m in range(8)) for n in range(500)]
        records = [{"source": name, "title": story(n), "text": text} for n, text in enumerate(texts)]
        (inputs / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    settings = Settings.model_validate({"inputs": {"shard_megabytes": 1}})
    written = []
    for large in (10**9, 0):
        out = tmp_path / "out"
        with Local(4, quiet, large) as engine:
            execute_run([str(inputs)], out, settings, engine)
        parts = [part for table in TABLES for part in sorted((out / table).rglob("*.parquet"))]
        written.append({part.relative_to(out): part.read_bytes() for part in parts})
        out.rename(tmp_path / f"out-{len(written)}")
    assert written[0] == written[1]
    assert len(written[0]) > 4


def test_a_run_that_is_not_large_has_no_processes(run: Run) -> None:
    """Nor one with few workers."""
    for workers, large, size in ((4, 1000, 249), (3, 0, 1)):
        with Local(workers, quiet, large=large) as engine:
            products = engine.chain(
                ("read", "clean"), lambda _run, item: [item], process_of, run, [1], [size]
            )
            assert products == [1]
            assert engine.each("split", process_of, run, [1, 2]) == [(1, os.getpid()), (2, os.getpid())]


def test_items_are_processed_elsewhere(two: Processes, run: Run) -> None:
    """In several processes, with the results in the order of the items; a single one here."""
    results = two.each("split", process_of, run, list(range(20)))
    assert [item for item, _ in results] == list(range(20))
    assert os.getpid() not in {process for _, process in results}
    assert two.elsewhere > 0
    assert two.each("compare", process_of, run, [1]) == [(1, os.getpid())]


def test_errors_arrive_as_they_are(two: Processes, run: Run) -> None:
    """With their kind and number, and where they were raised; what cannot be sent arrives as a sentence."""
    with pytest.raises(OSError, match="part-00000") as full:
        two.each("split", fail, run, ["disk", "disk"])
    assert full.value.errno == errno.ENOSPC
    with pytest.raises(CopydeskError, match="the part is damaged") as damaged:
        two.each("split", fail, run, ["copydesk", "copydesk"])
    assert "process_tasks.py" in damaged.value.__notes__[0]
    with pytest.raises(CopydeskError, match="Local: of a function"):
        two.each("split", fail, run, ["local", "local"])
    assert len(two.each("split", process_of, run, [1, 2])) == 2


def test_what_a_process_logs_cannot_control_the_terminal(two: Processes, run: Run) -> None:
    """As little as a record of the run's own process can: both write to the same one."""
    assert two.each("clean", logged, run, ["\x1b[2J", "é"]) == [r"reading \x1b[2J", "reading é"]


def test_native_code_ends_a_process_and_not_the_run(two: Processes, run: Run, tmp_path: Path) -> None:
    """The run fails with a sentence, and evidence is left for the next one."""
    with pytest.raises(CopydeskError, match="was ended \\(SIGSEGV\\)"):
        two.each("clean", crash, run, [1, 2])
    evidence = [path.read_text() for path in tmp_path.glob("crash-*")]
    assert any("Segmentation fault" in text for text in evidence)


def test_processes_end_with_their_parent(run: Run) -> None:
    """Also if that is killed."""
    script = (
        "import sys, pickle; from flows.run.processes import Processes; from process_tasks import process_of\n"
        "run = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "processes = Processes(2, lambda *_: None, run)\n"
        "print(*{p for _, p in processes.each('split', process_of, run, list(range(50)))}, flush=True)\n"
        "sys.stdin.read()"
    )
    path = os.pathsep.join(sys.path)
    parent = subprocess.Popen(
        [sys.executable, "-c", script, pickle.dumps(run).hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    children = [os.pidfd_open(int(number)) for number in parent.stdout.readline().split()]
    assert children
    parent.send_signal(signal.SIGKILL)
    for child in children:
        assert select.select([child], [], [], 30)[0], "a process goes on without its parent"
        os.close(child)
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()
