"""Which kernels there are, and the order in which several processes can compile them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Set
from pathlib import Path

from cleaners.kernels import Kernel


def all_kernels() -> list[Kernel[..., object]]:
    """All kernels; their modules are imported."""
    return [
        value
        for name in _modules_with_kernels()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, Kernel) and value.function.__module__ == name
    ]


def _modules_with_kernels() -> Iterator[str]:
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        if re.search(r"^@(kernel|helper)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield ".".join((root.name, *path.relative_to(root).with_suffix("").parts))


class Plan:
    """Who compiles what next: a kernel once those that it calls are done, those first that others wait for longest.

    A process that compiles a kernel loads what it calls from disk, instead of compiling it a second time.
    """

    def __init__(self, kernels: list[Kernel[..., object]]) -> None:
        self.names = {name_of(kernel): kernel for kernel in kernels}
        self._waits_for = {
            name: {name_of(callee) for callee in kernel.callees()} & self.names.keys()
            for name, kernel in self.names.items()
        }
        self._weights = {name: len(kernel.function.__code__.co_code) for name, kernel in self.names.items()}
        self._open = {*self.names}
        self._given: set[str] = set()
        self._ahead: dict[str, int] = {}
        for name in self.names:
            self._path(name)

    def _path(self, name: str) -> int:
        """The work from the start of this kernel to the end of the last that needs it."""
        if name not in self._ahead:
            callers = [caller for caller, callees in self._waits_for.items() if name in callees - {caller}]
            self._ahead[name] = self._weights[name] + max(map(self._path, callers), default=0)
        return self._ahead[name]

    def next(self) -> str | None:
        """The name of the next kernel, or None if all that is left waits for others."""
        ready = [
            name for name in self._open - self._given if not (self._waits_for[name] - {name}) & self._open
        ]
        if not ready:
            return None
        name = max(ready, key=lambda name: (self._ahead[name], name))
        self._given.add(name)
        return name

    def done(self, name: str) -> None:
        """A kernel is compiled, or cannot be."""
        self._open.discard(name)

    @property
    def open(self) -> Set[str]:
        """The names of those that are not done."""
        return self._open

    @property
    def left(self) -> int:
        """How many are not done."""
        return len(self._open)


def name_of(kernel: Kernel[..., object]) -> str:
    """Its module and its name."""
    return f"{kernel.function.__module__}:{kernel.function.__name__}"


def compile_by_name(name: str) -> None:
    """Compile a kernel, or load it if it is on disk. Raises what numba raises."""
    module, _, function = name.partition(":")
    getattr(importlib.import_module(module), function).compiled()
