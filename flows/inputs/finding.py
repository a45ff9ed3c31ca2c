"""The input files meant by the arguments of a run: files, folders, globs and URLs."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flows.errors import InputMissing, UsageError
from flows.inputs.bounds import answer_in_time
from flows.inputs.compression import describe
from flows.inputs.formats import TEXT, format_of
from flows.inputs.junk import junk
from flows.inputs.names import partitions_below, uri_of
from flows.inputs.reader import Input
from flows.inputs.remote import MAGIC, RemoteInfo, files_behind
from flows.printable import mask

_NUMBER: Final = re.compile(r"([0-9]+)")
_SPACE_IN_PASSWORD: Final = re.compile(r"[^/]*://[^/]*\s[^/]*@")
_DATASET: Final = (
    "left out: the folder is a copydesk dataset; to read it, name its folder `documents` as an INPUT"
)
_OPEN_LINKS: Final = "to read it, name it as an INPUT, or set [inputs] outside_links = true"


def find(
    given: Sequence[str],
    *,
    exclude: Path | None = None,
    is_dataset: Callable[[str], bool] = lambda _folder: False,
    outside_links: bool = False,
    skipped: Counter[str] | None = None,
) -> list[Input]:
    """The files that `given` refers to, in its order; a file named twice keeps its first place.

    A folder stands for all files in it and in its subfolders, in natural path order ("2" before "10"). `exclude` is
    skipped, and so is `junk`, hidden files among it, which is counted in `skipped` by its kind. A link in a folder is
    followed only if the file or folder behind it would not be found anyway; one that leads out of the folder only with
    `outside_links`. What is left out is an input with a problem: other links out of the folder, and folders for which
    `is_dataset` is true.

    A glob (`*`, `?`, `[...]`, `**`) stands for what it matches, which may be nothing; it matches junk only if its last
    part is the name of such, as "*.part" is. A name with `://` is a URL for
    fsspec, except that `file://` is a local path. Raises InputMissing if an input does not exist, and UsageError if it
    is a dataset, lies in `exclude`, or is a URL that cannot be used.
    """
    found: dict[str, Input] = {}
    if skipped is None:
        skipped = Counter()
    walk = _Walk(
        os.path.realpath(exclude) if exclude is not None else None, is_dataset, outside_links, skipped
    )
    for name in given:
        for one in _files_for(name, walk):
            if one.uri not in found:
                found[one.uri] = _with_partitions(one, name) if "=" in one.path else one
    return list(found.values())


def require_inputs(
    given: Sequence[str],
    *,
    exclude: Path | None = None,
    is_dataset: Callable[[str], bool] = lambda _folder: False,
) -> None:
    """Raise what `find` raises for local arguments, without a look into folders or at what is behind URLs."""
    walk = _Walk(os.path.realpath(exclude) if exclude is not None else None, is_dataset, False, Counter())
    for name in given:
        if "://" not in name or name.startswith(("file://", "local://")):
            _files_for(name, walk)  # which lists nothing before it is asked for the first


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


def _with_partitions(one: Input, given: str) -> Input:
    """The input with the columns in the names of its folders, as far as they lie below the argument `given`."""
    top = given.partition("://")[2] if given.startswith(("file://", "local://")) else given
    if "://" not in top:
        top = os.path.abspath(top)  # noqa: PTH100
    if not os.path.lexists(top) and (magic := MAGIC.search(top)):
        top = top[: magic.start()].rpartition("/")[0]
    return replace(one, partitions=partitions_below(top, one.path))


def _files_for(name: str, walk: _Walk) -> Iterable[Input]:
    if not name:
        raise UsageError("an INPUT is empty; is a shell variable not set?")
    if name.startswith(("file://", "local://")):
        name = name.partition("://")[2]
    if "://" in name:
        return _remote(name, walk)
    path = os.path.abspath(name)  # noqa: PTH100  (resolve() would follow links)
    if os.path.lexists(path):
        if walk.excludes(os.path.realpath(path)):
            raise UsageError(f"{name} is in the output folder, which is never read")
        if walk.is_dataset(path):
            raise UsageError(f"{name} is a copydesk dataset; to use it as input, name its folder `documents`")
        return walk.files(path, os.path.realpath(path), over_link=False)
    if MAGIC.search(name):
        return _matching(path, walk)
    raise InputMissing(f"{name} does not exist")


def _matching(pattern: str, walk: _Walk) -> Iterator[Input]:
    """The files that a glob matches, and those of the folders that it matches."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if MAGIC.search(part))
    top = "/".join(parts[:fixed]) or "/"
    real_top = os.path.realpath(top)
    paths = [(top, real_top)]  # each with its real path: to ask for that takes long in deep folders
    for number, part in enumerate(parts[fixed:], fixed + 1):
        if part == "**" and number == len(parts):
            break  # what it matches is in these folders
        if part == "**":
            below = [one for path, real in paths for one in walk.folders(path, real, real_top)]
            yield from (one for one in below if isinstance(one, Input))
            paths = [one for one in below if not isinstance(one, Input)]
        else:
            paths = [one for path, real in paths for one in _fitting(path, real, part, walk)]
    # names before links
    own = {real for path, real in paths if not _is_link(path, real, top, real_top)}
    taken: set[str] = set()
    for path, real in sorted(set(paths), key=lambda one: natural(one[0])):
        is_link = _is_link(path, real, top, real_top)
        if is_link and not walk.may_follow(real, real_top):
            yield _left_out_link(path, real)
        elif real not in taken and not (is_link and real in own):
            taken.add(real)
            yield from walk.files(path, real, over_link=is_link)


def _fitting(folder: str, real: str, part: str, walk: _Walk) -> Iterator[tuple[str, str]]:
    """The (path, real path) of what fits one part of a glob in a folder."""
    if not MAGIC.search(part):
        if os.path.lexists(path := _join(folder, part)):
            yield path, os.path.realpath(path) if os.path.islink(path) else _join(real, part)  # noqa: PTH114
        return
    fits = re.compile(fnmatch.translate(part)).match
    try:
        with os.scandir(folder) as scanned:
            entries = [e for e in scanned if fits(e.name) and (part[0] == "." or e.name[0] != ".")]
    except OSError:
        return  # a file, or a folder that may not be listed, matches nothing
    for entry in entries:
        if not junk(part) and walk.skips(entry.name, is_folder=entry.is_dir(follow_symlinks=False)):
            continue
        yield entry.path, os.path.realpath(entry.path) if entry.is_symlink() else _join(real, entry.name)


def _is_link(path: str, real: str, top: str, real_top: str) -> bool:
    """Whether a path below `top` leads over a link."""
    return real != _join(real_top, path.removeprefix(top).lstrip("/"))


class _Walk:
    """A walk through folders, which enters each only once, however many links lead to it."""

    def __init__(
        self,
        excluded: str | None,
        is_dataset: Callable[[str], bool],
        outside_links: bool,
        skipped: Counter[str],
    ) -> None:
        """`excluded` is a real path."""
        self._excluded = excluded
        self.skipped = skipped
        self.is_dataset = is_dataset
        self._outside_links = outside_links
        self._entered: set[str] = set()  # real paths of folders,
        self._linked: set[str] = set()  # and of files that were reached over a link

    def excludes(self, real: str) -> bool:
        """Whether a real path lies in the excluded folder."""
        return self._excluded is not None and _is_within(real, self._excluded)

    def skips(self, name: str, *, is_folder: bool) -> bool:
        """Whether a file or folder of this name is junk; then it is counted."""
        kind = junk(name, is_folder=is_folder)
        if kind:
            self.skipped[kind] += 1
        return bool(kind)

    def may_follow(self, real: str, top: str) -> bool:
        """Whether a link to this real path, found below the folder `top`, may be followed."""
        return self._outside_links or _is_within(real, top)

    def files(self, path: str, real: str, *, over_link: bool) -> Iterator[Input]:
        """The file at `path`, or the files of the folder there."""
        if self.excludes(real):
            return
        try:
            status = Path(path).stat()
        except OSError as error:
            yield _unreadable(path, describe(error))
            return
        if not stat.S_ISDIR(status.st_mode):
            if not over_link or self._is_first(real):
                yield _file(path, status)
            return
        # no recursion: folders may be nested deeper than Python's stack
        stack = [self._folder(path, real, real, over_link=over_link)]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
            elif isinstance(found, Input):
                yield found
            else:
                stack.append(found)

    def folders(self, path: str, real: str, top: str) -> Iterator[tuple[str, str] | Input]:
        """(path, real path) of a folder and those below it that are not junk; an Input for what is left out."""
        stack = [(path, real)]
        entered: set[str] = set()
        while stack:
            folder, real = stack.pop()
            if real in entered or self.excludes(real):
                continue
            entered.add(real)
            try:
                with os.scandir(folder) as scanned:
                    inner = [e for e in scanned if e.is_dir() and not junk(e.name, is_folder=True)]
            except OSError as error:
                if not isinstance(error, NotADirectoryError):
                    yield _unreadable(folder, describe(error))
                continue
            yield folder, real
            for entry in inner:
                if not entry.is_symlink():
                    stack.append((entry.path, _join(real, entry.name)))
                    continue
                target = os.path.realpath(entry.path)
                if self._outside_links:
                    stack.append((entry.path, target))
                elif not _is_within(target, top):
                    yield _left_out_link(entry.path, target)

    def _folder(self, path: str, real: str, top: str, *, over_link: bool) -> Iterator[Any]:
        """The files of a folder, and an iterator for each of its folders; `top` is where the walk began."""
        if real in self._entered:
            return
        self._entered.add(real)
        if self.is_dataset(path):
            yield _unreadable(path, _DATASET)
            return
        try:
            with os.scandir(path) as scanned:
                kept = [
                    e for e in scanned if not self.skips(e.name, is_folder=e.is_dir(follow_symlinks=False))
                ]
        except OSError as error:
            yield _unreadable(path, describe(error))
            return
        for entry in sorted(kept, key=lambda one: natural(one.name)):
            try:
                status = entry.stat()
            except OSError as error:
                yield _unreadable(entry.path, describe(error))
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            inner = _join(real, entry.name)
            is_link = entry.is_symlink()
            if is_link:
                inner = os.path.realpath(entry.path)
                if not self.may_follow(inner, top):
                    yield _left_out_link(entry.path, inner)
                    continue
                if _is_found_anyway(entry.name, inner, top, is_folder=is_folder):
                    continue
            if self.excludes(inner):
                continue
            if is_folder:
                yield self._folder(entry.path, inner, top, over_link=over_link or is_link)
            elif not (over_link or is_link) or self._is_first(inner):
                yield _file(entry.path, status)

    def _is_first(self, real: str) -> bool:
        """Whether this is the first link that leads to a file."""
        is_first = real not in self._linked
        self._linked.add(real)
        return is_first


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if name else folder


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_found_anyway(name: str, real: str, top: str, *, is_folder: bool) -> bool:
    """Whether the walk finds what is behind the link `name` by itself, and reads it as the same format."""
    if not _is_within(real, top):
        return False
    *folders, last = real.removeprefix(top).split("/")
    if any(junk(part, is_folder=True) for part in folders) or junk(last, is_folder=is_folder):
        return False
    return is_folder or format_of(name) == format_of(last)


def _left_out_link(path: str, real: str) -> Input:
    return _unreadable(path, f"left out: a link out of the folder, to {real}; {_OPEN_LINKS}")


def _file(path: str, status: os.stat_result) -> Input:
    if not stat.S_ISREG(status.st_mode):
        return _unreadable(path, "cannot be read: it is not a regular file")
    found, compression = format_of(path.rpartition("/")[2])
    return Input(uri_of(path), status.st_size, status.st_mtime_ns, found, path, compression)


def _unreadable(path: str, problem: str) -> Input:
    return Input(uri_of(path), 0, 0, TEXT, path, problem=uri_of(problem))


def _remote(url: str, walk: _Walk) -> list[Input]:
    """The files behind a URL of any storage that fsspec supports."""
    if _SPACE_IN_PASSWORD.match(url):  # messages could not know where it begins
        raise UsageError('white space before the "@" of a URL: in a user name or password, write it as %20')
    try:
        found = answer_in_time(files_behind, url, walk.skipped)
    except OSError as error:
        raise UsageError(f"{url}: {error}") from error
    return [_remote_file(one) for one in sorted(found, key=lambda one: natural(one.url))]


def _remote_file(one: RemoteInfo) -> Input:
    found, compression = format_of(one.name)
    uri = uri_of(mask(one.url).encode("utf-8", "backslashreplace").decode())
    return Input(uri, one.size, one.modified_ns, found, one.url, compression)
