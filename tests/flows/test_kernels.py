"""Kernels are compiled once for a machine, on all its processors."""

from __future__ import annotations

import os

import pytest

from flows.kernels import processors


def test_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that this process may use; on systems that do not say which, all there are; at least one."""
    assert 1 <= processors() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert processors() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1
