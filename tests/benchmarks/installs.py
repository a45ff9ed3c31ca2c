"""The peers' environments: one each under .bench/, with the versions pinned in peers/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .measure import FOLDER, CommandFailed, say

PINS = Path(__file__).parent / "peers"


def python(peer: str) -> Path:
    """The interpreter of a peer's environment, which is built where it is missing or its pins have changed.

    Raises CommandFailed with pip's last words where it cannot be built.
    """
    pins = PINS / f"{peer}.txt"
    folder = FOLDER / peer
    interpreter, stamp = folder / "bin" / "python", folder / "pins.txt"
    if stamp.exists() and stamp.read_bytes() == pins.read_bytes():
        return interpreter
    say(f"  installing {peer} into {folder.relative_to(FOLDER.parent)}")
    shutil.rmtree(folder, ignore_errors=True)
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", folder],
        [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            words = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
            raise CommandFailed(f"cannot be installed: {words[-1].strip()}")
    shutil.copy(pins, stamp)
    return interpreter


def release(peer: str) -> str:
    """The version that a peer is pinned to."""
    for line in (PINS / f"{peer}.txt").read_text().splitlines():
        name, _, number = line.partition("==")
        if name == peer:
            return number
    raise KeyError(peer)
