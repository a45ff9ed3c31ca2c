"""Reads arrays from an xz-compressed npz file, the format of py3langid's model."""

from __future__ import annotations

import io
import lzma
import struct
from typing import Any, Final

import numpy as np

_PIECE: Final = 1 << 22  # bytes; decompressing one does not hold the global interpreter lock


def read_arrays(packed: bytes) -> dict[str, Any]:
    """The arrays by name. They are read one after the other, so that memory never holds a second copy of all."""
    arrays = {}
    with io.BufferedReader(_Unpacked(packed), _PIECE) as file:
        # one entry of the zip archive per array, stored without compression of its own
        while (entry := file.read(30)).startswith(b"PK\x03\x04"):
            name_length, extra_length = struct.unpack("<HH", entry[26:])
            name = file.read(name_length).decode()
            file.read(extra_length)
            arrays[name.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


class _Unpacked(io.RawIOBase):
    """The decompressed content of an xz file, as a stream."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._decompressor = lzma.LZMADecompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._decompressor.eof:
            return 0
        piece = self._decompressor.decompress(self._packed, len(buffer))
        self._packed = b""
        buffer[: len(piece)] = piece
        return len(piece)
