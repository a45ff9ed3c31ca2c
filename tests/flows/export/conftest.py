"""What the tests of exports share."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.dataset.tables import TABLES
from flows.export import exporting
from small_runs import record, run, story
from support import json_lines

from .lakes import FORMATS, SETTINGS, SHARE, Lake, rows_of


@pytest.fixture(autouse=True)
def _planned_by_pyiceberg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars warns where its own planner of Iceberg scans is not installed; and no test waits for another export."""
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    monkeypatch.setattr(exporting, "WAIT", 0)


@pytest.fixture(params=FORMATS)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake of each format."""
    return Lake(request.param, tmp_path / "lake")


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three runs, with rows in every table; copy it before you change it."""
    folder = tmp_path_factory.mktemp("three")
    for number in range(3):
        records: list[dict[str, Any]] = [record(10 * number + n, SHARE, story(n)) for n in range(4)]
        records[0] |= {"title": "The cafÃ© opens", "published": "2024-05-01T10:00:00Z"}
        (folder / f"{number}.jsonl").write_bytes(json_lines(*records, {"id": "empty", "text": ""}))
        run(folder / f"{number}.jsonl", folder / "out", SETTINGS)
    assert {table for table in TABLES if rows_of(folder / "out", table)} == set(TABLES)
    return folder / "out"


@pytest.fixture
def out(three_runs: Path, tmp_path: Path) -> Path:
    """A copy of `three_runs`."""
    return shutil.copytree(three_runs, tmp_path / "out")
