"""Parts that are checked when they are read, each once: those of which a run reads some, not all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.dataset.checksums import checksum_in
from flows.dataset.damage import require_part
from flows.dataset.layout import Layout, Span
from flows.dataset.manifests import read_files
from flows.dataset.segments import Part
from flows.dataset.tables import read_part

#: Kinds of state of which a run reads some parts, and checks these when it reads them.
CHECKED_WHEN_READ: Final = ("index", "line_counts")


class IntactParts:
    """The parts of a dataset that were found to be what was written."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._files: dict[str, Mapping[str, Any]] = {}
        self._seen: set[Path] = set()

    def of(self, kind: str, span: Span) -> Iterator[Part]:
        """The parts of a kind in a span of runs, in order, not checked yet.

        Raises CopydeskError if the manifest is damaged, or if a part is missing or not in the manifest.
        """
        entries = {name: entry for name, entry in self._entries(span).items() if name.startswith(f"{kind}/")}
        paths = {f"{kind}/{path.name}": path for path in self._layout.parts(kind, span)}
        for name in sorted(entries.keys() ^ paths.keys()):
            self.require(self._layout.folder(kind, span) / name.partition("/")[2], kind)
        for name, path in paths.items():
            yield Part(path, checksum_in(entries[name]), entries[name]["rows"])

    def require(self, part: Path, kind: str) -> None:
        """Raise CopydeskError if this part is not what was written."""
        if part in self._seen:
            return
        span = part.parent.name.removeprefix("run=")
        require_part(self._layout, kind, span, part.name, self._entries(span))
        self._seen.add(part)

    def checksum(self, part: Path, kind: str) -> str:
        """The checksum that this part had when it was written; the part is not read."""
        return checksum_in(self._entries(part.parent.name.removeprefix("run="))[f"{kind}/{part.name}"])

    def read(self, part: Part, kind: str) -> pl.DataFrame:
        """The rows of a part; raises CopydeskError if it is not what was written."""
        self.require(part.path, kind)
        return read_part(part.path)

    def _entries(self, span: Span | str) -> Mapping[str, Any]:
        if str(span) not in self._files:
            self._files[str(span)] = read_files(self._layout, span)
        return self._files[str(span)]
