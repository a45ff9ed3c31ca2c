"""Notices of failed or held runs, to a webhook and to a command from the configuration.

    [notify]
    webhook = "$OPS_WEBHOOK"
    command = ["mail-ops", "--now"]

Both receive one JSON object: `event` (failed, crashed, cancelled or held), `text` (a full sentence, under the key that
chat services display), `message`, `out`, `flow_run`, `host` and `time`. All are printable; in `text`, `&`, `<` and `>`
are escaped as chat services ask for, or a source named `<!channel>` would call everyone. Redirects are not followed:
they could send the notice where no one has configured it, and a redirected POST arrives without its content.

The webhook may be a block of a Prefect server, as in `webhook = "prefect://slack-webhook/newsdesk"`, by the slug of its
type and its name: a `webhook` block sends the JSON as it is configured to, and a block that sends notifications (Slack,
Microsoft Teams, email ...) sends `text`.

A notice that cannot be sent never fails a run; the error is logged. Since URLs and arguments may contain secrets, the
log has only the host of the webhook, the name of the block and the program of the command.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from inspect import isawaitable
from os.path import expanduser
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from flows.errors import Held, Locked, message_of
from flows.printable import printable
from flows.settings.model import Notify

Event: TypeAlias = Literal["failed", "crashed", "cancelled", "held"]

BLOCK: Final = "prefect://"  # before the name of a block

log = logging.getLogger("flows.run.notify")


def notify(
    settings: Notify,
    event: Event,
    message: str,
    out: Path,
    *,
    flow_run: str | None = None,
) -> None:
    """Notify the webhook and the command of `settings`, if they are set; logs errors instead of raising them."""
    host = socket.gethostname()
    place, message = printable(str(out)), printable(message, keep="\n")
    text = f"copydesk on {host}: the run of {place} {'is held' if event == 'held' else event}: {message}"
    notice = {
        "event": event,
        "text": escape(text, quote=False),
        "message": message,
        "out": place,
        "flow_run": flow_run and printable(flow_run),
        "host": host,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if url := _webhook(settings):
        if url.startswith(BLOCK):
            _send_by_block(url.removeprefix(BLOCK), notice, settings.timeout)
        else:
            _post(url, notice, settings.timeout)
    if settings.command:
        _call(settings.command, notice, settings.timeout)


@contextmanager
def notify_on_failure(settings: Notify, out: Path) -> Iterator[None]:
    """Send a notice about an exception inside the block, and re-raise it; none if another run holds the lock."""
    try:
        yield
    except Locked:
        raise
    except Held as held:
        notify(settings, "held", message_of(held), out)
        raise
    except Exception as error:
        notify(settings, "failed", message_of(error), out)
        raise
    except KeyboardInterrupt:
        notify(settings, "cancelled", "interrupted", out)
        raise


def _webhook(settings: Notify) -> str:
    """The address of the webhook, from the environment if it is to come from there; "" if there is none."""
    url = settings.webhook.get_secret_value()
    if not url.startswith("$"):
        return url
    name = url[1:]
    if not os.environ.get(name):
        log.warning("[notify] webhook: the environment variable %s is not set; no notice was sent", name)
    return os.environ.get(name, "")


def _send_by_block(name: str, notice: Mapping[str, Any], timeout: float) -> None:
    """Send a notice by a block of the Prefect server, such as "slack-webhook/newsdesk"."""
    import asyncio

    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block
    from prefect.blocks.webhook import Webhook
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        log.warning("[notify] webhook: no Prefect server is configured that has the block %s", name)
        return
    problem: list[str] = []

    async def send() -> None:
        block: Any = await Block.aload(name)
        if isinstance(block, Webhook):
            (await block.call(dict(notice))).raise_for_status()
        elif isinstance(block, NotificationBlock):
            with block.raise_on_failure():
                sent = block.notify(notice["text"], subject=f"copydesk: {notice['event']}")
                if isawaitable(sent):
                    await sent
        else:
            problem.append("it is no webhook and sends no notifications")

    def work() -> None:
        try:
            asyncio.run(asyncio.wait_for(send(), timeout))
        except Exception as error:  # its message may contain the URL
            problem.append(type(error).__name__)

    # a thread, because hooks of a flow may be called where an event loop runs
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    thread.join(timeout + 1)
    if thread.is_alive() or problem:
        why = problem[0] if problem else "no answer"
        log.warning("[notify] the Prefect block %s could not send the notice: %s", name, why)


def _post(url: str, notice: Mapping[str, Any], timeout: float) -> None:
    import http.client
    import urllib.error
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        """Leaves a redirect an error."""

        def redirect_request(self, *_: Any) -> None:
            """Make no request."""

    where = None
    try:
        where = urlsplit(url).hostname
        request = urllib.request.Request(
            url, json.dumps(notice).encode(), {"Content-Type": "application/json", "User-Agent": "copydesk"}
        )
        if request.type not in ("http", "https"):
            raise ValueError("not an http or https URL")
        with urllib.request.build_opener(NoRedirects).open(request, timeout=timeout):
            pass
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        # the message of a ValueError contains the whole URL
        why = "not an http or https URL" if isinstance(error, ValueError) else error
        log.warning("[notify] the webhook at %s could not be notified: %s", where, why)


def _call(command: tuple[str, ...], notice: Mapping[str, Any], timeout: float) -> None:
    command = (expanduser(command[0]), *command[1:])
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command, input=json.dumps(notice).encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        log.warning("[notify] the command %s took more than %g s and was stopped", program, timeout)
    except (OSError, ValueError) as error:
        log.warning(
            "[notify] the command %s could not be run: %s", program, getattr(error, "strerror", error)
        )
    else:
        if done.returncode:
            log.warning("[notify] the command %s failed with exit code %d", program, done.returncode)
