"""Files that grow: only new records are read, and runs add up wherever a writer stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.dataset import Dataset
from flows.dataset.tables import TABLES
from flows.verify import verify
from small_runs import plain_run as run
from support import json_lines, table

from .stories import STORIES, ends


def test_a_grown_file_is_read_from_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were read are not parsed again, and new lines keep their line numbers."""
    from flows.inputs.json_files import reader

    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(json_lines({"text": STORIES[0]}) + b"\n" + json_lines({"text": STORIES[1]}))
    run([path], out)
    parsed = []
    real = reader.parse
    monkeypatch.setattr(reader, "parse", lambda line, *a: parsed.append(line) or real(line, *a))
    with path.open("ab") as file:
        file.write(json_lines({"text": STORIES[2]}, 5, {"text": STORIES[3]}))
    run([path], out)
    assert len(parsed) == 3
    assert ends(out) == ["a.jsonl#1", "a.jsonl#3", "a.jsonl#4", "a.jsonl#6"]
    assert ends(out, "rejected") == ["a.jsonl#5"]
    assert list(verify(Dataset(out))) == []


def test_a_rewritten_file_is_not_mistaken_for_a_grown_one(tmp_path: Path) -> None:
    """If one byte of what was read has changed, the whole file is read; unchanged records are not published again."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(json_lines({"text": STORIES[0]}, {"text": STORIES[1]}))
    run([path], out)
    path.write_bytes(
        json_lines(
            {"text": STORIES[0]}, {"text": STORIES[1].replace("square", "sqvare")}, {"text": STORIES[2]}
        )
    )
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#2", "a.jsonl#3"]
    assert list(verify(Dataset(out))) == []


def test_records_are_known_by_content(tmp_path: Path) -> None:
    """A line inserted at the top moves all others, and is the only new one."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(json_lines(*({"text": s} for s in STORIES[:3])))
    run([path], out)
    path.write_bytes(json_lines(*({"text": s} for s in (STORIES[4], *STORIES[:3]))))
    outcome = run([path], out)
    assert outcome.counts.documents == 1
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3", "a.jsonl#1"]
    assert table(out, "documents")["text"][-1] == STORIES[4]
    assert list(verify(Dataset(out))) == []


def test_an_unfinished_line_waits(tmp_path: Path) -> None:
    """An incomplete last line is not rejected; the run reports it, and the next run reads all of it, by its number."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = json_lines({"text": STORIES[0]}, {"text": STORIES[1]})
    path.write_bytes(whole[:-20])
    outcome = run([path], out)
    assert "1 left to a later run" in outcome.line()
    assert (ends(out), ends(out, "rejected")) == (["a.jsonl#1"], [])
    path.write_bytes(whole)
    assert "left" not in run([path], out).line()
    assert (ends(out), ends(out, "rejected")) == (["a.jsonl#1", "a.jsonl#2"], [])


def test_an_unfinished_line_is_waited_for_once(tmp_path: Path) -> None:
    """An incomplete line that is unchanged in the next run is rejected, once; it is read if it is completed later."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = json_lines({"text": STORIES[0]}, {"text": STORIES[1]})
    path.write_bytes(whole[:-20])
    for _ in range(4):
        run([path], out)
    assert ends(out, "rejected") == ["a.jsonl#2"]
    assert Dataset(out).runs() == ["r000001", "r000002"]
    path.write_bytes(whole)
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2"]
    assert list(verify(Dataset(out))) == []


def test_a_file_of_one_unfinished_line_waits(tmp_path: Path) -> None:
    """As long as there is only an incomplete line, nothing is published and nothing is rejected."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(json_lines({"text": STORIES[0]})[:-9])
    assert run([path], out).run_id is None
    path.write_bytes(json_lines({"text": STORIES[0]}))
    assert run([path], out).run_id == "r000001"
    assert ends(out) == ["a.jsonl#1"]


def test_a_last_line_that_parses_is_read(tmp_path: Path) -> None:
    """A record without a line end is a record; when its line end follows, nothing is new."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = json_lines({"text": STORIES[0]}, {"text": STORIES[1]})
    path.write_bytes(whole[:-1])
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2"]
    path.write_bytes(whole)
    assert run([path], out).run_id is None
    path.write_bytes(whole + json_lines({"text": STORIES[2]}))
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r"])
def test_files_of_other_charsets_grow_as_well(tmp_path: Path, charset: str, end: str) -> None:
    """If reading cannot continue from an offset, the whole file is read, and known records are recognised."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    records = [json.dumps({"text": s}) + end for s in STORIES]
    for n in (2, 3, 5):
        path.write_bytes("".join(records[:n]).encode(charset))
        run([path], out)
    assert ends(out) == [f"a.jsonl#{n}" for n in range(1, 6)]


def test_a_growing_compressed_file_is_read_whole(tmp_path: Path) -> None:
    """A gzip member that is appended adds only its own records."""
    import gzip

    path, out = tmp_path / "a.jsonl.gz", tmp_path / "out"
    for story in STORIES[:3]:
        with path.open("ab") as file:
            file.write(gzip.compress(json_lines({"text": story})))
        run([path], out)
    assert ends(out) == [f"a.jsonl.gz#{n}" for n in range(1, 4)]
    assert table(out, "documents")["text"].to_list() == STORIES[:3]


RECORDS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"text": st.lists(st.sampled_from(STORIES), min_size=1, max_size=3).map("\n".join)},
            optional={"id": st.integers(0, 3)},
        ),
        st.sampled_from([5, {"text": ""}, {"no": "text"}]),
    ),
    min_size=1,
    max_size=6,
)
FEW = settings(
    max_examples=settings().max_examples // 10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ADDS_UP: dict[str, Any] = {"repeated_line": {"enabled": False}}


def same_rows(one: Path, other: Path) -> None:
    """Assert that two datasets have the same rows, in whichever runs."""
    for name in TABLES:
        a, b = (table(out, name).drop("run_id") for out in (one, other))
        assert a.sort(a.columns).equals(b.sort(b.columns), null_equal=True), name


@FEW
@given(records=RECORDS, data=st.data(), blank=st.booleans())
def test_a_file_that_grows_by_any_bytes_adds_up(
    records: list[Any], data: st.DataObject, blank: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever a writer stops between two runs, even within a line, the runs give the same rows as one run."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "a.jsonl"
    whole = json_lines(*records) + b"\n" * blank
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole) - 1), min_size=1, max_size=3)))
    for cut in [*cuts, len(whole)]:
        path.write_bytes(whole[:cut])
        if cut:
            run([path], folder / "many", ADDS_UP)
    run([path], folder / "one", ADDS_UP)
    if (folder / "one" / "documents").exists():
        same_rows(folder / "one", folder / "many")
        assert list(verify(Dataset(folder / "many"))) == []
    assert run([path], folder / "many", ADDS_UP).run_id is None


@FEW
@given(versions=st.lists(RECORDS, min_size=2, max_size=3))
def test_no_document_is_there_twice_however_a_file_is_rewritten(
    versions: list[list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each version the dataset is intact, and has each content at least as often as any version had it."""
    folder = tmp_path_factory.mktemp("run")
    path, out = folder / "a.jsonl", folder / "out"
    said = {"duplicate": {"enabled": False}, **ADDS_UP}
    for version in versions:
        path.write_bytes(json_lines(*version))
        run([path], out, said)
        texts = [r["text"] for r in version if isinstance(r, dict) and r.get("text")]
        if texts:
            kept = [text.replace("\n\n", "\n") for text in table(out, "documents")["text"]]
            assert all(kept.count(text) >= texts.count(text) for text in texts)
            assert list(verify(Dataset(out))) == []
