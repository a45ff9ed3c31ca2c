"""Kernels that are called without numba answer as they do with it, and take no other arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cleaners.kernels import F64, I64, Flags, Rows, Word, Written, helper, kernel, linked
from cleaners.kernels import machine_code as code
from cleaners.kernels.linked import link


class Places(NamedTuple):
    """Arrays that are passed together."""

    values: I64
    first: int


@kernel
def total(table: Places, factor: int, out: Written[I64]) -> int:
    """The sum of the values from the first on, times a factor, is written to `out`."""
    found = 0
    for i in range(table.first, len(table.values)):
        found += table.values[i] * factor
    out[0] = found
    return found


@kernel
def scaled(rows: Rows[F64], by: float, only: Flags, word: Word) -> tuple[Any, Any, int]:
    """New arrays, and a number."""
    found = np.zeros(len(rows))
    for i in range(len(rows)):
        if only[i]:
            found[i] = rows[i, 0] * by
    return found, found > 1, word + np.uint64(1)


@kernel
def refuse(number: int) -> int:
    """Raises ValueError."""
    if number > 1:
        raise ValueError("more than one")
    return number


@helper
def half(number: float) -> float:
    """Half of a number."""
    return number / 2


@kernel
def quarter(number: float) -> float:
    """A quarter of a number, by a helper."""
    return half(half(number))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where kernels are linked."""
    path = tmp_path / "linked"
    monkeypatch.setattr(linked, "linked_file", lambda: path)
    linked._functions.cache_clear()
    yield path
    linked._functions.cache_clear()


@pytest.fixture
def find(file: Path) -> Callable[[Any], Any]:
    """What calls a kernel without numba, once it is compiled and linked."""

    def found(made: Any) -> Any:
        made.compiled()
        link([made])
        linked._functions.cache_clear()
        return linked.linked(made)

    return found


def test_tables_and_written_arrays(find: Callable[[Any], Any]) -> None:
    """They are read and written in place; numbers of any type are converted, parameters can be named."""
    call, out = find(total), np.zeros(1, np.int64)
    assert call(Places(np.arange(4), 1), 2, out) == 12
    assert call(Places(np.arange(4), np.uint32(2)), out=out, factor=np.uint8(1)) == 5  # type: ignore[arg-type]
    assert out.tolist() == [5]


def test_new_arrays(find: Callable[[Any], Any]) -> None:
    """They are as numba makes them, and outlive the call."""
    arguments = np.arange(6.0).reshape(3, 2), 0.5, np.array([True, False, True]), 2**63
    for mine, expected in zip(find(scaled)(*arguments), scaled.compiled()(*arguments), strict=True):
        assert np.array_equal(mine, expected)
        assert getattr(mine, "dtype", int) == getattr(expected, "dtype", int)


def test_an_exception(find: Callable[[Any], Any]) -> None:
    """It is raised where the kernel is called."""
    call = find(refuse)
    assert call(1) == 1
    with pytest.raises(ValueError, match="more than one"):
        call(2)


def read_only(values: Any) -> Any:
    """The same values, which cannot be written to."""
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "arguments",
    [
        (Places(np.arange(8)[::2], 0), 1, np.zeros(1, np.int64)),
        (Places(np.arange(4), 0), 1, read_only(np.zeros(1, np.int64))),
        (Places(np.arange(4.0), 0), 1, np.zeros(1, np.int64)),  # type: ignore[arg-type]
        (Places(np.arange(4), 0), 1, np.zeros(1)),
        (Places(np.arange(4), 0), 1, np.zeros((1, 1), np.int64)),
        (Places(np.arange(4), 0), 1, [0]),
        (Places(np.arange(4), 0), "1", np.zeros(1, np.int64)),
        (Places(np.arange(4), 0), 1j, np.zeros(1, np.int64)),
        (Places(np.arange(4), 0), None, np.zeros(1, np.int64)),
        ((np.arange(4), 0), 1, np.zeros(1, np.int64)),
        (Places(np.arange(4), 0), 1),
    ],
)
def test_what_does_not_fit(arguments: tuple[Any, ...], find: Callable[[Any], Any]) -> None:
    """It is a TypeError, as it is with numba: no memory is read as something else."""
    with pytest.raises(TypeError):
        total.compiled()(*arguments)
    with pytest.raises(TypeError):
        find(total)(*arguments)


def test_other_sources(find: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine code of what a kernel was before is not called."""
    assert find(total)
    monkeypatch.setattr(linked, "stamp", lambda _folder: "other")
    assert linked.linked(total) is None


@pytest.mark.parametrize(
    "content", [None, b"", b"\0" * 1000, b"\x80\x05}."], ids=["none", "empty", "zeros", "others"]
)
def test_without_a_sound_file(content: bytes | None, file: Path) -> None:
    """Numba loads the kernels."""
    if content is not None:
        file.write_bytes(content)
    assert not linked.is_linked()
    assert linked.linked(total) is None


def test_a_damaged_object_file(find: Callable[[Any], Any], file: Path) -> None:
    """Numba loads the kernels: what LLVM's linker makes of it could end the process, or give wrong answers."""
    assert find(total)
    content = file.read_bytes()
    place = content.index(b"\x7fELF") if b"\x7fELF" in content else len(content) // 2
    for at in range(place, len(content), 997):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        linked._functions.cache_clear()
        assert linked.linked(total) is None
    file.write_bytes(content)
    linked._functions.cache_clear()
    assert linked.linked(total) is not None


def test_a_kernel_that_is_not_kept(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, not even in part."""
    total.compiled()
    monkeypatch.setattr(code, "folders", lambda: iter([tmp_path / "users"]))
    code.folder.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="total is not kept"):
            link([total])
    finally:
        code.folder.cache_clear()
    assert not file.exists()
    assert not [*tmp_path.glob(".*")]


def test_code_that_cannot_be_linked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process does not survive is not written."""
    total.compiled()
    found = linked._code_of(total)
    monkeypatch.setattr(linked, "_code_of", lambda _: found._replace(object_file=b"no object file"))
    with pytest.raises(subprocess.CalledProcessError):
        link([total])
    assert [*file.parent.iterdir()] == []


def test_helpers_are_part_of_their_callers(file: Path) -> None:
    """Only kernels that Python calls are in the file."""
    quarter.compiled()
    link([half, quarter])
    linked._functions.cache_clear()
    found = linked.linked(quarter)
    assert found is not None
    assert found(6) == 1.5
    assert linked.linked(half) is None


def test_numba_is_not_imported(tmp_path: Path) -> None:
    """A kernel is called without it, and with it in the same process, if another one must be compiled."""
    (tmp_path / "counting.py").write_text(
        "import numpy as np\nfrom cleaners.kernels import kernel\n\n"
        "@kernel\ndef ones(n: int) -> object:\n    return np.ones(n)\n\n"
        "@kernel\ndef more(n: int) -> object:\n    return ones(n) + 1\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    # not NUMBA_CACHE_DIR: a complete folder comes first, and its file would be replaced by one with this kernel only
    kept = (
        f"from pathlib import Path; machine_code.folders = lambda: iter([Path({str(tmp_path / 'kept')!r})])"
    )

    def printed(script: str) -> str:
        command = [
            sys.executable,
            "-c",
            f"import sys, counting; from cleaners.kernels import linked, machine_code; {kept}\n{script}",
        ]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    printed("counting.ones.compiled(); linked.link([counting.ones])")
    script = "print(counting.ones(2), 'numba' in sys.modules, counting.more(2), counting.ones(1))"
    assert printed(script) == "[1. 1.] False [2. 2.] [1.]"
