"""A dataset behind a URL: a working copy on this machine, and a log of commits on the storage.

    URL/documents/run=<id>/part-....parquet    objects with the files of the dataset, and so for all else that it has
    URL/_copydesk/commits/<number>.json        the log: which objects the dataset is (`commits`)
    URL/_copydesk/attempts/<number>-<token>    a writer that is uploading now, or died

    CACHE/<hash of the URL>/<name>/            the working copy: an ordinary dataset
        _copydesk/working_copy.json            its URL, the commit that it is a copy of, and what is not here

Every command works on the working copy, under its lock. At its beginning the copy is made to be the newest commit. At
its end, what has changed is uploaded, and a new commit is created. One rule decides in all cases: *the newest commit is
the truth*. A working copy that is ahead of it, because an upload failed or a process was killed, is put back, and the
next run reads its inputs again. The working copy can be lost: it is a cache.

Most of a dataset is not needed by a run, and is not in the working copy before somebody reads it: it is *absent*
(`working_copy.EAGER` says what is always here). Code that lists or checks parts asks for them here first (`fetch`).

In a commit are all files of a dataset but the lock, `staging`, `reports` (pages are written anew where they are asked
for), `suspects` (evidence of a crash on this machine), `postings`, `line_totals` and `references` (caches). A held run
is in it, and so are `culprits`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.dataset.names import STATE_FOLDER, WORKING_COPY_JSON
from flows.errors import UsageError

if TYPE_CHECKING:
    from flows.dataset.remote.working_copy import WorkingCopy

#: What makes a folder a working copy.
MARKER: Final = Path(STATE_FOLDER, WORKING_COPY_JSON)
#: A URL, also after `Path` has joined its slashes; a scheme of one letter would be a drive.
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+([^/].*)", re.DOTALL)
#: The beginning of a URL, as `s3://$BUCKET` is without the variable; also after `Path` has removed its slashes.
_NO_PLACE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/*")
#: The working copies that this process has opened, by their folders.
_OPEN: Final[dict[Path, WorkingCopy]] = {}


def local_folder(given: Path | str) -> Path:
    """The folder for an `--out`: itself, or the working copy for a URL, which is made if it does not exist.

    `Path` may have joined the slashes of the URL. Raises UsageError if the URL cannot be that of a dataset.
    """
    found = _URL.fullmatch(str(given))
    if found is None:
        if _NO_PLACE.fullmatch(str(given)):
            raise UsageError(f"{given} names no place: say which, such as s3://bucket/news")
        return Path(given)
    if (url := url_of(given)) is None:
        return Path(f"/{found[2]}")
    from flows.dataset.remote.opening import make_working_copy

    copy = make_working_copy(url)
    return _OPEN.setdefault(copy.root, copy).root


def url_of(given: Path | str) -> str | None:
    """The URL that names a dataset on a storage; None if a path does, which one with `file://` also is.

    >>> url_of(Path("s3://bucket/news")), url_of("file:///data/news"), url_of("/data/news")
    ('s3://bucket/news', None, None)
    """
    found = _URL.fullmatch(str(given))
    if found is None or found[1] in ("file", "local"):
        return None
    return f"{found[1]}://{re.sub('/+', '/', found[2]).rstrip('/')}"


def working_copy_in(root: Path) -> WorkingCopy | None:
    """The working copy in a folder; None if it is a dataset of its own."""
    if (copy := _OPEN.get(root)) is not None:
        return copy
    if not (root / MARKER).exists():
        return None
    from flows.dataset.remote.opening import read_working_copy

    _OPEN[root] = copy = read_working_copy(root)
    return copy


def open_to_read(root: Path) -> None:
    """Make a working copy, if the folder is one, the newest commit, unless this process has done so already."""
    if (copy := working_copy_in(root)) is not None:
        copy.open_to_read()


def fetch(*paths: Path) -> None:
    """Fetch files of a working copy that are absent, and what is absent directly in folders; elsewhere nothing is."""
    for root, copy in _OPEN.items():
        if mine := [path for path in paths if path.is_relative_to(root)]:
            copy.absent.fetch(mine)


def fetch_again(path: Path) -> bool:
    """Fetch a file of a working copy that is damaged; whether it is as it was written now."""
    for root, copy in _OPEN.items():
        if path.is_relative_to(root):
            return copy.absent.fetch_again(path)
    return False


@contextmanager
def without_fetching(root: Path) -> Iterator[None]:
    """What is absent of a working copy stays so inside the block: for what can do without."""
    copy = working_copy_in(root)
    if copy is None:
        yield
        return
    with copy.absent.without_fetching():
        yield


def name_of(root: Path) -> str:
    """The URL of a working copy, or the path of a dataset of its own: what a command of another process is given."""
    copy = working_copy_in(root)
    return str(root) if copy is None else copy.store.url


def cache_folder() -> Path:
    """Where working copies are: the folder that COPYDESK_CACHE names, or else the user's cache."""
    if given := os.environ.get("COPYDESK_CACHE"):
        return Path(given).expanduser().absolute()
    users = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(users).expanduser().absolute() / "copydesk" / "datasets"
