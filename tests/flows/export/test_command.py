"""The command `export`: what it says, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import deltalake
import polars as pl
import pyarrow as pa
import pytest
from s3_server import server

from flows.dataset import Dataset
from flows.dataset.identity import give_identity
from flows.maintenance import compact, restore, rollback
from support import Copydesk

from .lakes import Lake, assert_equal

__all__ = ["server"]  # a fixture


def where(lake: Lake) -> str:
    """The place, as the command names it."""
    return str(lake.folder / "documents") if lake.form == "delta" else "news.documents"


def test_it_says_what_it_did(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """Appended, replaced, deleted, nothing to do; a dry run says the same, and writes nothing."""
    given, place = ("export", out, *lake.arguments()), where(lake)
    answer = copydesk(*given, "--dry-run")
    assert (answer.code, answer.err) == (0, "")
    appended = "3 runs appended (12 rows)"
    assert answer.out == f"{place}: it would be: {appended}; then it has 12 rows of 3 runs\n"
    assert not lake.folder.exists()
    assert not Dataset(out).identity_file.exists()
    assert copydesk(*given).out == f"{place}: {appended}; it has 12 rows of 3 runs\n"
    assert copydesk(*given).out == f"{place}: nothing to do: it has all 12 rows of 3 runs\n"
    assert copydesk(*given, "--dry-run").out == f"{place}: nothing to do: it has all 12 rows of 3 runs\n"

    rollback(Dataset(out), "r000003")
    restore(Dataset(out), reason="boilerplate", run="r000001")
    compact(Dataset(out))
    changed = "1 run replaced (4 rows), 1 run deleted (4 rows), 1 run in other files, with the same rows"
    answer = copydesk(*given, "--dry-run")
    assert answer.out == f"{place}: it would be: {changed}; then it has 8 rows of 2 runs\n"
    assert copydesk(*given).out == f"{place}: {changed}; it has 8 rows of 2 runs\n"
    assert_equal(lake, out, ("documents",))
    assert copydesk(*given, "--quiet").out == ""


def test_an_empty_dataset_makes_an_empty_table(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """Readers find its columns."""
    rollback(Dataset(out), "r000001")
    answer = copydesk("export", out, *lake.arguments())
    assert answer.out == f"{where(lake)}: nothing to do: it has all 0 rows of 0 runs\n"
    assert lake.read().is_empty()


def test_the_table_of_another_dataset_is_refused(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """It is known by the id of the dataset, which stays when the folder moves; a lost one can be given back."""
    assert copydesk("export", out, *lake.arguments()).code == 0
    moved = shutil.copytree(out, out.with_name("moved"))
    assert copydesk("export", moved, *lake.arguments()).out.endswith("it has all 12 rows of 3 runs\n")
    identity = give_identity(Dataset(moved))
    Dataset(moved).identity_file.unlink()
    for more in ([], ["--dry-run"]):
        answer = copydesk("export", moved, *lake.arguments(), *more)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(
            f"copydesk: {where(lake)} is the table of another dataset, {identity}: choose"
        )
    command = answer.err.partition("which has lost its id: ")[2]
    assert os.system(command) == 0
    assert copydesk("export", moved, *lake.arguments()).code == 0
    Dataset(moved).identity_file.write_text("{")
    answer = copydesk("export", moved, *lake.arguments())
    assert answer.code == 5
    assert "identity.json is damaged" in answer.err


def test_a_table_of_another_name_or_maker_is_refused(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """Nothing is written into a table that the same command has not made."""
    assert copydesk("export", out, *lake.arguments("removed")).code == 0
    given = [one if one != "removed" else "documents" for one in lake.arguments("removed")]
    assert copydesk("export", out, *given).err.endswith("is the table 'removed': choose another place\n") or (
        copydesk("export", out, *given).err.endswith("is the table 'removed': choose another name\n")
    )
    rows = pa.table({"run_id": ["r000001"]})
    if lake.form == "delta":
        deltalake.write_deltalake(lake.folder / "documents", rows)
    else:
        catalog = lake.iceberg("removed").catalog
        catalog.create_table("news.documents", rows.schema)
    answer = copydesk("export", out, *lake.arguments())
    assert answer.code == 2
    assert "that copydesk did not make: choose another" in answer.err


def test_a_table_with_another_schema_is_refused(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """The columns that differ are named."""
    assert copydesk("export", out, *lake.arguments()).code == 0
    if lake.form == "delta":
        lake.delta().alter.add_columns(deltalake.Field("mine", deltalake.schema.PrimitiveType("string")))
    else:
        with lake.iceberg().update_schema() as change:
            change.delete_column("words")
    answer = copydesk("export", out, *lake.arguments())
    name = "mine" if lake.form == "delta" else "words"
    assert answer.code == 2
    assert f"{where(lake)} has another schema ({name}): choose another" in answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "delta", "--to", "{out}/lake"], "is in the dataset: choose another place"),
        (
            ["--format", "delta", "--to", "{lake}/taken"],
            "is not a Delta table and not empty: choose another place",
        ),
        (["--format", "delta", "--to", "{lake}/taken/x"], "is a file: choose another place"),
        (["--format", "delta", "--to", "x", "--catalog", "y"], "are for --format iceberg"),
        (
            ["--format", "iceberg", "--to", "documents", "--warehouse", "{lake}/w"],
            "a namespace and a name, such as",
        ),
        (
            ["--format", "iceberg", "--to", "a.b", "--warehouse", "{out}"],
            "is in the dataset: choose another place",
        ),
        (
            ["--format", "iceberg", "--to", "a.b", "--warehouse", "w", "--catalog", "c"],
            "--catalog or --warehouse",
        ),
        (["--format", "iceberg", "--to", "a.b"], "the catalog 'default' cannot be used: URI missing"),
        (
            ["--format", "iceberg", "--to", "a.b", "--catalog", "prod"],
            "the catalog 'prod' cannot be used: URI missing",
        ),
    ],
)
def test_what_is_wrong_usage(
    out: Path,
    tmp_path: Path,
    copydesk: Copydesk,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    """One sentence, exit code 2, and nothing is written."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    (tmp_path / "lake/taken").mkdir(parents=True)
    (tmp_path / "lake/taken/x").write_text("x")
    given = [one.format(out=out, lake=tmp_path / "lake") for one in arguments]
    answer = copydesk("export", out, *given)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "lake/w").exists()


@pytest.mark.parametrize(("form", "package"), [("delta", "deltalake"), ("iceberg", "pyiceberg")])
def test_a_missing_package_is_named(
    out: Path, copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, form: str, package: str, tmp_path: Path
) -> None:
    """With the extra that installs it."""
    for name in [*sys.modules]:
        if name.split(".")[0] == package or name == f"flows.export.{form}":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    answer = copydesk("export", out, *Lake(form, tmp_path / "lake").arguments())
    assert answer.code == 2
    assert answer.err == (
        f'copydesk: {package} is not installed, which --format {form} needs: pip install "copydesk[{form}]"\n'
    )


def test_a_place_that_cannot_be_written_is_named(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """Exit code 5, with the message of the library in one line, and without a traceback."""
    lake.folder.write_text("a file")
    answer = copydesk("export", out, *lake.arguments())
    assert answer.code == 5
    assert "cannot be read or written" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_catalog_of_the_configuration(
    out: Path, tmp_path: Path, copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyiceberg finds it: in .pyiceberg.yaml, and by --catalog; without it, the one that is called default."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    for name in ("default", "prod"):
        (tmp_path / name).mkdir()
        for key, value in {
            "TYPE": "sql",
            "URI": f"sqlite:///{tmp_path / name}/c.db",
            "WAREHOUSE": tmp_path,
        }.items():
            monkeypatch.setenv(f"PYICEBERG_CATALOG__{name.upper()}__{key}", str(value))
    from pyiceberg.catalog import _ENV_CONFIG
    from pyiceberg.utils.config import Config

    monkeypatch.setattr(_ENV_CONFIG, "config", Config().config)
    given = ("export", out, "--format", "iceberg", "--to", "news.documents")
    assert copydesk(*given).out.startswith("news.documents: 3 runs appended")
    assert copydesk(*given, "--catalog", "prod").out.startswith("news.documents: 3 runs appended")
    assert copydesk(*given).out.startswith("news.documents: nothing to do")


def test_a_delta_table_in_a_bucket(
    out: Path, copydesk: Copydesk, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials and the address are those of the environment; a bucket that is not there is named."""
    access = {
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in access.items():
        monkeypatch.setenv(name, value)
    import boto3

    boto3.client("s3").create_bucket(Bucket="lake")
    given = ("export", out, "--format", "delta", "--to", "s3://lake/news")
    assert copydesk(*given).out == "s3://lake/news: 3 runs appended (12 rows); it has 12 rows of 3 runs\n"
    assert copydesk(*given).out == "s3://lake/news: nothing to do: it has all 12 rows of 3 runs\n"
    rollback(Dataset(out), "r000003")
    assert "1 run deleted" in copydesk(*given).out
    assert pl.scan_delta("s3://lake/news").collect()["run_id"].unique().sort().to_list() == [
        "r000001",
        "r000002",
    ]
    answer = copydesk("export", out, "--format", "delta", "--to", "s3://other/news")
    assert answer.code == 5
    assert "s3://other/news cannot be read or written" in answer.err


@pytest.mark.slow
def test_an_iceberg_table_in_a_bucket(
    out: Path, copydesk: Copydesk, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warehouse of a catalog may be in a bucket, with the address and credentials of its configuration."""
    for key, value in {
        "TYPE": "sql",
        "URI": f"sqlite:///{tmp_path}/c.db",
        "WAREHOUSE": "s3://warehouse/lake",
        "S3__ENDPOINT": server,
        "S3__ACCESS_KEY_ID": "someone",
        "S3__SECRET_ACCESS_KEY": "s3cret",
        "S3__REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__PROD__{key}", value)
    import boto3
    from pyiceberg.catalog import _ENV_CONFIG, load_catalog
    from pyiceberg.utils.config import Config

    monkeypatch.setattr(_ENV_CONFIG, "config", Config().config)
    access = {"aws_access_key_id": "someone", "aws_secret_access_key": "s3cret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=server, **access).create_bucket(Bucket="warehouse")
    given = ("export", out, "--format", "iceberg", "--to", "news.documents", "--catalog", "prod")
    assert copydesk(*given).out.startswith("news.documents: 3 runs appended (12 rows)")
    rollback(Dataset(out), "r000003")
    assert "1 run deleted" in copydesk(*given).out
    rows = load_catalog("prod").load_table("news.documents").scan().to_arrow()
    assert set(rows["run_id"].to_pylist()) == {"r000001", "r000002"}


def test_runs_are_named_in_commits(lake: Lake, out: Path, copydesk: Copydesk) -> None:
    """The history of the table says which run came when."""
    assert copydesk("export", out, *lake.arguments()).code == 0
    if lake.form == "delta":
        named = [one["copydesk"]["runs"] for one in lake.delta().history()]
        assert named == [["r000003"], ["r000002"], ["r000001"], []]
    else:
        named = [one.summary.additional_properties["copydesk.runs"] for one in lake.iceberg().snapshots()]
        assert named == ["r000001", "r000002", "r000003"]
    assert json.loads(Dataset(out).identity_file.read_text())["id"] == give_identity(Dataset(out))
