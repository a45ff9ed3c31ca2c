"""The runs after the first: known inputs are not processed again, and earlier runs affect later ones."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from flows.errors import ConfigurationError, CopydeskError
from small_runs import run
from support import Copydesk, Jsonl, table

from .stories import ARTICLES, CHOIR, HARBOUR, STORY, digests


def test_a_second_run_does_nothing(copydesk: Copydesk, tmp_path: Path) -> None:
    """The same inputs again publish nothing, say so, and succeed."""
    copydesk("run", ARTICLES, "--out", tmp_path / "out", "--quiet")
    before = digests(tmp_path / "out")
    answer = copydesk("run", ARTICLES, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "nothing new" in answer.out
    assert digests(tmp_path / "out") == before


def test_only_changed_records_are_published(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Records of a file that grew are published once, and a rejected one is reported once."""
    records = [{"text": "A first story, about the harbour and its bridge."}, {"text": 5}]
    out = tmp_path / "out"
    copydesk("run", jsonl(records), "--out", out)
    copydesk(
        "run", jsonl([*records, {"text": "Another story, from the other bank of the river."}]), "--out", out
    )
    assert [uri.rsplit("#")[-1] for uri in table(out, "documents")["uri"]] == ["1", "3"]
    assert table(out, "documents")["run_id"].to_list() == ["r000001", "r000002"]
    assert len(table(out, "rejected")) == 1
    assert copydesk("verify", out).code == 0


def test_a_touched_file_publishes_nothing(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A file with a new modification time and the same content is not new, whatever happened to its records."""
    out = tmp_path / "out"
    (tmp_path / "news#12").write_text(STORY)
    inputs = [jsonl([{"text": STORY}, {"text": "&nbsp;"}]), tmp_path / "news#12"]
    copydesk("run", *inputs, "--out", out)
    for path in inputs:
        os.utime(path, (1, 1))
    assert "0 of them new or changed" in copydesk("run", *inputs, "--out", out).out
    assert len(copydesk("runs", out).out.splitlines()) == 2
    assert copydesk("verify", out).code == 0


def test_a_later_run_knows_what_earlier_ones_kept(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A paragraph that an earlier run kept is the witness of its copy in a later one."""
    out = tmp_path / "out"
    own = "And this article has a paragraph of its own, which nobody else has printed before it."
    copydesk("run", jsonl([{"text": STORY}], "a.jsonl"), "--out", out)
    copydesk("run", jsonl([{"text": f"{own}\n{STORY}"}], "b.jsonl"), "--out", out)
    removed = table(out, "removed")
    assert removed.select("reason", "jaccard", "duplicate_of_position", "run_id").row(0) == (
        "duplicate",
        1.0,
        0,
        "r000002",
    )
    first = table(out, "documents")["document_id"][0]
    assert removed["duplicate_of_document_id"].to_list() == [first]


def test_duplicates_switched_off_and_on_again(jsonl: Jsonl, tmp_path: Path) -> None:
    """Paragraphs kept while `duplicate` was off are compared once it is on."""
    run([jsonl([{"text": STORY}, {"text": STORY}])], tmp_path / "out", {"duplicate": {"enabled": False}})
    assert len(table(tmp_path / "out", "documents")) == 2
    run([jsonl([{"text": STORY}], "b.jsonl")], tmp_path / "out")
    assert len(table(tmp_path / "out", "documents")) == 2


def test_an_index_of_other_rules_is_refused(jsonl: Jsonl, tmp_path: Path) -> None:
    """Shingles of another length cannot be compared with the index: the run is refused with the reason."""
    run([jsonl([{"text": STORY}])], tmp_path / "out")
    with pytest.raises(ConfigurationError, match=r"n = 4, but .* was built with n = 3"):
        run([jsonl([{"text": STORY}], "b.jsonl")], tmp_path / "out", {"duplicate": {"n": 4}})


def test_a_duplicate_of_an_earlier_run_is_found_by_its_text(jsonl: Jsonl, tmp_path: Path) -> None:
    """The text of a near-duplicate's witness is looked up in `documents`, whatever else was kept beside it."""
    out, both = tmp_path / "out", f"{HARBOUR} {CHOIR}"
    run([jsonl([{"text": f"Short.\n\n{both}\n{HARBOUR} So it was told."}, {"text": CHOIR}], "a.jsonl")], out)
    later = f"New words stand here, and nobody has printed them.\n{both.replace('lamps', 'lights')}"
    run([jsonl([{"text": later}], "b.jsonl")], out, {"duplicate_document": {"enabled": False}})
    (row,) = table(out, "removed").rows(named=True)
    assert (row["reason"], row["position"], row["duplicate_of_position"]) == ("duplicate", 1, 1)
    assert (row["rule"], row["detail"]) == (
        "near-duplicate",
        "32 of 38 shingles; differs: lights; lacks: lamps",
    )


def test_an_index_without_its_texts_is_damage(jsonl: Jsonl, tmp_path: Path) -> None:
    """If `documents` lacks a text that the index has, the run says so and publishes nothing."""
    out, both = tmp_path / "out", f"{HARBOUR} {CHOIR}"
    run([jsonl([{"text": both}], "a.jsonl")], out)
    (part,) = (out / "documents" / "run=r000001").glob("*.parquet")
    pl.read_parquet(part, hive_partitioning=False).with_columns(text=pl.lit("gone")).write_parquet(part)
    with pytest.raises(CopydeskError, match=r"documents.* is not what was written"):
        run([jsonl([{"text": both.replace("lamps", "lights")}], "b.jsonl")], out)
    assert not (out / "documents" / "run=r000002").exists()
