"""What the tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# read when polars is loaded: workers of pytest-xdist share the processors, or threads of one wait for those of another
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))

from support import ROOT, STORY, Answer, json_lines

# in CI every run tries the same examples, so that a red run is the change's doing; elsewhere each run tries new ones
hypothesis.settings.register_profile(
    "default", deadline=None, max_examples=30, print_blob=True, derandomize="CI" in os.environ
)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_sessionfinish() -> None:
    """Show the collector again what `copydesk` has frozen, or libraries tell of leaks when the process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk() -> Iterator[None]:
    """Tests kill processes, never the machine, so nothing that they write needs to have reached the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _file: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def kernels_when_called() -> Iterator[None]:
    """Tests compile the kernels that they call and no others, also where the sources have just changed."""
    import flows.kernels

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows.kernels, "is_complete", lambda: True)
        yield


@pytest.fixture
def copydesk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """The `copydesk` command, run in this process: arguments in; exit code, output and errors out."""
    from flows.cli import main

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", os.devnull)

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr("sys.argv", ["copydesk", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        code = stop.value.code
        return Answer(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return call


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A text file that can be read."""
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


@pytest.fixture(scope="session")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one run, which published `STORY`; copy it before you change it."""
    from small_runs import run

    folder = tmp_path_factory.mktemp("one_run")
    (folder / "story.txt").write_text(STORY)
    run(folder / "story.txt", folder / "out")
    return folder / "out"


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write records to a JSONL file: records and a file name in, its path out."""

    def write(records: Iterable[dict[str, Any]], name: str = "news.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(json_lines(*records))
        return path

    return write


class Killed(BaseException):
    """What stands for the end of the process."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], object]], None]:
    """Do some work up to a crash point (see `crash_points`), as if the process were killed there."""
    from crash_points import crash_at

    def die() -> None:
        raise Killed

    def kill_at(point: str, work: Callable[[], object]) -> None:
        with monkeypatch.context() as patch:
            crash_at(point, die, patch.setattr)
            with pytest.raises(Killed):
                work()

    return kill_at


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora, for tests marked `shared`."""
    folder = Path(os.environ.get("COPYDESK_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.fail(f"{folder} is not there: set COPYDESK_SHARED, or leave out the tests marked shared")
    return folder
