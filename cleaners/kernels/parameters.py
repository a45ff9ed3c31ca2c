"""The parameters of kernels, as their annotations say, and whether an argument fits one."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

import numpy as np

#: The mark of an array that a kernel writes to.
WRITTEN: Final = "written"

#: What numba converts to any number or bool, also where something is lost.
_NUMBERS: Final = (bool, int, float, np.bool_, np.integer, np.floating)
#: Bits of `ndarray.flags.num`.
_CONTIGUOUS, _WRITEABLE = 0x1, 0x400


class Array(NamedTuple):
    """A parameter that is an array, contiguous in C's order."""

    number: np.dtype[Any]
    dimensions: int
    is_written: bool


class Table(NamedTuple):
    """A parameter that is a NamedTuple of others."""

    kind: type
    fields: tuple[Parameter, ...]


#: A number is known by its dtype.
Parameter = np.dtype[Any] | Array | Table
Fits = Callable[[Any], bool]


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of a kernel, in order. Raises TypeError for an annotation that no kernel can take."""
    hints = typing.get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    return tuple(map(_parameter, hints.values()))


@functools.cache
def _parameter(hint: Any) -> Parameter:
    marks = getattr(hint, "__metadata__", ())
    plain = hint.__origin__ if marks else hint
    for mark in marks:
        if isinstance(mark, np.dtype):
            return mark
    if plain in (bool, int, float):
        return cast(Parameter, np.dtype(plain))
    if typing.get_origin(plain) is np.ndarray:
        (number,) = typing.get_args(typing.get_args(plain)[1])
        dimensions = next((mark for mark in marks if isinstance(mark, int)), 1)
        return Array(np.dtype(number), dimensions, WRITTEN in marks)
    if isinstance(plain, type) and issubclass(plain, tuple) and hasattr(plain, "_fields"):
        fields = typing.get_type_hints(plain, include_extras=True)
        return Table(plain, tuple(_parameter(fields[name]) for name in plain._fields))
    raise TypeError(f"a kernel cannot take {hint}")


@functools.cache
def fits(parameter: Parameter) -> Fits:
    """A test whether an argument fits, as numba's dispatcher would say."""
    if isinstance(parameter, Array):
        return functools.partial(_fits_array, parameter)
    if isinstance(parameter, Table):
        return functools.partial(_fits_table, parameter.kind, tuple(map(fits, parameter.fields)))
    return _fits_number


def _fits_array(parameter: Array, value: Any) -> bool:
    number, dimensions, is_written = parameter
    if not isinstance(value, np.ndarray) or value.dtype != number or value.ndim != dimensions:
        return False
    needed = _CONTIGUOUS | (_WRITEABLE if is_written else 0)
    return value.flags.num & needed == needed


def _fits_table(kind: type, fields: tuple[Fits, ...], value: Any) -> bool:
    return isinstance(value, tuple) and type(value) is kind and all(map(_is_fit, fields, value))


def _is_fit(fits: Fits, value: Any) -> bool:
    return fits(value)


def _fits_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS)
