"""Prefect's tasks on workers of Dask: two processes on this machine, with what happens to them on many machines."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import polars as pl
import pytest
from distributed import Client, WorkerPlugin
from prefect.settings import PREFECT_API_URL

import dask_trouble
from flows.clean import clean_here
from flows.dataset import Dataset
from flows.dataset.crashes import suspects
from flows.errors import ConfigurationError, CopydeskError
from flows.inputs import find
from flows.run import dask_tasks, staged_files, stages
from flows.run.artifacts import Progress
from flows.run.dask_cluster import scheduler
from flows.run.dask_worker import Work, here, perform, store
from flows.run.engine import Threads
from flows.run.execution import new_run
from flows.run.plan import execute_run
from flows.run.task_runs import NoRecord, Record
from flows.run.tasks import Recorded
from flows.settings import Settings, configuration_hash, lexicon_of, phrases_of, read_settings
from flows.settings.model import Engine as EngineTable
from small_runs import PLAIN, story
from support import Copydesk, json_lines

from .stories import digests
from .test_flow import server

__all__ = ["server"]  # a fixture

#: The fixture `trouble`: a function of `dask_trouble` in.
Trouble = Callable[[Callable[[str], None]], None]

pytestmark = pytest.mark.filterwarnings(
    "ignore:::prefect",
    "ignore:::distributed",
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)

#: Text for four shards in two batches.
FILES, RECORDS = 4, 420
SMALL = "[inputs]\nshard_megabytes = 1\n"


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of 0.8 MB, with lines and paragraphs that come again."""
    folder = tmp_path_factory.mktemp("news")
    for file in range(FILES):
        numbers = range(file * RECORDS, (file + 1) * RECORDS)
        records = [
            {
                "id": f"{number}",
                "source": "evening.example",
                "title": f"Report {number}",
                "text": "\n\n".join(
                    [
                        story(number),
                        story(number % 50),
                        "Follow the Evening Courier on all channels",
                        story(-number),
                    ]
                    + [
                        f"Kilometre {number} of the caf\u00c3\u00a9 road is closed until the {n}th."
                        for n in range(8)
                    ]
                ),
            }
            for number in numbers
        ]
        (folder / f"{file}.jsonl").write_bytes(json_lines(*records))
    return folder


@pytest.fixture(scope="module")
def expected(news: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the local engine publishes of it."""
    folder = tmp_path_factory.mktemp("expected")
    (folder / "mine.toml").write_text(SMALL)
    execute_run(
        [str(news)],
        folder / "out",
        read_settings(folder / "mine.toml"),
        Threads(2, nobody),
    )
    found = digests(folder / "out")
    assert len([name for name in found if name.startswith("documents")]) == FILES
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers, each a process with a folder of its own to work in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("workers"))
        patch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path_factory.mktemp("scratch")))
        with scheduler(EngineTable(), 2) as found:
            yield found


@pytest.fixture
def config(address: str, tmp_path: Path) -> Path:
    """A configuration with that scheduler."""
    path = tmp_path / "dask.toml"
    path.write_text(f'{SMALL}\n[engine]\ntask_runner = "dask"\ndask_address = "{address}"\n')
    return path


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    """A client by which a test reaches into the workers."""
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture
def trouble(client: Any, tmp_path: Path) -> Iterator[Callable[[Callable[[str], None]], None]]:
    """Let something of `dask_trouble` befall the workers; at the end, all is well again."""
    yield lambda function: client.run(function, str(tmp_path))
    client.wait_for_workers(2, timeout=60)
    client.run(dask_trouble.end, "")


def test_the_bytes_are_those_of_the_local_engine(
    news: Path, expected: dict[str, str], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All published files equal those of a run in this process, from another folder than that of the workers.

    Nothing is left in the staging folder. What is sent to a worker is small: the phrases are not in it.
    """
    sizes = []
    submit = Client.submit

    def measured(self: Any, *task: Any, **more: Any) -> Any:
        sizes.append(len(cloudpickle.dumps((task, more))))
        return submit(self, *task, **more)

    monkeypatch.setattr(Client, "submit", measured)
    monkeypatch.chdir(tmp_path)
    outcome = clean_here([os.path.relpath(news)], Path("out"), config)
    assert outcome.run_id == "r000001"
    assert digests(tmp_path / "out") == expected
    assert not list((tmp_path / "out" / "_copydesk" / "staging").iterdir())
    assert max(sizes) < 4_000


def test_prefect_is_not_needed(news: Path, expected: dict[str, str], config: Path, tmp_path: Path) -> None:
    """The same bytes without a record of task runs; progress is in bytes of input, and only goes on."""
    reports: list[tuple[str, int, int]] = []
    with dask_tasks.DaskTasks(
        read_settings(config), 0, lambda *said: reports.append(said), NoRecord()
    ) as engine:
        execute_run([str(news)], tmp_path / "out", read_settings(config), engine)
    assert digests(tmp_path / "out") == expected
    size = sum(path.stat().st_size for path in news.iterdir())
    for stage in ("read", "clean"):
        done = [done for name, done, total in reports if name == stage and total == size]
        assert done == sorted(done)
        assert done[-1] == size
        assert len(set(done)) > 1  # how often depends on how fast the workers are


def test_what_may_be_transient_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Prefect, too, a task run is repeated after an error of the network, and not after others."""
    monkeypatch.setattr("flows.run.task_runs.RETRY_DELAYS", [0, 0])
    errors = [OSError(errno.EIO, "gone"), OSError(errno.EIO, "gone"), OSError(errno.ENOSPC, "full")]

    def fails() -> None:
        raise errors.pop(0)

    with NoRecord() as record:
        assert record.submit("clean", "00000-00000", lambda: 1).result() == 1
        with pytest.raises(OSError, match="full"):
            record.submit("clean", "00000-00000", fails).result()
    assert not errors


def test_a_killed_worker_costs_its_task(
    news: Path, expected: dict[str, str], config: Path, tmp_path: Path, trouble: Trouble
) -> None:
    """After `kill -9` in mid-stage the other worker, or a new one, does the task again."""
    trouble(dask_trouble.killed_while_cleaning)
    clean_here([str(news)], tmp_path / "out", config)
    assert (tmp_path / "in clean").exists()
    assert digests(tmp_path / "out") == expected
    assert not list((tmp_path / "out").rglob(".*.partial"))


@pytest.mark.slow
def test_workers_may_be_killed_at_any_moment(
    news: Path, expected: dict[str, str], config: Path, tmp_path: Path, trouble: Trouble
) -> None:
    """A stage that has removed its source before the worker was lost is known to be done; half a table is not used."""
    trouble(dask_trouble.killed_after_stages)
    clean_here([str(news)], tmp_path / "out", config)
    killed = {"after clean", "after remove", "in split"} & {path.name for path in tmp_path.iterdir()}
    assert killed
    assert digests(tmp_path / "out") == expected
    assert not list((tmp_path / "out").rglob(".*.partial"))


@pytest.mark.slow
def test_groups_are_compared_by_the_workers(
    news: Path,
    expected: dict[str, str],
    config: Path,
    tmp_path: Path,
    trouble: Trouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the decisions of one task, also if workers are killed meanwhile."""
    monkeypatch.setattr(dask_tasks, "FEW", 0)
    trouble(dask_trouble.killed_while_comparing)
    clean_here([str(news)], tmp_path / "out", config)
    assert (tmp_path / "in extracts").exists()
    assert (tmp_path / "in of_groups").exists()
    assert digests(tmp_path / "out") == expected


def test_a_full_disk_ends_the_run(
    news: Path, config: Path, tmp_path: Path, trouble: Trouble, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full staging disk on a worker is not tried again: exit code 5, a sentence that names the file, nothing else."""
    trouble(dask_trouble.full_disk)
    answer = subprocess.run(
        arguments(news, tmp_path / "out", config), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 5
    assert f"{tmp_path}/out/_copydesk/staging/r000001-" in answer.stderr
    assert "copydesk: No space left on device" in answer.stderr
    assert "nothing of this run was published; free some space and try again" in answer.stderr
    assert not (tmp_path / "out" / "documents").exists()


@pytest.mark.slow
def test_a_slow_worker_holds_up_nobody(
    news: Path, expected: dict[str, str], config: Path, tmp_path: Path, trouble: Trouble
) -> None:
    """While one worker is slow, the other one does all else; the shards are published in their order."""
    trouble(dask_trouble.slow)
    clean_here([str(news)], tmp_path / "out", config)
    assert (tmp_path / "slow").read_text() == "True"
    assert digests(tmp_path / "out") == expected


@pytest.mark.slow
def test_a_killed_run_is_resumed_by_running_again(
    news: Path, expected: dict[str, str], config: Path, tmp_path: Path, trouble: Trouble
) -> None:
    """After `kill -9` of the run, the next one publishes all; what a worker still writes for the old one is removed."""
    trouble(dask_trouble.outlives_its_run)
    with subprocess.Popen(arguments(news, tmp_path / "out", config), env=environment()) as process:
        assert eventually((tmp_path / "begun").exists)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "out" / "documents").exists()
    clean_here([str(news)], tmp_path / "out", config)
    assert digests(tmp_path / "out") == expected
    assert eventually((tmp_path / "late").exists)
    assert (tmp_path / "late").read_text() == "True"
    assert eventually(lambda: not list((tmp_path / "out" / "_copydesk" / "staging").iterdir()))


@pytest.mark.slow
def test_a_record_that_kills_all_workers_is_found(
    tmp_path: Path, client: Any, config: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that loses one worker after the other ends, and says so; its next one knows what to try."""

    class Crashing(WorkerPlugin):
        """Also what becomes of a worker that is started again."""

        def setup(self, worker: Any) -> None:  # noqa: ARG002
            dask_trouble.native_code_crashes("")

    monkeypatch.setattr("flows.run.dask_tasks.MOST_DEATHS", 4)
    (tmp_path / "in.jsonl").write_bytes(
        json_lines(
            *({"id": f"{n}", "text": story(n)} for n in range(9)), {"id": "9", "text": f"CRASH {story(9)}"}
        )
    )
    client.register_plugin(Crashing(), name="crashing")
    try:
        with pytest.raises(
            CopydeskError, match="clean 00000-00000: 4 workers of Dask died one after the other"
        ):
            clean_here([str(tmp_path / "in.jsonl")], tmp_path / "out", config)
    finally:
        client.unregister_worker_plugin("crashing")
    dataset = Dataset(tmp_path / "out")
    with dataset.writing():
        (one,) = suspects(dataset)
    assert one.crash == "Segmentation fault"
    assert [path.stem for path in one.shards] == ["00000-00000"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            dask_trouble.other_version,
            r"the worker \d at tcp://127.0.0.1:\d+ has copydesk 9.9, here it is \S+: install the same versions",
        ),
        (
            dask_trouble.other_path,
            r"the worker \d at tcp://127.0.0.1:\d+ does not see /nowhere/out/_copydesk/staging/r000001-\w+/",
        ),
    ],
)
def test_workers_that_cannot_do_the_work_are_refused(
    news: Path, config: Path, tmp_path: Path, trouble: Trouble, change: Callable[[str], None], said: str
) -> None:
    """One with another version, or that does not see the dataset, is named before anything is read."""
    trouble(change)
    with pytest.raises(CopydeskError, match=said):
        clean_here([str(news)], tmp_path / "out", config)


@pytest.mark.parametrize("record", [NoRecord, lambda: Recorded(Progress(Path()))])
def test_a_scheduler_that_does_not_answer_is_named(
    news: Path, tmp_path: Path, record: Callable[[], Record]
) -> None:
    """The run fails after `dask_timeout` seconds, with Prefect or without, and says which address it tried."""
    settings = Settings.model_validate(
        {"engine": {"task_runner": "dask", "dask_address": "tcp://127.0.0.1:9", "dask_timeout": 0.1}}
    )
    with (
        pytest.raises(CopydeskError, match=r"no scheduler of Dask answers at tcp://127.0.0.1:9 within 0.1 s"),
        dask_tasks.DaskTasks(settings, 0, nobody, record()) as engine,
    ):
        execute_run([str(news)], tmp_path / "out", settings, engine)


class Workers:
    """A client of a scheduler whose workers come and go."""

    scheduler = SimpleNamespace(address="tcp://127.0.0.1:8786")

    def __init__(self) -> None:
        self.threads: dict[str, int] = {}
        self.misfits: set[str] = set()

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        """What the scheduler knows."""
        assert n_workers == -1
        return {"workers": {one: {"nthreads": n, "name": one[-1]} for one, n in self.threads.items()}}

    def run(self, function: Any, packages: list[str], *more: Any, workers: list[str], **_: object) -> Any:
        """What each of them is."""
        versions, *rest = function(packages, *more)
        return {
            one: ({**versions, "polars": "1.0"} if one in self.misfits else versions, *rest)
            for one in workers
        }

    def retire_workers(self, workers: list[str], close_workers: bool) -> None:
        """Send workers away."""
        assert close_workers
        for one in workers:
            del self.threads[one]

    def cancel(self, futures: list[object]) -> None:
        """Nothing runs."""


def test_workers_come_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As many tasks may run as fit workers have threads; one that comes later and is not fit is sent away."""
    monkeypatch.setattr(dask_tasks, "LOOK", 0)
    (tmp_path / "run-0.pickle").touch()
    engine = dask_tasks.DaskTasks(Settings(), 1, nobody, NoRecord())
    engine._client = workers = Workers()
    engine._seen = time.monotonic()

    def free() -> int:
        return engine._look_for_workers(tmp_path / "run-0.pickle")

    assert free() == 0
    workers.threads = {"tcp://h:1": 1, "tcp://h:2": 2}
    assert free() == 3
    workers.threads["tcp://h:3"] = 8
    workers.misfits.add("tcp://h:3")
    assert free() == 3
    assert "not used: the worker 3 at tcp://h:3 has polars 1.0, here it is" in caplog.text
    assert list(workers.threads) == ["tcp://h:1", "tcp://h:2"]
    workers.threads = {}
    assert free() == 0
    monkeypatch.setattr(dask_tasks, "PATIENCE", -1)
    with pytest.raises(CopydeskError, match=r"no worker was at the scheduler of Dask tcp://127.0.0.1:8786"):
        free()


def nobody(_stage: str, _done: int, _total: int) -> None:
    """Who is told of progress here."""


def stored_run(news: Path, out: Path) -> tuple[stages.Run, str]:
    """A run of a new dataset, and where its workers find it."""
    dataset, settings = Dataset(out), Settings.model_validate(PLAIN)
    with dataset.writing():
        run = new_run(dataset, settings, phrases_of(settings), lexicon_of(settings), datetime.now(UTC))
    return run, str(store(run, 0))


def test_a_worker_may_find_paths_elsewhere(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPYDESK_PATHS says where; uris stay those of the machine that started the run."""
    (tmp_path / "there").mkdir()
    shutil.copytree(news, tmp_path / "there" / "in")
    run, stored = stored_run(news, tmp_path / "there" / "out")
    given = find([str(tmp_path / "there" / "in" / name) for name in ("0.jsonl", "1.jsonl")])
    (tmp_path / "there").rename(tmp_path / "here")
    monkeypatch.setenv("COPYDESK_PATHS", f"/else=/where:{tmp_path}/there=/{tmp_path}/here/")
    assert here(f"{tmp_path}/thereabouts") == f"{tmp_path}/thereabouts"
    produced: list[stages.ReadShard] = []
    work = Work(_all_of, stages.Batch(0, given))
    for shard in perform(stored, pickle.dumps(work)):
        produced.append(shard)
        perform(stored, pickle.dumps(Work(stages.clean, shard)))
    documents = pl.read_ipc(here(str(run.path("documents", "00000-00000"))))
    assert documents["uri"][0] == f"{tmp_path}/there/in/0.jsonl#1"


def _all_of(run: stages.Run, item: Any) -> list[stages.ReadShard]:
    return list(stages.read_inputs(run, item))


def test_a_stage_may_be_done_twice(news: Path, tmp_path: Path) -> None:
    """A worker that was given up for lost may come late: nothing changes; what it writes after the end is removed."""
    run, stored = stored_run(news, tmp_path / "out")
    given = find([str(news / "0.jsonl"), str(news / "1.jsonl")])
    read = perform(stored, pickle.dumps(Work(_all_of, stages.Batch(0, given))))
    for stage in (stages.clean, stages.clean, stages.clean):
        perform(stored, pickle.dumps(Work(stage, read[0])))
    assert not run.path("read", str(read[0].shard)).exists()
    assert not list(run.staging.glob("cleaning-*"))
    assert not list((run.staging / "work" / "partial").iterdir())

    def late(run: stages.Run, _item: object) -> None:
        shutil.rmtree(run.staging)
        staged_files.write(pl.DataFrame({"text": ["late"]}), run.path("cleaned", "00000-00000"))

    for work in (cloudpickle.dumps(Work(late, None)), pickle.dumps(Work(stages.clean, read[0]))):
        with pytest.raises(CopydeskError, match=r"run r000001 of .* has ended"):
            perform(stored, work)
        assert not run.staging.exists()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('task_runner = "ray"', r"\[engine\]: task_runner: input should be 'local' or 'dask', not 'ray'"),
        ('dask_address = "tcp://h:1"', r'\[engine\]: dask_address: needs task_runner = "dask"$'),
        ('task_runner = "dask"\ndask_address = "h"', r"\[engine\]: dask_address: .*, not 'h'"),
        (
            'task_runner = "dask"\ndask_address = "tcp://h:1"\ndask_cluster = "a.B"',
            r"\[engine\]: dask_cluster: leave it out, or leave out dask_address: a run has one scheduler$",
        ),
        ('task_runner = "dask"\ndask_arguments = { n_workers = 2 }', "dask_arguments: needs dask_cluster"),
        ('task_runner = "dask"\ndask_cluster = "Cluster"', "dask_cluster: .*, not 'Cluster'"),
    ],
)
def test_dask_settings_that_contradict_are_refused(tmp_path: Path, table: str, said: str) -> None:
    """The message names the key, and what to do."""
    (tmp_path / "mine.toml").write_text(f"[engine]\n{table}\n")
    with pytest.raises(ConfigurationError, match=said):
        read_settings(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("nowhere.Cluster", {}, "dask_cluster: nowhere.Cluster cannot be imported"),
        ("pathlib.PurePath", {"cores": 3}, r"pathlib.PurePath cannot be started: .*cores"),
    ],
)
def test_a_cluster_that_cannot_be_started_is_named(name: str, arguments: dict[str, Any], said: str) -> None:
    """A class that is not there, or that does not take the arguments."""
    engine = EngineTable(task_runner="dask", dask_cluster=name, dask_arguments=arguments)
    with pytest.raises(ConfigurationError, match=said), scheduler(engine, 1):
        pass


def test_a_cluster_class_is_given_its_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class is called with `dask_arguments`, and the cluster closed after the run."""
    calls: list[object] = []

    class Cluster:
        scheduler_address = "tcp://127.0.0.1:8786"

        def __init__(self, **arguments: object) -> None:
            calls.append(arguments)

        def __enter__(self) -> Cluster:
            return self

        def __exit__(self, *_: object) -> None:
            calls.append("closed")

    monkeypatch.setattr("distributed.LocalCluster", Cluster)
    engine = EngineTable(
        task_runner="dask", dask_cluster="distributed.LocalCluster", dask_arguments={"n_workers": 3}
    )
    with scheduler(engine, 1) as address:
        assert address == "tcp://127.0.0.1:8786"
    assert calls == [{"n_workers": 3}, "closed"]


def test_the_extra_is_named_if_it_is_missing(
    copydesk: Copydesk, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a sentence says how to install it, before anything else happens."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    answer = copydesk("run", story, "--out", tmp_path / "out", "--dask-workers", 2)
    assert answer.code == 2
    assert 'pip install "copydesk[dask]"' in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "table", "said"),
    [
        (["--engine", "local"], "", "--dask-workers needs other processes than this one"),
        ([], 'task_runner = "dask"\ndask_address = "tcp://h:1"', "leave it out, or [engine] dask_address"),
        ([], 'task_runner = "dask"\ndask_cluster = "a.B"', "leave it out, or [engine] dask_cluster"),
    ],
)
def test_dask_workers_go_with_no_other_engine(
    copydesk: Copydesk, story: Path, tmp_path: Path, options: list[str], table: str, said: str
) -> None:
    """`--dask-workers` with a scheduler or the local engine is wrong usage."""
    (tmp_path / "mine.toml").write_text(f"[engine]\n{table}\n")
    answer = copydesk(
        *("run", story, "--out", tmp_path / "out", "--config", tmp_path / "mine.toml", "--dask-workers", 2),
        *options,
    )
    assert answer.code == 2
    assert said in answer.err


def test_the_engine_decides_nothing(tmp_path: Path) -> None:
    """The hash of what decides a run is the same with every engine."""
    phrases, lexicon = phrases_of(Settings()), lexicon_of(Settings())
    dask = Settings.model_validate({"engine": {"task_runner": "dask", "dask_address": "tcp://h:1"}})
    assert configuration_hash(dask, phrases, lexicon) == configuration_hash(Settings(), phrases, lexicon)


def environment() -> dict[str, str]:
    """That of a command that uses the server of these tests."""
    return {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}


def arguments(inputs: Path, out: Path, config: Path) -> list[str]:
    """The command line of a run."""
    command = [sys.executable, "-m", "flows.cli", "run", "-q"]
    return [*command, str(inputs), "--out", str(out), "--config", str(config)]


def eventually(true: Callable[[], object], longest: float = 120) -> bool:
    """Whether something becomes true within some seconds."""
    until = time.monotonic() + longest
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
