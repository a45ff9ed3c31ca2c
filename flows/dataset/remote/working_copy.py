"""The working copy of a dataset behind a URL: an ordinary dataset on this machine, made to be what a commit says."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from filelock import FileLock, Timeout

from flows.dataset.checksums import BLANK, SEAL, write_json, write_sealed
from flows.dataset.names import EXCHANGE, LOCK, STAGING, STATE_FOLDER
from flows.dataset.remote import MARKER, cache_folder
from flows.dataset.remote.absent_files import AbsentFiles
from flows.dataset.remote.commits import ATTEMPTS, LOCAL, NOTHING, Commit, Stored, attempt_of, newest, numbers
from flows.dataset.remote.known_checksums import KnownChecksums
from flows.dataset.remote.publishing import publish, sweep
from flows.dataset.remote.store import Store
from flows.dataset.reporting import Report
from flows.errors import CopydeskError, UsageError, remedy
from flows.printable import show_as

_log: Final = logging.getLogger(__name__)

#: Parts in the folders of runs are fetched when they are read, of all tables and kinds of state but these: every
#: command reads the manifests, and every page the statistics of many runs.
EAGER: Final = ("runs", "source_stats")
_LAZY_PART: Final = re.compile(rf"(?:{STATE_FOLDER}/)?(?!(?:{'|'.join(EAGER)})/)[^/]+/run=[^/]+/part-[^/]+")
#: What is shown as the path that it has here, not as one below the URL: no object has it.
_SHOWN_AS_IT_IS: Final = rf"/{STATE_FOLDER}/(?:{'|'.join(map(re.escape, LOCAL))})(?![\w.-])"


class WorkingCopy:
    """The folder `root`, a copy of the dataset behind `store`."""

    def __init__(self, root: Path, store: Store, known: Mapping[str, Any]) -> None:
        """`known` is what MARKER has, if it can be read."""
        self.root = root
        self.store = store
        #: whether the storage was found to be fit for commits
        self.is_exclusive = bool(known.get("is_exclusive"))
        self.attempt = str(known.get("attempt", ""))  # the last one of this working copy
        self.base = NOTHING if not known else _commit_of(known)  # the commit that this is a copy of
        self.checksums = KnownChecksums(root, known.get("here", {}).values())
        self.absent = AbsentFiles(root, store, self.checksums)
        self.absent.become(self.base, known.get("absent", ()))
        self.is_stale = False  # to be read as the newest commit, and not yet made that
        self._is_read = False  # the newest commit
        show_as(str(root), store.url, _SHOWN_AS_IT_IS)

    @property
    def report(self) -> Report:
        """What is called with how much is fetched and uploaded."""
        return self.absent.report

    @report.setter
    def report(self, report: Report) -> None:
        self.absent.report = report

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """(path, status) of the files that are here and belong to a commit."""
        root = str(self.root)
        for folder, folders, names in os.walk(root):
            relative = folder[len(root) + 1 :]
            if relative == STATE_FOLDER:
                folders[:] = [name for name in folders if name not in LOCAL]
                names = [name for name in names if name not in LOCAL]
            for name in names:
                path = f"{relative}/{name}" if relative else name
                yield path, os.stat(f"{folder}/{name}")  # noqa: PTH116 - there may be thousands

    def save(self) -> None:
        """Write MARKER."""
        here = {path: status for path, status in self.files() if path in self.base.files}
        content = {
            "url": self.store.url,
            "is_exclusive": self.is_exclusive,
            "attempt": self.attempt,
            "number": self.base.number,
            "by": self.base.attempt,
            "files": {path: list(stored) for path, stored in self.base.files.items()},
            "here": self.checksums.to_save(here),
            "absent": sorted(self.absent.all()),
        }
        # written often, and as long as the dataset has files; the URL is printable, and so is each path
        content[SEAL] = BLANK.decode()
        write_sealed(self.root / MARKER, orjson.dumps(content, option=orjson.OPT_INDENT_2))

    def make_folder(self) -> None:
        """Make the folder; raises CopydeskError if it cannot be written."""
        try:
            (self.root / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
            if not (self.root / MARKER).exists():
                write_json(self.root / MARKER, {"url": self.store.url})
        except OSError as error:
            raise CopydeskError(
                f"the working copy of {self.store.url} cannot be kept in {cache_folder()}: "
                f"{error.strerror}{remedy(error)}, or name another folder in COPYDESK_CACHE"
            ) from error

    def open_to_read(self) -> None:
        """Make this the newest commit, once in the life of a process that has opened it by its URL.

        If another command is working here, it is read as it is.
        """
        if not self.is_stale:
            return
        self.is_stale = False
        if not self.root.exists() and newest(self.store) is NOTHING:
            return
        self.make_folder()
        lock = FileLock(self.root / STATE_FOLDER / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.warning("another command is writing %s, which is read as that one found it", self.store.url)
            return
        try:
            self.refresh()
        finally:
            lock.release()

    def refresh(self, *, to_write: bool = False) -> None:
        """Make the working copy what the newest commit says; the caller holds the lock.

        With `to_write`, what writers left on the storage that lost or died is removed. Raises UsageError if the URL has
        other content, or a storage that cannot hold a dataset.
        """
        self.is_stale = False
        there = numbers(self.store)[-1:]
        # not read again by the same process; between two of them, somebody may have removed all and started anew
        commit = self.base if self._is_read and there == [self.base.number] else newest(self.store)
        self._is_read = True
        if commit is NOTHING:
            _refuse_other_content(self.store)
        if to_write:
            if not self.is_exclusive:
                self.store.require_exclusive(ATTEMPTS)
                self.is_exclusive = True
            sweep(self.store, commit, self.attempt)
        self.base = commit
        here = self._drop_others(commit)
        for folder in _folders(commit.files):
            if not os.path.isdir(f"{self.root}/{folder}"):  # noqa: PTH112 - there may be thousands
                (self.root / folder).mkdir(parents=True, exist_ok=True)
        missing = [path for path in commit.files if path not in here]
        self.absent.become(commit, missing)
        self.absent.fetch_by_name(path for path in missing if not _LAZY_PART.fullmatch(path))
        self.save()

    def _drop_others(self, commit: Commit) -> set[str]:
        """Remove what is not in a commit; the paths of what is."""
        shutil.rmtree(self.root / STATE_FOLDER / STAGING / EXCHANGE, ignore_errors=True)
        here = set()
        for path, status in list(self.files()):
            wanted = commit.files.get(path)
            if (
                wanted is not None
                and status.st_size == wanted.bytes
                and self.checksums.of(path, status) == wanted.checksum
            ):
                here.add(path)
            else:
                (self.root / path).unlink()
        wanted_folders = _folders(commit.files)
        root = str(self.root)
        for folder, _, _ in os.walk(root, topdown=False):
            path = folder[len(root) + 1 :]
            top, _, below = path.partition("/")
            is_local = top == STATE_FOLDER and below.partition("/")[0] in ("", *LOCAL)
            if path and not is_local and path not in wanted_folders:
                shutil.rmtree(folder)
        return here

    def publish(self) -> None:
        """Make what is here the next commit, if it differs from the last; the caller holds the lock.

        Raises Locked if another writer was faster, and CopydeskError if the storage cannot be written: then nothing is
        published.
        """
        publish(self)

    def committed(self, base: Commit) -> None:
        """Note that what is here is this commit now."""
        self.base = base
        self.absent.become(base, [path for path in self.absent.all() if path in base.files])
        self.save()


def _folders(paths: Iterable[str]) -> set[str]:
    """The folders of these files, and those in which they are."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _commit_of(known: Mapping[str, Any]) -> Commit:
    files = {path: Stored(*stored) for path, stored in known["files"].items()}
    return Commit(known["number"], known["by"], files) if known["number"] else NOTHING


def _refuse_other_content(store: Store) -> None:
    """Raise UsageError if there is something at a URL that copydesk did not write."""
    names = store.first_level()
    if not names or any(attempt_of(key) for key in store.keys(ATTEMPTS)):
        return
    if others := [name for name in names if name != STATE_FOLDER]:
        raise UsageError(
            f"{store.url} is not a copydesk dataset: it holds {others[0]!r}, which copydesk did not write; choose "
            "another place"
        )
