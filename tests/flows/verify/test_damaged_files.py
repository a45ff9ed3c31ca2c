"""Files that are missing, cut short or damaged are found."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

from flows.dataset.tables import TABLES

from .damaging import Damage, Damages, assert_found, folder_of, pages, part_of, put_right, retell


def lose(pattern: str, messages: bool = False) -> Damage:
    """Remove files or folders, and with `messages` their entries in the manifest, too."""

    def damage(out: Path) -> None:
        for path in list(out.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        if messages:
            put_right(out)

    return damage


def scribble(out: Path) -> None:
    """A file that is no longer Parquet, with the checksum that the manifest has."""
    path = part_of(out, "removed")
    rows = len(pl.read_parquet(path))
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) - 8) + data[-4:])
    said = {
        "rows": rows,
        "bytes": len(data),
        "blake2b": hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest(),
    }
    retell(lambda manifest: manifest["files"].update({f"removed/{path.name}": said}))(out)


def cut(out: Path) -> None:
    """A truncated file."""
    os.truncate(part_of(out, "documents"), 900)


def add(out: Path) -> None:
    """An additional file."""
    shutil.copy(part_of(out, "documents"), folder_of(out, "documents") / "more.parquet")


def forget(out: Path) -> None:
    """Without all tables and the format number."""
    for name in ("_copydesk/format.json", *TABLES):
        lose(name)(out)


def other_format(out: Path) -> None:
    """JSON without a format number."""
    (out / "_copydesk" / "format.json").write_text("5")


DAMAGED_FILES: Damages = {
    "a part missing": (lose("removed/run=r000001/part-*"), "part-00000-00000.parquet is missing"),
    "a part cut": (cut, "is not what was written"),
    "a part added": (add, "r000001: documents/more.parquet is not in the manifest"),
    "no Parquet": (scribble, "cannot be read"),
    "pages of zeros": (pages, "r000001: "),
    "no manifest": (lose("_copydesk/runs/run=r000001"), "r000001: the manifest is damaged"),
    "a part missing also in the manifest": (
        lose("removed/run=r000001", messages=True),
        "r000001: removed/part-00000-00000.parquet is missing, also in the manifest",
    ),
    "the ledger missing also in the manifest": (
        lose("_copydesk/ledger/run=r000001", messages=True),
        "r000001: ledger/part-00000.parquet is missing, also in the manifest",
    ),
    "the documents of a run": (
        lose("documents/run=r000001"),
        "removed/run=r000001 belongs to no published run",
    ),
    "no format": (lose("_copydesk/format.json"), "format.json is missing"),
    "no format and no tables": (forget, "format.json is missing"),
    "a format that says nothing": (other_format, "format.json is damaged"),
}


@pytest.mark.parametrize("name", DAMAGED_FILES)
def test_damaged_files_are_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_FILES[name], out)
