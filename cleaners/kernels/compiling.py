"""Compiling with numba, without what it would do again for each kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_TYPES: Final[dict[tuple[Any, Any, Any], Any]] = {}


@contextmanager
def remembered_calls() -> Iterator[None]:
    """A context in which numba looks up only once what a function returns for arguments of given types.

    For a `+` in a kernel, numba tries ten implementations before the one that fits, and formats an error for each of
    them. It does so again for the next `+`, and all this was a fifth of the time to compile. The answer depends only on
    the types of the arguments and the implementations, which are part of what a function is equal by.
    """
    from numba.core.types import functions

    function: Any = functions.BaseFunction
    if (look_up := vars(function).get("get_call_type")) is None:  # a future numba may do this elsewhere
        yield
        return
    function.get_call_type = _remembering(look_up)
    try:
        yield
    finally:
        function.get_call_type = look_up


def _remembering(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def get_call_type(function: Any, context: Any, args: Any, kws: Any) -> Any:
        if kws:
            return look_up(function, context, args, kws)
        key = function, context, args
        if key not in _TYPES:
            _TYPES[key] = look_up(function, context, args, kws)
        return _TYPES[key]

    return get_call_type
