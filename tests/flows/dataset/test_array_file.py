"""Files of arrays: what is read of them is what was written, or an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.dataset import array_file
from flows.dataset.array_file import BLOCK, ArrayFile, array_files, remove_arrays, writing_arrays

NUMBERS = np.arange(3 * BLOCK, dtype=np.uint16)
WORDS = np.arange(5, dtype=np.uint64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two arrays, the first in two pieces."""
    path = tmp_path / "a.bin"
    with writing_arrays(path, {"made": "for a test"}) as file:
        file.write("numbers", NUMBERS[:7])
        file.write("numbers", NUMBERS[7:])
        file.write("words", WORDS)
    return path


def test_arrays_are_read_as_they_were_written(path: Path) -> None:
    """Whole, and in ranges; the details, too."""
    file = ArrayFile(path)
    assert file.details == {"made": "for a test"}
    assert np.array_equal(file.whole("numbers"), NUMBERS)
    assert np.array_equal(file.whole("words"), WORDS)
    starts, stops = np.array([20_000, 5, 9, 4090]), np.array([20_003, 6, 9, 12_300])
    some, firsts = file.ranges("numbers", starts, stops)
    for first, start, stop in zip(firsts.tolist(), starts.tolist(), stops.tolist(), strict=True):
        assert some[first : first + stop - start].tolist() == list(range(start, stop))


def test_an_empty_array_is_one(tmp_path: Path) -> None:
    """A file may have nothing in it."""
    with writing_arrays(tmp_path / "a.bin", {}) as file:
        file.write("none", np.zeros(0, np.uint32))
    assert len(ArrayFile(tmp_path / "a.bin").whole("none")) == 0


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("at", [0, BLOCK, 2 * len(NUMBERS) - 1, 2 * len(NUMBERS) + 8])
def test_a_changed_byte_is_found_where_it_is_read(
    path: Path, at: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks that were not changed can still be read; whether they are mapped into memory or not."""
    monkeypatch.setattr(array_file, "FEW_BLOCKS", few)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    file = ArrayFile(path)
    name, place = ("numbers", at // 2) if at < 2 * len(NUMBERS) else ("words", 1)
    with pytest.raises(ValueError, match="is not what was written"):
        file.ranges(name, np.array([place]), np.array([place + 1]))
    far = np.array([(place + 2 * BLOCK) % len(NUMBERS)])
    elements, (first,) = file.ranges("numbers", far, far + 1)
    assert elements[first] == NUMBERS[far[0]]


@pytest.mark.parametrize("damage", ["a checksum", "shorter", "longer", "the description", "no description"])
def test_a_damaged_file_is_not_opened(path: Path, damage: str) -> None:
    """Whatever is wrong with the checksums themselves, the size, or the description."""
    data = path.read_bytes()
    match damage:
        case "a checksum":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "shorter":
            path.write_bytes(data[:-8])
        case "longer":
            path.write_bytes(data + bytes(8))
        case "the description":
            description = path.with_suffix(".json")
            description.write_text(description.read_text().replace("for a test", "for no test"))
        case _:
            path.with_suffix(".json").unlink()
    with pytest.raises((ValueError, FileNotFoundError)):
        ArrayFile(path)


def test_a_file_that_was_cut_short_is_none(tmp_path: Path) -> None:
    """After an exception nothing has appeared; what is removed is gone with its description."""

    def fail() -> None:
        with writing_arrays(tmp_path / "a.bin", {}) as file:
            file.write("words", WORDS)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert array_files(tmp_path) == []
    with writing_arrays(tmp_path / "b.bin", {}) as file:
        file.write("words", WORDS)
    assert array_files(tmp_path) == [tmp_path / "b.bin"]
    remove_arrays(tmp_path / "b.bin")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
