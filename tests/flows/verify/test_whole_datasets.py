"""`copydesk verify` finds no damage in an intact dataset, however it was made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cleaners import PIPELINE
from flows.dataset import Dataset
from flows.errors import CopydeskError, UsageError
from flows.verify import verify, verify_folder
from small_runs import run
from support import Copydesk

from .damaging import DUPLICATE, LATER, RECORDS, folder_of, put, rewrite, two_runs, write

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no encoding": {"encoding": {"enabled": False}},
    "no duplicate": {"duplicate": {"enabled": False}},
    "no repeated_line": {"repeated_line": {"enabled": False}},
    "short exact": {"duplicate": {"short": "exact"}},
    "containment": {"duplicate": {"measure": "containment"}},
    "leads": {"duplicate": {"keep_leads": True}},
    "min_words": {"too_short": {"min_words": 50}},
    "other shingles": {"duplicate": {"n": 5, "threshold": 0.5, "min_tokens": 1, "same_numbers": False}},
    "nothing but reading": {
        name: {"enabled": False} for name in ("language", *(cleaner.name for cleaner in PIPELINE))
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_nothing_is_said_of_a_whole_dataset(tmp_path: Path, name: str) -> None:
    """With any settings, a new dataset has no damage."""
    assert list(verify_folder(two_runs(tmp_path, SETTINGS[name]))) == []


def test_nothing_is_said_of_rejected_inputs(tmp_path: Path) -> None:
    """A run that rejected all its inputs is no damage."""
    run(
        write(tmp_path / "empty.jsonl", [{"text": ""}, {"text": "\x01"}, {"author": "None."}]),
        tmp_path / "out",
    )
    assert pl.read_parquet(tmp_path / "out" / "rejected").height == 3
    assert list(verify_folder(tmp_path / "out")) == []


def test_nothing_is_said_of_an_input_that_grew(tmp_path: Path) -> None:
    """A file with more records in the next run is in both ledgers, and each document is there once."""
    run(write(tmp_path / "news.jsonl", RECORDS), tmp_path / "out")
    run(write(tmp_path / "news.jsonl", RECORDS + LATER), tmp_path / "out")
    assert list(verify_folder(tmp_path / "out")) == []


def test_a_commit_that_was_cut_short_is_no_damage(out: Path) -> None:
    """The rest of an interrupted commit is no damage: no reader sees it, and the next run removes it."""
    staged = out / "_copydesk" / "staging" / "r000003-crash" / "publish" / "documents"
    staged.mkdir(parents=True)
    for table in ("removed", "labelled", "repaired", "rejected"):
        shutil.copytree(folder_of(out, table, 2), folder_of(out, table, 3))
    assert list(verify_folder(out)) == []


def test_no_dataset(tmp_path: Path) -> None:
    """A folder that is no dataset is a usage error; a dataset of another format is refused, and the error says why."""
    with pytest.raises(UsageError, match="is not a copydesk dataset"):
        list(verify_folder(tmp_path))
    (tmp_path / "documents").mkdir()
    with pytest.raises(UsageError, match="did not write"):
        list(verify_folder(tmp_path))
    (tmp_path / "_copydesk").mkdir()
    (tmp_path / "_copydesk" / "format.json").write_text('{"format": 99}')
    with pytest.raises(CopydeskError, match="another --out"):
        list(verify_folder(tmp_path))


def test_the_command_exits_with_6(out: Path, copydesk: Copydesk) -> None:
    """An intact dataset gives exit code 0; a damaged one gives 6, with a line for each kind of damage."""
    assert copydesk("verify", out).code == 0
    rewrite("removed", put("jaccard", None, DUPLICATE))(out)
    answer = copydesk("verify", out)
    assert answer.code == 6
    assert answer.err.splitlines() == list(verify(Dataset(out)))
