"""Closed and full streams, other encodings: the run is what it is, and its exit code says so."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import pytest

from flows.cli import start
from flows.report.streams import LossyStream, standard_streams
from support import STORY, Answer, Copydesk, table

FULL = Path("/dev/full")
LATIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
ALONE = {**os.environ, "PREFECT_API_URL": "", "PREFECT_PROFILES_PATH": os.devnull}
needs_full = pytest.mark.skipif(not FULL.exists(), reason="a system without /dev/full")


def shell(redirected: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command, started by a shell with these redirections; its arguments may be any bytes."""
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "flows.cli"]
    return subprocess.run(
        [*command, *map(str, arguments)], env=ALONE | environment, capture_output=True, check=False
    )


def test_a_run_needs_no_stream(story: Path, tmp_path: Path) -> None:
    """With closed streams the run is published, and is a success."""
    out = tmp_path / "out"
    done = shell(">&- 2>&- <&-", "run", story, "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert table(out, "documents")["text"].to_list() == [STORY]
    assert {path.name for path in out.iterdir()} == {
        "README.md",
        "_copydesk",
        "documents",
        "removed",
        "labelled",
        "repaired",
        "rejected",
    }


def closed_pipe() -> TextIO:
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def full() -> TextIO:
    """A file on a full disk."""
    return FULL.open("w")


BROKEN = [closed_pipe, pytest.param(full, marks=needs_full)]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_run_outlives_its_streams(
    broken: Callable[[], TextIO],
    monkeypatch: pytest.MonkeyPatch,
    copydesk: Copydesk,
    story: Path,
    tmp_path: Path,
) -> None:
    """A run whose output cannot be written goes on and publishes."""
    with broken() as out, broken() as err:
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        assert copydesk("run", story, "--out", tmp_path / "out") == Answer(0, "", "")
    assert table(tmp_path / "out", "documents")["text"].to_list() == [STORY]


@pytest.mark.parametrize("redirected", [">&- 2>&-", ">&-"])
def test_a_failure_stays_a_failure(tmp_path: Path, redirected: str) -> None:
    """Without streams, wrong usage has its exit code, too."""
    assert shell(redirected, "runs", tmp_path / "missing").returncode == 2


@pytest.mark.parametrize(("broken", "code"), [(closed_pipe, 0), pytest.param(full, 5, marks=needs_full)])
@pytest.mark.parametrize("command", ["runs", "runs --json", "explain"])
def test_what_only_prints_needs_its_output(
    broken: Callable[[], TextIO],
    code: int,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    copydesk: Copydesk,
    story: Path,
    one_run: Path,
) -> None:
    """They fail on a full disk, and not if their reader has gone."""
    with broken() as out:
        monkeypatch.setattr("sys.stdout", out)
        json = ["--json"] if command == "runs --json" else []
        answer = copydesk(command.split()[0], story if command == "explain" else one_run, *json)
    assert answer.code == code
    assert ("the output could not be written" in answer.err) is (code == 5)


@pytest.mark.parametrize(("broken", "code"), [(closed_pipe, 0), pytest.param(full, 5, marks=needs_full)])
def test_python_ends_with_the_code_of_the_command(
    broken: Callable[[], TextIO], code: int, one_run: Path
) -> None:
    """What is still buffered when Python exits makes no other failure; what could not be printed is said on stderr."""
    command = [sys.executable, "-m", "flows.cli", "runs", str(one_run)]
    with broken() as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, env=ALONE, text=True, check=False)
    said = "copydesk: the output could not be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (code, said if code else "")


def test_a_terminal_without_unicode_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, copydesk: Copydesk, tmp_path: Path
) -> None:
    """A character that the output cannot encode is printed as an escape."""
    path = tmp_path / "ferry.txt"
    path.write_text("Паром ушёл вовремя, чего никто не ожидал.", encoding="utf-8")
    with (tmp_path / "shown").open("w", encoding="ascii") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert copydesk("explain", path).code == 0
    assert r"\u041f" in (tmp_path / "shown").read_text()


def test_a_stream_loses_everything_after_its_first_failure() -> None:
    """A write that fails is no error of whoever prints; one that could not be written is remembered."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        stream = LossyStream(pipe)
        for _ in range(2):
            assert stream.write("x" * 100_000) == 100_000
            stream.flush()
        assert stream.error is None  # its reader has gone


@needs_full
def test_a_stream_remembers_what_it_could_not_write() -> None:
    """Once is enough: what follows goes nowhere."""
    with FULL.open("w") as full:
        stream = LossyStream(full)
        for _ in range(2):
            stream.write("text")
            stream.flush()
    assert stream.error is not None
    assert stream.error.errno == errno.ENOSPC


def test_whatever_prints_is_made_printable(capsys: pytest.CaptureFixture[str]) -> None:
    """`print` of a library, and a warning that Python writes to stderr."""
    with standard_streams():
        print("a\x1b[2Jb\u202e", "ftp://u:s3cret@h")  # noqa: T201
        print("c\x9b", file=sys.stderr)  # noqa: T201
        sys.stderr.write("\x1b[0m")  # by colorama, when Python exits
    assert capsys.readouterr() == ("a\\x1b[2Jb\\u202e ftp://u:***@h\n", "c\\x9b\n\x1b[0m")


def test_a_stream_that_was_closed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has None for it."""
    monkeypatch.setattr("sys.stdout", None)
    with standard_streams():
        assert sys.stdout is not None
    assert sys.stdout is None


def test_encodings_of_names_and_terminals_change_nothing(tmp_path: Path) -> None:
    """Names that are not ASCII, or not UTF-8, on the command line: documents have the same uris as elsewhere."""
    folder = tmp_path / "Zürich"
    folder.mkdir()
    bad = os.fsencode(folder) + b"/caf\xe9.txt"
    Path(os.fsdecode(bad)).write_text("Quite another story, of the orchestra in the castle garden on Friday.")
    (folder / "Fähre.txt").write_text(STORY)
    out = tmp_path / "Ausgabe ü"
    done = shell("", "run", folder / "Fähre.txt", os.fsdecode(bad), "--out", out, **LATIN)
    assert done.returncode == 0, done.stderr
    assert table(out, "documents")["uri"].to_list() == [f"{folder}/Fähre.txt", f"{folder}/caf\\xe9.txt"]


def test_another_encoding_of_names_starts_python_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTF-8 mode, with the same command line and the terminal's own encoding."""
    started: list[Sequence[str]] = []
    monkeypatch.setattr("os.execv", lambda _program, command: started.append(command))
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    start.use_utf8()
    assert not started
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "iso8859-1")
    monkeypatch.setattr("sys.orig_argv", ["python3", "/bin/copydesk", "run", "a"])
    start.use_utf8()
    assert started == [[sys.executable, "-X", "utf8", "/bin/copydesk", "run", "a"]]
    assert os.environ["PYTHONIOENCODING"]
    monkeypatch.delenv("PYTHONIOENCODING")


def test_the_home_folder(copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `~` that the shell has left, in all arguments and in the paths of the configuration."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORY)
    (tmp_path / "mine.toml").write_text('[phrases]\nfiles = ["~/nowhere.toml"]\n')
    answer = copydesk("run", "~/in", "--out=~/out", "--config=~/mine.toml")
    assert answer.code == 2
    assert f"{tmp_path}/nowhere.toml" in answer.err
    assert copydesk("run", "~/in", "--out=~/out").code == 0
    assert len(table(tmp_path / "out", "documents")) == 1
    assert copydesk("verify", "~/out").code == 0
    assert copydesk("explain", "~/in/a.txt").code == 0
    assert not (tmp_path / "~").exists()
    assert "~no-such-user/x does not exist" in copydesk("run", "~no-such-user/x", "--out=~/out").err


@pytest.mark.parametrize(
    "content", ["notes.txt", ".hidden", "documents/part-00000.parquet", "_copydesk/mine.txt"]
)
def test_a_folder_with_other_content_is_refused(
    copydesk: Copydesk, story: Path, tmp_path: Path, content: str
) -> None:
    """Nothing is written into a folder that copydesk did not begin."""
    out = tmp_path / "out"
    (out / content).parent.mkdir(parents=True)
    (out / content).touch()
    before = sorted(out.rglob("*"))
    for command in ("run", "serve"):
        answer = copydesk(command, story, "--out", out, *(["--interval", "60"] if command == "serve" else []))
        assert answer.code == 2
        assert "is not a copydesk dataset: it holds" in answer.err
        assert sorted(out.rglob("*")) == before


@pytest.mark.parametrize(
    "left", [(), ("_copydesk/lock",), ("_copydesk/lock", "_copydesk/.format.json.partial")]
)
def test_an_empty_folder_is_used(
    copydesk: Copydesk, story: Path, tmp_path: Path, left: tuple[str, ...]
) -> None:
    """Also one in which a first run was killed as soon as it had begun."""
    out = tmp_path / "out"
    out.mkdir()
    for name in left:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).touch()
    assert copydesk("run", story, "--out", out).code == 0
    assert copydesk("verify", out).code == 0


def test_a_dataset_needs_a_name_in_utf8(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Parquet files could not be opened under another name."""
    answer = copydesk("run", story, "--out", os.fsdecode(os.fsencode(tmp_path) + b"/o\xff"))
    assert answer.code == 2
    assert "o\\xff is not UTF-8" in answer.err
