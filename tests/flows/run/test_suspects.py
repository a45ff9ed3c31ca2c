"""Native code that ends the process: the next run finds the culprit, rejects it and publishes the rest."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dataset import Dataset
from flows.dataset.crashes import noting_inputs, watched
from flows.inputs import Input
from flows.run import suspects
from flows.run.suspects import Trial

#: A module that Python imports at its start. It makes two functions crash for what names it.
SITE = """
import ctypes, importlib.abc, importlib.machinery, sys

class Crashing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in ("flows.run.clean_shard", "flows.inputs.text_files"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            if name == "flows.run.clean_shard":
                clean = module.clean_shard
                def clean_shard(documents, *rest):
                    if documents["text"].str.contains("CRASH").any():
                        ctypes.string_at(0)
                    return clean(documents, *rest)
                module.clean_shard = clean_shard
            else:
                document = module._document
                def _document(given, *rest, **more):
                    if "crash" in given.uri.rpartition("/")[2]:
                        ctypes.string_at(0)
                    return document(given, *rest, **more)
                module._document = _document
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Crashing())
"""


@pytest.fixture
def copydesk(tmp_path: Path):
    """A function that runs copydesk on the folder `in`, with native code that crashes."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    path = os.pathsep.join([str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", "run", "-q", "in", "--out", "out", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )

    (tmp_path / "in").mkdir()
    return run


class Dies(NamedTuple):
    """A process that handles items `step` at a time, and dies of some, or of two that are handled together.

    At others it fails without a signal of native code.
    """

    culprits: set[int]
    pair: tuple[int, int]
    fails: set[int]

    def __call__(self, trial: Trial) -> tuple[int, str | None]:
        """See `suspects._try`."""
        for at in range(trial.start, trial.end, trial.step):
            items = range(at, min(at + trial.step, trial.end))
            if self.culprits.intersection(items) or (self.pair[0] in items and self.pair[1] in items):
                return at, "SIGSEGV"
            if self.fails.intersection(items):
                return at, None
        return trial.end, None


@given(
    culprits=st.sets(st.integers(0, 9_999), max_size=4),
    pair=st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)).filter(lambda pair: pair[0] != pair[1]),
    count=st.integers(0, 10_000),
)
def test_each_culprit_is_found_and_no_other_item(culprits, pair, count):
    """What crashes alone is a culprit; what crashes only together with something else is not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suspects, "_try", Dies(culprits, pair, set()))
        found = suspects.crashing(None, Path("documents"), count)
    assert found == [(number, "SIGSEGV") for number in sorted(culprits) if number < count]


def test_a_failure_of_another_kind_hides_no_culprit_that_follows(monkeypatch):
    """A trial may run out of memory or disk; what comes after the items that it was at is tried all the same."""
    monkeypatch.setattr(suspects, "_try", Dies({3_000, 9_999}, (0, 1), {17, 5_000}))
    assert suspects.crashing(None, Path("documents"), 10_000) == [(3_000, "SIGSEGV"), (9_999, "SIGSEGV")]


#: Overflows its stack in native code, in a thread that is not the one that enabled `faulthandler`.
OVERFLOW = """
import sys, threading
from pathlib import Path
import yaml
from flows.dataset.crashes import noting_shard, watched

def overflow():
    with noting_shard(Path(sys.argv[1]), "00000"):
        yaml.load("- " * 200_000, yaml.CBaseLoader)

with watched(Path(sys.argv[1])):
    thread = threading.Thread(target=overflow)
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="each thread needs a stack for signals of its own")
def test_a_stack_overflow_in_a_thread_leaves_evidence(tmp_path):
    """The handler of a signal has no room on a stack that is full; it is given another one in every thread."""
    done = subprocess.run([sys.executable, "-c", OVERFLOW, str(tmp_path)], capture_output=True)
    assert done.returncode == -11
    assert (tmp_path / "crash").read_text().startswith("Fatal Python error: Segmentation fault")


def test_inputs_stay_suspects_until_a_run_is_given_them(tmp_path, monkeypatch):
    """Runs over other inputs in between drop no evidence, and unprintable names are found again."""
    dataset = Dataset(tmp_path / "out")
    names = ["/in/a\x1b[31m.txt", "/in/b\u202e.txt", "/in/c.txt"]
    a, b, c = (Input(uri=name, size=9, modified_ns=1, format=None, path=name) for name in names)
    with dataset.writing():
        for name in ("r000001-x", "r000001-y"):
            staging = dataset.staging / name
            staging.mkdir()
            (staging / "crash").write_text("Fatal Python error: Aborted\n")
            for number, one in enumerate((a, b) if name[-1] == "x" else ()):
                with suppress(KeyboardInterrupt), noting_inputs(staging, number) as note:
                    note(one.uri)
                    raise KeyboardInterrupt
    monkeypatch.setattr(suspects, "crashing", lambda *given: [(n, "SIGABRT") for n in range(given[-1])])

    def found(*new: Input) -> list[bool]:
        culprits = suspects.find_culprits(dataset, None, new)
        return [bool(one.problem) for one in suspects.without_culprits([a, b, c], culprits)]

    with dataset.writing():
        assert found(c) == [False, False, False]
        assert found(c, a) == [True, False, False]
        assert found(b) == [True, True, False]
    assert not dataset.suspects.exists()


def rows(out: Path, table: str) -> pl.DataFrame:
    """A published table."""
    return Dataset(out).scan(table).collect()


@pytest.mark.slow
def test_a_record_that_crashes_a_cleaner_is_found_and_rejected(tmp_path, copydesk):
    """The run that crashes publishes nothing; the next rejects the records that did it, and publishes all others."""
    lines = [{"text": f"Report {n} says that the bridge of village {n} stays open."} for n in range(150)]
    for n in (0, 149):
        lines[n]["text"] += " CRASH"
    (tmp_path / "in" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "in" / "b.txt").write_text("The mill was sold to a baker from the next valley.")
    assert copydesk().returncode == -11
    second = copydesk()
    assert second.returncode == 0, second.stderr
    assert "crashed in native code (Segmentation fault)" in second.stderr
    out = tmp_path / "out"
    assert len(rows(out, "documents")) == 149
    rejected = rows(out, "rejected")
    assert [uri.rpartition("#")[2] for uri in rejected["uri"]] == ["1", "150"]
    assert rejected["error"].str.contains("cleaning it ended with SIGSEGV").all()
    assert not Dataset(out).suspects.exists()
    # what it learned stays: a new dataset state does not have to crash again
    assert copydesk("--retry-rejected").returncode == 0


@pytest.mark.slow
def test_an_input_that_crashes_its_reader_is_found_and_rejected(tmp_path, copydesk):
    """An input during whose reading the process ended is not opened again while it stays the same."""
    (tmp_path / "in" / "crash.txt").write_text("A text.")
    (tmp_path / "in" / "b.txt").write_text("The mill was sold to a baker from the next valley.")
    assert copydesk().returncode == -11
    assert copydesk().returncode == 0
    out = tmp_path / "out"
    assert len(rows(out, "documents")) == 1
    assert rows(out, "rejected")["error"].str.contains("reading it ended with SIGSEGV").all()
    verified = subprocess.run(
        [sys.executable, "-m", "flows.cli", "verify", "out"], cwd=tmp_path, capture_output=True, text=True
    )
    assert verified.returncode == 0, verified.stdout


def test_watching_does_not_need_a_stderr(tmp_path, monkeypatch):
    """Where faulthandler was enabled before, it cannot always be given its stream back; the run goes on."""
    monkeypatch.setattr(sys, "__stderr__", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watched(tmp_path):
        pass
    assert not (tmp_path / "crash").exists()
