"""What people expect of a command: version, help with examples, completion, questions before something goes."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli import app
from flows.cli.app import COMMANDS
from flows.dataset import Dataset
from flows.dataset.checksums import SEAL, write_json
from flows.errors import EXIT_CODES
from support import ROOT, STORY, Copydesk, at_a_terminal

GROUP: Any = typer.main.get_command(app)
NAMED = [("", GROUP), *GROUP.commands.items()]
MANUAL = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")


def test_the_version(copydesk: Copydesk) -> None:
    """One line, as the package has it."""
    answer = copydesk("--version")
    assert (answer.code, answer.out) == (0, f"copydesk {version('copydesk')}\n")


@pytest.mark.parametrize(("name", "command"), NAMED, ids=[name or "copydesk" for name, _ in NAMED])
def test_help_has_full_sentences_and_examples_that_parse(name: str, command: Any) -> None:
    """A capital in front, a full stop behind; each example is a command with options and arguments that exist."""
    for text in (command.help, *(one.help for one in command.params)):
        assert re.fullmatch(r"[A-Z].*[.]", text, re.DOTALL), text
    assert "Examples:\n" in command.epilog
    shown = command.epilog.split("Examples:\n")[1].splitlines()
    for line in shown:
        words = shlex.split(line, comments=True)
        assert words[0] == "copydesk"
        if words[1:] == ["COMMAND", "--help"]:
            continue
        assert name in ("", words[1])
        with GROUP.make_context("copydesk", words[1:2], resilient_parsing=True) as context:
            GROUP.commands[words[1]].make_context(words[1], words[2:], parent=context)


def test_options_have_one_name_everywhere() -> None:
    """The same short option never stands for two things, and what all have is called the same."""
    shorts: dict[str, set[str]] = {}
    for _, command in NAMED:
        for one in command.params:
            for short in (name for name in one.opts if re.fullmatch(r"-\w", name)):
                shorts.setdefault(short, set()).update(name for name in one.opts if name != short)
    assert {short: names for short, names in shorts.items() if len(names) > 1} == {}
    assert shorts["-o"] == {"--out"}
    assert shorts["-v"] == {"--verbose"}
    assert shorts["-q"] == {"--quiet"}


def test_commands_and_options_are_documented() -> None:
    """flows/README.md names every command, and every option of each in the table of options."""
    assert set(GROUP.commands) <= set(COMMANDS)
    rows = MANUAL[MANUAL.index("## Options") :].split("\n## ")[0]
    for name, command in NAMED:
        begin = rows.index(f"| `copydesk {name}".rstrip() + "` |")
        own = re.split(r"\n\| `copydesk", rows[begin + 2 :])[0]
        for one in command.params:
            for option in one.opts if one.param_type_name == "option" else [one.name.upper()]:
                assert option in own, f"{name} {option}"
        assert name == "" or f"    copydesk {name} " in MANUAL or f"    copydesk {name}\n" in MANUAL


def test_exit_codes_are_documented() -> None:
    """Every number that the code exits with is in `EXIT_CODES`, and that is in flows/README.md."""
    used: set[int] = set()
    for path in (ROOT / "flows").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            numbers: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "sys.exit",
                "typer.Exit",
                "os._exit",
            ):
                numbers = node.args
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("exit_code", "EXIT_CODE"):
                numbers = [node.value]
            used |= {
                one.value for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, int)
            }
    assert {1, 2, 3, 4, 5, 6, 130} <= used | {1}
    assert used <= set(EXIT_CODES)
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in MANUAL


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """Shells get the commands that begin with what was typed, in their own format."""
    asked = {
        "_COPYDESK_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "copydesk rol",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "copydesk rol",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    run = "import sys; sys.argv[0] = 'copydesk'; from flows.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", run], env=os.environ | asked, capture_output=True, text=True, check=True
    )
    begins = {"bash": "rollback\n", "zsh": '_arguments \'*: :(("rollback":', "fish": "rollback\t"}
    assert done.stdout.startswith(begins[shell])


def test_runs_fit_into_80_columns(copydesk: Copydesk, one_run: Path, tmp_path: Path) -> None:
    """Also with large numbers: none is cut or wrapped."""
    out = shutil.copytree(one_run, tmp_path / "out")
    path = out / "_copydesk/runs/run=r000001/run.json"
    manifest = json.loads(path.read_text())
    manifest["counts"] |= {
        "documents_kept": 12_345_678,
        "words": 10**10,
        "words_kept": 10**10 - 1,
        "rejected": 1_234_567,
    }
    manifest |= {"inputs": 12_345_678, "seconds": 86_399.9}
    write_json(path, {key: value for key, value in manifest.items() if key != SEAL})
    lines = copydesk("runs", out).out.splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    assert lines[1].split()[3:] == ["12,345,678", "12,345,678", ">99.9%", "1,234,567", "86,399.9"]


@pytest.mark.parametrize("command", ["rollback", "expire"])
def test_a_person_is_asked(copydesk: Copydesk, one_run: Path, tmp_path: Path, command: str) -> None:
    """What goes is shown before it goes; without a yes nothing does; --yes skips that, and a script is not asked."""
    out = shutil.copytree(one_run, tmp_path / "out")
    (tmp_path / "more.txt").write_text(f"{STORY} It opens again in spring.")
    copydesk("run", tmp_path / "more.txt", "-o", out)
    what = ["r000002"] if command == "rollback" else ["--before", "2999-01-01"]
    for answer in ("n\n", "\n", "\x04"):
        code, shown = at_a_terminal(command, out, *what, answer=answer)
        assert code == 130
        assert "r000002" in shown
        assert "nothing was" in shown
        assert len(Dataset(out).runs()) == 2
    if command == "rollback":
        code, shown = at_a_terminal(command, out, *what, answer="y\n")
        assert (code, Dataset(out).runs()) == (0, ["r000001"])
        code, shown = at_a_terminal(command, out, "r000001", "--yes")
    else:
        code, shown = at_a_terminal(command, out, *what, "--yes")
    assert (code, "Go on?" in shown) == (0, False)
    assert Dataset(out).runs() == []
    copydesk("run", tmp_path / "more.txt", "-o", out, "--retry-rejected")
    (tmp_path / "last.txt").write_text(f"{STORY} It opens in autumn.")
    copydesk("run", tmp_path / "last.txt", "-o", out)
    last = Dataset(out).runs()[-1]
    answer = copydesk(command, out, *([last] if command == "rollback" else what))
    assert (answer.code, last in Dataset(out).runs()) == (0, False)


@pytest.mark.parametrize("given", ["{tmp}/missing", "{tmp}/out", "{tmp}/other"])
def test_serve_refuses_what_can_never_be_read(
    copydesk: Copydesk, story: Path, one_run: Path, tmp_path: Path, given: str
) -> None:
    """A missing input, the output folder, another dataset: at once, and not once an hour."""
    shutil.copytree(one_run, tmp_path / "out")
    shutil.copytree(one_run, tmp_path / "other")
    name = given.format(tmp=tmp_path)
    answer = copydesk("serve", story, name, "-o", tmp_path / "out", "--interval", "60")
    assert answer.code == 2
    assert name in answer.err


def test_the_files_of_a_deployment(
    copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`init --prefect` needs no input, copies both files, replaces none, and says what comes next."""
    monkeypatch.chdir(tmp_path)
    answer = copydesk("init", "--prefect")
    assert answer.code == 0
    assert "prefect deploy --prefect-file prefect.yaml --all" in answer.out
    for name in ("prefect.yaml", "automations.yaml"):
        assert (tmp_path / name).read_bytes() == (ROOT / "config" / name).read_bytes()
    assert not (tmp_path / "news.toml").exists()
    answer = copydesk("init", "--prefect")
    assert (answer.code, "exists; replace it with --force" in answer.err) == (2, True)
    assert copydesk("init", "--prefect", "--force").code == 0
    assert copydesk("init").code == 2
