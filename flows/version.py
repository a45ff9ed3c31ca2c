"""The version of copydesk that is installed."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache  # each look takes milliseconds: the file also holds the whole README
def copydesk_version() -> str:
    """The version, as `copydesk --version` prints it."""
    return metadata.version("copydesk")
