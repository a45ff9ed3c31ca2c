"""`copydesk review`: what a person marked wrong is restored for good, and precision adds up over reviews."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.dataset import reviews as reviews_module
from flows.dataset.reviews import read_reviews
from flows.maintenance import compact, rollback
from flows.verify import verify
from small_runs import plain, record, run, story, swept
from support import Copydesk, Jsonl, table

SHARE, FOLLOW = "Share this article on Facebook", "Follow us on Twitter"
SETTINGS = plain("boilerplate")
Mark = dict[str, Any]


@pytest.fixture
def out(tmp_path: Path, jsonl: Jsonl) -> Path:
    """A dataset of one run, which removed four lines of two documents, and a third document whole."""
    again = {**record(1), "id": "again"}
    run(jsonl([record(1, SHARE, FOLLOW), record(2, SHARE, FOLLOW), again]), tmp_path / "out", SETTINGS)
    return tmp_path / "out"


def marks_of(out: Path, mark: Callable[[dict[str, Any]], str | None]) -> list[Mark]:
    """The marks of what is removed, as `mark` says of each row; None leaves one out."""
    return [
        {key: row[key] for key in ("document_id", "position", "reason", "rule")} | {"mark": said}
        for row in table(out, "removed").to_dicts()
        if (said := mark(row)) is not None
    ]


def save(path: Path, marks: list[Mark], run_id: str = "r000001") -> Path:
    """A file of marks, as the page of a run saves it."""
    path.write_text(json.dumps({"format": 1, "dataset": "news", "run": run_id, "marks": marks}))
    return path


def texts(out: Path) -> dict[str, list[str]]:
    """The paragraphs of each document, by its record id."""
    rows = table(out, "documents").select("record_id", "text").iter_rows()
    return {name: text.split("\n\n") for name, text in rows}


def wrong_shares(row: dict[str, Any]) -> str | None:
    """Share bars of the first document were removed wrongly, the other lines rightly; duplicates are not marked."""
    if row["reason"] != "boilerplate":
        return None
    return "wrong" if row["text"] == SHARE and row["uri"].endswith("#1") else "right"


def test_what_is_marked_wrong_comes_back_for_good(
    copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, out: Path
) -> None:
    """It is in its place, precision is printed, and later runs do not remove the line in its source again."""
    marks = save(tmp_path / "marks.json", marks_of(out, wrong_shares))
    answer = copydesk("review", out, marks)
    assert (answer.code, answer.err) == (0, "")
    assert "4 marks" in answer.out
    assert f"{out}: restored 1 paragraph with 5 words" in answer.out
    (row,) = {line for line in answer.out.splitlines() if line.startswith("boilerplate")}
    assert row.split() == ["boilerplate", "3", "1", "75.0%", "30.1%", "to", "95.4%"]
    assert texts(out) == {"id-1": [story(1), SHARE], "id-2": [story(2)]}
    swept(out)
    run(jsonl([record(7, SHARE, FOLLOW)], "later.jsonl"), out, SETTINGS)
    assert texts(out)["id-7"] == [story(7), SHARE]
    swept(out)


def test_the_same_marks_again_change_nothing(copydesk: Copydesk, tmp_path: Path, out: Path) -> None:
    """A second time, and with the file in another order, nothing is restored, kept or counted twice."""
    given = marks_of(out, wrong_shares)
    first = copydesk("review", out, save(tmp_path / "marks.json", given))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    again = copydesk("review", out, save(tmp_path / "again.json", given[::-1]))
    assert "all of these marks are known" in again.out
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert first.out.splitlines()[-3:] == again.out.splitlines()[-3:]
    assert first.out.count("boilerplate ") == again.out.count("boilerplate ") == 1  # not once more as the sum


def test_precision_adds_up_over_reviews(copydesk: Copydesk, tmp_path: Path, out: Path) -> None:
    """Each review is a file of its own; a later mark of the same removal counts instead of the earlier one."""
    given = marks_of(out, lambda row: "right" if row["reason"] == "boilerplate" else None)
    copydesk("review", out, save(tmp_path / "a.json", given[:2]))
    copydesk("review", out, save(tmp_path / "b.json", given[2:]))
    answer = copydesk("review", out)
    assert answer.code == 0
    assert "boilerplate" in answer.out
    assert " 4      0     100.0%" in answer.out
    copydesk("review", out, save(tmp_path / "c.json", [{**given[0], "mark": "wrong"}]))
    assert " 3      1      75.0%" in copydesk("review", out).out
    assert [path.name for path in sorted((out / "_copydesk" / "reviews").iterdir())] == [
        "00001.parquet",
        "00002.parquet",
        "00003.parquet",
    ]
    assert list(verify(Dataset(out))) == []


def test_without_a_review(copydesk: Copydesk, out: Path) -> None:
    """The command says how to make one."""
    answer = copydesk("review", out)
    assert answer.code == 0
    assert f"`copydesk review {out} marks.json`" in answer.out


def test_a_document_that_went_whole_comes_back(
    copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, out: Path
) -> None:
    """It is a row again; what depends on other documents is protected in its own document only."""
    given = marks_of(out, lambda row: "wrong" if row["reason"].startswith("duplicate") else None)
    assert len(given) == 1
    answer = copydesk("review", out, save(tmp_path / "marks.json", given))
    assert "and 1 document that had gone whole" in answer.out
    assert texts(out)["again"] == [story(1)]
    run(jsonl([{**record(1), "id": "third"}], "third.jsonl"), out, SETTINGS)
    assert "third" not in texts(out)
    swept(out)


def test_no_later_run_shortens_what_was_marked_wrong(
    copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path
) -> None:
    """Neither a shape within the line nor a sentence that its source repeats is cut from text that was restored."""
    settings = plain("boilerplate", "inline_boilerplate", "repeated_line")
    plea = " Click here to subscribe to our newsletter."
    lines = [f"{story(n)}{plea}" for n in range(20, 26)]
    lines.append(f"{FOLLOW} (RELATED: Ferries stop).")
    out = tmp_path / "out"
    run(jsonl([record(n, line) for n, line in enumerate(lines)]), out, settings)
    wrong = marks_of(out, lambda row: "wrong" if row["text"] in lines else None)
    assert wrong
    numbers = [n for n, line in enumerate(lines) if line in set(table(out, "removed")["text"])]
    copydesk("review", out, save(tmp_path / "marks.json", wrong), "--yes")
    later = [{**record(n + 50, lines[n]), "id": f"later{n}"} for n in numbers]
    run(jsonl(later, "later.jsonl"), out, settings)
    assert [n for n in numbers if lines[n] in texts(out)[f"later{n}"]] == numbers


def test_a_dry_run_changes_nothing(copydesk: Copydesk, tmp_path: Path, out: Path) -> None:
    """It lists what would be restored, and prints the precision of the marks."""
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    answer = copydesk("review", out, save(tmp_path / "marks.json", marks_of(out, wrong_shares)), "--dry-run")
    assert answer.code == 0
    assert f"  {SHARE} [boilerplate: phrase en:share]" in answer.out
    assert "1 paragraph would be restored; nothing was changed" in answer.out
    assert "75.0%" in answer.out
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_marks_of_what_is_not_there(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, out: Path) -> None:
    """They are counted, neither kept nor part of the precision: of a run that was rolled back, or made up."""
    run(jsonl([record(3, SHARE)], "more.jsonl"), out, SETTINGS)
    later = marks_of(out, lambda row: "right" if row["run_id"] == "r000002" else None)
    rollback(Dataset(out), "r000002")
    answer = copydesk("review", out, save(tmp_path / "later.json", later, "r000002"))
    assert answer.code == 0
    assert "1 mark, 1 of removals that are not there" in answer.out
    known = marks_of(out, wrong_shares)
    for change in ({"position": 77}, {"reason": "too_short"}, {"rule": "x"}, {"document_id": "00" * 16}):
        made_up = save(tmp_path / "made_up.json", [{**known[0], **change}, known[1]])
        assert (
            "2 marks, 1 of removals that are not there" in copydesk("review", out, made_up, "--dry-run").out
        )
    assert read_reviews(Dataset(out)).is_empty()


def test_a_compacted_dataset_is_reviewed(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, out: Path) -> None:
    """A run keeps its id when it is compacted."""
    run(jsonl([record(3, SHARE)], "more.jsonl"), out, SETTINGS)
    compact(Dataset(out))
    marks = save(tmp_path / "marks.json", marks_of(out, wrong_shares)[:4])
    assert "restored 1 paragraph" in copydesk("review", out, marks).out
    swept(out)


def test_a_review_that_was_killed_is_finished(
    copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: Path
) -> None:
    """Killed after the text is back and before the marks are kept, the same command again keeps them."""
    marks = save(tmp_path / "marks.json", marks_of(out, wrong_shares))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.maintenance.review_removals.write_review", die)
        assert copydesk("review", out, marks).code == 130
    assert texts(out)["id-1"] == [story(1), SHARE]
    assert read_reviews(Dataset(out)).is_empty()
    assert "there is nothing to restore; the marks are kept" in copydesk("review", out, marks).out
    assert sorted(read_reviews(Dataset(out))["mark"]) == ["right", "right", "right", "wrong"]


def test_a_person_is_asked(
    copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: Path
) -> None:
    """In a terminal, what comes back is shown first; a "no" leaves everything as it was, and --yes asks nothing."""
    marks = save(tmp_path / "marks.json", marks_of(out, wrong_shares))
    asked: list[tuple[str, ...]] = []

    def ask(*what: object, yes: bool, otherwise: str) -> None:
        asked.append(tuple(map(str, what)))
        if not yes:
            raise SystemExit(otherwise)

    monkeypatch.setattr("flows.cli.review.ask", ask)
    assert copydesk("review", out, marks).code == 1
    assert asked == [("To be restored, for good: 1 paragraph", f"  {SHARE} [boilerplate: phrase en:share]")]
    assert texts(out)["id-1"] == [story(1)]
    assert copydesk("review", out, marks, "--yes").code == 0
    assert texts(out)["id-1"] == [story(1), SHARE]


def test_a_wrong_file_changes_nothing(copydesk: Copydesk, tmp_path: Path, out: Path) -> None:
    """One wrong entry among good ones, and none counts; the exit code is that of wrong usage."""
    given = marks_of(out, wrong_shares)
    marks = save(tmp_path / "marks.json", [*given, {**given[0], "mark": "maybe"}])
    answer = copydesk("review", out, marks)
    assert answer.code == 2
    assert f"{marks}: marks[4].mark: input should be 'wrong' or 'right', not 'maybe'" in answer.err
    assert texts(out)["id-1"] == [story(1)]
    assert copydesk("review", tmp_path, marks).code == 2


def test_a_damaged_review_is_named(copydesk: Copydesk, tmp_path: Path, out: Path) -> None:
    """By the command, which refuses to count, and by `verify`; a run goes on without it."""
    copydesk("review", out, save(tmp_path / "marks.json", marks_of(out, wrong_shares)))
    path = out / "_copydesk" / "reviews" / "00001.parquet"
    data = bytearray(path.read_bytes())
    data[20] ^= 255
    path.write_bytes(data)
    answer = copydesk("review", out)
    assert answer.code == 5
    assert f"{path} is not what was written" in answer.err
    assert "or remove 00001.parquet" in answer.err
    (problem,) = verify(Dataset(out))
    assert str(path) in problem
    path.unlink()
    assert copydesk("review", out).code == 0


def test_files_of_reviews_are_numbered_on(out: Path) -> None:
    """A file that something else has put there is not taken for a review."""
    dataset = Dataset(out)
    with dataset.writing():
        dataset.reviews.mkdir(exist_ok=True)
        (dataset.reviews / "notes.parquet").write_bytes(b"mine")
        path = reviews_module.write_review(dataset, read_reviews(dataset))
    assert path.name == "00001.parquet"
    assert read_reviews(dataset).is_empty()
