"""The home folder in arguments, also where the shell leaves it (`--out=~/news`)."""

from __future__ import annotations

from os.path import expanduser
from pathlib import Path
from typing import Any, Final

#: How URLs begin whose content is gone when the process ends.
OF_THIS_PROCESS: Final = ("memory:",)


def expand_home(given: Any) -> Any:
    """A path, a list of paths or None from the command line, with the home folder for `~`."""
    if isinstance(given, list | tuple):
        return [expand_home(each) for each in given]
    return given and type(given)(expanduser(str(given)))


def dataset_folder(given: Path | None) -> Path | None:
    """The folder of a dataset that the command line names by a path, or by a URL.

    All commands work on a folder; that of a URL is the working copy, which every message shows as the URL.
    """
    given = expand_home(given)
    if given is None or ":" not in str(given):
        return given
    from flows.dataset.remote import local_folder
    from flows.errors import UsageError

    if str(given).startswith(OF_THIS_PROCESS):
        raise UsageError("memory:// is gone when this command ends: name a folder or an object storage")
    return local_folder(given)
