"""References: what another dataset keeps, or a list of texts, is a witness, and is only read."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cleaners.duplicate.decisions import uri_in_reference
from flows.dataset import Dataset
from flows.errors import ConfigurationError, CopydeskError
from flows.maintenance.restore_text import restore
from flows.maintenance.take_out_runs import rollback
from flows.verify import verify
from small_runs import plain_run, story
from support import Copydesk, Jsonl, table, without_white_space

NEAR = story(3).replace("mentioned", "named")


def against(*references: Path, **said: Any) -> dict[str, Any]:
    """Settings with these references."""
    return {"duplicate": {"against": [str(one) for one in references], **said}}


def everything_in(folder: Path) -> dict[str, str]:
    """A checksum and the time of the last change of every file of a folder."""
    return {
        str(path): f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def removed(out: Path) -> list[tuple[Any, ...]]:
    """(uri, position, rule, uri of the witness if it is in a reference) of what is removed."""
    return [
        (Path(uri).name, position, rule, Path(uri_in_reference(rule, detail) or "").name)
        for uri, position, rule, detail in table(out, "removed")
        .select("uri", "position", "rule", "detail")
        .iter_rows()
    ]


def test_what_a_dataset_keeps_and_what_a_list_says_are_witnesses(tmp_path: Path, jsonl: Jsonl) -> None:
    """Both are named by uri, document and position, and nothing is written to either."""
    kept = jsonl([{"text": f"{story(1)}\n{story(3)}"}, {"text": story(3)}], "kept.jsonl")
    plain_run(kept, tmp_path / "other")
    listed = jsonl([{"text": story(5)}, {"text": f"{story(6)}\n{story(7)}"}], "list.jsonl")
    before = everything_in(tmp_path / "other")
    given = jsonl([{"text": "\n".join([story(8), NEAR, story(7)])}, {"text": story(8)}], "new.jsonl")
    plain_run(given, tmp_path / "out", against(tmp_path / "other", listed))
    assert removed(tmp_path / "out") == [
        ("new.jsonl#1", 1, "near-duplicate in a reference", "kept.jsonl#1"),
        ("new.jsonl#1", 2, "same tokens in a reference", "list.jsonl#2"),
        ("new.jsonl#2", 0, "same tokens", ""),
    ]
    rows = table(tmp_path / "out", "removed")
    other = table(tmp_path / "other", "documents")
    assert rows["duplicate_of_document_id"][0] == other["document_id"][0]
    assert rows["duplicate_of_position"].to_list() == [1, 1, 0]
    assert rows["detail"][0] == f"50 of 52 shingles; differs: named; lacks: mentioned; in {kept}#1"
    assert everything_in(tmp_path / "other") == before
    assert list(verify(Dataset(tmp_path / "out"))) == []


@pytest.mark.parametrize(
    ("said", "theirs"),
    [({}, {}), ({"short": "exact", "min_tokens": 12}, {"threshold": 0.7}), ({"method": "exact"}, {})],
)
def test_a_reference_counts_as_an_earlier_run(
    said: dict[str, Any], theirs: dict[str, Any], tmp_path: Path, jsonl: Jsonl
) -> None:
    """Decisions and witnesses are those of a dataset that has printed the reference's paragraphs before.

    So it is whatever rules the reference was made by, and in runs that add up.
    """
    chance = random.Random(7)
    words = ["ferry", "quay", "mast", "rope", "tide", "gull", "crane", "7", "8"]

    def records(number: int) -> list[dict[str, Any]]:
        lines = [" ".join(chance.choices(words, k=chance.choice([2, 11, 12, 30]))) for _ in range(12)]
        edited = [line.replace("rope", "sail", 1) for line in lines]
        return [{"text": "\n".join(chance.choices([*lines, *edited], k=4))} for _ in range(number)]

    state = chance.getstate()
    first = jsonl(records(20), "first.jsonl")
    chance.setstate(state)
    later = [jsonl(records(15), "a.jsonl"), jsonl(records(15), "b.jsonl")]
    off = {"duplicate_document": {"enabled": False}, "too_short": {"enabled": False}}
    plain_run(first, tmp_path / "other", {"duplicate": theirs})
    # what the other one keeps, printed by a run that removes nothing
    printed = tmp_path / "other" / "documents"
    plain_run(printed, tmp_path / "one", off | {"duplicate": said})
    plain_run(later, tmp_path / "one", off | {"duplicate": said})
    for paths in (later[:1], later):
        plain_run(paths, tmp_path / "two", off | against(tmp_path / "other", **said))
    one, two = (table(tmp_path / name, "removed") for name in ("one", "two"))
    one = one.filter(pl.col("uri").str.contains("[ab].jsonl#"))
    assert len(one) > 20
    assert two["rule"].str.ends_with("in a reference").sum() > 20
    for name in ("uri", "position", "text", "jaccard"):
        assert one[name].to_list() == two[name].to_list()
    # the row of `documents` of the other dataset, and the number of its record in the one that printed it
    known = table(tmp_path / "other", "documents").select("document_id").with_row_index("row", 1)
    rows = two.join(known, left_on="duplicate_of_document_id", right_on="document_id", how="left")["row"]
    again = table(tmp_path / "one", "documents").select("document_id", pl.col("uri").alias("of"))
    uris = one.join(again, left_on="duplicate_of_document_id", right_on="document_id", how="left")["of"]
    assert rows.drop_nulls().to_list() == [
        int(uri.partition("#")[2]) for uri in uris if uri.startswith(str(printed))
    ]
    assert list(verify(Dataset(tmp_path / "two"))) == []


@pytest.mark.parametrize("min_tokens", [10, 9])
def test_what_a_reference_has_labelled_is_no_witness(tmp_path: Path, jsonl: Jsonl, min_tokens: int) -> None:
    """So it is by its own index, and by fingerprints that are made because its rules are others."""
    first = " ".join(f"{letter}mast" for letter in "abcdefghijklmnopqrstuvwxyzabcdefghijklmn")
    second = first.replace("fmast", "fsail", 1)
    third = second.replace("tmast", "tsail", 1)
    theirs = {"duplicate": {"action": "label", "min_tokens": min_tokens}}
    plain_run(jsonl([{"text": first}, {"text": second}], "theirs.jsonl"), tmp_path / "other", theirs)
    assert len(table(tmp_path / "other", "labelled")) == 1
    plain_run(jsonl([{"text": second}, {"text": third}]), tmp_path / "out", against(tmp_path / "other"))
    assert removed(tmp_path / "out") == [
        ("news.jsonl#1", 0, "near-duplicate in a reference", "theirs.jsonl#1")
    ]


def test_a_changed_reference_is_noticed(tmp_path: Path, jsonl: Jsonl) -> None:
    """A text that was taken out of a list is no witness any more, one that was added is; so is a later run's."""
    listed = jsonl([{"text": story(1)}], "list.jsonl")
    plain_run(jsonl([{"text": story(8)}], "kept.jsonl"), tmp_path / "other")
    said = against(listed, tmp_path / "other", method="exact")
    text = "\n".join(map(story, range(5)))
    plain_run(jsonl([{"text": text}], "a.jsonl"), tmp_path / "out", said)
    plain_run(jsonl([{"text": story(9)}], "more.jsonl"), tmp_path / "other")
    jsonl([{"text": story(6)}, {"text": story(7)}], "list.jsonl")
    plain_run(
        jsonl([{"text": "\n".join(map(story, (1, 6, 7, 8, 9, 20, 21)))}], "b.jsonl"), tmp_path / "out", said
    )
    assert [row[:2] for row in removed(tmp_path / "out")] == [
        ("a.jsonl#1", 1),
        *(("b.jsonl#1", n) for n in (1, 2, 3, 4)),
    ]
    cache = Dataset(tmp_path / "out").references
    assert len([*cache.glob("texts-*")]) == 1
    assert len([*(cache / "fingerprints").iterdir()]) == 3


def test_a_damaged_cache_is_made_anew(tmp_path: Path, jsonl: Jsonl) -> None:
    """A run that finds the kept fingerprints of a reference damaged publishes nothing, and the next one mends them."""
    plain_run(
        jsonl([{"text": story(8)}], "kept.jsonl"), tmp_path / "other", {"duplicate": {"threshold": 0.9}}
    )
    said = against(tmp_path / "other")
    plain_run(jsonl([{"text": story(1)}], "a.jsonl"), tmp_path / "out", said)
    (kept,) = (Dataset(tmp_path / "out").references / "fingerprints").iterdir()
    content = bytearray(kept.read_bytes())
    content[100] ^= 1
    kept.write_bytes(content)
    given = jsonl([{"text": story(8)}], "b.jsonl")
    with pytest.raises(CopydeskError, match="run again"):
        plain_run(given, tmp_path / "out", said)
    plain_run(given, tmp_path / "out", said)
    assert removed(tmp_path / "out") == [("b.jsonl#1", 0, "same tokens in a reference", "kept.jsonl#1")]


def test_what_cannot_be_a_reference_is_refused(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """The error names the setting and what is wrong; nothing is published."""
    given = jsonl([{"text": story(1)}])
    out = tmp_path / "out"
    plain_run(given, out)
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00")
    for reference, message in [
        (tmp_path / "missing.jsonl", "does not exist"),
        (out, "is the dataset of this run"),
        (out / "documents", "output folder"),
        (tmp_path / "empty", "no file"),
        (tmp_path / "cut.jsonl.gz", "cut.jsonl.gz: "),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            plain_run(jsonl([{"text": story(2)}], "b.jsonl"), out, against(reference))
    (tmp_path / "c.toml").write_text('[duplicate]\nagainst = ["missing.jsonl"]\n')
    answer = copydesk("run", given, tmp_path / "b.jsonl", "--out", out, "--config", tmp_path / "c.toml")
    assert answer.code == 2
    assert f"[duplicate] against: {tmp_path / 'missing.jsonl'}" in answer.err.replace("\n", " ")
    assert Dataset(out).runs() == ["r000001"]


def test_a_record_that_cannot_be_read_is_said(tmp_path: Path, jsonl: Jsonl) -> None:
    """The rest of the list is compared, and the end of the run says what was not."""
    listed = tmp_path / "list.jsonl"
    listed.write_text(f'{{"text": "{story(1)}"}}\n{{"text": 7\n{{"text": "{story(2)}"}}')
    outcome = plain_run(jsonl([{"text": f"{story(1)}\n{story(2)}"}]), tmp_path / "out", against(listed))
    assert [row[3] for row in removed(tmp_path / "out")] == ["list.jsonl#1", "list.jsonl#3"]
    assert outcome.references_line().startswith(f"not compared: 1 record of references (as {listed}#2: ")


def test_restore_and_rollback_know_references(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """Restored text stays, a run is rolled back as any other, and `explain` names the uri and writes nothing."""
    listed = jsonl([{"text": f"{story(1)}\n{story(2)}"}], "list.jsonl")
    out, said = tmp_path / "out", against(listed)
    plain_run(jsonl([{"text": story(9)}], "a.jsonl"), out, said)
    later = jsonl([{"text": "\n".join(map(story, (1, 2, 4, 5)))}], "b.jsonl")
    before = everything_in(out)
    answer = copydesk("explain", later, "--out", out)
    assert f"in{listed}#1" in without_white_space(answer.out)
    assert everything_in(out) == before
    plain_run(later, out, said)
    assert len(removed(out)) == 2
    rollback(Dataset(out), "r000002")
    plain_run(later, out, said)
    assert len(removed(out)) == 2
    assert list(verify(Dataset(out))) == []
    assert restore(Dataset(out), rule="same tokens in a reference").paragraphs == 2
    assert removed(out) == []
    assert list(verify(Dataset(out))) == []
