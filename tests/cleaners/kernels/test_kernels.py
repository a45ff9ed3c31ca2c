"""Kernels are compiled once, as their annotations say."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np
import pytest

from cleaners.kernels import I64, U8, U64, Flags, Integer, Rows, Word, Written, helper, kernel, signature
from cleaners.kernels.warming import all_kernels


class Table(NamedTuple):
    """Arrays that are passed together."""

    values: I64
    first: int


@kernel
def total(table: Table, factor: int, out: Written[I64]) -> int:
    """The sum of the values from the first on, times a factor, is written to `out`."""
    found = 0
    for i in range(table.first, len(table.values)):
        found += table.values[i] * factor
    out[0] = found
    return found


@helper
def tripled(number: int) -> int:
    """Three times the number."""
    return 3 * number


@kernel
def sum_of_tripled(values: I64) -> int:
    """Calls a helper for each value."""
    found = 0
    for value in values:
        found += tripled(value)
    return found


def read_only(values: I64) -> I64:
    """The same values, which cannot be written to."""
    values = values.copy()
    values.flags.writeable = False
    return values


def test_one_specialisation() -> None:
    """Arrays that may be written to, read-only ones, and numbers of any type call the same machine code."""
    values, out = np.arange(4), np.zeros(1, np.int64)
    assert total(Table(values, 1), 2, out) == 12
    assert total(Table(read_only(values), np.uint32(2)), np.uint8(1), out) == 5  # type: ignore[arg-type]
    assert out.tolist() == [5]
    assert len(total.compiled().overloads) == 1


@pytest.mark.parametrize(
    ("table", "out"),
    [
        (Table(np.arange(8)[::2], 0), np.zeros(1, np.int64)),
        (Table(np.arange(4), 0), read_only(np.zeros(1, np.int64))),
        (Table(np.arange(4.0), 0), np.zeros(1, np.int64)),
        (Table(np.arange(4), 0), np.zeros(1)),
    ],
    ids=["strided", "read-only where it is written", "other numbers in a table", "other numbers"],
)
def test_what_does_not_fit(table: Any, out: Any) -> None:
    """Nothing is compiled a second time, and no array is read as something else."""
    with pytest.raises(TypeError, match="No matching definition"):
        total(table, 1, out)


def test_signatures() -> None:
    """The types in numba's words, in the order of the parameters."""

    def function(a: U8, b: Written[Rows[U64]], c: int, d: bool, e: Word, f: Integer, g: Flags) -> Any: ...

    assert [str(found) for found in signature(function)] == [
        "readonly array(uint8, 1d, C)",
        "array(uint64, 2d, C)",
        "int64",
        "bool",
        "uint64",
        "int64",
        "readonly array(bool, 1d, C)",
    ]


@pytest.mark.parametrize("annotation", [Any, str, list[int]])
def test_an_annotation_that_says_nothing(annotation: Any) -> None:
    """A kernel whose arguments may be anything would be compiled again and again."""

    def function(a: Any) -> Any: ...

    function.__annotations__["a"] = annotation
    with pytest.raises(TypeError, match="a kernel cannot take"):
        signature(function)


def test_every_kernel_has_a_signature() -> None:
    """So `copydesk warm` can compile it, and it is compiled once."""
    found = all_kernels()
    assert len(found) > 100
    for each in found:
        assert len(signature(each.function)) == len(inspect.signature(each.function).parameters)


def test_nothing_is_compiled_before_a_call() -> None:
    """Not even if the kernel is looked at."""

    @kernel
    def never(a: int) -> int:
        return a

    assert never.__name__ == "never"
    assert [*never.callees()] == []
    assert never._compiled is None


def test_a_helper_is_compiled_for_other_kernels_only() -> None:
    """What a kernel calls needs nothing that lets Python call it. Python can, all the same."""
    assert sum_of_tripled(np.arange(4)) == 18
    (found,) = tripled.compiled().overloads.values()
    assert found.library.get_pointer_to_function(found.fndesc.llvm_cpython_wrapper_name) == 0
    assert tripled(np.uint8(2)) == 6  # type: ignore[arg-type]
    assert sum_of_tripled(np.arange(3)) == 9
