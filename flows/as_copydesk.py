"""copydesk under its own name: what the package `flows` exports. The wheel has this file as `copydesk/__init__.py`."""

from __future__ import annotations

from typing import Any

import flows


def __getattr__(name: str) -> Any:
    """What `flows` has under this name."""
    return getattr(flows, name)


def __dir__() -> list[str]:
    """The names that `flows` exports."""
    return list(flows.__all__)
