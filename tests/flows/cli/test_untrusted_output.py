"""Nothing that an input, a name or a configuration says controls the terminal, or starts a line of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from support import STORY, Answer, Copydesk, Jsonl, table

ESCAPES = "\x1b]0;pwned\x07\x1b[2J\x9b31m"
HIDDEN = "\u202e\u2066\u200b\ufeff"
NASTY = f"x{ESCAPES}{HIDDEN}\ncopydesk: all is well\r"


def assert_printable(answer: Answer) -> None:
    """Both streams hold nothing but text and line ends, and no line that an input has made."""
    shown = answer.out + answer.err
    assert {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n"}
    assert "\ncopydesk: all is well" not in shown


def test_a_proof_shows_what_a_record_says_as_text(copydesk: Copydesk, jsonl: Jsonl) -> None:
    """Text, title, source, names of fields, of the file and what was repaired are shown escaped."""
    path = jsonl(
        [
            {"text": f"{STORY}{NASTY}\n\n{STORY}", "title": f"Ferry{NASTY}", "source": f"s{NASTY}"},
            {f"k{NASTY}": 1},
        ],
        f"e{ESCAPES}.jsonl",
    )
    answer = copydesk("explain", path)
    assert answer.code == 0
    assert_printable(answer)
    assert "source sx\\x1b]0;pwned\\x07" in answer.out
    assert "kx\\x1b]0;pwned" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", f"{{tmp}}/missing{NASTY.replace('[', ';')}", "--out", "{tmp}/out"],
        ["run", "{story}", "--out", "{tmp}/out", "--config", f"{{tmp}}/none{NASTY}.toml"],
        ["run", "{story}", "--out", "{tmp}/out", "--config", "{tmp}/bad.toml"],
        ["run", "{story}", "--out", "{tmp}/out", "--engine", NASTY],
        ["run", f"foo://host/{NASTY}", "--out", "{tmp}/out"],
        ["run", "{story}", "--out", f"s3://{NASTY}"],
        [NASTY],
        ["runs", f"{{tmp}}/{NASTY}"],
        ["explain", f"{{tmp}}/missing{NASTY.replace('[', ';')}"],
        ["explain", "--out", "{dataset}", "--document", NASTY],
        ["review", "{dataset}", f"{{tmp}}/marks{NASTY}.json"],
        ["serve", "{story}", "--out", "{tmp}/out", "--cron", "0 * * * *", "--timezone", NASTY],
    ],
)
def test_messages_quote_arguments_as_text(
    copydesk: Copydesk, story: Path, one_run: Path, tmp_path: Path, arguments: list[str]
) -> None:
    """Whichever argument is wrong, and whoever reports it."""
    key = json.dumps(f"k{NASTY}")  # escapes of JSON are those of TOML
    (tmp_path / "bad.toml").write_text(f"[boilerplate]\n{key} = 1\n", encoding="utf-8")
    if "{dataset}" in arguments:
        shutil.copytree(one_run, tmp_path / "dataset")
    places = {"{tmp}": str(tmp_path), "{story}": str(story), "{dataset}": str(tmp_path / "dataset")}
    for place, path in places.items():
        arguments = [argument.replace(place, path) for argument in arguments]
    answer = copydesk(*arguments)
    assert answer.code == 2
    assert_printable(answer)
    assert "pwned" in answer.err


def test_a_held_run_names_a_source_as_text(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """The message, the list of runs, the notice and the record on disk."""
    path = jsonl([{"text": STORY, "source": f"s{NASTY}<!channel>"} for _ in range(12)])
    notice = tmp_path / "notice"
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    command = json.dumps([sys.executable, "-c", code, str(notice)])
    config = tmp_path / "c.toml"
    config.write_text(f"[guards.bounds]\nremoved = 0.1\nmin_documents = 1\n[notify]\ncommand = {command}\n")
    out = tmp_path / "out"
    answer = copydesk("run", path, "--out", out, "--config", config)
    assert answer.code == 3
    assert "\n  sx\\x1b]0;pwned" in answer.err
    assert_printable(answer)
    listed = copydesk("runs", out)
    assert len([line for line in listed.out.splitlines() if "held" in line]) == 1
    assert_printable(listed)
    said = json.loads(notice.read_text())
    assert_printable(Answer(0, said["text"], said["message"]))
    assert "<!channel>" in said["message"]
    assert "&lt;!channel&gt;" in said["text"]
    held = json.loads((out / "_copydesk" / "held" / "r000001" / "held.json").read_text())
    assert_printable(Answer(0, "\n".join(held["reasons"]), ""))
    assert not any("\n" in reason for reason in held["reasons"])


def test_a_manifest_quotes_names_as_text(copydesk: Copydesk, tmp_path: Path) -> None:
    """Also a name whose bytes are not UTF-8; the dataset is whole."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff\x1b[2J"))
    folder.mkdir()
    (folder / "a.txt").write_text(STORY)
    out = tmp_path / "out"
    answer = copydesk("run", folder, "--out", out)
    assert answer.code == 0
    manifest: dict[str, Any] = json.loads((out / "_copydesk/runs/run=r000001/run.json").read_text())
    assert manifest["given"] == [f"{tmp_path}/in\\xff\\x1b[2J"]
    assert len(table(out, "documents")) == 1
    assert copydesk("verify", out).code == 0


def test_the_error_of_a_rejected_input_is_text(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """People read `rejected` in a terminal, too."""
    copydesk("run", jsonl([{f"k{NASTY}": 1}]), "--out", tmp_path / "out")
    (error,) = table(tmp_path / "out", "rejected")["error"]
    assert_printable(Answer(0, error, ""))
    assert "\n" not in error


def test_an_unexpected_error_shows_text(
    copydesk: Copydesk, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback of a bug, which may quote anything."""

    def fail(*_: object) -> None:
        raise ValueError(NASTY)

    monkeypatch.setattr("flows.run.compare_in_groups.compare", fail)
    answer = copydesk("run", story, "--out", tmp_path / "out")
    assert answer.code == 5
    assert "Traceback" in answer.err
    assert_printable(answer)
