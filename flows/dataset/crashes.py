"""What a run leaves behind if native code ends its process, and which inputs were found to cause that.

While a run reads and cleans, it notes in its staging folder what it is at. If a signal such as SIGSEGV ends the
process, Python's `faulthandler` writes down which. The next command that takes the lock keeps both as evidence, and the
next run tries the suspects one by one (`flows.run.suspects`).
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from flows.dataset.checksums import read_json, write_json
from flows.dataset.layout import Layout
from flows.version import copydesk_version

_log: Final = logging.getLogger(__name__)

_CRASH: Final = "crash"  # what faulthandler wrote; + name: in that process
_READING: Final = "reading-"  # + batch: the input that is being read
_CLEANING: Final = "cleaning-"  # + shard: it is being cleaned
_SUSPECTS_JSON: Final = "suspects.json"
_FATAL: Final = "Fatal Python error: "
_SIGNAL_STACK: Final = 1 << 16  # bytes
_of_thread: Final = threading.local()


class Suspects(NamedTuple):
    """What a run was at when it crashed."""

    folder: Path
    crash: str  # such as "Segmentation fault"
    inputs: tuple[str, ...]  # uris of inputs that were being read, printable as all strings in JSON files
    shards: tuple[Path, ...]  # files with documents that were being cleaned


#: What is not read again: (printable uri, state) -> the error. The state shows whether it is still the same: for an
#: input its size and time of change, for a record its content hash.
Culprits = dict[tuple[str, str], str]


@contextmanager
def watched(staging: Path, name: str = "") -> Iterator[None]:
    """Let Python write down in a staging folder which signal ends this process, if one does.

    If several processes work for a run, each has a name.
    """
    was_enabled = faulthandler.is_enabled()
    path = staging / f"{_CRASH}{name}"
    with path.open("w") as file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
            if was_enabled:  # as with PYTHONFAULTHANDLER; stderr may be closed, or no file
                with suppress(OSError, ValueError, RuntimeError):
                    faulthandler.enable(sys.__stderr__ or sys.stderr)
    path.unlink(missing_ok=True)


class _StackT(ctypes.Structure):
    """The `stack_t` of Linux."""

    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def _bear_stack_overflow() -> None:
    """Give this thread a stack for signal handlers, so that `faulthandler` can still write when its own is full.

    `faulthandler` does so only for the thread that enables it.
    """
    if sys.platform != "linux" or hasattr(_of_thread, "stack"):
        return
    _of_thread.stack = ctypes.create_string_buffer(_SIGNAL_STACK)
    stack = _StackT(ctypes.addressof(_of_thread.stack), 0, _SIGNAL_STACK)
    ctypes.CDLL(None).sigaltstack(ctypes.byref(stack), None)


@contextmanager
def noting_inputs(staging: Path, batch: int) -> Iterator[Callable[[str], None]]:
    """A function that notes the uri of the input that is read next."""
    _bear_stack_overflow()
    path = staging / f"{_READING}{batch}"
    with path.open("wb", buffering=0) as file:

        def note(uri: str) -> None:
            os.pwrite(file.fileno(), json.dumps(uri).encode() + b"\n", 0)

        yield note
    path.unlink(missing_ok=True)  # of a worker that was given up for lost, and read the same


@contextmanager
def noting_shard(staging: Path, shard: str) -> Iterator[None]:
    """Note that a shard is being cleaned."""
    _bear_stack_overflow()
    path = staging / f"{_CLEANING}{shard}"
    path.touch()
    yield
    path.unlink(missing_ok=True)


def keep_evidence(layout: Layout) -> None:
    """Move what crashed runs were at out of `staging`, before that is emptied."""
    for staging in sorted(layout.staging.glob("r*-*")):
        crash = next(filter(None, map(_crash, sorted(staging.glob(f"{_CRASH}*")))), "")
        if not crash:
            continue
        folder = layout.suspects / staging.name
        folder.mkdir(parents=True, exist_ok=True)
        uris = [_noted(path) for path in sorted(staging.glob(f"{_READING}*"))]
        write_json(folder / _SUSPECTS_JSON, {"crash": crash, "inputs": [uri for uri in uris if uri]})
        for path in sorted(staging.glob(f"{_CLEANING}*")):
            read = staging / "work" / "read" / f"{path.name.removeprefix(_CLEANING)}.arrow"
            if read.exists():
                read.rename(folder / read.name)
        _log.warning(
            "the last run crashed in native code (%s); what it was reading and cleaning is tried out", crash
        )


def _crash(path: Path) -> str:
    """The kind of crash that `faulthandler` wrote down, "" if none."""
    try:
        first = path.read_text(errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return ""
    return first.removeprefix(_FATAL) if first.startswith(_FATAL) else ""


def _noted(path: Path) -> str | None:
    try:
        uri = json.loads(path.read_bytes().partition(b"\n")[0])
    except ValueError:
        return None
    return uri if isinstance(uri, str) else None


def suspects(layout: Layout) -> list[Suspects]:
    """The evidence of crashes that was not looked into yet, oldest first; what is damaged of it is dropped."""
    found = []
    for folder in sorted(layout.suspects.glob("r*")):
        try:
            content = read_json(folder / _SUSPECTS_JSON)
            shards = tuple(sorted(folder.glob("*.arrow")))
            found.append(Suspects(folder, content["crash"], tuple(content["inputs"]), shards))
        except (OSError, ValueError, KeyError):
            shutil.rmtree(folder, ignore_errors=True)
    return found


def culprits(layout: Layout) -> Culprits:
    """What crashed this version of copydesk."""
    try:
        content = read_json(layout.culprits_file)
        return {
            (one["uri"], one["state"]): one["error"]
            for one in content["culprits"]
            if one["copydesk"] == copydesk_version()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning(
            "%s is damaged, and is written anew after the next crash (%s)", layout.culprits_file, error
        )
        return {}


def convict(layout: Layout, found: Mapping[tuple[str, str], str], tried: Sequence[Suspects]) -> None:
    """Write down what is not read again, and drop the evidence, except `inputs` of what was tried: they are left."""
    if found:
        rows = [
            {"uri": uri, "state": state, "error": error, "copydesk": copydesk_version()}
            for (uri, state), error in {**culprits(layout), **found}.items()
        ]
        write_json(layout.culprits_file, {"culprits": rows})
    for one in tried:
        if not one.inputs:
            shutil.rmtree(one.folder, ignore_errors=True)
            continue
        write_json(one.folder / _SUSPECTS_JSON, {"crash": one.crash, "inputs": one.inputs})
        for shard in one.shards:
            shard.unlink(missing_ok=True)
    with suppress(OSError):  # what is left to a later run stays
        layout.suspects.rmdir()
