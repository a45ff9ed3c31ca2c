"""Mail: each is a document, also the many of an mbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cleaners.decoding.decoder import NotText
from flows.inputs.bounds import MEGABYTE, Unreadable
from flows.inputs.lines import split
from flows.inputs.markup.extraction import FIELDS, ask, decoded, page
from flows.inputs.reader import Input, Options, Row, chunks_of, too_large
from flows.inputs.records.documents import Refused, Rejected, to_document
from flows.inputs.tracing import Trace

_FROM: Final = b"From "  # begins a line between the mails of an mbox
_QUOTED_FROM: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_FLOWED: Final = re.compile(r" \r?\n(?![>\r\n])")  # a line break that is none (RFC 3676)


def read_mail(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per mail: its plain text, or else the article of its web page; the source is the sender's domain.

    The number in the uri counts the mails of an mbox; a file of one mail has no number.
    """
    limit = options.settings.max_document_megabytes * MEGABYTE
    number = 0
    for data in _mails(chunks_of(given, options, trace), limit):
        number += 1
        uri = given.uri if isinstance(data, bytes) else f"{given.uri}#{number}"
        content = bytes(data)
        if len(content) > limit:
            yield Rejected(uri, too_large(options.settings)), 0
            continue
        try:
            record, encoding = _record(content, options)
            yield to_document(record, FIELDS, uri=uri, content=content, encoding=encoding), len(content)
        except (NotText, Refused, Unreadable) as error:
            yield Rejected(uri, str(error)), 0


def _mails(chunks: Iterator[bytes], limit: int) -> Iterator[bytes | bytearray]:
    """The mails; those of an mbox as bytearray. One that is too large is cut off just above the limit."""
    lines = (line for block in split(chunks, b"\n", limit) for line in (block or b"").split(b"\n"))
    mail, is_mbox, after_blank = bytearray(), None, True
    for line in lines:
        begins = after_blank and line.startswith(_FROM)
        if is_mbox is None and line.strip():
            is_mbox = begins
        if begins and is_mbox:
            if mail:
                yield bytearray(_QUOTED_FROM.sub(rb"\1", bytes(mail)))
            mail = bytearray()
        elif len(mail) <= limit:
            mail += line + b"\n"
        after_blank = not line.strip()
    if is_mbox and mail:
        yield bytearray(_QUOTED_FROM.sub(rb"\1", bytes(mail)))
    elif mail.strip():
        yield bytes(mail)


def _record(data: bytes, options: Options) -> tuple[dict[str, Any], str]:
    (found,) = ask("mail", data, size=len(data))
    charset, is_flowed = found.pop("charset"), found.pop("flowed")
    markup = found.pop("html", None)
    text, encoding = decoded(markup if markup is not None else found.pop("plain"), charset)
    if markup is not None:
        text = page(text, None, options.settings.html)["text"]
    elif is_flowed:
        text = _FLOWED.sub(" ", text)
    return {"text": text, **{name: value for name, value in found.items() if value}}, encoding
