"""CSV and Parquet as documents."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pyarrow
import pyarrow.parquet
import pytest

from flows.inputs import find, read
from flows.settings.model import Fields, Inputs

from .reading import documents, errors


def load(
    path: Path | str, fields: Fields | None = None, **options: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """(documents, end of the uri of each rejected row -> error)."""
    shards = list(read(find([str(path)]), Inputs(**options), fields or Fields()))
    rejected = [row for s in shards for row in s.rejected.rows()]
    return (
        [row for s in shards for row in s.documents.to_dicts()],
        {uri.rpartition("/")[2]: error for uri, error in rejected},
    )


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "|"), ("a.tsv", "\t")]
)
def test_csv_rows_are_documents(tmp_path: Path, name: str, delimiter: str) -> None:
    """The header has the names; quoted fields may contain delimiters, quotes and line breaks; the uri counts rows."""
    rows = [
        ["id", "title", "text", "date", "section"],
        ["7", "One", f'"First line{delimiter} with ""quotes"".\nSecond line."', "2016-09-20", "news"],
        ["8", "", "Plain.", "", ""],
    ]
    path = tmp_path / name
    path.write_text("\n\n" + "\n".join(delimiter.join(r) for r in rows) + "\n", newline="\r\n")
    found, rejected = load(path)
    assert rejected == {}
    assert [d["uri"] for d in found] == [f"{path}#1", f"{path}#2"]
    assert found[0]["text"] == f'First line{delimiter} with "quotes".\nSecond line.'
    assert (found[0]["record_id"], found[0]["title"], found[1]["title"]) == ("7", "One", None)
    assert found[0]["published"].date() == date(2016, 9, 20)
    assert json.loads(found[0]["metadata"]) == {"section": "news"}


def test_csv_rows_that_do_not_fit_are_rejected(tmp_path: Path) -> None:
    """A row with a wrong number of fields or no text is rejected; blank lines are not rows."""
    path = tmp_path / "a.csv"
    path.write_text("text,title\na,A\n\nb\nc,C,more\n,D\ne,E")
    found, rejected = load(path)
    assert [d["text"] for d in found] == ["a", "e"]
    assert rejected == {
        "a.csv#2": "row 2: 1 fields where the header has 2",
        "a.csv#3": "row 3: 3 fields where the header has 2",
        "a.csv#4": 'no text: field "text" is empty',
    }


def test_csv_with_a_broken_header_is_rejected(tmp_path: Path) -> None:
    """A carriage return inside the header is not a line end if there are line feeds."""
    (tmp_path / "a.csv").write_bytes(b"text,ti\rtle\na,b\n")
    (tmp_path / "b.csv").write_bytes(b"text\ngood\n")
    (shard,) = read(find([str(tmp_path)]), Inputs(), Fields())
    assert shard.documents["text"].to_list() == ["good"]
    assert shard.rejected["uri"].to_list() == [str(tmp_path / "a.csv")]
    assert shard.rejected["error"][0].startswith("not CSV: ")


def test_csv_with_an_unclosed_quote(tmp_path: Path) -> None:
    """If the lines after it look like rows, they are; else the quote costs the rest of the file, in bounded memory."""
    path = tmp_path / "a.csv"
    path.write_text('text,title\na,A\n"b,B\n' + "".join(f"c {n},C\n" for n in range(120_000)))
    found, rejected = load(path, max_document_megabytes=1)
    assert rejected == {}
    assert [d["text"] for d in found[:3]] == ["a", '"b', "c 0"]
    assert len(found) == 120_002
    path.write_text('text,title\na,A\n"b,B\n' + "one, two, three\n" * 10)
    found, rejected = load(path)
    assert [d["text"] for d in found] == ["a"]
    assert rejected == {"a.csv#2": "row 2: a quote that is never closed (lines 3 to 13)"}
    path.write_text('text,title\na,A\n"b,B\n' + "one, two, three\n" * 70_000)
    found, rejected = load(path, max_document_megabytes=1)
    assert len(found) == 1
    assert rejected["a.csv"].startswith("a row larger than 1 MB")
    assert rejected["a.csv"].endswith("after row 1")


def test_csv_with_a_huge_field(tmp_path: Path) -> None:
    """A field may be far longer than the csv module's default limit."""
    path = tmp_path / "a.csv"
    path.write_text('text,title\n"' + "word " * 100_000 + '",A\n')
    found, rejected = load(path)
    assert rejected == {}
    assert len(found[0]["text"]) == 500_000


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "windows-1252"])
def test_csv_of_any_charset(tmp_path: Path, charset: str) -> None:
    """The charset is detected from the head, and the first name has no byte order mark."""
    text = "Die Brücke für Fußgänger wird früher geöffnet als gedacht."
    path = tmp_path / "a.csv"
    path.write_bytes(f"text,title\n{text},Über\n".encode(charset))
    found, rejected = load(path)
    assert rejected == {}
    assert (found[0]["text"], found[0]["title"]) == (text, "Über")
    assert found[0]["encoding"] == charset.removesuffix("-sig")


def test_csv_with_carriage_returns_alone(tmp_path: Path) -> None:
    """Carriage returns, as in old Macintosh files, are line ends."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,title\ra,A\rb,B\r")
    assert [d["text"] for d in load(path)[0]] == ["a", "b"]


def test_csv_with_a_name_twice(tmp_path: Path) -> None:
    """The first column of a name is the field; others are kept with a numbered name."""
    path = tmp_path / "a.csv"
    path.write_text("text, note ,note,text\na,1,2,b\n")
    (found,) = load(path)[0]
    assert found["text"] == "a"
    assert json.loads(found["metadata"]) == {"note": "1", "note_2": "2", "text_2": "b"}


def test_a_table_without_a_column_of_text_is_rejected_once(tmp_path: Path) -> None:
    """One row in `rejected` lists the columns, not one for every record."""
    (tmp_path / "a.csv").write_text("note,title\n" + "a,A\n" * 50)
    pl.DataFrame({"note": ["a"] * 50}).write_parquet(tmp_path / "b.parquet")
    found, rejected = load(tmp_path)
    assert found == []
    assert rejected["a.csv"] == (
        'no text: no column "text", "content", "body" or another usual name (it has note, title; map it with '
        "[fields] text)"
    )
    assert rejected["b.parquet"].startswith('no text: no column "text"')
    assert len(load(tmp_path, Fields(text=("note",)))[0]) == 100
    assert load(tmp_path, Fields(text=("a", "b")))[1]["b.parquet"].startswith(
        'no text: no column "a" or "b" ('
    )


def test_a_truncated_csv_keeps_the_rows_before(tmp_path: Path) -> None:
    """Complete rows before the damage are documents."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(
        gzip.compress(b"text,title\n" + b"".join(b"word %d,T\n" % (n * n) for n in range(50)))[:-12]
    )
    found, rejected = load(path)
    assert [d["text"] for d in found] == [f"word {n * n}" for n in range(len(found))]
    assert rejected == {"a.csv.gz": f"truncated gzip after row {len(found)}"}


def test_parquet_rows_are_documents(tmp_path: Path) -> None:
    """Column types are respected: dates, numeric ids, nested values in the metadata."""
    path = tmp_path / "a[1].parquet"
    frame = pl.DataFrame(
        {
            "text": ["One.", "Two.", None],
            "id": [1, 2, 3],
            "published": [datetime(2016, 9, 20, 12), None, None],
            "source": pl.Series(["Post", "Post", None], dtype=pl.Categorical),
            "nested": [{"a": [1, 2], "b": date(2016, 9, 20)}, None, None],
            "price": [Decimal("1.50"), None, None],
            "raw": [b"\xffx", None, None],
            "nan": [float("nan"), 1.0, None],
        }
    )
    frame.write_parquet(path)
    found, rejected = load(path)
    assert rejected == {"a[1].parquet#3": 'no text: field "text" is empty'}
    assert [(d["uri"], d["record_id"], d["source"]) for d in found] == [
        (f"{path}#1", "1", "Post"),
        (f"{path}#2", "2", "Post"),
    ]
    assert found[0]["published"].isoformat() == "2016-09-20T12:00:00+00:00"
    assert json.loads(found[0]["metadata"]) == {
        "nested": {"a": [1, 2], "b": "2016-09-20"}, "price": "1.50", "raw": "\\xffx", "nan": "NaN",
    }  # fmt: skip


def test_parquet_of_many_row_groups_keeps_its_order(tmp_path: Path) -> None:
    """Rows keep the order of the file, numbered from 1."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [f"word {n}" for n in range(25_000)]}).write_parquet(path, row_group_size=700)
    found, _ = load(path)
    assert [d["text"] for d in found] == [f"word {n}" for n in range(25_000)]
    assert found[-1]["uri"].endswith("#25000")


def test_parquet_of_wrong_types(tmp_path: Path) -> None:
    """A column of numbers is not a text."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [5], "title": ["T"]}).write_parquet(path)
    assert load(path)[1] == {"a.parquet#1": 'field "text": expected text, got a number (5)'}


@pytest.mark.parametrize("length", [0, 3, 8, 500, -9, -1])
def test_damaged_parquet_is_rejected(tmp_path: Path, length: int) -> None:
    """A truncated file is one row in `rejected`, with a readable error."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [f"word {n}" for n in range(1000)]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:length])
    found, rejected = load(path)
    assert found == []
    assert list(rejected) == ["a.parquet"]
    assert rejected["a.parquet"].startswith("damaged Parquet (" if length else "no text")


def test_parquet_damaged_within(tmp_path: Path) -> None:
    """If the middle is overwritten, every row is a document or the file is rejected."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [f"word {n * n}" for n in range(20_000)]}).write_parquet(path, row_group_size=5000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(bytes(data))
    found, rejected = load(path)
    assert len(found) < 20_000
    assert rejected["a.parquet"].startswith("damaged Parquet (")


def test_parquet_behind_a_url() -> None:
    """A Parquet file can come from any storage."""
    storage = fsspec.filesystem("memory")
    with storage.open("/tables/a.parquet", "wb") as file:
        pl.DataFrame({"text": ["One."]}).write_parquet(file)
    try:
        found, rejected = load("memory://tables/a.parquet")
        assert rejected == {}
        assert [(d["uri"], d["text"]) for d in found] == [("memory:///tables/a.parquet#1", "One.")]
    finally:
        storage.rm("/tables", recursive=True)


def test_parquet_with_a_zone_that_is_an_offset(tmp_path: Path) -> None:
    """Pandas writes zones such as "+05:30", which polars does not know; the moment is the same in UTC."""
    moment = datetime(2019, 5, 14, 10, 30)
    table = pyarrow.table(
        {"text": ["The mill burned."], "date": pyarrow.array([moment], pyarrow.timestamp("us", "+05:30"))}
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    (document,), _ = load(tmp_path / "a.parquet")
    assert document["published"] == moment.replace(tzinfo=UTC)


def test_parquet_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    """A sparse file of a terabyte costs nothing: Parquet ends with its mark."""
    with (tmp_path / "a.parquet").open("wb") as file:
        file.write(b"PAR1")
        file.truncate(1 << 40)
    assert load(tmp_path / "a.parquet") == ([], {"a.parquet": "damaged Parquet (it does not end with PAR1)"})


def test_records_in_a_column(tmp_path: Path) -> None:
    """As exports of databases have them: the fields of both are those of the document. A column of text is none."""
    source = {"title": "Dry", "body": "No rain fell.", "n": 1}
    pl.DataFrame({"_id": ["7"], "_source": [source]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"_id": ["7"], "data": ["x"]}).write_parquet(tmp_path / "b.parquet")
    (found,) = documents(tmp_path / "a.parquet")
    assert (found["text"], found["title"], found["record_id"]) == ("No rain fell.", "Dry", "7")
    assert "it has _id, data" in errors(tmp_path / "b.parquet")["b.parquet"]
