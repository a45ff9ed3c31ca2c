"""Texts for runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flows.dataset.tables import TABLES
from support import ROOT

ARTICLES = ROOT / "seeds" / "articles"
STORY = (
    "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said, while its bearings "
    "are replaced and the control room is rewired."
)


def digests(out: Path) -> dict[str, str]:
    """A checksum of every published file."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in TABLES
        for path in sorted((out / name).rglob("*.parquet"))
    }


HARBOUR = (
    "The harbour board said on Monday that the old crane will be taken down before the winter storms come."
)
CHOIR = "A choir of forty children sang in the square while the mayor lit the lamps along the river."
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
