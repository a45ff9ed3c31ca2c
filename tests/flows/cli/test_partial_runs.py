"""Runs that read a part (--limit), and those that only say what they would do (--dry-run)."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import STORY, Copydesk, Jsonl, body, table


def everything_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Each path below a folder, with the size and the time of its last change."""
    stats = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


# with 2, a run ends where a file ends; with 5, runs go over the ends of two files
@pytest.mark.parametrize("limit", [2, 5, *(pytest.param(limit, marks=pytest.mark.slow) for limit in (1, 3))])
def test_limited_runs_add_up(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, limit: int) -> None:
    """Each reads the next records, over the bounds of files; together they read everything once, and it is whole."""
    given = [
        jsonl([{"text": body(n)} for n in range(4)], "a.jsonl"),
        jsonl([{"text": 5}, {"text": body(4)}, {"text": 5}, {"text": body(6)}], "b.jsonl"),
        tmp_path / "c.txt",
    ]
    given[2].write_text(STORY)
    out = tmp_path / "out"
    for number in range(1, 10):
        answer = copydesk("run", *given, "-o", out, "--limit", limit)
        assert answer.code == 0
        read = len(table(out, "documents")) + len(table(out, "rejected"))
        assert read == min(number * limit, 9)
        assert ("the next run reads the rest" in answer.out) is (read < 9)
        if read == 9:
            break
    assert f"stopped after {limit} new record" in answer.out or read == 9
    assert sorted(table(out, "documents")["text"]) == sorted([*(body(n) for n in (0, 1, 2, 3, 4, 6)), STORY])
    assert "nothing new" in copydesk("run", *given, "-o", out).out
    assert copydesk("verify", out).code == 0


def test_a_limit_that_is_not_reached_is_none(copydesk: Copydesk, story: Path, tmp_path: Path) -> None:
    """Nothing is said of it, and nothing is left."""
    answer = copydesk("run", story, "-o", tmp_path / "out", "--limit", 1)
    assert "all is well" in answer.out
    assert "nothing new" in copydesk("run", story, "-o", tmp_path / "out", "--limit", 1).out
    assert copydesk("run", story, "-o", tmp_path / "out", "--limit", 0).code == 2


def test_a_dry_run_writes_nothing(
    copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file or folder is made, changed or left, neither where a dataset is nor where none is."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    path = jsonl([{"text": body(1)}, {"text": body(1)}, {"text": 5}])
    before = everything_below(tmp_path)
    answer = copydesk("run", path, "-o", tmp_path / "out", "--dry-run")
    assert answer.code == 0
    assert everything_below(tmp_path).keys() == before.keys()
    copydesk("run", path, "-o", tmp_path / "out")
    more = jsonl([{"text": body(1)}, {"text": body(2)}], "more.jsonl")
    before = everything_below(tmp_path / "out")
    answer = copydesk("run", path, more, "-o", tmp_path / "out", "--dry-run")
    assert everything_below(tmp_path / "out") == before
    assert list(temporary.iterdir()) == []
    assert "2 inputs, 1 of them new or changed; nothing was written" in answer.out


def test_a_dry_run_says_what_the_run_then_does(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """The same table, rejections and waits; duplicates of earlier runs are among what would be removed."""
    out = tmp_path / "out"
    copydesk("run", jsonl([{"text": body(1)}], "old.jsonl"), "-o", out)
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    given = [jsonl([{"text": body(1)}, {"text": body(2)}, {"body": 7}]), tmp_path / "photo.png"]
    dry = copydesk("run", *given, "-o", out, "--dry-run").out
    real = copydesk("run", *given, "-o", out).out
    assert "  jsonl: 1 file, " in dry
    assert "  image: 1 file, 208 bytes, rejected\n" in dry
    assert "what would be removed, of all of it:" in dry

    def said(text: str) -> list[str]:
        lines = text[text.index("documents  paragraphs") :].split("dataset:")[0].splitlines()
        return [line for line in lines if "MB/s" not in line]

    assert said(dry) == said(real)
    assert any(line.split()[:1] == ["duplicate"] for line in said(dry))
    assert "nothing was written" in copydesk("run", *given, "-o", out, "--dry-run").out


def test_a_dry_run_looks_at_a_sample(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """As many records as --limit says, which it says; all files are counted."""
    given = [jsonl([{"text": body(n)} for n in range(5)], name) for name in ("a.jsonl", "b.jsonl")]
    answer = copydesk("run", *given, "-o", tmp_path / "out", "--dry-run", "--limit", 3)
    assert "  jsonl: 2 files, " in answer.out
    assert "of the first 3 new records; --limit N looks at more:" in answer.out
    assert "3 documents" in answer.out


def test_a_strict_dry_run_names_no_table(copydesk: Copydesk, jsonl: Jsonl, tmp_path: Path) -> None:
    """It exits with 1 if an input would be rejected, and leads to no table, as none is written."""
    (tmp_path / "empty.txt").touch()
    given = jsonl([{"text": STORY}]), tmp_path / "empty.txt"
    answer = copydesk("run", *given, "-o", tmp_path / "out", "--dry-run", "--strict")
    assert answer.code == 1
    assert answer.err.splitlines()[-1] == "copydesk: 1 input would be rejected"


def test_a_dry_run_of_nothing(copydesk: Copydesk, tmp_path: Path) -> None:
    """A glob that matches nothing, and an input that is missing."""
    answer = copydesk("run", tmp_path / "*.txt", "-o", tmp_path / "out", "--dry-run")
    assert (answer.code, answer.out) == (
        0,
        "dry run: 0 inputs, 0 of them new or changed; nothing was written\n",
    )
    assert copydesk("run", tmp_path / "a", "-o", tmp_path / "out", "--dry-run").code == 2
