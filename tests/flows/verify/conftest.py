"""An intact dataset, and a copy of it to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .damaging import two_runs


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The intact dataset."""
    return two_runs(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def with_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An intact dataset in which boilerplate and duplicates are labelled."""
    label = {"action": "label"}
    return two_runs(tmp_path_factory.mktemp("labelled"), {"boilerplate": label, "duplicate": label})


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of the dataset, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "out"))
