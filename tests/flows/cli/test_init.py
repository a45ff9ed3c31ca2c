"""The command `init`: what a sample shows, and a configuration that says so."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from flows.settings import read_settings
from flows.settings.model import Fields
from support import Copydesk, table

STORY = "No rain fell in the valley for the third month in a row, and the mills stand still."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records with names of their own, a hard-wrapped text in another charset, and what cannot be read."""
    monkeypatch.chdir(tmp_path)
    given = tmp_path / "scraped"
    given.mkdir()
    records = [
        {"Body": f"{STORY} {n}", "headline": f"Dry {n}", "outlet": "Pell Post", "author": "N. Q."}
        for n in range(9)
    ]
    records.append(
        {"Body": STORY, "content": "Rain has fallen on the hills of the north, and the mills turn again."}
    )
    records.append({"Body": f"<p>{STORY}</p><p>It is dry.</p>"})
    (given / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    lines = [
        "Der Müller von Grünsiel wartet seit vier Wochen auf Wasser, und das",
        "Mühlrad steht still. Über dem Tal liegt eine Hitze, wie sie dort",
        "seit fünfzig Jahren niemand gemessen hat, und die Bäche führen kein",
        "Wasser mehr.",
    ]
    (given / "müller.txt").write_bytes("\n".join(lines).encode("cp1252"))
    return given


def test_init_says_what_it_saw(copydesk: Copydesk, folder: Path) -> None:
    """Fields, sources, charsets, languages, hard-wrapped lines, markup and errors, each with its number."""
    answer = copydesk("init", folder)
    assert answer.code == 0
    said = answer.out.splitlines()
    assert said[0] == "looked at 2 of 2 files (0.0 MB), 11 documents"
    assert "files: .jsonl 1, .txt 1" in said
    assert 'fields: text from "Body" 10; title from "headline" 9; source from "outlet" 9' in said
    assert 'kept in metadata: "author" 9' in said
    assert "sources: Pell Post 9, none 1, scraped 1" in said
    assert "charsets: utf-8 10, windows-1252 1" in said
    assert "languages: en 10, de 1" in said
    assert "documents without: title 2, published 11, source 1, url 11" in said
    assert "hard-wrapped: 1 documents, whose lines are joined to paragraphs" in said
    assert "markup: 1 documents had tags of HTML, and are the text between them" in said
    assert any(
        line.startswith('rejected: 1 x two texts: field "content" and field "Body" differ') for line in said
    )
    assert said[-1].startswith("next: copydesk run ")


def test_init_says_how_csv_is_written(
    copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialect of each file, with the number of files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id;text\n" + f"1;{STORY}\n" * 9)
    (tmp_path / "b.tsv").write_text("id\ttext\n" + f"1\t{STORY}\n" * 9)
    (tmp_path / "c.csv").write_text("nothing, that, is a table\n")
    answer = copydesk("init", tmp_path)
    assert 'CSV: delimiter ";" 1, delimiter "\\t" 1' in answer.out.splitlines()


def test_init_writes_a_configuration(copydesk: Copydesk, folder: Path) -> None:
    """It names what was found, asks what is not clear, and a run with it reads the same."""
    copydesk("init", folder)
    content = Path("news.toml").read_text(encoding="utf-8")
    assert tomllib.loads(content) == {"fields": {}}
    for line in ('# text = ["Body"]   # 10 ', '# title = ["headline"]', '# source = ["outlet"]'):
        assert line in content
    assert '# text = ["content", "Body"]' in content
    assert '# languages = ["en", "de"]' in content
    assert "# source_history = true" in content
    assert read_settings(Path("news.toml")).fields == Fields()
    uncommented = "\n".join(
        line.removeprefix("# ") for line in content.splitlines() if line.startswith("# [")
    )
    assert tomllib.loads(uncommented).keys() <= {"inputs", "encoding", "phrases", "guards"}
    assert copydesk("run", folder, "--out", "out", "--config", "news.toml").code == 0
    assert len(table(Path("out"), "documents")) > 0


def test_init_replaces_nothing(copydesk: Copydesk, folder: Path) -> None:
    """A file that exists stays as it is, without `--force`."""
    Path("news.toml").write_text("workers = 1\n")
    answer = copydesk("init", folder)
    assert (answer.code, Path("news.toml").read_text()) == (2, "workers = 1\n")
    assert "news.toml exists; replace it with --force, or write another file with --config" in answer.err
    assert copydesk("init", folder, "--config", "conf/mine.toml").code == 0
    assert copydesk("init", folder, "--force").code == 0
    assert Path("news.toml").read_text() != "workers = 1\n"


def test_init_copies_the_files_for_prefect(copydesk: Copydesk, folder: Path) -> None:
    """Where they are asked for, and not over others."""
    assert copydesk("init", folder, "--prefect").code == 0
    assert "copydesk" in Path("prefect.yaml").read_text()
    assert Path("automations.yaml").exists()
    Path("news.toml").unlink()
    assert copydesk("init", folder, "--prefect").code == 2
    assert not Path("news.toml").exists()


def test_names_in_records_are_text_in_the_file(
    copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name of a field, a source or a file ends a comment or a value."""
    monkeypatch.chdir(tmp_path)
    nasty = 'te\nxt = "\x7f\x1b😀'
    record = {"B O\nD.Y": STORY, "x": "a\n[fields]\ntext = 5", nasty: "y"}
    (tmp_path / 'a\n"b.jsonl').write_text(json.dumps(record | {"source": "a\nworkers = 5"}) + "\n")
    assert copydesk("init", tmp_path / 'a\n"b.jsonl').code == 0
    content = Path("news.toml").read_text()
    assert tomllib.loads(content) == {"fields": {}}
    (line,) = (line for line in content.splitlines() if line.startswith("# text = "))
    assert tomllib.loads(line.removeprefix("# ")) == {"text": ["B O\nD.Y"]}


def test_a_run_with_what_init_wrote_reads_what_it_reads_without(
    copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of several exports in one folder keep their texts: a teaser of one is the text of another."""
    monkeypatch.chdir(tmp_path)
    short = [{"title": f"T{n}", "description": f"Short {n}. {STORY}"} for n in range(3)]
    long = {"title": "L", "description": "What it is about.", "maintext": STORY}
    extracted = {"title": "E", "text": STORY[::-1], "source": "https://pell.example/e"}
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (*short, long, extracted)))
    assert copydesk("init", "a.jsonl").code == 0
    assert copydesk("run", "a.jsonl", "--out", "plain").code == 0
    assert copydesk("run", "a.jsonl", "--out", "named", "--config", "news.toml").code == 0
    plain, named = (table(Path(one), "documents") for one in ("plain", "named"))
    assert plain.equals(named)


def test_init_without_files(copydesk: Copydesk, tmp_path: Path) -> None:
    """There is nothing to write about."""
    answer = copydesk("init", tmp_path / "*.txt")
    assert answer.code == 2
    assert "no files to look at" in answer.err
