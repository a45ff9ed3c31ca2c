"""Notice of what went wrong with a run, to a webhook and to a command of the configuration.

    [notify]
    webhook = "$OPS_WEBHOOK"
    command = ["mail-ops", "--now"]

Both are given one JSON object: `event` (failed, crashed, cancelled or held), `text` (all of it in words, under the key
that chat services show), `message`, `out`, `flow_run`, `host` and `time`. Notice is never worth a run: what goes wrong
with it is logged; of the webhook only the host is, of the command only the program, since they may hold secrets.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from flows.errors import Held, Locked
from flows.settings.model import Notify

Event: TypeAlias = Literal["failed", "crashed", "cancelled", "held"]

log = logging.getLogger("flows.run.notify")


def notify(
    settings: Notify,
    event: Event,
    message: str,
    out: Path,
    *,
    flow_run: str | None = None,
) -> None:
    """Tell the webhook and the command of `settings`, where there are such; raises nothing, logs what went wrong."""
    host = socket.gethostname()
    said = {
        "event": event,
        "text": f"copydesk on {host}: the run of {out} {'is held' if event == 'held' else event}: {message}",
        "message": message,
        "out": str(out),
        "flow_run": flow_run,
        "host": host,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if url := settings.webhook.get_secret_value():
        _post(url, said, settings.timeout)
    if settings.command:
        _call(settings.command, said, settings.timeout)


@contextmanager
def telling(settings: Notify, out: Path) -> Iterator[None]:
    """Give notice of what is raised within, and raise it on; not of a run that is refused because of another one."""
    try:
        yield
    except Locked:
        raise
    except Held as held:
        notify(settings, "held", str(held), out)
        raise
    except Exception as error:
        notify(settings, "failed", str(error) or type(error).__name__, out)
        raise
    except KeyboardInterrupt:
        notify(settings, "cancelled", "interrupted", out)
        raise


def _post(url: str, said: Mapping[str, Any], timeout: float) -> None:
    import http.client
    import urllib.error
    import urllib.request

    if url.startswith("$"):
        name = url[1:]
        url = os.environ.get(name, "")
        if not url:
            log.warning("[notify] webhook: the environment has no %s, nobody was told", name)
            return
    where = None
    try:
        where = urlsplit(url).hostname
        request = urllib.request.Request(
            url, json.dumps(said).encode(), {"Content-Type": "application/json", "User-Agent": "copydesk"}
        )
        if request.type not in ("http", "https"):
            raise ValueError("it is no http or https address")
        with urllib.request.urlopen(request, timeout=timeout):
            pass
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        # of a wrong address the error has the whole of it
        why = "it is no http or https address" if isinstance(error, ValueError) else error
        log.warning("[notify] the webhook at %s could not be told: %s", where, why)


def _call(command: tuple[str, ...], said: Mapping[str, Any], timeout: float) -> None:
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command, input=json.dumps(said).encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        log.warning("[notify] the command %s took more than %g s, and was stopped", program, timeout)
    except (OSError, ValueError) as error:
        log.warning(
            "[notify] the command %s could not be run: %s", program, getattr(error, "strerror", error)
        )
    else:
        if done.returncode:
            log.warning("[notify] the command %s failed with exit code %d", program, done.returncode)
