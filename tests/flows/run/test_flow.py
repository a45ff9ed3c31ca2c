"""The Prefect flow: the same plan, with named tasks, retries if they can help, and artifacts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact, StateType
from prefect.exceptions import ParameterTypeError

from flows.clean import clean, clean_here, compact
from flows.dataset.tables import TABLES
from flows.errors import Held, InputMissing, UsageError
from flows.printable import as_markdown
from flows.run import stages
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings import Settings
from support import ROOT, STORY, Copydesk, table

#: Services of the server that nothing here waits for; the one that records task runs stays.
SERVICES = (
    "CANCELLATION_CLEANUP",
    "CLEANUP_RECONCILER",
    "EVENT_PERSISTER",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",
    "SCHEDULER",
    "TRIGGERS",
)
NASTY = "\x1b[2J\n<script>[pwned](http://x.example)"
ARTICLES = ROOT / "seeds" / "articles"

pytestmark = pytest.mark.filterwarnings(
    "ignore:::prefect", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """Prefect's test server, started once, without the services that look for work by themselves."""
    from prefect.testing.utilities import prefect_test_harness  # imports the whole server

    with pytest.MonkeyPatch.context() as patch:
        for name in (
            *(f"SERVER_SERVICES_{service}_ENABLED" for service in SERVICES),
            "API_BLOCKS_REGISTER_ON_START",
        ):
            patch.setenv(f"PREFECT_{name}", "false")
        with prefect_test_harness(server_startup_timeout=120):
            yield


def test_the_flow_does_what_the_command_does(tmp_path: Path) -> None:
    """The tables of a flow run equal those of a run without Prefect, byte for byte."""
    outcome = clean_here([str(ARTICLES)], tmp_path / "flow")
    execute_run(
        [str(ARTICLES)], tmp_path / "plain", Settings(), Threads(2, lambda _stage, _done, _total: None)
    )
    assert outcome.run_id == "r000001"
    for name in TABLES:
        parts = sorted((tmp_path / "plain" / name).rglob("*.parquet"))
        assert parts
        for part in parts:
            other = tmp_path / "flow" / part.relative_to(tmp_path / "plain")
            assert other.read_bytes() == part.read_bytes()


def test_a_flow_compacts(tmp_path: Path) -> None:
    """Compaction is a separate flow; the second time there is nothing to merge."""
    engine = Threads(2, lambda _stage, _done, _total: None)
    for number in range(2):
        path = tmp_path / f"{number}.txt"
        path.write_text(
            f"Story {number} about the harbour, told for the flow that merges the parts of many runs."
        )
        execute_run([str(path)], tmp_path / "out", Settings(), engine)
    before = table(tmp_path / "out", "documents")
    assert "part files merged into" in compact(tmp_path / "out")
    assert table(tmp_path / "out", "documents").equals(before)
    assert "nothing to merge" in compact(tmp_path / "out")


def test_tasks_have_names_and_the_summary_is_an_artifact(tmp_path: Path) -> None:
    """Task runs are named after stage and shard, and the summary is an artifact."""
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
        "remove 00000-00000",
        "compare",
        "split 00000-00000",
    } <= names
    assert any(artifact.data == outcome.markdown() for artifact in artifacts)


def test_parameters_are_validated(tmp_path: Path) -> None:
    """A parameter of the wrong type fails before the flow starts."""
    with pytest.raises(ParameterTypeError):
        clean(inputs=5, out=tmp_path / "out")


def test_the_flow_raises_what_the_plan_raises(tmp_path: Path) -> None:
    """An input that does not exist fails the flow run, with the plan's own error."""
    with pytest.raises(InputMissing, match="nowhere"):
        clean_here([str(tmp_path / "nowhere.txt")], tmp_path / "out")


@pytest.mark.parametrize(("number", "tries"), [(errno.EIO, 2), (errno.ENOSPC, 1)])
def test_transient_errors_are_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, tries: int
) -> None:
    """Errors of a disk or the network are retried; a full disk is not."""
    calls = []
    once = stages.count_lines

    def fail_once(run: stages.Run, shards: list[str]) -> None:
        calls.append(shards)
        if len(calls) == 1:
            raise OSError(number, "trouble")
        once(run, shards)

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


def test_the_command_runs_the_flow(copydesk: Copydesk, tmp_path: Path) -> None:
    """`--engine prefect` publishes through the flow, and prints what a local run prints."""
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    answer = copydesk("run", path, "--out", tmp_path / "out", "--engine", "prefect")
    assert answer.code == 0
    assert "run r000001" in answer.out
    assert len(table(tmp_path / "out", "documents")) == 1


def test_telemetry_is_off() -> None:
    """The flow switches off Prefect's telemetry before Prefect is imported; here it cannot be."""
    names = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")
    code = f"""if True:
        import os, sys
        sys.modules["prefect"] = None
        try:
            import flows.clean
        except ModuleNotFoundError as error:
            print(error.name, *(os.environ[name] for name in {names}))
    """
    env = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["prefect", "1", "false"]


def test_a_held_run_ends_in_a_state_of_its_name(tmp_path: Path) -> None:
    """The state is Held, a failure that triggers notices and says why; the next run ends the same way."""
    messages = tmp_path / "notices"
    code = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"
    config = tmp_path / "mine.toml"
    command = json.dumps([sys.executable, "-c", code, str(messages)])
    config.write_text(f"[guards.bounds]\nboilerplate = 0.1\n[notify]\ncommand = {command}\n")
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.\nSign up for our newsletter\n")
    for said in ("of words removed as boilerplate (1 documents)", "run r000001 is held"):
        state = clean([str(path)], tmp_path / "out", config, return_state=True)
        assert (state.type, state.name) == (StateType.FAILED, "Held")
        assert said in str(state.message)
    with pytest.raises(Held, match="copydesk publish"):
        clean_here([str(path)], tmp_path / "out", config)
    events = [json.loads(line) for line in messages.read_text().splitlines()]
    assert [event["event"] for event in events] == ["held"] * 3
    assert events[0]["out"] == str(tmp_path / "out")
    assert events[0]["flow_run"] == f"clean {tmp_path / 'out'}"
    assert not (tmp_path / "out" / "documents").exists()


def artifacts(key: str) -> list[Artifact]:
    """The artifacts with that key."""
    with get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))


def test_prefect_sees_no_password(tmp_path: Path) -> None:
    """The parameters of a flow run in this process are masked, and text that JSON can hold; the run has the inputs."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff"))
    folder.mkdir()
    (folder / "a.txt").write_text(STORY)
    assert clean_here([str(folder)], tmp_path / "out").counts.documents_kept == 1
    with pytest.raises(UsageError, match=r"nowhere://u:\*\*\*@h"):
        clean_here(["nowhere://u:s3cret@h/x"], tmp_path / "out")
    with get_client(sync_client=True) as client:
        parameters = [flow_run.parameters.get("inputs") for flow_run in client.read_flow_runs(limit=200)]
    assert [f"{tmp_path}/in\\xff"] in parameters
    assert ["nowhere://u:***@h/x"] in parameters
    assert "s3cret" not in str(parameters)


def test_prefect_shows_names_as_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A source or a folder is no markup, no link and no control character, on the page and in the log."""
    records = [{"text": STORY, "source": f"s{NASTY}"}] * 12
    path, config, out = tmp_path / "a.jsonl", tmp_path / "c.toml", tmp_path / "n(x) <i>"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    config.write_text("[guards.bounds]\nremoved = 0.1\nmin_documents = 1\n")
    state = clean([str(path)], out, config, return_state=True)
    assert "s\\x1b[2J\\n<script>" in str(state.message)
    (shown,) = (artifact for artifact in artifacts("copydesk-run") if "pwned" in str(artifact.data))
    for text in (str(shown.data), str(shown.description)):
        assert not set("\x1b<>[](") & set(text)
        assert "://" not in text
    log = capfd.readouterr().err
    assert "\x1b[2J" not in log


def test_what_prefect_shows_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run reaches 100 percent, links to its dataset and updates the asset; one with nothing new does not."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text("A story about the harbour, told for the flow.")
    emitted: list[dict[str, Any]] = []
    monkeypatch.setattr("prefect.events.emit_event", lambda **event: emitted.append(event))
    clean_here([str(path)], out)
    clean_here([str(path)], out)
    assert any(
        artifact.data == f"[{as_markdown(f'{out}/documents')}]({out.as_uri()}/documents)"
        for artifact in artifacts("copydesk-dataset")
    )
    assert any(artifact.data == 100.0 for artifact in artifacts("copydesk-progress"))
    assert any("nothing new" in str(artifact.data) for artifact in artifacts("copydesk-run"))
    (event,) = (e for e in emitted if e["event"] == "prefect.asset.materialization.succeeded")
    assert event["resource"]["prefect.resource.id"] == out.as_uri()
    assert (event["payload"]["run_id"], event["payload"]["documents"]) == ("r000001", 1)
