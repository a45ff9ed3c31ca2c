"""The Prefect flow: the same plan, with named tasks, retries if they can help, and artifacts."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import Artifact, FlowRun, StateType
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort
from prefect.events import EventTrigger
from prefect.exceptions import ParameterTypeError
from prefect.flows import Flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from flows import dataset_files
from flows import printable as printable_module
from flows.clean import clean, clean_here, compact
from flows.dataset import remote
from flows.dataset.tables import TABLES
from flows.errors import Held, InputMissing, UsageError
from flows.printable import as_markdown
from flows.run import stages
from flows.run.artifacts import artifact_key, input_keys, run_tags, show_outcome
from flows.run.automations import deploy_automations
from flows.run.engine import Threads
from flows.run.notify import notify
from flows.run.plan import execute_run
from flows.settings import Settings
from flows.settings.bundled import config_folder
from flows.settings.model import Notify
from support import ROOT, STORY, Copydesk, table

from .webhooks import Hook, hook

CONSOLE = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"

__all__ = ["hook"]  # a fixture

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
            "SERVER_ANALYTICS_ENABLED",
            "SERVER_UI_ENABLED",
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


def test_a_flow_publishes_at_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As deployments give it: the type of the parameter joins its slashes. Runs are named and tagged by the URL."""
    monkeypatch.setenv("COPYDESK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote, "_OPEN", {})
    monkeypatch.setattr(printable_module, "_SHOWN_AS", {})
    (tmp_path / "story.txt").write_text(STORY)
    url = "memory://of-a-flow/news"
    outcome = clean_here([str(tmp_path / "story.txt")], Path(url))
    assert outcome.run_id == "r000001"
    assert len(dataset_files(url)) == 1
    (flow_run,) = flow_runs(url)
    assert flow_run.name == "news r000001"
    assert flow_run.parameters["out"] == "memory:/of-a-flow/news"
    assert compact(Path(url)) == f"{Path(url)}: nothing to merge"


def test_tasks_have_names_and_the_summary_is_an_artifact(tmp_path: Path) -> None:
    """Task runs are named after stage and shard, and the summary is an artifact."""
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    outcome = clean_here([str(path)], tmp_path / "out")
    with get_client(sync_client=True) as client:
        names = {run.name for run in client.read_task_runs(limit=200)}
    assert {
        "read 00000",
        "clean 00000-00000",
        "count",
        "remove 00000-00000",
        "compare",
        "split 00000-00000",
    } <= names
    (shown,) = artifacts("run", tmp_path / "out")
    assert outcome.markdown() in str(shown.data)


def test_parameters_are_validated(tmp_path: Path) -> None:
    """A parameter of the wrong type fails before the flow starts."""
    with pytest.raises(ParameterTypeError):
        clean(inputs=5, out=tmp_path / "out")


def test_the_flow_can_be_served() -> None:
    """`clean.serve` pickles the flow for the process of each run, where its parameters are validated as here."""
    there = cloudpickle.loads(cloudpickle.dumps(clean))
    assert there.validate_parameters({"inputs": ["/in"], "out": "/out"})["out"] == Path("/out")


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
    monkeypatch.setattr("flows.run.tasks.RETRY_DELAYS", [0, 0])
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


def test_quiet_holds_for_prefect(copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--quiet`, Prefect's own lines are not printed, nor those of a temporary server; without it they are."""
    monkeypatch.delenv(CONSOLE, raising=False)
    heard: list[str | None] = []

    def refuse(*_given: object) -> None:
        heard.append(os.environ.get(CONSOLE))
        raise UsageError("enough")

    monkeypatch.setattr("flows.clean.clean_here", refuse)
    path = tmp_path / "a.txt"
    path.write_text("A story about the harbour, told for the flow.")
    for options in ((), ("--quiet",)):
        copydesk("run", path, "--out", tmp_path / "out", "--engine", "prefect", *options)
    assert heard == [None, "CRITICAL"]


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
    assert [event["flow_run"] for event in events] == ["out r000001", "out", "out"]
    assert not (tmp_path / "out" / "documents").exists()


def artifacts(kind: str, out: Path) -> list[Artifact]:
    """The artifacts of that kind, in the order of the dataset's runs."""
    keys = ArtifactFilterKey(any_=[artifact_key(kind, out)])
    with get_client(sync_client=True) as client:
        return client.read_artifacts(
            artifact_filter=ArtifactFilter(key=keys), sort=ArtifactSort.UPDATED_DESC
        )[::-1]


def flow_runs(out: Path | str) -> list[FlowRun]:
    """The flow runs of a dataset, by their tag, in the order of their starts."""
    tags = FlowRunFilterTags(all_=[str(out)])
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            flow_run_filter=FlowRunFilter(tags=tags), sort=FlowRunSort.START_TIME_ASC
        )


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
    (shown,) = artifacts("run", out)
    assert "pwned" in str(shown.data)
    markdown = str(shown.data)
    markdown = re.sub(r"\(\[link\]\(file:///[\w.%/-]+\)\)", "", markdown)
    for text in (markdown, str(shown.description)):
        assert not set("\x1b<>[](") & set(re.sub(r"\\[!-/:-@\[-`{-~]", "", text))
        assert "://" not in text
    log = capfd.readouterr().err
    assert "\x1b[2J" not in log


def test_what_prefect_shows_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is named by dataset and run id, reaches 100 percent, shows its counts, and updates the asset."""
    path, out = tmp_path / "a.txt", tmp_path / "news"
    path.write_text(STORY)
    emitted: list[dict[str, Any]] = []
    monkeypatch.setattr("prefect.events.emit_event", lambda **event: emitted.append(event))
    outcome = clean_here([str(path)], out)
    (run,) = flow_runs(out)
    assert (run.name, set(run.tags)) == ("news r000001", {"copydesk", str(out)})
    (progress,) = artifacts("progress", out)
    assert (progress.data, progress.description) == (100.0, "news r000001: published")
    (counts,) = artifacts("counts", out)
    rows = json.loads(str(counts.data))
    words = outcome.counts.words
    share = {"documents": "1", "paragraphs": "1", "words": str(words), "of all words": "100.0 %"}
    assert rows == [{"what": "came in", **share}, {"what": "kept", **share}]
    (shown,) = artifacts("run", out)
    assert f"({out.as_uri()}/documents)" in str(shown.data)
    assert shown.description == f"news r000001: 100.0 % of {words} words kept"
    (event,) = (e for e in emitted if e["event"] == "prefect.asset.materialization.succeeded")
    assert event["resource"]["prefect.resource.id"] == out.as_uri()
    assert (event["payload"]["run_id"], event["payload"]["documents"]) == ("r000001", 1)
    (needed,) = (e for e in emitted if e["event"] == "prefect.asset.referenced")
    assert needed["resource"]["prefect.resource.id"] == path.as_uri()


def test_a_run_with_nothing_new_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name says it, and it has no progress, no counts and no asset."""
    path, out = tmp_path / "a.txt", tmp_path / "news"
    path.write_text(STORY)
    clean_here([str(path)], out)
    emitted: list[str] = []
    monkeypatch.setattr("prefect.events.emit_event", lambda **event: emitted.append(event["event"]))
    clean_here([str(path)], out)
    assert [run.name for run in flow_runs(out)] == ["news r000001", "news, nothing new"]
    assert "nothing new" in str(artifacts("run", out)[-1].data)
    assert [len(artifacts(kind, out)) for kind in ("run", "progress", "counts")] == [2, 1, 1]
    assert not [event for event in emitted if "asset" in event]


def test_the_progress_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is updated as stages end, upwards, with what is being done in words."""
    path, out = tmp_path / "a.txt", tmp_path / "news"
    path.write_text(STORY)
    moved: list[tuple[float, str]] = []
    monkeypatch.setattr(
        "flows.run.artifacts.update_progress_artifact",
        lambda _id, percent, description: moved.append((percent, description)),
    )
    clean_here([str(path)], out)
    assert moved == sorted(moved, key=lambda one: one[0])
    assert moved[0] == (10.0, "news r000001: reading and cleaning")
    assert moved[-1] == (100.0, "news r000001: published")


def test_the_report_is_linked_if_there_is_one(tmp_path: Path) -> None:
    """The summary of a run has a link to its page, and the command that opens it."""
    path, out = tmp_path / "a.txt", tmp_path / "news"
    path.write_text(STORY)
    page = out / "_copydesk" / "reports" / "r000001.html"
    outcome = clean_here([str(path)], out)
    page.unlink(missing_ok=True)
    show = Flow(show_outcome, name="show")
    show(outcome)
    page.parent.mkdir(exist_ok=True)
    page.write_text("<p>the page")
    show(outcome)
    without, linked = (str(artifact.data) for artifact in artifacts("run", out)[-2:])
    assert page.as_uri() not in without
    assert f"{as_markdown(str(page))} ([link]({page.as_uri()}))" in linked
    assert f"copydesk report {as_markdown(str(out))} r000001" in linked


def test_a_run_survives_trouble_with_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect shows is no reason to fail: the run is published, and the log says what was not shown."""
    path, out = tmp_path / "a.txt", tmp_path / "news"
    path.write_text(STORY)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ECONNRESET, "the server is gone")

    for name in ("create_progress_artifact", "create_markdown_artifact"):
        monkeypatch.setattr(f"flows.run.artifacts.{name}", fail)
    assert clean_here([str(path)], out).run_id == "r000001"
    assert len(table(out, "documents")) == 1


def test_the_inputs_of_an_asset_are_few(tmp_path: Path) -> None:
    """Of thousands of files only the folders are named; a password in an input is masked."""
    files = [str(tmp_path / str(number % 40) / f"{number}.txt") for number in range(2000)]
    keys = input_keys(files)
    assert len(keys) == 20
    assert keys[0] == f"{tmp_path.as_uri()}/0"
    assert input_keys(["ftp://user:s3cret@host/in"]) == ["ftp://user:***@host/in"]


@pytest.mark.parametrize("kind", ["webhook", "custom-webhook", "secret", "nowhere"])
def test_a_block_sends_notices(
    hook: Hook, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A webhook block posts the JSON, a block for notifications its text; of others the log has the name only."""
    hooks = {
        "webhook": Webhook(url=SecretStr(hook.url)),
        "custom-webhook": CustomWebhookNotificationBlock(
            name="ops", url=hook.url, json_data={"said": "{{body}}"}
        ),
        "secret": Secret(value=SecretStr(hook.url)),
    }
    if kind in hooks:
        hooks[kind].save("ops", overwrite=True)
    config = tmp_path / "mine.toml"
    config.write_text(f'[notify]\nwebhook = "prefect://{kind}/ops"\n')
    with pytest.raises(InputMissing):
        clean_here([str(tmp_path / "nowhere.txt")], tmp_path / "out", config)
    if kind in ("secret", "nowhere"):
        assert not hook.posted
        assert f"the Prefect block {kind}/ops could not send the notice" in caplog.text
        assert "s3cret" not in caplog.text
    else:
        (said,) = hook.posted
        assert said.get("event", "failed") == "failed"
        assert f"the run of {tmp_path / 'out'} failed: " in said.get("text", said.get("said"))


def test_a_block_needs_a_server(caplog: pytest.LogCaptureFixture) -> None:
    """A run without a server starts none in order to find a block; the log says what is missing."""
    webhook = Notify.model_validate({"webhook": "prefect://webhook/ops"})
    with temporary_settings({PREFECT_API_URL: None}):
        notify(webhook, "failed", "gone", Path("/out"))
    assert "no Prefect server is configured that has the block webhook/ops" in caplog.text


def test_automations_are_deployed_once(tmp_path: Path) -> None:
    """Deploying again brings an automation up to date, and leaves it off if someone switched it off."""
    assert deploy_automations() == {"automations": "copydesk-zombies"}
    with get_client(sync_client=True) as client:
        (made,) = client.read_automations_by_name("copydesk-zombies")
        client.request("PATCH", f"/automations/{made.id}", json={"enabled": False})
    mine = tmp_path / "automations.yaml"
    shipped = (config_folder() / "automations.yaml").read_text()
    mine.write_text(shipped.replace("within: 120", "within: 240"))
    deploy_automations(str(mine))
    with get_client(sync_client=True) as client:
        (there,) = client.read_automations_by_name("copydesk-zombies")
    assert isinstance(there.trigger, EventTrigger)
    assert (there.enabled, there.trigger.within.total_seconds()) == (False, 240)
    assert there.description.startswith("Marks a copydesk run as crashed")
    mine.write_text("deployments: []")
    with pytest.raises(UsageError, match="no automations"):
        deploy_automations(str(mine))


def test_the_automation_knows_every_end_of_a_run(tmp_path: Path) -> None:
    """It waits longer than a heartbeat takes, for the tag that runs have, and takes no ended run for a dead one."""
    (zombies,) = yaml.safe_load((config_folder() / "automations.yaml").read_text())["automations"]
    trigger = zombies["trigger"]
    assert trigger["match_related"]["prefect.resource.id"] == f"prefect.tag.{run_tags(tmp_path)[0]}"
    assert trigger["within"] >= 3 * int(os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    assert {"prefect.flow-run.Completed", "prefect.flow-run.Held"} < set(trigger["expect"])
