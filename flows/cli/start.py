"""What makes the `copydesk` command start sooner and run quicker; to be called before libraries are imported."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Read by libraries as they are loaded; what the user has set stays.
ENVIRONMENT: Final = {
    # of polars' allocator: memory that a shard has left is not given back to the system before the next one wants it
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:3000,muzzy_decay_ms:0",
    # of numpy: no threads for products of matrices, of which there are none; they would wait busily
    "OPENBLAS_NUM_THREADS": "1",
}
#: Numba imports them where they are: for products of matrices, and to tell the coverage of tests.
NOT_FOR_NUMBA: Final = ("scipy", "coverage")


def set_up() -> None:
    """Set the environment of this process and of those that it starts."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


@contextmanager
def importing() -> Iterator[None]:
    """Without the garbage collector: what modules make stays, and it need not look at it, neither now nor later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def import_numba() -> None:
    """Import numba without what it does not need here; whoever imports that later, gets it."""
    left_out = [name for name in NOT_FOR_NUMBA if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # None: it is not found
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]
