"""The Prefect flow: the same plan, with tasks that have names, retries where they help, and an artifact."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.exceptions import ParameterTypeError
from prefect.testing.utilities import prefect_test_harness

from flows import stages
from flows.clean import clean, clean_here
from flows.errors import InputMissing
from flows.plan import Threads, carry_out
from flows.settings import Settings
from flows.tables import TABLES
from support import ROOT, Answer, table

ARTICLES = ROOT / "seeds" / "articles"

pytestmark = pytest.mark.filterwarnings(
    "ignore:::prefect", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)


@pytest.fixture(scope="session", autouse=True)
def server() -> Iterator[None]:
    """Prefect's test server, started once."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


def test_the_flow_does_what_the_command_does(tmp_path: Path) -> None:
    """The tables of a flow run are, byte for byte, those of a run without Prefect."""
    outcome = clean_here([str(ARTICLES)], tmp_path / "flow")
    carry_out([str(ARTICLES)], tmp_path / "plain", Settings(), Threads(2, lambda _stage, _done, _total: None))
    assert outcome.run_id == "r000001"
    for name in TABLES:
        parts = sorted((tmp_path / "plain" / name).rglob("*.parquet"))
        assert parts
        for part in parts:
            other = tmp_path / "flow" / part.relative_to(tmp_path / "plain")
            assert other.read_bytes() == part.read_bytes()


def test_tasks_and_artifact_can_be_told_apart(tmp_path: Path) -> None:
    """Task runs bear the name of their stage and shard, and the summary is an artifact."""
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    outcome = clean_here([str(path)], tmp_path / "out")
    with get_client(sync_client=True) as client:
        names = {run.name for run in client.read_task_runs(limit=200)}
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["copydesk-run"]))
        )
    assert {
        "read 00000",
        "clean 00000-00000",
        "count",
        "strike 00000-00000",
        "compare",
        "split 00000-00000",
    } <= names
    assert any(artifact.data == outcome.markdown() for artifact in artifacts)


def test_parameters_are_validated(tmp_path: Path) -> None:
    """A parameter of a wrong type stops the flow before it begins."""
    with pytest.raises(ParameterTypeError):
        clean(inputs=5, out=tmp_path / "out")


def test_the_flow_raises_what_the_plan_raises(tmp_path: Path) -> None:
    """An input that does not exist fails the flow run, with the plan's own error."""
    with pytest.raises(InputMissing, match="nowhere"):
        clean_here([str(tmp_path / "nowhere.txt")], tmp_path / "out")


@pytest.mark.parametrize(("number", "tries"), [(errno.EIO, 2), (errno.ENOSPC, 1)])
def test_what_may_pass_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, tries: int
) -> None:
    """Trouble with a disk or the network is met with another try; a full disk is not."""
    calls = []
    once = stages.count_lines

    def fail_once(job: stages.Job, shards: list[str]) -> None:
        calls.append(shards)
        if len(calls) == 1:
            raise OSError(number, "trouble")
        once(job, shards)

    monkeypatch.setattr(stages, "count_lines", fail_once)
    monkeypatch.setattr("flows.clean.RETRY_DELAYS", [0, 0])
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    if tries == 1:
        with pytest.raises(OSError, match="trouble"):
            clean_here([str(path)], tmp_path / "out")
    else:
        assert clean_here([str(path)], tmp_path / "out").run_id == "r000001"
    assert len(calls) == tries


def test_the_command_runs_the_flow(copydesk: Callable[..., Answer], tmp_path: Path) -> None:
    """`--engine prefect` publishes by way of the flow, and answers as a run without it does."""
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    answer = copydesk("run", path, "--out", tmp_path / "out", "--engine", "prefect")
    assert answer.code == 0
    assert "run r000001" in answer.out
    assert len(table(tmp_path / "out", "documents")) == 1


def test_nothing_phones_home() -> None:
    """The flow switches off what Prefect would tell its makers, before Prefect is imported."""
    names = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")
    code = f"import os, flows.clean; print(*(os.environ[name] for name in {names}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "false"]
