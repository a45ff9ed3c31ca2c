"""How files are taken away from a published dataset: the whole folder of a table is exchanged for another at once.

The new folders are built beside the old ones, out of hard links, so that what stays costs nothing. Each bears a mark,
an empty folder that no reader looks at. `documents` decides: once it is exchanged, the others follow, after a crash as
well; until then a crash leaves the dataset as it was. The marks tell how far an exchange has come.

A reader in mid-scan never sees wrong rows. It has listed either the old files of a run's folder or the new ones, and a
name never stands for two contents: a part that changes is given another name (`upkeep.rewriting.renamed`), a folder of
which a part stays keeps its name. So what such a reader misses, it is told.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path
from typing import Final

from flows.dataset.faults import crash_point
from flows.dataset.layout import Layout
from flows.dataset.tables import TABLES, sync
from flows.errors import CopydeskError

MARK: Final = ".exchanged"
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2  # RENAME_EXCHANGE of renameat2(2)
_CANNOT: Final = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def tree(layout: Layout) -> Path:
    """Where the folders lie that are to come into place: one for each table, or kind of state, that changes."""
    return layout.staging / "exchange"


def link(source: Path, target: Path) -> None:
    """Give a file another name, or a folder all whose files have another name; a copy where there are no hard links."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            link(path, target / path.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EXDEV, errno.EMLINK, *_CANNOT}:
            raise
        shutil.copy2(source, target)
        sync(target)


def require_exchange(layout: Layout, *, offline: bool) -> None:
    """Raise CopydeskError where the file system cannot exchange folders and readers may be there."""
    if offline:
        return
    trial = layout.staging / "trial"
    try:
        for name in ("a", "b"):
            (trial / name).mkdir(parents=True)
        _exchange(trial / "a", trial / "b")
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        raise CopydeskError(
            f"the file system of {layout.root} cannot exchange two folders at once, so that a reader might find none: "
            "when nobody reads the dataset, give --offline"
        ) from error
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def exchange(layout: Layout, *, offline: bool = False) -> None:
    """Put the folders of `tree` into the places of those of the dataset; `documents`, the commit, is one of them.

    All files in them must be on the disk. Without `offline` the file system must be able to exchange folders.
    """
    for folder in tree(layout).iterdir():
        (folder / MARK).mkdir()
    for path, folders, _ in os.walk(tree(layout), topdown=False):
        for name in folders:
            sync(Path(path, name))
    sync(tree(layout))
    crash_point("exchange documents")
    _swap(layout, "documents", offline=offline)
    finish(layout)


def exchange_begun(layout: Layout) -> bool:
    """Whether an exchange was cut short after its commit."""
    documents = layout.base("documents")
    waiting = tree(layout) / "documents" / MARK
    return (documents / MARK).is_dir() or (not documents.exists() and waiting.is_dir())


def finish(layout: Layout) -> None:
    """Bring an exchange that is committed to its end, wherever it was cut short."""
    here = tree(layout)
    waiting = [path.name for path in here.iterdir()] if here.is_dir() else []
    for table in sorted(waiting, key=lambda name: name != "documents"):
        if not table.startswith(".") and not (layout.base(table) / MARK).is_dir():
            crash_point(f"exchange {table}")
            _swap(layout, table, offline=True)
    crash_point("exchange sweep")
    if here.is_dir():
        shutil.rmtree(here)
        sync(layout.staging)
    keys = [*layout.state.glob(f"*/{MARK}"), *(layout.base(t) / MARK for t in TABLES[::-1])]
    for mark in filter(Path.is_dir, keys):  # that of `documents` last: it tells that there are others
        crash_point(f"exchange unmark {mark.parent.name}")
        mark.rmdir()
        sync(mark.parent)


def _swap(layout: Layout, table: str, *, offline: bool) -> None:
    new, old = tree(layout) / table, layout.base(table)
    if not old.exists():
        new.rename(old)
    else:
        try:
            _exchange(new, old)
        except OSError as error:
            if error.errno not in _CANNOT or not offline:
                raise
            old.rename(new.with_name(f".{table}"))
            crash_point(f"exchange {table} offline")
            new.rename(old)
    sync(old.parent)
    sync(new.parent)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one instant; raises OSError (ENOSYS, EINVAL) where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
