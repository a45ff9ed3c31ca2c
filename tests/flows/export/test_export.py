"""Exports to Delta Lake and Iceberg: the other table is equal to the dataset, and each run is one transaction."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import duckdb
import polars as pl
import pytest

from flows.dataset import Dataset
from flows.dataset.actions import Action
from flows.dataset.tables import MEANINGS, SCHEMAS, TABLES
from flows.errors import CopydeskError
from flows.export import contents, exporting
from flows.export.delta import DeltaTarget
from flows.export.iceberg import IcebergTarget
from flows.maintenance import compact, expire, relabel, restore, rollback
from small_runs import LONG_AGO, aged, record, run, story
from support import ROOT, json_lines

from .lakes import SETTINGS, SHARE, Died, Lake, assert_equal, dying, in_order, rows_of


def test_all_tables_are_equal_to_the_dataset_and_each_run_is_a_transaction(lake: Lake, out: Path) -> None:
    """The first export appends each run; the second one does nothing."""
    for table in TABLES:
        changes = lake.export(out, table)
        assert list(changes.appended) == ["r000001", "r000002", "r000003"]
        assert len(lake.versions(table)) == 3
    assert_equal(lake, out)
    for table in TABLES:
        again = lake.export(out, table)
        assert (again.transactions, again.runs) == (0, 3)
        assert len(lake.versions(table)) == 3


def test_types_and_comments(lake: Lake, out: Path) -> None:
    """Unsigned numbers become 64-bit numbers; all else is what it was, and each column has its sentence."""
    for table in TABLES:
        lake.export(out, table)
        said = {name: pl.Int64() if dtype == pl.UInt32 else dtype for name, dtype in SCHEMAS[table].items()}
        assert dict(lake.read(table).schema) == said
        meanings = {name: MEANINGS[table][name] for name in said}
        if lake.form == "delta":
            fields = json.loads(lake.delta(table).schema().to_json())["fields"]
            comments = {field["name"]: field["metadata"]["comment"] for field in fields}
            assert comments == {name: text.replace("`", "") for name, text in meanings.items()}
        else:
            assert {field.name: field.doc for field in lake.iceberg(table).schema().fields} == meanings


def test_numbers_beyond_a_signed_integer_and_instants_are_kept(
    lake: Lake, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greatest UInt32, nulls, and instants before and after 1970 to the microsecond."""
    part = sorted((out / "documents").glob("run=r000001/*"))[0]
    rows = pl.read_parquet(part, hive_partitioning=False)
    moments = [datetime(1650, 1, 1, 1, 2, 3, 4, UTC), datetime(2099, 12, 31, 23, 59, 59, 999_999, UTC), None]
    rows = rows.head(3).with_columns(
        words=pl.Series([2**32 - 1, 2**31, 0], dtype=pl.UInt32),
        published=pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
    )
    rows.write_parquet(part)
    monkeypatch.setattr(contents.IntactParts, "require", lambda *_: None)
    entries = contents.read_files(Dataset(out), "r000001")
    entries[f"documents/{part.name}"] = {**entries[f"documents/{part.name}"], "rows": 3}
    read = contents.read_files
    monkeypatch.setattr(
        contents, "read_files", lambda of, span: entries if str(span) == "r000001" else read(of, span)
    )
    lake.export(out)
    found = lake.read().filter(run_id="r000001")
    assert in_order(found.select("words", "published")) == in_order(rows.select("words", "published"))


def test_each_undo_is_followed(lake: Lake, out: Path) -> None:
    """Rollback and expire delete runs, restore replaces those that changed, compact writes no row."""
    lake.export(out)
    files = lake.files()
    compact(Dataset(out))
    changes = lake.export(out)
    assert (changes.noted, changes.transactions) == (["r000001", "r000002", "r000003"], 3)
    assert lake.files() == files
    assert lake.export(out).transactions == 0

    assert restore(Dataset(out), reason="boilerplate", run="r000002").paragraphs
    changes = lake.export(out)
    assert list(changes.replaced) == ["r000002"]
    assert len(files & lake.files()) == 2
    assert_equal(lake, out, ("documents",))

    rollback(Dataset(out), "r000003")
    assert list(lake.export(out).deleted) == ["r000003"]
    assert_equal(lake, out, ("documents",))

    compact(Dataset(out))
    aged_run(out, "r000001")
    expire(Dataset(out), LONG_AGO.replace(year=LONG_AGO.year + 1))
    assert list(lake.export(out).deleted) == ["r000001"]
    assert_equal(lake, out, ("documents",))
    rollback(Dataset(out), "r000002")
    assert list(lake.export(out).deleted) == ["r000002"]
    assert lake.read().is_empty()
    assert lake.export(out).transactions == 0


def aged_run(out: Path, run_id: str) -> None:
    """Let a run have been finished long ago, also one that was compacted."""
    from flows.dataset.manifests import Manifests, read_manifests, write_manifests

    span = Dataset(out).span(run_id)
    manifests = read_manifests(Dataset(out), span)
    old = {**manifests.runs[run_id], "finished": LONG_AGO.isoformat(timespec="seconds")}
    folder = Dataset(out).folder("runs", span)
    write_manifests(folder, Manifests({**manifests.runs, run_id: old}, manifests.files, manifests.compacted))


def steps(out: Path, folder: Path, chance: random.Random) -> dict[str, Callable[[], object]]:
    """What may happen to a dataset between two exports."""
    dataset = Dataset(out)
    runs = dataset.runs()

    def new_run() -> None:
        number = chance.randrange(10_000)
        records = [record(number + n, *([SHARE] if chance.random() < 0.5 else [story(n)])) for n in range(3)]
        path = folder / f"{chance.randrange(4)}.jsonl"  # changes a file that was read before, if there is one
        path.write_bytes(json_lines(*({**one, "id": f"id-{n}"} for n, one in enumerate(records))))
        run(path, out, SETTINGS)

    def restored() -> None:
        present = dataset.scan("removed").filter(pl.col("reason") != "replaced").collect()
        if len(present):
            row = present.row(chance.randrange(len(present)), named=True)
            restore(dataset, document=row["document_id"])

    def expired() -> None:
        if len(runs) > 1:
            aged_run(out, runs[0])
            expire(dataset, LONG_AGO.replace(year=LONG_AGO.year + 1))

    return {
        "run": new_run,
        "restore": restored,
        "rollback": lambda: runs and rollback(dataset, chance.choice(runs[-2:])),
        "relabel": lambda: relabel(dataset, *chance.choice(RELABELLED)),
        "compact": lambda: compact(dataset),
        "expire": expired,
    }


#: Reasons and the action that they may be given.
RELABELLED: list[tuple[str, Action]] = [
    (reason, action) for reason in ("boilerplate", "duplicate") for action in get_args(Action)
]


def follow(lake: Lake, out: Path, chance: random.Random, names: list[str]) -> None:
    """Do these things, and export after each."""
    for name in names:
        steps(out, out.parent, chance)[name]()
        for table in TABLES:
            lake.export(out, table)
        assert_equal(lake, out)


def test_a_sequence_of_changes_is_followed(lake: Lake, out: Path) -> None:
    """The other tables are equal to the dataset after every command, whichever came before."""
    names = [
        "run",
        "restore",
        "relabel",
        "compact",
        "run",
        "restore",
        "expire",
        "rollback",
        "relabel",
        "compact",
    ]
    follow(lake, out, random.Random(7), names)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_sequences_of_changes_are_followed(lake: Lake, out: Path, seed: int) -> None:
    """The same for sequences that no one thought of."""
    chance = random.Random(seed)
    names = chance.choices(
        ["run", "restore", "relabel", "rollback", "compact", "expire"], [5, 3, 3, 1, 2, 1], k=14
    )
    follow(lake, out, chance, names)


STEPS = [
    (name, at, after)
    for name, at in (("create", 1), ("append", 2), ("replace", 1), ("delete", 1), ("note", 1))
    for after in (False, True)
]


@pytest.mark.parametrize(("name", "at", "after"), STEPS)
def test_killed_between_two_steps_the_next_export_does_the_rest(
    lake: Lake, out: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int, after: bool
) -> None:
    """No run is there twice, and none is missing, wherever the process dies."""
    if name in ("replace", "delete", "note"):
        lake.export(out)
        restore(Dataset(out), reason="boilerplate", run="r000002")
        rollback(Dataset(out), "r000003")
        compact(Dataset(out))
    owner = DeltaTarget if lake.form == "delta" else IcebergTarget
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying(getattr(owner, name), at, after=after))
        with pytest.raises(Died):
            lake.export(out)
    lake.export(out)
    assert_equal(lake, out, ("documents",))
    assert lake.export(out).transactions == 0


KILLED = """if True:
    import os, sys
    from pathlib import Path
    from flows.export import contents
    from lakes import Lake
    given = contents.Contents.batches
    def batches(self, run):
        for batch in given(self, run):
            yield batch
            if run.run_id == "r000002":
                os._exit(9)
    contents.Contents.batches = batches
    Lake(sys.argv[1], Path(sys.argv[2])).export(Path(sys.argv[3]))
"""


def test_killed_while_rows_are_written(lake: Lake, out: Path) -> None:
    """A process that is gone in the middle of a run has written files that no version of the table names."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, lake.form, lake.folder, out],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{Path(__file__).parent}", "PATH": ""},
        check=False,
    )
    assert done.returncode == 9
    assert lake.read()["run_id"].unique().to_list() == ["r000001"]
    assert list(lake.export(out).appended) == ["r000002", "r000003"]
    assert_equal(lake, out, ("documents",))


def test_two_exports_at_once_append_no_run_twice(
    lake: Lake, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one notices when it commits, looks again, and does what is left."""
    owner = DeltaTarget if lake.form == "delta" else IcebergTarget
    for name, changed in (("append", False), ("replace", True)):
        if changed:
            restore(Dataset(out), reason="boilerplate")
        step, faster = getattr(owner, name), []

        def late(*arguments: Any, step: Any = step, name: str = name, faster: Any = faster) -> Any:
            if not faster:
                faster.append(name)
                monkeypatch.setattr(owner, name, step)
                faster.append(lake.export(out))
            return step(*arguments)

        monkeypatch.setattr(owner, name, late)
        slower = lake.export(out)
        assert len(faster[1].appended | faster[1].replaced) == 3
        assert not slower.appended | slower.replaced
        assert_equal(lake, out, ("documents",))


def test_two_exports_by_turns_share_the_work(lake: Lake, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that was made in the meantime is used; an export that is too slow every time fails with a sentence."""
    owner = DeltaTarget if lake.form == "delta" else IcebergTarget
    create = owner.create

    def late(self: Any) -> None:
        monkeypatch.setattr(owner, "create", create)
        lake.export(out)
        create(self)

    monkeypatch.setattr(owner, "create", late)
    assert not lake.export(out).appended
    assert_equal(lake, out, ("documents",))

    def conflict(*_: Any) -> None:
        raise exporting.Conflict("another writer")

    rollback(Dataset(out), "r000003")
    monkeypatch.setattr(owner, "delete", conflict)
    with pytest.raises(CopydeskError, match=r"other writers were faster 5 times; .*another writer"):
        lake.export(out)


def test_what_others_did_to_the_table_is_made_good(lake: Lake, out: Path) -> None:
    """Rows that others deleted are back; rows of no run are gone; a table that was optimised stays as it is."""
    lake.export(out)
    if lake.form == "delta":
        lake.delta().optimize.compact()
        assert len(lake.files()) == 1
        assert lake.export(out).transactions == 0
        lake.delta().delete("run_id = 'r000002'")
    else:
        lake.iceberg().overwrite(lake.iceberg().scan().to_arrow())
        assert len(lake.files()) == 1
        assert lake.export(out).transactions == 0
        lake.iceberg().delete("run_id = 'r000002'")
    changes = lake.export(out)
    assert list(changes.appended) == ["r000002"]
    rollback(Dataset(out), "r000003")
    lake.export(out)
    assert_equal(lake, out, ("documents",))


def test_a_version_that_was_gone_back_to_is_followed(lake: Lake, out: Path) -> None:
    """What is recorded says that a run is there; its rows are counted all the same."""
    lake.export(out)
    if lake.form == "delta":
        lake.delta().restore(1)
    else:
        table = lake.iceberg()
        table.manage_snapshots().rollback_to_snapshot(table.snapshots()[0].snapshot_id).commit()
    assert lake.read()["run_id"].unique().to_list() == ["r000001"]
    assert list(lake.export(out).appended) == ["r000002", "r000003"]
    assert_equal(lake, out, ("documents",))


def test_a_dataset_that_changes_while_it_is_read_is_read_again(
    lake: Lake, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command exchanges the files between the plan and the reading, or in mid-reading of a run."""
    given, compacted = contents.Contents.batches, []

    def batches(self: Any, one: Any) -> Any:
        if one.run_id == "r000002" and not compacted:
            compacted.append(compact(Dataset(out)))
        yield from given(self, one)

    monkeypatch.setattr(contents.Contents, "batches", batches)
    changes = lake.export(out)
    assert list(changes.appended) == ["r000001", "r000002", "r000003"]
    assert_equal(lake, out, ("documents",))


def test_damage_is_never_exported(lake: Lake, out: Path) -> None:
    """A part that is not what was written is named; the runs before it are there, and after the repair all are."""
    (part,) = (out / "documents/run=r000002").iterdir()
    sound = part.read_bytes()
    part.write_bytes(sound[:100] + bytes([sound[100] ^ 1]) + sound[101:])
    with pytest.raises(CopydeskError, match=r"r000002/part-.* is not what was written"):
        lake.export(out)
    assert lake.read()["run_id"].unique().to_list() == ["r000001"]
    part.write_bytes(sound)
    lake.export(out)
    assert_equal(lake, out, ("documents",))


@pytest.mark.parametrize("name", ["documents", "documents/run=r000002"])
def test_what_was_lost_is_not_deleted_elsewhere(lake: Lake, out: Path, name: str) -> None:
    """A folder that is gone is no rollback: the export is refused, and the other table keeps its rows."""
    lake.export(out)
    shutil.move(out / name, out.parent / "lost")
    with pytest.raises(CopydeskError, match="was lost"):
        lake.export(out)
    assert len(lake.read()) == 12
    shutil.move(out.parent / "lost", out / name)
    assert lake.export(out).transactions == 0


def test_the_ways_to_read_it_in_the_manual(lake: Lake, out: Path) -> None:
    """Polars by `Lake.read` in all other tests; DuckDB by pyarrow, or by pyiceberg's own connection."""
    lake.export(out)
    if lake.form == "delta":
        documents = lake.delta().to_pyarrow_dataset()
        with duckdb.connect() as connection:
            connection.register("documents", documents)
            found = connection.execute("select count(*) from documents").fetchone()
    else:
        with lake.iceberg().scan().to_duckdb("documents") as connection:
            found = connection.execute("select count(*) from documents").fetchone()
    assert found == (len(rows_of(out, "documents")),)


def test_what_is_recorded_survives_checkpoints_and_lost_history(out: Path, tmp_path: Path) -> None:
    """Of a Delta table whose log was cleaned up, the checkpoint alone knows what was exported."""
    lake = Lake("delta", tmp_path / "lake")
    lake.export(out)
    lake.delta().create_checkpoint()
    *old, _ = sorted((lake.folder / "documents/_delta_log").glob("*.json"))
    for path in old:
        path.unlink()
    assert lake.export(out).transactions == 0
    restore(Dataset(out), reason="boilerplate", run="r000001")
    compact(Dataset(out))
    changes = lake.export(out)
    assert (list(changes.replaced), changes.noted) == (["r000001"], ["r000002", "r000003"])


def test_an_expired_history_of_snapshots_changes_nothing(out: Path, tmp_path: Path) -> None:
    """Of an Iceberg table, the properties know what was exported; that there are no retries is not among them."""
    lake = Lake("iceberg", tmp_path / "lake")
    lake.export(out)
    old = [snapshot.snapshot_id for snapshot in lake.iceberg().snapshots()][:-1]
    lake.iceberg().maintenance.expire_snapshots().by_ids(old).commit()
    assert len(lake.iceberg().snapshots()) == 1
    assert lake.export(out).transactions == 0
    assert "commit.retry.num-retries" not in lake.iceberg().properties


def test_progress_is_in_rows(lake: Lake, out: Path) -> None:
    """What is done of what is to be written."""
    said: list[tuple[str, int, int]] = []
    lake.export(out, report=lambda *what: said.append(what))
    assert said[-1] == (exporting.EXPORTING, 12, 12)


def test_ages_are_read_from_manifests(out: Path) -> None:
    """The helper of these tests that makes a run old does so for runs in a folder of their own, too."""
    aged(out, "r000001", LONG_AGO)
    assert expire(Dataset(out), LONG_AGO.replace(year=LONG_AGO.year + 1)) == ["r000001"]
