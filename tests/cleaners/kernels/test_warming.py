"""Several processes compile the kernels, each of them once."""

from __future__ import annotations

from typing import Any

from cleaners.kernels import kernel
from cleaners.kernels.warming import Plan, all_kernels, name_of


@kernel
def small(a: int) -> int:
    """Calls nothing."""
    return a


@kernel
def middle(a: int) -> int:
    """Calls one, which is then part of it."""
    return small(a) + small(a + 1)


@kernel
def large(a: int) -> int:
    """Calls both."""
    return middle(a) + small(a)


@kernel
def alone(a: int) -> int:
    """Neither calls another nor is called."""
    return a - 1


def test_a_kernel_comes_after_those_that_it_calls() -> None:
    """First comes what most of the work waits for; what waits is not given to anyone before."""
    plan = Plan([large, alone, middle, small])
    assert plan.next() == name_of(small)
    assert plan.next() == name_of(alone)
    assert plan.next() is None
    plan.done(name_of(small))
    assert plan.next() == name_of(middle)
    assert plan.next() is None
    plan.done(name_of(middle))
    assert plan.next() == name_of(large)
    assert plan.left == 2
    plan.done(name_of(alone))
    plan.done(name_of(large))
    assert plan.left == 0
    assert plan.next() is None


def test_the_plan_of_all_kernels_ends() -> None:
    """One process can compile them all, one after the other; no two have the same name."""
    kernels: list[Any] = all_kernels()
    plan = Plan(kernels)
    done = []
    while (name := plan.next()) is not None:
        plan.done(name)
        done.append(name)
    assert sorted(done) == sorted(map(name_of, kernels))
