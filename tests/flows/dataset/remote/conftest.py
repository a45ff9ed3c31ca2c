"""A storage in memory, and a cache of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from flows import printable
from flows.cli import home
from flows.dataset.remote import local_folder

from .storages import URL, forget


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of working copies; in the end nothing is left of them in this process."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COPYDESK_CACHE", str(folder))
    monkeypatch.setattr(home, "OF_THIS_PROCESS", ())  # the commands of a test are one process
    yield folder
    forget()
    printable._SHOWN_AS.clear()
    storage = fsspec.filesystem("memory")
    if storage.exists("/bucket"):
        storage.rm("/bucket", recursive=True)


@pytest.fixture
def out() -> Path:
    """The working copy of the dataset in memory."""
    return local_folder(URL)
