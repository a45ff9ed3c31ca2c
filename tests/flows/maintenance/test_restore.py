"""Restoring: removed text is back in its place, and stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.dataset import Dataset
from flows.errors import UsageError
from flows.maintenance import compact, restore, rollback
from flows.verify import verify
from small_runs import PLAIN, plain, published, record, run, state, story, swept
from support import Copydesk, Jsonl, table

SHARE = "Share this article on Facebook"
NO_MEMORY = plain("boilerplate")


def texts(out: Path) -> dict[str, list[str]]:
    """The paragraphs of each document, by the name of its record."""
    rows = table(out, "documents").select("record_id", "text").iter_rows()
    return {name: text.split("\n\n") for name, text in rows}


def test_a_paragraph_comes_back_to_its_place(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """A restored line is in its place again and counted; it has left `removed`; the dataset is intact."""
    out = tmp_path / "out"
    run(jsonl([record(1, SHARE, story(2), story(0)), record(3, story(0), story(4))]), out, NO_MEMORY)
    assert texts(out) == {"id-1": [story(1), story(2), story(0)], "id-3": [story(3), story(4)]}
    answer = copydesk("restore", out, "--reason", "boilerplate")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("restored 1 paragraph with 5 words\n")
    assert texts(out)["id-1"] == [story(1), SHARE, story(2), story(0)]
    row = table(out, "documents").filter(record_id="id-1").row(0, named=True)
    assert (row["paragraphs"], row["removed_paragraphs"]) == (4, 0)
    assert table(out, "removed")["reason"].to_list() == ["duplicate"]
    swept(out)
    assert Dataset(out).manifest("r000001")["restored"] == 1
    answer = copydesk("restore", out, "--reason", "duplicate", "--run", "r000001")
    assert answer.code == 0
    assert texts(out)["id-3"] == [story(3), story(0), story(4)]
    assert table(out, "removed").is_empty()
    swept(out)


def test_lost_exceptions_are_damage(tmp_path: Path, jsonl: Jsonl) -> None:
    """Without the exceptions, later runs would remove restored text again: `verify` reports that they are missing."""
    out = tmp_path / "out"
    run(jsonl([record(1, SHARE)]), out, NO_MEMORY)
    restore(Dataset(out), reason="boilerplate")
    shutil.rmtree(out / "_copydesk" / "exceptions")
    (damage,) = verify(Dataset(out))
    assert damage.startswith(f"{out / '_copydesk' / 'exceptions' / 'parts.json'} was lost")
    Dataset(out).inventory_file.unlink()
    assert any(
        f"{out / '_copydesk' / 'exceptions'} is missing" in problem for problem in verify(Dataset(out))
    )


def test_a_document_that_had_gone_whole_is_a_row_again(tmp_path: Path, jsonl: Jsonl) -> None:
    """A document that was removed whole is one row again, in the order of the inputs, with all its metadata."""
    out = tmp_path / "out"
    records = [
        record(1),
        record(2),
        {**record(1), "id": "again", "title": "Once more", "extra": 7},
        record(3),
    ]
    run(jsonl(records), out, PLAIN)
    run(jsonl([{**record(2), "id": "later"}], "later.jsonl"), out, PLAIN)
    removed = table(out, "removed")
    assert set(removed["reason"]) <= {"duplicate", "duplicate_document"}
    whole = removed.filter(run_id="r000001")["document_id"][0]
    back = restore(Dataset(out), document=whole)
    assert (back.documents, back.paragraphs) == (1, 1)
    documents = table(out, "documents")
    assert documents["record_id"].to_list() == ["id-1", "id-2", "again", "id-3"]
    assert documents.row(2, named=True)["title"] == "Once more"
    assert documents.row(2, named=True)["metadata"] == '{"extra":7}'
    assert documents["document_id"].is_unique().all()
    swept(out)
    compact(Dataset(out))
    assert restore(Dataset(out), run="r000002").documents == 1
    assert table(out, "documents")["record_id"].to_list()[-1] == "later"
    swept(out)


def test_what_was_restored_is_not_removed_again(tmp_path: Path, jsonl: Jsonl) -> None:
    """A later run keeps the line in documents of that source; in another source it is removed as before."""
    out = tmp_path / "out"
    run(jsonl([record(1, SHARE)]), out, NO_MEMORY)
    restore(Dataset(out), reason="boilerplate")
    other = {**record(3, SHARE), "source": "morning.example"}
    none = {**record(4, SHARE), "source": None}
    run(jsonl([record(2, SHARE, story(1)), other, none], "later.jsonl"), out, NO_MEMORY)
    found = texts(out)
    assert found["id-2"] == [story(2), SHARE]
    assert (found["id-3"], found["id-4"]) == ([story(3)], [story(4)])
    swept(out)


def test_what_was_restored_is_not_shortened(tmp_path: Path, jsonl: Jsonl) -> None:
    """A later run leaves boilerplate inside restored text alone, too: shortened, it would be protected no more."""
    out, settings, line = tmp_path / "out", plain("boilerplate", "inline_boilerplate"), f"{SHARE} [pullquote]"
    run(jsonl([record(1, line)]), out, settings)
    assert table(out, "removed")["text"].to_list() == [line]
    restore(Dataset(out), reason="boilerplate")
    run(jsonl([record(2, line), record(3, "Boats sail. [pullquote]")], "later.jsonl"), out, settings)
    assert texts(out)["id-2"] == [story(2), line]
    assert texts(out)["id-3"] == [story(3), "Boats sail."]
    swept(out)


def test_a_restored_document_is_an_exception_of_its_own(tmp_path: Path, jsonl: Jsonl) -> None:
    """A document that was restored by its id keeps the line when it is read again; other documents lose it."""
    out = tmp_path / "out"
    first = jsonl([record(1, SHARE)])
    run(first, out, NO_MEMORY)
    restore(Dataset(out), document=table(out, "removed")["document_id"][0])
    later = jsonl([record(2, SHARE)], "later.jsonl")
    run(later, out, NO_MEMORY)
    assert texts(out) == {"id-1": [story(1), SHARE], "id-2": [story(2)]}
    rollback(Dataset(out), "r000001")
    run([first, later], out, NO_MEMORY)
    assert texts(out) == {"id-1": [story(1), SHARE], "id-2": [story(2)]}
    swept(out)


def test_a_restored_duplicate_is_a_witness_from_now_on(tmp_path: Path, jsonl: Jsonl) -> None:
    """Restored text is kept text like any other: in the index, protected in its source, a witness for other sources."""
    out = tmp_path / "out"
    words = story(7).split()
    near = " ".join([*words[:5], *["one", "after", "the", "other"], *words[9:]])
    further = " ".join(
        [*words[:5], *["one", "after", "the", "other"], *words[9:-6], *["and", "much", "more", "besides"]]
    )
    said = {**NO_MEMORY, "duplicate": {"same_numbers": False, "same_facts": False, "threshold": 0.75}}
    run(jsonl([record(1, story(7)), record(2, near)]), out, said)
    assert len(table(out, "removed")) == 1
    near_id = table(out, "removed")["document_id"][0]
    restore(Dataset(out), rule=table(out, "removed")["rule"][0])
    swept(out)
    stranger = {**record(3, further), "source": "morning.example"}
    run(jsonl([stranger, record(4, near)], "later.jsonl"), out, said)
    assert texts(out)["id-4"] == [story(4), near]
    removed = table(out, "removed")
    assert removed["duplicate_of_document_id"].to_list() == [near_id]
    swept(out)


def test_only_what_is_named_comes_back(tmp_path: Path, jsonl: Jsonl) -> None:
    """One line of a document that was removed whole can be restored alone; the rest of the document stays removed."""
    out = tmp_path / "out"
    run(jsonl([record(1), {**record(1, SHARE), "id": "again"}]), out, NO_MEMORY)
    assert texts(out) == {"id-1": [story(1)]}
    restore(Dataset(out), reason="boilerplate")
    assert texts(out) == {"id-1": [story(1)], "again": [SHARE]}
    swept(out)


def test_restore_wants_to_know_what(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """If nothing is named, or nothing matches, nothing is restored, and the error says so."""
    out = tmp_path / "out"
    run(jsonl([record(1, SHARE)]), out, NO_MEMORY)
    before = published(out), state(out)
    assert copydesk("restore", out).code == 2
    answer = copydesk("restore", out, "--reason", "duplicate", "--run", "r000001")
    assert answer.code == 2
    assert "nothing was removed or labelled in" in answer.err
    assert "reason = 'duplicate' and run = 'r000001'; did you mean 'boilerplate'?" in answer.err
    with pytest.raises(UsageError):
        restore(Dataset(out))
    assert (published(out), state(out)) == before


def test_a_restoration_that_is_killed_is_as_before_or_as_after(
    tmp_path: Path, jsonl: Jsonl, kill_at: Callable[..., None]
) -> None:
    """`documents` decides: either nothing is restored, or everything is, and is protected."""
    run(jsonl([record(1, SHARE), record(2, SHARE)]), tmp_path / "whole", NO_MEMORY)
    for point in ("exchange documents", "exchange removed", "exchange index", "exchange exceptions"):
        out = Path(shutil.copytree(tmp_path / "whole", tmp_path / point.split()[1]))
        kill_at(point, lambda out=out: restore(Dataset(out), reason="boilerplate"))
        swept(out)
        back = point != "exchange documents"
        assert [len(rows) for rows in texts(out).values()] == ([2, 2] if back else [1, 1])
        assert len(table(out, "removed")) == (0 if back else 2)
        assert (out / "_copydesk/exceptions/part-00000.parquet").exists() is back


def test_an_older_version_that_was_restored_stays(tmp_path: Path, jsonl: Jsonl) -> None:
    """A replaced version that was restored is not taken out again by a later run."""
    out = tmp_path / "out"
    said = NO_MEMORY | {"inputs": {"on_change": "replace"}}
    run(jsonl([record(1)]), out, said)
    run(jsonl([{**record(1), "text": story(2)}]), out, said)
    assert texts(out) == {"id-1": [story(2)]}
    restore(Dataset(out), reason="replaced")
    run(jsonl([record(3)], "later.jsonl"), out, said)
    assert sorted(table(out, "documents")["text"]) == sorted([story(1), story(2), story(3)])
    swept(out)
