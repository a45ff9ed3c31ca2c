"""The files of a commit that are not in the working copy, and how they are fetched."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flows.dataset.checksums import checksum
from flows.dataset.names import STAGING, STATE_FOLDER
from flows.dataset.remote.commits import NOTHING, Commit, Stored, numbers
from flows.dataset.remote.known_checksums import KnownChecksums
from flows.dataset.remote.store import Store, together
from flows.dataset.reporting import Megabytes, Report, silent
from flows.errors import Locked

#: The name of the stage in reports of progress.
FETCHED: Final = "megabytes fetched"
_log: Final = logging.getLogger(__name__)


class AbsentFiles:
    """The files of a commit that are not in the folder `root` yet: each is fetched once it is asked for."""

    def __init__(self, root: Path, store: Store, checksums: KnownChecksums) -> None:
        self.report: Report = silent  # of how much is fetched
        self._root = root
        self._store = store
        self._checksums = checksums
        self._commit = NOTHING
        self._absent: dict[str, dict[str, Stored]] = {}  # folder -> path -> where it is
        self._lock = threading.RLock()
        self._may_fetch = True

    def become(self, commit: Commit, paths: Iterable[str]) -> None:
        """From now on these files of this commit are absent."""
        self._commit, self._absent = commit, {}
        for path in paths:
            self._note(path)

    def _note(self, path: str) -> None:
        self._absent.setdefault(path.rpartition("/")[0], {})[path] = self._commit.files[path]

    def all(self) -> dict[str, Stored]:
        """Those whose folder is here: a command took away the others."""
        return {
            path: stored
            for folder, files in self._absent.items()
            if (self._root / folder).is_dir()
            for path, stored in files.items()
            if not (self._root / path).exists()
        }

    def fetch(self, paths: Iterable[Path]) -> None:
        """Fetch what is absent of files, and all that is absent in folders."""
        if not self._may_fetch:
            return
        wanted: dict[str, None] = {}
        for path in paths:
            name = path.relative_to(self._root).as_posix()
            if name in self._absent:
                wanted |= dict.fromkeys(self._absent[name])
            elif self._is_absent(name):
                wanted[name] = None
        self.fetch_by_name(wanted)

    def fetch_again(self, path: Path) -> bool:
        """Fetch a file whose bytes are not those of the commit; whether they are now."""
        name = path.relative_to(self._root).as_posix()
        stored = self._commit.files.get(name)
        if stored is None or not path.exists() or checksum(path) == stored.checksum:
            return False
        _log.warning("%s is not what was written, and is fetched again", path)
        self._note(name)
        self.fetch_by_name([name])
        return not self._is_absent(name)

    def _is_absent(self, name: str) -> bool:
        return name in self._absent.get(name.rpartition("/")[0], {})

    def fetch_by_name(self, names: Iterable[str]) -> None:
        """Fetch files that are absent; one that the storage has lost or damaged stays so: its reader says it."""
        with self._lock:
            wanted = [(name, self._commit.files[name]) for name in names if self._is_absent(name)]
            if not wanted:
                return
            megabytes = Megabytes(self.report, FETCHED, sum(stored.bytes for _, stored in wanted))

            def fetch(item: tuple[str, Stored]) -> str:
                problem = self._fetch_one(item)
                megabytes.add(item[1].bytes)
                return problem

            for (name, stored), problem in zip(wanted, together(fetch, wanted), strict=True):
                if problem:
                    self._refuse_newer()
                    _log.warning("%s %s", self._store.url_of(stored.key), problem)
                else:
                    del self._absent[name.rpartition("/")[0]][name]

    def _fetch_one(self, wanted: tuple[str, Stored]) -> str:
        """Fetch a file; what is wrong with its object, "" if nothing is."""
        name, stored = wanted
        target = self._root / name
        partial = target.with_name(f".{target.name}.partial")
        try:
            problem = self._download(stored, partial)
            if not problem:
                partial.replace(target)
                self._checksums.note(name, stored.checksum)
        finally:
            partial.unlink(missing_ok=True)
        return problem

    def _download(self, stored: Stored, target: Path) -> str:
        try:
            self._store.fetch(stored.key, target)
        except FileNotFoundError:
            return "is missing"
        if target.stat().st_size != stored.bytes or checksum(target) != stored.checksum:
            return f"is not what was written ({stored.bytes:,} bytes)"
        return ""

    def _refuse_newer(self) -> None:
        """Raise Locked if there is a newer commit by now, which may have taken the file away."""
        if numbers(self._store)[-1:] != [self._commit.number]:
            raise Locked(f"another command has changed {self._store.url} since this one began: run it again")

    @contextmanager
    def without_fetching(self) -> Iterator[None]:
        """What is absent stays so inside the block."""
        self._may_fetch, before = False, self._may_fetch
        try:
            yield
        finally:
            self._may_fetch = before

    def problems(self) -> Iterator[tuple[str, str]]:
        """(path, what is wrong with its object) for each damaged object; all are read, and make the copy whole."""
        if not self._commit.files:
            return
        partials = self._root / STATE_FOLDER / STAGING
        partials.mkdir(parents=True, exist_ok=True)

        def check(item: tuple[str, Stored]) -> str:
            name, stored = item
            target = self._root / name
            partial = partials / f"check-{secrets.token_hex(8)}"
            try:
                problem = self._download(stored, partial)
                if not problem and not (target.exists() and checksum(target) == stored.checksum):
                    partial.replace(target)
                    self._checksums.note(name, stored.checksum)
                    self._absent.get(name.rpartition("/")[0], {}).pop(name, None)
            finally:
                partial.unlink(missing_ok=True)
            return problem

        items = sorted(self._commit.files.items())
        for (name, _), problem in zip(items, together(check, items), strict=True):
            if problem:
                self._refuse_newer()
                yield name, problem
