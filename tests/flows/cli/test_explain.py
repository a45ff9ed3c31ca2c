"""`copydesk explain`: proofs of files and of published documents, as text, as a page, as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.cells import cell_len

from flows.dataset import Dataset
from flows.maintenance import expire, rollback
from flows.report.proof import Proof, ProofParagraph, Witness
from small_runs import LONG_AGO, PLAIN, aged, plain, record, run, story
from support import ROOT, STORY, Copydesk, Jsonl, at_a_terminal, table

SHARE = "Share this article on Facebook"
NO_MEMORY = plain("boilerplate")


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is 80 columns wide, whoever runs the tests."""
    monkeypatch.setenv("COLUMNS", "80")


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_a_terminal(*arguments: object, **environment: str) -> str:
    """What the command shows in a terminal of 60 columns, and what a pager that it starts does."""
    _, shown = at_a_terminal(*arguments, **({"COLUMNS": "60"} | environment))
    return shown


def test_a_proof_says_what_is_done_and_why(copydesk: Copydesk, tmp_path: Path) -> None:
    """Removed text has reason and rule, repaired text what it was, a duplicate its witness; the end counts them."""
    path = tmp_path / "proof.txt"
    lines = ["Port closes bridge for repairs", "Port closes bridge for repairs"]
    lines += [f"{STORY} The caf\u00c3\u00a9 stays open.", STORY, STORY]
    path.write_text("\n\n".join([*lines, "Sign up for our newsletter"]), encoding="utf-8")
    answer = copydesk("explain", path)
    assert answer.code == 0
    assert answer.err == ""
    shown = " ".join(answer.out.split())
    assert "1 - Port closes bridge for repairs repeated_headline: headline again" in shown
    assert "2 ~ The swing bridge" in shown
    assert "The [-cafÃ©-]{+café+} stays open." in shown
    assert "duplicate: same tokens; witness: paragraph 3 of this document, Jaccard 1.00" in shown
    assert "5 - Sign up for our newsletter boilerplate: phrase en:newsletter" in shown
    assert (
        "6 paragraphs: 3 kept, 3 removed (boilerplate 1, duplicate 1, repeated_headline 1), 1 repaired"
        in shown
    )
    assert "Judged alone" in shown


def test_lines_are_no_wider_than_asked(
    copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Text is cut at words, in columns of the terminal: characters of Han take two. Each line keeps its mark."""
    path = tmp_path / "a.txt"
    text = " ".join([STORY] * 3)
    path.write_text(f"{text}\n\n{'渡船今天出发' * 20}\n\n{text}\n\n{'x' * 200}", encoding="utf-8")
    for columns in (40, 72):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = copydesk("explain", path).out.splitlines()
        assert max(map(cell_len, lines)) <= columns
        assert max(map(cell_len, lines)) > columns - 12
        removed = [line for line in lines if re.match(r"[\d ] - ", line)]
        assert " ".join(line[4:] for line in removed) == text
        assert removed[0].startswith("2 - The swing bridge")
    monkeypatch.setenv("COLUMNS", "1")  # there is a least width
    assert copydesk("explain", path).code == 0


def test_a_paragraph_that_repair_leaves_empty(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """It is shown in its place with what it was, and counted apart, so that the numbers add up."""
    answer = copydesk("explain", jsonl([record(1, "\x01\x02", story(2))]))
    assert "1 ~ (nothing is left after repair)" in answer.out
    assert r"[-\x01\x02-]" in answer.out
    assert "3 paragraphs: 2 kept, 0 removed, 1 left empty by repair, 1 repaired" in answer.out


def test_one_record_of_many(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """A record is named by its number or its own id; a wrong one is an error that says which there are."""
    path = jsonl([{**record(n), "title": f"Title {n}"} for n in range(1, 4)])
    every = copydesk("explain", path)
    assert [line for line in every.out.splitlines() if line.startswith("Title")] == [
        "Title 1",
        "Title 2",
        "Title 3",
    ]
    assert "3 documents, 3 paragraphs: 3 kept, 0 removed" in every.out
    for name in ("2", "#2", "id-2"):
        answer = copydesk("explain", path, "--record", name)
        assert re.findall("^Title .", answer.out, re.MULTILINE) == ["Title 2"]
    answer = copydesk("explain", path, "--record", "4")
    assert answer.code == 2
    assert "there is no record '4': it has 3, #1 to #3" in answer.err


def test_what_is_rejected_says_why(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A record that cannot be read is shown after the others, and counted; of a dataset, too."""
    path = jsonl([record(1), {"id": 2, "text": 7}])
    out = tmp_path / "out"
    run(path, out, PLAIN)
    for arguments in ((path,), ("--out", out, "--document", path)):
        answer = copydesk("explain", *arguments)
        assert answer.code == 0
        assert "#2: rejected: field" in " ".join(answer.out.split())
        assert "1 document, 1 paragraph: 1 kept, 0 removed; 1 rejected" in answer.out
    (tmp_path / "photo.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert "by its content it is an image" in " ".join(
        copydesk("explain", tmp_path / "photo.txt").out.split()
    )


def test_a_published_document_by_any_name(
    copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, jsonl: Jsonl, tmp_path: Path
) -> None:
    """Its id, the beginning of it, its uri, its url and a relative path mean the same document."""
    out = tmp_path / "out"
    path = jsonl([{**record(1, SHARE), "url": "https://a.example/1"}])
    run(path, out, NO_MEMORY)
    (row,) = table(out, "documents").to_dicts()
    monkeypatch.chdir(tmp_path)
    names = [
        row["document_id"],
        row["document_id"][:6],
        row["uri"],
        path,
        row["url"],
        "news.jsonl",
        "news.jsonl#1",
    ]
    answers = {copydesk("explain", "--out", out, "--document", name) for name in names}
    (answer,) = answers
    assert answer.code == 0
    assert "1 - Share this article on Facebook\n      boilerplate: phrase en:share" in answer.out
    assert f"document {row['document_id'][:12]}, run r000001" in answer.out


def test_what_became_of_a_document(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """One that went whole, one that was replaced: a sentence says so."""
    out = tmp_path / "out"
    settings = {**PLAIN, "inputs": {"on_change": "replace"}}
    run(jsonl([record(1), {**record(1), "id": "again"}]), out, settings)
    answer = copydesk("explain", "--out", out, "--document", tmp_path / "news.jsonl", "--record", "again")
    assert "it went whole; its text is in `removed` only" in " ".join(answer.out.split())
    run(jsonl([record(2) | {"id": "id-1"}, {**record(1), "id": "again"}]), out, settings)
    newest = table(out, "documents").row(0, named=True)
    answer = copydesk("explain", "--out", out, "--document", f"{tmp_path / 'news.jsonl'}#1")
    shown = " ".join(answer.out.split())
    assert f"replaced by a new version, document {newest['document_id']}" in shown
    assert "version 2 of 2, the newest" in shown
    assert "2 documents" in shown


def test_what_is_not_there(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """The message says what is known: similar names, runs that were rolled back, a run that expired, a new file."""
    out = tmp_path / "out"
    run(jsonl([record(1)], "bridge.jsonl"), out, PLAIN)
    run(jsonl([record(2)], "ferry.jsonl"), out, PLAIN)
    gone = table(out, "documents")["document_id"][1]
    rollback(Dataset(out), "r000002")
    answer = copydesk("explain", "--out", out, "--document", tmp_path / "brige.jsonl")
    assert answer.code == 2
    assert f"did you mean one of these?\n  {tmp_path / 'bridge.jsonl'}\n" in answer.err
    answer = copydesk("explain", "--out", out, "--document", gone)
    assert answer.code == 2
    assert "runs up to r000002 were rolled back" in answer.err
    answer = copydesk("explain", "--out", out, "--document", tmp_path / "ferry.jsonl")
    assert f"`copydesk explain {tmp_path / 'ferry.jsonl'} --out {out}`" in answer.err
    aged(out, "r000001", LONG_AGO)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    answer = copydesk("explain", "--out", out, "--document", f"{tmp_path / 'bridge.jsonl'}#1")
    assert (answer.code, "was read by r000001, which has expired" in answer.err) == (2, True)


def test_the_beginning_of_an_id_must_be_unique(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Where several documents begin so, the message lists some."""
    out = tmp_path / "out"
    run(jsonl([record(n) for n in range(1, 4)]), out, PLAIN)
    for part in (out / "_copydesk" / "records").glob("*/*.parquet"):
        rows = pl.read_parquet(part, hive_partitioning=False)
        rows.with_columns(("abcd" + pl.col("document_id").str.slice(4)).alias("document_id")).write_parquet(
            part
        )
    answer = copydesk("explain", "--out", out, "--document", "abcd")
    assert answer.code == 2
    assert "3 documents have an id that begins with 'abcd': add digits" in answer.err
    assert len(answer.err.splitlines()) == 4


def test_a_held_run_is_looked_into(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A document that only a held run has is shown, and that it is held."""
    out, config = tmp_path / "out", tmp_path / "c.toml"
    config.write_text("[guards.bounds]\nremoved = 0.1\nmin_documents = 1\n")
    path = jsonl([record(n, SHARE, SHARE, SHARE) for n in range(12)])
    assert copydesk("run", path, "--out", out, "--config", config).code == 3
    answer = copydesk("explain", "--out", out, "--document", path, "--record", "id-3")
    assert answer.code == 0
    assert "in r000001, which a guard holds" in answer.out
    assert "boilerplate: phrase en:share" in answer.out


def test_a_file_judged_by_a_dataset(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """What was published before, and what its source repeats, is removed as the next run would; nothing is written."""
    out = tmp_path / "out"
    motto = "All the news that the tide brings in"
    records = [record(n, motto) for n in range(1, 13)]
    run(jsonl(records, "first.jsonl"), out)
    before = files(out)
    new = jsonl([record(20, story(3), motto)], "new.jsonl")
    answer = copydesk("explain", new, "--out", out)
    assert answer.code == 0
    shown = " ".join(answer.out.split())
    assert "1 - Report 3 says" in shown
    assert f"witness:paragraph0of{tmp_path / 'first.jsonl'}#3" in shown.replace(" ", "")
    assert f"2 - {motto} repeated_line:" in shown
    assert f"Judged by the memory of {out} (r000001)" in shown
    assert "The settings are those of r000001." in shown
    assert files(out) == before
    alone = copydesk("explain", new).out
    assert "0 removed" in alone
    outcome = run([tmp_path / "first.jsonl", new], out)
    assert outcome.counts.paragraphs_kept == 1


@pytest.mark.parametrize("method", ["minhash", pytest.param("exact", marks=pytest.mark.slow)])
def test_a_judgement_is_what_a_run_does(copydesk: Copydesk, tmp_path: Path, method: str) -> None:
    """Whatever a run publishes of a file, `explain` has said before, to the letter."""
    folder, out = tmp_path / "harbour-gazette", tmp_path / "out"
    folder.mkdir()
    articles = sorted((ROOT / "seeds" / "articles" / "harbour-gazette").iterdir())
    settings = {"duplicate": {"method": method, "window_days": 30}, "encoding": {"source_history": True}}
    for article in articles[:-1]:
        (folder / article.name).write_bytes(article.read_bytes())
    run(folder, out, settings)
    new = folder / "new.txt"
    new.write_bytes(articles[-1].read_bytes() + b"\n\n" + articles[0].read_bytes())
    said = json.loads(copydesk("explain", new, "--out", out, "--json").out)
    assert {one["reason"] for one in said["paragraphs"]} >= {
        None,
        "boilerplate",
        "duplicate",
        "repeated_line",
    }
    run(folder, out, settings)
    done = json.loads(copydesk("explain", "--out", out, "--document", new, "--json").out)
    assert done.pop("run_id") == "r000002"
    assert said.pop("run_id") is None
    assert said == done


def test_a_file_that_was_moved(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """A run would not read it again, and so there is nothing to judge."""
    out = tmp_path / "out"
    run(story, out, PLAIN)
    moved = story.rename(tmp_path / "moved.txt")
    answer = copydesk("explain", moved, "--out", out)
    assert answer.code == 0
    assert "Nothing in it is new" in answer.out


def test_a_file_that_is_published(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """What was read of it is shown as it is published; what is new in it is judged by the settings of the last run."""
    out = tmp_path / "out"
    path = jsonl([record(1, SHARE)])
    run(path, out, PLAIN)
    answer = copydesk("explain", path, "--out", out)
    assert "published already, not read again" in answer.out
    assert "2 paragraphs: 2 kept" in answer.out  # with PLAIN, nobody looks for share bars
    jsonl([record(1, SHARE), record(2, SHARE, story(1))])
    answer = copydesk("explain", path, "--out", out, "--json")
    published, judged = map(json.loads, answer.out.splitlines())
    assert (published["run_id"], judged["run_id"]) == ("r000001", None)
    assert [one["reason"] for one in judged["paragraphs"]] == [None, None, "duplicate"]
    assert judged["paragraphs"][2]["witness"]["document_id"] == published["document_id"]
    answer = copydesk("explain", path, "--out", out, "--record", "2")
    assert "id-1" not in answer.out
    assert f"{path}#2" in answer.out.replace("\n", "")


def test_json_has_the_fields_of_a_proof(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """An object a line for each document, in ASCII; its strings are exactly those of the tables."""
    nasty = f"{STORY} \x1b]0;pwned\x07\u202e https://user:secret@a.example/?token=abc"
    path = jsonl([{"text": f"{nasty}\n\n{STORY}\n\n{STORY}", "title": "Ferry\u202e"}, {"text": 7}])
    out = tmp_path / "out"
    run(path, out, PLAIN)
    answer = copydesk("explain", "--out", out, "--document", path, "--json")
    assert answer.code == 0
    assert answer.out.isascii()
    assert "\x1b" not in answer.out
    (document,) = (json.loads(line) for line in answer.out.splitlines())
    assert set(document) == set(Proof.__slots__)
    assert set(document["paragraphs"][0]) == set(ProofParagraph.__slots__)
    assert set(document["paragraphs"][2]["witness"]) == set(Witness.__slots__)
    assert document["paragraphs"][0]["text"] == table(out, "documents")["text"][0].split("\n\n")[0]
    assert "#2: rejected: " in answer.err


def test_a_page_is_inert(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Markup in a text is text, control characters are seen, nothing is loaded or run, passwords are masked."""
    evil = f"<script>alert(1)</script><img src=x onerror=alert(1)> {STORY} \x1b]0;pwned\x07 \u202e end"
    path = jsonl(
        [{"text": f"{evil}\n\n{STORY}\n\n{STORY}", "title": "<b>Ferry</b>", "url": "https://a.example"}]
    )
    page = tmp_path / "page.html"
    answer = copydesk("explain", path, "--html", page)
    assert (answer.code, answer.err) == (0, "")
    assert str(page) in answer.out
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;b&gt;Ferry&lt;/b&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "default-src &#39;none&#39;" in text
    assert not re.search(r"<[^>]*\s(?:src|href)=|url\(|@import", text)
    assert '<li class="removed">' in text
    assert copydesk("explain", path, "--html", "-").out == text
    assert not list(tmp_path.glob(".*"))


def test_a_page_shows_what_text_shows(copydesk: Copydesk) -> None:
    """Reasons, witnesses, repairs with their differences marked, rejections, counts."""
    path = ROOT / "seeds" / "wrenmouth-echo" / "night-bus.txt"
    text = copydesk("explain", path, "--html", "-").out
    plain_text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))
    for said in (
        "repeated_headline: headline again",
        "witness: paragraph 6 of this document, Jaccard 0.92",
        "repaired by redecode_windows_1252_as_utf_8",
        "9 paragraphs: 4 kept, 5 removed",
        "Judged alone",
    ):
        assert said in plain_text
    assert "<del>Itâ€™s</del><ins>It’s</ins>" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name either a FILE, or a --document"),
        (["{tmp}/story.txt", "--document", "x", "--out", "{tmp}/out"], "name either a FILE, or a --document"),
        (["--document", "x"], "--document needs --out"),
        (["--document", "x", "--out", "{tmp}/out"], "is not a copydesk dataset"),
        (["{tmp}/story.txt", "--json", "--html", "-"], "exclude each other"),
        (["{tmp}/story.txt", "--html", "{tmp}/none/page.html"], "No such file or directory"),
        (["{tmp}/story.txt", "--html", "{tmp}"], "needs the name of a file"),
        (["{tmp}/story.txt", "--html", ""], "needs the name of a file"),
    ],
)
def test_wrong_usage(
    copydesk: Copydesk, story: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """The message says what is missing, or what does not go together."""
    answer = copydesk("explain", *(one.format(tmp=tmp_path) for one in arguments))
    assert answer.code == (5 if "page.html" in " ".join(arguments) else 2)
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_a_damaged_dataset_is_no_bug(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A part that cannot be read is named, and so is the command that shows more."""
    out = tmp_path / "out"
    run(jsonl([record(1)]), out, PLAIN)
    (part,) = (out / "removed").glob("*/*.parquet")
    part.write_bytes(b"PAR1 no more PAR1")
    answer = copydesk("explain", "--out", out, "--document", tmp_path / "news.jsonl")
    assert answer.code == 5
    assert f"`copydesk verify {out}`" in answer.err
    assert "bug" not in answer.err


def test_settings_that_do_not_fit_the_dataset(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """A file cannot be judged by an index that was built with another threshold."""
    out, config = tmp_path / "out", tmp_path / "c.toml"
    run(story, out, PLAIN)
    config.write_text("[duplicate]\nthreshold = 0.5\n")
    (tmp_path / "b.txt").write_text(STORY)
    answer = copydesk("explain", tmp_path / "b.txt", "--out", out, "--config", config)
    assert answer.code == 2
    assert "[duplicate] threshold = 0.5" in answer.err


def test_a_terminal_has_colours_and_a_pager(story: Path, tmp_path: Path) -> None:
    """Removed text is struck through; the pager is PAGER, `--no-pager` and `cat` mean none, and so does a pipe."""
    story.write_text(f"{STORY}\n\n{STORY}")
    code = "import sys; sys.stdout.write('paged:' + sys.stdin.read())"
    pager = f'{sys.executable} -S -c "{code}"'
    shown = in_a_terminal("explain", story, PAGER=pager)
    assert "paged:" in shown
    assert "\x1b[9;31m" not in shown  # another pager than less may not know colours
    assert "1 - The swing bridge" in shown
    for arguments, no_pager in (((story, "--no-pager"), pager), ((story,), "cat")):
        shown = in_a_terminal("explain", *arguments, PAGER=no_pager)
        assert "paged:" not in shown
        assert "\x1b[9;31m" in shown
    assert "\x1b[9" not in in_a_terminal("explain", story, PAGER="cat", NO_COLOR="1", TERM="dumb")


def test_a_pager_that_is_left_is_no_failure(jsonl: Jsonl) -> None:
    """Who leaves the pager early has seen enough."""
    path = jsonl([record(n) for n in range(2_000)])
    shown = in_a_terminal("explain", path, PAGER="head -n 3; echo left")
    assert "left" in shown
    assert "Traceback" not in shown
    assert "could not be written" not in shown


@pytest.mark.parametrize("option", [[], ["--json"], ["--html", "-"]])
def test_nobody_reads_on(
    copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, jsonl: Jsonl, option: list[str]
) -> None:
    """Where the reader has gone, as `head` does, no more documents are read back."""
    from flows.report.explain import read_back

    path = jsonl([record(n) for n in range(400)])
    done = []
    proof_of = read_back._proof

    def counting(*arguments: Any) -> Proof:
        done.append(arguments)
        return proof_of(*arguments)

    monkeypatch.setattr(read_back, "_proof", counting)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert copydesk("explain", path, *option).code == 0
    assert len(done) < 200
