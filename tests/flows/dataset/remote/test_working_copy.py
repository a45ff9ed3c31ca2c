"""The working copy of a dataset behind a URL: what it fetches and when, and that it may be lost or damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fsspec
import polars as pl
import pytest

from flows import dataset_files
from flows.cli.scheduler import run_command
from flows.dataset import Dataset, reporting
from flows.dataset.crashes import convict, culprits
from flows.dataset.remote import local_folder, name_of, working_copy_in
from flows.dataset.remote.absent_files import FETCHED
from flows.dataset.remote.commits import newest, write_commit
from flows.dataset.remote.opening import read_working_copy
from flows.dataset.remote.publishing import UPLOADED
from flows.dataset.remote.store import Store
from flows.dataset.remote.working_copy import WorkingCopy
from flows.errors import CopydeskError, Locked, UsageError
from flows.maintenance import compact, expire, rollback
from flows.printable import printable
from flows.report.page.storing import page_after
from flows.run.artifacts import artifact_key, asset_key, run_name, run_tags
from flows.settings import Settings
from flows.verify.verification import verify_folder
from small_runs import LONG_AGO, plain_run, record, run, story
from support import Copydesk, Jsonl

from .storages import URL, forget, objects

DOCUMENTS = "documents/run=r000001/part-00000-00000.parquet"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of objects that are fetched, without what is special to an attempt."""
    keys: list[str] = []
    fetch = Store.fetch

    def noted(store: Store, key: str, target: Path) -> None:
        keys.append(key)
        fetch(store, key, target)

    monkeypatch.setattr(Store, "fetch", noted)
    return keys


def lose(out: Path) -> Path:
    """Lose the cache, as a new container does; the folder of the working copy."""
    shutil.rmtree(out)
    forget()
    return local_folder(URL)


def kinds(keys: list[str]) -> set[str]:
    """The tables and kinds of state of objects."""
    return {key.removeprefix("_copydesk/").split("/")[0].split(".")[0] for key in keys}


def test_the_next_run_on_the_same_machine_fetches_nothing(
    out: Path, jsonl: Jsonl, fetched: list[str]
) -> None:
    """All that it needs is there, whether or not there is anything new."""
    first = jsonl([record(n) for n in range(4)])
    for files in ([first], [first], [first, jsonl([record(9)], "more.jsonl")], [first]):
        forget()
        plain_run(files, local_folder(URL))
    assert fetched == []


def test_what_is_moved_is_told(out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many of the megabytes are uploaded, up to all, and then fetched by a new container."""
    monkeypatch.setattr(reporting, "_MEGABYTE", 1_000)
    told: list[tuple[str, int, int]] = []

    def watched(out: Path) -> WorkingCopy:
        copy = working_copy_in(out)
        assert copy is not None
        copy.report = lambda *said: told.append(said)
        return copy

    watched(out)
    plain_run(jsonl([record(n) for n in range(4)]), out)
    uploaded = sum(one.bytes for one in watched(out).base.files.values())
    said = [(done, total) for stage, done, total in told if stage == UPLOADED]
    assert {total for _, total in said} == {-(-uploaded // 1_000)}
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert said[-1][0] == said[-1][1]
    told.clear()
    copy = watched(lose(out))
    copy.refresh()
    copy.absent.fetch([copy.root / DOCUMENTS])
    assert [stage for stage, done, total in told if done == total] == [FETCHED, FETCHED]


def test_a_new_container_fetches_the_state_and_no_table(out: Path, jsonl: Jsonl, fetched: list[str]) -> None:
    """Of `documents` it fetches the parts with paragraphs that a new one may repeat, and no others."""
    near = story(2).replace("were mentioned", "were named")
    for number, some in enumerate((range(3), range(3, 6), range(6, 9))):
        plain_run(jsonl([record(n) for n in some], f"{number}.jsonl"), out)
    out = lose(out)
    assert plain_run(jsonl([record(20)], "other.jsonl"), out).run_id == "r000004"
    assert kinds(fetched) == {
        "format",
        "inventory",
        "history",
        "card",
        "README",
        "index",
        "ledger",
        "runs",
        "source_stats",
    }
    fetched.clear()
    out = lose(out)
    outcome = plain_run(jsonl([{"id": "near", "source": "x.example", "text": near}], "near.jsonl"), out)
    assert outcome.counts.removed.keys() == {"duplicate"}
    assert [key.split("/")[1] for key in fetched if key.startswith("documents/")] == ["run=r000001"]
    assert (
        kinds(fetched) & {"removed", "labelled", "repaired", "rejected", "labels", "unpublished", "records"}
        == set()
    )


def test_undo_of_whole_runs_fetches_what_the_card_counts(out: Path, jsonl: Jsonl, fetched: list[str]) -> None:
    """What is not here, and stays in the dataset, need not be here; only the card counts all documents anew."""
    for number in range(3):
        plain_run(jsonl([record(number)], f"{number}.jsonl"), out)
    out = lose(out)
    assert rollback(Dataset(out), "r000003") == ["r000003"]
    assert kinds(fetched) & {"removed", "labelled", "repaired", "rejected", "records", "labels"} == set()
    assert [key.split("/")[1] for key in fetched if key.startswith("documents/")] == [
        "run=r000001",
        "run=r000002",
    ]
    assert len(dataset_files(URL)) == 2
    assert list(verify_folder(out)) == []


def test_a_command_that_needs_all_fetches_all(out: Path, jsonl: Jsonl) -> None:
    """`compact` merges parts that were never here."""
    for number in range(3):
        plain_run(jsonl([record(number)], f"{number}.jsonl"), out)
    out = lose(out)
    assert compact(Dataset(out)) is not None
    (file,) = dataset_files(URL)
    storage = fsspec.filesystem("memory")
    assert pl.read_parquet(storage.cat_file(file), hive_partitioning=False)["record_id"].to_list() == [
        "id-0",
        "id-1",
        "id-2",
    ]
    assert not expire(Dataset(lose(out)), LONG_AGO)
    assert list(verify_folder(lose(out))) == []


@pytest.mark.parametrize("same_stamp", [False, True])
def test_a_damaged_file_of_the_cache_is_fetched_again(
    same_stamp: bool, out: Path, jsonl: Jsonl, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one that looks unchanged: its bytes are compared before a run uses them."""
    plain_run(jsonl([record(1)]), out)
    (part,) = Dataset(out).parts("index")
    sound, status = part.read_bytes(), part.stat()
    part.write_bytes(sound[:-9] + b"?" + sound[-8:])
    if same_stamp:
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
    forget()
    assert plain_run(jsonl([record(1)], "again.jsonl"), local_folder(URL)).counts.removed
    assert part.read_bytes() == sound
    assert list(verify_folder(out)) == []


def test_what_somebody_put_into_the_cache_is_removed(out: Path, jsonl: Jsonl) -> None:
    """The newest commit says what there is: files and folders that are in no commit are not published."""
    file = jsonl([record(1)])
    plain_run(file, out)
    before = objects()
    (out / "documents" / "run=r000009").mkdir()
    (out / "documents" / "run=r000009" / "part-00000-00000.parquet").write_bytes(b"?")
    (out / "notes.txt").write_text("mine")
    (out / DOCUMENTS).unlink()
    forget()
    assert Dataset(local_folder(URL)).runs() == ["r000001"]
    assert not (out / "notes.txt").exists()
    plain_run(file, out)
    assert objects() == before


def test_a_marker_that_is_damaged_costs_only_time(out: Path, jsonl: Jsonl, fetched: list[str]) -> None:
    """The files are compared with the commit by their bytes."""
    file = jsonl([record(1)])
    plain_run(file, out)
    (out / "_copydesk" / "working_copy.json").write_text("{")
    forget()
    assert plain_run(file, local_folder(URL)).run_id is None
    assert fetched == []
    (out / "_copydesk" / "working_copy.json").write_text("{")
    forget()
    with pytest.raises(CopydeskError, match="name the dataset by its URL"):
        Dataset(out)


def test_a_working_copy_that_was_copied_is_none(
    copydesk: Copydesk, out: Path, jsonl: Jsonl, tmp_path: Path
) -> None:
    """It would publish at the URL. Without what makes it a working copy, it is a dataset, if all of it was there."""
    plain_run(jsonl([record(1)]), out)
    forget()
    shutil.copytree(out, tmp_path / "mine")
    answer = copydesk("runs", tmp_path / "mine")
    assert answer.code == 5
    assert f"was copied from the working copy of {URL}" in answer.err
    (tmp_path / "mine" / "_copydesk" / "working_copy.json").unlink()
    assert copydesk("verify", tmp_path / "mine").code == 0


def test_a_held_run_survives_the_loss_of_the_cache(
    copydesk: Copydesk, out: Path, jsonl: Jsonl, tmp_path: Path
) -> None:
    """Another container refuses to run until somebody decides, and publishes or discards it."""
    config = tmp_path / "news.toml"
    config.write_text("report = false\n[guards.bounds]\nmin_documents = 1\nremoved = 0.1\n")
    first = jsonl([record(n) for n in range(4)])
    assert copydesk("run", first, "--out", URL, "--config", config).code == 0
    again = jsonl([record(n) for n in (0, 1, 2, 3, 4)], "again.jsonl")
    answer = copydesk("run", again, "--out", URL, "--config", config)
    assert answer.code == 3
    assert f"copydesk publish {URL} r000002" in answer.err
    assert f"{URL}/_copydesk/held/r000002/publish" in answer.err
    assert len(dataset_files(URL)) == 1
    lose(out)
    assert copydesk("run", again, "--out", URL, "--config", config).code == 3
    lose(out)
    assert copydesk("publish", URL, "r000002").code == 0
    assert len(dataset_files(URL)) == 2
    lose(out)
    assert "r000002" in copydesk("runs", URL).out
    assert copydesk("verify", URL).code == 0


def test_what_crashes_native_code_is_remembered_by_all_machines(out: Path, jsonl: Jsonl) -> None:
    """It is part of a commit; the evidence of a crash stays on its machine until a run there has tried it."""
    plain_run(jsonl([record(1)]), out)
    with Dataset(out).writing():
        convict(Dataset(out), {("/in/a.txt", "9 bytes"): "crashes"}, [])
    evidence = out / "_copydesk" / "suspects" / "r000002-x"
    evidence.mkdir(parents=True)
    (evidence / "suspects.json").write_text("{}")
    forget()
    assert Dataset(local_folder(URL)).exists()
    assert evidence.exists()
    assert culprits(Dataset(lose(out))) == {("/in/a.txt", "9 bytes"): "crashes"}


@pytest.mark.parametrize(
    "name", ["postings/segment-000001.bin", "line_totals/segment-000001.json", "reports/r000001.html"]
)
def test_what_a_machine_makes_for_itself_stays_there(name: str, out: Path, jsonl: Jsonl) -> None:
    """Caches and pages are not published, and are not removed either when the working copy is brought up to date."""
    plain_run(jsonl([record(1)]), out)
    own = out / "_copydesk" / name
    own.parent.mkdir(exist_ok=True)
    own.write_bytes(b"{}")
    forget()
    assert Dataset(local_folder(URL)).exists()
    assert own.read_bytes() == b"{}"
    assert not any(f"/{own.parent.name}/" in path for path in objects())


def test_a_file_that_another_machine_took_away_is_asked_for_in_vain(
    out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that finds the dataset changed under it ends, and can be run again."""
    plain_run(jsonl([record(1)]), out)
    out = lose(out)
    dataset = Dataset(out)
    with monkeypatch.context() as here:
        here.setenv("COPYDESK_CACHE", str(out.parent / "other"))
        forget()
        rollback(Dataset(local_folder(URL)), "r000001")
        forget()
    monkeypatch.setattr("flows.dataset.remote._OPEN", {out: read_working_copy(out)})
    with pytest.raises(Locked, match=r"another command has changed .* run it again"):
        dataset.scan("documents").collect()


def test_a_reader_reads_while_another_command_writes(
    out: Path, jsonl: Jsonl, caplog: pytest.LogCaptureFixture
) -> None:
    """What the writer found is shown, with a word about it."""
    plain_run(jsonl([record(1)]), out)
    with Dataset(out).writing():
        here = local_folder(URL)
        forget()
        assert Dataset(local_folder(URL)).runs() == ["r000001"]
    assert here == out
    assert f"another command is writing {URL}" in caplog.text


def test_a_cache_that_cannot_be_written_is_named(
    jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder on this machine, not the URL, and how to name another."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COPYDESK_CACHE", str(tmp_path / "file"))
    forget()
    with pytest.raises(CopydeskError, match=r"cannot be kept in .*file: .*COPYDESK_CACHE"):
        plain_run(jsonl([record(1)]), local_folder(URL))


def test_a_command_that_reads_makes_no_dataset(copydesk: Copydesk, cache: Path) -> None:
    """Nothing is written, neither there nor here."""
    for command in ("runs", "verify", "files"):
        answer = copydesk(command, URL)
        assert answer.code == 2
        assert answer.err == f"copydesk: {URL} is not a copydesk dataset\n"
    assert objects() == {}
    assert not cache.exists()


@pytest.mark.parametrize("last", ["...", "a b", "é" * 200, "x" * 300, "news"])
def test_a_working_copy_is_two_folders_below_the_cache(last: str, cache: Path) -> None:
    """Whatever the end of the URL is; two URLs never share one."""
    out = local_folder(f"memory://bucket/y/{last}")
    assert out.parent.parent == cache
    assert out.resolve() == out
    assert len(out.name.encode()) < 255
    assert local_folder(f"memory://bucket/z/{last}") != out


def test_slashes_make_no_other_dataset(out: Path) -> None:
    """However many there are: two working copies of one place would not know each other's lock."""
    for given in ("memory://bucket//news", "memory:/bucket/news/", "memory:///bucket/news"):
        assert local_folder(given) == out


@pytest.mark.parametrize("given", ["file://{}", "local://{}", "{}"])
def test_a_path_is_no_url(given: str, tmp_path: Path, jsonl: Jsonl, cache: Path) -> None:
    """Also with `file://`, as for inputs: there is no working copy."""
    out = local_folder(given.format(tmp_path / "news"))
    assert out == tmp_path / "news"
    plain_run(jsonl([record(1)]), out)
    assert name_of(out) == str(out)
    assert dataset_files(given.format(out)) == [str(out / DOCUMENTS)]
    assert not cache.exists()
    with pytest.raises(UsageError, match="there is no table 'articles': there are documents, "):
        dataset_files(out, "articles")


@pytest.mark.parametrize("point", ["commit documents", "committed", "exchange documents", "exchange sweep"])
def test_killed_in_the_working_copy_a_command_has_not_happened(
    point: str, out: Path, jsonl: Jsonl, kill_at: Callable[[str, Callable[[], object]], None]
) -> None:
    """Also after its own commit there: the storage decides, and the next command starts from what it has."""
    files = [jsonl([record(1)], "a.jsonl"), jsonl([record(2)], "b.jsonl")]
    plain_run(files[0], out)
    is_run = point.startswith("commit")
    if not is_run:
        plain_run(files, out)
    before = dataset_files(URL)
    kill_at(point, (lambda: plain_run(files, out)) if is_run else (lambda: compact(Dataset(out))))
    assert dataset_files(URL) == before
    forget()
    out = local_folder(URL)
    assert Dataset(out).runs() == ["r000001"] if is_run else ["r000001", "r000002"]
    assert plain_run(files, out).run_id == ("r000002" if is_run else None)
    assert compact(Dataset(out)) is not None
    assert len(dataset_files(URL)) == 1
    assert list(verify_folder(out)) == []


def test_a_page_does_without_documents_that_are_not_here(out: Path, jsonl: Jsonl, fetched: list[str]) -> None:
    """Only those that the run compared are here after the loss of the cache; the page is written, and is local."""
    for number in range(3):
        run(jsonl([record(number, story(number + 40))], f"{number}.jsonl"), out)
    out = lose(out)
    near = story(1).replace("were mentioned", "were named")
    outcome = run(
        jsonl([{"id": "near", "source": "x.example", "text": f"{near}\n\n{story(7)}"}], "near.jsonl"), out
    )
    page = page_after(outcome, Settings())
    assert page is not None
    assert outcome.counts.removed.keys() == {"duplicate"}
    assert [key.split("/")[1] for key in fetched if key.startswith("documents/")] == ["run=r000002"]
    assert str(page).startswith(str(out))
    assert printable(f"{page} of {out}/documents") == f"{page} of {URL}/documents"
    assert not any("reports" in path for path in objects())


def test_the_flow_takes_a_url(jsonl: Jsonl, out: Path) -> None:
    """As a parameter, whose type joins its slashes; flow runs, tags and artifacts are named by the URL."""
    assert local_folder(Path("memory:/bucket/news")) == out
    assert run_name(out) == "news"
    assert run_tags(out) == ["copydesk", URL]
    assert asset_key(out) == URL
    assert "bucket-news" in artifact_key("run", out)


def test_a_schedule_names_the_url(out: Path) -> None:
    """Each run is a process of its own, on this or another machine."""
    command = run_command(["/in"], name_of(out), None)
    assert command[command.index("--out") + 1] == URL


def test_a_worker_in_another_process_fetches_what_it_reads(
    out: Path, jsonl: Jsonl, fetched: list[str]
) -> None:
    """It knows the working copy by its folder alone, and never brings it up to date: that is for the command."""
    plain_run(jsonl([record(1)]), out)
    out = lose(out)
    assert Dataset(out).exists()
    fetched.clear()
    forget()
    store = Store(URL)
    assert write_commit(store, replace(newest(store), number=2, attempt="00000002", files={}))
    assert Dataset(out).scan("documents").collect()["record_id"].to_list() == ["id-1"]
    assert kinds(fetched) == {"documents"}
