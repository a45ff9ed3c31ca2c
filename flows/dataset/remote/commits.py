"""The commits of a dataset behind a URL: a numbered list of immutable objects, of which the newest says what there is.

    URL/_copydesk/commits/00000042.json

Each lists all files of the dataset after one command, with the object that holds each file, its bytes and checksum. It
is created only if there is none of that number: of two writers that began with the same commit, one gets the next
number, and the other has lost. (A commit that is named by a run could not do that: two writers may make different runs,
and rollback, restore and compact make none.)

The objects never change. Each has a name of its own, which ends in the number of the commit that it was made for and in
the token of its writer. So no writer ever overwrites what another one uploaded, and what a dead one left behind can be
distinguished from what a living one is uploading at this moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath, PurePosixPath
from typing import Final, NamedTuple

from flows.dataset.checksums import SEAL, parse_json, sealed_json
from flows.dataset.names import (
    LINE_TOTALS,
    LOCK,
    POSTINGS,
    REFERENCES,
    REPORTS,
    STAGING,
    STATE_FOLDER,
    SUSPECTS,
    WORKING_COPY_JSON,
)
from flows.dataset.remote.store import Store
from flows.dataset.tables import TABLES
from flows.errors import CopydeskError
from flows.version import copydesk_version

COMMITS: Final = f"{STATE_FOLDER}/commits"
#: A writer names itself here before it uploads, until all that it replaced is gone.
ATTEMPTS: Final = f"{STATE_FOLDER}/attempts"
#: What is of one machine alone, and in no commit.
LOCAL: Final = (LOCK, STAGING, REPORTS, SUSPECTS, POSTINGS, LINE_TOTALS, REFERENCES, WORKING_COPY_JSON)
#: Commits that are kept, the newest ones, which show what happened.
KEPT: Final = 50

_OBJECT: Final = re.compile(r"\.(\d{8,})-([0-9a-f]{8})(?=(?:\.\w+)?\Z)")


class Stored(NamedTuple):
    """A file of the dataset on the storage."""

    key: str  # of the object that holds it
    bytes: int
    checksum: str


@dataclass(frozen=True)
class Commit:
    """What a dataset behind a URL is."""

    number: int  # 1 is the first
    attempt: str  # the token of the writer
    files: Mapping[str, Stored]  # path in the dataset -> where it is

    def runs(self) -> list[str]:
        """The runs that are published, those that were compacted as one."""
        start = f"{TABLES[0]}/run="
        return sorted(
            {path.split("/")[1].removeprefix("run=") for path in self.files if path.startswith(start)}
        )


#: The state before the first commit.
NOTHING: Final = Commit(0, "", {})


class Attempt(NamedTuple):
    """A writer on its way to a commit."""

    number: int  # of the commit
    token: str

    @property
    def key(self) -> str:
        """The object in which the writer names itself."""
        return f"{ATTEMPTS}/{self}"

    def key_of(self, path: str) -> str:
        """The object that this writer makes for a file.

        >>> Attempt(42, "1a2b3c4d").key_of("documents/run=r000007/part-00000-00000.parquet")
        'documents/run=r000007/part-00000-00000.00000042-1a2b3c4d.parquet'
        """
        ending = PurePosixPath(path).suffix
        return f"{path.removesuffix(ending)}.{self}{ending}"

    def __str__(self) -> str:
        return f"{self.number:08d}-{self.token}"


def attempt_of(key: str) -> Attempt | None:
    """The attempt that made an object, or that an object of ATTEMPTS names; None of any other object."""
    found = _OBJECT.search(f".{key.rpartition('/')[2]}" if key.startswith(f"{ATTEMPTS}/") else key)
    return Attempt(int(found[1]), found[2]) if found else None


def numbers(store: Store) -> list[int]:
    """The numbers of the commits that are kept, in order."""
    names = (key.rpartition("/")[2] for key in store.keys(COMMITS))
    return sorted(int(name[:-5]) for name in names if re.fullmatch(r"\d{8,}\.json", name))


def newest(store: Store) -> Commit:
    """The newest commit; raises CopydeskError if it is damaged."""
    there = numbers(store)
    return read_commit(store, there[-1]) if there else NOTHING


def read_commit(store: Store, number: int) -> Commit:
    """A commit; raises CopydeskError if it is damaged or gone."""
    url = store.url_of(_key(number))
    try:
        content = parse_json(store.read(_key(number)), url)
        files = {
            path: Stored(one["object"], one["bytes"], one[SEAL]) for path, one in content["files"].items()
        }
        _check(content, number, files)
        return Commit(number, content["attempt"], files)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CopydeskError(
            f"the newest commit, {url}, cannot be read: {error}; restore it from a version or a backup of the storage; "
            "without it, the dataset is what the commit before says, if you remove it"
        ) from error


def _check(content: Mapping[str, object], number: int, files: Mapping[str, Stored]) -> None:
    """Raise ValueError if a commit is none that a writer made.

    Anyone who may write to the storage can put one there. What it names is written below the working copy, and removed
    below the URL; so no name may lead out of either, or to what a machine has for itself.
    """
    if content["number"] != number or not isinstance(content["attempt"], str):
        raise ValueError(f"it says that its number is {content['number']!r}")
    for path, one in files.items():
        if not (_is_below(path) and path.isprintable()) or _is_local(path):
            raise ValueError(f"{path!r} cannot be a file of a dataset")
        if not isinstance(one.key, str) or not _is_below(one.key) or attempt_of(one.key) is None:
            raise ValueError(f"{one.key!r} cannot be an object of a dataset")
        if type(one.bytes) is not int or one.bytes < 0 or not isinstance(one.checksum, str):
            raise ValueError(f"size or checksum of {path!r} is damaged")


def _is_below(path: str) -> bool:
    """Whether a path with slashes leads to a place below the folder where it begins, on this system, too."""
    return PurePath(path).parts == tuple(path.split("/")) and ".." not in path.split("/")


def _is_local(path: str) -> bool:
    top, _, below = path.partition("/")
    return top == STATE_FOLDER and below.partition("/")[0] in LOCAL


def write_commit(store: Store, commit: Commit) -> bool:
    """Create the object of a commit; False if another writer has that number."""
    content = {
        "number": commit.number,
        "previous": commit.number - 1 or None,
        "attempt": commit.attempt,
        "copydesk": copydesk_version(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "runs": commit.runs(),
        "files": {
            path: {"object": one.key, "bytes": one.bytes, SEAL: one.checksum}
            for path, one in sorted(commit.files.items())
        },
    }
    return store.create(_key(commit.number), sealed_json(content))


def drop_commits(store: Store, some: Iterable[int]) -> None:
    """Remove commits."""
    store.remove(map(_key, some))


def _key(number: int) -> str:
    return f"{COMMITS}/{number:08d}.json"
