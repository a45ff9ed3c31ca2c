"""How files are taken out of a published dataset: the whole folder of a table is exchanged for a new one at once.

The new folders (`Layout.tree`) are built in the staging folder, out of hard links, so that unchanged files cost
nothing. Each holds a marker, an empty folder that readers ignore. The exchange of `documents` is the commit: before it,
a crash leaves the dataset as it was; after it, the other folders follow, if need be when the next command takes the
lock. The markers show which folders are already exchanged.

A reader in mid-scan never sees wrong rows. It has listed either the old files of a run's folder or the new ones, and
one name never stands for two contents: a part that changes gets a new name (`maintenance.rewrite_folders.renamed`), and
a folder that keeps any of its parts keeps its name. If such a reader misses a file, it gets an error.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path
from typing import Final

from flows.dataset.inventory import clear
from flows.dataset.layout import Layout
from flows.dataset.remote import fetch, working_copy_in
from flows.dataset.tables import TABLES, sync
from flows.errors import CopydeskError

MARKER: Final = ".exchanged"
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2  # RENAME_EXCHANGE of renameat2(2)
_UNSUPPORTED: Final = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def link(source: Path, target: Path) -> None:
    """Hard-link a file, or all files below a folder; they are copied if the file system has no hard links.

    Of a dataset behind a URL, files of a folder that are not here stay where they are.
    """
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            link(path, target / path.name)
        return
    fetch(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EXDEV, errno.EMLINK, *_UNSUPPORTED}:
            raise
        shutil.copy2(source, target)
        sync(target)


def has_no_readers(layout: Layout) -> bool:
    """Whether a dataset is the working copy of one behind a URL, where its readers are."""
    return working_copy_in(layout.root) is not None


def require_exchange(layout: Layout, *, offline: bool) -> None:
    """Raise CopydeskError if the file system cannot exchange folders, unless `offline`: then there are no readers."""
    if offline or has_no_readers(layout):
        return
    trial = layout.staging / "trial"
    try:
        for name in ("a", "b"):
            (trial / name).mkdir(parents=True)
        _exchange(trial / "a", trial / "b")
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise CopydeskError(
            f"the file system of {layout.root} cannot exchange two folders at once, and a reader could find no folder "
            "at all: make sure that the dataset has no readers, and give --offline"
        ) from error
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def exchange(layout: Layout, *, offline: bool = False) -> None:
    """Exchange the folders of `layout.tree` for those of the dataset; `documents`, the commit, must be among them.

    All files in them must be on the disk. Without `offline` the file system must be able to exchange folders.
    """
    clear(layout)
    tree = layout.tree.root
    for folder in tree.iterdir():
        (folder / MARKER).mkdir()
    for path, folders, _ in os.walk(tree, topdown=False):
        for name in folders:
            sync(Path(path, name))
    sync(tree)
    _swap(layout, "documents", offline=offline or has_no_readers(layout))
    finish(layout)


def is_unfinished(layout: Layout) -> bool:
    """Whether an exchange was committed and then cut short."""
    documents, new = layout.base("documents"), layout.tree.base("documents")
    return (documents / MARKER).is_dir() or (not documents.exists() and (new / MARKER).is_dir())


def finish(layout: Layout) -> None:
    """Complete a committed exchange, wherever it was cut short."""
    tree = layout.tree.root
    kinds = [path.name for path in tree.iterdir()] if tree.is_dir() else []
    for kind in sorted(kinds, key=lambda name: name != "documents"):
        if not kind.startswith(".") and not (layout.base(kind) / MARKER).is_dir():
            _swap(layout, kind, offline=True)
    _sweep(layout)
    markers = [*layout.state.glob(f"*/{MARKER}"), *(layout.base(table) / MARKER for table in TABLES[::-1])]
    # the marker of `documents` goes last: it is what shows that an exchange is unfinished
    for marker in filter(Path.is_dir, markers):
        _unmark(marker)


def _sweep(layout: Layout) -> None:
    """Remove the old folders."""
    if layout.tree.root.is_dir():
        shutil.rmtree(layout.tree.root)
        sync(layout.staging)


def _unmark(marker: Path) -> None:
    marker.rmdir()
    sync(marker.parent)


def _swap(layout: Layout, kind: str, *, offline: bool) -> None:
    """Exchange one folder; with `offline`, by two renames if the file system cannot do it at once."""
    new, old = layout.tree.base(kind), layout.base(kind)
    if not old.exists():
        new.rename(old)
    else:
        try:
            _exchange(new, old)
        except OSError as error:
            if error.errno not in _UNSUPPORTED or not offline:
                raise
            old.rename(new.with_name(f".{kind}"))
            new.rename(old)
    sync(old.parent)
    sync(new.parent)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two folders atomically, by renameat2(2); raises OSError (ENOSYS, EINVAL) if the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
