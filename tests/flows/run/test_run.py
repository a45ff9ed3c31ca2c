"""`copydesk run`, end to end: what goes in comes out, or is told."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaners.paragraphs import REASONS
from cleaners.repeated_line.count_tables import merge
from flows.dataset import Dataset
from flows.dataset.tables import TABLES
from flows.errors import ConfigurationError, CopydeskError
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings.model import Settings
from flows.verify.verification import verify
from support import ROOT, Answer, table

Copydesk = Callable[..., Answer]
Jsonl = Callable[..., Path]

ARTICLES = ROOT / "seeds" / "articles"
STORY = (
    "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said, while its bearings "
    "are replaced and the control room is rewired."
)


def silent(_stage: str, _done: int, _total: int) -> None:
    """No progress is shown."""


def run(given: list[Path], out: Path, said: dict[str, Any] | None = None, workers: int = 2) -> None:
    """One run of the plan, as the command does it."""
    execute_run([str(p) for p in given], out, Settings.model_validate(said or {}), Threads(workers, silent))


def digests(out: Path) -> dict[str, str]:
    """A checksum of every published file."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in TABLES
        for path in sorted((out / name).rglob("*.parquet"))
    }


def put_together(out: Path) -> dict[str, list[str]]:
    """Of every uri its paragraphs as they were read: kept, removed, repaired and emptied, by position."""
    documents, removed, repaired = (table(out, name) for name in ("documents", "removed", "repaired"))
    uris = dict(documents.select("document_id", "uri").iter_rows()) | dict(
        removed.select("document_id", "uri").iter_rows()
    )
    texts = dict(documents.select("document_id", "text").iter_rows())
    found = {}
    for document, uri in uris.items():
        gone = dict(removed.filter(pl.col("document_id") == document).select("position", "text").iter_rows())
        mended = repaired.filter((pl.col("document_id") == document) & (pl.col("field") == "text"))
        before = dict(mended.select("position", "before").iter_rows())
        taken = gone.keys() | set(mended.filter(pl.col("after") == "")["position"])
        kept = texts[document].split("\n\n") if document in texts else []
        total = len(kept) + len(taken)
        free = [p for p in range(total) if p not in taken]
        assert taken <= set(range(total))
        everything = {**gone, **dict(zip(free, kept, strict=True)), **before}
        assert sorted(everything) == list(range(total))
        found[uri] = [everything[p] for p in range(total)]
    return found


def squeezed(text: str) -> str:
    """The text without its white space."""
    return "".join(text.split())


LINES = st.one_of(
    st.sampled_from(
        [
            STORY,
            STORY.replace("Monday", "Tuesday"),
            STORY.replace("eleven", "11"),
            f"{STORY} [Related: Port closes bridge]",
            f"{STORY} Join the conversation below.",
            "[pullquote]",
            "Related Articles",
            "Sign up for our newsletter",
            "Port closes bridge",
            "PORT CLOSES BRIDGE",
            "The caf\u00c3\u00a9 on the quay stays open.",
            "\u0000",
            "***",
            "Короткая строка.",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"text": st.lists(LINES, max_size=6).map("\n".join)},
        optional={
            "title": st.sampled_from(["Port closes bridge", None]),
            "source": st.sampled_from(["a", "b", None]),
        },
    ),
    max_size=8,
)
MANY = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(records=RECORDS)
def test_nothing_vanishes(records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Promise 1: `documents`, `removed` and `repaired` give back every input that is not in `rejected`."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    run([path], folder / "out")
    if not records:
        return
    rejected = set(table(folder / "out", "rejected")["uri"])
    found = put_together(folder / "out")
    for n, record in enumerate(records, 1):
        uri = f"{path}#{n}"
        if uri in rejected:
            assert not squeezed(record["text"]).strip("\0") or uri not in found
        else:
            assert squeezed("".join(found[uri])) == squeezed(record["text"])
    assert len(found) + len(rejected) >= len(records)


@MANY
@given(records=RECORDS)
def test_every_duplicate_has_a_witness(
    records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promise 2: the witness of a duplicate is kept and earlier; `verify` measures its Jaccard again."""
    from flows.dataset import Dataset
    from flows.verify import verify

    folder = tmp_path_factory.mktemp("run")
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    run([path], folder / "out", {"duplicate": {"short": "exact", "min_tokens": 3}})
    assert list(verify(Dataset(folder / "out"))) == []


@MANY
@given(records=RECORDS, cuts=st.lists(st.integers(0, 8), max_size=3))
def test_runs_add_up(
    records: list[dict[str, Any]], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promise 3: one run over many files decides what a run for each slice of them decides."""
    folder = tmp_path_factory.mktemp("run")
    paths = []
    for n, record in enumerate(records):
        paths.append(folder / f"{n}.jsonl")
        paths[-1].write_text(json.dumps(record) + "\n", encoding="utf-8")
    said = {"repeated_line": {"enabled": False}, "duplicate": {"short": "exact"}}
    run(paths, folder / "one", said)
    edges = [0, *sorted(min(c, len(paths)) for c in cuts), len(paths)]
    for start, stop in pairwise(edges):
        run(paths[start:stop], folder / "many", said)
    if not records:
        return
    for name in TABLES:
        one, many = (table(folder / out, name).drop("run_id") for out in ("one", "many"))
        assert one.sort(one.columns).equals(many.sort(many.columns), null_equal=True), name


def test_same_input_same_bytes(tmp_path: Path) -> None:
    """Promise 4: two datasets of the same input are the same, byte for byte, whatever the number of workers."""
    run([ARTICLES], tmp_path / "a", workers=1)
    run([ARTICLES], tmp_path / "b", workers=4)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_shards_change_no_row(tmp_path: Path, jsonl: Jsonl) -> None:
    """Promise 4: shard size moves the boundaries of parts, and nothing else."""
    chance = random.Random(4)
    records = [
        {"source": "post", "text": "\n".join(f"{STORY} {chance.random()} {'x' * 2000}" for _ in range(60))}
        for _ in range(20)
    ]
    path = jsonl([*records, *records])
    run([path], tmp_path / "one")
    run([path], tmp_path / "many", {"inputs": {"shard_megabytes": 1}})
    assert len(list((tmp_path / "many" / "documents").rglob("*.parquet"))) > 1
    for name in TABLES:
        assert table(tmp_path / "one", name).equals(table(tmp_path / "many", name), null_equal=True), name


def test_a_second_run_does_nothing(copydesk: Copydesk, tmp_path: Path) -> None:
    """The same inputs again publish nothing, say so, and end well."""
    copydesk("run", ARTICLES, "--out", tmp_path / "out", "--quiet")
    before = digests(tmp_path / "out")
    answer = copydesk("run", ARTICLES, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "nothing new" in answer.out
    assert digests(tmp_path / "out") == before


def test_a_changed_file_costs_what_changed(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Records of a file that grew are published once; a rejected one is told once."""
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
    """A file with another time and the same content is not new, whatever its records came to."""
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


def test_a_reprint_goes_whole(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A document that another printed before goes whole: its copied paragraphs as duplicates, the rest with it."""
    rest = "Read by nobody."
    records = [{"id": "1", "text": STORY}, {"id": "2", "text": f"{STORY}\n{rest}"}]
    copydesk("run", jsonl(records), "--out", tmp_path / "out")
    assert table(tmp_path / "out", "documents")["record_id"].to_list() == ["1"]
    removed = table(tmp_path / "out", "removed")
    assert removed.select("reason", "text").rows() == [("duplicate", STORY), ("duplicate_document", rest)]


def test_other_numbers_are_another_paragraph(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Paragraphs that differ in their figures are both kept, unless the configuration says otherwise."""
    text = (
        "Shares in the shipyard rose {}% on Friday, after heavy trading that surprised every broker in town."
    )
    path = jsonl([{"text": text.format(3)}, {"text": text.format(4)}])
    copydesk("run", path, "--out", tmp_path / "a")
    assert len(table(tmp_path / "a", "documents")) == 2
    (tmp_path / "c.toml").write_text("[duplicate]\nsame_numbers = false\nthreshold = 0.6\n")
    copydesk("run", path, "--out", tmp_path / "b", "--config", tmp_path / "c.toml")
    assert len(table(tmp_path / "b", "documents")) == 1


@pytest.mark.parametrize("off", [r for r in REASONS if r not in ("duplicate_document", "too_short")])
def test_every_cleaner_can_be_switched_off(off: str, tmp_path: Path) -> None:
    """A cleaner that is switched off removes nothing; the seeds give each of the others something to do."""
    run([ARTICLES], tmp_path / "out", {off: {"enabled": False}})
    reasons = set(table(tmp_path / "out", "removed")["reason"])
    assert off not in reasons
    expected = {"repeated_headline", "related_articles", "boilerplate", "repeated_line", "duplicate"} - {off}
    assert expected <= reasons


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A file that can be read."""
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


def test_repair_can_be_switched_off(jsonl: Jsonl, tmp_path: Path) -> None:
    """Without repair a paragraph is what was read, and language is null where nobody asks for it."""
    text = "The caf\u00c3\u00a9 on the quay stays open, and the harbour master drinks his coffee there."
    run(
        [jsonl([{"text": text}])],
        tmp_path / "out",
        {"encoding": {"enabled": False}, "language": {"enabled": False}},
    )
    assert table(tmp_path / "out", "documents").select("text", "language").row(0) == (text, None)
    assert table(tmp_path / "out", "repaired").is_empty()


def test_language_is_told_after_repair(jsonl: Jsonl, tmp_path: Path) -> None:
    """Mojibake does not hide the language of a text."""
    text = "Музей забытых вещей открылся на станции, и в первый день в него пришли четыреста человек."
    records = [{"text": text.encode().decode("latin-1")}, {"text": STORY}]
    run([jsonl(records)], tmp_path / "out")
    assert table(tmp_path / "out", "documents")["language"].to_list() == ["ru", "en"]
    run([jsonl(records)], tmp_path / "none", {"language": {"enabled": False}})
    assert table(tmp_path / "none", "documents")["language"].to_list() == [None, None]


def test_duplicates_switched_off_and_on_again(jsonl: Jsonl, tmp_path: Path) -> None:
    """What a run kept without looking for duplicates is compared with once they are looked for."""
    run([jsonl([{"text": STORY}, {"text": STORY}])], tmp_path / "out", {"duplicate": {"enabled": False}})
    assert len(table(tmp_path / "out", "documents")) == 2
    run([jsonl([{"text": STORY}], "b.jsonl")], tmp_path / "out")
    assert len(table(tmp_path / "out", "documents")) == 2


def test_a_dataset_is_no_input(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """A dataset within an input folder is passed over; one that is named is refused, with the way to read it."""
    inputs = tmp_path / "in"
    copydesk("run", story, "--out", inputs / "old")
    (inputs / "new.txt").write_text("Something new has happened on the other bank of the river.")
    copydesk("run", inputs, "--out", tmp_path / "out")
    assert len(table(tmp_path / "out", "documents")) == 1
    answer = copydesk("run", inputs / "old", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "is a dataset" in answer.err
    assert copydesk("run", inputs / "old" / "documents", "--out", tmp_path / "again").code == 0


def test_an_index_of_other_rules_is_refused(jsonl: Jsonl, tmp_path: Path) -> None:
    """Shingles of another length cannot be compared with those in the index: the run is refused, and says why."""
    run([jsonl([{"text": STORY}])], tmp_path / "out")
    with pytest.raises(ConfigurationError, match=r"n = 4, but .* was built with n = 3"):
        run([jsonl([{"text": STORY}], "b.jsonl")], tmp_path / "out", {"duplicate": {"n": 4}})


def test_a_failure_publishes_nothing(jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a stage, the dataset is as it was, and the next run does the work."""
    from flows.run import stages

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(stages, "split", fail)
        with pytest.raises(OSError, match="No space left"):
            run([jsonl([{"text": STORY}])], tmp_path / "out")
    assert not (tmp_path / "out" / "documents").exists()
    run([jsonl([{"text": STORY}])], tmp_path / "out")
    assert table(tmp_path / "out", "documents")["run_id"].to_list() == ["r000001"]


def test_the_output_inside_the_input_is_not_read(copydesk: Copydesk, tmp_path: Path) -> None:
    """An output folder within an input folder is passed over."""
    shutil.copytree(ARTICLES / "harbour-gazette", tmp_path / "in")
    out = tmp_path / "in" / "out"
    copydesk("run", tmp_path / "in", "--out", out)
    assert "nothing new" in copydesk("run", tmp_path / "in", "--out", out).out


HARBOUR = (
    "The harbour board said on Monday that the old crane will be taken down before the winter storms come."
)
CHOIR = "A choir of forty children sang in the square while the mayor lit the lamps along the river."


def test_a_duplicate_of_an_earlier_run_is_found_by_its_text(jsonl: Jsonl, tmp_path: Path) -> None:
    """A paragraph nearly that of an earlier run is looked up in `documents`, whatever else was kept beside it."""
    out, both = tmp_path / "out", f"{HARBOUR} {CHOIR}"
    run([jsonl([{"text": f"Short.\n\n{both}\n{HARBOUR} So it was told."}, {"text": CHOIR}], "a.jsonl")], out)
    later = f"New words stand here, and nobody has printed them.\n{both.replace('lamps', 'lights')}"
    run([jsonl([{"text": later}], "b.jsonl")], out, {"duplicate_document": {"enabled": False}})
    (row,) = table(out, "removed").rows(named=True)
    assert (row["reason"], row["position"], row["duplicate_of_position"]) == ("duplicate", 1, 1)
    assert row["rule"] == "near-duplicate, 32 of 38 shingles"


def test_an_index_without_its_texts_is_damage(jsonl: Jsonl, tmp_path: Path) -> None:
    """Where `documents` lacks what the index has, the run says so, and publishes nothing."""
    out, both = tmp_path / "out", f"{HARBOUR} {CHOIR}"
    run([jsonl([{"text": both}], "a.jsonl")], out)
    (part,) = (out / "documents" / "run=r000001").glob("*.parquet")
    pl.read_parquet(part, hive_partitioning=False).with_columns(text=pl.lit("gone")).write_parquet(part)
    with pytest.raises(CopydeskError, match=r"does not hold what .* `copydesk verify` tells more"):
        run([jsonl([{"text": both.replace("lamps", "lights")}], "b.jsonl")], out)
    assert not (out / "documents" / "run=r000002").exists()


def test_the_exact_method_adds_up(jsonl: Jsonl, tmp_path: Path) -> None:
    """With `method = "exact"`, later runs go by the first run's order of shingles, and `verify` by that too."""
    said = {"duplicate": {"method": "exact"}, "duplicate_document": {"enabled": False}}
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


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def test_counting_lines_in_shares_changes_nothing(
    jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines counted in many shares, in this run and the next, lead to the same decisions; `verify` finds no fault."""
    from flows.run import stages

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
        monkeypatch.setattr(stages, "LINES_AT_ONCE", at_once)
        for file in files:
            run([file], tmp_path / name, {"duplicate": {"enabled": False}})
    whole, shares = (table(tmp_path / name, "removed") for name in ("whole", "shares"))
    assert whole.filter(pl.col("reason") == "repeated_line")["rule"].to_list() == [
        f"in {n} of {n} documents (100 %) of post.example" for n in (4, 8) for _ in range(4)
    ]
    assert shares.equals(whole)
    assert len(Dataset(tmp_path / "shares").parts("line_counts")) > 4
    assert list(verify(Dataset(tmp_path / "shares"))) == []


def test_a_narrowed_index_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run reads what of the index may meet it, a large one goes through all of it: they decide the same."""
    from flows.dataset import index

    sources = sorted(path for path in ARTICLES.iterdir() if path.is_dir())[::4]
    for name, few, chunk in (("all", 0, 1 << 25), ("narrowed", 1 << 20, 1 << 25), ("chunks", 1 << 20, 1)):
        monkeypatch.setattr(index, "FEW", few)
        monkeypatch.setattr(index, "CHUNK", chunk)
        for source in [*sources, ARTICLES]:
            run([source], tmp_path / name, {"duplicate": {"short": "exact", "min_tokens": 4}})
    assert len(Dataset(tmp_path / "all").runs()) > 3
    assert len(table(tmp_path / "all", "removed").filter(pl.col("reason") == "duplicate")) > 10
    assert digests(tmp_path / "all") == digests(tmp_path / "narrowed") == digests(tmp_path / "chunks")


def test_what_is_repeated_within_paragraphs(jsonl: Jsonl, tmp_path: Path) -> None:
    """A last sentence goes once its source has repeated it, by whatever run it was printed; the text before is told."""
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


def test_a_witness_is_compared_without_its_boilerplate(jsonl: Jsonl, tmp_path: Path) -> None:
    """Near-duplicates are found, and their Jaccard told, by the texts that are published."""
    plea = "Join the conversation below."
    words = f"So it was said, and {STORY.lower()}"
    records = [
        {"text": f"{ORDINALS[n]}. {words} {plea if n else ''}".strip(), "source": "post.example"}
        for n in range(5)
    ]
    run([jsonl(records, "a.jsonl")], tmp_path / "out", {"duplicate_document": {"enabled": False}})
    removed = table(tmp_path / "out", "removed").filter(pl.col("reason") == "duplicate")
    assert len(removed) == 4
    assert not removed["text"].str.contains(plea, literal=True).any()
    assert list(verify(Dataset(tmp_path / "out"))) == []


def test_the_memory_of_many_runs_is_that_of_one(jsonl: Jsonl, tmp_path: Path) -> None:
    """What is counted does not depend on how the documents were split into runs, whatever was decided meanwhile."""
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
        merge(
            [
                pl.read_parquet(path, hive_partitioning=False)
                for path in Dataset(tmp_path / name).parts("line_counts")
            ]
        )
        for name in ("many", "one")
    )
    assert many.equals(one)
    assert len(one) > 10
