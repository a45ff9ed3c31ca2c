"""Where the machine code of kernels is kept, and until when it may be used.

numba compiles into a kernel the functions it calls and the constants of other modules. But when it loads machine code
from disk, it checks only the kernel's own file (numba issue 1833). After a change elsewhere the old code would go on
running and give wrong answers.

So kernels are checked against all sources that may have gone into them. numba documents a hook for this ("Notes on
Caching", NUMBA_CACHE_LOCATOR_CLASSES): a class that says where machine code is kept, and what stamp its sources have.
Stamps are of what is in a file, never of its times, which container images round.

Machine code is in one of `cleaners.derived.folders`. A folder where all of it has been compiled is used even if it
cannot be written to; otherwise the first one that can.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from cleaners.derived import all_sources, folders, hash_of, sources

_KERNELS: Final = Path(__file__).parent
_CLEANERS: Final = _KERNELS.parent
_TEXTS: Final = _CLEANERS / "text"
_CONFIG_LOCK: Final = threading.Lock()


class AllSourcesLocator:
    """Keeps machine code in `folder()`, and stamps it with all sources that may have gone into it.

    These are the modules of the kernel's own folder, of `cleaners.text` and `cleaners.kernels`, and those right in
    `cleaners`.
    """

    made = 0  # how many numba has asked for

    def __init__(self, folder: Path, file: Path, module: str) -> None:
        self._py_file = str(file)  # numba's warnings name it
        self._folder, self._sources, self._module = folder, file.parent, module
        AllSourcesLocator.made += 1

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> AllSourcesLocator | None:
        """The locator of a kernel, or None if machine code is kept nowhere."""
        kept = folder()
        return None if kept is None else cls(kept, Path(file), function.__module__)

    def ensure_cache_path(self) -> None:
        """Make the folder; raises OSError if it cannot be written to."""
        _make_writable(self._folder)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def get_disambiguator(self) -> str:
        """What distinguishes kernels of one name in that folder."""
        return self._module

    def get_source_stamp(self) -> str:
        """What numba compares with the stamp on disk."""
        return stamp(self._sources)


@contextmanager
def stamped_by_all_sources() -> Iterator[None]:
    """A context in which `numba.njit(cache=True)` uses `AllSourcesLocator`.

    Functions compiled elsewhere are not affected. NUMBA_CACHE_LOCATOR_CLASSES is not respected. Raises RuntimeError, as
    numba does if machine code is kept nowhere, if numba has not used the locator: a future version may drop the hook,
    and then machine code on disk cannot be trusted.
    """
    config = _numba_config()
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
def folder() -> Path | None:
    """The folder of the machine code: a complete one, else the first that can be written to, else none."""
    places = [place / f"kernels-{hash_of(str(_CLEANERS))}" for place in folders()]
    for place in places:
        with suppress(OSError):  # a folder that cannot be looked into
            if _mark(place).exists():
                return place
    for place in places:
        with suppress(OSError):
            _make_writable(place)
            return place
    return None


def is_complete() -> bool:
    """Whether all kernels have been compiled, from these sources and for this machine."""
    return (kept := folder()) is not None and _mark(kept).exists()


def set_complete() -> None:
    """Remember that all kernels have been compiled, if their folder can be written to."""
    if (kept := folder()) is None:
        return
    mark = _mark(kept)
    with suppress(OSError):
        mark.touch()
        for old in (*kept.glob("complete-*"), *kept.glob("linked-*")):
            if old.name.split("-")[1] != mark.name.split("-")[1]:
                old.unlink(missing_ok=True)


def linked_file() -> Path | None:
    """The file with all kernels, which need not exist (`linked`); None if machine code is kept nowhere."""
    kept = folder()
    return None if kept is None else kept / f"linked-{all_sources()}-{_machine()}"


def _mark(place: Path) -> Path:
    """The empty file that marks a complete folder; its name has the sources and the machine."""
    return place / f"complete-{all_sources()}-{_machine()}"


@functools.cache
def _machine() -> str:
    """The machine that code is compiled for, as numba distinguishes machines, and what compiles it.

    It is known without importing numba: what numba asks LLVM, and the settings of numba.
    """
    import llvmlite.binding as llvm  # type: ignore[import-untyped]

    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM does not know
        features = ""
    given = [f"{key}={value}" for key, value in sorted(os.environ.items()) if key.startswith("NUMBA_")]
    given = [each for each in given if not each.startswith("NUMBA_CACHE_DIR=")]
    versions = sys.version_info, version("numba"), version("llvmlite")
    return hash_of(repr((versions, llvm.get_host_cpu_name(), features, given)))


def _numba_config() -> Any:
    from numba.core import config

    return config  # its attributes are made when it is loaded


def _make_writable(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=place).close()


@functools.cache
def stamp(own: Path) -> str:
    """The stamp of kernels whose file is in the folder `own`."""
    return sources(own, _KERNELS, _TEXTS, _CLEANERS)
