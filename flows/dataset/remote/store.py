"""The objects of a dataset behind a URL, in any storage that fsspec knows.

An object is named by its key: its path below the URL. Each storage has exceptions of its own. All of them become a
CopydeskError that names the URL, except that a missing object is a FileNotFoundError.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from flows.errors import CopydeskError, UsageError
from flows.inputs.remote import storage_of
from flows.printable import mask, printable

_log: Final = logging.getLogger(__name__)

#: Objects that are transferred at a time; the storage cuts a large one into parts by itself.
AT_ONCE: Final = 8
#: Storages in which a folder must exist before a file can be written into it.
_WITH_FOLDERS: Final = frozenset({"sftp", "ssh", "smb", "hdfs", "arrow_hdfs", "webdav"})

Item = TypeVar("Item")
Result = TypeVar("Result")


class Store:
    """The storage behind a URL. Raises UsageError if there is no package for its protocol."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, root = storage_of(self.url, use_listings_cache=False, skip_instance_cache=True)
        self._root = root.rstrip("/")

    def url_of(self, key: str) -> str:
        """The URL of an object."""
        return f"{self.url}/{key}"

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root

    def _key(self, path: str) -> str:
        return path.strip("/").removeprefix(self._root.lstrip("/")).lstrip("/")

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, CopydeskError):
            raise
        except Exception as error:
            said = f"{self.url} cannot be {what}: {str(error) or type(error).__name__}"
            raise CopydeskError(mask(said)) from error

    def first_level(self) -> list[str]:
        """The names right below the URL, in order; none if there is nothing."""
        with self._trying("listed"):
            self._fs.invalidate_cache()
            try:
                found = map(self._key, self._fs.ls(self._root, False))
            except FileNotFoundError:
                return []
        return sorted(filter(None, found))  # the console of S3 makes an empty object for a folder itself

    def keys(self, folder: str) -> list[str]:
        """The keys of all objects below a folder, in order."""
        with self._trying("listed"):
            self._fs.invalidate_cache()
            try:
                found = self._fs.find(self._path(folder))
            except FileNotFoundError:
                return []
        return sorted(filter(None, map(self._key, found)))

    def read(self, key: str) -> bytes:
        """The content of an object; raises FileNotFoundError if there is none."""
        with self._trying("read"):
            return bytes(self._fs.cat_file(self._path(key)))

    def fetch(self, key: str, target: Path) -> None:
        """Copy an object to a file; raises FileNotFoundError if there is none."""
        with self._trying("read"):
            self._fs.get_file(self._path(key), str(target))

    def put(self, source: Path, key: str) -> None:
        """Copy a file to an object, which appears when it is complete (in a storage that has objects, not files)."""
        try:
            with self._trying("written"):
                self._make_folder(key)
                self._fs.put_file(str(source), self._path(key))
        except FileNotFoundError as error:
            raise CopydeskError(f"{self.url} cannot be written: {error}") from error

    def create(self, key: str, content: bytes) -> bool:
        """Write a new object; False if there is one of that key, which then is as it was.

        The content must be unlike any other, as that of a commit is: if the answer of the storage got lost, the object
        is read to learn who wrote it.
        """
        try:
            with self._trying("written"):
                self._make_folder(key)
                try:
                    self._fs.pipe_file(self._path(key), content, mode="create")
                except FileNotFoundError:
                    raise
                except Exception:
                    try:
                        return self.read(key) == content
                    except FileNotFoundError:
                        pass
                    raise
        except FileNotFoundError as error:
            raise CopydeskError(f"{self.url} cannot be written: {error}") from error
        return True

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are passed over."""

        def remove(key: str) -> None:
            with suppress(FileNotFoundError):
                self._fs.rm_file(self._path(key))

        with self._trying("written"):
            together(remove, list(keys))

    def require_exclusive(self, folder: str) -> None:
        """Raise UsageError if the storage would let two writers create the same object, each believing it is theirs."""
        key = f"{folder}/{secrets.token_hex(8)}"
        try:
            if not self.create(key, b"the first") or self.create(key, b"the second"):
                raise UsageError(
                    f"{self.url}: this storage overwrites an object that was to be new, so that two runs could both "
                    "publish: use one that knows conditional writes (If-None-Match), or a folder"
                )
        finally:
            self.remove([key])

    def _make_folder(self, key: str) -> None:
        protocol = self._fs.protocol
        if _WITH_FOLDERS.intersection((protocol,) if isinstance(protocol, str) else protocol):
            self._fs.makedirs(self._path(key).rpartition("/")[0], exist_ok=True)


def together(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """`function` of each item, `AT_ONCE` at a time; the results in order. After an error, no other one begins."""
    if len(items) < 2:
        return [function(item) for item in items]
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        results = list(pool.map(function, items))
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    return results


def open_store(url: str) -> Store:
    """The storage for the URL of a dataset; raises UsageError if the URL cannot be that of one."""
    if printable(url) != url:
        raise UsageError(
            f"{url}: the URL of a dataset has no password, no token and nothing that cannot be printed: what gives "
            "access belongs into the configuration of fsspec, or where the tools of the storage look for it"
        )
    if "::" in url or re.search(r"[*?#\[]", url):
        raise UsageError(f"{url}: the URL of a dataset is no chain, pattern or query")
    if {".", ".."}.intersection(url.split("/")):
        raise UsageError(f"{url}: the URL of a dataset has no part `.` or `..`: write where it leads to")
    return Store(url)
