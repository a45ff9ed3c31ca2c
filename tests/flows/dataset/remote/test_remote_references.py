"""References behind URLs: a dataset on a storage, and a list of texts there, are witnesses, and are only read."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from flows.errors import ConfigurationError
from small_runs import plain_run, story
from support import Jsonl, json_lines, table

from .storages import URL, forget, objects


def witnesses(out: Path) -> list[str]:
    """The rule and the detail of what is removed."""
    return [
        f"{rule}: {detail}" for rule, detail in table(out, "removed").select("rule", "detail").iter_rows()
    ]


def test_a_dataset_and_a_list_behind_urls_are_witnesses(tmp_path: Path, jsonl: Jsonl, out: Path) -> None:
    """What the newest commit keeps is compared with, also in the next run, and no object is touched."""
    plain_run(jsonl([{"text": story(1)}], "first.jsonl"), out)
    storage = fsspec.filesystem("memory")
    storage.pipe_file("/bucket/lists/a.jsonl", json_lines({"text": story(2)}))
    before = objects("/bucket")
    said = {"duplicate": {"against": [f"{URL}/", "memory://bucket/lists/a.jsonl"]}}
    given = jsonl([{"text": f"{story(1)}\n{story(2)}\n{story(3)}"}], "new.jsonl")
    forget()
    plain_run(given, tmp_path / "own", said)
    assert witnesses(tmp_path / "own") == [
        f"same tokens in a reference: in {tmp_path / 'first.jsonl'}#1",
        "same tokens in a reference: in memory:///bucket/lists/a.jsonl#1",
    ]
    assert objects("/bucket") == before
    forget()
    plain_run(jsonl([{"text": story(4)}], "second.jsonl"), Path(out))
    forget()
    plain_run(jsonl([{"text": f"{story(4)}\n{story(5)}"}], "newer.jsonl"), tmp_path / "own", said)
    assert witnesses(tmp_path / "own")[2:] == [
        f"same tokens in a reference: in {tmp_path / 'second.jsonl'}#1"
    ]


def test_a_dataset_behind_a_url_has_other_rules(
    tmp_path: Path, jsonl: Jsonl, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is needed of it to make fingerprints is fetched, on a machine that has nothing of it."""
    plain_run(jsonl([{"text": story(1)}], "first.jsonl"), out, {"duplicate": {"min_tokens": 9}})
    forget()
    monkeypatch.setenv("COPYDESK_CACHE", str(tmp_path / "another machine"))
    given = jsonl([{"text": f"{story(1)}\n{story(2)}"}], "new.jsonl")
    plain_run(given, tmp_path / "own", {"duplicate": {"against": [URL]}})
    assert witnesses(tmp_path / "own") == [f"same tokens in a reference: in {tmp_path / 'first.jsonl'}#1"]


def test_a_dataset_in_a_file_url_is_a_witness(tmp_path: Path, jsonl: Jsonl) -> None:
    """`file://` names a folder of this machine, for a dataset as for texts."""
    listed = jsonl([{"text": story(2)}], "list.jsonl")
    plain_run(jsonl([{"text": story(1)}], "first.jsonl"), tmp_path / "other")
    said = {"duplicate": {"against": [f"file://{tmp_path}/other", f"file://{listed}"]}}
    given = jsonl([{"text": f"{story(1)}\n{story(2)}\n{story(3)}"}], "new.jsonl")
    plain_run(given, tmp_path / "own", said)
    assert [row.partition(": ")[0] for row in witnesses(tmp_path / "own")] == [
        "same tokens in a reference"
    ] * 2


def test_what_is_no_reference_behind_a_url_is_refused(tmp_path: Path, jsonl: Jsonl, out: Path) -> None:
    """The dataset itself, a folder around one, and a place where there is nothing are named in the error."""
    given = jsonl([{"text": story(1)}], "first.jsonl")
    plain_run(given, out)
    for reference, message in [
        (URL, "is the dataset of this run"),
        ("memory://bucket", "holds a copydesk dataset"),
        ("memory://bucket/nothing", "memory://bucket/nothing"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            plain_run(jsonl([{"text": story(2)}], "b.jsonl"), out, {"duplicate": {"against": [reference]}})
