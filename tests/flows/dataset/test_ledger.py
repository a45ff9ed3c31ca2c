"""What a run reads when it is not the first: what is new, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.dataset import Dataset, ledger
from flows.dataset.summary import Outcome
from flows.dataset.tables import TABLES
from flows.inputs import compression
from flows.maintenance import compact, rollback
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings.model import Settings
from flows.verify import verify
from support import Answer, table

Copydesk = Callable[..., Answer]
Jsonl = Callable[..., Path]

STORIES = [
    "The ferry to the outer islands will sail twice a day until the new pier is finished next spring.",
    "A bakery on the market square has been handing out yesterday's bread to whoever asks since January.",
    "Engineers measured the tower again and found that it leans no further than it did ten years ago.",
    "The council voted by a narrow margin to keep the swimming pool open through the winter months.",
    "Three herons nested in the park this year, the first in living memory, and drew a daily crowd.",
]


def run(given: list[Path], out: Path, said: dict[str, Any] | None = None, **options: bool) -> Outcome:
    """One run of the plan."""
    engine = Threads(1, lambda *_: None)
    return execute_run([str(p) for p in given], out, Settings.model_validate(said or {}), engine, **options)


def lines(*records: object) -> bytes:
    """Records as JSON lines."""
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)


def ends(out: Path, name: str = "documents") -> list[str]:
    """Of every row of a table the end of its uri, in order."""
    return [uri.rpartition("/")[2] for uri in table(out, name)["uri"]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the inputs that are opened."""
    names: list[str] = []
    real = os.open

    def watch(path: Any, *arguments: Any, **options: Any) -> int:
        names.append(Path(path).name)
        return real(path, *arguments, **options)

    monkeypatch.setattr(compression.os, "open", watch)
    return names


def test_an_unchanged_input_is_not_opened(tmp_path: Path, opened: list[str]) -> None:
    """Size and time tell that nothing has changed: only what is new is opened."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORIES[0])
    (tmp_path / "in" / "b.jsonl").write_bytes(lines({"text": STORIES[1]}))
    run([tmp_path / "in"], tmp_path / "out")
    (tmp_path / "in" / "c.txt").write_text(STORIES[2])
    opened.clear()
    outcome = run([tmp_path / "in"], tmp_path / "out")
    assert (outcome.inputs, outcome.read) == (3, 1)
    assert {"a.txt", "b.jsonl"} & set(opened) == set()


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"])
def test_a_touched_input_costs_a_hash_once(tmp_path: Path, name: str, opened: list[str]) -> None:
    """An input with another time and the same bytes is opened once, and publishes nothing."""
    import gzip

    path, out = tmp_path / name, tmp_path / "out"
    if name.endswith("parquet"):
        pl.DataFrame({"text": STORIES[:1]}).write_parquet(path)
    else:
        data = {".csv": f"text\n{STORIES[0]}\n".encode(), ".txt": STORIES[0].encode()}.get(
            path.suffix, lines({"text": STORIES[0]})
        )
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    run([path], out)
    os.utime(path, (5, 5))
    opened.clear()
    assert run([path], out).run_id is None
    assert opened.count(name) == 1
    opened.clear()
    run([path], out)
    assert name not in opened
    assert len(Dataset(out).runs()) == 1


def test_the_ledger_knows_size_time_and_content(tmp_path: Path) -> None:
    """A row an input: what `stat` said, the hash of its bytes, and how far whole lines went."""
    import xxhash

    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    data = lines({"text": STORIES[0]}, {"text": STORIES[1]}) + b'{"text": "unfin'
    path.write_bytes(data)
    run([path], out)
    (row,) = pl.read_parquet(Dataset(out).parts("ledger"), hive_partitioning=False).to_dicts()
    end = data.rindex(b"\n") + 1
    assert row == {
        "uri": str(path), "size": len(data), "modified_ns": path.stat().st_mtime_ns, "end": end, "lines": 2,
        "content": xxhash.xxh3_128_hexdigest(data), "prefix_hash": xxhash.xxh3_128_hexdigest(data[:end]),
        "incomplete_tail": True,
        "rejected": 0, "moved_from": None, "run_id": "r000001",
    }  # fmt: skip


# --- files that grow


def test_a_grown_file_is_read_from_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were read are not parsed again, and new ones have their own numbers."""
    from flows.inputs import text_files

    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(lines({"text": STORIES[0]}) + b"\n" + lines({"text": STORIES[1]}))
    run([path], out)
    parsed = []
    real = text_files._parse
    monkeypatch.setattr(text_files, "_parse", lambda line, *a: parsed.append(line) or real(line, *a))
    with path.open("ab") as file:
        file.write(lines({"text": STORIES[2]}, 5, {"text": STORIES[3]}))
    run([path], out)
    assert len(parsed) == 3
    assert ends(out) == ["a.jsonl#1", "a.jsonl#3", "a.jsonl#4", "a.jsonl#6"]
    assert ends(out, "rejected") == ["a.jsonl#5"]
    assert list(verify(Dataset(out))) == []


def test_a_rewritten_file_is_not_mistaken_for_a_grown_one(tmp_path: Path) -> None:
    """If what was read has changed, if only in one byte, the whole file is read; records that stayed cost nothing."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(lines({"text": STORIES[0]}, {"text": STORIES[1]}))
    run([path], out)
    path.write_bytes(
        lines({"text": STORIES[0]}, {"text": STORIES[1].replace("square", "sqvare")}, {"text": STORIES[2]})
    )
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#2", "a.jsonl#3"]
    assert list(verify(Dataset(out))) == []


def test_records_are_known_by_content(tmp_path: Path) -> None:
    """A line put in at the top moves all others, and is the only new one."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(lines(*({"text": s} for s in STORIES[:3])))
    run([path], out)
    path.write_bytes(lines(*({"text": s} for s in (STORIES[4], *STORIES[:3]))))
    outcome = run([path], out)
    assert outcome.counts.documents == 1
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3", "a.jsonl#1"]
    assert table(out, "documents")["text"][-1] == STORIES[4]
    assert list(verify(Dataset(out))) == []


def test_an_unfinished_line_waits(tmp_path: Path) -> None:
    """It is not rejected, the run says so, and the next one reads it whole, under its number."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = lines({"text": STORIES[0]}, {"text": STORIES[1]})
    path.write_bytes(whole[:-20])
    outcome = run([path], out)
    assert "1 left to a later run" in outcome.line()
    assert (ends(out), ends(out, "rejected")) == (["a.jsonl#1"], [])
    path.write_bytes(whole)
    assert "left" not in run([path], out).line()
    assert (ends(out), ends(out, "rejected")) == (["a.jsonl#1", "a.jsonl#2"], [])


def test_an_unfinished_line_is_waited_for_once(tmp_path: Path) -> None:
    """If nothing has come by the next run it is rejected, once; and read after all if it is finished later."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = lines({"text": STORIES[0]}, {"text": STORIES[1]})
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
    """Nothing is published and nothing is rejected before there is anything to tell."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_bytes(lines({"text": STORIES[0]})[:-9])
    assert run([path], out).run_id is None
    path.write_bytes(lines({"text": STORIES[0]}))
    assert run([path], out).run_id == "r000001"
    assert ends(out) == ["a.jsonl#1"]


def test_a_last_line_that_parses_is_read(tmp_path: Path) -> None:
    """A record without a line end is a record; its line end, when it comes, brings nothing new."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    whole = lines({"text": STORIES[0]}, {"text": STORIES[1]})
    path.write_bytes(whole[:-1])
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2"]
    path.write_bytes(whole)
    assert run([path], out).run_id is None
    path.write_bytes(whole + lines({"text": STORIES[2]}))
    run([path], out)
    assert ends(out) == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r"])
def test_files_of_other_charsets_grow_as_well(tmp_path: Path, charset: str, end: str) -> None:
    """Where the reading cannot go on from an offset, all is read, and known records are known."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    records = [json.dumps({"text": s}) + end for s in STORIES]
    for n in (2, 3, 5):
        path.write_bytes("".join(records[:n]).encode(charset))
        run([path], out)
    assert ends(out) == [f"a.jsonl#{n}" for n in range(1, 6)]


def test_a_growing_compressed_file_is_read_whole(tmp_path: Path) -> None:
    """A gzip member that is added brings its records only."""
    import gzip

    path, out = tmp_path / "a.jsonl.gz", tmp_path / "out"
    for story in STORIES[:3]:
        with path.open("ab") as file:
            file.write(gzip.compress(lines({"text": story})))
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
    max_examples=settings().max_examples // 6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ADDS_UP: dict[str, Any] = {"repeated_line": {"enabled": False}}


def same_rows(one: Path, other: Path) -> None:
    """Fails where two datasets hold other rows, whatever the runs that brought them."""
    for name in TABLES:
        a, b = (table(out, name).drop("run_id") for out in (one, other))
        assert a.sort(a.columns).equals(b.sort(b.columns), null_equal=True), name


@FEW
@given(records=RECORDS, data=st.data(), blank=st.booleans())
def test_a_file_that_grows_by_any_bytes_adds_up(
    records: list[Any], data: st.DataObject, blank: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever a writer stops between two runs, if within a line, the runs come to what one run comes to."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "a.jsonl"
    whole = lines(*records) + b"\n" * blank
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole) - 1), max_size=4)))
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
@given(versions=st.lists(RECORDS, min_size=2, max_size=4))
def test_no_document_is_there_twice_however_a_file_is_rewritten(
    versions: list[list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each version the dataset is whole, holds each content as often as some version had it, or oftener."""
    folder = tmp_path_factory.mktemp("run")
    path, out = folder / "a.jsonl", folder / "out"
    said = {"duplicate": {"enabled": False}, **ADDS_UP}
    for version in versions:
        path.write_bytes(lines(*version))
        run([path], out, said)
        texts = [r["text"] for r in version if isinstance(r, dict) and r.get("text")]
        if texts:
            kept = [text.replace("\n\n", "\n") for text in table(out, "documents")["text"]]
            assert all(kept.count(text) >= texts.count(text) for text in texts)
            assert list(verify(Dataset(out))) == []


# --- changed documents

CORRECTED = STORIES[0].replace("twice", "thrice")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_correction_is_no_duplicate(tmp_path: Path, name: str) -> None:
    """A changed document is one more: its older version is no witness against it, for other documents both are."""
    path, out, other = tmp_path / name, tmp_path / "out", tmp_path / "b.txt"
    said = {"duplicate": {"threshold": 0.6}}
    for story in (STORIES[0], CORRECTED, CORRECTED.replace("spring", "autumn")):
        path.write_bytes(lines({"id": "x", "text": story}) if name == "a.jsonl" else story.encode())
        run([path], out, said)
    assert len(table(out, "documents")) == 3
    other.write_text(STORIES[0])
    run([path, other], out, said)
    assert ends(out, "removed") == ["b.txt"]
    assert table(out, "removed")["duplicate_of_document_id"][0] == table(out, "documents")["document_id"][0]
    assert list(verify(Dataset(out))) == []


def test_a_version_is_told_by_record_id(tmp_path: Path) -> None:
    """A record that moved and changed at once is known by its id; without one, by the line where it stands."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    said = {"duplicate": {"threshold": 0.6}}
    first = [{"id": 1, "text": STORIES[0]}, {"id": 2, "text": STORIES[1]}]
    path.write_bytes(lines(*first))
    run([path], out, said)
    path.write_bytes(lines({"id": 3, "text": STORIES[2]}, first[1], {"id": 1, "text": CORRECTED}))
    run([path], out, said)
    assert table(out, "documents")["record_id"].to_list() == ["1", "2", "3", "1"]
    path.write_bytes(lines({"id": 3, "text": STORIES[2]}, first[1], {"id": 9, "text": CORRECTED + " Yes."}))
    run([path], out, said)
    assert table(out, "removed")["reason"].to_list() == ["duplicate"]  # another id: another record


def test_a_record_whose_older_version_still_stands_is_another_one(tmp_path: Path) -> None:
    """A file that says the same twice with one id, or gets a near copy put in above, is judged as ever."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    said = {"duplicate": {"threshold": 0.6}}
    path.write_bytes(lines({"id": 1, "text": STORIES[0]}))
    run([path], out, said)
    path.write_bytes(lines({"id": 1, "text": CORRECTED}, {"id": 1, "text": STORIES[0]}))
    run([path], out, said)
    assert len(table(out, "documents")) == 1
    path.write_bytes(
        lines({"id": 1, "text": CORRECTED}, {"id": 1, "text": STORIES[0]}, {"id": 1, "text": CORRECTED})
    )
    run([path], out, said)
    assert len(table(out, "documents")) == 1


REPLACE: dict[str, Any] = {"inputs": {"on_change": "replace"}, "duplicate": {"threshold": 0.6}}


def test_replace_takes_the_older_version_out(tmp_path: Path) -> None:
    """Only the new version is in `documents`; the older one's paragraphs are in `removed`, with the new one named."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    both = f"{STORIES[0]}\n{STORIES[2]}"
    path.write_bytes(lines({"id": 1, "text": both}, {"id": 2, "text": STORIES[1]}))
    run([path], out, REPLACE)
    path.write_bytes(lines({"id": 2, "text": STORIES[1]}, {"id": 1, "text": CORRECTED}))
    run([path], out, REPLACE)
    documents = table(out, "documents")
    assert documents["text"].to_list() == [STORIES[1], CORRECTED]
    removed = table(out, "removed")
    assert removed.select("text", "reason", "rule", "run_id").rows() == [
        (text, "replaced", f"new version: {documents['document_id'][1]}", "r000001")
        for text in (STORIES[0], STORIES[2])
    ]
    assert list(verify(Dataset(out))) == []
    assert run([path], out, REPLACE).run_id is None


def test_versions_come_and_go(tmp_path: Path) -> None:
    """Whatever a document was before, `documents` has what it is now; the dataset is whole, if it is compacted too."""
    path, other, out = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "out"
    other.write_text(STORIES[3])
    for number, text in enumerate([STORIES[0], CORRECTED, STORIES[0], CORRECTED, STORIES[1], STORIES[0]]):
        path.write_text(text)
        run([path, other], out, REPLACE)
        assert sorted(table(out, "documents")["text"]) == sorted([text, STORIES[3]])
        if number == 2:
            compact(Dataset(out))
        assert list(verify(Dataset(out))) == []
    assert len(table(out, "removed").filter(pl.col("reason") == "replaced")) == 5


def test_what_was_a_duplicate_of_a_replaced_document_stays_one(tmp_path: Path) -> None:
    """Its witness is in `removed`; a later copy finds it no more."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    copies = [tmp_path / name for name in ("b.txt", "c.txt")]
    path.write_text(STORIES[0])
    copies[0].write_text(STORIES[0])
    run([path, copies[0]], out, REPLACE)
    path.write_text(STORIES[1])
    run([path, copies[0]], out, REPLACE)
    copies[1].write_text(STORIES[0])
    run([path, *copies], out, REPLACE)
    assert table(out, "documents")["text"].to_list() == [STORIES[1], STORIES[0]]
    assert list(verify(Dataset(out))) == []


def test_what_a_run_replaced_is_back_when_the_run_is_taken_back(tmp_path: Path) -> None:
    """After a rollback the older version is a row again, and the next run replaces it again."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    before = table(out, "documents")
    path.write_text(CORRECTED)
    run([path], out, REPLACE)
    rollback(Dataset(out), "r000002")
    assert table(out, "documents").equals(before)
    assert list(verify(Dataset(out))) == []
    run([path], out, REPLACE)
    assert table(out, "documents")["text"].to_list() == [CORRECTED]
    assert list(verify(Dataset(out))) == []


def test_a_rollback_of_what_replaced_is_brought_to_its_end(
    tmp_path: Path, kill_at: Callable[[str, Callable[[], object]], None]
) -> None:
    """Killed when the older version is back and the newer one still there, it is finished by the next run."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    path.write_text(CORRECTED)
    run([path], out, REPLACE)
    kill_at("rollback", lambda: rollback(Dataset(out), "r000002"))
    assert len(table(out, "documents")) == 2
    added = {"duplicate": REPLACE["duplicate"]}
    assert run([path], out, added).run_id == "r000003"  # reads the new version again, and adds it
    assert Dataset(out).runs() == ["r000001", "r000003"]
    assert table(out, "documents")["text"].to_list() == [STORIES[0], CORRECTED]
    assert list(verify(Dataset(out))) == []
    kill_at("exchange documents", lambda: rollback(Dataset(out), "r000003"))
    assert Dataset(out).runs() == ["r000001", "r000003"]  # with one exchange, it has not happened


def test_a_replacement_that_was_cut_short_is_brought_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash after the commit leaves both versions; the next run takes the older one out."""
    from flows.run import plan

    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(STORIES[0])
    run([path], out, REPLACE)
    path.write_text(CORRECTED)
    with monkeypatch.context() as patch:
        patch.setattr(plan, "replace_older", lambda *_: None)
        run([path], out, REPLACE)
    assert len(table(out, "documents")) == 2
    assert run([path], out, REPLACE).run_id is None
    assert table(out, "documents")["text"].to_list() == [CORRECTED]


def test_ignore_leaves_the_older_version(tmp_path: Path) -> None:
    """With `on_change = "ignore"` a new version is not read; new records are."""
    path, text, out = tmp_path / "a.jsonl", tmp_path / "b.txt", tmp_path / "out"
    said = {"inputs": {"on_change": "ignore"}}
    path.write_bytes(lines({"id": 1, "text": STORIES[0]}))
    text.write_text(STORIES[1])
    run([path, text], out, said)
    path.write_bytes(lines({"id": 1, "text": CORRECTED}, {"id": 2, "text": STORIES[2]}))
    text.write_text(STORIES[3])
    run([path, text], out, said)
    assert ends(out) == ["a.jsonl#1", "b.txt", "a.jsonl#2"]
    assert table(out, "documents")["text"].to_list() == [STORIES[0], STORIES[1], STORIES[2]]
    assert run([path, text], out, said).read == 0


# --- files that wait, move, or were rejected


def test_a_young_file_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that changed less than `min_age` seconds ago are left to a later run, which is told."""
    out, old, too_recent = tmp_path / "out", tmp_path / "old.txt", tmp_path / "young.txt"
    for path, story, age in ((old, STORIES[0], 60), (too_recent, STORIES[1], 59)):
        path.write_text(story)
        os.utime(path, (1000 - age, 1000 - age))
    monkeypatch.setattr(ledger.time, "time_ns", lambda: 1000 * 10**9)
    said = {"inputs": {"min_age": 60}}
    assert "1 left to a later run" in run([old, too_recent], out, said).line()
    assert ends(out) == ["old.txt"]
    monkeypatch.setattr(ledger.time, "time_ns", lambda: 1001 * 10**9)
    run([old, too_recent], out, said)
    assert ends(out) == ["old.txt", "young.txt"]


def test_a_rejected_input_is_tried_again_when_it_has_changed(tmp_path: Path) -> None:
    """As long as it has not, it is neither opened nor told again."""
    path, out = tmp_path / "a.txt", tmp_path / "out"
    path.write_text(" ")
    run([path], out)
    assert run([path], out).read == 0
    path.write_text(STORIES[0])
    run([path], out)
    assert (ends(out), ends(out, "rejected")) == (["a.txt"], ["a.txt"])


def test_retry_rejected(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """With other fields a rejected record is read; the others are known, and what is rejected still is told once."""
    out, config = tmp_path / "out", tmp_path / "c.toml"
    inputs = [jsonl([{"text": STORIES[0]}, {"body": STORIES[1]}, {"none": 1}]), tmp_path / "a.pdf"]
    inputs[1].write_bytes(b"%PDF")
    copydesk("run", *inputs, "--out", out)
    assert ends(out, "rejected") == ["news.jsonl#2", "news.jsonl#3", "a.pdf"]
    config.write_text('[fields]\ntext = ["text", "body"]\n')
    assert "nothing new" in copydesk("run", *inputs, "--out", out, "--config", config).out
    copydesk("run", *inputs, "--out", out, "--config", config, "--retry-rejected")
    assert ends(out) == ["news.jsonl#1", "news.jsonl#2"]
    again = copydesk("run", *inputs, "--out", out, "--config", config, "--retry-rejected")
    assert "nothing new: 2 inputs, 2 of them new or changed" in again.out
    assert copydesk("verify", out).code == 0


def test_a_moved_file_is_known(tmp_path: Path) -> None:
    """Known content at a new place is no new document if the old place is empty; what is added there is new."""
    out, old, new = tmp_path / "out", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    old.write_bytes(lines({"text": STORIES[0]}))
    run([old], out)
    old.rename(new)
    assert run([new], out).run_id is None
    assert run([new], out).read == 0
    new.write_bytes(lines({"text": STORIES[0]}, {"text": STORIES[1]}))
    run([new], out)
    assert ends(out) == ["a.jsonl#1", "b.jsonl#2"]
    third = tmp_path / "c.jsonl"
    new.rename(third)
    third.write_bytes(lines({"text": STORIES[2]}, {"text": STORIES[0]}, {"text": STORIES[1]}))
    assert (
        run([third], out).counts.documents == 3
    )  # moved and changed at once: nothing tells that it was another


def test_a_moved_file_that_is_rewritten_knows_its_records(tmp_path: Path) -> None:
    """The records that were read under former names are known under the new one."""
    out = tmp_path / "out"
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    paths[0].write_bytes(lines({"text": STORIES[0]}))
    run(paths[:1], out)
    for old, new in pairwise(paths):
        old.rename(new)
        run([new], out)
    paths[2].write_bytes(lines({"text": STORIES[1]}, {"text": STORIES[0]}))
    run(paths[2:], out)
    assert ends(out) == ["a.jsonl#1", "c.jsonl#1"]


def test_a_copied_file_is_another_document(tmp_path: Path) -> None:
    """Known content at a new place is another document where the old place still has something."""
    out, old, new = tmp_path / "out", tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text(STORIES[0])
    run([old], out)
    new.write_text(STORIES[0])
    run([old, new], out)
    assert ends(out, "removed") == ["b.txt"]
    assert table(out, "removed")["reason"].to_list() == ["duplicate"]


def test_a_copy_of_a_moved_file_is_another_document(tmp_path: Path) -> None:
    """What was moved is where it went: a copy is no second move of it, nor is a second file of the same bytes."""
    out, first, moved = tmp_path / "out", tmp_path / "a.txt", tmp_path / "b.txt"
    copies = [tmp_path / name for name in ("c.txt", "d.txt", "e.txt")]
    first.write_text(STORIES[0])
    run([first], out)
    first.rename(moved)
    assert run([moved], out).run_id is None
    copies[0].write_text(STORIES[0])
    run([moved, *copies[:1]], out)
    assert ends(out, "removed") == ["c.txt"]
    moved.rename(first)  # back again
    copies[0].unlink()
    copies[1].write_text(STORIES[0])
    assert run([first, copies[1]], out).run_id is None  # that of c.txt, which is gone
    copies[2].write_text(STORIES[0])
    run([first, *copies[1:]], out)
    assert ends(out, "removed") == ["c.txt", "e.txt"]


def test_two_files_cannot_be_one_that_moved(tmp_path: Path) -> None:
    """Of two new files with the bytes of one that is gone, the first is where it went; the other is a document."""
    out, first = tmp_path / "out", tmp_path / "a.txt"
    later = [tmp_path / "b.txt", tmp_path / "c.txt"]
    first.write_text(STORIES[0])
    run([first], out)
    first.unlink()
    for path in later:
        path.write_text(STORIES[0])
    run(later, out)
    assert ends(out, "removed") == ["c.txt"]
    assert run(later, out).read == 0


def test_an_input_that_cannot_be_opened_is_tried_by_every_run(tmp_path: Path) -> None:
    """It is told once, and read when it can be."""
    out, path = tmp_path / "out", tmp_path / "a.txt"
    path.symlink_to(tmp_path / "b.txt")
    for _ in range(3):
        run([path], out)
    assert ends(out, "rejected") == ["a.txt"]
    assert Dataset(out).runs() == ["r000001"]
    (tmp_path / "b.txt").write_text(STORIES[0])
    run([path], out)
    assert ends(out) == ["a.txt"]


def test_what_was_seen_after_a_run_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    """An input noted as seen rests on the runs before; without the last of them it is looked at again."""
    import shutil

    out, path = tmp_path / "out", tmp_path / "a.txt"
    path.write_text(STORIES[0])
    run([path], out)
    os.utime(path, (5, 5))
    run([path], out)
    assert run([path], out).read == 0
    shutil.rmtree(out / "documents" / "run=r000001")
    assert run([path], out).read == 1
    assert ends(out) == ["a.txt"]
