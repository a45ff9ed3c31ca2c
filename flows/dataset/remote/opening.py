"""Where the working copy for a URL is, and what is known of it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from flows.dataset.checksums import read_json
from flows.dataset.remote import MARKER, cache_folder
from flows.dataset.remote.store import Store, open_store
from flows.dataset.remote.working_copy import WorkingCopy
from flows.errors import CopydeskError

#: Characters of the name of a working copy, which is the end of its URL.
_LONGEST_NAME: Final = 80


def make_working_copy(url: str) -> WorkingCopy:
    """The working copy for a URL, whose folder is made when it is needed.

    Raises UsageError if the URL cannot be that of a dataset.
    """
    url = open_store(url).url
    name = re.sub(r"[^\w.-]+", "-", url.rpartition("/")[2])[-_LONGEST_NAME:].strip(".") or "dataset"
    root = cache_folder() / _folder_for(url) / name
    copy = read_working_copy(root, url)
    copy.is_stale = True
    return copy


def read_working_copy(root: Path, url: str = "") -> WorkingCopy:
    """The working copy in a folder that has MARKER; `url` is that of the dataset, if it is known.

    Raises CopydeskError if MARKER is damaged, or if somebody has copied the folder.
    """
    try:
        known = read_json(root / MARKER)
        url = known["url"]
    except (OSError, ValueError, KeyError) as error:
        if not url:
            raise CopydeskError(
                f"{root / MARKER} is damaged ({error}): name the dataset by its URL"
            ) from error
        known = {}
    if root.parent.name != _folder_for(url):
        raise CopydeskError(
            f"{root} was copied from the working copy of {url}, and may lack files: name the dataset by its URL; or "
            f"make this one of its own: remove {root / MARKER}, and see what `copydesk verify` says"
        )
    if "files" not in known:
        known = {}
    return WorkingCopy(root, Store(url), known)


def _folder_for(url: str) -> str:
    """The folder in which the working copy for a URL is."""
    return hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
