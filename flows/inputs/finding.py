"""The input files meant by the arguments of a run: files, folders, globs and URLs."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flows.errors import InputMissing, UsageError
from flows.inputs.compression import describe
from flows.inputs.formats import format_of
from flows.inputs.reader import Input

if TYPE_CHECKING:
    import fsspec

_MAGIC: Final = re.compile(r"[*?[]")
_NUMBER: Final = re.compile(r"([0-9]+)")


def find(
    given: Sequence[str],
    *,
    exclude: Path | None = None,
    is_dataset: Callable[[str], bool] = lambda _folder: False,
) -> list[Input]:
    """The files that `given` refers to, in its order; a file named twice keeps its first place.

    A folder stands for all files in it and in its subfolders, links included, in natural path order ("2" before "10").
    Hidden files, folders for which `is_dataset` is true, and `exclude` are skipped. A glob (`*`, `?`, `[...]`, `**`)
    stands for what it matches, which may be nothing. A name with `://` is a URL for fsspec, except that `file://` is a
    local path. Raises InputMissing if an input does not exist, and UsageError if it is a dataset, lies in `exclude`, or
    is a URL that cannot be used.
    """
    found: dict[str, Input] = {}
    skipped = _Skipped(os.path.realpath(exclude) if exclude is not None else None, is_dataset)
    for name in given:
        for one in _files_for(name, skipped):
            found.setdefault(one.uri, one)
    return list(found.values())


class _Skipped(NamedTuple):
    """The folders that are not read."""

    excluded: str | None  # a real path
    is_dataset: Callable[[str], bool]


def natural(path: str) -> list[tuple[list[str | int], str]]:
    """A sort key that orders paths folder by folder, and numbers within names by value.

    >>> sorted(["10.txt", "9/b.txt", "2.txt"], key=natural)
    ['2.txt', '9/b.txt', '10.txt']
    """
    return [(_chunks(part), part) for part in path.split("/")]


def _chunks(name: str) -> list[str | int]:
    """A name split into text and numbers, alternating."""
    chunks: list[str | int] = list(_NUMBER.split(name))
    chunks[1::2] = map(int, chunks[1::2])
    return chunks


def _files_for(name: str, skipped: _Skipped) -> Iterable[Input]:
    if not name:
        raise UsageError("an INPUT is empty; is a shell variable not set?")
    if name.startswith(("file://", "local://")):
        name = name.partition("://")[2]
    if "://" in name:
        return _remote(name)
    path = os.path.abspath(name)  # noqa: PTH100  (resolve() would follow links)
    if os.path.lexists(path):
        if _within(path, skipped.excluded):
            raise UsageError(f"{name} is in the output folder, which is never read")
        if skipped.is_dataset(path):
            raise UsageError(f"{name} is a copydesk dataset; to use it as input, name its folder `documents`")
        return _below(path, skipped)
    if _MAGIC.search(name):
        matches = sorted(glob.glob(path, recursive=True), key=natural)  # noqa: PTH207  (of an absolute path)
        return (
            i for match in matches if not _within(match, skipped.excluded) for i in _below(match, skipped)
        )
    raise InputMissing(f"{name} does not exist")


def _within(path: str, excluded: str | None) -> bool:
    if excluded is None:
        return False
    return (os.path.realpath(path) + os.sep).startswith(excluded.rstrip(os.sep) + os.sep)


def _below(path: str, skipped: _Skipped) -> Iterator[Input]:
    """The file at `path`, or the files of the folder at `path`."""
    try:
        status = Path(path).stat()
    except OSError as error:
        yield _unreadable(path, describe(error))
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _folder(path, skipped, ())
    else:
        yield _file(path, status)


def _folder(path: str, skipped: _Skipped, above: tuple[str, ...]) -> Iterator[Input]:
    """The files of a folder; `above` are the real paths of the folders that it was reached through."""
    real = os.path.realpath(path)
    if skipped.is_dataset(real):
        return
    if real in above or _within(real, skipped.excluded):
        return  # a link to one of its own parents would never end
    try:
        with os.scandir(path) as scanned:
            entries = sorted(
                (e for e in scanned if not e.name.startswith(".")), key=lambda e: natural(e.name)
            )
    except OSError as error:
        yield _unreadable(path, describe(error))
        return
    for entry in entries:
        try:
            status = entry.stat()
        except OSError as error:
            yield _unreadable(entry.path, describe(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _folder(entry.path, skipped, (*above, real))
        else:
            yield _file(entry.path, status)


def _file(path: str, status: os.stat_result) -> Input:
    if not stat.S_ISREG(status.st_mode):
        return _unreadable(path, "cannot be read: it is not a regular file")
    found, compression, problem = format_of(path.rpartition("/")[2])
    return Input(_uri(path), status.st_size, status.st_mtime_ns, found, path, compression, problem)


def _unreadable(path: str, problem: str) -> Input:
    return Input(_uri(path), 0, 0, None, path, problem=problem)


def _uri(path: str) -> str:
    """The path as text; bytes that are not UTF-8 are escaped."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def _remote(url: str) -> list[Input]:
    """The files behind a URL of any storage that fsspec supports."""
    from fsspec.core import url_to_fs

    if "::" in url:
        raise UsageError(f"{url}: chained URLs are not supported")
    try:
        storage, path = url_to_fs(url)
        if storage.isfile(path):
            found = {path: storage.info(path)}
        elif _MAGIC.search(path):
            found = {p: i for p, i in storage.glob(path, detail=True).items() if i["type"] == "file"}
        elif storage.isdir(path):
            found = storage.find(path, detail=True)
            hidden = re.compile(r"(?:^|/)\.")
            found = {p: i for p, i in found.items() if not hidden.search(p.removeprefix(path))}
        else:
            raise InputMissing(f"{url} does not exist")
    except (ImportError, ValueError, OSError) as error:
        raise UsageError(f"{url}: {error}") from error
    return [_remote_file(storage, p, found[p]) for p in sorted(found, key=natural)]


def _remote_file(storage: fsspec.AbstractFileSystem, path: str, info: dict[str, Any]) -> Input:
    url = str(storage.unstrip_protocol(path))
    size = int(info.get("size") or 0)
    found, compression, problem = format_of(path.rpartition("/")[2])
    return Input(url, size, _modified(info), found, url, compression, problem)


def _modified(info: dict[str, Any]) -> int:
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return int(value.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return int(value * 1_000_000) * 1000
    return 0
