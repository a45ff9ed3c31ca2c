"""Files of arrays that are looked into at a few places, and found to be what was written wherever they are read.

A file has its arrays one after the other, each from a multiple of 64 bytes on, and in the end the checksum of each
block of 8 KiB. What describes the arrays, and the checksum of these checksums, are in a sealed JSON file beside it,
which is written last: its existence shows that both are complete.

A block is compared with its checksum when something in it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import xxhash
from numpy.lib.format import dtype_to_descr
from numpy.typing import NDArray

from cleaners.kernels import I64, U8, U64
from flows.dataset.checksums import read_json, write_json
from flows.dataset.tables import sync, whole_file

BLOCK: Final = 1 << 13
#: Blocks that are read, and not mapped into memory.
FEW_BLOCKS: Final = 1 << 13
_ALIGNED: Final = 64

Array = NDArray[Any]


class ArrayWriter:
    """Writes a file of arrays, each in pieces, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._described: dict[str, dict[str, Any]] = {}
        self._at = 0

    def write(self, name: str, piece: Array) -> None:
        """Add a piece, of one dimension, to the array of this name; it must be the last one, or a new one."""
        one = self._described.get(name)
        if one is None:
            padding = -self._at % _ALIGNED
            self._file.write(bytes(padding))
            self._at += padding
            one = self._described[name] = {"dtype": dtype_to_descr(piece.dtype), "length": 0, "at": self._at}
        piece.tofile(self._file)
        one["length"] += len(piece)
        self._at += piece.nbytes

    def description(self, sums: U64) -> dict[str, Any]:
        """What is written beside the file."""
        return {"arrays": self._described, "bytes": self._at, "blocks": _digest(sums)}


@contextmanager
def writing_arrays(path: Path, details: Mapping[str, Any]) -> Iterator[ArrayWriter]:
    """Write a file of arrays durably, with `details`, which JSON can hold. Raises OSError if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        with partial.open("wb") as file:
            writer = ArrayWriter(file)
            yield writer
        with partial.open("rb") as file:
            blocks = iter(lambda: file.read(BLOCK), b"")
            sums = np.fromiter((xxhash.xxh3_64_intdigest(block) for block in blocks), np.uint64)
        with partial.open("ab") as file:
            file.write(sums.tobytes())
        sync(partial)
    write_json(_description(path), {**writer.description(sums), "details": dict(details)})


def _description(path: Path) -> Path:
    return path.with_suffix(".json")


def _digest(sums: U64) -> str:
    return xxhash.xxh3_128_hexdigest(sums.tobytes())


def remove_arrays(path: Path) -> None:
    """Remove a file of arrays and its description, which goes first."""
    _description(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


class ArrayFile:
    """A file of arrays that is read here and there."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError if there is none, ValueError if it is damaged or incomplete."""
        content = read_json(_description(path))
        self.path = path
        try:
            self.details: dict[str, Any] = content["details"]
            size = int(content["bytes"])
            blocks = -(-size // BLOCK)
            if path.stat().st_size != size + 8 * blocks:
                raise ValueError("it has another size")
            data = np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)
            self._data: U8 = np.asarray(data)[:size]
            with path.open("rb") as file:
                file.seek(size)
                self._sums: U64 = np.frombuffer(file.read(), np.uint64)
            if _digest(self._sums) != content["blocks"]:
                raise ValueError("its checksums are not what was written")
            dtypes = {name: _dtype(one["dtype"]) for name, one in content["arrays"].items()}
            self._arrays: dict[str, Array] = {
                name: self._data[one["at"] :][: one["length"] * dtypes[name].itemsize].view(dtypes[name])
                for name, one in content["arrays"].items()
            }
            self._starts: dict[str, int] = {name: one["at"] for name, one in content["arrays"].items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error

    def whole(self, name: str) -> Array:
        """An array, mapped into memory. Raises ValueError if it is not what was written."""
        array = self._arrays[name]
        self._require_mapped(self._blocks(name, np.zeros(1, np.int64), np.array([len(array)])))
        return array

    def piece(self, name: str, start: int, stop: int) -> Array:
        """The elements of a range of an array. Raises ValueError if they are not what was written."""
        elements, firsts = self.ranges(name, np.array([start]), np.array([stop]))
        return elements[int(firsts[0]) :][: stop - start]

    def ranges(self, name: str, starts: I64, stops: I64) -> tuple[Array, I64]:
        """(elements, firsts): those of some ranges of an array, others between them, and where each range begins.

        A few blocks are read as they are: what is mapped into memory comes with its neighbours, which add up. Raises
        ValueError if any of them is not what was written.
        """
        array, blocks = self._arrays[name], self._blocks(name, starts, stops)
        if len(blocks) > FEW_BLOCKS:
            self._require_mapped(blocks)
            return array, starts
        read = self._read(blocks)
        places = self._starts[name] + starts * array.itemsize
        at = np.searchsorted(blocks, places // BLOCK) * BLOCK + places % BLOCK
        if _ALIGNED % array.itemsize == 0:
            return np.frombuffer(read, array.dtype), at // array.itemsize
        lengths = np.maximum(stops - starts, 0)
        elements, firsts = np.empty(int(lengths.sum()), array.dtype), np.cumsum(lengths) - lengths
        for first, length, place in zip(firsts.tolist(), lengths.tolist(), at.tolist(), strict=True):
            if length:
                elements[first : first + length] = np.frombuffer(read, array.dtype, length, place)
        return elements, firsts

    def _blocks(self, name: str, starts: I64, stops: I64) -> I64:
        """The blocks in which these ranges of an array are, in order."""
        at, width = self._starts[name], self._arrays[name].itemsize
        filled = stops > starts
        if not filled.any():
            return np.zeros(0, np.int64)
        first = (at + starts[filled] * width) // BLOCK
        last = (at + stops[filled] * width - 1) // BLOCK
        least = int(first.min())
        wanted = np.zeros(int(last.max()) - least + 2, np.int64)
        np.add.at(wanted, first - least, 1)
        np.add.at(wanted, last + 1 - least, -1)
        return np.flatnonzero(np.cumsum(wanted[:-1]) > 0) + least

    def _read(self, blocks: I64) -> bytearray:
        """These blocks, one after the other."""
        read = bytearray(len(blocks) * BLOCK)
        view, at = memoryview(read), 0
        with self.path.open("rb", buffering=0) as file:
            for run in np.split(blocks, np.flatnonzero(np.diff(blocks) > 1) + 1):
                if len(run):
                    size = min(len(run) * BLOCK, len(self._data) - int(run[0]) * BLOCK)
                    file.seek(int(run[0]) * BLOCK)
                    file.readinto(view[at : at + size])
                    for number, block in enumerate(run.tolist()):
                        start = at + number * BLOCK
                        self._require(block, view[start : min(start + BLOCK, at + size)])
                    at += len(run) * BLOCK
        return read

    def _require_mapped(self, blocks: I64) -> None:
        """Raise ValueError if one of these blocks, mapped into memory, is not what was written."""
        for block in blocks.tolist():
            self._require(block, self._data[block * BLOCK : (block + 1) * BLOCK].data)

    def _require(self, block: int, content: memoryview) -> None:
        """Raise ValueError if a block is not what was written."""
        if xxhash.xxh3_64_intdigest(content) != self._sums[block]:
            raise ValueError(f"{self.path} is damaged: its block {block} is not what was written")


def _dtype(described: str | list[list[str]]) -> np.dtype[Any]:
    """The type of the elements of an array; that of records is described by their fields, (name, type)."""
    return np.dtype(described if isinstance(described, str) else [(name, of) for name, of in described])


def array_files(folder: Path) -> Sequence[Path]:
    """The complete files of arrays in a folder, in the order of their names."""
    return sorted(path.with_suffix(".bin") for path in folder.glob("*.json"))
