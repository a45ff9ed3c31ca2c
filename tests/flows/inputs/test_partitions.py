"""Columns in the names of folders, as Hive and Spark write them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.inputs.names import partitions_below
from flows.settings.model import Fields

from .reading import documents, write_lines

DAY = dt.datetime(2019, 5, 14, tzinfo=dt.UTC)


def write(path: Path, record: dict[str, Any]) -> Path:
    """A file with one record, in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pl.DataFrame([record]).write_parquet(path)
    elif path.suffix == ".csv":
        pl.DataFrame([record]).write_csv(path)
    elif path.suffix == ".jsonl":
        write_lines(path, record)
    else:
        path.write_text(record["text"])
    return path


@pytest.mark.parametrize("name", ["part-0.parquet", "a.csv", "a.jsonl", "a.txt", "a.md"])
def test_folders_fill_what_a_document_lacks(tmp_path: Path, name: str) -> None:
    """Source and date of a file of any format; what is no field is in the metadata."""
    write(tmp_path / "source=Pell%20Post" / "date=2019-05-14" / "lang=en" / name, {"text": "No rain."})
    (found,) = documents(tmp_path)
    assert (found["source"], found["published"]) == ("Pell Post", DAY)
    assert json.loads(found["metadata"]) == {"lang": "en"}


def test_what_a_record_has_is_better(tmp_path: Path) -> None:
    """A column of the same name stays in the metadata, if there is none of that name."""
    record = {"text": "No rain.", "publication": "Ellerby Post", "date": "2020-01-01", "author": "N. M."}
    write(tmp_path / "source=pell-post" / "date=2019-05-14" / "a.jsonl", record)
    (found,) = documents(tmp_path)
    assert (found["source"], found["published"].year) == ("Ellerby Post", 2020)
    assert json.loads(found["metadata"]) == {"author": "N. M.", "source": "pell-post", "date": "2019-05-14"}


def test_a_column_is_better_than_the_host_of_a_url(tmp_path: Path) -> None:
    """Which is a source only where nothing names one."""
    write(tmp_path / "source=pell-post" / "a.jsonl", {"text": "No rain.", "url": "http://pell.example/1"})
    (found,) = documents(tmp_path)
    assert (found["source"], found["metadata"]) == ("pell-post", None)


def test_columns_that_are_null_or_no_date(tmp_path: Path) -> None:
    """Null is null, and what is no date stays in the metadata."""
    write(tmp_path / "source=__HIVE_DEFAULT_PARTITION__" / "date=may" / "a.jsonl", {"text": "No rain."})
    (found,) = documents(tmp_path)
    assert (found["source"], found["published"]) == (None, None)
    assert json.loads(found["metadata"]) == {"date": "may"}


def test_year_month_and_day_are_a_date(tmp_path: Path) -> None:
    """If all three are there."""
    write(tmp_path / "year=2019" / "month=5" / "day=14" / "a.jsonl", {"text": "No rain."})
    write(tmp_path / "year=2019" / "month=6" / "a.jsonl", {"text": "No rain."})
    one, two = documents(tmp_path)
    assert (one["published"], one["metadata"]) == (DAY, None)
    assert two["published"] is None
    assert json.loads(two["metadata"]) == {"year": "2019", "month": "6"}


def test_only_folders_below_the_input_count(tmp_path: Path) -> None:
    """An INPUT within one of the folders, or a file, was chosen without it; of a glob, what it fills counts."""
    path = write(tmp_path / "source=pell" / "date=2019-05-14" / "a.jsonl", {"text": "No rain."})
    inner = path.parent.parent
    sources = [
        (found["source"], found["published"] is not None)
        for given in (
            tmp_path,
            f"{tmp_path}/*/*/*.jsonl",
            f"file://{tmp_path}",
            f"{inner}/**/*.jsonl",
            inner,
            path,
        )
        for found in documents(given)
    ]
    assert sources == [("pell", True)] * 3 + [(None, True)] * 2 + [(None, False)]


def test_the_source_of_a_text_is_a_folder_that_is_no_column(tmp_path: Path) -> None:
    """The folder of the date is no source."""
    write(tmp_path / "pell-post" / "date=2019-05-14" / "a.txt", {"text": "No rain."})
    (found,) = documents(tmp_path)
    assert (found["source"], found["published"]) == ("pell-post", DAY)


def test_ids_are_those_of_the_content(tmp_path: Path) -> None:
    """Columns are no part of it, so known documents stay known."""
    path = write(tmp_path / "source=pell" / "a.jsonl", {"text": "No rain."})
    assert documents(tmp_path)[0]["document_id"] == documents(path)[0]["document_id"]
    assert documents(tmp_path)[0]["content"] == documents(path)[0]["content"]


def test_names_of_columns_are_mapped(tmp_path: Path) -> None:
    """By the settings, or as usual."""
    write(tmp_path / "Outlet=pell" / "kicker=Weather" / "a.jsonl", {"text": "No rain."})
    (found,) = documents(tmp_path, fields=Fields(title="kicker"))
    assert (found["source"], found["title"], found["metadata"]) == ("pell", "Weather", None)


def test_names_that_are_not_utf8_or_no_columns() -> None:
    """Bytes are escaped; a folder without a name before the sign is none."""
    assert partitions_below("/a", "/a/=b/c/d=/e=%ff/g%3D=h%2Fi=j/f") == (
        ("d", ""),
        ("e", r"\xff"),
        ("g=", "h/i=j"),
    )
    assert partitions_below("/a", "/a=b/c.txt") == partitions_below("/a/b=c", "/a/b=c/d.txt") == ()
