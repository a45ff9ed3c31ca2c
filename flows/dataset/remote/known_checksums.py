"""The checksums of the files of a working copy, computed once for each state of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flows.dataset.checksums import checksum


class Stamp(NamedTuple):
    """What shows that a file has not changed since its checksum was computed; a hard link has the same."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of a file with this status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class KnownChecksums:
    """The checksums of files below `root` that have been computed."""

    def __init__(self, root: Path, saved: Iterable[Iterable[Any]]) -> None:
        """`saved` are the values of `to_save`."""
        self._root = root
        self._known = {Stamp(*stamp): str(digest) for *stamp, digest in saved}

    def of(self, path: str, status: os.stat_result) -> str:
        """The checksum of a file, which is computed only if the file is another one than before."""
        stamp = Stamp.of(status)
        if stamp not in self._known:
            self._known[stamp] = checksum(self._root / path)
        return self._known[stamp]

    def note(self, path: str, digest: str) -> None:
        """Note the checksum of a file that is known already."""
        self._known[Stamp.of((self._root / path).stat())] = digest

    def to_save(self, files: Mapping[str, os.stat_result]) -> dict[str, list[Any]]:
        """Of each of these files whose checksum is known, its stamp and that."""
        stamps = {path: Stamp.of(status) for path, status in files.items()}
        return {path: [*stamp, self._known[stamp]] for path, stamp in stamps.items() if stamp in self._known}
