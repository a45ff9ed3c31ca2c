"""Whether a Prefect API is configured and answers, found out without the second that importing Prefect takes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Final

TIMEOUT: Final = 2.0  # seconds


def configured_api() -> str | None:
    """The address of the Prefect API that the environment or the active Prefect profile names, if any does."""
    if api := os.environ.get("PREFECT_API_URL"):
        return api
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml")).expanduser()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active"))
    profile = profiles.get("profiles", {}).get(active, {})
    api = profile.get("PREFECT_API_URL")
    return api if isinstance(api, str) and api else None


def api_answers(api: str) -> bool:
    """Whether the API says within two seconds that it is well."""
    import urllib.request  # with all of TLS, which a run without an API does not need

    try:
        with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=TIMEOUT) as response:
            return bool(200 <= response.status < 300)
    except (OSError, ValueError):
        return False
