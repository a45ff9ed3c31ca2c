"""What a run says at its end: shares, rejections by kind with a way out, what waits, the next step; and as JSON."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset.rejections import MOST_KINDS, rejection_kinds
from support import ROOT, STORY, Copydesk, Jsonl, body, table

MANUAL = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")


def kind_of(*errors: str) -> list[tuple[int, str, str]]:
    """(number, error, way out) of each kind among these errors."""
    rows = pl.LazyFrame({"uri": [f"/in/{n}" for n in range(len(errors))], "error": errors})
    return [(one.number, one.what, one.way_out) for one in rejection_kinds(rows)]


@pytest.mark.parametrize(
    "errors",
    [
        ("line 2: not JSON: Expecting value (column 1)", "line 1,731: not JSON: Extra data (column 9)"),
        ("truncated gzip after line 2", "truncated gzip"),
        ('no text: no field "a" (it has b; map it with [fields] text)', 'no text: no field "c" (it has d (, e; ...)'),
        ("a .png file contains no text", "a .jpg file contains no text"),
        ("https://a.example/x: no text: there is only markup", "a record without a URL: no text: there is only markup"),
        ("cannot be read: '/news/gone'", "cannot be read: '/news/lost'"),
        (
            "left out: a link out of the folder, to /a b/c; to read it, name it as an INPUT",
            "left out: a link out of the folder, to /d; to read it, name it as an INPUT",
        ),
        ("larger than 64 MB ([inputs] max_document_megabytes)", "larger than 1 MB ([inputs] max_document_megabytes)"),
    ],
)  # fmt: skip
def test_errors_that_differ_in_names_and_numbers_are_of_one_kind(errors: tuple[str, ...]) -> None:
    """They are counted together, and the first is the example."""
    ((number, what, way_out),) = kind_of(*errors)
    assert number == len(errors)
    assert errors[0].startswith(what.removesuffix(")"))
    assert way_out


@pytest.mark.parametrize(
    ("error", "what", "way_out"),
    [
        (
            "by its content it is a PDF file, which is not plain text; extract the text first (pdftotext)",
            "by its content it is a PDF file, which is not plain text",
            "extract the text first (pdftotext)",
        ),
        (
            'no text: no field "a" (it has b, c; map it with [fields] text)',
            'no text: no field "a" (it has b, c)',
            "set [fields] text in a configuration (`copydesk init` writes one), and name it with --config",
        ),
        ('a web page; pip install "copydesk[html]"', "a web page", 'pip install "copydesk[html]"'),
        (
            "data that grows to more than 9 times its size ([inputs] max_ratio)",
            "data that grows to more than 9 times its size ([inputs] max_ratio)",
            "set [inputs] max_ratio in a configuration (`copydesk init` writes one), and name it with --config",
        ),
        ("cannot be read: Permission denied", "cannot be read: Permission denied", "the next run tries it again"),
        ("damaged zip (bad CRC)", "damaged zip (bad CRC)", "fetch the file again; a changed file is read again"),
        ("no text: the file is empty", "no text: the file is empty", "nothing, unless you expected an article there"),
        ("something new", "something new", "mend or remove it; a changed file is read again"),
    ],
)  # fmt: skip
def test_each_kind_has_a_way_out(error: str, what: str, way_out: str) -> None:
    """The advice of the error itself, the setting or extra that it waits for, or what helps against its kind."""
    assert kind_of(error) == [(1, what, way_out)]


def test_the_most_frequent_kind_is_first() -> None:
    """Kinds that are equally frequent stay in the order of the run; there is an end to them."""
    assert [number for number, _, _ in kind_of("a", "b", "c", "c")] == [2, 1, 1]
    assert len(kind_of(*(chr(0x4E00 + n) for n in range(2 * MOST_KINDS)))) == MOST_KINDS


def test_a_run_says_percent_and_the_next_step(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Words kept and removed in percent, and two commands that show more, one of a document that lost something."""
    path = jsonl([{"text": f"{body(1)}\n\n{body(2)}"}, {"text": f"{body(1)}\n\n{body(3)}"}])
    out = tmp_path / "my news"
    answer = copydesk("run", path, "-o", out)
    lines = answer.out.splitlines()
    assert lines[0] == "run r000001: 2 documents, all kept, with 75.0% of the words; 25.0% removed"
    assert [line.split()[-1] for line in lines[2:6]] == ["100.0%", "75.0%", "25.0%", "25.0%"]
    document = table(out, "removed")["document_id"][0]
    assert lines[-3:] == [
        "next:",
        f"  copydesk report '{out}'",
        f"  copydesk explain --out '{out}' --document {document}",
    ]
    assert "all is well: the new input was read, and nothing waits" in lines
    assert copydesk("run", path, "-o", out).out == (
        f"nothing new: 1 input, 0 of them new or changed; {out} is as it was\n"
    )


def test_rejections_are_grouped(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Each kind has its number, what it is with the way out, and one example; --verbose shows all kinds."""
    given = [story]
    for n in range(3):
        given.append(tmp_path / f"empty{n}.txt")
        given[-1].touch()
    beginnings = (
        b"%PDF-1.4\n",
        b"{\\rtf1 ",
        b"SQLite format 3\0",
        b"\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0\n",
        b" \n",
    )
    for n, beginning in enumerate(beginnings):
        given.append(tmp_path / f"{n}.txt")
        given[-1].write_bytes(beginning)
    answer = copydesk("run", *given, "-o", tmp_path / "out")
    assert answer.code == 0
    shown = answer.out
    assert "\n9 inputs rejected:\n  3  no text: the file is empty -> nothing, unless" in shown
    assert f"\n     as {tmp_path}/empty0.txt\n" in shown
    assert "empty1.txt" not in shown
    assert re.search(r"\n  and \d of \d other kinds?: run with --verbose", shown)
    whole = copydesk("run", *given, "-o", tmp_path / "all", "-v").out
    assert "other kind" not in whole
    assert whole.count("\n     as ") > shown.count("\n     as ")


def test_one_rejected_input_is_one_input(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Nouns have the number that they need."""
    (tmp_path / "empty.txt").touch()
    answer = copydesk("run", story, tmp_path / "empty.txt", "-o", tmp_path / "out", "--strict")
    assert "\n1 input rejected:\n" in answer.out
    assert "copydesk: 1 input was rejected" in answer.err
    assert not re.search(r"\b1 (inputs|documents|paragraphs|runs)\b", answer.out + answer.err)
    assert copydesk("verify", tmp_path / "out").out.endswith(": 1 run, no damage found\n")


def test_a_first_run_that_reads_nothing_exits_with_1(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Probably something is wrong; later runs are not the first, and a run without new inputs is none."""
    out, empty = tmp_path / "out", tmp_path / "empty.txt"
    empty.touch()
    answer = copydesk("run", empty, "-o", out)
    assert answer.code == 1
    assert "1 input rejected" in answer.out
    assert "nothing could be read" in answer.err
    assert copydesk("run", empty, "-o", out).code == 0
    other = tmp_path / "other.txt"
    other.touch()
    assert copydesk("run", other, "-o", out).code == 0
    assert copydesk("run", empty, story, "-o", tmp_path / "more").code == 0
    assert copydesk("run", empty, "-o", tmp_path / "dry", "--dry-run").code == 1


def test_names_are_shown_as_text(copydesk: Copydesk, tmp_path: Path) -> None:
    """Names of files control neither the terminal nor JSON, and the commands can be copied."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "x\x1b[2J\u202e\ncopydesk: all is well.txt").touch()
    (folder / "b.txt").write_text(STORY)
    out = tmp_path / "out; rm"
    answer = copydesk("run", folder, "-o", out)
    assert "as " + str(folder) + "/x\\x1b[2J\\u202e\\ncopydesk: all is well.txt" in answer.out
    assert "\x1b" not in answer.out
    assert f"copydesk report '{out}'" in answer.out
    answer = copydesk("run", folder, "-o", tmp_path / "json", "--json")
    assert json.loads(answer.out)["rejected"]["kinds"][0]["uri"].endswith("\\ncopydesk: all is well.txt")


def the_object(text: str) -> dict[str, Any]:
    """The one object, in one line, that a command printed."""
    assert text.count("\n") == 1
    value: dict[str, Any] = json.loads(text)
    return value


def test_json_has_what_is_documented(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """One object on stdout, with the fields that flows/README.md names, and no others; all are there at any time."""
    (tmp_path / "empty.txt").touch()
    out = tmp_path / "out"
    answer = copydesk("run", story, tmp_path / "empty.txt", "-o", out, "--json")
    assert (answer.code, answer.err) == (0, "")
    first = the_object(answer.out)
    assert (first["status"], first["run"], first["documents"]) == (
        "published",
        "r000001",
        {"in": 1, "kept": 1},
    )
    assert first["rejected"]["count"] == sum(kind["count"] for kind in first["rejected"]["kinds"]) == 1
    dry = the_object(copydesk("run", story, "-o", tmp_path / "dry", "--json", "--dry-run").out)
    assert (dry["status"], dry["run"]) == ("dry run", None)
    assert dry["files"] == [{"format": "text", "files": 1, "bytes": len(STORY), "is_read": True}]
    again = the_object(copydesk("run", story, "-o", out, "--json").out)
    assert (again["status"], again["run"], again["exit_code"]) == ("unchanged", None, 0)
    section = MANUAL[MANUAL.index("### For programs") :].split("\n## ")[0]
    documented = {
        name
        for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert documented == set(dry) == {*first, "files"} == {*again, "files"}
    named = set(re.findall(r"`([\w ]+)`", section))
    assert {"published", "unchanged", "held", "dry run", "failed"} <= named
    for value in (first["inputs"], first["rejected"], dry["files"][0], first["rejected"]["kinds"][0]):
        assert {key for key in value if f"`{key}`" not in section} == set()


def test_json_of_failures(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A run that a guard holds has its numbers and reasons; one that fails has the message of stderr."""
    config = tmp_path / "c.toml"
    config.write_text("[guards.bounds]\nremoved = 0.1\nmin_documents = 1\n")
    out = tmp_path / "out"
    answer = copydesk("run", jsonl([{"text": STORY}] * 12), "-o", out, "--config", config, "--json")
    held = the_object(answer.out)
    assert (answer.code, held["status"], held["exit_code"], held["run"]) == (3, "held", 3, "r000001")
    assert "of words removed" in held["held_for"][0]
    answer = copydesk("run", tmp_path / "missing", "-o", out, "--json")
    failed = the_object(answer.out)
    assert failed == {"status": "failed", "exit_code": 2, "error": f"{tmp_path}/missing does not exist"}
    assert answer.err == f"copydesk: {failed['error']}\n"


def test_json_of_runs_and_verify(copydesk: Copydesk, one_run: Path, tmp_path: Path) -> None:
    """What these commands show, as flows/README.md names it."""
    out = shutil.copytree(one_run, tmp_path / "out")
    shown = the_object(copydesk("runs", out, "--json").out)
    assert [run["run"] for run in shown["runs"]] == ["r000001"]
    assert shown["held"] == []
    section = MANUAL[MANUAL.index("`runs --json` has") :].split("\n\n")[0]
    for key in (*shown, *shown["runs"][0]):
        assert f"`{key}`" in section
    shown = the_object(copydesk("verify", out, "--json").out)
    assert shown == {"dataset": str(out), "problems": [], "unchecked": []}
    assert all(f"`{key}`" in section for key in shown)
    next((out / "documents").rglob("*.parquet")).write_bytes(b"")
    answer = copydesk("verify", out, "--json")
    assert (answer.code, bool(the_object(answer.out)["problems"])) == (6, True)


def test_the_log_has_the_events_of_a_run(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """JSON lines in a file, appended; with no file on stderr, where nothing else is then; text is possible, too."""
    log, out = tmp_path / "run.log", tmp_path / "out"
    assert copydesk("run", story, "-o", out, "-q", "--log-file", log, "--log-format", "json").code == 0
    answer = copydesk("run", tmp_path / "missing\x9b2J", "-o", out, "--log-file", log, "--log-format", "json")
    assert answer.err.startswith("copydesk: ")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] != "stage"] == [
        "begin",
        "end",
        "begin",
        "end",
    ]
    assert {"time", "level", "logger", "message"} <= set(events[0])
    ends = [event for event in events if event["event"] == "end"]
    assert [end["exit_code"] for end in ends] == [0, 2]
    assert ends[0]["run"] == "r000001"
    assert "\\x9b2J does not exist" in ends[1]["message"]
    answer = copydesk("run", tmp_path / "missing", "-o", out, "--log-format", "json")
    assert [json.loads(line)["event"] for line in answer.err.splitlines()] == ["begin", "end"]
    text = tmp_path / "text.log"
    copydesk("run", story, "-o", tmp_path / "text", "-q", "--log-file", text)
    assert re.match(r"\d{4}-\d\d-\d\dT\S+ INFO flows\.cli\.run: run of ", text.read_text())
    answer = copydesk("run", story, "-o", out, "--log-file", tmp_path / "none" / "x.log")
    assert answer.code == 2
    assert "--log-file" in answer.err
