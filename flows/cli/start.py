"""What makes the `copydesk` command start sooner and run faster; to be called before libraries are imported."""

from __future__ import annotations

import gc
import locale
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Read by libraries as they are loaded. Variables that the user has set are left alone.
ENVIRONMENT: Final = {
    # polars' allocator: keeps the memory that one shard has freed for the next, instead of returning it to the system
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:3000,muzzy_decay_ms:0",
    # numpy: no threads for matrix products; there are none here, and idle threads would spin
    "OPENBLAS_NUM_THREADS": "1",
    # pydantic: no search of all installed packages for its plugins; a command has no use for any
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
#: numba imports these if they are installed: scipy for linear algebra in kernels, cffi for kernels that call C, and
#: coverage to report compiled lines.
NOT_FOR_NUMBA: Final = ("scipy", "cffi", "coverage")
#: New objects after which Python looks for garbage in cycles; of its 700, few are ever any here.
OBJECTS: Final = 10_000


def set_up() -> None:
    """Set the environment of this process and of those that it starts, and how often garbage is collected."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(OBJECTS)


def use_utf8() -> None:
    """Start this process anew in Python's UTF-8 mode where names of files would be read by another encoding.

    Python itself does so in the C locale. With another locale, or with PYTHONUTF8=0, a file would have another `uri`,
    and a configuration could not name it. The encoding of the terminal stays.
    """
    if sys.getfilesystemencoding() == "utf-8":
        return
    os.environ.setdefault("PYTHONIOENCODING", locale.getencoding())
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


@contextmanager
def importing() -> Iterator[None]:
    """A context without the garbage collector: modules stay in memory, so it need not examine what they make."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def import_numba() -> None:
    """Import numba without scipy, cffi and coverage, which takes about a third less time.

    numba treats them as optional, and has no setting to leave them out. So they are made to look as if they were not
    installed while numba is imported: a None in `sys.modules` raises ModuleNotFoundError, as the reference of Python's
    import system says ("The module cache"). The entries go right after, so that later imports find these modules as
    usual, numba's own of scipy included: kernels with linear algebra would still compile. What is lost is numba's check
    that scipy is not older than 1.0, kernels that call C through cffi, and reports to a coverage that starts later.
    Modules that are loaded already stay, so that coverage can be measured.

    To be called before other threads start: they could not import these modules meanwhile.
    """
    left_out = [name for name in NOT_FOR_NUMBA if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    try:
        import numba.core.typing.cffi_utils
        import numba.np.arraymath  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]
