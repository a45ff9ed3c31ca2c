"""A dataset on a server that speaks S3, on loopback: written by the command, read by other tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import duckdb
import fsspec
import polars as pl
import pyarrow.dataset
import pytest
from pyarrow.fs import S3FileSystem
from s3_server import server

from flows import clean, dataset_files
from flows.dataset.remote.commits import newest
from flows.dataset.remote.store import Store
from small_runs import record, story
from support import ROOT, Copydesk, Jsonl, json_lines

from .storages import forget

__all__ = ["server"]  # a fixture

URL = "s3://bucket/news"


@pytest.fixture(autouse=True)
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new bucket, and what gives access to it in the environment."""
    access = {
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in {**access, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    for one in client.list_buckets()["Buckets"]:
        for found in client.list_objects_v2(Bucket=one["Name"]).get("Contents", ()):
            client.delete_object(Bucket=one["Name"], Key=found["Key"])
        client.delete_bucket(Bucket=one["Name"])
    client.create_bucket(Bucket="bucket")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_dataset_is_written_undone_and_verified_by_its_url(
    copydesk: Copydesk, jsonl: Jsonl, cache: Path
) -> None:
    """All commands take the URL, and show it and not the folder of the working copy."""
    file = jsonl([record(1, story(8)), record(2, story(8)), record(3)])
    answers = [
        copydesk("run", file, "--out", URL),
        copydesk("run", file, jsonl([record(4)], "more.jsonl"), "--out", URL, "--json"),
        copydesk("runs", URL),
        copydesk("verify", URL),
        copydesk("explain", "--out", URL, "--document", file, "--no-pager"),
        copydesk("explain", file, "--out", URL, "--no-pager"),
        copydesk("compact", URL),
        copydesk("restore", URL, "--reason", "duplicate"),
        copydesk("rollback", URL, "r000002", "--yes"),
        copydesk("reindex", URL),
        copydesk("expire", URL, "--before", "2020-01-01"),
        copydesk("files", URL),
        copydesk("verify", URL),
    ]
    for answer in answers:
        assert (answer.code, answer.err) == (0, "")
        shown = [line for line in answer.out.splitlines() if not line.startswith("report: ")]
        assert str(cache) not in json.dumps({"shown": [line for line in shown if '"report"' not in line]})
    assert f"dataset: {URL}/documents" in answers[0].out
    assert json.loads(answers[1].out)["dataset"] == URL
    assert answers[-1].out == f"{URL}: 1 run, no damage found\n"
    assert answers[-2].out.splitlines() == dataset_files(URL)


def test_the_tables_are_read_by_other_tools(jsonl: Jsonl, server: str) -> None:
    """By the list of the newest commit, and by the plain path: polars, DuckDB and pyarrow."""
    clean(jsonl([record(n) for n in range(5)]), URL)
    forget()
    clean(jsonl([record(5)], "more.jsonl"), URL)
    access = {"aws_access_key_id": "someone", "aws_secret_access_key": "s3cret", "aws_region": "us-east-1"}
    access |= {"aws_endpoint_url": server, "aws_allow_http": "true"}
    ids = {f"id-{n}" for n in range(6)}
    for source in (dataset_files(URL), f"{URL}/documents/**/*.parquet"):
        found = pl.scan_parquet(source, storage_options=access, hive_partitioning=False).collect()
        assert set(found["record_id"]) == ids
    storage = S3FileSystem(endpoint_override=server, access_key="someone", secret_key="s3cret", scheme="http")
    table = pyarrow.dataset.dataset("bucket/news/documents", filesystem=storage, format="parquet").to_table()
    assert set(table["record_id"].to_pylist()) == ids
    with duckdb.connect() as database:
        database.register_filesystem(fsspec.filesystem("s3"))
        rows = database.execute("select record_id from read_parquet(?)", [dataset_files(URL)]).fetchall()
    assert {row[0] for row in rows} == ids


def test_an_object_that_is_lost_or_damaged_is_found_by_verify(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """The working copy still has the file; the message names the object, what follows, and what repairs it."""
    assert copydesk("run", jsonl([record(1)]), "--out", URL, "--quiet").code == 0
    files, client = newest(Store(URL)).files, boto3.client("s3")
    key = files["documents/run=r000001/part-00000-00000.parquet"].key
    client.delete_object(Bucket="bucket", Key=f"news/{key}")
    index = files["_copydesk/index/run=r000001/part-00000-00000.parquet"]
    client.put_object(Bucket="bucket", Key=f"news/{index.key}", Body=b"?" * index.bytes)
    answer = copydesk("verify", URL)
    assert answer.code == 6
    lost, damaged = sorted(answer.err.splitlines(), reverse=True)
    assert lost.startswith(
        f"{URL}/documents/run=r000001/part-00000-00000.parquet is missing: readers see wrong rows"
    )
    assert f"copydesk rollback {URL} r000001" in lost
    assert damaged.startswith(
        f"{URL}/_copydesk/index/run=r000001/part-00000-00000.parquet is not what was written"
    )
    assert f"copydesk reindex {URL}" in damaged
    forget()
    assert copydesk("rollback", URL, "r000001", "--yes").code == 0
    assert copydesk("verify", URL).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("call", ["put_object", "commit"])
def test_a_process_that_is_killed_while_it_uploads_has_published_nothing(
    call: str, tmp_path: Path, copydesk: Copydesk, jsonl: Jsonl
) -> None:
    """As seen from another machine, at once; and the next run publishes all, and leaves nothing of it behind."""
    file, more = jsonl([record(1)]), jsonl([record(2)], "more.jsonl")
    assert copydesk("run", file, "--out", URL, "--quiet").code == 0
    before = dataset_files(URL)
    die = {
        "put_object": "put = Store.put\n"
        "Store.put = lambda *a: (put(*a), os._exit(9) if 'documents' in a[2] else None)\n",
        "commit": "create = Store.create\n"
        "Store.create = lambda *a: os._exit(9) if 'commits' in a[1] else create(*a)\n",
    }[call]
    code = (
        f"import os, sys\nfrom flows.dataset.remote.store import Store\n{die}"
        "from flows.cli import main\nmain()\n"
    )
    command = [sys.executable, "-c", code, "run", file, more, "--out", URL, "--quiet"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 9
    assert dataset_files(URL) == before
    assert len(Store(URL).keys("documents")) == 2
    forget()
    assert copydesk("run", file, more, "--out", URL, "--quiet").code == 0
    assert len(dataset_files(URL)) == 2
    assert copydesk("verify", URL).code == 0
    listed = {stored.key for stored in newest(Store(URL)).files.values()}
    assert {key for key in Store(URL).keys("") if "/commits/" not in key} == listed


@pytest.mark.slow
def test_a_large_file_is_uploaded_in_parts(
    jsonl: Jsonl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It comes back as it was."""
    store, large, back = Store(URL), tmp_path / "large", tmp_path / "back"
    large.write_bytes(os.urandom(1 << 20) * 120)
    store.put(large, "large")
    store.fetch("large", back)
    assert back.read_bytes() == large.read_bytes()
    assert (
        "-" in boto3.client("s3").head_object(Bucket="bucket", Key="news/large")["ETag"]
    )  # of several parts


def test_a_bucket_that_does_not_exist_is_a_sentence(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """Before anything is read."""
    answer = copydesk("run", jsonl([record(1)]), "--out", "s3://nowhere/news")
    assert answer.code == 5
    assert answer.err.startswith("copydesk: s3://nowhere/news cannot be written: ")
    assert len(answer.err.splitlines()) == 1


def test_a_folder_that_was_made_in_a_console_is_empty(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """There it is an object with a slash at its end; an object in it is other content."""
    client = boto3.client("s3")
    client.put_object(Bucket="bucket", Key="news/")
    client.put_object(Bucket="bucket", Key="other/")
    client.put_object(Bucket="bucket", Key="other/photo.jpg", Body=b"...")
    assert copydesk("run", jsonl([record(1)]), "--out", URL).code == 0
    answer = copydesk("run", jsonl([record(1)]), "--out", "s3://bucket/other")
    assert answer.code == 2
    assert "it holds 'photo.jpg', which copydesk did not write" in answer.err


def test_inputs_beside_the_dataset_are_read_and_the_dataset_is_not(copydesk: Copydesk) -> None:
    """A bucket may have both."""
    boto3.client("s3").put_object(Bucket="bucket", Key="in/a.jsonl", Body=json_lines(record(1)))
    for said in ("r000001: ", "nothing new: 1 input"):
        answer = copydesk("run", "s3://bucket", "--out", URL)
        assert answer.code == 0
        assert said in answer.out.replace("\n", " ")
