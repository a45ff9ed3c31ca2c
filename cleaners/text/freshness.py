"""Machine code on disk is used only as long as none of its sources has changed.

numba compiles into a kernel the functions it calls and the constants of other modules. But when it loads machine code
from disk, it checks only the kernel's own file (numba issue 1833). After a change elsewhere the old code would go on
running and give wrong answers.

So kernels are checked against all sources that may have gone into them. numba documents a hook for this ("Notes on
Caching", NUMBA_CACHE_LOCATOR_CLASSES): a class that says where machine code is kept, and what stamp its sources have.
"""

from __future__ import annotations

import functools
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from numba.core import caching
from numba.core import config as numba_config

_TEXTS = Path(__file__).parent
#: numba's own locators, asked in this order: NUMBA_CACHE_DIR, `__pycache__`, the user's cache, zipped modules.
LOCATORS: Final = (
    "UserProvidedCacheLocator",
    "InTreeCacheLocator",
    "UserWideCacheLocator",
    "ZipCacheLocator",
)
config: Any = numba_config  # its attributes are made when it is loaded
_CONFIG_LOCK: Final = threading.Lock()


class AllSourcesLocator:
    """Keeps machine code where numba would, and stamps it with all sources that may have gone into it.

    These are the modules of the kernel's own folder, of `cleaners.text`, and those right in `cleaners`.
    """

    made = 0  # how many numba has asked for

    def __init__(self, locator: Any, folder: Path) -> None:
        self._locator, self._folder = locator, folder
        AllSourcesLocator.made += 1

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> AllSourcesLocator | None:
        """The locator of a kernel, or None if there is no folder to write to."""
        for name in LOCATORS:
            kind = getattr(caching, name, None)
            if kind is not None and (locator := kind.from_function(function, file)) is not None:
                return cls(locator, Path(file).parent)
        return None

    def get_source_stamp(self) -> tuple[Any, str]:
        """What numba compares with the stamp on disk: that of the kernel's file, and that of all sources."""
        return self._locator.get_source_stamp(), _sources(self._folder)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._locator, name)


@contextmanager
def stamped_by_all_sources() -> Iterator[None]:
    """A context in which `numba.njit(cache=True)` uses `AllSourcesLocator`.

    Functions compiled elsewhere are not affected. NUMBA_CACHE_DIR is respected, NUMBA_CACHE_LOCATOR_CLASSES is not.
    Raises RuntimeError, as numba does if it finds no folder to write to, if numba has not used the locator: a future
    version may drop the hook, and then machine code on disk cannot be trusted.
    """
    with _CONFIG_LOCK:
        before, made = getattr(config, "CACHE_LOCATOR_CLASSES", ""), AllSourcesLocator.made
        config.CACHE_LOCATOR_CLASSES = f"{__name__}.{AllSourcesLocator.__name__}"
        try:
            yield
        finally:
            config.CACHE_LOCATOR_CLASSES = before
        if AllSourcesLocator.made == made:
            raise RuntimeError("numba does not ask for the stamp of the sources")


@functools.cache
def _sources(folder: Path) -> str:
    return sources(folder, _TEXTS, _TEXTS.parent)


def sources(*folders: Path) -> str:
    """The Python files of folders by name, size and time of change, in eight characters."""
    files = sorted({path for folder in folders for path in folder.glob("*.py")})
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return f"{zlib.crc32(repr(seen).encode()):08x}"
