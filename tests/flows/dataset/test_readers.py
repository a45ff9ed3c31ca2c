"""The published tables can be read without copydesk, by their plain folder path, also while they grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset
import pytest

from flows.dataset.tables import SCHEMAS, TABLES
from small_runs import run
from support import json_lines

Reader = Callable[[Path], list[dict[str, object]]]


def in_polars(folder: Path) -> list[dict[str, object]]:
    """The rows as polars reads them."""
    return pl.read_parquet(folder).to_dicts()


def in_duckdb(folder: Path) -> list[dict[str, object]]:
    """The rows as DuckDB reads them."""
    with duckdb.connect() as connection:
        answer = connection.execute(f"select * from read_parquet('{folder}/**/*.parquet')")
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def in_pyarrow(folder: Path) -> list[dict[str, object]]:
    """The rows as pyarrow reads them."""
    return pyarrow.dataset.dataset(folder, partitioning="hive").to_table().to_pylist()


def in_pandas(folder: Path) -> list[dict[str, object]]:
    """The rows as pandas reads them."""
    return pd.read_parquet(folder).to_dict("records")


def in_datasets(folder: Path) -> list[dict[str, object]]:
    """The rows as Hugging Face datasets reads them."""
    import datasets  # takes a second

    cache = folder.parent.parent / "cache"
    return list(datasets.load_dataset("parquet", data_dir=str(folder), split="train", cache_dir=str(cache)))


READERS: list[Reader] = [in_polars, in_duckdb, in_pyarrow, in_pandas, in_datasets]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two runs, with rows in every table."""
    body = "The lighthouse at Skerry Point was lit again on Monday, after a winter of repairs by volunteers."
    first = [
        {
            "id": "1",
            "title": "Lighthouse",
            "text": f"{body}\n\nThe cafÃ© below it opens in May.",
            "url": "https://a.example/1",
        },
        {"id": "2", "text": f"{body}\n\nA second story, with a sentence of its own about the sea."},
        {"id": "3", "text": ""},
    ]
    folder = tmp_path_factory.mktemp("read")
    more = [{"id": "4", "text": "News of another day, from another town.\n\nShare on Facebook"}]
    label = {"boilerplate": {"action": "label"}}
    for name, records, settings in (("news.jsonl", first, None), ("more.jsonl", more, label)):
        (folder / name).write_bytes(json_lines(*records))
        run(folder / name, folder / "out", settings)
    return folder / "out"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__[3:])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
def test_every_reader_sees_the_same_rows(published: Path, reader: Reader) -> None:
    """Every reader finds all columns of every table, and all rows of both runs."""
    for name in TABLES:
        rows = reader(published / name)
        expected = pl.read_parquet(published / name, hive_partitioning=False)
        assert len(rows) == len(expected) > 0
        assert {row["run_id"] for row in rows} <= {"r000001", "r000002"}
        for row in rows:
            assert list(SCHEMAS[name]) == [column for column in row if column != "run"]
        key = "uri" if name == "rejected" else "document_id"
        assert sorted(str(row[key]) for row in rows) == sorted(expected[key])
        if name in ("documents", "removed", "labelled"):
            assert sorted(str(row["text"]) for row in rows) == sorted(expected["text"])


def test_columns_are_of_the_format(published: Path) -> None:
    """Types are those of the format, and the files name the version, run and configuration that made them."""
    for name in TABLES:
        for path in (published / name).rglob("*.parquet"):
            assert dict(pl.read_parquet_schema(path)) == SCHEMAS[name]
            metadata = pl.read_parquet_metadata(path)
            assert metadata["run_id"] in path.parent.name
            assert len(metadata["configuration"]) == 32
            assert metadata["copydesk_version"]
