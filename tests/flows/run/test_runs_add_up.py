"""Many runs decide what one run decides, even if counting and lookups are done in parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cleaners.repeated_line.count_tables import merge_counts
from flows.dataset import Dataset
from flows.errors import ConfigurationError
from flows.maintenance.compact_runs import compact
from flows.verify.verification import verify
from small_runs import PLAIN, run
from support import Jsonl, body, table, why

from .stories import ARTICLES, CHOIR, HARBOUR, ORDINALS, STORY, digests


def test_the_exact_method_adds_up(jsonl: Jsonl, tmp_path: Path) -> None:
    """With `method = "exact"`, later runs and `verify` use the shingle frequencies of the first run."""
    said = PLAIN | {"duplicate": {"method": "exact"}, "duplicate_document": {"enabled": False}}
    both = f"{HARBOUR} {CHOIR}"
    texts = [f"{both}\n{CHOIR} {HARBOUR}", both.replace("lamps", "lights"), f"{both} Yes.", CHOIR]
    files = [jsonl([{"text": f"{text}\nFresh line {i}."}], f"{i}.jsonl") for i, text in enumerate(texts)]
    run(files, tmp_path / "once", said)
    for file in files:
        run([file], tmp_path / "by-and-by", said)
    once, by_and_by = (table(tmp_path / out, "removed").drop("run_id") for out in ("once", "by-and-by"))
    assert once["reason"].to_list() == ["duplicate"] * 3
    assert by_and_by.equals(once)
    assert [p.parent.name for p in Dataset(tmp_path / "by-and-by").parts("shingle_frequencies")] == [
        "run=r000001"
    ]
    assert list(verify(Dataset(tmp_path / "by-and-by"))) == []
    with pytest.raises(
        ConfigurationError, match=r"method = 'minhash', but .* was built with method = 'exact'"
    ):
        run([jsonl([{"text": STORY}], "b.jsonl")], tmp_path / "once")


def test_counting_lines_in_partitions_changes_nothing(
    jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting lines in many partitions gives the same decisions, also in the next run; `verify` finds no damage."""
    from flows.run.stages import counting

    def records(first: int) -> list[dict[str, Any]]:
        motto = "All the harbour news that fits a page"
        return [
            {
                "text": f"{STORY} {n}.\nA line of its own, the {ORDINALS[n]}.\n{motto}",
                "source": "post.example",
            }
            for n in range(first, first + 4)
        ]

    files = [jsonl(records(0), "a.jsonl"), jsonl(records(4), "b.jsonl")]
    for name, at_once in (("whole", 1 << 21), ("shares", 2)):
        monkeypatch.setattr(counting, "LINES_AT_ONCE", at_once)
        for file in files:
            run([file], tmp_path / name, {"duplicate": {"enabled": False}})
    whole, shares = (table(tmp_path / name, "removed") for name in ("whole", "shares"))
    assert why(whole.filter(pl.col("reason") == "repeated_line")) == [
        f"repeated in its source: in {n} of {n} documents (100 %) of post.example"
        for n in (4, 8)
        for _ in range(4)
    ]
    assert shares.equals(whole)
    assert len(Dataset(tmp_path / "shares").parts("line_counts")) > 4
    assert list(verify(Dataset(tmp_path / "shares"))) == []


def test_a_narrowed_index_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run reads only part of the index, a large one all of it; both decide the same."""
    from flows.dataset import index

    sources = sorted(path for path in ARTICLES.iterdir() if path.is_dir())[::4]
    for name, few, chunk in (("all", 0, 1 << 25), ("narrowed", 1 << 20, 1 << 25), ("chunks", 1 << 20, 1)):
        monkeypatch.setattr(index, "FEW", few)
        monkeypatch.setattr(index, "CHUNK", chunk)
        for source in [*sources, ARTICLES]:
            run([source], tmp_path / name, PLAIN | {"duplicate": {"short": "exact", "min_tokens": 4}})
    assert len(Dataset(tmp_path / "all").runs()) > 3
    assert len(table(tmp_path / "all", "removed").filter(pl.col("reason") == "duplicate")) > 10
    assert digests(tmp_path / "all") == digests(tmp_path / "narrowed") == digests(tmp_path / "chunks")


def test_repeated_inline_boilerplate(jsonl: Jsonl, tmp_path: Path) -> None:
    """A closing sentence is removed once its source has repeated it, in any run; `repaired` has the original."""
    plea = "Join the conversation below."

    def records(first: int) -> list[dict[str, Any]]:
        return [
            {"text": f"{STORY} So it was on the {ORDINALS[n]} day. {plea}", "source": "post.example"}
            for n in range(first, first + 2)
        ]

    files = [jsonl(records(0), "a.jsonl"), jsonl(records(2), "b.jsonl"), jsonl(records(4), "c.jsonl")]
    out = tmp_path / "out"
    for file in files:
        run([file], out, {"duplicate": {"enabled": False}})
    texts = table(out, "documents").sort("uri")["text"].to_list()
    assert [plea in text for text in texts] == [True, True, False, False, False, False]
    repaired = table(out, "repaired")
    assert repaired["fixes"].to_list() == [["inline_boilerplate"]] * 4
    assert [before == f"{after} {plea}" for before, after in repaired.select("before", "after").rows()] == [
        True
    ] * 4
    assert list(verify(Dataset(out))) == []
    for off in ("repeated_line", "inline_boilerplate", "boilerplate"):
        other = tmp_path / off
        run(files, other, {off: {"enabled": False}, "duplicate": {"enabled": False}})
        assert all(plea in text for text in table(other, "documents")["text"])


@pytest.mark.parametrize(
    ("keep", "stays"),
    [("earliest", ["b#1", "a#1"]), ("longest", ["b#3", "a#1"]), (["wire", "post"], ["b#2", "a#1"])],
)
def test_which_copy_of_one_run_stays_is_a_setting(
    keep: Any, stays: list[str], jsonl: Jsonl, tmp_path: Path
) -> None:
    """The others name it as their witness, wherever its part is; what an earlier run kept stays in any case."""
    said = PLAIN | {"duplicate": {"keep": keep}, "duplicate_document": {"enabled": False}}
    long, longer = (" ".join(f"{letter}{n}" for n in range(160_000)) for letter in ("x", "yy"))
    first = jsonl([{"source": "post", "text": CHOIR}], "a.jsonl")
    rows = [
        {"source": "post", "text": f"{HARBOUR}\nOther.\n{long}"},
        {"source": "wire", "text": f"One more.\n{HARBOUR}\n{CHOIR}"},
        {"source": None, "text": f"{HARBOUR}\nAnd one more {longer}"},
    ]
    second = jsonl(rows, "b.jsonl")
    out = tmp_path / "out"
    said |= {"inputs": {"shard_megabytes": 1}}
    run([first], out, said)
    run([second], out, said)
    assert len(Dataset(out).parts("documents")) == 3
    removed = table(out, "removed").filter(pl.col("text").is_in([HARBOUR, CHOIR]))
    documents = table(out, "documents").select("document_id", pl.col("uri").alias("of"))
    named = removed.join(documents, left_on="duplicate_of_document_id", right_on="document_id", how="left")
    witnesses = {Path(uri).name.replace(".jsonl", "") for uri in named["of"]}
    assert witnesses == set(stays)
    assert list(verify(Dataset(out))) == []
    assert compact(Dataset(out))
    assert list(verify(Dataset(out))) == []


def test_leads_stay_on_request(jsonl: Jsonl, tmp_path: Path) -> None:
    """A lead that was printed before stays with the body that is new, and is counted; a stub or a copy of all goes.

    It is a witness from then on, and several runs decide as one does.
    """
    said = PLAIN | {"duplicate": {"keep_leads": True}}
    lead = (
        f"{HARBOUR} No one was hurt when a cable broke, and the ferries sailed as they do on any other day."
    )
    near = lead.replace("old", "last")
    texts = [
        f"Crane\n{lead}\n{body(1)}",
        f"Crane again\n{near}\n{body(2)}\n{body(1)}",
        f"{near}\n{body(2)}",
        f"{lead}\n{body(3)[:40]}\n{body(1)}\n{body(2)}",
        f"{near.replace('winter', 'autumn')}\n{body(4)}",
    ]
    files = [jsonl([{"text": text}], f"{n}.jsonl") for n, text in enumerate(texts)]
    outcome = run(files, tmp_path / "one", said)
    assert outcome.leads_line() == "kept as leads, although printed before: 2 paragraphs"
    for file in files:
        run([file], tmp_path / "many", said)
    one, many = (table(tmp_path / name, "removed").drop("run_id") for name in ("one", "many"))
    assert [(Path(uri).stem, at) for uri, at in one.select("uri", "position").iter_rows()] == [
        ("1", 3),
        *(("2", n) for n in (0, 1)),
        *(("3", n) for n in (0, 1, 2, 3)),
    ]
    assert many.equals(one)
    for name in ("one", "many"):
        assert list(verify(Dataset(tmp_path / name))) == []


def test_the_memory_of_many_runs_is_that_of_one(jsonl: Jsonl, tmp_path: Path) -> None:
    """Counts do not depend on how documents were split into runs, nor on the decisions in between."""
    lines = [
        "Published 4 Jan 2031",
        f"{STORY} Join the conversation below.",
        "Sign up for our newsletter",
        "3 shares",
    ]
    records = [
        {
            "text": "\n".join([f"Story {n}", *lines[n % 4 :]]),
            "source": "ab"[n % 2],
            "date": f"2031-01-{n + 1:02d}",
        }
        for n in range(12)
    ]
    files = [jsonl(records[n : n + 3], f"{n}.jsonl") for n in range(0, 12, 3)]
    for file in files:
        run([file], tmp_path / "many")
    run(files, tmp_path / "one")
    many, one = (
        merge_counts(
            [
                pl.read_parquet(path, hive_partitioning=False)
                for path in Dataset(tmp_path / name).parts("line_counts")
            ]
        )
        for name in ("many", "one")
    )
    assert many.equals(one)
    assert len(one) > 10
