"""How a working copy becomes the next commit, and what a writer clears away: its own leavings, and those of the dead.

1. The writer names itself (`commits.ATTEMPTS`).
2. It uploads what is new: state first, `documents` last.
3. It creates the commit. Before that instant the dataset is as it was, after it as the working copy is.
4. It removes the objects that it replaced, and then its name.

Killed before 3, it leaves objects that no commit lists; killed after it, objects that the newest one does not list.
Once there is a commit of the number in which they end, no one can make another, and the next writer removes them. What
a living writer uploads has a higher number.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from flows.dataset.names import STATE_FOLDER
from flows.dataset.remote.commits import (
    ATTEMPTS,
    KEPT,
    Attempt,
    Commit,
    Stored,
    attempt_of,
    drop_commits,
    numbers,
    write_commit,
)
from flows.dataset.remote.store import Store, together
from flows.dataset.reporting import Megabytes
from flows.errors import CopydeskError, Locked

if TYPE_CHECKING:
    from flows.dataset.remote.working_copy import WorkingCopy

#: The name of the stage in reports of progress.
UPLOADED: Final = "megabytes uploaded"
_log: Final = logging.getLogger(__name__)


def publish(copy: WorkingCopy) -> None:
    """See `WorkingCopy.publish`."""
    store, base = copy.store, copy.base
    attempt = Attempt(base.number + 1, secrets.token_hex(4))
    files, new = _files(copy, attempt)
    if files == base.files:
        copy.save()
        return
    _refuse_if_lost(store, base.number)
    copy.attempt = str(attempt)
    copy.save()
    if not store.create(attempt.key, secrets.token_bytes(16)):
        raise CopydeskError(f"{store.url} cannot be written: {attempt.key} exists")
    _log.info(
        "uploading %d files, %.1f MB, to %s",
        len(new),
        sum(one.bytes for one in new.values()) / 1e6,
        store.url,
    )
    megabytes = Megabytes(copy.report, UPLOADED, sum(one.bytes for one in new.values()))

    def put(item: tuple[str, Stored]) -> None:
        path, stored = item
        store.put(copy.root / path, stored.key)
        megabytes.add(stored.bytes)

    for rank in (0, 1, 2):
        some = [(path, stored) for path, stored in new.items() if _rank(path) == rank]
        together(put, some)
    commit = Commit(attempt.number, attempt.token, files)
    is_mine = write_commit(store, commit)
    there = numbers(store)
    if not is_mine or there[-1] != commit.number:
        # also where a number was free because that commit is so old that it was dropped
        if is_mine:
            drop_commits(store, [commit.number])
        _clear(store, [*(stored.key for stored in new.values()), attempt.key])
        raise Locked(_lost(store))
    copy.committed(commit)
    left = {stored.key for stored in files.values()}
    _clear(store, [stored.key for stored in base.files.values() if stored.key not in left], attempt.key)
    drop_commits(store, [number for number in there if number <= commit.number - KEPT])


def _files(copy: WorkingCopy, attempt: Attempt) -> tuple[dict[str, Stored], dict[str, Stored]]:
    """(all files of the next commit, those of them that no object has)."""
    base = copy.base
    known = {(_kind(path), stored.checksum): stored for path, stored in base.files.items()}
    files, new = copy.absent.all(), {}
    for path, status in copy.files():
        if path.rpartition("/")[2].startswith("."):
            continue  # it is not complete
        digest = copy.checksums.of(path, status)
        stored = base.files.get(path)
        if stored is None or stored.checksum != digest:
            stored = known.get((_kind(path), digest))  # it was moved, as `compact` does
        if stored is None:
            stored = new[path] = Stored(attempt.key_of(path), status.st_size, digest)
        files[path] = stored
    return files, new


def _kind(path: str) -> str:
    """The table or kind of state of a file: an object of `documents` stands for no file elsewhere."""
    parts = path.split("/")
    return "/".join(parts[:2] if parts[0] == STATE_FOLDER else parts[:1])


def _rank(path: str) -> int:
    return 0 if path.startswith(f"{STATE_FOLDER}/") else 2 if path.startswith("documents/") else 1


def _refuse_if_lost(store: Store, number: int) -> None:
    """Raise Locked if there is a newer commit than the one of that number."""
    if (numbers(store) or [0])[-1] != number:
        raise Locked(_lost(store))


def _lost(store: Store) -> str:
    return f"another run has changed {store.url} since this one began, which publishes nothing: run again"


def _clear(store: Store, keys: list[str], *then: str) -> None:
    """Remove objects, and then others; a failure is said, and left to the next writer."""
    try:
        store.remove(keys)
        store.remove(then)
    except CopydeskError as error:
        _log.warning("%s; what is left there that no commit lists is removed by the next run", error)


def sweep(store: Store, commit: Commit, own: str) -> None:
    """Remove the objects that writers left which died or lost; `commit` is the newest, `own` this working copy's last.

    No other writer has the lock of the working copy, so that its last attempt has ended.
    """
    dead = [
        attempt
        for key in store.keys(ATTEMPTS)
        if (attempt := attempt_of(key)) and (attempt.number <= commit.number or str(attempt) == own)
    ]
    if not dead:
        return
    left = {stored.key for stored in commit.files.values()}
    garbage = [
        key
        for key in store.keys("")
        if (made_by := attempt_of(key))
        and key not in left
        and not key.startswith(f"{ATTEMPTS}/")
        and (made_by.number <= commit.number or str(made_by) == own)
    ]
    _clear(store, garbage, *(attempt.key for attempt in dead))
