"""Whether machine code on disk is still that of its sources."""

from __future__ import annotations

import functools
import inspect
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_TEXTS = Path(__file__).parent


def stamp_by_all_sources(compiled: Any, function: Callable[..., Any]) -> None:
    """Makes numba take a kernel's machine code from disk only if nothing has changed that may have gone into it.

    numba itself looks at the kernel's own file, but compiles what the kernel calls, and constants of other modules,
    into it: the code of old ones would go on with the new ones beside it, and answer wrongly. What goes into a kernel
    comes from its folder, from this one, and from the modules beside them.
    """
    with suppress(AttributeError):  # numba has changed; then it looks at the kernel's own file
        file = compiled._cache._cache_file
        file._source_stamp = (file._source_stamp, _sources(Path(inspect.getfile(function)).parent))


@functools.cache
def _sources(folder: Path) -> str:
    return sources(folder, _TEXTS, _TEXTS.parent)


def sources(*folders: Path) -> str:
    """The Python files of folders by name, size and time of change, in eight characters."""
    files = sorted({path for folder in folders for path in folder.glob("*.py")})
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return f"{zlib.crc32(repr(seen).encode()):08x}"
