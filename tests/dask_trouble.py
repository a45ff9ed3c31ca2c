"""What befalls a worker of Dask in tests: functions that a client lets the workers call. `end` puts all right again."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import signal
import time
from pathlib import Path
from typing import Any

_undo: list[tuple[Any, str, Any]] = []
_LONGEST = 120  # seconds


def end(_folder: str) -> None:
    """Undo all of it in this process."""
    os.environ.pop("COPYDESK_PATHS", None)
    while _undo:
        owner, name, before = _undo.pop()
        setattr(owner, name, before)


def _replace(owner: Any, name: str, function: Any) -> None:
    _undo.append((owner, name, getattr(owner, name)))
    setattr(owner, name, function)


def _once(folder: str, name: str) -> bool:
    try:
        (Path(folder) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _wait_for(done: Any) -> bool:
    until = time.monotonic() + _LONGEST
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def killed_while_cleaning(folder: str) -> None:
    """One worker is killed when it has written half of what it makes of a shard."""
    from flows.run import staged_files

    write = staged_files.write

    def _write(frame: Any, path: Path) -> None:
        write(frame, path)
        if path.parent.name == "cleaned" and path.stem == "00000-00001" and _once(folder, "in clean"):
            os.kill(os.getpid(), signal.SIGKILL)

    _replace(staged_files, "write", _write)


def killed_after_stages(folder: str) -> None:
    """Workers are killed when a stage is done and has removed its source, but nobody knows, and within a table."""
    from flows.run import stages
    from flows.run.stages import splitting

    clean, remove, write_part = stages.clean, stages.remove_repeated, splitting.write_part

    def then_die(stage: Any, name: str) -> Any:
        def stage_and_die(run: Any, item: Any) -> None:
            stage(run, item)
            if _once(folder, name):
                os.kill(os.getpid(), signal.SIGKILL)

        return stage_and_die

    def _write_part(frame: Any, path: Path, *more: Any, **others: Any) -> None:
        write_part(frame, path, *more, **others)
        if path.parent.name == "removed" and _once(folder, "in split"):
            os.kill(os.getpid(), signal.SIGKILL)

    _replace(stages, "clean", then_die(clean, "after clean"))
    _replace(stages, "remove_repeated", then_die(remove, "after remove"))
    _replace(splitting, "write_part", _write_part)


def killed_while_comparing(folder: str) -> None:
    """Workers are killed when they have written the paragraphs of groups, and what is decided about them."""
    from flows.run.comparison import decisions, groups

    write_pieces = decisions.write_pieces

    def _write_pieces(frame: Any, path: Path, *more: Any) -> None:
        write_pieces(frame, path, *more)
        kind = path.parent.name
        if kind in ("extracts", "of_groups") and _once(folder, f"in {kind}"):
            os.kill(os.getpid(), signal.SIGKILL)

    for module in (decisions, groups):
        _replace(module, "write_pieces", _write_pieces)


def full_disk(_folder: str) -> None:
    """Nothing can be written any more."""
    from flows.run import staged_files

    def _write(_frame: Any, path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    _replace(staged_files, "write", _write)


def slow(folder: str) -> None:
    """The first shard takes until all others are cleaned."""
    from flows.run import stages

    clean = stages.clean

    def slow_clean(run: Any, read: Any) -> None:
        if read.shard == "00000-00000":
            others = run.path("documents", "").parent
            done = _wait_for(lambda: len(list(others.glob("0*"))) == 3)
            (Path(folder) / "slow").write_text(f"{done}")
        clean(run, read)

    _replace(stages, "clean", slow_clean)


def outlives_its_run(folder: str) -> None:
    """The first shard takes until the staging folder of its run was swept."""
    from flows.run import staged_files
    from flows.run.stages import cleaning

    clean_shard = cleaning._clean

    def late_clean(run: Any, shard: str) -> None:
        if shard != "00000-00000" or not _once(folder, "begun"):
            return clean_shard(run, shard)
        swept = _wait_for(lambda: not run.staging.exists())
        (Path(folder) / "late").write_text(f"{swept}")
        return staged_files.write(cleaning.pl.DataFrame({"text": ["late"]}), run.path("cleaned", shard))

    _replace(cleaning, "_clean", late_clean)


def native_code_crashes(_folder: str) -> None:
    """A certain record ends each process that cleans it."""
    import ctypes

    from flows.run import clean_shard, stages

    clean = clean_shard.clean_shard

    def crashing(documents: Any, *rest: Any) -> Any:
        if documents["text"].str.contains("CRASH").any():
            ctypes.string_at(0)
        return clean(documents, *rest)

    _replace(stages, "clean_shard", crashing)


def other_version(_folder: str) -> None:
    """The worker has another copydesk."""
    version = importlib.metadata.version
    _replace(importlib.metadata, "version", lambda name: "9.9" if name == "copydesk" else version(name))


def other_path(folder: str) -> None:
    """The worker looks for the dataset where it is not."""
    os.environ["COPYDESK_PATHS"] = f"{folder}=/nowhere"
