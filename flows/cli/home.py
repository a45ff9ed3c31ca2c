"""The home folder in arguments, also where the shell leaves it (`--out=~/news`)."""

from __future__ import annotations

from os.path import expanduser
from typing import Any


def expand_home(given: Any) -> Any:
    """A path, a list of paths or None from the command line, with the home folder for `~`."""
    if isinstance(given, list | tuple):
        return [expand_home(each) for each in given]
    return given and type(given)(expanduser(str(given)))
