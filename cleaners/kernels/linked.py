"""The machine code of all kernels in one file, loaded and called without numba.

numba needs half a second to be imported, and then some milliseconds for each kernel that it loads from disk: for an
hourly run over a few articles, more than all the rest. But what it calls in the end is a function of CPython's C API in
an object file, and neither knows of the compiler. So once all kernels are compiled, `link` writes their object files
and constants to one file, and `linked` gives them to the linker of llvmlite, together with the C functions of numba's
runtime (to allocate arrays, make them Python's, raise exceptions). What numba's dispatcher does before a call is to
look whether the arguments fit; see `parameters`.

The file is a copy of what numba keeps, for the same sources, machine and versions; see `machine_code`. Where there is
none, or it cannot be linked, kernels are loaded by numba.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import inspect
import os
import pickle
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cleaners.kernels.machine_code import linked_file, stamp
from cleaners.kernels.parameters import fits, parameters

if TYPE_CHECKING:
    from types import ModuleType

    from cleaners.kernels import Kernel

#: numba's extension modules, which do not import numba: its runtime, what kernels call, and what calls them.
_RUNTIME: Final = "core.runtime._nrt_python"
_HELPERS: Final = "_helperlib"
_FUNCTIONS: Final = "_dynfunc"
#: The file begins with the CRC-32 of the rest (bytes).
_CHECKSUM: Final = 4


class _Code(NamedTuple):
    """What is kept of a kernel."""

    stamp: str  # of its sources
    object_file: bytes
    wrapper: str  # the symbol of the function that Python calls
    environment: str  # the symbol of its own environment
    environments: dict[str, list[Any]]  # symbol -> constants, of all functions that went into it


def linked(kernel: Kernel[..., Any]) -> Callable[..., Any] | None:
    """What calls the machine code of a kernel; None if it is not in the file. One thread may ask at a time."""
    found = _functions().get(_name_of(kernel))
    if found is None or found.stamp != stamp(_folder_of(kernel)):
        return None
    return _checked(kernel.function, found.call)


def is_linked() -> bool:
    """Whether kernels are called without numba."""
    return bool(_functions())


def link(kernels: Iterable[Kernel[..., Any]]) -> None:
    """Write the file, if it can be read again: what LLVM's linker does not find ends the process, so another one tries.

    Helpers are not in it.

    Raises RuntimeError if a kernel is not kept on disk, and CalledProcessError if the file cannot be read again.
    """
    if (path := linked_file()) is None:
        return
    codes = {_name_of(kernel): _code_of(kernel) for kernel in kernels if not kernel.is_helper}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            content = pickle.dumps(codes, protocol=5)
            file.write(zlib.crc32(content).to_bytes(_CHECKSUM, "big") + content)
            os.fsync(file.fileno())
        subprocess.run(
            [sys.executable, "-P", "-c", f"from {__name__} import load; load({name!r})"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _code_of(kernel: Kernel[..., Any]) -> _Code:
    """What numba keeps of a kernel, read without linking it."""
    (_, _, (object_file, _)), described, own, *_, environments = kernel.kept()
    return _Code(
        stamp(_folder_of(kernel)),
        object_file,
        described.llvm_cpython_wrapper_name,
        own.env_name,
        {each.env_name: [*each.consts] for each in (own, *environments)},
    )


class _Function(NamedTuple):
    stamp: str
    call: Callable[..., Any]


@functools.cache
def _functions() -> dict[str, _Function]:
    """Kernel -> function, of the file for this machine; empty if there is none."""
    if (path := linked_file()) is not None:
        with suppress(Exception):  # what a damaged file raises can be anything
            return load(path)
    return {}


def load(path: Path | str) -> dict[str, _Function]:
    """Link the kernels of a file. Raises OSError, ImportError, ValueError if it is damaged."""
    content = memoryview(Path(path).read_bytes())
    # LLVM's linker ends the process for some damage, and does not see other damage at all
    if zlib.crc32(content[_CHECKSUM:]) != int.from_bytes(content[:_CHECKSUM], "big"):
        raise ValueError(f"{path} is damaged")
    codes: dict[str, _Code] = pickle.loads(content[_CHECKSUM:])
    engine = _engine()
    for code in codes.values():
        engine.add_object_file(_llvm().ObjectFileRef.from_data(code.object_file))
    engine.finalize_object()
    functions = _extension(_FUNCTIONS)
    environments: dict[str, Any] = {}
    for name, constants in ((n, c) for code in codes.values() for n, c in code.environments.items()):
        if name not in environments:
            environments[name] = environment = functions.Environment({})
            environment.consts.extend(constants)
            place = engine.get_global_value_address(name)
            ctypes.c_void_p.from_address(place).value = id(environment)
    return {
        name: _Function(
            code.stamp,
            functions.make_function(
                sys.modules[__name__],
                name,
                "",
                engine.get_function_address(code.wrapper),
                environments[code.environment],
                (engine, environments),  # as long as the function
            ),
        )
        for name, code in codes.items()
    }


def _engine() -> Any:
    """The linker, as numba sets it up, with the symbols of numba's runtime."""
    llvm = _llvm()
    for prefix, name in (("numba_", _HELPERS), ("NRT_", _RUNTIME)):
        for symbol, address in _extension(name).c_helpers.items():
            llvm.add_symbol(symbol if symbol.startswith("_") else f"{prefix}{symbol}", address)
    llvm.add_symbol("numba_unpickle", ctypes.cast(_UNPICKLE, ctypes.c_void_p).value)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), reloc="default", codemodel="jitdefault", jit=True
    )
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def _unpickled(data: int, size: int, _hash: int) -> Any:
    """What kernels call for the class of an array or an exception; numba's own function would import all of numba."""
    return pickle.loads(ctypes.string_at(data, size))


_UNPICKLE: Final = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    _unpickled
)


def _llvm() -> Any:
    import llvmlite.binding  # type: ignore[import-untyped]

    return llvmlite.binding


@functools.cache
def _extension(name: str) -> ModuleType:
    """An extension module of numba, loaded by its file, as importing its package would take long."""
    full = f"numba.{name}"
    if full in sys.modules:
        return sys.modules[full]
    numba = importlib.util.find_spec("numba")
    assert numba is not None
    folders = [str(Path(folder, *name.split(".")[:-1])) for folder in numba.submodule_search_locations or ()]
    spec = PathFinder.find_spec(full, folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module {full}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _checked(function: Callable[..., Any], code: Callable[..., Any]) -> Callable[..., Any]:
    """The machine code, called only with arguments that fit the signature: it would take any memory for an array."""
    signature = inspect.signature(function)
    tests = tuple(map(fits, parameters(function)))

    def call(*arguments: Any, **named: Any) -> Any:
        if named or len(arguments) != len(tests):
            arguments = signature.bind(*arguments, **named).args
        for argument, fit in zip(arguments, tests, strict=True):
            if not fit(argument):
                raise TypeError(f"No matching definition of {function.__name__} for {argument!r}")
        return code(*arguments)

    return call


def _name_of(kernel: Kernel[..., Any]) -> str:
    return f"{kernel.function.__module__}:{kernel.function.__qualname__}"


def _folder_of(kernel: Kernel[..., Any]) -> Path:
    return Path(kernel.function.__code__.co_filename).parent
