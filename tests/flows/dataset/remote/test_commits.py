"""A dataset behind a URL, in memory: what is published when, by whom, and what is left of those that died."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, get_args

import fsspec
import pytest
from xxhash import xxh3_128_hexdigest

from flows.dataset import Dataset
from flows.dataset.actions import Action
from flows.dataset.checksums import BLANK, SEAL
from flows.dataset.remote import local_folder
from flows.dataset.remote.commits import ATTEMPTS, KEPT, Attempt, attempt_of, newest, numbers, write_commit
from flows.dataset.remote.store import Store
from flows.errors import CopydeskError, Locked, UsageError
from flows.maintenance import compact, expire, relabel, restore, rollback
from flows.verify.verification import verify_folder
from small_runs import plain_run, published, record
from support import Jsonl

from .storages import CALLS, URL, Died, by_path, committed, failing, forget, objects, on_another_machine

Rows = dict[str, list[dict[str, Any]]]


def sorted_rows(rows: Rows) -> Rows:
    """The rows of a local dataset in the order of `committed`."""
    return {
        name: sorted(some, key=lambda row: (row["run_id"], *(str(row[column]) for column in list(row)[:2])))
        for name, some in rows.items()
    }


def as_published(out: Path) -> Rows:
    """All rows of a folder."""
    return sorted_rows(published(out))


def as_committed() -> Rows:
    """All rows of the newest commit."""
    return sorted_rows(committed())


@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_commands_do_on_a_url_what_they_do_in_a_folder(
    seed: int, out: Path, tmp_path: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any sequence of commands, each on a machine that may be new, leaves the same tables; nothing else is left."""
    random, local = Random(seed), tmp_path / "local"
    files: list[Path] = []

    def run() -> None:
        first = random.randrange(12)
        files.append(jsonl([record(n) for n in range(first, first + 4)], f"{len(files)}.jsonl"))
        both(lambda place: plain_run(files, place))

    def both(command: Callable[[Path], object]) -> None:
        command(local)
        if random.random() < 0.4:
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        forget()
        command(local_folder(URL))

    run()
    for _ in range(6):
        runs = Dataset(local).runs()
        what = random.choice(["run", "run", "rollback", "compact", "restore", "relabel", "expire"])
        if what == "run" or not runs:
            run()
        elif what == "rollback":
            gone = random.choice(runs)
            both(lambda place, gone=gone: rollback(Dataset(place), gone))  # type: ignore[misc]
        elif what == "compact":
            both(lambda place: compact(Dataset(place)))
        elif what == "relabel":
            action = random.choice(get_args(Action))
            both(lambda place, action=action: relabel(Dataset(place), "duplicate", action))  # type: ignore[misc]
        elif what == "restore" and (removed := published(local)["removed"]):
            reason = removed[0]["reason"]
            both(lambda place, reason=reason: restore(Dataset(place), reason=reason))  # type: ignore[misc]
        elif what == "expire":
            both(lambda place: expire(Dataset(place), datetime.now(UTC) + timedelta(days=1)))
        assert as_committed() == as_published(local)
        assert sorted_rows(by_path()) == as_published(local)
    forget()
    assert list(verify_folder(local_folder(URL))) == []
    listed = {f"/bucket/news/{one.key}" for one in newest(Store(URL)).files.values()}
    assert {path for path in objects() if "/commits/" not in path} == listed


@pytest.mark.parametrize(
    ("what", "after", "step"),
    [
        ("rollback", False, 6),
        *(
            pytest.param(*case, 1, marks=pytest.mark.slow)
            for case in product(("run", "rollback"), (False, True))
        ),
    ],
)
def test_killed_at_any_call_to_the_storage_a_command_has_happened_or_not(
    what: str,
    after: bool,
    step: int,
    out: Path,
    jsonl: Jsonl,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The commits show the dataset as before or as after, and the next command finishes the work and leaves nothing."""
    first, second = (jsonl([record(n) for n in some], f"{some}.jsonl") for some in (range(4), range(2, 6)))
    plain_run(first, out)
    if what == "rollback":
        plain_run(second, out)
    before, kept = as_committed(), objects()
    shutil.copytree(out, tmp_path / "kept")

    def work() -> None:
        if what == "run":
            plain_run([first, second], local_folder(URL))
        elif "r000002" in Dataset(local_folder(URL)).runs():
            rollback(Dataset(local_folder(URL)), "r000002")

    work()
    done = as_committed()
    assert done != before
    at, calls = 0, 1
    while at < calls:
        at += step
        storage = fsspec.filesystem("memory")
        storage.rm("/bucket", recursive=True)
        for path, content in kept.items():
            storage.pipe_file(path, content)
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "kept", out)
        forget()
        with monkeypatch.context() as patch:
            failing(patch, at, Died(), after)
            try:
                work()
            except Died:
                calls = at + 1
        assert as_committed() in (before, done)
        forget()
        work()
        assert as_committed() == done
        with Dataset(local_folder(URL)).writing():
            pass
        assert sorted_rows(by_path()) == done
        assert not [path for path in objects() if ATTEMPTS in path]
    assert at > 15


def test_of_two_writers_the_slower_one_publishes_nothing(
    out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It ends with an error; what it uploaded overwrites nothing, and is gone; its next run reads all."""
    first, mine, theirs = (
        jsonl([record(n) for n in some], f"{some}.jsonl") for some in (range(3), range(3, 6), range(6, 9))
    )
    plain_run(first, out)
    create = Store.create

    def after_another(store: Store, key: str, content: bytes) -> bool:
        if "/commits/" in key and not done:
            done.append(key)
            with on_another_machine(monkeypatch, tmp_path / "other") as there:
                plain_run(theirs, there)
        return create(store, key, content)

    done: list[str] = []
    monkeypatch.setattr(Store, "create", after_another)
    with pytest.raises(Locked, match=f"another run has changed {URL} since this one began"):
        plain_run([first, mine], out)
    assert len(done) == 1
    expected = as_committed()
    assert {row["record_id"] for row in expected["documents"]} == {f"id-{n}" for n in (0, 1, 2, 6, 7, 8)}
    assert sorted_rows(by_path()) == expected
    forget()
    assert plain_run([first, mine], local_folder(URL)).run_id == "r000003"
    assert len(as_committed()["documents"]) == 9
    assert list(verify_folder(local_folder(URL))) == []


def test_a_writer_that_slept_while_fifty_others_published_has_lost(
    out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The number of its commit is free again, because old commits are dropped; the newest one decides."""
    plain_run(jsonl([record(1)]), out)
    create = Store.create

    def after_many(store: Store, key: str, content: bytes) -> bool:
        if "/commits/" in key and not done:
            done.append(key)
            base = newest(store)
            for number in range(base.number + 1, base.number + KEPT + 2):
                write_commit(store, replace(base, number=number, attempt=f"{number:08x}"))
            store.remove([key])
        return create(store, key, content)

    done: list[str] = []
    monkeypatch.setattr(Store, "create", after_many)
    before = as_committed()
    with pytest.raises(Locked, match="another run has changed"):
        plain_run(jsonl([record(2)], "more.jsonl"), out)
    assert as_committed() == before
    assert done[0] not in {f"_copydesk/commits/{number:08d}.json" for number in numbers(Store(URL))}


def test_two_commands_on_one_machine_exclude_each_other_as_in_a_folder(
    out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is that of the working copy; one that only reads may have it for a moment."""
    monkeypatch.setattr("flows.dataset.writing.PATIENCE", 0.01)
    with Dataset(out).writing(), pytest.raises(Locked, match="another run is writing"):
        plain_run(jsonl([record(1)]), out)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("no route to host"), "no route to host"),
        (PermissionError("Access Denied"), "Access Denied"),
        (OSError(122, "Disk quota exceeded"), "quota"),
    ],
)
def test_an_upload_that_fails_publishes_nothing_and_the_next_run_does(
    error: Exception, said: str, out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is one sentence with the URL; the working copy, which was ahead, is put back."""
    file = jsonl([record(1)])

    def put_file(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("fsspec.implementations.memory.MemoryFileSystem.put_file", put_file)
        with pytest.raises(CopydeskError, match=f"{URL} cannot be written: .*{said}") as raised:
            plain_run(file, out)
    assert raised.value.exit_code == 5
    assert newest(Store(URL)).files == {}
    forget()
    assert plain_run(file, local_folder(URL)).run_id == "r000001"
    assert len(as_committed()["documents"]) == 1


def test_old_commits_are_dropped_and_each_says_what_there_was(out: Path, jsonl: Jsonl) -> None:
    """The newest fifty are kept; each has its number, the one before, and the runs."""
    plain_run(jsonl([record(1)]), out)
    store = Store(URL)
    base = newest(store)
    for number in range(2, KEPT + 6):
        write_commit(store, replace(base, number=number, attempt=f"{number:08x}"))
    plain_run(jsonl([record(2)], "more.jsonl"), out)
    assert numbers(store) == list(range(7, KEPT + 7))
    said = json.loads(store.read(f"_copydesk/commits/{KEPT + 6:08d}.json"))
    assert (said["number"], said["previous"], said["runs"]) == (KEPT + 6, KEPT + 5, ["r000001", "r000002"])


def test_a_commit_that_is_damaged_is_named(out: Path, jsonl: Jsonl) -> None:
    """Nothing is guessed: the message says which object it is, and what to do."""
    plain_run(jsonl([record(1)]), out)
    store = Store(URL)
    content = store.read("_copydesk/commits/00000001.json")
    store.remove(["_copydesk/commits/00000001.json"])
    store.create("_copydesk/commits/00000001.json", content.replace(b"r000001", b"r000007"))
    forget()
    with pytest.raises(
        CopydeskError, match=f"the newest commit, {URL}/_copydesk/commits/00000001.json, cannot be read"
    ):
        Dataset(local_folder(URL))


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../x",
            "documents/../../x",
            "{elsewhere}/x",
            "documents//x",
            "./x",
            "",
            "documents/x\x1b[2J",
            "a\0b",
        ),
        *("_copydesk/lock", "_copydesk/staging/r000009-1/work/run-0.pickle", "_copydesk/working_copy.json"),
    ],
)
def test_a_commit_leads_to_no_place_but_the_dataset(
    path: str, out: Path, jsonl: Jsonl, tmp_path: Path
) -> None:
    """One that somebody put there, with a right checksum, is refused before anything is written or removed."""
    plain_run(jsonl([record(1)]), out)
    path = path.format(elsewhere=tmp_path)
    forged(lambda files: {**files, path: next(iter(files.values()))})
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(CopydeskError, match="cannot be a file of a dataset"):
        Dataset(local_folder(URL))
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("object", "../other/x.00000001-1a2b3c4d.parquet", "cannot be an object"),
        ("object", "/etc/x.00000001-1a2b3c4d", "cannot be an object"),
        ("object", "documents/somebody_elses.parquet", "cannot be an object"),
        ("object", 7, "cannot be an object"),
        *(("bytes", value, "size or checksum") for value in ("7", -1, 1e300, True, None)),
        ("xxh3_128", 7, "size or checksum"),
    ],
)
def test_a_commit_says_of_each_file_what_it_must(
    field: str, value: object, said: str, out: Path, jsonl: Jsonl
) -> None:
    """The object is one of the dataset; a size is a whole number."""
    plain_run(jsonl([record(1)]), out)
    forged(lambda files: {path: {**one, field: value} for path, one in files.items()})
    with pytest.raises(CopydeskError, match=said):
        newest(Store(URL))


def forged(change: Callable[[dict[str, Any]], dict[str, Any]], **fields: object) -> None:
    """Put another commit in the place of the first, with a right checksum."""
    store, key = Store(URL), "_copydesk/commits/00000001.json"
    content = json.loads(store.read(key))
    content |= {"files": change(content["files"]), **fields}
    # sealed as it is: `sealed_json` would make strings printable
    text = json.dumps({**content, SEAL: BLANK.decode()}, indent=1)
    store.remove([key])
    store.create(key, text.replace(BLANK.decode(), xxh3_128_hexdigest(text.encode())).encode())
    forget()


@pytest.mark.parametrize("number", [2, "1", 10**30, None])
def test_a_commit_has_the_number_of_its_name(number: object, out: Path, jsonl: Jsonl) -> None:
    """Otherwise the next writer would go on from another one."""
    plain_run(jsonl([record(1)]), out)
    forged(lambda files: files, number=number)
    with pytest.raises(CopydeskError, match=r"the newest commit, .* cannot be read"):
        newest(Store(URL))


def test_a_storage_that_overwrites_what_was_to_be_new_is_refused(
    out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers could both believe that their commit is the one; nothing is left of the trial."""
    pipe = fsspec.get_filesystem_class("memory").pipe_file

    def overwrite(storage: Any, path: str, value: bytes, **_: object) -> None:
        pipe(storage, path, value)

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.pipe_file", overwrite)
    with pytest.raises(UsageError, match="this storage overwrites an object that was to be new"):
        plain_run(jsonl([record(1)]), out)
    assert objects() == {}


def test_other_content_is_refused(out: Path, jsonl: Jsonl) -> None:
    """As with folders: what copydesk did not write is named, and left alone."""
    fsspec.filesystem("memory").pipe_file("/bucket/news/photos/a.jpg", b"...")
    with pytest.raises(
        UsageError, match="is not a copydesk dataset: it holds 'photos', which copydesk did not write"
    ):
        plain_run(jsonl([record(1)]), out)
    assert objects() == {"/bucket/news/photos/a.jpg": b"..."}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://user:s3cret@bucket/news", "has no password"),
        ("memory://bucket/news?token=s3cret", "has no password"),
        ("memory://bucket/*", "no chain, pattern or query"),
        ("zip://news::memory://bucket", "no chain, pattern or query"),
        ("memory://bucket/../news", "has no part `.` or `..`"),
        ("memory://bucket/.", "has no part `.` or `..`"),
        ("memory://", "names no place"),
        ("s3:", "names no place"),
        ("nowhere://bucket/news", "the protocol nowhere:// is unknown"),
    ],
)
def test_a_url_that_cannot_be_that_of_a_dataset(url: str, said: str, cache: Path) -> None:
    """One sentence without the password; no working copy is made."""
    with pytest.raises(UsageError, match=said) as raised:
        local_folder(url)
    assert "s3cret" not in str(raised.value)
    assert not cache.exists()


@pytest.mark.parametrize(
    "path",
    [
        "documents/run=r000001/part-00000-00000.parquet",
        "_copydesk/format.json",
        "part-r000001..r000004-00000.parquet",
        "x",
    ],
)
def test_an_object_says_which_attempt_made_it(path: str) -> None:
    """Whatever the name of its file; no other name does."""
    attempt = Attempt(42, "1a2b3c4d")
    assert attempt_of(attempt.key_of(path)) == attempt
    assert attempt_of(attempt.key) == attempt
    assert attempt_of(path) is None
    assert attempt.key_of(path).endswith(Path(path).suffix)


@pytest.mark.parametrize(
    "command", [lambda out: rollback(Dataset(out), "r000002"), lambda out: compact(Dataset(out))]
)
def test_a_reader_of_the_newest_commit_sees_the_dataset_before_or_after(
    command: Callable[[Path], object], out: Path, jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each call to the storage, all objects of the commit that is the newest then are there."""
    for number in range(3):
        plain_run(jsonl([record(number), record(number + 1)], f"{number}.jsonl"), out)
    seen: list[Rows] = [as_committed()]
    reading = False

    def then_read(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal reading
            result = original(*arguments)
            if not reading:
                reading = True
                if (rows := as_committed()) != seen[-1]:
                    seen.append(rows)
                reading = False
            return result

        return call

    for module in ("publishing", "store", "absent_files"):
        monkeypatch.setattr(
            f"flows.dataset.remote.{module}.together", lambda each, some: [each(one) for one in some]
        )
    for name in CALLS:
        monkeypatch.setattr(Store, name, then_read(getattr(Store, name)))
    command(out)
    assert len(seen) <= 2
    assert seen[-1] == as_published(out)
