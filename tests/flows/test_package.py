"""The wheel: it carries the configuration, and works where there is no repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import ROOT, table


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_carries_the_configuration(wheel: Path) -> None:
    """Defaults and phrase files are in the wheel, tests and seeds are not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "flows/dataset/card/card.md" in names
    phrases = {path.name for path in (ROOT / "config" / "phrases").glob("*.toml")}
    assert {name.rsplit("/")[-1] for name in names if name.startswith("flows/config/phrases/")} == phrases
    assert "flows/config/news.toml" in names
    assert not [name for name in names if name.startswith(("tests/", "seeds/"))]


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
