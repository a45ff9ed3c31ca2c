"""The process that takes web pages, feeds and mail apart for `markup`, so that one that stalls it costs only itself.

It is run as a script and imports nothing of copydesk, because it should start fast. Over the connection whose file
descriptor is its argument, it is sent (size of its address space beyond what it has now, name of a function below, its
arguments), and answers with what the function returns: a list of records, or a text that says what is wrong.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

MAX_DATE: Final = "2100-01-01"  # not today: the same page has the same date on any day
MAX_PARTS: Final = 200  # of a mail that are looked at


def main() -> None:
    """Answer requests until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a crash is reported by the run
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # no page makes a library fetch another one
    socket.getaddrinfo = socket.socket.connect = _offline  # type: ignore[method-assign]
    with suppress(OSError):  # if memory runs out, Linux ends this process and not the run
        Path("/proc/self/oom_score_adj").write_text("1000")
    connection = Connection(int(sys.argv[1]))
    with suppress(EOFError, BrokenPipeError):
        connection.send(True)
        while True:
            allowance, name, arguments = connection.recv()
            _limit_memory(allowance)
            try:
                answer = TASKS[name](*arguments)
            except ImportError as error:
                answer = f"missing {error.name}"
            except (RecursionError, MemoryError) as error:
                answer = f"nested too deep, or too large ({type(error).__name__})"
            except Exception as error:  # of any kind: libraries trip over crafted pages
                answer = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
            connection.send(answer)


def _offline(*_arguments: Any, **_options: Any) -> Any:
    raise OSError("offline")


def page(html: str, url: str | None, mode: str) -> list[dict[str, Any]]:
    """The article of a web page; no record if there is none."""
    from trafilatura import bare_extraction

    found = bare_extraction(
        html,
        url=url,
        favor_precision=mode == "precision",
        favor_recall=mode == "recall",
        include_comments=False,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": True, "max_date": MAX_DATE},
    )
    if found is None:
        return []
    values = found if isinstance(found, dict) else found.as_dict()
    names = {"text": "text", "title": "title", "date": "published", "url": "url", "hostname": "source"}
    names |= {name: name for name in ("author", "description", "sitename", "language", "categories", "tags")}
    return [{ours: values[theirs] for theirs, ours in names.items() if values.get(theirs)}]


def feed(data: bytes) -> list[dict[str, Any]] | str:
    """The items of a feed; their texts, under "html", may contain markup."""
    import feedparser

    found = feedparser.parse(io.BytesIO(data))
    if not found.entries and found.bozo:
        return f"damaged feed ({found.get('bozo_exception')})"
    return [
        {
            "html": "\n\n".join(one.get("value", "") for one in item.get("content", ()))
            or item.get("summary", ""),
            "title": item.get("title"),
            "url": item.get("link"),
            "published": item.get("published") or item.get("updated"),
            "id": item.get("id"),
            "author": item.get("author"),
            "tags": [tag.get("term") for tag in item.get("tags", ()) if tag.get("term")] or None,
            "feed": found.feed.get("title"),
        }
        for item in found.entries
    ]


def mail(data: bytes) -> list[dict[str, Any]] | str:
    """A mail: its headers, and the bytes of its text with their charset under "plain" or "html"."""
    message = message_from_bytes(data, policy=policy.default)
    body = None
    attachments = []
    if isinstance(message, EmailMessage):
        for number, part in enumerate(message.walk()):
            if number > MAX_PARTS:
                break
            if name := part.get_filename():
                attachments.append(name)
        body = message.get_body(("plain", "html"))
    if body is None:
        return "no text: the mail has neither plain text nor a web page"
    payload = body.get_payload(decode=True)
    kind = "html" if body.get_content_type() == "text/html" else "plain"
    sender = str(message.get("from", ""))
    _, at, domain = parseaddr(sender)[1].rpartition("@")
    saved = message.get("snapshot-content-location") or body.get("content-location")
    url = saved if str(saved).startswith(("http://", "https://")) else None  # of a page that a browser saved
    return [
        {
            kind: payload if isinstance(payload, bytes) else b"",
            "charset": body.get_content_charset(),
            "flowed": str(body.get_param("format", "")).lower() == "flowed",
            "title": str(message.get("subject", "")) or None,
            "published": str(message.get("date", "")) or None,
            "id": str(message.get("message-id", "")).strip().strip("<>") or None,
            "source": domain.lower() if at and not url else None,
            "url": url and str(url),
            "from": sender or None,
            "attachments": attachments or None,
        }
    ]


TASKS: Final[dict[str, Any]] = {"page": page, "feed": feed, "mail": mail}


def _limit_memory(allowance: int) -> None:
    """Limit this process to that number of bytes more than it has; without effect where the system cannot."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        used = int(next(line for line in lines if line.startswith("VmData:")).split()[1]) * 1024
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = used + allowance
        resource.setrlimit(
            resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )


if __name__ == "__main__":
    main()
