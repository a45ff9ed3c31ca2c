"""How the process that takes web pages, feeds and mail apart answers: see `child_script`.

It is given the name of a function below and its arguments, and answers with what the function returns: a list of
records, or a text that says what is wrong.
"""

from __future__ import annotations

import io
import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from multiprocessing.connection import Connection
from typing import Any, Final

MAX_DATE: Final = "2100-01-01"  # not today: the same page has the same date on any day
MAX_PARTS: Final = 200  # of a mail that are looked at


def answer(connection: Connection, name: str, arguments: tuple[Any, ...]) -> None:
    """Answer one request."""
    # no page makes a library fetch another one
    socket.getaddrinfo = socket.socket.connect = _offline  # type: ignore[method-assign]
    found: list[dict[str, Any]] | str
    try:
        found = TASKS[name](*arguments)
    except ImportError as error:
        found = f"missing {error.name}"
    except (RecursionError, MemoryError) as error:
        found = f"nested too deep, or too large ({type(error).__name__})"
    except Exception as error:  # of any kind: libraries trip over crafted pages
        found = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    connection.send(found)


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
            # feedparser has None for some texts that it could not read
            "html": "\n\n".join(one.get("value") or "" for one in item.get("content", ()))
            or item.get("summary")
            or "",
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
