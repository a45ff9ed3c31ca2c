"""Markup that scrapers leave in the texts of records: whole web pages, or fragments such as `<p>...</p>`.

What only talks of markup, or looks a little like it, is left as it is: `a<b`, `<news@pell.example>`, "the <b> tag".
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, Literal

import orjson

from flows.inputs.bounds import Unreadable
from flows.inputs.reader import Options, Row
from flows.inputs.records.documents import Document, Rejected
from flows.inputs.records.field_names import is_html

_TAG, _AMPERSAND = b"<&"  # Python finds a byte sooner than bytes
#: In the metadata of documents whose text is a fragment of a web page.
FRAGMENT: Final = orjson.dumps({"markup": "fragment"}).decode().strip("{}")
_ATTRIBUTES: Final = r"(?:\s+[\w:@.-]+(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))?)*+\s*/?>"
_BLOCK: Final = (
    r"(?:p|br|div|li|ul|ol|h[1-6]|table|tbody|tr|td|blockquote|figure|section|article|img|iframe|script|style|span"
    r"|pre)"
)
_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^<>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)?<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_STARTS: Final = re.compile(rf"\s*<{_BLOCK}{_ATTRIBUTES}", re.IGNORECASE)
_FILLED: Final = re.compile(rf"<(?:p|div|li|h[1-6]|blockquote|td|span){_ATTRIBUTES}[^<]{{20}}", re.IGNORECASE)
_CLOSED: Final = re.compile(rf"</{_BLOCK}\s*>", re.IGNORECASE)
_BREAKS: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BREAK_PAIR: Final = re.compile(r"(?:<br\s*/?>\s*){2}", re.IGNORECASE)
_LINK: Final = re.compile(
    r"<a\s[^<>]{0,400}?\bhref\s*=\s*[\"'][^<>\"']*[\"'][^<>]{0,400}>[^<]{1,300}</a\s*>", re.IGNORECASE
)
_INLINE: Final = re.compile(r"<(b|strong|i|em|u)>[^<]{1,300}</\1>", re.IGNORECASE)
_SECTION: Final = re.compile(r"\s*<!\[CDATA\[((?:(?!\]\]>).)*)\]\]>\s*", re.DOTALL)
#: Words of a text that is about markup, whose examples stay.
_ABOUT: Final = re.compile(r"\b(?:HTML5?|tags?|markup|CSS|JavaScript|XML)\b")


def extracted(rows: Iterator[Row], options: Options) -> Iterator[Row]:
    """The rows, with text in place of markup; a text that is a web page without an article is rejected."""
    for row, size in rows:
        if isinstance(row, Document) and (
            _TAG in row.text or (_AMPERSAND in row.text and (b"&lt;" in row.text or _is_html(row)))
        ):
            yield _extracted(row, options), size
        else:
            yield row, size


def kind_of(text: str) -> Literal["page", "fragment"] | None:
    """Whether a text is a web page or a fragment of one; None if it is neither, or if that is not certain.

    >>> kind_of("<p>No rain fell on Tuesday.</p>"), kind_of("if a<b and c>d, write to <news@pell.example>")
    ('fragment', None)
    """
    if "</" not in text and not _BREAKS.search(text) and "<p>" not in text.lower():
        return None
    lower = text.lower()
    if _PAGE.match(text) or ((body := lower.find("<body")) >= 0 and lower.find("</body", body) >= 0):
        return "page"
    starts = bool(_STARTS.match(text))
    if _ABOUT.search(re.sub(r"<[^<>]*>", "", text)):
        is_fragment = starts and text.rstrip().endswith(">")
    else:
        filled = len(_FILLED.findall(text))
        breaks = len(_BREAKS.findall(text))
        is_fragment = (
            (starts and bool(_CLOSED.search(text) or filled > 1 or breaks > 1))
            or (filled > 1 and (bool(_CLOSED.search(text)) or "\n" not in text.strip()))
            or bool(_BREAK_PAIR.search(text))
            or breaks > 2
            or bool(_LINK.search(text))
            or bool(_INLINE.search(text))
        )
    return "fragment" if is_fragment else None


def _is_html(document: Document) -> bool:
    """Whether the name of its text's field says that it is HTML."""
    return bool(document.names) and is_html(document.names[0])


def _extracted(document: Document, options: Options) -> Document | Rejected:
    markup = document.text.decode()
    by_name = _is_html(document)
    if "<" not in markup and not by_name:  # escaped twice, as feeds have it: all of it, or it is an example
        markup = html.unescape(markup)
        if not (_STARTS.match(markup) or _PAGE.match(markup)):
            return document
    elif section := _SECTION.fullmatch(markup):
        markup = section[1]
        if not markup.strip():
            return Rejected(document.uri, "no text: there is only markup")
        document = document._replace(text=markup.encode())
    kind = kind_of(markup) or ("fragment" if by_name else None)
    if kind is None:
        return document
    found: dict[str, str] = {}
    if kind == "page":
        from flows.inputs.markup.extraction import page  # brings what another process needs

        try:
            found = page(markup, document.url, options.settings.html)
        except Unreadable as error:
            return Rejected(document.uri, f"the text is a web page; {error}")
        text = found["text"]
    else:
        from flows.inputs.markup.fragments import fragment_paragraphs

        # its tags go when it is cleaned, so that `repaired` has them: see `flows.run.clean_shard`
        text = "\n\n".join(fragment_paragraphs(markup))
        if not text:
            return Rejected(document.uri, "no text: there is only markup")
    metadata = orjson.loads(document.metadata) if document.metadata else {}
    return document._replace(
        text=text.encode(),
        title=document.title or found.get("title"),
        url=document.url or found.get("url"),
        source=document.source or found.get("source"),
        metadata=orjson.dumps({**metadata, "markup": kind}).decode(),
    )
