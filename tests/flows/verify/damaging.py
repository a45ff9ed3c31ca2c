"""A dataset with rows of every kind, and ways to damage it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from flows.dataset import write_manifest
from flows.dataset.tables import TABLES
from flows.verify import verify_folder
from small_runs import run
from support import json_lines

FERRY = (
    "The night ferry to Holm will carry no lorries until the quay wall has been shored up, the harbour board said, and "
    "hauliers were told to book the longer crossing by way of the northern islands instead."
)
BAKERS = (
    "Bakers along the canal asked the council for a later closing hour on market days, because flour barges now reach "
    "the lower lock only in the early evening, and loaves sell best while they are warm."
)
ORCHARD = (
    "An orchard that had been given up after the flood was planted again by pupils of two schools, who chose old kinds "
    "of pear and plum and will sell the fruit for the repair of the village hall."
)
MUSEUM = (
    "The clock museum opens its tower on Sunday, and visitors who climb all the steps may watch the great wheel being "
    "oiled by hand, as the keeper has done it since the works were brought over from the old mint."
)
TRAM = (
    "Tram drivers will practise on the new bridge without passengers for a fortnight, after which line four is to run "
    "across it every ten minutes, and the old loop beside the gas works will be taken up."
)
CHOIR = (
    "The choir of the rowing club sang for the first time since its boat house burned down, in a barn that a farmer "
    "had swept for it, before an audience that sat upon bales of straw and asked for three songs more."
)
COAST = (
    "A coast path that winter storms had cut was opened again on its old course, a little farther from the edge, after "
    "the parish bought two strips of meadow and volunteers set out the new stiles."
)
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "title": "Ã‰tude for a quay", "text": f"{FERRY}\n{BAKERS}\nShort.", "desk": "city"},
    {"id": "b", "text": f"{ORCHARD}\nThe cafÃ© beside it stays open.\nAdvertisement\n{MUSEUM}", "pages": 3},
    {"id": "c", "title": '"Quoted"', "text": f"{TRAM}\n\x01\x02\n{FERRY.replace('lorries', 'trucks')}"},
    {"id": "d", "text": "\x01\x02\x03"},
    {"id": "e", "text": f"{ORCHARD}\n{MUSEUM}"},
    {"id": "f", "text": ""},
    {"id": "g", "text": f"{CHOIR}\nThe naÃ¯ve plan failed."},
]
LATER: list[dict[str, Any]] = [
    {
        "id": "h",
        "text": f"{CHOIR}\n{BAKERS.replace('warm', 'fresh')}\n{'Nothing else was heard of it. ' * 20}",
    },
    {"id": "i", "text": f"{FERRY}\n{TRAM}"},
    {"id": "j", "text": COAST},
]
Frame = Callable[[pl.DataFrame], pl.DataFrame]
Damage = Callable[[Path], None]
#: Name -> what does the damage, and how the problem begins that is found.
Damages = dict[str, tuple[Damage, str]]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    """A JSONL file of the records."""
    path.write_bytes(json_lines(*records))
    return path


def two_runs(folder: Path, said: dict[str, Any] | None = None) -> Path:
    """A dataset of two runs, with rows of every kind."""
    run(write(folder / "first.jsonl", RECORDS), folder / "out", said)
    run(write(folder / "second.jsonl", LATER), folder / "out", said)
    return folder / "out"


def folder_of(out: Path, table: str, number: int = 1) -> Path:
    """The folder of a table, or of a kind of state, of a run."""
    return (out if table in TABLES else out / "_copydesk") / table / f"run=r{number:06d}"


def part_of(out: Path, table: str, number: int = 1) -> Path:
    """The one part of a table, or of a kind of state, of a run."""
    (path,) = folder_of(out, table, number).glob("part-*.parquet")
    return path


def rewrite(table: str, change: Frame, number: int = 1, lost: tuple[str, ...] = ()) -> Damage:
    """Change a part, and adapt the manifest but for its counts; `lost` are keys of the metadata to leave out."""

    def damage(out: Path) -> None:
        path = part_of(out, table, number)
        before = pl.read_parquet(path, hive_partitioning=False)
        metadata = pl.read_parquet_metadata(path)
        after = change(before)
        assert lost or list(after.schema.items()) != list(before.schema.items()) or not after.equals(before)
        kept = {key: value for key, value in metadata.items() if key not in (*lost, "ARROW:schema")}
        after.write_parquet(path, metadata=kept)
        put_right(out, number)

    return damage


def put_right(out: Path, number: int = 1) -> None:
    """Write rows, bytes and checksums of the present files into the manifest of a run."""

    def change(manifest: dict[str, Any]) -> None:
        for name in list(manifest["files"]):
            table, _, part = name.partition("/")
            path = folder_of(out, table, number) / part
            del manifest["files"][name]
            if path.exists():
                rows = pl.scan_parquet(path).select(pl.len()).collect().item()
                digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
                manifest["files"][name] = {"rows": rows, "bytes": path.stat().st_size, "blake2b": digest}

    retell(change, number)(out)


def retell(change: Callable[[dict[str, Any]], object], number: int = 1) -> Damage:
    """Change the manifest of a run."""

    def damage(out: Path) -> None:
        path = folder_of(out, "runs", number) / "run.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        write_manifest(path, manifest)

    return damage


def put(column: str, value: object, where: pl.Expr | None = None, of: int = 0) -> Frame:
    """Put a value into the row with number `of` among those for which `where` holds."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        row = frame.with_row_index().filter(True if where is None else where)["index"][of]
        new = value if isinstance(value, pl.Expr) else pl.lit(value)
        there = pl.int_range(pl.len()) == row
        return frame.with_columns(
            pl.when(there).then(new.cast(frame.schema[column])).otherwise(column).alias(column)
        )

    return change


def without(where: pl.Expr) -> Frame:
    """Leave out the rows for which `where` holds."""
    return lambda frame: frame.filter(~where)


def last_of_all(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in reverse order."""
    return frame.reverse()


def first_again(frame: pl.DataFrame) -> pl.DataFrame:
    """The first row twice."""
    return pl.concat([frame[:1], frame])


DUPLICATE = pl.col("reason") == "duplicate"


def pages(out: Path) -> None:
    """A file with a valid footer and damaged pages."""
    path = part_of(out, "documents")
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(400) + data[404:])
    put_right(out)


def assert_found(damage: tuple[Damage, str], out: Path) -> None:
    """Do the damage, and check that `verify` finds it."""
    do, said = damage
    do(out)
    problems = list(verify_folder(out))
    assert any(said in problem for problem in problems), problems
