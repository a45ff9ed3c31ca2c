"""The files of a table, for readers of a dataset on this machine or behind a URL."""

from __future__ import annotations

from pathlib import Path

from flows.dataset.dataset import Dataset
from flows.dataset.remote import local_folder, url_of
from flows.dataset.tables import TABLES
from flows.errors import UsageError


def files_of(dataset: str | Path, table: str) -> list[str]:
    """The part files of a table as the dataset is now: paths, or URLs of a dataset behind a URL.

    Raises UsageError if there is no such dataset or table, and CopydeskError if the storage cannot be read.
    """
    if table not in TABLES:
        raise UsageError(f"there is no table {table!r}: there are {', '.join(TABLES)}")
    url = url_of(dataset)
    if url is None:
        local = Dataset(local_folder(dataset))
        if not local.exists():
            raise UsageError(f"{dataset} is not a copydesk dataset")
        return [str(path) for path in local.parts(table)]
    # brings fsspec
    from flows.dataset.remote.commits import NOTHING, newest
    from flows.dataset.remote.store import open_store

    store = open_store(url)
    commit = newest(store)
    if commit is NOTHING:
        raise UsageError(f"{url} is not a copydesk dataset")
    return [
        store.url_of(one.key) for path, one in sorted(commit.files.items()) if path.startswith(f"{table}/")
    ]
