"""A storage in memory, what was published there, and steps at which it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from flows import dataset_files
from flows.dataset import remote
from flows.dataset.remote.store import Store
from flows.dataset.tables import SCHEMAS, TABLES

URL = "memory://bucket/news"
#: The calls of `Store` that reach the storage.
CALLS = ("first_level", "keys", "read", "fetch", "put", "create", "remove")


def forget() -> None:
    """Be another process: nothing is known of the working copies that this one has opened."""
    remote._OPEN.clear()


@contextmanager
def on_another_machine(patch: pytest.MonkeyPatch, cache: Path) -> Iterator[Path]:
    """Be on a machine with this cache; the folder of the working copy there."""
    with patch.context() as here:
        here.setenv("COPYDESK_CACHE", str(cache))
        mine = dict(remote._OPEN)
        forget()
        yield remote.local_folder(URL)
        forget()
        remote._OPEN.update(mine)


def objects(below: str = "/bucket/news") -> dict[str, bytes]:
    """The objects in memory."""
    storage = fsspec.filesystem("memory")
    return {path: storage.cat_file(path) for path in sorted(storage.find(below))}


def committed(url: str = URL) -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables, as a reader of the newest commit sees them."""
    return {name: _rows(dataset_files(url, name), SCHEMAS[name]) for name in TABLES}


def by_path(below: str = "/bucket/news") -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables, as a reader of the plain paths sees them."""
    found = objects(below)
    return {
        name: _rows([path for path in found if path.startswith(f"{below}/{name}/")], SCHEMAS[name])
        for name in TABLES
    }


def _rows(files: list[str], schema: Mapping[str, pl.DataType]) -> list[dict[str, Any]]:
    storage = fsspec.filesystem("memory")
    parts = [pl.read_parquet(storage.cat_file(path), hive_partitioning=False) for path in files]
    return (
        pl.concat([pl.DataFrame(schema=schema), *parts])
        .sort("run_id", *list(schema)[:2], maintain_order=True)
        .to_dicts()
    )


class Died(BaseException):
    """What stands for the end of the process."""


def failing(patch: pytest.MonkeyPatch, at: int, error: BaseException, after: bool) -> None:
    """Let the call to the storage of that number fail, before or after it did its work, and all later ones."""
    calls = 0

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > at or (calls == at and not after):
                raise error
            result = original(*arguments, **options)
            if calls == at:
                raise error
            return result

        return call

    for name in CALLS:
        patch.setattr(Store, name, wrapped(getattr(Store, name)))
