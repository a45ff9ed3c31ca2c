"""Paths as people write them."""

from __future__ import annotations

import os


def at_home(path: str) -> str:
    """The path with the home folder for a leading `~`, which shells leave in `--out=~/news` and in quotes.

    The home of a user who does not exist stays as it is.
    """
    return os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser raises RuntimeError for such a user
