"""The command: its output, its exit codes, and the effect of bad inputs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from flows.dataset import Dataset
from flows.run import compare_in_groups
from support import ROOT, STORY, Answer, Copydesk, table

ARTICLES = ROOT / "seeds" / "articles"


def test_a_run_answers_with_a_table(copydesk: Copydesk, tmp_path: Path) -> None:
    """The closing table counts what came in, what was kept, and what was removed by reason; it names the dataset."""
    answer = copydesk("run", ARTICLES, "--out", tmp_path / "out")
    assert answer.code == 0
    for word in (
        "documents",
        "paragraphs",
        "words",
        "in ",
        "kept",
        "repeated_headline",
        "duplicate",
        "rejected",
        "MB/s",
    ):
        assert word in answer.out
    assert str(tmp_path / "out" / "documents") in answer.out


def test_without_a_terminal_a_short_run_says_nothing_of_its_progress(
    copydesk: Copydesk, story: Path, tmp_path: Path
) -> None:
    """Stderr is empty, so that a job that mails it mails nothing, and stdout has no control characters."""
    answer = copydesk("run", story, "--out", tmp_path / "out")
    assert answer.err == ""
    assert "\x1b" not in answer.out


def test_quiet_is_silent(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """With --quiet a successful run prints nothing."""
    assert copydesk("run", story, "--out", tmp_path / "out", "--quiet") == Answer(0, "", "")


def test_a_glob_that_matches_nothing_succeeds(copydesk: Copydesk, tmp_path: Path) -> None:
    """A scheduled run that finds no files yet is not an error."""
    answer = copydesk("run", tmp_path / "*.txt", "--out", tmp_path / "out")
    assert answer.code == 0
    assert "no input found" in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "{tmp}/missing", "--out", "{tmp}/out"], "missing does not exist"),
        (["run", "{tmp}/story.txt", "--out", "{tmp}/story.txt"], "is a file"),
        (
            ["run", "{tmp}/story.txt", "--out", "{tmp}/out", "--config", "{tmp}/none.toml"],
            "none.toml: cannot be read",
        ),
        (
            ["run", "{tmp}/story.txt", "--out", "{tmp}/out", "--config", "{tmp}/bad.toml"],
            'unknown key "enable"',
        ),
        (["run", "{tmp}/story.txt", "--out", "{tmp}/out", "--engine", "spark"], "not one of"),
        (["run", "{tmp}/story.txt"], "--out"),
        (["run", "{tmp}/story.txt", "--out", "nowhere://bucket/out"], "the protocol nowhere:// is unknown"),
        (["run", "{tmp}/story.txt", "--out", "memory://news"], "gone when this command ends"),
        (["run", "{tmp}/story.txt", "--out", ""], "a folder of its own"),
        (["run", "", "--out", "{tmp}/out"], "an INPUT is empty"),
        (["runs", "{tmp}"], "is not a copydesk dataset"),
        (["verify", "{tmp}/missing"], "is not a copydesk dataset"),
        (["explain", "{tmp}/missing"], "missing does not exist"),
    ],
)
def test_wrong_usage_exits_with_2(
    copydesk: Copydesk, story: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """Usage and configuration errors say what is wrong, without a traceback, and nothing is written."""
    (tmp_path / "bad.toml").write_text("[boilerplate]\nenable = false\n")
    answer = copydesk(*(a.format(tmp=tmp_path) for a in arguments))
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_strict_exits_with_1(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """With --strict the exit code reports a rejected input; the rest is still published."""
    (tmp_path / "empty.txt").touch()
    assert copydesk("run", story, tmp_path / "empty.txt", "--out", tmp_path / "out", "--strict").code == 1
    assert len(table(tmp_path / "out", "documents")) == 1


def test_a_held_lock_exits_with_4(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """While another run writes the dataset, a run is refused."""
    with Dataset(tmp_path / "out").writing():
        answer = copydesk("run", story, "--out", tmp_path / "out")
    assert answer.code == 4
    assert "another run" in answer.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            OSError(28, "No space left on device", "/full/part.parquet"),
            5,
            "No space left on device (/full/part.parquet)",
        ),
        (PermissionError(13, "Permission denied", "/out"), 5, "Permission denied (/out)"),
        (ZeroDivisionError("oops"), 5, "bug in copydesk"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_failure_publishes_nothing(
    copydesk: Copydesk,
    story: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    message: str,
) -> None:
    """A full disk, a missing permission, a bug and Ctrl-C have their exit codes, and no document is published."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(compare_in_groups, "compare", fail)
    answer = copydesk("run", story, "--out", tmp_path / "out")
    assert (answer.code, message in answer.err) == (code, True)
    assert "nothing of this run was published" in answer.err
    assert not (tmp_path / "out" / "documents").exists()


def test_an_unreachable_prefect_falls_back(
    copydesk: Copydesk, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the configured Prefect API does not answer, the run is executed in this process, with a warning."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = copydesk("run", story, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "http://127.0.0.1:9/api cannot be reached" in answer.err
    assert len(table(tmp_path / "out", "documents")) == 1


def test_a_requested_prefect_must_answer(
    copydesk: Copydesk, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--engine prefect` an API that does not answer is a failure without a traceback."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = copydesk("run", story, "--out", tmp_path / "out", "--engine", "prefect")
    assert answer.code == 5
    assert "http://127.0.0.1:9/api cannot be reached" in answer.err
    assert "Traceback" not in answer.err


def test_a_profile_configures_prefect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API comes from the environment, else from the active Prefect profile."""
    from flows.cli.prefect_api import configured_api

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_PROFILE", raising=False)
    profiles = tmp_path / "profiles.toml"
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(profiles))
    assert configured_api() is None
    profiles.write_text('active = "home"\n[profiles.home]\nPREFECT_API_URL = "http://127.0.0.1:4200/api"\n')
    assert configured_api() == "http://127.0.0.1:4200/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    assert configured_api() == "http://127.0.0.1:1/api"
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILES_PATH", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**30)  # a user whom the system does not know
    monkeypatch.chdir(tmp_path)
    assert configured_api() is None


def test_bad_inputs_affect_only_themselves(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Each unreadable input is a row in `rejected` that says why; everything else is published."""
    whole = gzip.compress("".join(json.dumps({"text": f"{STORY} {n}"}) + "\n" for n in range(400)).encode())
    bad: dict[str, bytes] = {
        "empty.txt": b"",
        "blank.txt": b" \r\n\t\n",
        "binary.txt": bytes(range(256)) * 8,
        "cut.jsonl.gz": whole[: len(whole) // 2],
        "broken.jsonl": b'{"text": "One good line about the harbour."}\n{"text": "no end\n',
        "number.jsonl": b'{"text": 5}\n',
        "list.jsonl": b'{"text": [1, 2]}\n',
        "page.json": b"[]",
        "bad.parquet": b"PAR1 and no more",
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    out = tmp_path / "out"
    answer = copydesk("run", story, *(tmp_path / name for name in bad), tmp_path / "gone.txt", "--out", out)
    assert answer.code == 0
    errors = {
        uri.removeprefix(f"{tmp_path}/"): error
        for uri, error in table(out, "rejected").drop("run_id").iter_rows()
    }
    assert errors.keys() == {
        "empty.txt",
        "blank.txt",
        "binary.txt",
        "cut.jsonl.gz",
        "broken.jsonl#2",
        "number.jsonl#1",
        "list.jsonl#1",
        "page.json",
        "bad.parquet",
        "gone.txt",
    }
    assert errors["empty.txt"].startswith("no text")
    assert errors["blank.txt"].startswith("no text")
    assert errors["binary.txt"].startswith("binary")
    assert "truncated gzip" in errors["cut.jsonl.gz"]
    assert '"text"' in errors["number.jsonl#1"]
    assert "a list without text" in errors["list.jsonl#1"]
    kept = {uri.removeprefix(f"{tmp_path}/") for uri in table(out, "documents")["uri"]}
    assert {"story.txt", "broken.jsonl#1", "cut.jsonl.gz#1"} <= kept


def test_guessed_fields_are_said(copydesk: Copydesk, tmp_path: Path) -> None:
    """A run's end and its manifest name the fields of records that were taken for the text, the title and so on."""
    record = {"Body": STORY, "headline": "A night at sea", "id": 1}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    out = tmp_path / "out"
    answer = copydesk("run", tmp_path / "a.jsonl", "--out", out)
    assert 'fields: text from "Body"; title from "headline"\n' in answer.out
    manifest = json.loads((out / "_copydesk" / "runs" / "run=r000001" / "run.json").read_text())
    assert manifest["fields"] == {"text": {"Body": 1}, "title": {"headline": 1}, "id": {"id": 1}}
    (tmp_path / "b.txt").write_text(STORY)
    assert "fields:" not in copydesk("run", tmp_path / "b.txt", "--out", out).out


def test_an_input_that_could_not_be_opened_is_retried(copydesk: Copydesk, tmp_path: Path) -> None:
    """A dangling link is rejected once; when its target exists, the next run reads it."""
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "later.txt")
    out = tmp_path / "out"
    copydesk("run", link, "--out", out)
    for _ in range(2):
        assert "nothing new" in copydesk("run", link, "--out", out).out
    copydesk("run", link, ARTICLES / "harbour-gazette" / "01-night-ferry.txt", "--out", out)
    assert "1 of them new or changed" in copydesk("run", link, "--out", out).out
    assert len(table(out, "rejected")) == 1
    (tmp_path / "later.txt").write_text(STORY)
    copydesk("run", link, "--out", out)
    assert len(table(out, "documents")) == 2
    assert copydesk("verify", out).code == 0


def test_runs_lists_what_was_published(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """`runs` prints a line for each published run."""
    out = tmp_path / "out"
    copydesk("run", story, "--out", out)
    (tmp_path / "more.txt").write_text("Another story, from the other bank of the river.")
    copydesk("run", tmp_path / "more.txt", "--out", out)
    lines = copydesk("runs", out).out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "r000001", "r000002"]


@pytest.mark.parametrize(
    "command", ["run", "explain", "review", "runs", "verify", "publish", "discard", "serve"]
)
def test_every_command_explains_itself(copydesk: Copydesk, command: str) -> None:
    """Each command has a help text, and the README mentions it."""
    answer = copydesk(command, "--help")
    assert answer.code == 0
    assert f"copydesk {command}" in (ROOT / "README.md").read_text(encoding="utf-8")
