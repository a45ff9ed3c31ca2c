"""Scheduled runs with a real Prefect server and worker on the loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    DeploymentFilter,
    DeploymentFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from flows.cli.prefect_api import api_answers
from flows.settings.bundled import config_folder
from support import ROOT, table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:::prefect", "ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

STORY = "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said in {}."
Thing = TypeVar("Thing")


def eventually(look: Callable[[], Thing], seconds: float = 240) -> Thing:
    """Poll `look` until it returns something; fail if it does not in time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            pytest.fail(f"nothing after {seconds} s")
        time.sleep(0.1)
    return found


def descendants(pid: int) -> list[int]:
    """The child processes of a process, and their descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # the process has just ended
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


@dataclass(frozen=True)
class Server:
    """A Prefect server: its API, and the environment for commands that use it."""

    api: str
    env: dict[str, str]

    def command(self, *arguments: str, check: bool = True, cwd: Path | None = None) -> str:
        """The output of a Prefect command."""
        done = subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=cwd,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout + done.stderr

    def client(self) -> SyncPrefectClient:
        """A client for the server."""
        return SyncPrefectClient(self.api)

    def runs(self, deployment: str) -> list[FlowRun]:
        """The flow runs of a deployment, in the order of their scheduled times."""
        with self.client() as client:
            found = client.read_deployment_by_name(deployment)
            runs = client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])), limit=200
            )
        return sorted(runs, key=lambda run: str(run.expected_start_time))

    def has(self, deployment: str) -> bool:
        """Whether there is such a deployment."""
        with self.client() as client:
            try:
                return bool(client.read_deployment_by_name(deployment))
            except ObjectNotFound:
                return False

    def done(self, deployment: str) -> list[FlowRun]:
        """The flow runs that completed."""
        return [run for run in self.runs(deployment) if run.state and run.state.is_completed()]

    def crashed(self, deployment: str) -> list[FlowRun]:
        """The flow runs that are marked as crashed."""
        return [run for run in self.runs(deployment) if run.state and run.state.is_crashed()]

    def summaries(self) -> list[str]:
        """The summaries of all runs."""
        with self.client() as client:
            found = client.read_artifacts(
                artifact_filter=ArtifactFilter(key=ArtifactFilterKey(like_="copydesk-run-%"))
            )
        return [str(artifact.data) for artifact in found]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prefect server on a free port with its own database; concurrency leases of dead runs expire quickly."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "30",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = (home / "server.log").open("wb")
    with subprocess.Popen(command, env=env, stdout=log, stderr=log, process_group=0) as process:
        try:
            eventually(lambda: process.poll() is not None or api_answers(env["PREFECT_API_URL"]))
            assert process.poll() is None, (home / "server.log").read_text()
            yield Server(env["PREFECT_API_URL"], env)
        finally:
            end(process)
            log.close()


def end(process: subprocess.Popen[Any], number: int = signal.SIGKILL) -> None:
    """End a process that a test started, and its descendants."""
    for pid in [process.pid, *descendants(process.pid)]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    process.wait()


def deploy(server: Server, folder: Path, inputs: Path, out: Path, schedule: dict[str, Any]) -> None:
    """Deploy config/prefect.yaml with another schedule, and an automation that waits for fewer heartbeats."""
    deployment = yaml.safe_load((config_folder() / "prefect.yaml").read_text(encoding="utf-8"))
    deployment["deployments"][0]["schedules"] = [schedule]
    (folder / "prefect.yaml").write_text(yaml.safe_dump(deployment))
    automations = (config_folder() / "automations.yaml").read_text(encoding="utf-8")
    (folder / "automations.yaml").write_text(automations.replace("within: 120", "within: 60"))
    server.env.update(COPYDESK_INPUT=str(inputs), COPYDESK_OUT=str(out))
    server.command("--no-prompt", "deploy", "--all", cwd=folder)


def worker(server: Server, log: Path) -> subprocess.Popen[bytes]:
    """A worker for the pool."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "copydesk"]
    with log.open("ab") as file:
        return subprocess.Popen(command, env=server.env, stdout=file, stderr=file, process_group=0)


def test_a_worker_runs_on_schedule_and_may_be_killed(server: Server, tmp_path: Path) -> None:
    """A scheduled run publishes, the next finds nothing new, and a run killed midway is finished by a later one.

    The automation that came with the deployment marks the killed one as crashed, which frees the deployment's slot.
    """
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    (inputs / "a.txt").write_text(STORY.format("March"))
    server.command("work-pool", "create", "copydesk", "--type", "process")
    deploy(server, tmp_path, inputs, out, {"interval": 15, "slug": "test"})
    with server.client() as client:
        deployed = client.read_deployment_by_name("copydesk/hourly")
    assert deployed.tags == ["copydesk", str(out)]
    assert deployed.global_concurrency_limit is not None
    assert deployed.global_concurrency_limit.limit == 1
    assert deployed.concurrency_options is not None
    assert deployed.concurrency_options.collision_strategy == "CANCEL_NEW"
    working = worker(server, tmp_path / "worker.log")
    try:
        eventually(lambda: len(server.done("copydesk/hourly")) >= 2)
        assert all(run.auto_scheduled for run in server.done("copydesk/hourly"))
        assert table(out, "documents")["run_id"].to_list() == ["r000001"]
        assert any("r000001: kept 1 of 1 documents" in summary for summary in server.summaries())
        assert any("nothing new: 1 input, " in summary for summary in server.summaries())
        assert "out r000001" in [run.name for run in server.runs("copydesk/hourly")]
        for number in range(4000):
            (inputs / f"{number:04d}.txt").write_text(
                STORY.format(f"the {number}th year of the harbour office")
            )
        eventually(lambda: any((out / "_copydesk" / "staging").glob("*/work/cleaned/*.arrow")))
        end(working)
        assert table(out, "documents")["run_id"].unique().to_list() == ["r000001"]
        eventually(lambda: server.crashed("copydesk/hourly"))
        assert server.crashed("copydesk/hourly")[0].name == "out r000002"
        with server.client() as client:
            limit = client.read_deployment_by_name("copydesk/hourly").global_concurrency_limit
        assert limit is not None
        assert limit.active_slots == 0
        working = worker(server, tmp_path / "worker.log")
        eventually(lambda: len(list((out / "documents").iterdir())) == 2, 400)
    finally:
        end(working)
    assert len(set(table(out, "documents")["uri"]) | set(table(out, "removed")["uri"])) == 4001


def test_a_schedule_is_served_from_python(server: Server, tmp_path: Path) -> None:
    """The example in flows/README.md serves a schedule, whose first run publishes."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORY.format("May"))
    with from_python(server, "clean.serve(", path, out) as process:
        try:
            with server.client() as client:
                eventually(lambda: process.poll() is not None or server.has("copydesk/news"))
                assert process.poll() is None
                client.create_flow_run_from_deployment(client.read_deployment_by_name("copydesk/news").id)
            eventually(lambda: process.poll() is not None or server.done("copydesk/news"))
        finally:
            end(process, signal.SIGKILL)
    (run,) = server.done("copydesk/news")
    assert (run.name, set(run.tags)) == ("out r000001", {"copydesk", str(out)})
    assert len(table(out, "documents")) == 1


def test_a_deployment_is_made_from_python(server: Server, tmp_path: Path) -> None:
    """The example in flows/README.md makes a deployment for the workers of a pool, without an image."""
    server.command("work-pool", "create", "copydesk", "--type", "process", check=False)
    with from_python(server, "clean.deploy(", tmp_path / "a.txt", tmp_path / "out") as process:
        assert process.wait(240) == 0
    with server.client() as client:
        deployed = client.read_deployment_by_name("copydesk/news-by-worker")
    assert deployed.entrypoint == "flows.clean.clean"
    assert (deployed.work_pool_name, deployed.tags) == ("copydesk", ["copydesk", str(tmp_path / "out")])
    assert deployed.global_concurrency_limit is not None


def from_python(server: Server, call: str, path: Path, out: Path) -> subprocess.Popen[bytes]:
    """Run the example of flows/README.md that makes this call, with another input and output."""
    (code,) = (
        block.partition("```")[0]
        for block in (ROOT / "flows" / "README.md").read_text(encoding="utf-8").split("```python\n")
        if call in block
    )
    code = code.replace("/data/scraped", str(path)).replace("/data/news", str(out))
    return subprocess.Popen([sys.executable, "-c", code], env=server.env, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_is_a_deployment_if_there_is_a_server(server: Server, tmp_path: Path, number: int) -> None:
    """`serve` runs on schedule through the server, and pauses its schedule when stopped."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORY.format("April"))
    name = f"served-{number}"
    with serving(server.env, path, "--out", out, "--interval", "5", "--name", name) as process:
        eventually(lambda: process.poll() is not None or (out / "documents").exists())
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(60) == 0
    with server.client() as client:
        deployed = client.read_deployment_by_name(f"copydesk/{name}")
        served = client.read_automations_by_name("copydesk-zombies")
    assert len(served) == 1
    assert deployed.paused
    assert deployed.parameters == {"inputs": [str(path)], "out": str(out), "config": None}


def serving(env: dict[str, str], *arguments: object) -> subprocess.Popen[bytes]:
    """The command `serve` as a process."""
    command: Sequence[str] = [sys.executable, "-m", "flows.cli", "serve", *map(str, arguments)]
    return subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
