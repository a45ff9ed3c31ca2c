"""Rejected inputs wait for a setting, an extra or a new version, and are read as soon as it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.inputs import LATER, rejections, shards
from flows.maintenance import compact
from flows.run import execution
from flows.verify import verify
from small_runs import plain_run as run
from support import Copydesk, json_lines

from .stories import STORIES, ends

#: A name for the text that nobody guesses.
RECORDS = [{"text": STORIES[0]}, {"zz_story": STORIES[1]}, {"zz_other": STORIES[2]}]
MAPPED = {"fields": {"text": ["text", "zz_story"]}}


@pytest.fixture
def given(tmp_path: Path) -> list[Path]:
    """A file of records of which one has text, a file that cannot be read, and one that is sound."""
    for name, data in (
        ("a.jsonl", json_lines(*RECORDS)), ("b.pdf", b"%PDF-1.7"), ("c.txt", STORIES[3].encode()),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in ("a.jsonl", "b.pdf", "c.txt")]


def test_other_fields_read_what_they_rejected(tmp_path: Path, given: list[Path]) -> None:
    """Inputs with rejections are read again, once; known documents stay, and only a new reason is listed again."""
    out = tmp_path / "out"
    run(given, out)
    assert ends(out) == ["a.jsonl#1", "c.txt"]
    assert run(given, out).read == 0
    assert run(given, out, MAPPED).read == 2
    assert ends(out) == ["a.jsonl#1", "c.txt", "a.jsonl#2"]
    assert ends(out, "rejected") == ["a.jsonl#2", "a.jsonl#3", "b.pdf", "a.jsonl#3"]
    assert run(given, out, MAPPED).read == 0
    assert list(verify(Dataset(out))) == []


def test_names_of_fields_are_counted_once_for_each_new_document(tmp_path: Path, given: list[Path]) -> None:
    """A file that is read again counts neither twice nor with the documents that are known from it."""
    out = tmp_path / "out"
    assert run(given, out).names() == {"text": {"text": 1}}
    assert run(given, out, MAPPED).names() == {"text": {"zz_story": 1}}


def test_a_file_that_also_grew_is_read_from_its_beginning(tmp_path: Path, given: list[Path]) -> None:
    """Not only its new lines are read with the other fields."""
    out = tmp_path / "out"
    run(given, out)
    with given[0].open("ab") as file:
        file.write(json_lines({"zz_story": STORIES[4]}))
    run(given, out, MAPPED)
    assert ends(out) == ["a.jsonl#1", "c.txt", "a.jsonl#2", "a.jsonl#4"]


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({"inputs": {"shard_megabytes": 7, "on_change": "ignore"}, "boilerplate": {"enabled": True}}, 0),
        ({"inputs": {"max_document_megabytes": 7}}, 2),
        ({"fields": {"title": "headline"}}, 2),
    ],
)
def test_only_settings_that_decide_count(
    tmp_path: Path, given: list[Path], settings: dict[str, Any], read: int
) -> None:
    """A setting that cannot change what is rejected leaves rejected inputs alone."""
    run(given, tmp_path / "out")
    assert run(given, tmp_path / "out", settings).read == read


@pytest.mark.parametrize(
    ("name", "value"), [("version", lambda _name: "99.1"), ("_extras", lambda: [("html", "reader")])]
)
def test_a_new_version_and_a_new_extra_try_once_more(
    tmp_path: Path, given: list[Path], monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    """Either may read what was rejected before."""
    run(given, tmp_path / "out")
    monkeypatch.setattr(rejections, name, value)
    assert run(given, tmp_path / "out").read == 2
    assert run(given, tmp_path / "out").read == 0


def test_the_extras_that_are_installed_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra counts with each of its packages; the tools of developers do not."""
    needs = [
        "polars>=2",
        'orjson>=3; extra == "fast"',
        "no-such-reader>1; extra == 'html'",
        'ruff; extra == "dev"',
    ]
    monkeypatch.setattr(rejections, "requires", lambda _name: needs)
    assert rejections._extras.__wrapped__() == [("fast", "orjson")]


def test_a_run_says_what_waits(copydesk: Copydesk, tmp_path: Path) -> None:
    """Inputs are counted by what they wait for, with an example, by each run as long as they wait."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a\x1b[1m.csv").write_text("number,zz\n1,x\n")
    (folder / "b.jsonl").write_bytes(json_lines({"zz": 1}, {"zz": 2}, {"text": "x" * 1_200_000}))
    (folder / "c.txt").write_text("x" * 1_200_000)
    (folder / "d.pdf").write_bytes(b"%PDF-1.7")
    (folder / "e.txt").write_text(STORIES[0])
    config = tmp_path / "c.toml"
    config.write_text("[inputs]\nmax_document_megabytes = 1\n")
    waits = (
        rf"3 inputs wait: 2 for [fields] text (as {folder}/a\x1b[1m.csv), "
        rf"1 for [inputs] max_document_megabytes (as {folder}/c.txt)"
    )
    for first in ("run r000001", "nothing new"):
        said = copydesk("run", folder, "--out", out, "--config", config).out
        assert said.startswith(first)
        assert waits in said
    assert "inputs wait" not in copydesk("run", folder / "e.txt", "--out", out, "--config", config).out


def test_what_a_new_reader_asks_for_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names an extra makes its input wait for that."""
    (tmp_path / "a.txt").write_text(STORIES[0])

    def refuse(*_: Any) -> Any:
        raise shards.Unreadable('a web page; pip install "copydesk[html]" reads it')

    monkeypatch.setattr(shards, "rows_of", refuse)
    outcome = run([tmp_path / "a.txt"], tmp_path / "out")
    assert outcome.waits == (("copydesk[html]", 1, str(tmp_path / "a.txt")),)
    assert outcome.waits_line() == f"1 input waits: 1 for copydesk[html] (as {tmp_path}/a.txt)"
    assert "1 input waits" in outcome.markdown()


def test_a_ledger_of_an_earlier_version_is_read(
    tmp_path: Path, given: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not say what decided, so its rejected inputs are tried once; its runs can be verified and compacted."""
    out, real = tmp_path / "out", execution.write_part
    with monkeypatch.context() as patch:
        patch.setattr(execution, "write_part", lambda ledger, *rest: real(ledger.drop(LATER), *rest))
        run(given, out)
    assert "decided_by" not in pl.read_parquet_schema(Dataset(out).parts("ledger")[0])
    assert list(verify(Dataset(out))) == []
    assert run(given, out).read == 2
    assert run(given, out).read == 0
    run(given, out, MAPPED)
    compact(Dataset(out))
    assert list(verify(Dataset(out))) == []
    assert run(given, out, MAPPED).read == 0
