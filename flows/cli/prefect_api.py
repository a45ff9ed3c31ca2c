"""Whether a run goes through Prefect: a choice made without the second that importing Prefect takes."""

from __future__ import annotations

import enum
import os
import tomllib
from os.path import expanduser
from pathlib import Path
from typing import Final

from flows.cli.app import warn
from flows.errors import CopydeskError, UsageError

TIMEOUT: Final = 2.0  # seconds


class Engine(enum.StrEnum):
    """What executes a run."""

    AUTO = "auto"
    LOCAL = "local"
    PREFECT = "prefect"


def use_prefect(engine: Engine, *, fallback: str, server: bool = False) -> bool:
    """Whether to use Prefect; with AUTO, only if an API is configured and answers.

    If AUTO finds that a configured API does not answer, a warning says that `fallback` happens without it.
    With PREFECT, raises CopydeskError if the configured API does not answer and, if a `server` is required, UsageError
    if none is configured. Without a server, Prefect starts a temporary one.
    """
    if engine is Engine.LOCAL:
        return False
    api = configured_api()
    if api is None:
        if engine is Engine.PREFECT and server:
            raise UsageError(
                "no Prefect API is configured: start a server with `prefect server start`, and set its address with "
                "`prefect config set PREFECT_API_URL=http://127.0.0.1:4200/api`"
            )
        return engine is Engine.PREFECT
    if api_answers(api):
        return True
    if engine is Engine.PREFECT:
        raise CopydeskError(f"the Prefect API {api} cannot be reached: start it, or use --engine local")
    warn.print(f"copydesk: the Prefect API {api} cannot be reached; {fallback} without it")
    return False


def silence_prefect() -> None:
    """Let Prefect print nothing of its own, if it is not imported yet; what it reports to its API stays the same."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def configured_api() -> str | None:
    """The URL of the Prefect API from the environment or the active Prefect profile; None if there is none."""
    if api := os.environ.get("PREFECT_API_URL"):
        return api
    home = os.environ.get("PREFECT_HOME", "~/.prefect")
    path = Path(expanduser(os.environ.get("PREFECT_PROFILES_PATH", f"{home}/profiles.toml")))
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active"))
    profile = profiles.get("profiles", {}).get(active, {})
    api = profile.get("PREFECT_API_URL")
    return api if isinstance(api, str) and api else None


def api_answers(api: str) -> bool:
    """Whether the API reports within two seconds that it is healthy."""
    import urllib.request  # loads TLS, which a run without an API does not need

    try:
        with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=TIMEOUT) as response:
            return bool(200 <= response.status < 300)
    except (OSError, ValueError):
        return False
