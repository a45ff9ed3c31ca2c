"""Values that are derived from files, kept on disk, so that each machine derives them once.

The value is pickled; its arrays follow the pickle in the same file, and are mapped into memory when it is read. So a
large array costs time and memory only where it is looked at. Like the machine code that numba keeps, such a file is
trusted: anyone who can write to the folder can already change the code that runs.

A file that is missing, cut short or of another version costs time, never a wrong value: its name has a hash of what it
was derived from, and the value is derived again.
"""

from __future__ import annotations

import functools
import hashlib
import mmap
import os
import pickle
import sys
import tempfile
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
Value = TypeVar("Value")

#: A file begins with this, which changes with its layout.
_MAGIC: Final = b"copydesk derived 1\n"
#: Arrays begin at multiples of it, as polars and numpy like it (bytes).
_ALIGNED: Final = 64
#: As many files of a name are kept: a machine may run several versions or configurations in turn.
KEPT_FILES: Final = 2
_HOUR: Final = 3600  # seconds


def folders() -> Iterator[Path]:
    """Where derived files may be, the folder to write to first: where numba keeps machine code, too."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(given)
    yield Path(__file__).parent / "__pycache__"
    if sys.platform == "win32":
        users = os.environ.get("LOCALAPPDATA", "~")
    elif sys.platform == "darwin":
        users = "~/Library/Caches"
    else:
        users = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with suppress(RuntimeError):  # no home folder
        yield Path(users).expanduser() / "copydesk"


def derived(name: str, stamp: str, derive: Callable[[], Value]) -> Value:
    """The result of `derive`, from the disk where an earlier process has kept it.

    `name` is that of the value, `stamp` a hash of all that it depends on; sources of copydesk need not be in it. Where
    no folder can be written to, nothing is kept. Raises what `derive` raises.
    """
    file = f"{name}.{hash_of(stamp, _versions())}.derived"
    for folder in folders():
        with suppress(Exception):  # what a damaged pickle raises can be anything
            return cast(Value, _read(folder / file))
    value = derive()
    for folder in folders():
        with suppress(OSError):
            _write(value, folder / file)
            _remove_oldest(folder, name)
            break
    return value


def of_characters(make: Callable[P, Value]) -> Callable[P, Value]:
    """A decorator for a table of characters, which depends on Python's Unicode and on the code alone: made once.

    Its arguments, if it has any, become a part of a file's name.
    """
    name = f"{make.__module__}.{make.__qualname__}"

    @functools.wraps(make)
    def table(*args: P.args, **kwargs: P.kwargs) -> Value:
        of_these = "-".join(map(str, (name, *args, *kwargs.values())))
        return derived(of_these, unicodedata.unidata_version, lambda: make(*args, **kwargs))

    return cast(Callable[P, Value], functools.cache(table))


def hash_of(*parts: str) -> str:
    """A hash of texts, for the name of a file: 24 hexadecimal digits."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@functools.cache
def _versions() -> str:
    """What can change the form of every value: copydesk's own code, and the libraries."""
    import numpy as np
    import polars as pl

    return repr((sys.version_info, np.__version__, pl.__version__, all_sources()))


@functools.cache
def all_sources() -> str:
    """The `sources` of all cleaners."""
    return sources(*{path.parent for path in Path(__file__).parent.rglob("*.py")})


def sources(*folders: Path) -> str:
    """The Python files of folders by name and content, in eight characters; container images round their times."""
    crc = 0
    for folder in sorted(set(folders)):
        for path in sorted(folder.glob("*.py")):
            crc = zlib.crc32(path.read_bytes(), zlib.crc32(f"{folder.name}/{path.name}\0".encode(), crc))
    return f"{crc:08x}"


def _read(path: Path) -> object:
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        if hasattr(os, "posix_fadvise"):
            # the system reads the file ahead, but only what is looked at becomes memory of this process
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            mapped.madvise(mmap.MADV_RANDOM)
    content = memoryview(mapped)
    if bytes(content[: len(_MAGIC)]) != _MAGIC:
        raise ValueError(f"{path} is no file of derived values")
    at = len(_MAGIC)
    head_size = int.from_bytes(content[at : at + 8], "little")
    pickled, places = pickle.loads(content[at + 8 : at + 8 + head_size])
    return pickle.loads(pickled, buffers=[content[start:end] for start, end in places])


def _write(value: object, path: Path) -> None:
    """Write the file; it gets its name once it is complete."""
    arrays: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    sizes = [array.raw().nbytes for array in arrays]
    # the head says where the arrays are; it takes as many bytes wherever they are
    begin = _aligned(len(_MAGIC) + 8 + len(pickled) + 64 * (len(sizes) + 4))
    places = []
    for size in sizes:
        places.append((begin, begin + size))
        begin = _aligned(begin + size)
    head = pickle.dumps((pickled, places), protocol=5)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + head)
            for (start, _), array in zip(places, arrays, strict=True):
                file.seek(start)
                file.write(array.raw())
            file.truncate(begin)
            file.flush()
            os.fsync(file.fileno())  # a name that outlives a power cut must not lead to zeros
        partial.chmod(0o644)  # a container image is often made by another user
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def _aligned(at: int) -> int:
    return -(-at // _ALIGNED) * _ALIGNED


def _remove_oldest(folder: Path, name: str) -> None:
    """Remove what earlier versions kept, and what processes left that were killed while they wrote."""
    found = sorted(folder.glob(f"{name}.*.derived"), key=lambda path: path.stat().st_mtime_ns)
    left = [path for path in folder.glob(f".{name}.*") if path.stat().st_mtime < time.time() - _HOUR]
    for path in [*found[:-KEPT_FILES], *left]:
        path.unlink(missing_ok=True)
