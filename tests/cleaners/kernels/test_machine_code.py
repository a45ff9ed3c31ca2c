"""Machine code on disk is used only while its sources are as they were, and from folders that cannot be written to."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cleaners.kernels import Kernel, kernel, machine_code
from cleaners.kernels.machine_code import AllSourcesLocator, sources
from cleaners.kernels.warming import all_kernels

CLEANERS = Path(machine_code.__file__).parents[1]
FOLDERS = CLEANERS, CLEANERS / "kernels", CLEANERS / "text"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The folders that are looked at for machine code, in order; all but the last cannot be written to."""
    places = [tmp_path / "installed", tmp_path / "users"]
    monkeypatch.setattr(machine_code, "folders", lambda: iter(places))
    make = machine_code._make_writable

    def make_writable(place: Path) -> None:
        if place.parent != places[-1]:
            raise PermissionError(place)
        make(place)

    monkeypatch.setattr(machine_code, "_make_writable", make_writable)
    machine_code.folder.cache_clear()
    yield places
    machine_code.folder.cache_clear()


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


def test_kernels_are_kept_on_disk() -> None:
    """With this numba a kernel's machine code is on disk."""
    from cleaners.text.tokens import fmix64

    assert isinstance(fmix64, Kernel)
    fmix64.compiled()
    assert fmix64.compiled().stats.cache_path == str(machine_code.folder())


def test_what_goes_into_kernels_is_in_their_stamp() -> None:
    """Whatever of `cleaners` a kernel names is in its own folder, or in one that is in every stamp."""
    for each in all_kernels():
        module = sys.modules[each.function.__module__]
        covered = {Path(str(module.__file__)).parent, *FOLDERS}
        imported = {
            alias.asname or alias.name: node.module or ""
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for used in each.function.__code__.co_names:
            source = imported.get(used, "")
            if source.startswith("cleaners"):
                place = Path(str(importlib.import_module(source).__file__))
                assert place.parent in covered, f"{each.function.__qualname__}: {used} of {source}"


def test_the_stamp_of_a_kernel(tmp_path: Path, folders: list[Path]) -> None:
    """It changes with another file of the kernel's folder, and not when files get other times, as in images."""
    (tmp_path / "own.py").write_text("")
    locator = AllSourcesLocator.from_function(test_sources, str(tmp_path / "own.py"))
    assert locator is not None
    before = locator.get_source_stamp()
    assert before == sources(tmp_path, *FOLDERS)
    os.utime(tmp_path / "own.py", ns=(1, 1))
    assert sources(tmp_path, *FOLDERS) == before
    (tmp_path / "beside.py").write_text("")
    assert sources(tmp_path, *FOLDERS) != before
    assert Path(locator.get_cache_path()).parent == folders[-1]


def test_a_complete_folder_comes_first(folders: list[Path]) -> None:
    """Where all kernels are compiled, they are used, even if the folder cannot be written to; otherwise the next."""
    installed, users = folders
    first = machine_code.folder()
    assert first is not None
    assert first.parent == users
    assert not machine_code.is_complete()
    complete = installed / first.name
    complete.mkdir(parents=True)
    machine_code._mark(complete).touch()
    machine_code.folder.cache_clear()
    assert machine_code.folder() == complete
    assert machine_code.is_complete()


def test_marks_of_other_sources_go(folders: list[Path]) -> None:
    """A folder is complete for the sources of now only; the marks of other processors stay."""
    kept = machine_code.folder()
    assert kept is not None
    (kept / "complete-00000000-cpu").touch()
    (kept / f"complete-{machine_code.all_sources()}-cpu").touch()
    machine_code.set_complete()
    assert machine_code.is_complete()
    assert len([*kept.glob("complete-*")]) == 2
    assert not (kept / "complete-00000000-cpu").exists()


def test_a_folder_that_cannot_be_looked_into(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One of another user, or with a name that is too long, is passed over: machine code is kept in the next."""
    monkeypatch.setattr(machine_code, "folders", lambda: iter([tmp_path / ("a" * 300), tmp_path / "users"]))
    machine_code.folder.cache_clear()
    try:
        kept = machine_code.folder()
        assert kept is not None
        assert kept.parent == tmp_path / "users"
        assert not machine_code.is_complete()
    finally:
        machine_code.folder.cache_clear()


def test_damaged_machine_code_is_written_anew(folders: list[Path]) -> None:
    """A file of zeros, as a power cut leaves it, costs the time to compile; the next process finds a sound one."""
    assert kernel(three)() == 3
    kept = machine_code.folder()
    assert kept is not None
    (code,) = kept.glob("*three*.nbc")
    code.write_bytes(bytes(code.stat().st_size))
    assert kernel(three)() == 3
    written, read = kernel(three).compiled(), kernel(three).compiled()
    assert written.stats.cache_misses
    assert read.stats.cache_hits


def test_no_folder_at_all(folders: list[Path]) -> None:
    """Kernels are compiled in every process then: slower, and right."""
    folders[:] = []
    assert machine_code.folder() is None
    machine_code.set_complete()
    assert not machine_code.is_complete()
    made = kernel(three)
    assert made() == 3
    assert made.compiled().stats.cache_path is None


def test_a_full_disk(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot be kept is used all the same."""
    made = kernel(three)
    monkeypatch.setattr(machine_code, "_make_writable", Full())
    assert made() == 3


class Full:
    """The folder can be made, and nothing be written to it later."""

    calls = 0

    def __call__(self, _place: Path) -> None:
        """Fail at the second call."""
        self.calls += 1
        if self.calls > 1:
            raise OSError(28, "No space left on device")


def test_a_constant_of_another_module(tmp_path: Path) -> None:
    """A kernel that has a constant from another module answers by the new one once that module has changed."""
    (tmp_path / "limits.py").write_text("LEAST = 3\n")
    (tmp_path / "counting.py").write_text(
        "from cleaners.kernels import kernel\nfrom limits import LEAST\n\n\n"
        "@kernel\ndef least() -> int:\n    return LEAST\n\n\n"
        "print(least(), sum(least.compiled().stats.cache_hits.values()))\n"
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
    monkeypatch.setattr(machine_code, "_numba_config", SimpleNamespace)
    made = kernel(three)
    assert made() == 3
    assert made.compiled().stats.cache_path is None


def test_the_setting_of_numba_is_as_it_was() -> None:
    """Functions that others compile are kept as numba keeps them, also after an error."""
    config: Any = machine_code._numba_config()
    before = config.CACHE_LOCATOR_CLASSES
    with pytest.raises(ZeroDivisionError), machine_code.stamped_by_all_sources():
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="does not ask"), machine_code.stamped_by_all_sources():
        pass
    assert before == config.CACHE_LOCATOR_CLASSES
