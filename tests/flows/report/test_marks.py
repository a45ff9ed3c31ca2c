"""A file of marks may come from anywhere: what is wrong in it is named, entry by entry, and then nothing counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.errors import UsageError
from flows.report import marks as module
from flows.report.marks import read_marks

MARK: dict[str, Any] = {
    "document_id": "ab" * 16,
    "position": 3,
    "reason": "boilerplate",
    "rule": "share bar",
    "mark": "wrong",
}


def file_of(path: Path, *marks: object, **other: object) -> Path:
    """A file of these marks, with other keys as given."""
    content = {"format": 1, "dataset": "/data/news", "run": "r000001", "marks": list(marks), **other}
    path.write_text(json.dumps(content))
    return path


def test_marks_are_read(tmp_path: Path) -> None:
    """A row for each removal; the same mark twice is one, and keys of later versions do no harm."""
    path = file_of(
        tmp_path / "marks.json", MARK, MARK, {**MARK, "position": 4, "mark": "right", "note": "x"}, more=1
    )
    assert read_marks(path).rows() == [
        ("r000001", "ab" * 16, 3, "boilerplate", "share bar", "wrong"),
        ("r000001", "ab" * 16, 4, "boilerplate", "share bar", "right"),
    ]
    assert read_marks(file_of(tmp_path / "none.json")).is_empty()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mark": "wrogn"}, "marks[1].mark: input should be 'wrong' or 'right', not 'wrogn'"),
        ({"position": -1}, "marks[1].position: input should be greater than or equal to 0, not -1"),
        ({"position": "3"}, "marks[1].position: input should be a valid integer, not '3'"),
        ({"position": 2**32}, "marks[1].position: "),
        ({"position": True}, "marks[1].position: "),
        ({"document_id": None}, "marks[1].document_id: "),
        ({"document_id": ""}, "marks[1].document_id: "),
        ({"reason": ["x"]}, "marks[1].reason: "),
        ({"rule": "x" * 2_000}, "marks[1].rule: "),
        ({"mark": "\x1b]0;pwned\x07"}, "pwned"),
        ({"mark": "right"}, "marks[0] and marks[1] contradict each other"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """The message has the file, the entry, its key, and what is wrong, as printable text."""
    path = file_of(tmp_path / "marks.json", MARK, {**MARK, **change})
    with pytest.raises(UsageError) as error:
        read_marks(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\x1b" not in str(error.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """Each entry that lacks it has a line, up to ten."""
    short = {key: value for key, value in MARK.items() if key != "rule"}
    with pytest.raises(UsageError) as error:
        read_marks(file_of(tmp_path / "marks.json", *[short] * 12))
    lines = str(error.value).splitlines()
    assert lines[0].endswith("marks.json: marks[0].rule: field required")
    assert lines[-1] == "... and 2 more"
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a file of marks"),
        (b"\xff\xfe", "is not a file of marks"),
        (b"[" * 100_000, "is not a file of marks"),
        (b"[]", "is not a file of marks"),
        (b'{"format": 2, "dataset": "", "run": "r000001", "marks": []}', "format: input should be 1, not 2"),
        (b'{"format": 1, "dataset": "", "run": "first", "marks": []}', "run: string should match"),
        (b'{"format": 1, "dataset": "", "run": "r000001", "marks": {}}', "marks: "),
    ],
)
def test_what_is_no_file_of_marks(tmp_path: Path, content: bytes, message: str) -> None:
    """Another file, another format, a broken one: an error of the user's, never a bug."""
    path = tmp_path / "marks.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        read_marks(path)


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is read."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_marks(tmp_path / "none.json")
    monkeypatch.setattr(module, "_LARGEST", 10)
    with pytest.raises(UsageError, match="has over 10 bytes"):
        read_marks(file_of(tmp_path / "marks.json", MARK))


def test_a_device_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no size is read as far as a file of marks may be long."""
    monkeypatch.setattr(module, "_LARGEST", 10)
    with pytest.raises(UsageError, match="has over 10 bytes"):
        read_marks(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors put one before the text of a file that was saved again."""
    path = file_of(tmp_path / "marks.json", MARK)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_marks(path)) == 1
