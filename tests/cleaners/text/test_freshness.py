"""Machine code on disk is used only while its sources are as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cleaners.text import freshness
from cleaners.text.freshness import sources
from cleaners.text.tokens import fmix64


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


def test_kernels_know_their_sources() -> None:
    """A kernel is stamped by the sources of its folder, not by its own file alone."""
    stamp = fmix64._cache._cache_file._source_stamp  # type: ignore[attr-defined]
    assert stamp[1] == freshness._sources(Path(freshness.__file__).parent)


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


@pytest.mark.parametrize("compiled", [object(), None])
def test_another_numba(compiled: object) -> None:
    """Where numba keeps its code in another way, kernels work as numba has them."""
    freshness.stamp_by_all_sources(compiled, test_another_numba)
