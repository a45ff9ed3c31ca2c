"""The wheel and the image: they carry the configuration, and work where there is no repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePath
from typing import Any

import pytest
import typer
import yaml

from flows.cli import app
from support import ROOT, table

DOCKERIGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def in_context(path: str) -> bool:
    """Whether a file of the repository is in the build context of the image: the last line of .dockerignore decides."""
    is_ignored = False
    for line in DOCKERIGNORE:
        pattern = line.removeprefix("!")
        parts = Path(path).parts
        if line and line[0] != "#":
            whole = any(PurePath(*parts[: n + 1]).match(pattern) for n in range(len(parts)))
            if pattern == "*" or (whole and (pattern.startswith("**/") or PurePath(parts[0]).match(pattern))):
                is_ignored = not line.startswith("!")
    return not is_ignored


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of each line of the Dockerfile."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line and line[0] != "#"]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context of the image: what COPY copies."""
    folder = tmp_path_factory.mktemp("context")
    tops = [ROOT / line[1:] for line in DOCKERIGNORE if line.startswith("!")]
    for path in (path for top in tops for path in (top, *top.rglob("*"))):
        name = path.relative_to(ROOT)
        if path.is_file() and in_context(str(name)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, context: Path) -> Path:
    """The project's wheel, built from what the image has."""
    folder = tmp_path_factory.mktemp("dist")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(context),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_dockerfile_names_what_there_is() -> None:
    """Files of the context, commands of copydesk with options that exist, JSON where Docker wants it."""
    group: Any = typer.main.get_command(app)
    named = dict(instructions())
    assert [name for name, _ in instructions()] == [
        *("FROM", "COPY", "RUN", "RUN", "WORKDIR", "HEALTHCHECK", "ENTRYPOINT", "CMD")
    ]
    assert re.fullmatch(r"python:3\.\d+-slim", named["FROM"])
    assert json.loads(named["ENTRYPOINT"]) == ["copydesk"]
    health = json.loads(named["HEALTHCHECK"].split("CMD ")[1])
    runs = [arguments.split() for name, arguments in instructions() if name == "RUN"]
    for program, *arguments in (health, runs[1], ["copydesk", *json.loads(named["CMD"])]):
        assert program == "copydesk"
        if arguments[0] in group.commands:
            group.commands[arguments[0]].make_context(arguments[0], arguments[1:])
        else:
            assert arguments == ["--help"]
    constraint = runs[0][runs[0].index("--constraint") + 1]
    assert in_context(constraint.removeprefix("/copydesk/"))


def test_the_context_of_the_image_is_complete_and_small() -> None:
    """What the build and the wheel need is in it; tests, seeds, environments and results are not."""
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "config/news.toml",
        "flows/cli/app.py",
        "cleaners/lexicon.py",
    ):
        assert in_context(name), name
    for name in (
        "tests/conftest.py",
        "seeds/README.md",
        ".venv/bin/python",
        "out/documents/a",
        "flows/__pycache__/a.pyc",
        ".git/HEAD",
    ):
        assert not in_context(name), name


def test_the_citation_is_that_of_the_project() -> None:
    """CITATION.cff has the keys that its format requires, and says what pyproject.toml says."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert (cited["title"], cited["version"], cited["license"]) == (
        project["name"],
        project["version"],
        project["license"],
    )
    assert (cited["authors"], cited["keywords"]) == (project["authors"], project["keywords"])
    assert cited["abstract"] == project["description"]
    assert project["authors"][0]["name"] in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_module_has_what_flows_exports() -> None:
    """`import copydesk` of the wheel is another name for `flows`."""
    import flows
    from flows import as_copydesk

    assert as_copydesk.clean_frame is flows.clean_frame
    assert dir(as_copydesk) == sorted(flows.__all__)
    with pytest.raises(AttributeError):
        _ = as_copydesk.nothing


@pytest.mark.slow
def test_the_wheel_carries_the_configuration(wheel: Path) -> None:
    """Defaults, phrase files and templates are in the wheel, tests and seeds are not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "flows/dataset/card/card.md" in names
    phrases = {path.name for path in (ROOT / "config" / "phrases").glob("*.toml")}
    assert {name.rsplit("/")[-1] for name in names if name.startswith("flows/config/phrases/")} == phrases
    assert "flows/config/news.toml" in names
    assert {"flows/report/templates/page.html.jinja", "flows/report/templates/page.js"} <= set(names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "cleaners",
        "copydesk",
        "flows",
    }


@pytest.mark.slow
def test_the_wheel_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Installed into an empty folder, the command runs with its phrases, from yet another folder."""
    site = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(pip, check=True)
    story = tmp_path / "story.txt"
    story.write_text(
        "The ferry left the harbour on time, which nobody had expected of it.\n\nShare on Facebook\n"
    )
    run = (
        "import sys, flows; assert flows.__file__.startswith(sys.argv[1]), flows.__file__; sys.argv[1:] = sys.argv[2:];"
        "from flows.cli import main; main()"
    )
    env = {**os.environ, "PYTHONPATH": str(site), "PREFECT_API_URL": "", "PREFECT_PROFILES_PATH": os.devnull}
    arguments = [str(site), "run", str(story), "--out", str(tmp_path / "out")]
    subprocess.run(
        [sys.executable, "-c", run, *arguments], check=True, cwd=tmp_path, env=env, capture_output=True
    )
    assert table(tmp_path / "out", "removed")["reason"].to_list() == ["boilerplate"]
    module = [sys.executable, "-m", "copydesk", "--version"]
    done = subprocess.run(module, check=True, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout.startswith("copydesk ")
