"""Kernels: functions over arrays, as machine code.

A kernel's annotations are its signature. So it is compiled once for a machine, whatever arrays it is called with, and
`copydesk warm` knows what to compile without a call. Arrays are contiguous and have one dimension, and a kernel only
reads them, unless its annotations say otherwise:

    @kernel
    def tokenise(data: U8, start: int, stop: int, hashes: Written[U64]) -> Any: ...

Calls convert numbers, and arrays that may be written to those that are only read. All else is a TypeError: another
type, a strided array, one that is read-only where the kernel writes. Tables of arrays come as NamedTuples, whose fields
have such annotations, too.

A kernel that only other kernels call is a `helper`: what lets Python call it would be a third of compiling it.

Importing a module compiles and loads nothing. Machine code is loaded, or compiled and kept (`machine_code`), when a
kernel is first called, or compiled into another one. It runs without the global interpreter lock.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Annotated, Any, Final, Generic, ParamSpec, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cleaners.kernels.compiling import remembered_calls
from cleaners.kernels.machine_code import stamped_by_all_sources
from cleaners.kernels.parameters import WRITTEN, Array, Parameter, Table, parameters

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

Written = Annotated[T, WRITTEN]  # an array that the kernel writes to
Rows = Annotated[T, 2]  # an array of two dimensions
Tables = Annotated[T, 3]  # of three
Integer = Annotated[Any, np.dtype(np.int64)]  # a number, whichever type Python has for it
Word = Annotated[Any, np.dtype(np.uint64)]
Byte = Annotated[Any, np.dtype(np.uint8)]
Real32 = Annotated[Any, np.dtype(np.float32)]

_LOCK: Final = threading.RLock()


class Kernel(Generic[P, R]):
    """A function that is compiled when it is first needed."""

    def __init__(self, function: Callable[P, R], *, is_helper: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.is_helper = is_helper
        self._compiled: Any = None
        self._call: Callable[..., Any] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the machine code. Raises TypeError for arguments that do not fit the signature."""
        return cast(R, (self._call or self._callable())(*args, **kwargs))

    def _callable(self) -> Callable[..., Any]:
        """What calls the machine code: without numba if it is linked already."""
        from cleaners.kernels.linked import linked

        with _LOCK:
            if self._call is None:
                if self.is_helper:  # a test calls it
                    self._call = _compile(self.function, may_keep=False)
                else:
                    self._call = linked(self) or self.compiled()
            return self._call

    def compiled(self) -> Any:
        """Numba's dispatcher with the machine code, loaded or compiled now unless it is there already."""
        with _LOCK:
            if self._compiled is None:
                self._compiled = _compile(self.function, for_python=not self.is_helper)
            return self._compiled

    @property
    def _numba_type_(self) -> Any:
        """What numba asks for where a kernel calls this one."""
        return self.compiled()._numba_type_

    def kept(self) -> Any:
        """What numba keeps on disk of this kernel, compiled now if it is not there.

        Raises RuntimeError if it cannot be kept.
        """
        from numba.core.registry import cpu_target

        cache = _dispatcher(self.function, kept=True, for_python=not self.is_helper)._cache
        key = cache._index_key(signature(self.function), cpu_target.target_context.codegen())
        if (found := cache._cache_file.load(key)) is None:
            self.compiled()
            if (found := cache._cache_file.load(key)) is None:
                raise RuntimeError(f"{self.function.__name__} is not kept")
        return found

    def callees(self) -> Iterator[Kernel[..., Any]]:
        """The kernels that this one calls."""
        for name in self.function.__code__.co_names:
            if isinstance(found := self.function.__globals__.get(name), Kernel):
                yield found


kernel = Kernel


def helper(function: Callable[P, R]) -> Kernel[P, R]:
    """A kernel for other kernels. Python can call it, but compiles it anew in each process that does."""
    return Kernel(function, is_helper=True)


class Intrinsic:
    """A function that emits instructions of LLVM into a kernel: numba's `intrinsic`, made when a kernel first needs it.

    So a module with one can be imported without numba.
    """

    def __init__(self, emit: Callable[..., Any]) -> None:
        functools.update_wrapper(self, emit)
        self._emit = emit

    def __call__(self, *_arguments: Any) -> Any:
        """For type checkers only: raises TypeError outside kernels."""
        raise TypeError(f"{self._emit.__name__} can only be called in a kernel")

    @functools.cached_property
    def _numba_type_(self) -> Any:
        """What numba asks for where a kernel calls it."""
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic

        made: Any = intrinsic(self._emit)
        context: Any = cpu_target.typing_context
        context.refresh()  # it learns what has just been made
        return context.resolve_value_type(made)


intrinsic = Intrinsic


def _dispatcher(function: Callable[..., Any], *, kept: bool, for_python: bool) -> Any:
    """Numba's dispatcher, without machine code yet. Raises RuntimeError if it cannot be `kept`."""
    import numba

    njit: Any = functools.partial(
        numba.njit, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=not for_python
    )
    if not kept:
        return njit()(function)
    with stamped_by_all_sources():
        return njit(cache=True)(function)


@remembered_calls()
def _compile(function: Callable[..., Any], *, may_keep: bool = True, for_python: bool = True) -> Any:
    dispatcher = functools.partial(_dispatcher, function, for_python=for_python)
    try:
        found = dispatcher(kept=may_keep)
    except RuntimeError:
        found = dispatcher(kept=False)
    types = signature(function)
    try:
        found.compile(types)
    except Exception:  # what a damaged file raises can be anything
        if not found.overloads:  # otherwise it could only not be kept
            with suppress(Exception):
                found._cache.flush()  # the next process writes it anew
            found = dispatcher(kept=False)
            found.compile(types)
    found.disable_compile()
    return found


def signature(function: Callable[..., Any]) -> tuple[Any, ...]:
    """The types of a kernel's parameters, as numba names types. Raises TypeError for one that no kernel can take."""
    return tuple(map(_numba_type, parameters(function)))


@functools.cache
def _numba_type(parameter: Parameter) -> Any:
    from numba.core import types
    from numba.np.numpy_support import from_dtype

    if isinstance(parameter, Array):
        number = from_dtype(parameter.number)
        return types.Array(number, parameter.dimensions, "C", readonly=not parameter.is_written)
    if isinstance(parameter, Table):
        tuples: Any = types.BaseTuple
        found = tuples.from_types([*map(_numba_type, parameter.fields)], parameter.kind)
        _register(parameter.kind, found)
        return found
    return from_dtype(parameter)


def _register(kind: type, declared: Any) -> None:
    """Let values of a NamedTuple have the type that is declared.

    numba converts arrays that may be written to those that are only read, but not within tuples.
    """
    from numba.core import types
    from numba.core.registry import cpu_target
    from numba.core.typing.typeof import typeof_impl

    tuples: Any = types.BaseTuple

    def typeof(value: Any, context: Any) -> Any:
        found = [typeof_impl(field, context) for field in value]
        can_convert = cpu_target.typing_context.can_convert
        if all(None not in (f, can_convert(f, d)) for f, d in zip(found, declared, strict=True)):
            return declared
        return tuples.from_types(found, kind)

    typeof_impl.register(kind, typeof)
