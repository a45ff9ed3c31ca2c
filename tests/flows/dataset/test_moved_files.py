"""Files that are moved keep their documents; copies are new documents."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from small_runs import plain_run as run
from support import json_lines, table

from .stories import STORIES, ends


def test_a_moved_file_is_known(tmp_path: Path) -> None:
    """Known content in a new place is no new document if the old place is empty; records added there are new."""
    out, old, new = tmp_path / "out", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    old.write_bytes(json_lines({"text": STORIES[0]}))
    run([old], out)
    old.rename(new)
    assert run([new], out).run_id is None
    assert run([new], out).read == 0
    new.write_bytes(json_lines({"text": STORIES[0]}, {"text": STORIES[1]}))
    run([new], out)
    assert ends(out) == ["a.jsonl#1", "b.jsonl#2"]
    third = tmp_path / "c.jsonl"
    new.rename(third)
    third.write_bytes(json_lines({"text": STORIES[2]}, {"text": STORIES[0]}, {"text": STORIES[1]}))
    assert (
        run([third], out).counts.documents == 3
    )  # moved and changed at once: nothing shows that it was another


def test_a_moved_file_that_is_rewritten_knows_its_records(tmp_path: Path) -> None:
    """Records that were read under former names are known under the new name."""
    out = tmp_path / "out"
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    paths[0].write_bytes(json_lines({"text": STORIES[0]}))
    run(paths[:1], out)
    for old, new in pairwise(paths):
        old.rename(new)
        run([new], out)
    paths[2].write_bytes(json_lines({"text": STORIES[1]}, {"text": STORIES[0]}))
    run(paths[2:], out)
    assert ends(out) == ["a.jsonl#1", "c.jsonl#1"]


def test_a_copied_file_is_another_document(tmp_path: Path) -> None:
    """Known content in a new place is another document if there is still a file in the old place."""
    out, old, new = tmp_path / "out", tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text(STORIES[0])
    run([old], out)
    new.write_text(STORIES[0])
    run([old, new], out)
    assert ends(out, "removed") == ["b.txt"]
    assert table(out, "removed")["reason"].to_list() == ["duplicate"]


def test_a_copy_of_a_moved_file_is_another_document(tmp_path: Path) -> None:
    """A file is moved only once: neither a copy of it nor a second file with the same bytes counts as moved."""
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
    """Of two new files with the bytes of one that is gone, the first counts as moved; the other is a new document."""
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
