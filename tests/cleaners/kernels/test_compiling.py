"""Compiling without what numba would do again for each kernel."""

from __future__ import annotations

import operator
from typing import Any

import pytest

from cleaners.kernels import compiling
from cleaners.kernels.compiling import remembered_calls


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments of all that numba has looked up itself, while nothing is remembered from before."""
    from numba import types
    from numba.core.types import functions

    function: Any = functions.BaseFunction
    found, look_up = [], function.get_call_type

    def counted(self: Any, context: Any, args: Any, kws: Any) -> Any:
        found.append(args)
        return look_up(self, context, args, kws)

    _type_of_sum(types.int64, types.int64)  # numba loads implementations when it first needs them
    monkeypatch.setattr(function, "get_call_type", counted)
    monkeypatch.setattr(compiling, "_TYPES", {})
    return found


def _type_of_sum(*types: Any) -> Any:
    from numba.core.registry import cpu_target

    context: Any = cpu_target.typing_context
    context.refresh()  # it learns what numba can add
    return context.resolve_function_type(context.resolve_value_type(operator.add), types, {})


def test_types_of_a_call_are_looked_up_once(looked_up: list[Any]) -> None:
    """Within the context, numba looks up each combination of types once, also in another such context."""
    from numba import types

    with remembered_calls():
        whole, real = _type_of_sum(types.int64, types.int64), _type_of_sum(types.int64, types.float64)
    with remembered_calls():
        assert _type_of_sum(types.int64, types.int64) is whole
        assert _type_of_sum(types.int64, types.float64) is real
    assert looked_up.count((types.int64, types.int64)) == 1
    assert (whole.return_type, real.return_type) == (types.int64, types.float64)


def test_numba_is_left_as_it_was(looked_up: list[Any]) -> None:
    """Functions of other packages are compiled as ever: outside the context, numba looks up all types itself."""
    from numba import types

    with remembered_calls():
        first = _type_of_sum(types.int64, types.int64)
    assert _type_of_sum(types.int64, types.int64) == first
    assert looked_up.count((types.int64, types.int64)) == 2


def test_nothing_is_remembered_where_no_type_is_found(looked_up: list[Any]) -> None:
    """What cannot be called fails each time, with numba's own error."""
    from numba import types
    from numba.core.errors import TypingError

    for _ in range(2):
        with remembered_calls(), pytest.raises(TypingError):
            _type_of_sum(types.int64, types.none)


def test_a_numba_that_looks_up_types_elsewhere_compiles_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a numba has no such method, the context changes nothing."""
    from numba.core.types import functions

    monkeypatch.delattr(functions.BaseFunction, "get_call_type")
    with remembered_calls():
        assert "get_call_type" not in vars(functions.BaseFunction)
