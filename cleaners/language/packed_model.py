"""Arrays out of an npz file that was packed as xz, as the model of py3langid comes."""

from __future__ import annotations

import io
import lzma
import struct
from typing import Any, Final

import numpy as np

_PIECE: Final = 1 << 22  # bytes; each is unpacked without the interpreter's lock


def read_arrays(packed: bytes) -> dict[str, Any]:
    """The arrays by their names, read one after the other, so that no second copy of them is ever in memory."""
    arrays = {}
    with io.BufferedReader(_Unpacked(packed), _PIECE) as file:
        # an entry of a zip archive, its array not compressed a second time
        while (entry := file.read(30)).startswith(b"PK\x03\x04"):
            name_length, extra_length = struct.unpack("<HH", entry[26:])
            name = file.read(name_length).decode()
            file.read(extra_length)
            arrays[name.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


class _Unpacked(io.RawIOBase):
    """What a packed file holds."""

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
