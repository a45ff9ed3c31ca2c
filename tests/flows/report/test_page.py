"""The page of a run, without a browser: what is on it, where it lies, and what it costs nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.maintenance import compact
from flows.report.page import rendering, storing
from flows.report.page.reading import RunTables
from flows.report.page.rendering import render
from flows.report.page.storing import write_page
from small_runs import plain_run, record, run, story
from support import Copydesk, Jsonl, table


def page_of(out: Path, run_id: str = "r000001") -> str:
    """The page as it is rendered now."""
    return render(RunTables.of(Dataset(out), run_id))


def content_of(page: str) -> dict[str, Any]:
    """The JSON in a page."""
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    value: dict[str, Any] = json.loads(content)
    return value


def paragraphs_of(page: str) -> list[dict[str, Any]]:
    """The paragraphs of all proofs in a page, each with the id of its document."""
    return [
        {**paragraph, "document_id": proof["document_id"]}
        for proof in content_of(page)["proofs"]
        for paragraph in proof["paragraphs"]
    ]


def plain_text(page: str) -> str:
    """The words of a page, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_a_run_writes_its_page_and_says_where(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A line of the closing screen names the page; a quiet run writes it, too; a run without news has none."""
    out = tmp_path / "out"
    answer = copydesk("run", jsonl([record(1)], "a.jsonl"), "--out", out)
    path = Dataset(out).report_file("r000001")
    assert f"report: {path}" in answer.out.splitlines()
    assert "Run r000001 of" in path.read_text(encoding="utf-8")
    assert copydesk("run", jsonl([record(2)], "b.jsonl"), "--out", out, "--quiet").out == ""
    assert Dataset(out).report_file("r000002").exists()
    assert "report:" not in copydesk("run", tmp_path / "b.jsonl", "--out", out).out


def test_report_false_writes_none(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """The configuration switches pages off; `report` still writes one when it is asked for."""
    out, config = tmp_path / "out", tmp_path / "news.toml"
    config.write_text("report = false\n")
    answer = copydesk("run", jsonl([record(1)], "a.jsonl"), "--out", out, "--config", config)
    assert answer.code == 0
    assert "report:" not in answer.out
    path = Dataset(out).report_file("r000001")
    assert not path.exists()
    assert copydesk("report", out, "--no-open").out.strip() == str(path)
    assert path.exists()


def test_report_opens_the_last_run_or_the_one_named(
    copydesk: Copydesk, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`report` opens a page in the browser when it is asked to; an unknown run is refused."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert copydesk("report", out).code == 0  # no terminal, no browser
    assert copydesk("report", out, "--open").code == 0
    assert copydesk("report", out, "r000001", "--open").code == 0
    assert opened == [Dataset(out).report_file(run_id).as_uri() for run_id in ("r000002", "r000001")]
    answer = copydesk("report", out, "r000009")
    assert answer.code == 2
    assert "has no run 'r000009': the last one is r000002" in answer.err


def test_a_page_that_cannot_be_written_fails_no_run(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """The run is published, and a warning says what is missing."""
    out = tmp_path / "out"
    copydesk("run", jsonl([record(1)], "a.jsonl"), "--out", out)
    Dataset(out).report_file("r000001").unlink()
    Dataset(out).reports.rmdir()
    Dataset(out).reports.write_text("in the way")
    answer = copydesk("run", jsonl([record(2)], "b.jsonl"), "--out", out)
    assert answer.code == 0
    assert "report:" not in answer.out
    assert Dataset(out).runs() == ["r000001", "r000002"]


def test_the_newest_pages_are_kept(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing a page removes those of the oldest runs, and touches no other file."""
    plain_run(_lines(tmp_path / "a.jsonl", record(1)), tmp_path / "out")
    dataset = Dataset(tmp_path / "out")
    dataset.reports.mkdir()
    for name in ("r000000.html", "r000002.html", "notes.html"):
        (dataset.reports / name).write_text("")
    monkeypatch.setattr(storing, "KEPT", 2)
    write_page(dataset, "r000001")
    assert sorted(path.name for path in dataset.reports.iterdir()) == [
        "notes.html",
        "r000001.html",
        "r000002.html",
    ]


def test_the_page_of_a_run_that_is_rolled_back_goes(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """What a run read is on its page, so the page goes with the run."""
    out = tmp_path / "out"
    for number in (1, 2):
        copydesk("run", jsonl([record(number)], f"{number}.jsonl"), "--out", out)
    assert copydesk("rollback", out, "r000002").code == 0
    assert [path.name for path in Dataset(out).reports.iterdir()] == ["r000001.html"]


def test_the_numbers_are_those_of_the_run(out: Path) -> None:
    """Words, percent, reasons, charsets, languages, fixes, rejections and settings are on the page."""
    text = plain_text(page_of(out))
    manifest = Dataset(out).manifest("r000001")
    counts = manifest["counts"]
    assert f"{counts['documents']} documents with {counts['words']:,} words came in." in text
    share = counts["words_kept"] / counts["words"]
    assert f"{100 * share:.1f} % of the words were kept" in text
    for reason, (documents, paragraphs, words) in counts["removed"].items():
        row = rf"{reason} .{{10,120}}? {words:,} [<\d. ]+ % {paragraphs} {documents} "
        assert re.search(row, text), reason
    assert f"{counts['rejected']} inputs were rejected" in text
    repaired = (
        table(out, "repaired").filter(pl.col("run_id") == "r000001").explode("fixes", empty_as_null=True)
    )
    for fix in repaired["fixes"].unique():
        assert f" {fix} " in text
    for charset in table(out, "documents")["encoding"].unique():
        assert f" {charset} " in text
    assert "no text: the file contains only white space" in text
    assert "All settings are the defaults." in text


def test_settings_that_differ_are_said(tmp_path: Path) -> None:
    """The foot of the page has each setting that is not the default."""
    plain_run(_lines(tmp_path / "a.jsonl", record(1)), tmp_path / "out", {"duplicate": {"threshold": 0.9}})
    assert "[duplicate] threshold = 0.9" in plain_text(page_of(tmp_path / "out"))


def test_copies_have_source_witness_and_delay(out: Path) -> None:
    """A source that prints what another one printed three hours before stands in the table of copies."""
    assert " echo courier 1 1 3 hours later " in plain_text(page_of(out, "r000002"))


def test_the_earlier_date_decides_who_copies_whom(tmp_path: Path) -> None:
    """Where the print that was read first has the later date, it is the copy; the page says that this was so."""
    lines = _lines(
        tmp_path / "a.jsonl",
        {**record(1), "source": "paper", "date": "2024-03-02T08:00:00Z"},
        {**record(1), "id": "b", "source": "agency", "date": "2024-03-01T08:00:00Z"},
    )
    plain_run(lines, tmp_path / "out")
    text = plain_text(page_of(tmp_path / "out"))
    assert " paper agency 1 1 24 hours later " in text
    assert "Of 1 paragraph, what was read first and kept has a later date than a copy." in text
    assert "later date than a copy" not in plain_text(page_of_copies(tmp_path))


def page_of_copies(folder: Path) -> str:
    """The page of a run with a copy whose dates are in the order of reading."""
    lines = _lines(
        folder / "b.jsonl",
        {**record(1), "date": "2024-03-01T08:00:00Z"},
        {**record(1), "id": "b", "source": "echo", "date": "2024-03-02T08:00:00Z"},
    )
    plain_run(lines, folder / "in-order")
    return page_of(folder / "in-order")


def test_a_witness_of_an_earlier_run_is_shown(tmp_path: Path) -> None:
    """Its text, source and title come from the run that printed it."""
    out = tmp_path / "out"
    plain_run(_lines(tmp_path / "a.jsonl", {**record(1), "title": "First"}), out)
    plain_run(_lines(tmp_path / "b.jsonl", {"id": "b", "text": f"{story(2)}\n\n{story(1)}"}), out)
    (paragraph,) = [one for one in paragraphs_of(page_of(out, "r000002")) if "witness" in one]
    assert paragraph["witness"]["text"] == story(1)
    assert paragraph["witness"]["title"] == "First"
    assert paragraph["witness"]["source"] == "evening.example"


def test_a_compacted_run_has_the_same_page(tmp_path: Path) -> None:
    """Rows of other runs in the same files are neither counted nor shown."""
    out = tmp_path / "out"
    for number in (1, 2):
        copy = {"id": f"copy{number}", "text": f"{story(10 + number)}\n\n{story(number)}"}
        plain_run(_lines(tmp_path / f"{number}.jsonl", record(number), copy), out)
    before = [page_of(out, run_id) for run_id in ("r000001", "r000002")]
    assert compact(Dataset(out))
    assert [page_of(out, run_id) for run_id in ("r000001", "r000002")] == before


def test_every_paragraph_shown_is_as_in_the_tables(out: Path) -> None:
    """Position, reason, rule and text of a proof are those of `removed`, and what is kept is in `documents`."""
    removed = table(out, "removed").filter(pl.col("run_id") == "r000001")
    rows = {(row["document_id"], row["position"]): row for row in removed.iter_rows(named=True)}
    texts = dict(table(out, "documents").select("document_id", "text").iter_rows())
    shown = paragraphs_of(page_of(out))
    assert sum("turn" in one for one in shown) > 100
    for one in shown:
        row = rows.get((one["document_id"], one["position"]))
        assert one.get("reason") == (row and row["reason"])
        assert one.get("rule") == (row and row["rule"])
        if row is not None:
            assert one["text"] == row["text"]
        elif "…" not in one["text"] and one["text"]:
            assert one["text"] in texts[one["document_id"]]


def test_text_is_inert(out: Path) -> None:
    """No tag of the input is one of the page, and its content security policy allows our script and style alone."""
    page = page_of(out, "r000002")
    assert "<img" not in page
    assert page.count("<script") == 2  # the data, and ours
    assert page.count("</script") == 2
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    for element in ("style", "script"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    tags = re.findall(r"<[^>]*>", re.sub(r"<(style|script)[^>]*>.*?</\1>", "", page, flags=re.DOTALL))
    assert not [tag for tag in tags if re.search(r""" (on\w+|style|src)=|href=(?!["']#)""", tag)]


def test_the_same_run_has_the_same_page(out: Path) -> None:
    """Rendered again, a page has the same bytes."""
    assert page_of(out) == page_of(out)


def test_a_page_has_a_size_that_it_does_not_exceed(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs that are too much for it are left out, the borderline ones last."""
    whole = page_of(out)
    monkeypatch.setattr(rendering, "MOST_BYTES", len(whole.encode()) - 20_000)
    smaller = page_of(out)
    assert len(smaller.encode()) <= rendering.MOST_BYTES
    ids = [[proof["document_id"] for proof in content_of(page)["proofs"]] for page in (whole, smaller)]
    assert ids[1] == ids[0][: len(ids[1])]
    assert 0 < len(ids[1]) < len(ids[0])


def test_a_held_run_has_a_page(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """It says that a guard holds the run, why, and what to do; its numbers are those of the held tables."""
    out, config = tmp_path / "out", tmp_path / "news.toml"
    config.write_text("[guards.bounds]\nduplicate = 0.3\nmin_documents = 1\n")
    same = [{"id": str(n), "text": story(1)} for n in range(4)]
    answer = copydesk("run", jsonl(same, "a.jsonl"), "--out", out, "--config", config)
    assert answer.code == 3
    path = Dataset(out).report_file("r000001")
    assert f"report: {path}" in answer.out
    text = plain_text(path.read_text(encoding="utf-8"))
    assert "Held by a guard, and not published." in text
    assert "copydesk discard" in text
    assert "near-duplicates of an earlier, kept paragraph" in text
    assert copydesk("publish", out, "r000001").code == 0
    assert not path.exists()
    assert copydesk("report", out).code == 0
    assert "Held by a guard" not in path.read_text(encoding="utf-8")


def test_the_page_of_a_discarded_run_goes(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """As that of a run that is rolled back."""
    out, config = tmp_path / "out", tmp_path / "news.toml"
    config.write_text("[guards.bounds]\nremoved = 0.3\nmin_documents = 1\n")
    same = [{"id": str(n), "text": story(1)} for n in range(4)]
    assert copydesk("run", jsonl(same, "a.jsonl"), "--out", out, "--config", config, "--quiet").code == 3
    assert Dataset(out).report_file("r000001").exists()
    assert copydesk("discard", out, "r000001").code == 0
    assert list(Dataset(out).reports.iterdir()) == []


def test_a_run_without_removals_has_a_page(tmp_path: Path) -> None:
    """There is nothing to review, and every section says so."""
    plain_run(_lines(tmp_path / "a.jsonl", record(1)), tmp_path / "out")
    text = plain_text(page_of(tmp_path / "out"))
    for sentence in (
        "Nothing was removed.",
        "No input was rejected.",
        "No text was damaged.",
        "No paragraph was",
    ):
        assert sentence in text


def test_an_empty_run_has_a_page(tmp_path: Path) -> None:
    """A run that rejected all it read has a page with the error."""
    (tmp_path / "blank.txt").write_text("  \n")
    run(tmp_path / "blank.txt", tmp_path / "out")
    assert "no text: the file contains only white space" in plain_text(page_of(tmp_path / "out"))


def _lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def test_damaged_tables_are_said(copydesk: Copydesk, tmp_path: Path) -> None:
    """The message names the run and the command that says more."""
    out = tmp_path / "out"
    plain_run(_lines(tmp_path / "a.jsonl", record(1)), out)
    for part in (out / "removed").rglob("*.parquet"):
        part.write_bytes(b"not Parquet")
    answer = copydesk("report", out)
    assert answer.code == 5
    assert "the tables of r000001 cannot be read" in answer.err
    assert "copydesk verify" in answer.err


def test_labels_are_on_the_page_and_can_be_reviewed(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Labelled text is counted apart, is among the copies and the proofs, and a review takes wrong labels away."""
    out, settings = tmp_path / "out", {"duplicate": {"action": "label"}}
    records = [record(1), record(2, story(1)), record(3, "Share this article on Facebook")]
    run(jsonl([{**one, "source": source} for one, source in zip(records, "abc", strict=True)]), out, settings)
    page = page_of(out)
    assert "53) are labelled, and stay in the text." in plain_text(page)
    assert "duplicate (labelled)" in plain_text(page)
    assert "1 paragraph was removed or labelled because another document had printed it before" in plain_text(
        page
    )
    found = {p["reason"]: p for p in paragraphs_of(page) if "turn" in p}
    assert found.keys() == {"boilerplate", "duplicate"}
    assert (found["duplicate"].get("labelled"), found["boilerplate"].get("labelled")) == (True, None)
    assert found["duplicate"]["witness"]["text"] == story(1)
    mark = {"document_id": found["duplicate"]["document_id"], "position": 1, "reason": "duplicate"}
    mark |= {"rule": "same tokens", "mark": "wrong"}
    marks = {"format": 1, "dataset": str(out), "run": "r000001", "marks": [mark]}
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    answer = copydesk("review", out, tmp_path / "marks.json")
    assert answer.code == 0, answer.err
    assert table(out, "labelled").is_empty()
    assert len(table(out, "documents").filter(pl.col("text").str.contains(story(1), literal=True))) == 2
