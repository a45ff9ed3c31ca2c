"""`copydesk copies` and `flows.copies`: in a terminal, as JSON, as Parquet, and by plain queries."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import polars as pl
import pytest
from rich.console import Console

from flows import copies
from flows.dataset import Dataset, remote
from flows.errors import UsageError
from flows.maintenance import expire
from flows.report.copies.in_terminal import in_terminal
from flows.report.copies.names import By
from small_runs import LONG_AGO, aged, plain_run, story
from support import ROOT, Copydesk, json_lines

#: Moves the cursor, and turns what follows around.
NASTY = "\x1b[2J\u202e"


def record(name: str, source: str | None, date: str | None, *numbers: int, title: str = "") -> dict[str, Any]:
    """A record of these stories."""
    return {
        "id": name,
        "source": source,
        "date": date,
        "title": title or f"Title of {name}",
        "text": "\n\n".join(map(story, numbers)),
    }


RUNS = (
    [
        record("a", "courier", "2024-03-01T08:00:00Z", 1, 2, 3, 4),
        record("b", "echo", "2024-03-01T11:00:00Z", 1, 2, 3, 4, title=f"Again {NASTY}"),
        record("c", f"tribune {NASTY}", "2024-03-02T08:00:00Z", 1, 2, 11, 12),
    ],
    [
        record("d", "echo", "2024-03-01T20:00:00Z", 3, 21, 22, 23),
        record("e", "agency", "2024-02-29T20:00:00Z", 21, 31),
        record("f", None, None, 31, 41, 42),
    ],
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two runs, with a document of which nothing was kept."""
    folder = tmp_path_factory.mktemp("copies")
    for number, records in enumerate(RUNS):
        path = folder / f"{number}.jsonl"
        path.write_bytes(json_lines(*records))
        plain_run(path, folder / "news")
    return folder / "news"


def test_who_copies_whom_in_a_terminal(copydesk: Copydesk, out: Path) -> None:
    """A row for each pair of sources, with a delay in words; what an input says is escaped and takes one line."""
    answer = copydesk("copies", out)
    assert (answer.code, answer.err) == (0, "")
    head, *rows = answer.out.splitlines()
    assert re.split(r"\s{2,}", head.strip())[-2:] == ["source", "copies from"]
    assert "8 hours later" in next(row for row in rows if re.search(r"echo +courier *$", row))
    assert any(re.search(r"tribune \\x1b\[2J\\u202e +courier *$", row) for row in rows)
    # the agency was read last, and its date is the earliest
    assert "24 hours later" in next(row for row in rows if re.search(r"echo +agency *$", row))
    assert len(rows) == 4
    rows = copydesk("copies", out, "--order", "read").out.splitlines()
    assert any(re.search(r"agency +echo *$", row) for row in rows)


def test_names_are_seen_in_a_narrow_terminal(out: Path) -> None:
    """In sixty columns, both names of a row are there, beside its numbers."""
    console = Console(width=60, file=io.StringIO(), color_system=None)
    console.print(in_terminal(By.SOURCES, copies(out).collect()))
    rows = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(row) <= 60 for row in rows)
    assert any(re.search(r"8 hours later +echo +courier *$", row) for row in rows)


def test_what_a_reference_printed_first_is_said_to_be_left_out(tmp_path: Path, copydesk: Copydesk) -> None:
    """Whether there are other copies or not, the number of such paragraphs is said."""
    for name, stories in (("list", [1, 2]), ("new", [1, 2, 3, 4])):
        (tmp_path / f"{name}.jsonl").write_bytes(json_lines({"text": "\n\n".join(map(story, stories))}))
    said = {"duplicate": {"against": [str(tmp_path / "list.jsonl")]}}
    plain_run(tmp_path / "new.jsonl", tmp_path / "out", said)
    answer = copydesk("copies", tmp_path / "out")
    assert "no two documents have text in common" in answer.out
    assert "Left out: 2 paragraphs that a reference printed first." in answer.out


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("paragraphs", r" +3 +3 +3 +courier, 2024-03-01 +Report 1 says"),
        (
            "pairs",
            r" +\d+ +100.0% +3 hours later +echo, 2024-03-01: Again \\x1b\[2J\\u202e +courier, 2024-03-01: Title of a",
        ),
        ("clusters", r" +3 +courier, 2024-03-01: Title of a"),
    ],
)
def test_the_other_tables_in_a_terminal(copydesk: Copydesk, out: Path, by: str, expected: str) -> None:
    """The most important row comes first; with a limit, a last line says that there are more."""
    lines = copydesk("copies", out, "--by", by, "--limit", 1).out.splitlines()
    assert re.match(expected, lines[1])
    assert lines[2:] == ["", "There are more rows: --limit shows more of them, --write all."]
    assert max(map(len, lines)) <= 160


def test_json_has_the_strings_as_they_are(copydesk: Copydesk, out: Path) -> None:
    """An object a line, in ASCII; all rows, or those of the limit."""
    answer = copydesk("copies", out, "--by", "pairs", "--json")
    assert answer.out.isascii()
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert len(rows) == 5
    assert f"Again {NASTY}" in [row["title"] for row in rows]
    assert {row["first_published"] for row in rows} >= {"2024-03-01T08:00:00+00:00"}
    assert len(copydesk("copies", out, "--by", "pairs", "--json", "--limit", 2).out.splitlines()) == 2


def test_written_tables_are_those_of_the_function(copydesk: Copydesk, out: Path, tmp_path: Path) -> None:
    """Four files outside the dataset, which is as it was; a second time, they are replaced by the same bytes."""
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    folder = tmp_path / "copies"
    answer = copydesk("copies", out, "--write", folder)
    names = ["paragraphs", "pairs", "sources", "clusters"]
    assert answer.out.splitlines() == [str(folder / f"{name}.parquet") for name in names]
    for name in names:
        written = pl.read_parquet(folder / f"{name}.parquet")
        assert not written.is_empty()
        assert written.equals(copies(out, name).collect())
    first = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(first) == 4
    assert copydesk("copies", out, "--write", folder).code == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == first
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_cannot_be_written_is_refused(copydesk: Copydesk, out: Path, tmp_path: Path) -> None:
    """A folder in the dataset, a file, a URL, a folder with another file of that name; nothing is touched."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pairs.parquet").write_text("mine")
    for given, words in (
        (out / "copies", "is in the dataset"),
        (tmp_path / "file", "is a file: name a folder"),
        ("s3://bucket/copies", "takes a folder of this machine"),
        (tmp_path / "mine", "pairs.parquet exists, and is not a table of copies"),
    ):
        answer = copydesk("copies", out, "--write", given)
        assert answer.code == 2
        assert words in answer.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["pairs.parquet"]
    assert (tmp_path / "mine" / "pairs.parquet").read_text() == "mine"
    assert copydesk("copies", out, "--write", tmp_path, "--json").code == 2
    assert copydesk("copies", tmp_path).code == 2
    assert "at most 1, not 2" in copydesk("copies", out, "--share", 2).err


def test_the_function_refuses_what_there_is_not(out: Path, tmp_path: Path) -> None:
    """An unknown table or order, a folder that is no dataset."""
    for given in ({"by": "documents"}, {"order": "newest"}):
        with pytest.raises(UsageError, match="choose one of"):
            copies(out, **given)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not a copydesk dataset"):
        copies(tmp_path)


def test_nothing_was_printed_twice(copydesk: Copydesk, tmp_path: Path) -> None:
    """Each table says so, and is written all the same."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(json_lines(record("a", "courier", None, 1)))
    plain_run(path, tmp_path / "out")
    for by in ("paragraphs", "pairs", "sources", "clusters"):
        answer = copydesk("copies", tmp_path / "out", "--by", by)
        assert answer.code == 0
        assert re.search(r": no .*\n$", answer.out)
    assert copydesk("copies", tmp_path / "out", "--json").out == ""
    assert copydesk("copies", tmp_path / "out", "--write", tmp_path / "tables").code == 0


def test_queries_in_the_manual_give_the_same(out: Path) -> None:
    """The SQL of flows/README.md, in DuckDB, finds the paragraphs and the pairs of sources that the function finds."""
    manual = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")
    section = manual[manual.index("\n## Copies\n") : manual.index("\n## From Python\n")]
    queries = [
        query.replace("/data/news", str(out)) for query in re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    ]
    by_paragraph, by_source = (duckdb.sql(query).fetchall() for query in queries)
    found = copies(out, "paragraphs", order="read").collect()
    assert sorted(row[:3] for row in by_paragraph) == sorted(
        found.select("kept_document_id", "kept_position", "prints").rows()
    )
    assert {row[3] for row in by_paragraph} == {*map(story, (1, 2, 3, 4, 21, 31))}
    columns = ("source", "first_source", "pairs", "paragraphs", "hours")
    sources = copies(out, "sources", order="read").collect()
    assert sorted(by_source, key=str) == sorted(sources.select(columns).rows(), key=str)


def test_the_example_in_the_manual_works(out: Path, tmp_path: Path) -> None:
    """The code of flows/README.md adds the size of its cluster to each document."""
    manual = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import polars\nfrom flows import copies\n.*?)```", manual, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("/data/news", str(out)).replace("/data/", f"{tmp_path}/"), names)
    sized = names["sized"].select("record_id", "minhash_cluster_size").collect()
    assert dict(sized.iter_rows()) == {"a": 2, "c": 1, "d": 1, "e": 1, "f": 1}
    assert (tmp_path / "reprints.parquet").exists()


def test_copies_of_an_expired_run(tmp_path: Path) -> None:
    """The first print is known by its id alone; the copy is still one."""
    out = tmp_path / "out"
    for number, records in enumerate(RUNS):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(json_lines(*records))
        plain_run(path, out)
    aged(out, "r000001", LONG_AGO)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    rows = copies(out, "pairs").collect()
    assert ("echo", None) in rows.select("source", "first_source").rows()
    assert rows["first_document_id"].null_count() == 0


def test_copies_behind_a_url(copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a machine that has nothing of the dataset yet, the tables are the same."""
    url = "memory://bucket/copied"
    for machine in ("here", "elsewhere"):
        monkeypatch.setenv("COPYDESK_CACHE", str(tmp_path / machine))
        monkeypatch.setattr(remote, "_OPEN", {})
        if machine == "here":
            for number, records in enumerate(RUNS):
                path = tmp_path / f"{number}.jsonl"
                path.write_bytes(json_lines(*records))
                plain_run(path, remote.local_folder(url))
        found = copies(url, "sources").collect()
        assert found.select("source", "first_source").rows()[0] == ("echo", "courier")
        assert len(found) == 4
    fsspec.filesystem("memory").rm("/bucket/copied", recursive=True)
