"""One run: what each cleaner does to its documents, which files are no inputs, and what a failure leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from cleaners import REASONS
from flows.dataset import Dataset
from flows.verify.verification import verify
from small_runs import run
from support import Copydesk, Jsonl, table

from .stories import ARTICLES, ORDINALS, STORY


def test_a_reprint_is_removed_whole(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """A reprinted document is removed whole: copied paragraphs as duplicates, the rest with the document."""
    rest = "Read by nobody."
    records = [{"id": "1", "text": STORY}, {"id": "2", "text": f"{STORY}\n{rest}"}]
    copydesk("run", jsonl(records), "--out", tmp_path / "out")
    assert table(tmp_path / "out", "documents")["record_id"].to_list() == ["1"]
    removed = table(tmp_path / "out", "removed")
    assert removed.select("reason", "text").rows() == [("duplicate", STORY), ("duplicate_document", rest)]


def test_other_numbers_are_another_paragraph(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """Paragraphs that differ in their figures are both kept, unless configured otherwise."""
    text = (
        "Shares in the shipyard rose {}% on Friday, after heavy trading that surprised every broker in town."
    )
    path = jsonl([{"text": text.format(3)}, {"text": text.format(4)}])
    copydesk("run", path, "--out", tmp_path / "a")
    assert len(table(tmp_path / "a", "documents")) == 2
    (tmp_path / "c.toml").write_text("[duplicate]\nsame_numbers = false\nthreshold = 0.6\n")
    copydesk("run", path, "--out", tmp_path / "b", "--config", tmp_path / "c.toml")
    assert len(table(tmp_path / "b", "documents")) == 1


#: The reasons that the seeds give; whole documents go only with their duplicates.
REMOVING = REASONS[: REASONS.index("duplicate") + 1]


@pytest.mark.parametrize("off", REMOVING)
def test_every_cleaner_can_be_switched_off(off: str, tmp_path: Path) -> None:
    """A cleaner that is switched off removes nothing, while all others remove something from the seeds."""
    run([ARTICLES], tmp_path / "out", {off: {"enabled": False}})
    reasons = set(table(tmp_path / "out", "removed")["reason"])
    assert off not in reasons
    expected = {*REMOVING} - {off}
    assert expected <= reasons


def test_repair_can_be_switched_off(jsonl: Jsonl, tmp_path: Path) -> None:
    """Without repair paragraphs are unchanged, and without [language] the language is null."""
    text = "The caf\u00c3\u00a9 on the quay stays open, and the harbour master drinks his coffee there."
    run(
        [jsonl([{"text": text}])],
        tmp_path / "out",
        {"encoding": {"enabled": False}, "language": {"enabled": False}},
    )
    assert table(tmp_path / "out", "documents").select("text", "language").row(0) == (text, None)
    assert table(tmp_path / "out", "repaired").is_empty()


def test_language_is_identified_after_repair(jsonl: Jsonl, tmp_path: Path) -> None:
    """Mojibake does not prevent language identification."""
    text = "Музей забытых вещей открылся на станции, и в первый день в него пришли четыреста человек."
    records = [{"text": text.encode().decode("latin-1")}, {"text": STORY}]
    run([jsonl(records)], tmp_path / "out")
    assert table(tmp_path / "out", "documents")["language"].to_list() == ["ru", "en"]
    run([jsonl(records)], tmp_path / "none", {"language": {"enabled": False}})
    assert table(tmp_path / "none", "documents")["language"].to_list() == [None, None]


def test_a_dataset_is_no_input(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """A dataset inside an input folder is skipped; one named as input is refused, with a hint how to read it."""
    inputs = tmp_path / "in"
    copydesk("run", story, "--out", inputs / "old")
    (inputs / "new.txt").write_text("Something new has happened on the other bank of the river.")
    copydesk("run", inputs, "--out", tmp_path / "out")
    assert len(table(tmp_path / "out", "documents")) == 1
    answer = copydesk("run", inputs / "old", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "is a copydesk dataset" in answer.err
    assert copydesk("run", inputs / "old" / "documents", "--out", tmp_path / "again").code == 0


def test_a_failure_publishes_nothing(jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a stage fails, the dataset is unchanged, and the next run does the work."""
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
    """An output folder inside an input folder is skipped."""
    shutil.copytree(ARTICLES / "harbour-gazette", tmp_path / "in")
    out = tmp_path / "in" / "out"
    copydesk("run", tmp_path / "in", "--out", out)
    assert "nothing new" in copydesk("run", tmp_path / "in", "--out", out).out


def test_a_witness_is_compared_without_its_boilerplate(jsonl: Jsonl, tmp_path: Path) -> None:
    """Near-duplicates and their Jaccard similarity are determined from the published texts."""
    plea = "Join the conversation below."
    words = f"So it was said, and {STORY.lower()}"
    records = [
        {"text": f"{ORDINALS[n]}. {words} {plea if n else ''}".strip(), "source": "post.example"}
        for n in range(5)
    ]
    rules = {"duplicate_document": {"enabled": False}, "duplicate": {"same_facts": False}}
    run([jsonl(records, "a.jsonl")], tmp_path / "out", rules)
    removed = table(tmp_path / "out", "removed").filter(pl.col("reason") == "duplicate")
    assert len(removed) == 4
    assert not removed["text"].str.contains(plea, literal=True).any()
    assert list(verify(Dataset(tmp_path / "out"))) == []
