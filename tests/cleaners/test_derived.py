"""Values that are kept on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners import derived as module
from cleaners.derived import KEPT_FILES, derived


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that is looked at."""
    monkeypatch.setattr(module, "folders", lambda: iter([tmp_path / "kept"]))
    return tmp_path / "kept"


def never() -> None:
    """What must not be called."""
    raise AssertionError("derived again")


def test_a_value_is_derived_once(folder: Path) -> None:
    """Arrays, frames and plain values come back as they were, arrays aligned and writable; nothing else is left."""
    value = {
        "array": np.arange(7, dtype=np.uint16),
        "empty": np.empty((0, 3)),
        "matrix": np.arange(12.0).reshape(3, 4),
        "frame": pl.DataFrame({"wording": ["read more"], "phrase": [[1, 2]]}),
        "text": "\udc80",
    }
    assert derived("value", "stamp", lambda: value) is value
    read: dict[str, object] = derived("value", "stamp", never)  # type: ignore[arg-type]
    assert list(read) == list(value)
    for name in ("array", "empty", "matrix"):
        array = read[name]
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(array, value[name])
        assert array.flags.writeable
        assert array.flags.aligned
    assert_frame_equal(read["frame"], value["frame"])  # type: ignore[arg-type]
    assert read["text"] == value["text"]
    assert [path.name.split(".")[0] for path in folder.iterdir()] == ["value"]


def test_what_is_written_to_an_array_stays_in_the_process() -> None:
    """The file keeps the value that was derived."""
    derived("array", "stamp", lambda: np.zeros(3))
    derived("array", "stamp", lambda: np.ones(3))[:] = 5
    assert derived("array", "stamp", lambda: np.ones(3)).tolist() == [0, 0, 0]


def test_another_stamp_is_another_value() -> None:
    """Also if the names of stamps run into each other."""
    assert derived("value", "a", lambda: 1) == 1
    assert derived("value", "b", lambda: 2) == 2
    assert derived("value", "a", lambda: 3) == 1


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with a value."""
    path = tmp_path_factory.mktemp("content") / "value"
    module._write(["a text", np.arange(100)], path)
    return path.read_bytes()


@given(st.data())
def test_a_file_that_is_cut_short_is_derived_again(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever the disk filled up; an array is never shorter than it was."""
    path = tmp_path_factory.mktemp("cut") / "value"
    size = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:size])
    try:
        text, array = module._read(path)  # type: ignore[misc]
    except Exception:
        assert size < len(content)
    else:
        assert text == "a text"
        np.testing.assert_array_equal(array, np.arange(100))


def test_a_damaged_file_is_written_anew(folder: Path) -> None:
    """Whatever it holds."""
    derived("value", "stamp", lambda: [1])
    (path,) = folder.iterdir()
    for damaged in (b"", b"copydesk derived 1\n", os.urandom(1000)):
        path.write_bytes(damaged)
        assert derived("value", "stamp", lambda: [2]) == [2]
        assert derived("value", "stamp", never) == [2]  # type: ignore[arg-type,comparison-overlap]


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is; if there is none, the value is derived each time."""
    (tmp_path / "file").touch()
    places = [tmp_path / "file" / "below", tmp_path / "second"]
    monkeypatch.setattr(module, "folders", lambda: iter(places))
    assert derived("value", "stamp", lambda: 1) == 1
    assert derived("value", "stamp", lambda: 2) == 1
    assert len(list(places[1].iterdir())) == 1
    places.pop()
    assert derived("value", "stamp", lambda: 3) == 3


def test_an_error_is_raised_and_nothing_kept(folder: Path) -> None:
    """As without a folder."""

    def refuse() -> int:
        raise ValueError("no such phrase")

    with pytest.raises(ValueError, match="no such phrase"):
        derived("value", "stamp", refuse)
    assert not folder.exists()


def test_old_files_go(folder: Path) -> None:
    """Those of earlier versions, and what was left by a process that was killed; other names stay."""
    derived("other", "stamp", lambda: 0)
    left = folder / ".value.0123.derived.abc"
    left.touch()
    os.utime(left, ns=(0, 0))
    for number in range(KEPT_FILES + 3):
        derived("value", str(number), lambda number=number: number)  # type: ignore[misc]
    kept = sorted(path.name.split(".")[0] for path in folder.iterdir())
    assert kept == ["other"] + ["value"] * KEPT_FILES


def test_folders_are_those_of_machine_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NUMBA_CACHE_DIR, the package's own, the user's."""
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    mine, packages, users = module.folders()
    assert mine == tmp_path / "mine"
    assert packages == Path(module.__file__).parent / "__pycache__"
    assert users.name == "copydesk"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert list(module.folders()) == [packages, users]


def test_a_table_of_characters_is_made_once() -> None:
    """In this process, and for all later ones; each function has a table of its own."""
    made = []

    def table() -> list[int]:
        """The table."""
        made.append("table")
        return [1]

    def other() -> list[int]:
        """Another one."""
        made.append("other")
        return [2]

    first = module.of_characters(table)
    assert first() is first()
    assert (module.of_characters(table)(), module.of_characters(other)()) == ([1], [2])
    assert made == ["table", "other"]
    assert first.__doc__ == "The table."
