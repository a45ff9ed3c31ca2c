"""What a higher strictness would have removed is about what it does remove."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from flows import clean
from flows.dataset import Dataset
from flows.report.page import stricter
from flows.report.page.documents import read_documents
from flows.report.page.reading import RunTables
from flows.settings import Settings
from support import Jsonl, table

PROSE = (
    "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said on Friday.",
    "Crews will replace the bearings, which date from the year in which the bridge was built, and paint the span.",
    "Pedestrians can cross by a ferry that the council hires, and lorries must take the road over the weir.",
)
LINES = ("Harbour weekly", "Photo gallery", "The Gazette app", "Our newsroom", "Join the conversation below")


def run(path: Path, out: Path, **boilerplate: float | bool) -> RunTables:
    """One run over the file; no document is removed because of another one."""
    off = {"duplicate": {"enabled": False}, "repeated_line": {"enabled": False}, "report": False}
    clean(path, out, Settings.model_validate({**off, "boilerplate": boilerplate}))
    return RunTables.of(Dataset(out), "r000001")


def estimate(tables: RunTables) -> dict[float, int]:
    """Strictness -> about how many more lines."""
    ids, each = stricter.some_documents(tables)
    return dict(stricter.removed_by_more(tables.manifest["settings"], read_documents(tables, ids), ids, each))


def scored(out: Path) -> int:
    """How many lines a run removed by their score."""
    return table(out, "removed").filter(pl.col("rule") == "line score").height


@pytest.fixture
def path(jsonl: Jsonl) -> Path:
    """Articles that end in a line or two that may be boilerplate."""
    ends = [*([line] for line in LINES), *(list(pair) for pair in pairwise(LINES))]
    return jsonl([{"text": "\n".join([*PROSE, *end])} for end in ends])


def test_the_estimate_is_what_a_stricter_run_removes(path: Path, tmp_path: Path) -> None:
    """Where all documents are looked at, the highest strictness is exact; lower ones remove no more than it."""
    found = estimate(run(path, tmp_path / "usual"))
    run(path, tmp_path / "strict", strictness=1.0)
    more = scored(tmp_path / "strict") - scored(tmp_path / "usual")
    assert found[1.0] == more > 0
    assert list(found) == [0.6, 0.7, 0.8, 0.9, 1.0]
    assert sorted(found.values()) == list(found.values())


def test_a_sample_stands_for_the_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many documents some are looked at, each of which counts for as many as there are to one of them."""
    tables = run(path, tmp_path / "out")
    monkeypatch.setattr(stricter, "MOST_DOCUMENTS", 3)
    ids, each = stricter.some_documents(tables)
    assert (len(ids), each * len(ids)) == (3, len(table(tmp_path / "out", "documents")))


@pytest.mark.parametrize("options", [{"strictness": 0.0}, {"strictness": 1.0}, {"enabled": False}])
def test_nothing_to_estimate(path: Path, tmp_path: Path, options: dict[str, float | bool]) -> None:
    """Without the line classifier, and at the highest strictness, there is nothing to say."""
    assert estimate(run(path, tmp_path / "out", **options)) == {}


def test_settings_that_are_gone(path: Path, tmp_path: Path) -> None:
    """A run whose phrase files are not there any more, or whose settings are no longer known, has no estimate."""
    tables = run(path, tmp_path / "out")
    ids, each = stricter.some_documents(tables)
    documents = read_documents(tables, ids)
    for gone in ({"phrases": {"files": [str(tmp_path / "none.toml")]}}, {"nothing": {}}):
        settings = {**tables.manifest["settings"], **gone}
        assert stricter.removed_by_more(settings, documents, ids, each) == ()
