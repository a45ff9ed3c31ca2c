"""Files behind URLs, of any storage that fsspec knows.

A URL may contain a password. `Input.path`, which is opened, has it; `Input.uri`, which everything else shows and
stores, does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from flows.errors import InputMissing, UsageError
from flows.inputs.bounds import answer_in_time
from flows.inputs.junk import junk

if TYPE_CHECKING:
    import fsspec

MAGIC: Final = re.compile(r"[*?[]")
#: Protocol -> the extra of copydesk that installs the package for it.
EXTRAS: Final = {"http": "http", "https": "http", "s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


class RemoteInfo(NamedTuple):
    """A file behind a URL."""

    url: str  # what opens it
    name: str  # of the file, without a query
    size: int  # bytes; 0 if unknown
    modified_ns: int  # time of the last change in nanoseconds since 1970; 0 if unknown


def files_behind(url: str, skipped: Counter[str]) -> list[RemoteInfo]:
    """The file at a URL, or the files in a folder or of a glob, in no order; junk is left out and counted in `skipped`.

    Raises InputMissing if there is none, and UsageError, which names the package to install, if the URL cannot be used.
    """
    if "::" in url:
        raise UsageError(f"{url}: chained URLs are not supported")
    try:
        storage, path = storage_of(url)
        if storage.isfile(path):
            found = {path: storage.info(path)}
        elif MAGIC.search(_without_query(path)):
            found = {p: i for p, i in storage.glob(path, detail=True).items() if i["type"] == "file"}
            if not junk(_without_query(path).rpartition("/")[2]):
                found = _without_junk(found, "", skipped)
        elif storage.isdir(path):
            found = _without_junk(storage.find(path, detail=True), path, skipped)
        else:
            raise InputMissing(f"{url} does not exist")
        url_of = _urls(url, storage, next(iter(found), None))
        return [_info(url_of(path), info) for path, info in found.items()]
    except UsageError:
        raise
    except Exception as error:  # each storage has exceptions of its own
        raise UsageError(f"{url} cannot be used as INPUT: {str(error) or type(error).__name__}") from error


def _without_junk(found: dict[str, Any], folder: str, skipped: Counter[str]) -> dict[str, Any]:
    """The files below a folder that are not junk, nor in a folder that is; of the files of a glob, it is their name."""
    kept = {}
    for path, info in found.items():
        *folders, name = path.removeprefix(folder).split("/") if folder else path.split("/")[-1:]
        kinds = (*(junk(one, is_folder=True) for one in folders), junk(name))
        if kind := next(filter(None, kinds), ""):
            skipped[kind] += 1
        else:
            kept[path] = info
    return kept


def open_remote(url: str) -> IO[bytes]:
    """The file at a URL, opened for reading bytes; it raises nothing but OSError, also where the storage stalls."""
    try:
        return cast(IO[bytes], RemoteFile(answer_in_time(_open, url)))
    except OSError:
        raise
    except Exception as error:
        raise _as_os_error(error) from error


def _open(url: str) -> IO[bytes]:
    storage, path = storage_of(url)
    return cast(IO[bytes], storage.open(path, "rb"))


class RemoteFile:
    """An open file of a storage. The storage's own exceptions, and that it stalls, are raised as OSError."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __enter__(self) -> RemoteFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        try:
            return answer_in_time(self._file.read, size)
        except OSError:
            raise
        except Exception as error:
            raise _as_os_error(error) from error

    def close(self) -> None:
        """Close the file."""
        answer_in_time(self._file.close)


def _as_os_error(error: Exception) -> OSError:
    return OSError(str(error) or type(error).__name__)


def storage_of(url: str, **options: Any) -> tuple[fsspec.AbstractFileSystem, str]:
    """The storage and the path in it; raises UsageError if no package for the protocol is known or installed."""
    from fsspec.core import url_to_fs
    from fsspec.registry import get_filesystem_class

    protocol = url.partition("://")[0]
    try:
        get_filesystem_class(protocol)
    except ValueError as error:
        raise UsageError(
            f"{url}: the protocol {protocol}:// is unknown; give a path, or a URL such as https://, s3:// or gs://"
        ) from error
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        how = f'pip install "copydesk[{extra}]"' if extra else str(error)
        raise UsageError(f"{url}: {protocol}:// needs a package that is not installed: {how}") from error
    try:
        storage, path = url_to_fs(url, **options)
    except (AttributeError, TypeError) as error:  # how the storages that wrap another one miss it
        raise UsageError(
            f"{url}: the protocol {protocol}:// needs more than a URL can say; give a path, "
            "or a URL such as https://, s3:// or gs://"
        ) from error
    return storage, path


def _urls(given: str, storage: fsspec.AbstractFileSystem, path: str | None) -> Callable[[str], str]:
    """A function that makes the URL of a path in the storage behind the URL `given`; it was tried with `path`.

    Storages with a host (FTP, SFTP, SMB) do not know it any more from a path alone.
    """
    start = "{0.scheme}://{0.netloc}/".format(urlsplit(given))

    def by_storage(path: str) -> str:
        return str(storage.unstrip_protocol(path))

    def by_host(path: str) -> str:
        return start + path.lstrip("/")

    for make in (by_storage, by_host):
        try:
            if path is None or storage_of(make(path)) == (storage, path):
                return make
        except Exception:
            continue
    raise UsageError(f"{given} cannot be used as INPUT: its files have no URL of their own")


def _info(url: str, info: dict[str, Any]) -> RemoteInfo:
    name = _without_query(url).rpartition("/")[2]
    return RemoteInfo(url, name, int(info.get("size") or 0), _modified(info))


def _without_query(url: str) -> str:
    """The URL up to its query, which only those of the web have."""
    return url.partition("?")[0] if url.startswith(("http://", "https://")) else url


def _modified(info: dict[str, Any]) -> int:
    """The time of the last change in nanoseconds since 1970; 0 if unknown."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return int(value.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return int(value * 1_000_000) * 1000
    return 0
