"""Inputs made to do harm: each costs itself, by name, and the rest is read."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from flows.errors import UsageError
from flows.inputs import bounds, child_process, find, read, text_files
from flows.inputs.bounds import MAX_DEPTH
from flows.inputs.parquet_files import reader as parquet
from flows.inputs.parquet_files import worker as parquet_worker
from flows.settings.model import Fields, Inputs

from .reading import documents, errors, texts, write_lines


def nested(depth: int, kind: type = list) -> Any:
    """A value with so many lists or objects in each other."""
    value: Any = "a"
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


@pytest.mark.parametrize(
    "block",
    [
        *("- " * 30_000 + "x", "{" * 30_000, "[" * 50_000, "? " * 30_000, "[{" * 20_000, "* [" * 9_000),
        "\n".join(" " * i + "a:" for i in range(400)),
    ],
)
def test_front_matter_of_any_depth(tmp_path: Path, block: str) -> None:
    """Deep front matter, closed or not, is rejected before it could overflow the parser's stack, or is text."""
    (tmp_path / "evil.md").write_text(f"---\n{block}\n---\nA text.\n")
    (tmp_path / "good.md").write_text("---\ntags: [[a], {b: c}]\n---\nword")
    found = texts(tmp_path)
    assert found[-1] == "word"
    if len(found) == 1:
        assert errors(tmp_path) == {"evil.md": f"front matter nested more than {MAX_DEPTH} levels deep"}


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 600, 20_000])
def test_json_of_any_depth(tmp_path: Path, kind: type, depth: int) -> None:
    """A record nested too deep is rejected, whether it can be parsed or not; its neighbours are documents."""
    opening, closing = ("[", "]") if kind is list else ('{"a":', "}")
    deep = f'{{"text": "deep", "x": {opening * depth}1{closing * depth}}}'
    mixed = f'{{"text": "deep", "nan": NaN, "y": [NaN, {opening * depth}1{closing * depth}]}}'
    fine = {"text": "fine", "x": nested(MAX_DEPTH, kind)}
    write_lines(tmp_path / "a.jsonl", fine, deep, mixed, {"text": "word"})
    assert texts(tmp_path) == ["fine", "word"]
    why = f"a value nested more than {MAX_DEPTH} levels deep"
    found = errors(tmp_path)
    assert list(found) == ["a.jsonl#2", "a.jsonl#3"]
    assert all(error.endswith(why) for error in found.values())


@pytest.mark.parametrize("kind", [pl.List, pl.Struct])
@pytest.mark.parametrize("depth", [100, 201])
def test_parquet_of_any_depth(tmp_path: Path, kind: type, depth: int) -> None:
    """A schema nested too deep is rejected before its rows are decoded."""
    value, dtype = nested(depth, list if kind is pl.List else dict), pl.DataType.from_python(str)
    for _ in range(depth):
        dtype = pl.List(dtype) if kind is pl.List else pl.Struct({"a": dtype})
    frame = pl.DataFrame({"text": ["word"], "deep": pl.Series([value], dtype=dtype)})
    frame.write_parquet(tmp_path / "a.parquet")
    (tmp_path / "good.txt").write_text("good")
    if depth <= parquet_worker.MAX_DEPTH:
        assert texts(tmp_path) == ["word", "good"]
    else:
        assert texts(tmp_path) == ["good"]
        why = f"columns nested more than {parquet_worker.MAX_DEPTH} levels deep"
        assert errors(tmp_path) == {"a.parquet": why}


def test_parquet_that_crashes_its_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is rejected with the signal, and the next file is read by another process."""
    for name in ("a", "b", "c"):
        pl.DataFrame({"text": [f"{name}{n}" for n in range(5)]}).write_parquet(tmp_path / f"{name}.parquet")
    real = child_process.Child.ask

    def crash(worker: Any, request: Any) -> None:
        if request[1].endswith("b.parquet"):
            os.kill(worker._process.pid, signal.SIGSEGV)
            worker._process.wait()
        real(worker, request)

    monkeypatch.setattr(child_process.Child, "ask", crash)
    assert texts(tmp_path) == [f"{name}{n}" for name in ("a", "c") for n in range(5)]
    (error,) = errors(tmp_path).values()
    assert error.startswith("damaged Parquet (decoding it ended with SIGSEGV")


def test_parquet_processes_are_kept_for_the_next_file(tmp_path: Path) -> None:
    """Files without errors, and files without a column of text, are read by one process."""
    for name, column in [("a", "text"), ("b", "note"), ("c", "text")]:
        pl.DataFrame({column: [name]}).write_parquet(tmp_path / f"{name}.parquet")
    texts(tmp_path)
    (one,) = child_process._idle[parquet.TASK.script]
    assert texts(tmp_path) == ["a", "c"]
    assert child_process._idle[parquet.TASK.script] == [one]


def test_parquet_of_a_text_that_all_rows_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file of many large rows is a decompression bomb: rows are read up to the bound."""
    frame = pl.DataFrame({"text": pl.Series(["word " * 20_000] * 1000, dtype=pl.Categorical)})
    frame.write_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(bounds, "SMALL", 1_000_000)
    assert len(texts(tmp_path)) == 9
    (error,) = errors(tmp_path).values()
    assert error.startswith("Parquet data that grows to more than 200 times its size")
    assert error.endswith("after row 10")


def test_parquet_of_empty_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows without any content are bounded, too: each would be a row in `rejected`."""
    pl.DataFrame({"text": pl.Series([None] * 1_000_000, dtype=pl.String)}).write_parquet(
        tmp_path / "a.parquet"
    )
    monkeypatch.setattr(bounds, "SMALL", 100_000)
    found = errors(tmp_path)
    assert 1000 <= len(found) < 10_000
    assert found["a.parquet"].startswith("Parquet data that grows to more than 200 times its size")


@pytest.mark.parametrize("dtype", [pl.Date(), pl.Datetime("ms"), pl.Datetime("us", "UTC")])
def test_parquet_with_a_date_that_no_calendar_has(tmp_path: Path, dtype: pl.DataType) -> None:
    """Python knows the years 1 to 9999. A row with another date is rejected by its number; the others are read."""
    integers, far = (pl.Int32, 2**30) if dtype == pl.Date() else (pl.Int64, 2**61)
    dates = pl.Series("seen", [far if n == 7 else n for n in range(9)], integers).cast(dtype)
    pl.DataFrame([pl.Series("text", [f"word {n}" for n in range(9)]), dates]).write_parquet(
        tmp_path / "a.parquet"
    )
    assert texts(tmp_path) == [f"word {n}" for n in range(9) if n != 7]
    found = errors(tmp_path)
    assert list(found) == ["a.parquet#8"]
    assert found["a.parquet#8"].startswith("row 8: damaged Parquet (")


def test_csv_whose_header_is_repeated_by_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row costs its names, too: a long header over many short rows is a bomb."""
    (tmp_path / "a.csv").write_text("text," + "x" * 100_000 + "\n" + "a,b\n" * 10_000)
    monkeypatch.setattr(bounds, "SMALL", 1_000_000)
    assert 100 < len(texts(tmp_path)) < 400
    (error,) = errors(tmp_path).values()
    assert error.startswith("CSV data that grows to more than 200 times its size")


def test_csv_of_many_columns(tmp_path: Path) -> None:
    """A hundred thousand columns, all of one name or of different names, take a moment."""
    names = [f"c{n}" for n in range(100_000)]
    for header in (names, ["c", "c_7"] * 50_000):
        (tmp_path / "a.csv").write_text(f"text,{','.join(header)}\nword{',1' * len(header)}\n")
        assert texts(tmp_path) == ["word"]
    (tmp_path / "a.csv").write_text(f"{','.join(names)},text\n" + "a,b\n" * 20_000)
    assert len(errors(tmp_path)) == 20_000
    assert errors(tmp_path)["a.csv#7"] == "row 7: 2 fields where the header has 100001"


def test_a_table_that_is_none_by_its_ending_only(tmp_path: Path) -> None:
    """A file named like a table, of a million delimiters and no column of text, is rejected in a moment."""
    for name, text in [
        ("a.tsv", "\t" * 1_000_000),
        ("b.tsv", "#38;" * 250_000),
        ("c.tsv", "a;b|c\n" * 150_000),
    ]:
        (tmp_path / name).write_text(text)
    found = errors(tmp_path)
    assert sorted(found) == ["a.tsv", "b.tsv", "c.tsv"]
    assert all(error.startswith(("no text", "no header", "not CSV")) for error in found.values())


def test_many_small_bombs_are_one_large_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What files may grow beyond their ratio is bounded for one file, and for all that are read together."""
    for n in range(10):
        (tmp_path / f"{n}.txt.gz").write_bytes(gzip.compress(b"word " * 200_000))
    (tmp_path / "good.txt").write_text("good")
    monkeypatch.setattr(bounds, "ALL_SMALL", 2_500_000)
    found = texts(tmp_path)
    assert len(found) == 4
    assert found[-1] == "good"
    assert all("times its size" in error for error in errors(tmp_path).values())


@pytest.mark.parametrize(
    ("name", "head", "row"), [("a.csv.gz", b"text\n", b"a\n"), ("a.jsonl.gz", b"", b"1\n")]
)
def test_compressed_rows_of_two_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, head: bytes, row: bytes
) -> None:
    """Rows that take no bytes in a compressed file are not published, nor rejected, by the million."""
    monkeypatch.setattr(bounds, "SMALL", 10_000)
    (tmp_path / name).write_bytes(gzip.compress(head + row * 4_000))
    shards = list(read(find([str(tmp_path)]), Inputs(), Fields()))
    rows = pl.concat(
        [shard.documents["uri"] for shard in shards] + [shard.rejected["uri"] for shard in shards]
    )
    assert 50 < rows.str.contains("#").sum() < 110
    last = shards[-1].rejected["error"].to_list()[-1]
    assert "perhaps a decompression bomb" in last
    assert re.search(r"after row \d+$", last)


def test_names_of_any_length_in_an_error(tmp_path: Path) -> None:
    """A record or table of huge names is rejected with an error that can be read, and says what to do."""
    write_lines(tmp_path / "a.jsonl", {"\x1b" * 50_000: 1})
    (tmp_path / "b.csv").write_text(",".join(["name" * 50_000] * 3) + "\n1,2,3\n")
    found = errors(tmp_path)
    assert sorted(found) == ["a.jsonl#1", "b.csv"]
    assert all(len(error) < 50_000 for error in found.values())
    assert found["a.jsonl#1"].endswith("map it with [fields] text)")
    assert found["b.csv"].endswith('write the names of the columns above it, one of them "text"')


def test_a_file_is_bounded_absolutely(tmp_path: Path) -> None:
    """`max_file_megabytes` bounds what is decompressed, whatever the ratio."""
    lines = b"".join(json.dumps({"text": os.urandom(500).hex()}).encode() + b"\n" for _ in range(4000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    assert 0 < len(texts(tmp_path, max_file_megabytes=3)) < 3000
    (error,) = errors(tmp_path, max_file_megabytes=3).values()
    assert error.startswith("gzip data that grows to more than 3 MB ([inputs] max_file_megabytes) after line")


def test_many_empty_members(tmp_path: Path) -> None:
    """Hundreds of thousands of compressed members in one file take time in proportion to their bytes."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"") * 200_000 + gzip.compress(b"word"))
    assert texts(tmp_path) == ["word"]


def test_no_file_has_the_uri_of_a_record(tmp_path: Path) -> None:
    """`#` in the name of a file or folder is escaped in its uri; its source is the name of the folder as it is."""
    (tmp_path / "#news").mkdir()
    for name in ("a.jsonl", "a.jsonl#1", "a.jsonl\\x231"):
        write_lines(tmp_path / "#news" / name, {"text": "word"} if name == "a.jsonl" else "word")
    found = documents(tmp_path)
    assert len({d["uri"] for d in found}) == len({d["document_id"] for d in found}) == len(found) == 3
    assert {d["source"] for d in found} == {None, "#news"}
    ends = sorted(d["uri"].removeprefix(f"{tmp_path}/") for d in found)
    assert ends == [r"\x23news/a.jsonl#1", r"\x23news/a.jsonl\x231", r"\x23news/a.jsonl\x5cx231"]


def test_a_storage_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose bytes do not come in time is rejected by name; a storage that lists nothing in time is an error."""
    storage = fsspec.filesystem("memory")
    never = threading.Event()
    storage.pipe("/stalls/a.txt", b"word")
    try:
        found = find(["memory://stalls"])
        monkeypatch.setattr(bounds, "STALL", 0)
        monkeypatch.setattr(type(storage), "open", lambda *_, **__: never.wait())
        (shard,) = read(found, Inputs(), Fields())
        assert shard.rejected.rows() == [
            ("memory:///stalls/a.txt", "cannot be read: no answer within 0 seconds")
        ]
        monkeypatch.setattr(type(storage), "isfile", lambda *_: never.wait())
        with pytest.raises(UsageError, match="memory://stalls: no answer within 0 seconds"):
            find(["memory://stalls"])
    finally:
        monkeypatch.undo()
        never.set()
        storage.rm("/stalls", recursive=True)


def test_a_password_with_white_space_is_refused_and_not_shown() -> None:
    """A message is masked up to white space, so a URL must not have any in its password."""
    with pytest.raises(UsageError, match="white space before") as raised:
        find(["ftp://user:my s3cret@127.0.0.1:9/a.txt"])
    assert "s3cret" not in str(raised.value)


def test_parquet_that_is_never_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that keeps its decoder busy for ever is rejected by name."""
    pl.DataFrame({"text": ["word"]}).write_parquet(tmp_path / "a.parquet")
    assert texts(tmp_path) == ["word"]  # by a process that has started
    child_process._idle[parquet.TASK.script][-1]._task = parquet.TASK._replace(seconds=0)
    monkeypatch.setattr(
        child_process.Child, "ask", lambda worker, _request: setattr(worker, "is_idle", False)
    )
    assert errors(tmp_path) == {"a.parquet": "damaged Parquet (not decoded within 0 seconds)"}


def test_a_document_beyond_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large document for which there is no memory costs itself: a text file is tried again, a record is rejected."""
    monkeypatch.setattr(bounds, "LARGE", 1000)
    monkeypatch.setattr(bounds, "_memory_left", lambda: 10_000.0)
    (tmp_path / "a.txt").write_text("word " * 400)
    write_lines(tmp_path / "b.jsonl", {"text": "word " * 400}, {"text": "word"})
    assert texts(tmp_path) == ["word"]
    why = "a document of 0 MB takes 0 MB of memory, more than there is"
    assert errors(tmp_path) == {"a.txt": f"cannot be read: {why}", "b.jsonl#1": f"line 1: {why}"}


def test_memory_that_runs_out_costs_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MemoryError while a file is read is a row in `rejected`; the next file is read."""
    (tmp_path / "a.txt").write_text("evil")
    (tmp_path / "b.txt").write_text("word")
    real = text_files.decode

    def decode(data: bytes, prefer: str | None = None) -> Any:
        if data == b"evil":
            raise MemoryError
        return real(data, prefer)

    monkeypatch.setattr(text_files, "decode", decode)
    assert texts(tmp_path) == ["word"]
    assert errors(tmp_path) == {"a.txt": "cannot be read: it takes more memory than there is"}


def test_a_large_line_without_neighbours_is_read_like_any_other(tmp_path: Path) -> None:
    """A line of megabytes is not cut, which would copy it; alone, last or among others, it is the same document."""
    large, small = {"text": "wörd " * 1_000_000, "title": "T"}, {"text": "small"}
    for records in ([large], [small, large], [large, small], [large, large]):
        path = write_lines(tmp_path / "a.jsonl", *records)
        assert texts(path) == [record["text"] for record in records]
