"""What the command was given, as input files: files, folders, globs and URLs."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.errors import InputMissing, UsageError
from flows.inputs.compression import told
from flows.inputs.formats import Format, Input, format_of

if TYPE_CHECKING:
    import fsspec

_MAGIC: Final = re.compile(r"[*?[]")
_NUMBER: Final = re.compile(r"([0-9]+)")


def find(given: Sequence[str], *, exclude: Path | None = None) -> list[Input]:
    """The files that are meant by `given`, in its order; one that is named twice counts where it is named first.

    A folder stands for all its files, those of folders in it and behind links included, in natural path order ("2"
    before "10"), but for hidden ones, those of datasets of copydesk's, and those in `exclude`. A glob (`*`, `?`,
    `[...]`, `**`) stands for what it matches, which may be nothing. A name with `://` is a URL for fsspec, `file://` a
    local path. Raises InputMissing for what does not exist, and UsageError for what is a dataset, lies in `exclude` or
    is a URL that cannot be used.
    """
    found: dict[str, Input] = {}
    shut = os.path.realpath(exclude) if exclude is not None else None
    for name in given:
        for one in _meant(name, shut):
            found.setdefault(one.uri, one)
    return list(found.values())


def natural(path: str) -> list[tuple[list[str | int], str]]:
    """A sort key that puts paths in the order of their folders, and numbers in names in that of their value.

    >>> sorted(["10.txt", "9/b.txt", "2.txt"], key=natural)
    ['2.txt', '9/b.txt', '10.txt']
    """
    return [(_chunks(part), part) for part in path.split("/")]


def _chunks(name: str) -> list[str | int]:
    """What is between the numbers of a name, and the numbers, by turns."""
    chunks: list[str | int] = list(_NUMBER.split(name))
    chunks[1::2] = map(int, chunks[1::2])
    return chunks


def _meant(name: str, shut: str | None) -> Iterable[Input]:
    if not name:
        raise UsageError("an INPUT is empty: is a variable not set?")
    if name.startswith(("file://", "local://")):
        name = name.partition("://")[2]
    if "://" in name:
        return _remote(name)
    path = os.path.abspath(name)  # noqa: PTH100  (resolve() would follow links)
    if os.path.lexists(path):
        if _within(path, shut):
            raise UsageError(f"{name} lies in the output folder, which is never read")
        if _is_dataset(path):
            raise UsageError(
                f"{name} is a dataset of copydesk; to read it again, name its folder `documents`"
            )
        return _below(path, shut)
    if _MAGIC.search(name):
        matches = sorted(glob.glob(path, recursive=True), key=natural)  # noqa: PTH207  (of an absolute path)
        return (i for match in matches if not _within(match, shut) for i in _below(match, shut))
    raise InputMissing(f"{name} does not exist")


def _is_dataset(path: str) -> bool:
    return Path(path, "_copydesk", "format.json").exists()


def _within(path: str, shut: str | None) -> bool:
    return shut is not None and (os.path.realpath(path) + os.sep).startswith(shut.rstrip(os.sep) + os.sep)


def _below(path: str, shut: str | None) -> Iterator[Input]:
    """The file at `path`, or the files of the folder at `path`."""
    try:
        status = Path(path).stat()
    except OSError as error:
        yield _unreadable(path, told(error))
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _folder(path, shut, ())
    else:
        yield _file(path, status)


def _folder(path: str, shut: str | None, above: tuple[str, ...]) -> Iterator[Input]:
    """The files of a folder that lies in the folders `above`."""
    real = os.path.realpath(path)
    if _is_dataset(real):
        return
    if real in above or _within(real, shut):
        return  # a link to a folder that holds it has no end
    try:
        with os.scandir(path) as scanned:
            entries = sorted(
                (e for e in scanned if not e.name.startswith(".")), key=lambda e: natural(e.name)
            )
    except OSError as error:
        yield _unreadable(path, told(error))
        return
    for entry in entries:
        try:
            status = entry.stat()
        except OSError as error:
            yield _unreadable(entry.path, told(error))
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _folder(entry.path, shut, (*above, real))
        else:
            yield _file(entry.path, status)


def _file(path: str, status: os.stat_result) -> Input:
    if not stat.S_ISREG(status.st_mode):
        return _unreadable(path, "cannot be read: it is no regular file")
    return Input(_uri(path), status.st_size, status.st_mtime_ns, format_of(path.rpartition("/")[2]), path)


def _unreadable(path: str, problem: str) -> Input:
    return Input(_uri(path), 0, 0, Format("", "", problem), path)


def _uri(path: str) -> str:
    """The path as text, also where its bytes are no UTF-8."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def _remote(url: str) -> list[Input]:
    """The files behind a URL of a storage that fsspec knows."""
    from fsspec.core import url_to_fs

    if "::" in url:
        raise UsageError(f"{url}: chained URLs are not read")
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
    return Input(url, size, _modified(info), format_of(path.rpartition("/")[2]), url)


def _modified(info: dict[str, Any]) -> int:
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return int(value.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return int(value * 1_000_000) * 1000
    return 0
