"""Machine code on disk is used only while its sources are as they were."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from numba.core.dispatcher import Dispatcher

import cleaners
from cleaners.text import freshness
from cleaners.text.freshness import AllSourcesLocator, sources
from cleaners.text.tokens import kernel

FOLDERS = Path(freshness.__file__).parent, Path(freshness.__file__).parents[1]


def test_sources(tmp_path: Path) -> None:
    """A Python file that comes, goes or changes makes other sources; any other file makes none."""
    (tmp_path / "a.py").write_text("A = 1\n")
    before = sources(tmp_path)
    (tmp_path / "a.txt").write_text("A = 1\n")
    assert sources(tmp_path) == before
    (tmp_path / "b.py").write_text("B = 1\n")
    with_more = sources(tmp_path)
    assert with_more != before
    (tmp_path / "b.py").write_text("B = 10\n")
    assert sources(tmp_path) not in (before, with_more)
    (tmp_path / "b.py").unlink()
    assert sources(tmp_path) == before
    os.utime(tmp_path / "a.py", ns=(1, 1))
    assert sources(tmp_path) != before


def kernels() -> Iterator[tuple[str, ModuleType, Any]]:
    """Every kernel of the cleaners: its name, the module that defines it, and the compiled function."""
    for found in pkgutil.walk_packages(cleaners.__path__, "cleaners."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, Dispatcher) and value.py_func.__module__ == found.name:
                yield name, module, value


def test_kernels_are_kept_on_disk() -> None:
    """With this numba every kernel has machine code on disk."""
    found = list(kernels())
    assert len(found) > 50
    assert [name for name, _, compiled in found if compiled.stats.cache_path is None] == []


def test_what_goes_into_kernels_is_in_their_stamp() -> None:
    """Whatever of `cleaners` a kernel names is in its own folder, in `cleaners.text` or in a module of `cleaners`."""
    for name, module, compiled in kernels():
        own = Path(str(module.__file__)).parent
        covered = {own, Path(freshness.__file__).parent, Path(freshness.__file__).parents[1]}
        imported = {
            alias.asname or alias.name: node.module or ""
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for used in compiled.py_func.__code__.co_names:
            source = imported.get(used, "")
            if source.startswith("cleaners"):
                place = Path(str(importlib.import_module(source).__file__))
                assert place.parent in covered, f"{module.__name__}.{name}: {used} of {source}"


def test_the_stamp_of_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes with another file of the kernel's folder, and is beside the stamp that numba itself would use."""
    monkeypatch.setattr(freshness.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(freshness, "_sources", freshness._sources.__wrapped__)
    (tmp_path / "own.py").write_text("")
    locator = AllSourcesLocator.from_function(test_sources, str(tmp_path / "own.py"))
    assert locator is not None
    numbas, before = locator.get_source_stamp()
    (tmp_path / "beside.py").write_text("")
    assert locator.get_source_stamp() == (numbas, sources(tmp_path, *FOLDERS))
    assert locator.get_source_stamp()[1] != before
    assert locator.get_cache_path().startswith(str(tmp_path / "cache"))


def test_a_constant_of_another_module(tmp_path: Path) -> None:
    """A kernel that has a constant from another module answers by the new one once that module has changed."""
    (tmp_path / "limits.py").write_text("LEAST = 3\n")
    (tmp_path / "counting.py").write_text(
        "from cleaners.text.tokens import kernel\nfrom limits import LEAST\n\n\n"
        "@kernel\ndef least():\n    return LEAST\n\n\nprint(least(), sum(least.stats.cache_hits.values()))\n"
    )

    def answer() -> str:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        code = "import counting"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert [answer(), answer()] == ["3 0", "3 1"]
    (tmp_path / "limits.py").write_text("LEAST = 14\n")
    assert answer() == "14 0"


def three() -> int:
    """What is compiled here."""
    return 3


def test_a_numba_without_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are compiled in every process then, and nothing is taken from disk: slower, and right."""
    monkeypatch.setattr(freshness, "config", SimpleNamespace())
    compiled: Any = kernel(three)
    assert compiled() == 3
    assert compiled.stats.cache_path is None


@pytest.mark.parametrize("names", [(), ("ALocatorThatIsGone",)])
def test_a_numba_without_its_locators(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same if numba's locators have other names, or none finds a folder to write to."""
    monkeypatch.setattr(freshness, "LOCATORS", names)
    compiled: Any = kernel(three)
    assert compiled() == 3
    assert compiled.stats.cache_path is None


def test_the_setting_of_numba_is_as_it_was() -> None:
    """Functions that others compile are kept as numba keeps them, also after an error."""
    before = freshness.config.CACHE_LOCATOR_CLASSES
    with pytest.raises(ZeroDivisionError), freshness.stamped_by_all_sources():
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="does not ask"), freshness.stamped_by_all_sources():
        pass
    assert before == freshness.config.CACHE_LOCATOR_CLASSES
